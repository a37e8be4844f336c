"""Layers: each knows its forward formula and, from the local derivatives, its backward formula.

`forward(*inputs)` computes the output and keeps only what `backward` needs. `backward(dout)` takes
the upstream gradient, dL/d(output), and returns dL/d(input) for each input, in the same order.
A layer never writes into the arrays it is given; it may keep them, and what it returned, until
`backward`, so change neither before. Use one layer object for one place in a network: a second
`forward` replaces what the first one kept.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnlib.functions import Array, as_float, class_indices, largest_taken_out, relu, sigmoid


def unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Sum `gradient` over the axes along which an input of `shape` was repeated by broadcasting.

    An input that was used several times gets the sum of what comes back from each use.

    Examples
    --------
    >>> unbroadcast(np.ones((4, 3)), shape=(3,))
    array([4., 4., 4.])
    """
    if np.shape(gradient) == shape:
        return gradient
    extra = np.ndim(gradient) - len(shape)
    repeated = [extra + i for i, n in enumerate(shape) if n == 1 and gradient.shape[extra + i] > 1]
    return np.sum(gradient, axis=(*range(extra), *repeated)).reshape(shape)


class Layer:
    """What every layer has: `forward` and `backward`.

    Examples
    --------
    >>> layer = MulLayer()
    >>> isinstance(layer, Layer)
    True
    """

    def forward(self, *inputs: Any) -> Any:
        """Compute the output from the inputs."""
        raise NotImplementedError

    def backward(self, dout: Any) -> Any:
        """Compute the gradient for each input from the upstream gradient `dout`."""
        raise NotImplementedError


def operands(layer: Layer, x: Any, y: Any) -> tuple[Any, Any]:
    """Return two inputs that broadcast: Python numbers as they are (200 stays 200), else floats."""
    x, y = (v if isinstance(v, int | float) else as_float(v) for v in (x, y))
    try:
        np.broadcast_shapes(np.shape(x), np.shape(y))
    except ValueError:
        raise ValueError(
            f"{type(layer).__name__}: shapes {np.shape(x)} and {np.shape(y)} do not go together; "
            "give two arrays of one shape, or an array and a number"
        ) from None
    return x, y


def upstream(layer: Layer, dout: Any, shape: tuple[int, ...]) -> Any:
    """Return `dout` if it has the shape of the layer's output: it is never broadcast."""
    if np.shape(dout) != shape:
        raise ValueError(
            f"{type(layer).__name__}: dout must have the shape of the output, {shape}, "
            f"got {np.shape(dout)}"
        )
    return dout if isinstance(dout, int | float) else as_float(dout, "dout")


class AddLayer(Layer):
    """z = x + y. Backward: dx = dout, dy = dout, each summed where broadcasting repeated it.

    Keeps the two shapes. Shapes: x, y and dout broadcast as in NumPy; dx has the shape of x.

    Examples
    --------
    >>> add = AddLayer()
    >>> add.forward(200, 450)
    650
    >>> add.backward(1.1)
    (1.1, 1.1)
    """

    def forward(self, x: Any, y: Any) -> Any:
        x, y = operands(self, x, y)
        self.shapes = np.shape(x), np.shape(y)
        return x + y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        dout = upstream(self, dout, np.broadcast_shapes(*self.shapes))
        return unbroadcast(dout, self.shapes[0]), unbroadcast(dout, self.shapes[1])


class MulLayer(Layer):
    """z = x * y, entry by entry. Backward: dx = dout * y, dy = dout * x.

    Keeps both inputs. Shapes: x, y and dout broadcast as in NumPy; dx has the shape of x.

    Examples
    --------
    >>> mul = MulLayer()
    >>> mul.forward(100, 2)
    200
    >>> mul.backward(1.5)
    (3.0, 150.0)
    """

    def forward(self, x: Any, y: Any) -> Any:
        self.x, self.y = operands(self, x, y)
        return self.x * self.y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        dout = upstream(self, dout, np.broadcast_shapes(np.shape(self.x), np.shape(self.y)))
        dx = unbroadcast(dout * self.y, np.shape(self.x))
        dy = unbroadcast(dout * self.x, np.shape(self.y))
        return dx, dy


class PowLayer(Layer):
    """y = x ** exponent for a fixed number. Backward: dx = dout * exponent * x ** (exponent - 1).

    Keeps the input.

    Raises
    ------
    TypeError
        If `exponent` is not a number.

    Examples
    --------
    >>> square = PowLayer(2)
    >>> float(square.forward(7.0)), float(square.backward(1.0))
    (49.0, 14.0)
    """

    def __init__(self, exponent: float):
        if isinstance(exponent, bool) or not isinstance(exponent, int | float | np.number):
            raise TypeError(
                f"PowLayer: the exponent must be a number, got {type(exponent).__name__}; "
                "for a variable exponent write exp(y * log(x))"
            )
        self.exponent = float(exponent)

    def forward(self, x: Any) -> Any:
        self.x = as_float(x)
        return self.x**self.exponent

    def backward(self, dout: Any) -> Any:
        dout = upstream(self, dout, self.x.shape)
        if self.exponent == 0:
            return dout * np.zeros_like(self.x)  # x**0 is 1 for every x, 0 included
        return dout * self.exponent * self.x ** (self.exponent - 1)


class ExpLayer(Layer):
    """y = exp(x). Backward: dx = dout * y.

    Keeps the output, which is its own derivative.

    Examples
    --------
    >>> exp = ExpLayer()
    >>> float(exp.forward(0.0)), float(exp.backward(2.0))
    (1.0, 2.0)
    """

    def forward(self, x: Any) -> Any:
        self.out = np.exp(as_float(x))
        return self.out

    def backward(self, dout: Any) -> Any:
        return upstream(self, dout, np.shape(self.out)) * self.out


class LogLayer(Layer):
    """y = log(x), the natural logarithm. Backward: dx = dout / x.

    Keeps the input. For x <= 0 it follows NumPy: -inf or NaN, and a warning.

    Examples
    --------
    >>> log = LogLayer()
    >>> float(log.forward(1.0)), float(log.backward(2.0))
    (0.0, 2.0)
    """

    def forward(self, x: Any) -> Any:
        self.x = as_float(x)
        return np.log(self.x)

    def backward(self, dout: Any) -> Any:
        return upstream(self, dout, self.x.shape) / self.x


class ReciprocalLayer(Layer):
    """y = 1 / x. Backward: dx = -dout * y**2.

    Keeps the output. For x = 0 it follows NumPy: infinity, and a warning.

    Examples
    --------
    >>> reciprocal = ReciprocalLayer()
    >>> float(reciprocal.forward(4.0)), float(reciprocal.backward(1.0))
    (0.25, -0.0625)
    """

    def forward(self, x: Any) -> Any:
        self.out = 1 / as_float(x)
        return self.out

    def backward(self, dout: Any) -> Any:
        return -upstream(self, dout, np.shape(self.out)) * self.out**2


class Relu(Layer):
    """y = x where x > 0, else 0. Backward: dx = dout where x > 0, else 0.

    Keeps the mask x > 0, one truth value for each entry. At x = 0 exactly, where there is no
    derivative, it takes 0.

    Examples
    --------
    >>> layer = Relu()
    >>> layer.forward(np.array([-1.0, 0.0, 3.0]))
    array([0., 0., 3.])
    >>> layer.backward(np.array([10.0, 10.0, 10.0]))
    array([ 0.,  0., 10.])

    References
    ----------
    Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML (2010).
    """

    def forward(self, x: ArrayLike) -> Array:
        out = relu(x)
        self.mask = out > 0
        return out

    def backward(self, dout: Any) -> Array:
        return np.asarray(upstream(self, dout, self.mask.shape) * self.mask)


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x)). Backward: dx = dout * y * (1 - y).

    Keeps the output: the local derivative is known from it alone.

    Examples
    --------
    >>> layer = Sigmoid()
    >>> layer.forward(np.array([0.0])), layer.backward(np.array([1.0]))
    (array([0.5]), array([0.25]))

    References
    ----------
    Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors",
    Nature 323 (1986).
    """

    def forward(self, x: ArrayLike) -> Array:
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout: Any) -> Array:
        return np.asarray(upstream(self, dout, self.out.shape) * self.out * (1.0 - self.out))


class Affine(Layer):
    """Y = X W + b. Backward: dX = dY W^T, dW = X^T dY, db = dY summed over the batch.

    Keeps the input as a matrix and its shape. One sample (D,), a batch (N, D), or (N, ...) whose
    last axes hold D numbers in all; the output is (M,) or (N, M). After `backward`, the gradients
    of the parameters stand in `dW` and `db`.

    Parameters
    ----------
    W : array of shape (D, M)
    b : array of shape (M,)

    Raises
    ------
    ValueError
        If W, b, x or dout do not fit each other.

    Examples
    --------
    >>> affine = Affine(W=np.array([[1.0, 2.0], [3.0, 4.0]]), b=np.array([10.0, 20.0]))
    >>> affine.forward(np.array([1.0, 1.0]))
    array([14., 26.])
    >>> affine.backward(np.array([1.0, 0.0]))
    array([1., 3.])
    >>> affine.dW, affine.db
    (array([[1., 0.],
           [1., 0.]]), array([1., 0.]))

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.5.
    """

    def __init__(self, W: ArrayLike, b: ArrayLike):
        self.W, self.b = as_float(W, "W"), as_float(b, "b")
        if self.W.ndim != 2 or self.b.shape != self.W.shape[1:]:
            raise ValueError(
                f"Affine: W must be (D, M) and b (M,), got shapes {self.W.shape} and {self.b.shape}"
            )

    def forward(self, x: ArrayLike) -> Array:
        x = as_float(x)
        features = x.size if x.ndim <= 1 else int(np.prod(x.shape[1:]))
        if x.ndim == 0 or features != self.W.shape[0]:
            raise ValueError(
                f"Affine: x of shape {x.shape} has {features} features, "
                f"W expects {self.W.shape[0]} (shape {self.W.shape})"
            )
        self.x_shape = x.shape
        self.x = x.reshape(-1, features)
        out = self.x @ self.W + self.b
        return out[0] if x.ndim == 1 else out

    def backward(self, dout: ArrayLike) -> Array:
        dout = self.parameter_gradients(dout)
        return np.asarray((dout @ self.W.T).reshape(self.x_shape))

    def parameter_gradients(self, dout: ArrayLike) -> Array:
        """Set `dW` and `db` only, and return `dout` as a matrix (N, M).

        This is all that the first layer of a network has to do: nobody asks for the gradient of
        the data.
        """
        dout = np.atleast_2d(as_float(dout, "dout"))
        if dout.shape != (len(self.x), self.W.shape[1]):
            raise ValueError(
                f"Affine: dout must have the shape of the output, "
                f"{(len(self.x), self.W.shape[1])}, got {dout.shape}"
            )
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout


class SoftmaxWithLoss(Layer):
    """Mean over the batch of -log softmax(x)[t]. Backward: dx = dout * (y - t) / N.

    The loss is computed from the scores as log(sum(exp(x))) - x[t], with the largest score taken
    out first, so it is right also where the probability of the right class rounds to 0. Keeps the
    probabilities `y` and the labels.

    `forward(x, t)`: scores (N, C) or (C,), labels as in `nnlib.functions.class_indices`.
    `backward(dout=1)` returns the gradient for x only: labels are data.

    Raises
    ------
    ValueError
        If the labels do not fit the scores.

    Examples
    --------
    >>> layer = SoftmaxWithLoss()
    >>> round(layer.forward(np.log([0.3, 0.2, 0.5]), 1), 4)  # -log 0.2
    1.6094
    >>> layer.backward()
    array([ 0.3, -0.8,  0.5])

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4 and exercise 4.18.
    """

    def forward(self, x: ArrayLike, t: ArrayLike) -> float:
        shifted = largest_taken_out(x)
        self.t: NDArray[np.intp] = class_indices(t, shifted.shape)[..., np.newaxis]
        if shifted.size == 0:
            raise ValueError(f"SoftmaxWithLoss: the batch is empty, x has shape {shifted.shape}")
        e = np.exp(shifted)
        total = e.sum(axis=-1, keepdims=True)
        self.y = e / total
        return float(np.mean(np.log(total) - np.take_along_axis(shifted, self.t, axis=-1)))

    def backward(self, dout: float = 1.0) -> Array:
        dx = self.y.copy()
        right = np.take_along_axis(dx, self.t, axis=-1)
        np.put_along_axis(dx, self.t, right - 1.0, axis=-1)
        return np.asarray(dx * (float(dout) / self.t.size))
