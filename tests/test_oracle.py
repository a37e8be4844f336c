"""Every function, layer and operation against JAX, which derives each gradient by itself.

A formula below says in `jax.numpy` what a function or layer computes, and nothing of how it goes
backward. It is written so that nothing cancels in it: JAX's own derivative of `jax.nn.sigmoid`, for
example, is y * (1 - y), which has no right digit at x = 40.
"""

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from random_graphs import random_graph

from nnlib import functions, layers
from nnlib.gradient import layer_check
from nnlib.graph import Graph, Variable

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax", reason="there is no JAX for this platform")
jax.config.update("jax_enable_x64", True)
jnp = jax.numpy

TINY = np.finfo(np.float64).tiny
seeds = st.integers(0, 2**32 - 1)


# --- how two results are compared ---


def assert_close(found, expected, *, rtol=1e-10, scale=0.0, tiny=TINY, what=""):
    """Check a shape and every entry, with an error relative to the entry or to `scale`.

    Infinities must be equal, and nothing may be NaN. JAX takes a number below the smallest normal
    one, `tiny`, for 0: so much may be missing, times an upstream gradient of up to 10.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, not {expected.shape}"
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = rtol * np.maximum(abs(expected), scale) + 10 * tiny
        close = np.where(np.isfinite(expected), abs(found - expected) <= allowed, found == expected)
    assert close.all(), f"{what}:\n{found}\nis not\n{expected}"


@functools.cache
def compiled(formula, gradients):
    """Return a function of the inputs and `dout`: the formula's value, and that many gradients."""

    def value_and_gradients(inputs, dout):
        first, rest = inputs[:gradients], inputs[gradients:]
        out, backward = jax.vjp(lambda *first: formula(*first, *rest), *first)
        return out, backward(dout)

    return jax.jit(value_and_gradients)


def by_jax(formula, inputs, dout, gradients=None):
    """Return what `formula` makes of `inputs` and, for the first of them, the gradients.

    Labels are given to it as one-hot.
    """
    inputs = tuple(
        one_hot(v, inputs[0]) if np.asarray(v).dtype.kind == "i" else as_float64(v) for v in inputs
    )
    gradients = len(inputs) if gradients is None else gradients
    return compiled(formula, gradients)(inputs, as_float64(dout))


def as_float64(x):
    return np.asarray(x, dtype=np.float64)


def one_hot(labels, scores):
    return labels if labels.shape == scores.shape else np.eye(scores.shape[-1], dtype=int)[labels]


# --- what is drawn ---

moderate = st.floats(-3, 3, allow_subnormal=False)  # JAX takes such a number for 0
positive = st.floats(0.5, 3)
away_from_0 = positive | positive.map(lambda x: -x)


def magnitudes(decades):
    """Return a strategy of numbers above 0, their logarithms evenly spread over +-`decades`."""
    return st.builds(
        lambda digits, decade: digits * 10.0**decade,
        st.floats(1, 10),
        st.integers(-decades, decades - 1),
    )


def of_both_signs(numbers):
    return st.builds(lambda x, sign: sign * x, numbers, st.sampled_from([1, -1]))


def arrays(shape, elements):
    """Return a strategy of arrays that draws each entry by itself."""
    return hnp.arrays(np.float64, shape, elements=elements, fill=st.nothing())


def shaped(elements):
    """Return a strategy of one array. It has one of three shapes: JAX compiles for each."""
    return st.sampled_from([(), (7,), (2, 3)]).flatmap(lambda s: st.tuples(arrays(s, elements)))


small_shapes = hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)
pairs_of_shapes = small_shapes.map(lambda shape: (shape, shape)) | (
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3).map(
        lambda shapes: shapes.input_shapes
    )
)


@st.composite
def broadcastable(draw, elements, of_the_second=None):
    """Draw two arrays that broadcast; one of a single number may be a Python number."""
    entries = [elements, elements if of_the_second is None else of_the_second]
    pair = [draw(arrays(s, e)) for s, e in zip(draw(pairs_of_shapes), entries, strict=True)]
    return tuple(v.item() if v.shape == () and draw(st.booleans()) else v for v in pair)


sizes = st.integers(1, 4)


@st.composite
def multipliable(draw, elements):
    """Draw x and y for x @ y, each of them a vector or a matrix."""
    n, d, m = draw(sizes), draw(sizes), draw(sizes)
    left, right = draw(st.sampled_from([(d,), (n, d)])), draw(st.sampled_from([(d,), (d, m)]))
    return draw(arrays(left, elements)), draw(arrays(right, elements))


@st.composite
def sample_weights_bias(draw, elements):
    """Draw x, W and b: x is a sample, a batch of samples, or a batch of pictures (N, C, H, W)."""
    n, d, m = draw(sizes), draw(sizes), draw(sizes)
    picture = draw(st.tuples(*[st.integers(1, 2)] * 3))
    shape = draw(st.sampled_from([(d,), (n, d), (n, *picture)]))
    d = int(np.prod(shape[1:])) if len(shape) > 1 else d
    return tuple(draw(arrays(s, elements)) for s in (shape, (d, m), (m,)))


# A sample (C,) or a batch (N, C), in few shapes: JAX takes a third of a second to compile for each.
rows = st.sampled_from([(1,), (4,), (1, 3), (3, 1), (3, 2)])


@st.composite
def scores_and_labels(draw, elements, ahead=None, first=None):
    """Draw scores, (C,) or (N, C), and labels for them: class indices or one-hot.

    The right class of each sample is `ahead` by that much. `first` are the first entries of the
    first sample, in any order.
    """
    shape = draw(rows)
    scores = draw(arrays(shape, elements))
    labels = draw(hnp.arrays(np.int64, shape[:-1], elements=st.integers(0, shape[-1] - 1)))
    if ahead is not None:
        scores += one_hot(labels, scores) * draw(ahead)
    if first is not None:
        np.atleast_2d(scores)[0] = draw(st.permutations(first))[: shape[-1]]
    return scores, draw(st.sampled_from([labels, one_hot(labels, scores)]))


@st.composite
def two_of_one_shape(draw, elements):
    shape = draw(rows)
    return draw(arrays(shape, elements)), draw(arrays(shape, elements))


# --- formulas ---


def sigmoid(x):
    """exp(-log(1 + exp(-x))): the derivative of logaddexp is right where 1 - y has no digits."""
    return jnp.exp(-jnp.logaddexp(0.0, -x))


def relu(x):
    return jnp.where(x > 0, x, 0.0)


def reciprocal(x):
    """1 / x by logarithms: JAX's own derivative of it squares x, which overflows early."""
    return jnp.sign(x) * jnp.exp(-jnp.log(jnp.abs(x)))


def affine(x, W, b):
    return (x if x.ndim == 1 else x.reshape(len(x), -1)) @ W + b


def softmax_with_loss(x, t):
    """The mean of log(1 + the sum of exp(x - x[t]) over the other classes); t is one-hot."""
    right_score = jnp.sum(jnp.where(t == 1, x, 0.0), axis=-1, keepdims=True)
    others = jax.nn.logsumexp(x - right_score, axis=-1, where=t == 0)
    return jnp.mean(jnp.logaddexp(0.0, others))


def cross_entropy(y, t):
    return -jnp.mean(jnp.sum(jnp.log(jnp.where(t == 1, y, 1.0)), axis=-1))


def half_squared_error(x, t):
    return jnp.mean(jnp.sum((x - t) ** 2, axis=-1)) / 2


# --- functions ---

FUNCTIONS = {
    "identity": (functions.identity, lambda x: x, shaped(of_both_signs(magnitudes(300)))),
    "step": (functions.step, lambda x: jnp.where(x > 0, 1.0, 0.0), shaped(moderate | st.just(0.0))),
    "relu": (functions.relu, relu, shaped(of_both_signs(magnitudes(300)) | st.just(0.0))),
    "sigmoid": (functions.sigmoid, sigmoid, shaped(st.floats(-800, 800))),
    "softmax": (
        functions.softmax,
        functools.partial(jax.nn.softmax, axis=-1),
        st.sampled_from([(1,), (4,), (2, 3), (2, 1, 3)]).flatmap(
            lambda s: st.tuples(arrays(s, st.floats(-1e4, 1e4) | st.floats(-1e300, 1e300)))
        ),
    ),
    "cross_entropy_error": (
        functions.cross_entropy_error,
        cross_entropy,
        scores_and_labels(st.floats(1e-3, 1) | magnitudes(300).map(lambda y: min(y, 1.0))),
    ),
    "cross_entropy_error of 0": (
        functions.cross_entropy_error,
        cross_entropy,
        scores_and_labels(st.sampled_from([0.0, 0.5, 1.0])),
    ),
    "sum_squared_error": (
        functions.sum_squared_error,
        half_squared_error,
        two_of_one_shape(st.floats(-1e4, 1e4) | of_both_signs(magnitudes(150))),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_function_agrees_with_jax(name, data):
    function, formula, drawn = FUNCTIONS[name]
    inputs = data.draw(drawn)
    value = function(*inputs)
    expected, _ = by_jax(formula, inputs, np.zeros(np.shape(value)), gradients=0)
    assert_close(value, expected, what=name)


# --- layers ---


class AffineOf(layers.Layer):
    """Affine as a layer of three inputs, so that it fits into the table."""

    def forward(self, x, W, b):
        self.affine = layers.Affine(W, b)
        return self.affine.forward(x)

    def backward(self, dout):
        dx = self.affine.backward(dout)
        return dx, self.affine.dW, self.affine.db


@dataclass(frozen=True)
class Case:
    """A layer, what it computes, and what it is tried on."""

    layer: Callable[[], layers.Layer]
    formula: Callable[..., Any]
    moderate: st.SearchStrategy[tuple[Any, ...]]
    """Inputs around 1, away from kinks and poles."""
    extreme: st.SearchStrategy[tuple[Any, ...]]
    gradients: int = 1
    """So many inputs get a gradient; what follows them are labels."""
    sums: bool = False
    """The layer adds up products. Where large ones cancel, the result has the rounding of them, so
    the error is relative to the sum of their magnitudes: the same formula at |inputs| and |dout|.
    """
    probabilities: bool = False
    """The layer subtracts a 1 from a probability, so errors are relative to it, times dout."""


def elementwise(layer, formula, moderate, extreme):
    return Case(layer, formula, shaped(moderate), shaped(extreme))


def power(exponent, moderate, extreme):
    """Return the case of one exponent. From 1e-100 to 1e100 neither x**4 nor x**-3 overflows."""
    return elementwise(
        functools.partial(layers.PowLayer, exponent),
        lambda x: x**exponent,
        moderate,
        extreme | st.sampled_from([1e-300, 1e300]),
    )


DENORMAL = [5e-324, -5e-324, 1e-310, -1e-310]
any_magnitude = of_both_signs(magnitudes(100))

CASES = {
    "Add": Case(
        layers.AddLayer,
        lambda x, y: x + y,
        broadcastable(moderate),
        broadcastable(any_magnitude | st.just(0.0)),
        gradients=2,
        sums=True,
    ),
    "Mul": Case(
        layers.MulLayer,
        lambda x, y: x * y,
        broadcastable(moderate),
        broadcastable(any_magnitude | st.just(0.0)),
        gradients=2,
        sums=True,
    ),
    "MatMul": Case(
        lambda: layers.MatMulLayer(),
        lambda x, y: x @ y,
        multipliable(moderate),
        multipliable(any_magnitude | st.just(0.0)),
        gradients=2,
        sums=True,
    ),
    "Affine": Case(
        AffineOf,
        affine,
        sample_weights_bias(moderate),
        sample_weights_bias(any_magnitude | st.just(0.0)),
        gradients=3,
        sums=True,
    ),
    "Sum": Case(
        lambda: layers.SumLayer(), jnp.sum, shaped(moderate), shaped(any_magnitude), sums=True
    ),
    "Exp": elementwise(
        layers.ExpLayer, jnp.exp, moderate, st.floats(-700, 700) | st.sampled_from(DENORMAL)
    ),
    "Log": elementwise(layers.LogLayer, jnp.log, positive, magnitudes(300) | st.floats(0.9, 1.1)),
    "Reciprocal": elementwise(
        layers.ReciprocalLayer, reciprocal, away_from_0, of_both_signs(magnitudes(300))
    ),
    "Relu": elementwise(
        layers.Relu,
        relu,
        away_from_0,
        of_both_signs(magnitudes(300)) | st.sampled_from([0.0, -0.0, TINY, -TINY]),
    ),
    "Sigmoid": elementwise(
        layers.Sigmoid,
        sigmoid,
        moderate,
        st.floats(-800, 800)
        | st.floats(-40, 40)
        | st.sampled_from([*DENORMAL, 30.0, 37.0, 800.0, -30.0, -708.0, -745.0, -800.0]),
    ),
    "Pow 0": power(0, moderate, any_magnitude | st.just(0.0)),
    "Pow 1": power(1, moderate, any_magnitude | st.just(0.0)),
    "Pow 2": power(2, moderate, any_magnitude | st.just(0.0)),
    "Pow 3": power(3, moderate, any_magnitude | st.just(0.0)),
    "Pow -1": power(-1, away_from_0, any_magnitude),
    "Pow -2": power(-2, away_from_0, any_magnitude),
    "Pow 0.5": power(0.5, positive, magnitudes(100)),
    "Pow 1.5": power(1.5, positive, magnitudes(100)),
    "SoftmaxWithLoss": Case(
        layers.SoftmaxWithLoss,
        softmax_with_loss,
        scores_and_labels(moderate),
        scores_and_labels(moderate, ahead=st.floats(0, 800))
        | scores_and_labels(moderate, ahead=st.floats(5, 50))
        | scores_and_labels(st.floats(-1e4, 1e4))
        | scores_and_labels(st.floats(-1e4, 1e4), first=[1e300, -1e300, 0.0, 1e4]),
        probabilities=True,
    ),
    "IdentityWithLoss": Case(
        lambda: layers.IdentityWithLoss(),
        half_squared_error,
        two_of_one_shape(moderate),
        two_of_one_shape(any_magnitude | st.floats(-1e4, 1e4) | st.sampled_from([1e300, -1e300])),
    ),
}
LOSSES = ["SoftmaxWithLoss", "IdentityWithLoss"]


def run(layer, inputs, seed):
    """Return what the layer computes, a random upstream gradient, and the gradients for it."""
    with np.errstate(over="ignore"):  # a value or derivative may be too large for a float
        out = layer.forward(*inputs)
        dout = np.random.default_rng(seed).uniform(-10, 10, np.shape(out))
        dout = dout.astype(np.asarray(out).dtype)
        gradients = layer.backward(dout)
    return out, dout, gradients if isinstance(gradients, tuple) else (gradients,)


def assert_agrees_with_jax(name, inputs, out, dout, gradients, **tolerance):
    """Check what a layer computed, forward and backward."""
    case = CASES[name]
    assert len(gradients) == case.gradients
    expected_out, expected = by_jax(case.formula, inputs, dout, case.gradients)
    scales = 0.0, [0.0] * case.gradients
    if case.sums:
        scales = by_jax(case.formula, [np.abs(v) for v in inputs], np.abs(dout))
    if case.probabilities:
        scales = 1.0, [np.abs(dout)]
    assert_close(out, expected_out, scale=scales[0], what=name, **tolerance)
    for i in range(case.gradients):
        what = f"{name}: gradient of input {i} for the upstream gradient {dout}"
        assert_close(gradients[i], expected[i], scale=scales[1][i], what=what, **tolerance)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=100)
@given(data=st.data(), seed=seeds)
def test_a_layer_agrees_with_jax(name, data, seed):
    case = CASES[name]
    inputs = data.draw(case.extreme | case.moderate)
    assert_agrees_with_jax(name, inputs, *run(case.layer(), inputs, seed))


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10)
@given(data=st.data(), seed=seeds)
def test_a_layer_agrees_with_differences(name, data, seed):
    case = CASES[name]
    report = layer_check(case.layer(), *data.draw(case.moderate), seed=seed)
    assert report, report


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10)
@given(data=st.data(), seed=seeds)
def test_float32_stays_float32_and_is_right_to_its_digits(name, data, seed):
    case = CASES[name]
    inputs = tuple(
        v.astype(np.float32) if np.asarray(v).dtype == np.float64 else v
        for v in map(np.asarray, data.draw(case.moderate))
    )
    out, dout, gradients = run(case.layer(), inputs, seed)
    assert name in LOSSES or out.dtype == np.float32
    assert {g.dtype for g in gradients} == {np.dtype(np.float32)}
    assert_agrees_with_jax(
        name, inputs, out, dout, gradients, rtol=1e-5, tiny=np.finfo(np.float32).tiny
    )


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=10)
@given(data=st.data(), dout=st.sampled_from([0, 0.0, 1, -2.5, 10]))
def test_a_loss_is_scaled_by_its_upstream_gradient(name, data, dout):
    case = CASES[name]
    inputs = data.draw(case.moderate)
    layer = case.layer()
    out = layer.forward(*inputs)
    assert_agrees_with_jax(name, inputs, out, 1.0, (layer.backward(),))
    assert_agrees_with_jax(name, inputs, out, dout, (layer.backward(dout),))


@pytest.mark.parametrize(
    ("layer", "x", "dout", "expected"),
    [
        # The gradient is a number, though 1 / x**2 by itself is too large or too small for one.
        (layers.ReciprocalLayer, [1e-160, 1e160], [1e-100, 1e200], [-1e220, -1e-120]),
    ],
)
def test_an_extreme_upstream_gradient(layer, x, dout, expected):
    layer = layer()
    layer.forward(np.array(x))
    assert_close(layer.backward(np.array(dout)), expected)


@pytest.mark.parametrize(
    ("x", "y"),
    [((3,), (2, 4)), ((2, 3), (2, 4)), ((2, 3), (2,)), ((3,), (2,)), ((), (2,)), ((2, 3, 4), (4,))],
)
def test_what_cannot_be_multiplied_is_told_with_both_shapes(x, y):
    with pytest.raises(ValueError, match=rf"{re.escape(str(x))}.*{re.escape(str(y))}"):
        layers.MatMulLayer().forward(np.ones(x), np.ones(y))


@pytest.mark.parametrize(("x", "t"), [((2, 3), (3,)), ((2, 3), (2, 1)), ((3,), ()), ((), ())])
def test_the_target_of_a_squared_error_is_never_broadcast(x, t):
    with pytest.raises(ValueError, match="shape"):
        layers.IdentityWithLoss().forward(np.ones(x), np.ones(t))


# --- operations of Variable ---


def dispatched(name, formula):
    """Return a function that is a method of a Variable, and `formula` of anything else."""
    return lambda x: getattr(x, name)() if isinstance(x, Variable) else formula(x)


exp, log, total = dispatched("exp", jnp.exp), dispatched("log", jnp.log), dispatched("sum", jnp.sum)
relu_of, sigmoid_of = dispatched("relu", relu), dispatched("sigmoid", sigmoid)
reciprocal_of = dispatched("reciprocal", lambda x: 1 / x)

# Each is one Python expression, for Variables and for the arrays of JAX alike.
OPERATIONS = {
    "x + y": (lambda x, y: x + y, broadcastable(moderate)),
    "x - y": (lambda x, y: x - y, broadcastable(moderate)),
    "x * y": (lambda x, y: x * y, broadcastable(moderate)),
    "x / y": (lambda x, y: x / y, broadcastable(moderate, away_from_0)),
    "x @ y": (lambda x, y: x @ y, multipliable(moderate)),
    "-x": (lambda x: -x, shaped(moderate)),
    "x + x * x": (lambda x: x + x * x, shaped(moderate)),
    "5 - x": (lambda x: 5 - x, shaped(moderate)),
    "1 / x": (lambda x: 1 / x, shaped(away_from_0)),
    "6 / x": (lambda x: 6 / x, shaped(away_from_0)),
    "x**0": (lambda x: x**0, shaped(moderate)),
    "x**3": (lambda x: x**3, shaped(moderate)),
    "x**-2": (lambda x: x**-2, shaped(away_from_0)),
    "x**0.5": (lambda x: x**0.5, shaped(positive)),
    "x.exp()": (exp, shaped(moderate)),
    "x.log()": (log, shaped(positive)),
    "x.relu()": (relu_of, shaped(away_from_0)),
    "x.sigmoid()": (sigmoid_of, shaped(moderate)),
    "x.reciprocal()": (reciprocal_of, shaped(away_from_0)),
    "x.sum()": (total, shaped(moderate)),
}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=30)
@given(data=st.data(), seed=seeds)
def test_an_operation_of_variable_agrees_with_jax(name, data, seed):
    operation, drawn = OPERATIONS[name]
    inputs = data.draw(drawn)
    kinds = [(True,)] if len(inputs) == 1 else [(True, True), (True, False), (False, True)]
    is_variable = data.draw(st.sampled_from(kinds))  # the other is an array or a number
    operands = [Variable(v) if made else v for v, made in zip(inputs, is_variable, strict=True)]
    y = operation(*operands)
    shape = np.shape(y.value)
    random = np.random.default_rng(seed).uniform
    for dout in [1.0, random(-10, 10, shape[-1:]), random(-10, 10, shape)]:
        expected, gradients = by_jax(operation, inputs, np.broadcast_to(dout, shape))
        y.backward(dout)
        assert_close(y.value, expected, scale=1.0, what=name)  # around 1, sums may cancel
        for operand, gradient in zip(operands, gradients, strict=True):
            if isinstance(operand, Variable):
                assert_close(operand.grad, gradient, scale=1.0, what=f"{name}, backward({dout})")


# --- graphs of Variables ---


def anywhere(x):
    return True


def not_near_0(x):
    return np.all(np.abs(x) > 0.2)


# An operation, and which values it may get: no pole and no kink nearby.
UNARY = [
    (exp, lambda x: np.all(x < 2)),
    (log, lambda x: np.all(x > 0.2)),
    (relu_of, not_near_0),
    (sigmoid_of, lambda x: np.all(np.abs(x) < 3)),
    (total, anywhere),
    (reciprocal_of, not_near_0),
    (lambda x: x**2, anywhere),
    (lambda x: x**-1, not_near_0),
    (lambda x: x**0.5, lambda x: np.all(x > 0.2)),
]
BINARY = [
    (lambda x, y: x + y, anywhere),
    (lambda x, y: x - y, anywhere),
    (lambda x, y: x * y, anywhere),
    (lambda x, y: x / y, not_near_0),
    (lambda x, y: x @ y, anywhere),
]
SHAPES = [(), (3,), (2, 3), (2, 1), (3, 2)]


def random_program(seed, length=10):
    """Return inputs, and steps (operation, operands): an operand is a place, or a constant.

    The last step adds up the entries of all that nothing else used, each times a random weight. The
    entries of all other values are between 0.05 and 20, or the zeros of a ReLU. Outside of that, a
    difference of large numbers would have few right digits, and one library could be on one side
    of a kink and the next on the other: two right libraries would disagree.
    """
    rng = np.random.default_rng(seed)

    def numbers(shape):
        return rng.uniform(0.3, 2, shape) * rng.choice([1, 1, -1], shape)

    def choice(of):
        return of[rng.integers(len(of))]

    values = [numbers(choice(SHAPES)) for _ in range(rng.integers(2, 5))]
    inputs, steps = list(values), []
    while len(steps) < length:
        places = range(len(values))
        first = places[-1] if rng.random() < 0.6 else choice(places)
        if rng.random() < 0.4:
            operation, allowed = choice(UNARY)
            operands = [first]
        else:
            operation, allowed = choice(BINARY)
            constant = 1.5 if rng.random() < 0.5 else numbers(choice(SHAPES))
            second = choice(places) if rng.random() < 0.8 else constant
            operands = [first, second] if rng.random() < 0.5 else [second, first]
        operand_values = [values[o] if isinstance(o, int) else o for o in operands]
        if not allowed(operand_values[-1]):
            continue
        try:
            made = operation(*map(Variable, operand_values)).value
        except ValueError:  # shapes that do not go together
            continue
        size = np.abs(made)
        if np.all((size > 0.05) & (size < 20)) or (operation is relu_of and np.any(size > 0)):
            values.append(made)
            steps.append((operation, operands))
    used = {o for _, operands in steps for o in operands if isinstance(o, int)}
    unused = [place for place in range(len(values)) if place not in used]
    weights = [numbers(np.shape(values[place])) for place in unused]

    def weighted_sum(*ends):
        return sum(total(e * w) for e, w in zip(ends, weights, strict=True))

    return inputs, [*steps, (weighted_sum, unused)]


def follow(steps, inputs):
    """Return what a program computes from inputs of any kind."""
    values = list(inputs)
    for operation, operands in steps:
        values.append(operation(*(values[o] if isinstance(o, int) else o for o in operands)))
    return values[-1]


def by_variables(steps, inputs):
    """Return the derivative of a program by each input, and the largest entry in all of the graph.

    What comes back from several uses is added up and may cancel. It has the rounding of what was
    added, so an error is relative to the largest.
    """
    variables = [Variable(v) for v in inputs]
    output = follow(steps, variables)
    output.backward()
    largest = max(np.abs(g).max() for g in Graph(output).gradients.values())
    return [v.grad for v in variables], largest


@settings(max_examples=40)
@given(seeds)
def test_a_graph_of_arrays_agrees_with_jax(seed):
    inputs, steps = random_program(seed)
    gradients, largest = by_variables(steps, inputs)
    expected = jax.jit(jax.grad(functools.partial(follow, steps)))(inputs)
    for found, by_the_oracle in zip(gradients, expected, strict=True):
        assert_close(found, by_the_oracle, scale=largest)


@settings(max_examples=50)
@given(seeds)
def test_a_graph_of_arrays_agrees_with_differences(seed):
    inputs, steps = random_program(seed)
    gradients, largest = by_variables(steps, inputs)
    rng = np.random.default_rng(seed)
    direction = [rng.uniform(-1, 1, np.shape(v)) for v in inputs]

    def f(step):
        moved = [Variable(v + step * d) for v, d in zip(inputs, direction, strict=True)]
        return follow(steps, moved).value

    h = 1e-4
    numerical = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)  # wrong by about h**4
    derived = sum(np.sum(g * d) for g, d in zip(gradients, direction, strict=True))
    assert_close(derived, numerical, rtol=1e-7, scale=largest)


FORMULAS = {
    "AddLayer": lambda x, y: x + y,
    "MulLayer": lambda x, y: x * y,
    "ExpLayer": jnp.exp,
    "LogLayer": jnp.log,
    "ReciprocalLayer": lambda x: 1 / x,
    "Relu": relu,
    "Sigmoid": sigmoid,
}


@settings(max_examples=50)
@given(seeds)
def test_a_graph_of_numbers_agrees_with_jax(seed):
    graph = random_graph(seed)
    rows = graph.to_dict()["variables"]

    def output(given_values):
        values = []
        for row in rows:
            operands = [values[i] for i in row.get("inputs", [])]
            if not operands:
                values.append(given_values.get(row["name"], row["value"]))
            elif row["layer"] == "PowLayer":
                values.append(operands[0] ** row["exponent"])
            else:
                values.append(FORMULAS[row["layer"]](*operands))
        return values[-1]

    at = {name: graph.values[name] for name in graph.inputs}
    value, expected = jax.value_and_grad(output)(at)
    assert_close(graph.values[graph.output], value)
    largest = max(abs(g) for g in graph.gradients.values())
    for name in at:
        assert_close(graph.gradients[name], expected[name], scale=largest, what=name)
