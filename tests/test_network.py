"""The two-layer network: its gradient, its parameters, what it refuses."""

import numpy as np
import pytest

from nnlib.gradient import gradient_check
from nnlib.layers import Affine
from nnlib.network import TwoLayerNet


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    return rng.normal(size=(6, 5)), rng.integers(0, 3, 6)


def network(**options):
    return TwoLayerNet(5, 4, 3, weight_init_std=0.5, rng=np.random.default_rng(2), **options)


def test_backpropagation_agrees_with_differences(batch):
    net = network()
    report = gradient_check(lambda _: net.loss(*batch), net.params, net.gradient(*batch))
    assert report, report
    numerical = net.numerical_gradient(*batch)
    for name, derived in net.gradient(*batch).items():
        np.testing.assert_allclose(derived, numerical[name], rtol=1e-5, atol=1e-9)


def test_assigning_a_parameter_takes_effect(batch):
    net = network()
    net.params["W1"] = np.zeros((5, 4))
    net.params["W2"] = np.zeros((4, 3))
    assert net.loss(*batch) == pytest.approx(np.log(3))
    np.testing.assert_array_equal(net.layers["Affine1"].W, 0)
    net.params["b2"] += [5.0, 0.0, 0.0]
    assert net.predict(batch[0]).argmax(axis=1).tolist() == [0] * 6


def test_an_assigned_array_is_copied_so_that_training_does_not_change_it(batch):
    mine, theirs = network(), network()
    W1 = np.full((5, 4), 0.1)
    mine.params["W1"] = W1
    theirs.params.update(mine.params)
    for name, gradient in mine.gradient(*batch).items():
        mine.params[name] -= 0.1 * gradient
    np.testing.assert_array_equal(W1, 0.1)
    np.testing.assert_array_equal(theirs.params["W1"], 0.1)


def test_a_layer_that_is_replaced_is_the_one_that_counts(batch):
    net = network()
    net.layers["Affine2"] = Affine(np.zeros((4, 3)), np.zeros(3))
    np.testing.assert_array_equal(net.params["W2"], 0)
    assert net.gradient(*batch)["W2"].shape == (4, 3)


def test_a_small_step_against_the_gradient_lowers_the_loss(batch):
    net = network()
    before = net.loss(*batch)
    for name, gradient in net.gradient(*batch).items():
        net.params[name] -= 0.1 * gradient
    assert net.loss(*batch) < before


def test_the_loss_of_the_forward_pass_is_kept(batch):
    net = network()
    assert net.last_loss is None
    net.gradient(*batch)
    assert net.last_loss == net.loss(*batch)


def test_float32_is_kept_all_the_way(batch):
    net = network(dtype=np.float32)
    gradients = net.gradient(*batch)
    assert {a.dtype for a in (*gradients.values(), *net.params.values())} == {np.dtype(np.float32)}
    net.params["W1"] = np.zeros((5, 4))
    assert net.params["W1"].dtype == np.float32
    with pytest.raises(TypeError, match="float32"):
        net.numerical_gradient(*batch)


def test_the_same_generator_gives_the_same_network():
    np.testing.assert_array_equal(network().params["W1"], network().params["W1"])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda net: TwoLayerNet(0, 1, 1), ValueError, "1 or more"),
        (lambda net: TwoLayerNet(1, 1, 1, dtype=int), ValueError, "float32 or float64"),
        (lambda net: net.predict(np.ones((2, 4))), ValueError, "W expects 5"),
        (lambda net: net.loss(np.ones((2, 5)), [0, 3]), ValueError, "out of range"),
        (lambda net: net.loss(np.ones((2, 5)), [[0], [1]]), ValueError, "do not fit"),
        (lambda net: net.accuracy(np.ones((2, 5)), [0]), ValueError, "do not fit"),
        (lambda net: net.params.__setitem__("W1", np.ones((4, 5))), ValueError, "does not fit"),
        (lambda net: net.params["W3"], KeyError, "W3"),
        (lambda net: net.accuracy(np.full((1, 5), np.nan), [0]), ValueError, "not finite"),
        (lambda net: net.accuracy(np.ones((0, 5)), []), ValueError, "empty"),
        (lambda net: net.params.pop("W1"), TypeError, "cannot be deleted"),
    ],
)
def test_bad_input_is_told_clearly(call, error, says):
    with pytest.raises(error, match=says):
        call(network())
