"""Chapter 7: what it says of ReLU and the sigmoid, against arithmetic, differences and JAX."""

import math
import os
import re
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from chapter import Chapter

from nnlib import functions, layers
from nnlib.formatting import format_number
from nnlib.gradient import layer_check, numerical_diff
from nnlib.graph import Variable
from nnlib.practice import problem

CHAPTER = Chapter("07-activation-layers")
X = np.array([-30.0, -3.0, -0.5, 0.25, 2.0, 30.0])
DOUT = np.array([2.0, -1.0, 0.5, -4.0, 3.0, -0.25])


def logistic(x):
    """The sigmoid, in Python's own arithmetic."""
    return 1 / (1 + math.exp(-x))


def table(cell):
    """The columns of numbers in a table's row, as the chapter writes them."""
    row = next(line for line in CHAPTER.text.splitlines() if line.startswith(f"| {cell} |"))
    return [float(re.findall(r"-?\d+(?:\.\d+)?", part)[-1]) for part in row.split("|")[2:5]]


# --- the exercises ---


def paper():
    x, e = Variable(-1.3863), math.exp(1.3863)
    m = -x
    power = m.exp()
    s = power + 1
    y = s.reciprocal()
    L = y * 100
    L.backward()
    values = [v.value for v in (m, power, s, y, L)]
    assert np.allclose(values, [1.3863, e, 1 + e, 1 / (1 + e), 100 / (1 + e)])
    slopes = [v.grad for v in (y, s, power, m, x)]
    assert np.allclose(values, [1.3863, 4, 5, 0.2, 20], atol=2e-4)
    assert np.allclose(slopes, [100, -4, -4, -16, 16], atol=2e-3)
    assert abs(numerical_diff(lambda v: 100 * logistic(v), -1.3863) - 16) < 1e-3
    assert abs(numerical_diff(lambda v: 100 * logistic(v), 1.3863) - 16) < 1e-3
    text = CHAPTER.solution("ex-activations-1")
    for said in ("$m = 1.3863$, $e = 4$, $s = 5$, $y = 0.2$, $L = 20$", "= 100 to $y$", "sends −4"):
        assert said in text
    for said in ("copies −4", "sends −16", "sends 16", "100 × 0.2 × 0.8 = 16", "$x = 1.3863$"):
        assert said in text
    ran = CHAPTER.after("ex-activations-1")
    assert ran["y"].round(3).tolist() == [0.2, 0.8]
    assert ran["dx"].round(3).tolist() == [16, 16]


def leaky():
    x, dout = np.array([-2.0, 3.0]), np.array([10.0, 10.0])

    def meets(layer):
        forward = layer.forward(x).tolist() == [-0.2, 3.0]
        return forward and layer.backward(dout).tolist() == [1.0, 10.0]

    assert not meets(CHAPTER.before("ex-activations-2")["LeakyRelu"]())
    made = CHAPTER.after("ex-activations-2")["LeakyRelu"]
    assert meets(made())
    assert layer_check(made(), X)
    layer = made()
    assert np.allclose(layer.forward(X), np.where(X > 0, X, X / 10))
    assert np.allclose(layer.backward(DOUT), np.where(X > 0, DOUT, DOUT / 10))


def tanh():
    assert not layer_check(CHAPTER.before("ex-activations-3")["Tanh"](), 0.6931)
    layer = CHAPTER.after("ex-activations-3")["Tanh"]()
    assert layer_check(layer, X / 4)
    y, slope = layer.forward(0.6931), layer.backward(1.0)
    assert (round(float(y), 3), round(float(slope), 3)) == (0.6, 0.64)
    assert np.isclose(y, 2 * logistic(2 * 0.6931) - 1)
    assert np.isclose(slope, numerical_diff(math.tanh, 0.6931))
    assert np.isclose(numerical_diff(math.tanh, 0), 4 * numerical_diff(logistic, 0))


def blind_spot():
    before, after = (getattr(CHAPTER, when)("ex-activations-4") for when in ("before", "after"))
    assert not layer_check(before["FromInput"](), before["place"])
    place = after["place"]
    assert layer_check(after["FromInput"](), place)
    assert round(place, 3) == 0.659
    assert abs(logistic(place) - place) < 1e-12
    closer = 1 / numerical_diff(logistic, place)
    assert 4 < closer < 5
    assert "more than four times closer" in CHAPTER.solution("ex-activations-4")
    assert not layer_check(after["FromInput"](), np.array([3.0, -2.0, place]))


EXERCISES = {
    "ex-activations-1": paper,
    "ex-activations-2": leaky,
    "ex-activations-3": tanh,
    "ex-activations-4": blind_spot,
}


# --- the questions ---


def through_an_open_flap():
    x = Variable(3.0)
    (x.relu() * -2).backward()
    return format_number(x.grad)


def from_its_output():
    x = Variable(math.log(4))  # whose sigmoid is 0.8
    y = x.sigmoid()
    y.backward(10.0)
    assert round(y.value, 12) == 0.8
    return format_number(x.grad)


def three_in_a_row():
    x = Variable(0.0)
    ((x.sigmoid() - 0.5).sigmoid() - 0.5).sigmoid().backward()
    return str(Fraction(x.grad))


def writing_into_dout():
    """Try each reason: does the shape differ, is the own result wrong, or another's?"""
    own, dout = CHAPTER.end["InPlace"](), np.ones(3)
    x = np.array([3.0, -2.0, 0.5])
    add = layers.AddLayer()
    add.forward(own.forward(x), x)
    mine, other = add.backward(dout)
    result = own.backward(mine)
    if result.shape != dout.shape:
        return "The result has another shape"
    if result.tolist() != [1, 0, 1]:
        return "Its own result would be wrong"
    assert other.tolist() != [1, 1, 1]
    return "Another node may have got the same array"


QUIZ = {
    "A ReLU got 3 in the forward pass, and −2 arrives from upstream. "
    "What does it send to the left?": through_an_open_flap,
    "A sigmoid has put out 0.8, and 10 arrives from upstream. "
    "What does it send to the left?": from_its_output,
    "Three sigmoids stand in a row, and numbers added between them see to it that each one gets "
    "the input 0. What is the derivative of the last output with respect to the first input?": (
        three_in_a_row
    ),
    "Why must `backward` not write into the array `dout`?": writing_into_dout,
}


# --- the layers of the chapter ---


@pytest.mark.parametrize("name", ["Relu", "Sigmoid"])
def test_the_layers_of_the_chapter_do_what_those_of_the_library_do(name):
    mine, theirs = CHAPTER.end[name](), getattr(layers, name)()
    assert np.allclose(mine.forward(X), theirs.forward(X), rtol=1e-12, atol=0)
    assert np.allclose(mine.backward(DOUT), theirs.backward(DOUT), rtol=1e-9, atol=1e-15)
    grid = X.reshape(2, 3)
    assert np.array_equal(mine.forward(grid), mine.forward(X).reshape(2, 3))


def test_relu_sends_0_at_its_kink_and_the_check_counts_it():
    layer = CHAPTER.end["Relu"]()
    assert layer.forward(np.array([0.0])).tolist() == [0]
    assert layer.backward(np.array([5.0])).tolist() == [0]
    at_0 = np.array([3.0, -2.0, 0.0])
    assert layer_check(layer, at_0).rows[0].kinks == 1

    class Steep(CHAPTER.end["Relu"]):
        def forward(self, x):
            self.mask = x >= 0
            return np.where(self.mask, x, 0.0)

    assert not layer_check(Steep(), at_0)  # "It does insist on the flatter side"
    assert layer_check(Steep(), at_0[:2])


def test_every_derivative_agrees_with_jax():
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax = pytest.importorskip("jax", reason="there is no JAX for this platform")
    jax.config.update("jax_enable_x64", True)
    jnp, end = jax.numpy, CHAPTER.end
    formulas = {
        "Relu": lambda x: jnp.maximum(x, 0.0),
        "Sigmoid": lambda x: 1 / (1 + jnp.exp(-x)),
        "LeakyRelu": lambda x: jnp.where(x > 0, x, 0.1 * x),
        "Tanh": jnp.tanh,
    }

    @jax.jit  # all at once, which is quicker
    def derived(x, dout):
        pulled = {name: jax.vjp(formula, x) for name, formula in formulas.items()}
        return {name: (y, pull(dout)[0]) for name, (y, pull) in pulled.items()}

    for name, (y, dx) in derived(X, DOUT).items():
        layer = end[name]()
        assert np.allclose(layer.forward(X), y, rtol=1e-12, atol=0), name
        assert np.allclose(layer.backward(DOUT), dx, rtol=1e-9), name


def test_the_stable_sigmoid_is_the_librarys_and_never_overflows():
    stable = CHAPTER.end["sigmoid"]
    x = np.array([-1e308, -1000.0, -745.0, -40.0, -1.5, -0.0, 0.0, 1.5, 40.0, 745.0, 1000.0, 1e308])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.array_equal(stable(x), functions.sigmoid(x))
        assert float(stable(-1000.0)) == 0
        assert float(stable(1000.0)) == 1
    naive = [logistic(v) for v in x[3:9]]
    assert np.allclose(stable(x[3:9]), naive, rtol=1e-14, atol=0)
    assert np.isnan(CHAPTER.end["right_form"])
    with pytest.raises(FloatingPointError), np.errstate(over="raise"):
        CHAPTER.end["Sigmoid"]().forward(-1000.0)


def test_the_wrong_layers_are_wrong_where_the_chapter_says():
    end, x = CHAPTER.end, np.array([3.0, -2.0, 0.5])
    for name in ("MaskOfDout", "FromInput", "LocalOnly", "InPlace", "Overwriting"):
        assert not layer_check(end[name](), x), name
    row = layer_check(end["MaskOfDout"](), x).rows[0]
    assert (row.worst, round(row.derived, 4), round(row.numerical, 6)) == ((1,), 0.1049, 0)
    CHAPTER.says("0.1049 was let through at the place where `x` is −2")
    assert layer_check(end["InPlace"](), x).problems
    assert all(
        r.passed for r in layer_check(end["InPlace"](), x).rows
    )  # "what comes back is right"
    wrong = end["FromInput"]()
    wrong.forward(3.0)
    assert wrong.backward(1.0) == -6
    CHAPTER.says("With $x = 3$ it gives 3 × (−2) = −6")
    at_the_end = end["LocalOnly"]()
    at_the_end.forward(x)
    right = layers.Sigmoid()
    right.forward(x)
    ones = np.ones(3)
    assert np.allclose(at_the_end.backward(ones), right.backward(ones))  # "while 1 arrives"


# --- the numbers of the text ---


def test_the_walk_through_the_four_nodes():
    e = math.exp(1.0986)
    y = 1 / (1 + e)
    nodes = ["reciprocal", "add 1", "exp", "times −1"]
    outputs, locals_ = [y, 1 + e, e, 1.0986], [-(y**2), 1, e, -1]
    upstream = 1.0
    for node, output, local in zip(nodes, outputs, locals_, strict=True):
        expected = [output, local, upstream * local]
        assert np.allclose(table(node), expected, atol=5e-5), node
        upstream *= local
    assert abs(upstream - numerical_diff(logistic, -1.0986)) < 1e-8
    for name in ("fig-sigmoid-nodes", "fig-sigmoid-node"):
        assert name in CHAPTER.source
    CHAPTER.says("1.0986, 3, 4 and 0.25", "0.25 × 0.75 = 0.1875", "those of the four nodes")
    nudge = math.exp(1.0996) - math.exp(1.0986)
    assert round(nudge, 3) == 0.003
    CHAPTER.says("a nudge of 0.001 gives 0.003 more")


def test_four_nodes_and_one_node_agree_wherever_the_slider_stands():
    for k in range(-3, 4):
        x, z = Variable(1.0986 * k), Variable(1.0986 * k)
        four, one = ((-x).exp() + 1).reciprocal(), z.sigmoid()
        four.backward()
        one.backward()
        assert math.isclose(four.value, one.value, rel_tol=1e-12)
        assert math.isclose(x.grad, z.grad, rel_tol=1e-12)
        powers = Fraction(3) ** -k  # "Each step of the slider makes e three times smaller"
        assert math.isclose((-x).exp().value, powers, rel_tol=1e-4)


def test_saturation_in_numbers():
    slopes = {x / 100: numerical_diff(logistic, x / 100) for x in range(-800, 801)}
    assert max(slopes, key=slopes.get) == 0
    assert round(slopes[0], 6) == 0.25
    assert round(slopes[5.0], 4) == 0.0066
    rows = []
    for at in [*np.arange(-5, 5.01, 0.01), 1.0]:
        x = Variable(at)
        x.sigmoid().sigmoid().sigmoid().sigmoid().backward()
        rows.append(x.grad)
    assert round(rows[-1], 4) == 0.0022
    assert 0.0030 < max(rows) < 0.0031 < 1 / 256
    assert round(1 / 256, 4) == 0.0039
    CHAPTER.says("At 5 only 0.0066", "$(1/4)^4 = 1/256$, about 0.0039", "0.0022", "above 0.0031")
    for at, slope in ((1.0, 1.0), (-1.0, 0.0)):
        z = Variable(at)
        z.relu().relu().relu().relu().backward()
        assert z.grad == slope


def test_overflow_in_numbers():
    getcontext().prec = 20
    tiny = 1 / (1 + Decimal(1000).exp())
    assert -tiny.adjusted() - 1 == 434
    assert math.exp(709) < np.finfo(float).max < Decimal(710).exp()
    assert f"{np.finfo(float).max:.1e}" == "1.8e+308"
    with pytest.raises(OverflowError):
        math.exp(710)
    assert logistic(40) == 1  # "the output rounds to 1"
    one = layers.Sigmoid()
    one.forward(40.0)
    assert 0 < one.backward(1.0) < 1e-17
    CHAPTER.says("434 zeros", "$e^{710}$ is beyond $1.8 \\cdot 10^{308}$", "at $x = 40$")


def test_the_car_park_and_the_kink():
    derivatives = {}
    for hours in (1.0, 2.5, 5.0, 10.0):
        h, price = Variable(hours), Variable(3.0)
        fee = (h - 2).relu() * price
        fee.backward()
        derivatives[hours] = (fee.value, h.grad, price.grad)
    assert derivatives[1.0] == (0, 0, 0)
    assert derivatives[5.0] == (9, 3, 3)
    assert {d[1] for hours, d in derivatives.items() if hours > 2} == {3}
    CHAPTER.says("Five hours cost $\\max(5 - 2, 0) \\cdot 3 = 9$", "both derivatives become 0")
    for h in (1.0, 0.1, 1e-6):
        assert numerical_diff(lambda x: max(x, 0.0), 0, h) == 0.5
    assert all(2 * (3 * x + 1) + 4 == 6 * x + 6 for x in range(-5, 6))
    assert all(max(x, 0) + max(-x, 0) == abs(x) for x in range(-5, 6))


def test_the_practice_begins_as_the_text_says():
    kinds = re.search(r"nodes=(\(.*?\)),\n    seed=(\d+)", CHAPTER.source)
    graph = problem(int(kinds[2]), eval(kinds[1]))
    relu = next(v for v in graph.variables.values() if isinstance(v.node, layers.Relu))
    assert relu.inputs[0].value > 0
    assert relu.grad < 0
