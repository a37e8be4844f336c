"""Gradient checks where it is hard: poles, huge and tiny numbers, kinks, and what is unseen.

What is right passes, what is wrong is flagged, and what cannot be judged is said.
"""

import math

import numpy as np
import pytest

from nnlib import layers
from nnlib.datasets import load_digits
from nnlib.gradient import gradient_check, layer_check, numerical_diff, numerical_gradient
from nnlib.graph import Variable
from nnlib.network import TwoLayerNet

RNG = np.random.default_rng(0)
NEAR_TROUBLE = {
    "log near 0": (np.log, lambda x: 1 / x, [1e-8, 1e-4, 1e-2]),
    "1/x near 0": (lambda x: 1 / x, lambda x: -1 / x**2, [1e-7, -1e-4, 1e-2]),
    "root near 0": (np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-8, 1e-4]),
    "square, far out": (lambda x: x**2, lambda x: 2 * x, [1e7, -1e9, 1e12]),
    "steep sigmoid": (
        lambda x: np.tanh(1e6 * x), lambda x: 1e6 / np.cosh(1e6 * x) ** 2, [0.0, 3e-7],
    ),
    "large value, small slope": (lambda x: 1e9 + x, lambda x: 1 + 0 * x, [0.5, 3.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", NEAR_TROUBLE)
def test_right_passes_and_wrong_is_flagged_where_it_is_hard(name):
    f, derivative, places = NEAR_TROUBLE[name]
    for place in places:
        x = np.array([place])
        right = derivative(x)
        report = gradient_check(lambda v: f(v).sum(), x, right)
        assert report, (place, report)
        assert not gradient_check(lambda v: f(v).sum(), x, 1.01 * right), place


def test_f_may_raise_outside_its_domain():
    for f in (lambda v: math.log(v[0]), lambda v: Variable(v).log().sum().value):
        assert gradient_check(f, np.array([1e-3]), np.array([1e3]))
        assert not gradient_check(f, np.array([1e-3]), np.array([1.01e3]))


class HalfRelu(layers.Relu):
    """Takes the mean of both sides at 0."""

    def backward(self, dout):
        return np.where(self.at_0, 0.5 * dout, super().backward(dout))

    def forward(self, x):
        self.at_0 = np.asarray(x) == 0
        return super().forward(x)


class SteepRelu(layers.Relu):
    def forward(self, x):
        out = super().forward(x)
        self.mask = np.asarray(x) >= 0
        return out


@pytest.mark.parametrize("kind", [HalfRelu, SteepRelu])
@pytest.mark.parametrize("shape", [(4,), (20, 20)])
def test_at_the_kink_of_a_relu_a_layer_has_to_take_0(kind, shape):
    x = np.random.default_rng(0).normal(size=shape)
    x.ravel()[1] = 0.0
    assert layer_check(layers.Relu(), x)
    report = layer_check(kind(), x)
    assert not report
    assert "take the flatter side" in str(report)


def test_a_wrong_row_beside_many_zeros_is_flagged():
    class LastRowForgotten(layers.Relu):
        def backward(self, dout):
            dx = super().backward(dout)
            dx[-1] = 0
            return dx

    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 64)) * (rng.random((60, 64)) < 0.5)
    report = layer_check(layers.Relu(), x)
    assert report, report
    assert "went unjudged" in str(report)  # there are 1900 kinks
    assert not layer_check(LastRowForgotten(), x)


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (lambda: gradient_check(lambda v: 1e12 + 0 * v.sum(), np.ones(2), np.zeros(2)), "the same"),
        (lambda: gradient_check(lambda _: 5.0, [1, 2], np.ones(2)), ""),
        (lambda: layer_check(layers.Sigmoid(), np.array([1.0, 40.0])), "too small to be seen"),
        (
            lambda: gradient_check(lambda v: np.abs(v).sum(), np.array([0.0]), np.array([5.0])),
            "a kink at (0,), with slopes -1 and 1",
        ),
    ],
)
def test_what_could_not_be_judged_is_said(check, says):
    assert says in str(check())


def test_a_parameter_without_a_gradient_is_named():
    class Scale(layers.Layer):
        def __init__(self):
            self.gamma, self.beta = np.array([2.0]), np.array([3.0])

        def forward(self, x):
            self.x = x
            return self.gamma * x + self.beta

        def backward(self, dout):
            self.dgamma = np.array([np.sum(dout * self.x)])
            return dout * self.gamma

    report = layer_check(Scale(), np.array([1.0, 4.0]))
    assert report, report
    assert [row.name for row in report.rows] == ["x", "gamma"]
    assert "Scale.beta was not checked: there is no Scale.dbeta" in str(report)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: gradient_check(lambda v: v.sum(), np.ones(2), np.ones(2), h=1e-30),
            ValueError,
            "small numbers above 0",
        ),
        (lambda: gradient_check(lambda v: 1.0, {}, {}), ValueError, "x is empty"),
        (
            lambda: gradient_check(lambda v: np.log(v).sum(), -np.ones(2), np.ones(2)),
            ValueError,
            "f is nan at x",
        ),
        (
            lambda: gradient_check(lambda v: RNG.random(), np.ones(2), np.ones(2)),
            ValueError,
            "another value when it is called again",
        ),
        (lambda: numerical_gradient(lambda v: np.float32(1), np.ones(2)), TypeError, "float32"),
        (lambda: numerical_gradient(lambda v: None, np.ones(2)), TypeError, "what f returns"),
        (lambda: layers.AddLayer().backward(1.0), AttributeError, "forward was not called"),
        (lambda: layers.SumLayer().forward([[1.0], [1.0, 2.0]]), TypeError, "different lengths"),
        (lambda: np.mean(Variable([1.0, 2.0])), TypeError, "np.mean does not know Variable"),
        (lambda: np.dot(np.eye(2), Variable([1.0, 2.0])), TypeError, "np.dot does not know"),
    ],
)
def test_bad_input_is_told_clearly(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_list_of_gradients_is_no_tuple():
    class ListLayer(layers.MulLayer):
        def backward(self, dout):
            return list(super().backward(dout))

    assert "it returned a list, not a tuple" in str(layer_check(ListLayer(), 2.0, 3.0))


def test_numerical_diff_divides_by_the_step_that_was_taken():
    assert numerical_diff(lambda x: 2 * x, 1e10) == 2.0
    assert numerical_diff(lambda x: x * x, np.float32(3)) == pytest.approx(6.0, rel=1e-10)


def test_the_starting_gradient_is_a_copy():
    x = Variable([1.0, 2.0])
    dout = np.ones(2)
    y = x + 0.0
    y.backward(dout)
    dout[:] = 5.0
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("samples", [50, 100])
def test_a_right_gradient_passes_where_a_direction_as_a_whole_meets_kinks(seed, samples):
    (x, t), _ = load_digits()
    x, t = x[:samples], t[:samples]
    net = TwoLayerNet(64, 50, 10, rng=np.random.default_rng(seed))
    report = gradient_check(lambda _: net.loss(x, t), net.params, net.gradient(x, t))
    assert report, report
    gradient = net.gradient(x, t)
    gradient["W1"].flat[np.abs(gradient["W1"]).argmax()] *= 1.001
    assert not gradient_check(lambda _: net.loss(x, t), net.params, gradient)
