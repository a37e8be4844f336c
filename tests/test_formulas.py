"""Every formula on the page of formulas is right: its LaTeX is computed, both sides of it.

What its letters stand for comes from elsewhere: values from `nnlib` or from another formula,
derivatives from a complex step, which knows no rule of derivation. A section without a check fails,
and a check without a section.
"""

import re
from functools import cache, partial
from itertools import product

import numpy as np
import pytest
from chapter import CHAPTERS, Chapter
from latex_value import equations

from nnlib import functions, layers
from nnlib.gradient import gradient_check, numerical_diff, numerical_gradient
from nnlib.graph import Variable
from nnlib.network import TwoLayerNet
from nnlib.training import train

PAGE = (CHAPTERS / "formulas.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (.+)\n\n((?:(?!^##).*\n)*)", PAGE, flags=re.MULTILINE))
DISPLAYED = re.compile(r"\$\$\n(.+?)\n\$\$", re.DOTALL)
CHECKS = {}

rng = np.random.default_rng(0)
N, D, M, C = 5, 4, 3, 6  # all different, so that no index can stand for another
RANGES = {"n": range(N), "i": range(D), "j": range(M), "k": range(C)}
NEAR = {"=": 1e-10, r"\leftarrow": 1e-10, r"\approx": 1e-6}
EPSILON = float(np.finfo(float).eps)


def check(heading):
    """Mark the function that gives the values of the letters in a section.

    A list holds several such cases, a tuple one for each displayed formula. "near" says how near
    two sides must be, relatively, "after" what a letter is after an arrow, and "code" what a name
    in code stands for.
    """

    def register(function):
        assert heading not in CHECKS, heading
        CHECKS[heading] = function

    return register


def normal(*shape):
    return rng.standard_normal(shape)


def same(found, expected, rtol=1e-10):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)


def from_1(values):
    return dict(enumerate(values, 1))


def gradient(f, x, h=1e-30):
    """The derivatives of f, a number or an array, with respect to each entry of x."""
    x = np.asarray(x, complex)
    found = []
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] += 1j * h
        found.append(np.imag(f(moved)) / h)
    return np.array(found).reshape(x.shape + np.shape(found[0]))


def log_softmax(a):
    return a - np.log(np.sum(np.exp(a), axis=-1, keepdims=True))


def sigmoid(x):
    """By another way than the formula's: half of 1 + tanh(x / 2)."""
    return (1 + np.tanh(x / 2)) / 2


def assert_holds(equation, values):
    """Compute all sides of an equation, for each value of its free indices."""
    ranges, near = RANGES | values.get("ranges", {}), NEAR | values.get("near", {})
    free = sorted(equation.subscripts & ranges.keys() - values.keys())
    assert equation.relations
    for places in product(*[ranges[letter] for letter in free]):
        now = {**values, "ranges": ranges, **dict(zip(free, places, strict=True))}
        for i, relation in enumerate(equation.relations):
            first, second = equation.sides[i : i + 2]
            left = first(now | now["after"] if relation == r"\leftarrow" else now)
            right = second(now)
            assert np.shape(left) == np.shape(right)
            atol = 0 if np.any(right) else 1e-12
            np.testing.assert_allclose(left, right, rtol=near[relation], atol=atol)


# --- the page ---


def test_every_section_has_a_check():
    assert list(CHECKS) == list(SECTIONS)


@pytest.mark.parametrize("heading", SECTIONS)
def test_formula(heading):
    section, cases = SECTIONS[heading], CHECKS[heading]()
    displayed = DISPLAYED.findall(section)
    in_text = re.findall(r"\$([^$]+)\$", DISPLAYED.sub("", section))
    in_text = [tex for tex in in_text if "=" in tex or r"\approx" in tex]
    assert displayed
    if not isinstance(cases, tuple):
        cases = (cases,) * len(displayed)
    for tex, given in zip([*displayed, *in_text], [*cases, *cases[:1] * len(in_text)], strict=True):
        for values in given if isinstance(given, list) else [given]:
            for equation in equations(tex):
                assert_holds(equation, values)
    for name, code in re.findall(r"`(\w+) = ([^`]+)`", section):
        values = cases[0]["code"]
        same(eval(code, {}, values), values[name])
        letters = re.search(r"Shape `\((.+?),?\)`", section)[1].split(", ")
        assert values[name].shape == tuple({"N": N, "D": D, "M": M}[letter] for letter in letters)


@cache
def title(name):
    return re.search(r"^# (.+)$", Chapter(name).text, flags=re.MULTILINE)[1]


@pytest.mark.parametrize("heading", SECTIONS)
def test_it_links_to_a_chapter_by_its_title(heading):
    links = re.findall(r"\[([^]]+)\]\((\d\d-[a-z-]+)\.ipynb\)", SECTIONS[heading])
    assert links
    for text, name in links:
        assert text == title(name)


@pytest.mark.parametrize("heading", SECTIONS)
def test_it_says_what_its_letters_are(heading):
    """Either the notation does, or the text below the formula."""
    notation = (CHAPTERS / "notation.md").read_text(encoding="utf-8")
    explained = re.findall(r"(?<!\$)\$[^$]+\$(?!\$)", notation + SECTIONS[heading])
    words = r"\\text\{[^}]*\}|\\(begin|end)\{cases\}|\\(?!eta|varepsilon)[A-Za-z]+"
    known, used = (
        set(re.findall(r"\\[a-z]+|[A-Za-z]", re.sub(words, " ", " ".join(formulas))))
        for formulas in (explained, DISPLAYED.findall(SECTIONS[heading]))
    )
    assert used - known == set()


# --- a neuron ---


@check("Weighted sum plus bias (affine function)")
def _():
    w, x, b = normal(D), normal(D), normal()
    return {"w": w, "x": x, "b": b, "a": layers.Affine(w[:, None], [b]).forward(x)[0]}


@check("Perceptron (threshold unit)")
def _():
    w, b = np.array([0.5, 2.0]), -1.0
    places = [(0.0, 0.0), (2.0, 0.0), (0.0, 0.5), (0.1, 0.5), (0.0, 0.4)]  # two on the line
    found = [(x, functions.step(w @ x + b)) for x in places]
    assert [int(y) for _, y in found] == [0, 0, 0, 1, 0]
    return [{"w": from_1(w), "b": b, "x": from_1(x), "y": y} for x, y in found]


def on_the_border():
    """A perceptron, and a point where its output changes, found by trying."""
    w, b, x1, low, high = normal(2), normal(), normal(), -1e3, 1e3

    def output(x2):
        return functions.step(w @ [x1, x2] + b)

    assert output(low) != output(high)
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if output(middle) == output(low) else (low, middle)
    return {"w": from_1(w), "b": b, "x": from_1([x1, low]), "threshold": w @ [x1, low]}


check("Bias and threshold")(on_the_border)
check("Separating line (decision boundary)")(on_the_border)


@check("Neuron with activation")
def _():
    w, x, b = normal(D), normal(D), normal()
    return {"w": w, "x": x, "b": b, "h": functions.sigmoid, "y": sigmoid(w @ x + b)}


# --- activations ---


def activation(ours, theirs, places=(-3.2, -0.5, 0.0, 0.4, 2.7)):
    for x in places:
        same(ours(x), theirs(x))
    return [{"x": x, "y": theirs(x)} for x in places]


@check("Step function (Heaviside function)")
def _():
    return activation(functions.step, lambda x: np.heaviside(x, 0.0))


@check("Sigmoid (logistic function)")
def _():
    return activation(functions.sigmoid, sigmoid)


@check("Sigmoid without overflow (stable sigmoid)")
def _():  # a power that is too large for a float would raise OverflowError
    places = (-1000.0, -3.2, 0.0, 0.4, 1000.0)
    return activation(functions.sigmoid, lambda x: np.exp(-np.logaddexp(0, -x)), places)


@check("ReLU (rectified linear unit)")
def _():
    return activation(functions.relu, lambda x: (x + abs(x)) / 2)


@check("Identity (linear activation)")
def _():
    return activation(functions.identity, lambda x: x)


@check("Tanh (hyperbolic tangent)")
def _():
    return [{"x": x, "sigmoid": functions.sigmoid} for x in normal(5)]  # NumPy knows tanh


@check("Leaky ReLU")
def _():
    return [{"x": x, "y": max(x, 0.1 * x)} for x in (-2.0, 0.0, 0.5, 3.0)]


# --- layers and networks ---


@check("Matrix product (matrix multiplication)")
def _():
    X, W = normal(N, D), normal(D, M)
    return {"X": X, "W": W, "Y": layers.MatMulLayer().forward(X, W)}


def affine():
    """An Affine layer with a loss behind it, and the gradients, on which the layer agrees."""
    X, W, b, weights = normal(N, D), normal(D, M), normal(M), normal(N, M)

    def loss(Y):
        return np.sum(weights * np.sin(Y))

    layer = layers.Affine(W, b)
    Y = layer.forward(X)
    dX = gradient(lambda X: loss(X @ W + b), X)
    dW, db = gradient(lambda W: loss(X @ W + b), W), gradient(lambda b: loss(X @ W + b), b)
    dY = gradient(loss, Y)
    same(layer.backward(dY), dX)
    same(layer.dW, dW)
    same(layer.db, db)
    gradients = {"dL/dX": dX, "dL/dW": dW, "dL/db": db, "dL/dY": dY}
    code = {"x": X, "W": W, "dout": dY, "dx": dX, "dW": dW, "db": db}
    return {"X": X, "W": W, "b": b, "Y": Y, "code": code} | gradients


check("Layer of neurons (affine layer, fully connected layer, dense layer)")(affine)


@check("Two layers without a bend (linear layers collapse)")
def _():
    x, W, b = normal(N, D), [normal(D, M), normal(M, C)], [normal(M), normal(C)]
    first, second = map(layers.Affine, W, b)
    return {"x": x, "W": from_1(W), "b": from_1(b), "y": second.forward(first.forward(x))}


@check("Number of parameters")
def _():
    size = sum(array.size for array in TwoLayerNet(D, M, C).params.values())
    return {"D": D, "H": M, "C": C, "P": size}


@check("Accuracy")
def _():
    net, x, t = TwoLayerNet(D, M, C), normal(50, D), rng.integers(C, size=50)
    right = sum(functions.softmax(net.predict(x)).argmax(axis=1) == t)
    assert 0 < right < 50
    return {"accuracy": net.accuracy(x, t), "number of right answers": right, "N": 50}


# --- probabilities ---


def softmax(T=1.0):
    a = normal(C)
    y = np.exp(log_softmax(a / T))
    same(functions.softmax(a / T), y)
    return {"a": a, "y": y, "T": T, "m": a.max(), "ranges": {"j": range(C)}}


check("Softmax (normalized exponential)")(softmax)


@check("Softmax with the largest score subtracted (stable softmax)")
def _():
    small = softmax()
    return [small, small | {"a": small["a"] + 1000, "m": small["m"] + 1000}]


@check("Softmax of two classes")
def _():
    a = normal(2)
    return {"a": a, "y": functions.softmax(a), "sigmoid": sigmoid}


@check("Softmax with temperature")
def _():
    return softmax(T=2.5)


@check("Log-sum-exp (LSE)")
def _():
    a = normal(C)
    return {"a": a, "m": a.max(), "s": np.logaddexp.reduce(a)}


@check("Logistic regression")
def _():
    w, x, b = normal(3)
    p = (w * Variable(x) + b).sigmoid().value
    return {"w": w, "x": x, "b": b, "sigmoid": sigmoid, "p": p}


# --- losses ---


def probabilities(loss):
    """Probabilities of a batch, class numbers, one-hot labels, and the loss of each sample."""
    y, t = np.exp(log_softmax(normal(N, C))), rng.integers(C, size=N)
    one_hot = np.eye(C)[t]
    each = [loss(*sample) for sample in zip(y, one_hot, strict=True)]
    same(loss(y, one_hot), np.mean(each))
    return y, t, one_hot, each


@check("Sum of squared errors (SSE, squared error)")
def _():
    y, _, one_hot, L = probabilities(functions.sum_squared_error)
    return {"y": y[0], "t": one_hot[0], "L": L[0]}


@check("Cross-entropy (log loss, negative log-likelihood)")
def _():
    y, t, _, L = probabilities(functions.cross_entropy_error)
    return {"y": y[0], "t": t[0], "p": y[0, t[0]], "L": L[0]}


@check("Cross-entropy with a one-hot label")
def _():
    y, _, one_hot, L = probabilities(functions.cross_entropy_error)
    return {"y": y[0], "t": one_hot[0], "L": L[0]}


@check("Cross-entropy of a batch (mean cross-entropy)")
def _():
    y, t, one_hot, L = probabilities(functions.cross_entropy_error)
    values = {"y": y, "N": N, "L": functions.cross_entropy_error(y, t)}
    same(values["L"], np.mean(L))
    return values | {"t": t}, values | {"t": one_hot}


@check("Cross-entropy from scores (softmax with loss)")
def _():
    a, t = normal(C), 2
    L = layers.SoftmaxWithLoss().forward(a, t)
    same(L, -log_softmax(a)[t])
    return {"a": a, "t": t, "L": L}


@check("Loss of a guesser (loss before training)")
def _():
    return {"C": C, "L": layers.SoftmaxWithLoss().forward(np.ones(C), 2)}


@check("Weight decay (L2 regularization)")
def _():
    w = normal(D)
    return {"w": w, "R": 0.05 * w @ w, "dR/dw": gradient(lambda w: 0.05 * w @ w, w)}


# --- derivatives by measurement ---


def smooth(x, order=0):
    """A function without kinks, or one of its derivatives."""
    return 0.7**order * np.exp(0.7 * x) + 2 * np.sin(x + order * np.pi / 2)


def derivatives(h, near):
    """A function with its derivatives at a place, a step, and how near is near enough."""
    found = {"x": 0.9, "h": h, "f": smooth, "near": dict.fromkeys(NEAR, near)}
    same(gradient(smooth, found["x"]), smooth(found["x"], 1))
    return found | {"f" + "'" * order: partial(smooth, order=order) for order in (1, 2, 3)}


@check("Derivative (slope)")
def _():
    values = derivatives(h=None, near=1e-5)
    return values | {"df/dx": values["f'"](values["x"]), "small": 1e-7}


@check("Forward difference (one-sided difference)")
def _():
    return [derivatives(h, near=h**2) for h in (1e-2, 1e-3)]  # the order of the next term


@check("Central difference (symmetric difference, numerical derivative)")
def _():
    same(numerical_diff(smooth, 0.9, 1e-2), (smooth(0.91) - smooth(0.89)) / 0.02)
    return [derivatives(h, near=h**4) for h in (1e-1, 1e-2)]


def surface(x0, x1):
    return np.exp(0.7 * x0) * np.sin(x1)


@check("Partial derivative")
def _():
    x = normal(2)
    return {"x": x, "f": surface, "df/dx": gradient(lambda x: surface(*x), x), "h": 1e-4}


@check("Gradient (all partial derivatives)")
def _():
    x = normal(2)
    measured = numerical_gradient(lambda x: surface(*x), x)
    slopes = gradient(lambda x: surface(*x), x)
    return {"gradient": measured, "df/dx": slopes, "near": {"=": 1e-7}}


@check("Slope along a direction (directional derivative)")
def _():
    def f(x):
        return np.sin(x) @ np.arange(1, D + 1)

    x = normal(D)
    return {"f": f, "x": x, "v": normal(D), "g": gradient(f, x), "h": 1e-4}


@check("Complex step")
def _():
    return derivatives(h=1e-20, near=1e-14) | {"i": 1j, "Im": np.imag}


@check("Truncation error")
def _():
    values = derivatives(h=1e-2, near=1e-3)
    return values | {"error": numerical_diff(smooth, 0.9, 1e-2) - values["f'"](values["x"])}


def errors(h):
    """What central differences of exp with the step h are off by, relative to exp."""
    x = np.linspace(0.5, 1, 500)
    return abs((np.exp(x + h) - np.exp(x - h)) / (2 * h) / np.exp(x) - 1)


@check("Rounding error")
def _():
    values = {"f": lambda x: 1.0, "x": 0.0, r"\varepsilon": EPSILON, "near": {r"\approx": 0.7}}
    return [values | {"h": h, "error": errors(h).max()} for h in (1e-8, 1e-10, 1e-12)]


@check("Machine epsilon")
def _():
    same(np.finfo(np.float32).eps, 2.0**-23)
    return {r"\varepsilon": EPSILON, "near": {r"\approx": 0.02}}


@check("Best step h (step size of a central difference)")
def _():
    steps = np.geomspace(1e-8, 1e-3, 101)
    best = steps[np.argmin([errors(h).mean() for h in steps])]
    return {"h": best, r"\varepsilon": EPSILON, "near": {r"\approx": 0.5}}


@check("Relative error")
def _():
    report = gradient_check(lambda x: x @ x, np.array([1.0]), np.array([2.1]))
    error = report.rows[0].max_relative_error
    return {"g": 2.1, "n": 2.0, "relative error": error, "near": {"=": 1e-7}}


# --- learning steps ---


@check("Gradient descent (learning step, update rule)")
def _():
    net, x, t = TwoLayerNet(D, M, C, weight_init_std=1), normal(N, D), rng.integers(C, size=N)
    w, dw = net.params["W1"].copy(), net.gradient(x, t)["W1"]
    train(net, (x, t), (x, t), epochs=1, batch_size=N, learning_rate=0.3)
    return {"w": w, "dL/dw": dw, r"\eta": 0.3, "after": {"w": net.params["W1"]}}


@check("Momentum")
def _():
    """The same without a velocity: each step adds 0.9 of the step before."""
    slope, rate = partial(gradient, lambda w: np.sum((w - 2) ** 4)), 0.01
    w = [normal(D)]
    w += [w[0] - rate * slope(w[0])]
    w += [w[1] - rate * slope(w[1]) + 0.9 * (w[1] - w[0])]
    first = {"v": w[1] - w[0], "dL/dw": slope(w[1]), r"\eta": rate, "after": {"v": w[2] - w[1]}}
    return first, {"w": w[1], "v": w[2] - w[1], "after": {"w": w[2]}}


# --- the chain rule ---


@check("Chain rule (upstream times local)")
def _():
    x, node, rest = 0.4, np.sin, np.exp
    whole = gradient(lambda x: rest(node(x)), x)
    return {"dL/dx": whole, "dL/dz": gradient(rest, node(x)), "dz/dx": gradient(node, x)}


@check("Chain rule with several paths (fan-out, multivariable chain rule)")
def _():
    def nodes(x):
        return np.array([x * x, np.exp(x), 3 * x])

    def rest(z):
        return z[0] * z[1] + 1 / z[2]

    x = Variable(0.4)
    (x * x * x.exp() + 1 / (3 * x)).backward()
    upstream, local = gradient(rest, nodes(0.4)), gradient(nodes, 0.4)
    return {"k": 3, "dL/dx": x.grad, "dL/dz": from_1(upstream), "dz/dx": from_1(local)}


@check("Sum over all paths")
def _():
    """Through three forks in a row: past a multiply node, or through it."""
    factors = normal(3)
    paths = list(product(*[(1.0, factor) for factor in factors]))
    x = Variable(0.7)
    z = x
    for factor in factors:
        z = z + z * factor
    z.backward()
    return {
        "dL/dx": x.grad,
        "local derivative": lambda v: paths[v["paths"]][v["nodes"]],
        "ranges": {"paths": range(len(paths)), "nodes": range(3)},
    }


# --- derivatives of nodes ---


def node(formula, *at, layer=None):
    """A node z of x and y, or y of x: its output and local derivatives, as the layer has them."""
    names, out = ("xy", "z") if len(at) == 2 else ("x", "y")
    local = gradient(lambda at: formula(*at), at)
    if layer:
        same(layer.forward(*at), formula(*at))
        same(np.ravel(layer.backward(1.0)), local)
    values = {out: formula(*at), **dict(zip(names, at, strict=True))}
    return values | {f"d{out}/d{name}": slope for name, slope in zip(names, local, strict=True)}


@check("Add node (derivative of a sum)")
def _():
    return node(lambda x, y: x + y, 1.3, -0.4, layer=layers.AddLayer())


@check("Subtraction (derivative of a difference)")
def _():
    return node(lambda x, y: x - y, 1.3, -0.4)


@check("Multiply node (derivative of a product)")
def _():
    return node(lambda x, y: x * y, 1.3, -0.4, layer=layers.MulLayer())


@check("Division (derivative of a quotient)")
def _():
    return node(lambda x, y: x / y, 1.3, -0.4)


@check("Reciprocal (derivative of 1/x)")
def _():
    return node(lambda x: 1 / x, -0.4, layer=layers.ReciprocalLayer())


@check("Power (derivative of a power, power rule)")
def _():
    cases = [(2.0, -1.3), (3.0, 0.7), (-0.5, 1.4)]
    return [node(lambda x: x**n, x, layer=layers.PowLayer(n)) | {"n": n} for n, x in cases]  # noqa: B023


@check("Exponential (derivative of exp)")
def _():
    return node(np.exp, -0.4, layer=layers.ExpLayer())


@check("Logarithm (derivative of log)")
def _():
    return node(np.log, 0.4, layer=layers.LogLayer())


@check("Variable exponent")
def _():
    a, b = Variable(1.7), Variable(-0.6)
    same((b * a.log()).exp().value, 1.7**-0.6)
    return {"a": 1.7, "b": -0.6}


@check("Sum node")
def _():
    x, layer = normal(D), layers.SumLayer()
    y, local = layer.forward(x), gradient(np.sum, x)
    same(layer.backward(1.0), local)
    return {"x": x, "y": y, "dy/dx": local}


@check("Broadcasting (one number used several times)")
def _():
    x, k, dout, layer = normal(D), -0.4, normal(D), layers.MulLayer()
    y = layer.forward(k, x)
    dk = gradient(lambda k: dout @ (k * x), k)
    same(layer.backward(dout)[0], dk)
    return {"x": x, "k": k, "y": y, "dL/dy": dout, "dL/dk": dk}


@check("Derivative of ReLU")
def _():
    return [node(lambda x: x * (x.real > 0), x, layer=layers.Relu()) for x in (-2.0, 0.0, 0.5, 3.0)]


@check("Derivative of the sigmoid")
def _():
    return [node(sigmoid, x, layer=layers.Sigmoid()) for x in (-2.0, 0.3, 3.0)]


@check("Derivative of tanh")
def _():
    return [node(np.tanh, x) for x in (-2.0, 0.3, 3.0)]


# --- backward through the Affine layer, and through the loss ---


check("Gradient of the weights")(affine)
check("Gradient of the input")(affine)
check("Gradient of the bias")(affine)


def batch(layer, outputs, loss):
    """A batch through a layer that ends in a loss, and the way back, on which the layer agrees."""
    a, t = normal(N, C), np.eye(C)[rng.integers(C, size=N)]
    da = gradient(lambda a: np.sum(loss(a, t)) / N, a)
    same(layer.forward(a, t), np.sum(loss(a, t)) / N)
    same(layer.backward(), da)
    return {"y": outputs(a), "t": t, "N": N, "dL/da": da, "dL/dy": da}


@check("Softmax with cross-entropy, backward (gradient of the scores, y − t)")
def _():
    a, t = normal(C), np.eye(C)[2]
    da = gradient(lambda a: -t @ log_softmax(a), a)
    return {"y": functions.softmax(a), "t": t, "dL/da": da}


@check("Softmax with cross-entropy, backward, for a batch")
def _():
    return batch(layers.SoftmaxWithLoss(), functions.softmax, lambda a, t: -t * log_softmax(a))


@check("Squared error, backward (identity with loss)")
def _():
    layer = layers.IdentityWithLoss()
    return batch(layer, functions.identity, lambda a, t: (a - t) ** 2 / 2)


@check("Derivative of the cross-entropy")
def _():
    values = node(lambda p: -np.log(p), 0.3)
    return {"p": 0.3, "L": values["y"], "dL/dp": values["dy/dx"]}


@check("Derivative of log-sum-exp")
def _():
    values = softmax()
    slopes = gradient(lambda a: np.log(np.sum(np.exp(a))), values["a"])
    return values | {"s": np.logaddexp.reduce(values["a"]), "ds/da": slopes}


@check("Squared error after softmax")
def _():
    def loss(d):
        y = np.exp(log_softmax(np.array([0 * d, d])))
        return np.sum((y - [0, 1]) ** 2) / 2

    leads = (-2.0, 0.0, 1.3)
    values = {"sigmoid": functions.sigmoid}
    return [
        values | {"d": d, "p": sigmoid(d), "L": loss(d), "dL/dd": gradient(loss, d)} for d in leads
    ]


@check("Cross-entropy with a little inside the logarithm")
def _():
    def loss(a):
        return -np.log(np.exp(log_softmax(a))[right] + c)

    a, c, right = normal(C), 0.1, 2
    y = functions.softmax(a)
    values = {"y": y, "t": np.eye(C)[right], "p": y[right], "c": c}
    return values | {"L": loss(a), "dL/da": gradient(loss, a)}
