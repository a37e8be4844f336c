"""Defects of a well-known reference code: each test proves one, and that nnlib has it not."""

import gzip
import hashlib

import numpy as np
import pytest

from nnlib import datasets
from nnlib.functions import cross_entropy_error, sigmoid, sum_squared_error
from nnlib.gradient import layer_check, numerical_gradient
from nnlib.graph import Graph, Variable
from nnlib.layers import Affine, Relu, SoftmaxWithLoss
from nnlib.network import TwoLayerNet
from nnlib.training import train

rng = np.random.default_rng(0)
X, T = rng.standard_normal((50, 4)), rng.integers(0, 3, 50)


def net():
    return TwoLayerNet(4, 5, 3, weight_init_std=0.5, rng=np.random.default_rng(1))


def test_relu_leaves_the_upstream_gradient_as_it_was():
    """Relu.backward writes zeros into dout, so another branch that shares it gets a wrong one."""

    class Defective(Relu):
        def backward(self, dout):
            dout[~self.mask] = 0
            return dout

    found = []
    for relu in (Defective(), Relu()):
        x, dout = np.array([-1.0, 2.0]), np.array([1.0, 1.0])
        relu.forward(x)  # y = relu(x) + x, whose derivative at -1 is 0 + 1
        found.append((relu.backward(dout) + dout).tolist())
    assert found == [[0, 2], [1, 2]]


def test_the_gradient_of_the_loss_is_scaled_by_what_comes_from_above():
    """SoftmaxWithLoss.backward ignores dout, so half of a loss gets the gradient of all of it."""

    class Defective(SoftmaxWithLoss):
        def backward(self, dout=1.0):
            return super().backward()

    assert not layer_check(Defective(), X[:, :3], T)
    assert layer_check(SoftmaxWithLoss(), X[:, :3], T)


def test_nothing_is_added_inside_the_logarithm():
    """The loss is -log(y + 1e-7), which backward is not the gradient of, and never above 16.118."""

    class Defective(SoftmaxWithLoss):
        def forward(self, x, t):
            super().forward(x, t)
            return -np.log(self.y[0, t] + 1e-7)

    scores = np.array([0.0, 50.0])
    assert Defective().forward(scores, 0) == pytest.approx(16.118, abs=1e-3)
    assert not layer_check(Defective(), scores, 0)
    assert SoftmaxWithLoss().forward(scores, 0) == 50
    assert layer_check(SoftmaxWithLoss(), scores, 0)
    assert SoftmaxWithLoss().forward([0.0, 5000.0], 0) == 5000  # where y rounds to 0
    assert cross_entropy_error([0.0, 1.0], 0) == np.inf


def defective_cross_entropy(y, t):
    if t.size == y.size:
        t = t.argmax(axis=1)
    return -np.sum(np.log(y[np.arange(len(y)), t])) / len(y)


def test_a_column_of_labels_is_refused():
    """Labels of shape (N, 1) are broadcast to (N, N), so loss and accuracy come out N-fold."""
    y, t = np.full((4, 2), 0.5), np.ones((4, 1), int)
    assert defective_cross_entropy(y, t) == pytest.approx(4 * np.log(2))
    assert np.sum(np.ones(4) == t) / 4 == 4  # an accuracy of 400 %
    layer, network = SoftmaxWithLoss(), net()
    calls = (cross_entropy_error, y), (layer.forward, y), (network.loss, X[:4])
    for call, x in (*calls, (network.accuracy, X[:4])):
        with pytest.raises(ValueError, match=r"labels of shape \(4, 1\) do not fit"):
            call(x, t)
    with pytest.raises(ValueError, match="one shape"):
        sum_squared_error(y, t)


def test_the_form_of_labels_is_told_by_their_shape():
    """Labels count as one-hot if t.size == y.size, so other labels of that size are misread."""
    one_sample, column = np.array([[0.2, 0.3, 0.5]]), np.array([[2], [1], [2]])
    found = defective_cross_entropy(one_sample, column)
    assert found == pytest.approx(-3 * np.log(0.2))  # three times the loss of a class not in t
    with pytest.raises(ValueError, match=r"labels of shape \(3, 1\) do not fit"):
        cross_entropy_error(one_sample, column)

    one_class, indices = np.ones((3, 1)), np.zeros(3, int)
    with pytest.raises(np.exceptions.AxisError):
        defective_cross_entropy(one_class, indices)
    assert cross_entropy_error(one_class, indices) == 0

    shares = np.array([[0.4, 0.6, 0.0]])
    assert defective_cross_entropy(one_sample, shares) == pytest.approx(-np.log(0.3))
    with pytest.raises(ValueError, match="one-hot labels need exactly one 1"):
        cross_entropy_error(one_sample, shares)


@pytest.mark.parametrize("t", [np.array(1), np.array([0, 1, 0])])
def test_the_gradient_of_one_sample_is_not_divided_by_the_number_of_classes(t):
    """The batch size is t.shape[0], so one one-hot sample of C classes gets 1/C of its gradient."""
    one_hot, y = np.array([0, 1, 0]), np.array([0.3, 0.2, 0.5])
    defective = (y - one_hot) / one_hot.shape[0]
    np.testing.assert_allclose(defective, [0.1, -0.8 / 3, 0.5 / 3])
    layer = SoftmaxWithLoss()
    assert layer.forward(np.log(y), t) == pytest.approx(-np.log(0.2))
    np.testing.assert_allclose(layer.backward(), [0.3, -0.8, 0.5])


def defective_numerical_gradient(f, x, h=1e-4):
    gradient = np.zeros_like(x)
    for i, before in enumerate(x.tolist()):
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        gradient[i] = (above - f(x)) / (2 * h)
        x[i] = before
    return gradient


def test_the_numerical_gradient_of_integers():
    """x + h is stored in an array of integers, which cuts it off, so the gradient is nonsense."""
    x = np.array([3, 4])
    assert defective_numerical_gradient(lambda x: np.sum(x**2), x).tolist() == [25000, 35000]
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), [6, 8])
    assert (x.dtype.kind, x.tolist()) == ("i", [3, 4])


def test_the_numerical_gradient_puts_the_array_back_when_the_function_raises():
    """An exception in f leaves x + h in the array, so what is computed next is a little wrong."""

    def f(x):
        if x[1] > 0.2:
            raise KeyboardInterrupt
        return x.sum()

    found = []
    for gradient in (defective_numerical_gradient, numerical_gradient):
        x = np.array([0.1, 0.2])
        with pytest.raises(KeyboardInterrupt):
            gradient(f, x)
        found.append(x.tolist())
    assert found == [[0.1, 0.2 + 1e-4], [0.1, 0.2]]


def test_each_use_in_a_graph_keeps_its_own_input():
    """A layer that stands in two places keeps the input of the second, so backward is wrong."""
    relu, one = Relu(), np.ones(1)  # |x| = relu(x) + relu(-x), whose derivative at -3 is -1
    relu.forward(-3 * one)
    relu.forward(3 * one)
    assert relu.backward(one) - relu.backward(one) == 0

    x = Variable(-3.0, name="x")
    absolute = x.relu() + (-x).relu()  # a layer for each use
    graph = Graph(absolute)
    assert graph.at(x=3.0).gradients["x"] == 1  # again layers of its own
    absolute.backward()
    assert x.grad == graph.gradients["x"] == -1

    network = net()
    expected = network.gradient(X, T)
    network.loss(X[:7], T[:7])
    for name, gradient in network.gradient(X, T).items():
        np.testing.assert_array_equal(gradient, expected[name])


def test_assigning_a_parameter_reaches_the_layer():
    """Assigning params["W1"] leaves the layer its old array, so a network that is trained with
    params[name] = params[name] - rate * gradient never learns."""
    params = {"W1": np.ones((4, 3))}
    defective = Affine(params["W1"], np.zeros(3))
    params["W1"] = params["W1"] - 1
    assert defective.forward(X).any()

    network = net()
    network.params["W1"] = network.params["W1"] * 0
    network.params["W2"] = network.params["W2"] * 0
    assert not network.predict(X).any()
    assert network.loss(X, T) == pytest.approx(np.log(3))


def test_the_sigmoid_does_not_overflow():
    """1 / (1 + exp(-x)) overflows at a large negative x, so a right result comes with a warning."""
    for x in (np.float64(-1000), np.float32(-100)):
        with pytest.warns(RuntimeWarning, match="overflow"):
            assert 1 / (1 + np.exp(-x)) == 0
        with np.errstate(over="raise"):
            assert sigmoid(x) == pytest.approx(0, abs=1e-40)


def test_a_loss_that_is_logged_is_not_computed_again(monkeypatch):
    """The loss is computed again after each step to be logged, so training needs two forward passes
    for a step, and logs another loss than the one whose gradient it followed."""
    network, passes = net(), []
    forward = network.layers["Affine1"].forward
    monkeypatch.setattr(
        network.layers["Affine1"], "forward", lambda x: passes.append(len(x)) or forward(x)
    )
    network.params["W1"] -= network.gradient(X[:20], T[:20])["W1"]
    used = network.last_loss
    assert network.loss(X[:20], T[:20]) != used
    assert passes == [20, 20]

    passes.clear()
    train(network, (X, T), (X[:7], T[:7]), epochs=2, batch_size=20)
    accuracies, epoch = [50, 7], [20, 20, 10]
    assert passes == accuracies + epoch + accuracies + epoch + accuracies


def test_a_damaged_download_is_refused(tmp_path, monkeypatch):
    """Downloads are not compared with a checksum, so a damaged file is read as if it were sound."""
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(datasets, "MIRRORS", ("http://127.0.0.1:9/",))  # nothing listens there
    sound, damaged = gzip.compress(b"\7\7\7\7"), gzip.compress(b"\7\7\7\6")
    checksum = hashlib.sha256(sound).hexdigest()
    monkeypatch.setattr(datasets, "MNIST_FILES", {"train-images-idx3": checksum})
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(damaged)
    assert gzip.decompress(damaged) == b"\7\7\7\6"  # without a complaint
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is damaged"):
        datasets.load_mnist()
    assert path.read_bytes() == damaged
