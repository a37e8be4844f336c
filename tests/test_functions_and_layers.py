"""Functions and layers: classical numbers, differences, bad input, and nothing changed in place."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnlib import functions, layers
from nnlib.gradient import layer_check

floats = st.floats(-3, 3, allow_nan=False)
any_float = st.floats(allow_nan=False, allow_infinity=False)


def arrays(shape, elements=floats):
    return hnp.arrays(np.float64, shape, elements=elements)


# --- functions ---


def test_softmax_of_the_classical_scores():
    expected = [0.01821127, 0.24519181, 0.73659691]
    np.testing.assert_allclose(functions.softmax([0.3, 2.9, 4.0]), expected, atol=5e-9)


def test_softmax_does_not_overflow():
    expected = [9.99954600e-01, 4.53978686e-05, 2.06106005e-09]
    np.testing.assert_allclose(functions.softmax([1010, 1000, 990]), expected, rtol=1e-8)


def test_losses_of_the_classical_outputs():
    t = np.eye(10)[2]
    good = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    bad = [0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0]
    assert functions.sum_squared_error(good, t) == pytest.approx(0.0975, abs=1e-12)
    assert functions.sum_squared_error(bad, t) == pytest.approx(0.5975, abs=1e-12)
    assert functions.cross_entropy_error(good, t) == pytest.approx(-np.log(0.6), abs=1e-12)
    assert functions.cross_entropy_error(bad, 2) == pytest.approx(-np.log(0.1), abs=1e-12)


def test_a_loss_is_the_mean_over_the_batch():
    y, t = [[3.0, 1.0], [0.0, 2.0]], [[1.0, 1.0], [0.0, 6.0]]
    assert functions.sum_squared_error(y, t) == 5.0
    layer = layers.IdentityWithLoss()
    assert layer.forward(y, t) == 5.0
    np.testing.assert_array_equal(layer.backward(10.0), [[10.0, 0.0], [0.0, -20.0]])


def test_a_loss_of_one_output():
    assert functions.sum_squared_error([3.0], [1.0]) == 2.0
    assert functions.cross_entropy_error([0.5], 0) == pytest.approx(np.log(2))


def test_the_perceptron_fires_above_0():
    np.testing.assert_array_equal(functions.step([-0.5, 0.0, 1e-9, 0.5]), [0.0, 0.0, 1.0, 1.0])


@given(arrays((4, 3), any_float))
def test_functions_are_finite_for_every_finite_float(x):
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(functions.sigmoid(x)).all()
        assert np.isfinite(functions.relu(x)).all()
        y = functions.softmax(x / 2)  # halved, so that the distance of two scores is finite too
    np.testing.assert_allclose(y.sum(axis=-1), 1.0)


@given(arrays((3,), st.floats(-700, 700)))
def test_sigmoid_is_symmetric(x):
    np.testing.assert_allclose(functions.sigmoid(x) + functions.sigmoid(-x), 1.0, rtol=1e-15)


@given(arrays((5, 4)), st.integers(0, 2**32 - 1))
def test_indices_and_one_hot_labels_give_the_same_loss(x, seed):
    t = np.random.default_rng(seed).integers(0, 4, 5)
    y = functions.softmax(x)
    by_index = functions.cross_entropy_error(y, t)
    assert functions.cross_entropy_error(y, np.eye(4)[t]) == by_index
    each = [functions.cross_entropy_error(row, label) for row, label in zip(y, t, strict=True)]
    assert by_index == pytest.approx(np.mean(each), rel=1e-12)


def test_scores_further_apart_than_a_float_can_say():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(functions.softmax([1e308, -1e308]), [1.0, 0.0])
        assert layers.SoftmaxWithLoss().forward([8e307, -8e307], 0) == 0


def test_a_probability_of_zero_is_an_infinite_loss_without_a_warning():
    assert functions.cross_entropy_error([1.0, 0.0], 1) == np.inf


def test_float32_stays_float32_and_integers_become_float64():
    for f in (functions.sigmoid, functions.relu, functions.softmax, functions.step):
        assert f(np.ones(3, np.float32)).dtype == np.float32
        assert f(np.ones(3, np.int8)).dtype == np.float64
        assert f(np.ones(3, ">f8")).dtype.isnative


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: functions.sigmoid("one"), TypeError, "^x must be real numbers"),
        (lambda: functions.sigmoid([[1], [2, 3]]), TypeError, "^x must be .* different lengths"),
        (lambda: functions.sigmoid([1j]), TypeError, "complex"),
        (lambda: functions.softmax(3.0), ValueError, r"shape \(\)"),
        (lambda: functions.softmax(np.zeros((2, 0))), ValueError, r"\(2, 0\)"),
        (lambda: functions.sum_squared_error([1.0, 2.0], [[1.0], [2.0]]), ValueError, "one shape"),
        (lambda: functions.sum_squared_error(1.0, 1.0), ValueError, "one shape"),
        (lambda: functions.sum_squared_error([], []), ValueError, "one shape"),
        (lambda: functions.sum_squared_error("ab", [1.0]), TypeError, "^y must be real numbers"),
        (lambda: functions.sum_squared_error([1.0], "ab"), TypeError, "^t must be real numbers"),
        (lambda: functions.cross_entropy_error("ab", 0), TypeError, "^y must be real numbers"),
        (lambda: functions.cross_entropy_error(0.5, 0), ValueError, r"got \(\)"),
        (lambda: functions.cross_entropy_error(np.ones((0, 3)), []), ValueError, r"got \(0, 3\)"),
        (lambda: functions.cross_entropy_error([2.0, 0.1], 0), ValueError, "softmax first"),
        (lambda: functions.cross_entropy_error([-0.1, 0.1], 0), ValueError, "from 0 to 1"),
        (lambda: functions.cross_entropy_error([np.nan, 0.1], 0), ValueError, "from 0 to 1"),
        (
            lambda: functions.class_indices([[0], [1]], (2, 3)),
            ValueError,
            r"labels of shape \(2, 1",
        ),
        (lambda: functions.class_indices([0, 3], (2, 3)), ValueError, "index 3 is out of range"),
        (lambda: functions.class_indices(3, (3,)), ValueError, "index 3 is out of range"),
        (lambda: functions.class_indices([0, -1], (2, 3)), ValueError, "index -1 is out of range"),
        (lambda: functions.class_indices([0.0, 1.0], (2, 3)), ValueError, "integers"),
        (lambda: functions.class_indices([[1, 1, 0]], (1, 3)), ValueError, "one 1 in each row"),
        (lambda: functions.class_indices([[2, -1, 0]], (1, 3)), ValueError, "one 1 in each row"),
        (lambda: functions.class_indices([0], (2, 3)), ValueError, r"shape \(2,\) or one-hot"),
    ],
)
def test_bad_input_of_a_function_is_told_clearly(call, error, says):
    with pytest.raises(error, match=says):
        call()


# --- layers ---

SHAPES = [(), (3,), (2, 3), (2, 1), (1, 3), (4, 2, 3)]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SHAPES, SHAPES)))
@pytest.mark.parametrize("kind", [layers.AddLayer, layers.MulLayer])
def test_add_and_multiply_undo_broadcasting(kind, a, b):
    rng = np.random.default_rng(0)
    report = layer_check(kind(), rng.normal(size=a), rng.normal(size=b))
    assert report, report


@given(arrays((2, 3)), st.integers(0, 1000))
def test_layers_agree_with_differences(x, seed):
    positive = np.abs(x) + 0.5
    away_from_0 = x + np.where(x >= 0, 0.1, -0.1)
    a = x.round(3)  # next to 1 a product of 1e-20 is lost
    for layer, *inputs in [
        (layers.ExpLayer(), x),
        (layers.LogLayer(), positive),
        (layers.ReciprocalLayer(), positive),
        (layers.PowLayer(3), x),
        (layers.PowLayer(-0.5), positive),
        (layers.PowLayer(0), x),
        (layers.Relu(), away_from_0),
        (layers.Sigmoid(), x),
        (layers.SumLayer(), x),
        (layers.MatMulLayer(), a, a.T),
        (layers.MatMulLayer(), a, a[0]),
        (layers.MatMulLayer(), a[0], a.T),
        (layers.MatMulLayer(), a[0], a[1]),
        (layers.IdentityWithLoss(), x, positive),
    ]:
        report = layer_check(layer, *inputs, seed=seed)
        assert report, (type(layer).__name__, report)


@pytest.mark.parametrize("shape", [(4,), (1, 4), (3, 4), (3, 2, 2), (3, 1, 2, 2)])
def test_affine_agrees_with_differences(shape):
    rng = np.random.default_rng(0)
    affine = layers.Affine(rng.normal(size=(4, 5)), rng.normal(size=5))
    report = layer_check(affine, rng.normal(size=shape))
    assert report, report
    assert {row.name for row in report.rows} == {"x", "W", "b"}


@pytest.mark.parametrize("t", [1, [0, 1, 0]])
def test_softmax_with_loss_of_one_sample(t):
    layer = layers.SoftmaxWithLoss()
    loss = layer.forward(np.log([0.3, 0.2, 0.5]), t)
    assert loss == pytest.approx(-np.log(0.2), rel=1e-12)
    np.testing.assert_allclose(layer.backward(), [0.3, -0.8, 0.5], rtol=1e-12)
    np.testing.assert_allclose(layer.backward(10.0), [3.0, -8.0, 5.0], rtol=1e-12)


@given(arrays((4, 3)), st.integers(0, 1000))
def test_softmax_with_loss_agrees_with_differences(x, seed):
    t = np.random.default_rng(seed).integers(0, 3, 4)
    for labels in (t, np.eye(3)[t]):
        report = layer_check(layers.SoftmaxWithLoss(), x, labels, seed=seed)
        assert report, report


def test_the_loss_is_right_where_the_probability_rounds_to_zero():
    assert layers.SoftmaxWithLoss().forward([0.0, 5000.0], 0) == 5000.0


ROW, TWO_ROWS = np.array([1.0, 2.0, 3.0]), np.array([[-1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
AFFINE = layers.Affine(np.ones((3, 2), np.float32), np.ones(2, np.float32))
each_layer = pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (layers.AddLayer(), [ROW, ROW]),
        (layers.MulLayer(), [ROW, ROW]),
        (layers.MatMulLayer(), [TWO_ROWS, ROW]),
        (layers.SumLayer(), [ROW]),
        (layers.PowLayer(2), [ROW]),
        (layers.ExpLayer(), [ROW]),
        (layers.LogLayer(), [ROW]),
        (layers.ReciprocalLayer(), [ROW]),
        (layers.Relu(), [TWO_ROWS]),
        (layers.Sigmoid(), [TWO_ROWS]),
        (AFFINE, [TWO_ROWS]),
        (layers.SoftmaxWithLoss(), [TWO_ROWS, np.array([0, 2])]),
        (layers.IdentityWithLoss(), [TWO_ROWS, np.ones((2, 3))]),
    ],
    ids=lambda of: type(of).__name__,
)


@each_layer
def test_nothing_of_the_callers_is_written_to(layer, inputs):
    inputs = [array.copy() for array in inputs]
    dout = np.ones(np.shape(layer.forward(*inputs)))
    for array in (*inputs, dout):
        array.flags.writeable = False
    layer.forward(*inputs)
    layer.backward(dout)


@each_layer
def test_float32_stays_float32_in_a_layer(layer, inputs):
    out = layer.forward(*[v.astype(np.float32) if v.dtype.kind == "f" else v for v in inputs])
    gradients = layer.backward(np.ones(out.shape, np.float32) if np.shape(out) else 1.0)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    assert {np.asarray(g).dtype for g in gradients} == {np.dtype(np.float32)}


@each_layer
def test_an_upstream_gradient_is_never_broadcast(layer, inputs):
    shape = np.shape(layer.forward(*inputs))
    says = f"{type(layer).__name__}: dout must have the shape of the output, {shape}, got "
    for dout in (1.0, np.ones((3, 1)), np.ones((4, 3)), [1.0] * 4):
        if np.shape(dout) != shape:
            with pytest.raises(ValueError, match=f"^{re.escape(says + str(np.shape(dout)))}"):
                layer.backward(dout)
    with pytest.raises(TypeError, match=r"^dout must be real numbers"):
        layer.backward("ab")


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: layers.Layer().forward(1.0), NotImplementedError, "Layer has no forward yet"),
        (lambda: layers.Layer().backward(1.0), NotImplementedError, "Layer has no backward yet"),
        (lambda: layers.Relu().backward(1.0), AttributeError, "Relu has no .* forward was not"),
        (lambda: layers.AddLayer().forward([1.0, 2.0], [1.0, 2.0, 3.0]), ValueError, "AddLayer"),
        (lambda: layers.MulLayer().forward([1.0, 2.0], [1.0, 2.0, 3.0]), ValueError, "MulLayer"),
        (lambda: layers.MulLayer().forward("ab", 2), TypeError, "^x must be real numbers"),
        (lambda: layers.MulLayer().forward(2, "ab"), TypeError, "^y must be real numbers"),
        (lambda: layers.MatMulLayer().forward([1.0], "ab"), TypeError, "^y must be real numbers"),
        (lambda: layers.MatMulLayer().forward([1.0, 2.0], [1.0]), ValueError, r"\(2,\).*\(1,\)"),
        (lambda: layers.PowLayer("2"), TypeError, "must be a number, got str"),
        (lambda: layers.PowLayer(True), TypeError, "must be a number, got bool"),
        (lambda: layers.Affine("ab", np.ones(3)), TypeError, "^W must be real numbers"),
        (lambda: layers.Affine(np.ones((3, 2)), "ab"), TypeError, "^b must be real numbers"),
        (lambda: layers.Affine(np.ones(3), np.ones(3)), ValueError, r"W must be \(D, M\)"),
        (lambda: layers.Affine(np.ones((3, 2)), np.ones(3)), ValueError, r"b \(M,\)"),
        (
            lambda: layers.Affine(np.ones((4, 5)), np.ones(5)).forward(np.ones(3)),
            ValueError,
            r"x of shape \(3,\) has 3 features, W expects 4 \(shape \(4, 5\)\)",
        ),
        (
            lambda: layers.SoftmaxWithLoss().forward(np.ones((2, 3)), [[0], [1]]),
            ValueError,
            r"labels of shape \(2, 1\)",
        ),
        (
            lambda: layers.SoftmaxWithLoss().forward(np.ones((0, 3)), np.ones(0, int)),
            ValueError,
            "empty",
        ),
    ],
)
def test_bad_input_of_a_layer_is_told_clearly(call, error, says):
    with pytest.raises(error, match=says):
        call()
