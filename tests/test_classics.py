"""The programs of the "from scratch" tradition run on nnlib and give their well-known numbers."""

import numpy as np
import pytest

from nnlib.functions import identity, sigmoid
from nnlib.gradient import numerical_diff, numerical_gradient
from nnlib.graph import Variable
from nnlib.layers import AddLayer, MulLayer


def test_apple_shop():
    mul_apple, mul_tax = MulLayer(), MulLayer()
    price = mul_tax.forward(mul_apple.forward(100, 2), 1.1)
    assert price == pytest.approx(220)
    dapple_price, dtax = mul_tax.backward(1)
    dapple, dapple_num = mul_apple.backward(dapple_price)
    assert (dapple, dapple_num, dtax) == pytest.approx((2.2, 110, 200))


def test_apples_and_oranges():
    mul_apple, mul_orange, add, mul_tax = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    fruit = add.forward(mul_apple.forward(100, 2), mul_orange.forward(150, 3))
    assert mul_tax.forward(fruit, 1.1) == pytest.approx(715)
    dfruit, dtax = mul_tax.backward(1)
    dapples, doranges = add.backward(dfruit)
    dapple, dapple_num = mul_apple.backward(dapples)
    dorange, dorange_num = mul_orange.backward(doranges)
    found = dapple_num, dapple, dorange, dorange_num, dtax
    assert found == pytest.approx((110, 2.2, 3.3, 165, 650))


def test_apples_and_oranges_as_a_graph():
    a, n, b, m, tax = (Variable(v) for v in (100, 2, 150, 3, 1.1))
    total = (a * n + b * m) * tax
    total.backward()
    assert total.value == pytest.approx(715)
    assert (n.grad, a.grad, b.grad, m.grad, tax.grad) == pytest.approx((110, 2.2, 3.3, 165, 650))


def test_three_layers_with_given_weights():
    W1, b1 = np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]), np.array([0.1, 0.2, 0.3])
    W2, b2 = np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]), np.array([0.1, 0.2])
    W3, b3 = np.array([[0.1, 0.3], [0.2, 0.4]]), np.array([0.1, 0.2])
    z1 = sigmoid(np.array([1.0, 0.5]) @ W1 + b1)
    y = identity(sigmoid(z1 @ W2 + b2) @ W3 + b3)
    np.testing.assert_allclose(y, [0.31682708, 0.69627909], atol=5e-9)


def test_numerical_derivatives():
    def f(x):
        return 0.01 * x**2 + 0.1 * x

    assert numerical_diff(f, 5) == pytest.approx(0.2, abs=1e-10)
    assert numerical_diff(f, 10) == pytest.approx(0.3, abs=1e-10)


@pytest.mark.parametrize(("at", "expected"), [([3, 4], [6, 8]), ([0, 2], [0, 4]), ([3, 0], [6, 0])])
def test_gradient_of_a_bowl(at, expected):
    found = numerical_gradient(lambda x: x[0] ** 2 + x[1] ** 2, np.array(at))
    np.testing.assert_allclose(found, expected, atol=1e-9)
