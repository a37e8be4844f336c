"""Layers: each knows its forward formula and, from the local derivatives, its backward formula.

`forward(*inputs)` computes the output and keeps only what `backward` needs. `backward(dout)` takes
the upstream gradient, dL/d(output), and returns dL/d(input) for each input, in the same order.
A layer never writes into the arrays it is given; it may keep them, and what it returned, until
`backward`, so change neither before. Use one layer object for one place in a network: a second
`forward` replaces what the first one kept.
"""

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nnlib.functions import (
    Array,
    as_float,
    class_indices,
    largest_taken_out,
    relu,
    sigmoid,
    sum_squared_error,
)

NUMBER = (int, float)  # Python numbers go through a layer as they are: 100 * 2 stays 200


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an array, and () for a number."""
    return x.shape if isinstance(x, np.ndarray) else ()


def unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Sum `gradient` over the axes along which an input of `shape` was repeated by broadcasting.

    An input that was used several times gets the sum of what comes back from each use.

    Examples
    --------
    >>> unbroadcast(np.ones((4, 3)), shape=(3,))
    array([4., 4., 4.])
    """
    if isinstance(gradient, NUMBER) or gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    repeated = [extra + i for i, n in enumerate(shape) if n == 1]
    return gradient.sum(axis=(*range(extra), *repeated)).reshape(shape)


class Layer:
    """What every layer has: `forward` and `backward`.

    What `backward` returns may be `dout` itself, so do not change it in place. Write a layer of
    your own by deriving from this, and try it with `nnlib.gradient.layer_check`.

    Raises
    ------
    NotImplementedError
        By `forward` and `backward`, as long as a layer has none of its own.

    Examples
    --------
    >>> class Double(Layer):
    ...     def forward(self, x):
    ...         return 2 * x
    ...     def backward(self, dout):
    ...         return 2 * dout
    >>> Double().forward(3.0), Double().backward(1.0)
    (6.0, 2.0)
    """

    def forward(self, *inputs: Any) -> Any:
        """Compute the output from the inputs."""
        raise NotImplementedError(f"{type(self).__name__} has no forward yet")

    def backward(self, dout: Any) -> Any:
        """Compute the gradient for each input from the upstream gradient `dout`."""
        raise NotImplementedError(f"{type(self).__name__} has no backward yet")

    if not TYPE_CHECKING:  # pragma: no branch

        def __getattr__(self, name: str) -> Any:
            kind = type(self).__name__
            raise AttributeError(f"{kind} has no {name!r}; it may be that forward was not called")


def operands(layer: Layer, x: Any, y: Any) -> tuple[Any, Any]:
    """Return two inputs that broadcast: numbers as they are, all else as arrays of floats."""
    x = x if isinstance(x, NUMBER) else as_float(x)
    y = y if isinstance(y, NUMBER) else as_float(y, "y")
    if shape_of(x) and shape_of(y):  # a number goes with everything
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            raise ValueError(
                f"{type(layer).__name__}: shapes {x.shape} and {y.shape} do not go together; "
                "give two arrays of one shape, or an array and a number"
            ) from None
    return x, y


def upstream(layer: Layer, dout: Any, shape: tuple[int, ...]) -> Any:
    """Return `dout` if it has the shape of the layer's output: it is never broadcast."""
    if shape == () and isinstance(dout, NUMBER):
        return dout
    dout = as_float(dout, "dout")
    if dout.shape != shape:
        raise ValueError(
            f"{type(layer).__name__}: dout must have the shape of the output, {shape}, "
            f"got {dout.shape}"
        )
    return dout


class AddLayer(Layer):
    """z = x + y. Backward: dx = dout, dy = dout, each summed where broadcasting repeated it.

    Keeps no values, because the local derivatives are 1; only the shapes, to undo broadcasting.
    Shapes: x and y broadcast as in NumPy, dout has the shape of z, dx that of x, dy that of y.

    Raises
    ------
    ValueError
        If x and y do not broadcast, or dout has another shape than z.

    Examples
    --------
    >>> add = AddLayer()
    >>> add.forward(200, 450)
    650
    >>> add.backward(1.1)
    (1.1, 1.1)

    References
    ----------
    Griewank, Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 3.
    """

    def forward(self, x: Any, y: Any) -> Any:
        x, y = operands(self, x, y)
        z = x + y
        self.shapes = shape_of(x), shape_of(y), shape_of(z)
        return z

    def backward(self, dout: Any) -> tuple[Any, Any]:
        x_shape, y_shape, z_shape = self.shapes
        dout = upstream(self, dout, z_shape)
        return unbroadcast(dout, x_shape), unbroadcast(dout, y_shape)


class MulLayer(Layer):
    """z = x * y, entry by entry. Backward: dx = dout * y, dy = dout * x.

    Keeps both inputs: each is the local derivative of the other.
    Shapes: x and y broadcast as in NumPy, dout has the shape of z, dx that of x, dy that of y.

    Raises
    ------
    ValueError
        If x and y do not broadcast, or dout has another shape than z.

    Examples
    --------
    >>> mul = MulLayer()
    >>> mul.forward(100, 2)
    200
    >>> mul.backward(1.5)
    (3.0, 150.0)

    References
    ----------
    Griewank, Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 3.
    """

    def forward(self, x: Any, y: Any) -> Any:
        self.x, self.y = operands(self, x, y)
        z = self.x * self.y
        self.shape = shape_of(z)
        return z

    def backward(self, dout: Any) -> tuple[Any, Any]:
        dout = upstream(self, dout, self.shape)
        dx = unbroadcast(dout * self.y, shape_of(self.x))
        dy = unbroadcast(dout * self.x, shape_of(self.y))
        return dx, dy


class MatMulLayer(Layer):
    """Z = X Y, the matrix product. Backward: dX = dZ Y^T, dY = X^T dZ, with dZ the upstream `dout`.

    Keeps both inputs: each is what the other was multiplied by.
    Shapes: X (N, D) and Y (D, M) give Z (N, M). Also vectors: X (D,) is one row, Y (D,) one column.

    Raises
    ------
    ValueError
        If the shapes do not fit, or dout has another shape than Z.

    Examples
    --------
    >>> matmul = MatMulLayer()
    >>> matmul.forward([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]])
    >>> matmul.backward([[10.0]])
    (array([[30., 40.]]), array([[10.],
           [20.]]))

    References
    ----------
    Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
    differentiation" (2008), section 2.2.2.
    """

    def forward(self, x: ArrayLike, y: ArrayLike) -> Any:
        self.x, self.y = x, y = as_float(x), as_float(y, "y")
        if not (x.ndim in (1, 2) and y.ndim in (1, 2) and x.shape[-1] == y.shape[0]):
            raise ValueError(
                f"MatMulLayer: shapes {x.shape} and {y.shape} do not go together; it takes "
                "(N, D) and (D, M), or (D,) in place of either"
            )
        z = x @ y
        self.shape = shape_of(z)
        return z

    def backward(self, dout: Any) -> tuple[Array, Array]:
        dout = upstream(self, dout, self.shape)
        x = np.atleast_2d(self.x)
        y = self.y if self.y.ndim == 2 else self.y[:, np.newaxis]
        dz = np.reshape(dout, (len(x), y.shape[1]))
        return (dz @ y.T).reshape(self.x.shape), (x.T @ dz).reshape(self.y.shape)


class SumLayer(Layer):
    """y = the sum of all entries of x. Backward: each entry of dx is dout.

    Keeps the shape (and dtype) of x: that is all there is to know, the local derivatives are 1.
    Shapes: x any, y and dout a number, dx that of x.

    Raises
    ------
    ValueError
        If dout is not a number.

    Examples
    --------
    >>> layer = SumLayer()
    >>> float(layer.forward([1.0, 2.0, 4.0]))
    7.0
    >>> layer.backward(10.0)
    array([10., 10., 10.])

    References
    ----------
    Griewank, Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 3.
    """

    def forward(self, x: ArrayLike) -> Any:
        x = as_float(x)
        self.shape, self.dtype = x.shape, x.dtype
        return x.sum()

    def backward(self, dout: Any) -> Array:
        return np.full(self.shape, upstream(self, dout, ()), self.dtype)


class PowLayer(Layer):
    """y = x ** exponent for a fixed number. Backward: dx = dout * exponent * x ** (exponent - 1).

    Keeps the input. Shapes: x any, dout and dx the same. Where the power or its derivative has no
    finite value, such as 0 ** -1, it follows NumPy: infinity or NaN, and a warning.

    Parameters
    ----------
    exponent : float

    Raises
    ------
    TypeError
        If `exponent` is not a number.
    ValueError
        If dout has another shape than y.

    Examples
    --------
    >>> square = PowLayer(2)
    >>> float(square.forward(7.0)), float(square.backward(1.0))
    (49.0, 14.0)

    References
    ----------
    Griewank, Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 3.
    """

    def __init__(self, exponent: float):
        number = isinstance(exponent, (*NUMBER, np.floating, np.integer))
        if not number or isinstance(exponent, bool):
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

    Keeps the output, which is its own derivative. Shapes: x any, y, dout and dx the same. Where
    y is too large for a float, above x = 709, it follows NumPy: infinity, and a warning.

    Raises
    ------
    ValueError
        If dout has another shape than y.

    Examples
    --------
    >>> exp = ExpLayer()
    >>> float(exp.forward(0.0)), float(exp.backward(2.0))
    (1.0, 2.0)

    References
    ----------
    Griewank, Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 3.
    """

    def forward(self, x: Any) -> Any:
        self.out = np.exp(as_float(x))
        return self.out

    def backward(self, dout: Any) -> Any:
        return upstream(self, dout, shape_of(self.out)) * self.out


class LogLayer(Layer):
    """y = log(x), the natural logarithm. Backward: dx = dout / x.

    Keeps the input. Shapes: x any, y, dout and dx the same. For x <= 0 it follows NumPy: -inf or
    NaN, and a warning.

    Raises
    ------
    ValueError
        If dout has another shape than y.

    Examples
    --------
    >>> log = LogLayer()
    >>> float(log.forward(1.0)), float(log.backward(2.0))
    (0.0, 2.0)

    References
    ----------
    Griewank, Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 3.
    """

    def forward(self, x: Any) -> Any:
        self.x = as_float(x)
        return np.log(self.x)

    def backward(self, dout: Any) -> Any:
        return upstream(self, dout, self.x.shape) / self.x


class ReciprocalLayer(Layer):
    """y = 1 / x. Backward: dx = -dout * y**2.

    Keeps the output: the local derivative is known from it alone. Shapes: x any, y, dout and dx
    the same. For x = 0 it follows NumPy: infinity, and a warning.

    Raises
    ------
    ValueError
        If dout has another shape than y.

    Examples
    --------
    >>> reciprocal = ReciprocalLayer()
    >>> float(reciprocal.forward(4.0)), float(reciprocal.backward(1.0))
    (0.25, -0.0625)

    References
    ----------
    Griewank, Walther, "Evaluating Derivatives", 2nd ed. (2008), chapter 3.
    """

    def forward(self, x: Any) -> Any:
        self.out = 1 / as_float(x)
        return self.out

    def backward(self, dout: Any) -> Any:
        return -upstream(self, dout, shape_of(self.out)) * self.out * self.out


class Relu(Layer):
    """y = x where x > 0, else 0. Backward: dx = dout where x > 0, else 0.

    Keeps the mask x > 0, one truth value for each entry: nothing else of x matters to backward.
    Shapes: x any, y, dout and dx the same; dout must be finite, since infinity times 0 is NaN. At
    x = 0 exactly, where there is no derivative, it takes 0.

    Raises
    ------
    ValueError
        If dout has another shape than y.

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

    def backward(self, dout: Any) -> Any:
        return upstream(self, dout, self.mask.shape) * self.mask


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x)). Backward: dx = dout * y * (1 - y).

    Keeps the output y, from which the local derivative is known, and 1 - y, which is the sigmoid
    of -x and would lose its digits in the subtraction where y is near 1.
    Shapes: x any, y, dout and dx the same.

    Raises
    ------
    ValueError
        If dout has another shape than y.

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
        self.out, self.rest = sigmoid(x), sigmoid(np.negative(as_float(x)))
        return self.out

    def backward(self, dout: Any) -> Any:
        return upstream(self, dout, self.out.shape) * self.out * self.rest


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
        features = x.size if x.ndim <= 1 else prod(x.shape[1:])
        if x.ndim == 0 or features != self.W.shape[0]:
            raise ValueError(
                f"Affine: x of shape {x.shape} has {features} features, "
                f"W expects {self.W.shape[0]} (shape {self.W.shape})"
            )
        self.x_shape = x.shape
        self.x = x.reshape(1 if x.ndim == 1 else len(x), features)
        out = self.x @ self.W
        out += self.b
        return out[0] if x.ndim == 1 else out

    def backward(self, dout: ArrayLike) -> Array:
        dy = self.parameter_gradients(dout)
        return (dy @ self.W.T).reshape(self.x_shape)

    def parameter_gradients(self, dout: ArrayLike) -> Array:
        """Set `dW` and `db` only, and return `dout` as a matrix (N, M).

        This is all that the first layer of a network has to do: nobody asks for the gradient of
        the data.
        """
        outputs = self.W.shape[1]
        shape = (outputs,) if len(self.x_shape) == 1 else (len(self.x), outputs)
        dy: Array = upstream(self, dout, shape).reshape(len(self.x), outputs)
        self.dW = self.x.T @ dy
        self.db = dy.sum(axis=0)
        return dy


class SoftmaxWithLoss(Layer):
    """Mean over the batch of -log softmax(x)[t]. Backward: dx = dout * (y - t) / N.

    The loss is computed from the scores as log(sum(exp(x))) - x[t], with the largest score taken
    out first, so it is right also where the probability of the right class rounds to 0.

    Keeps the probabilities y and the class indices t, all that y - t needs.
    Shapes: scores x (N, C) or (C,); labels t as class indices, integers (N,) or (), or one-hot,
    as x; loss and dout are numbers; dx as x. There is no gradient for t: labels are data.

    Raises
    ------
    ValueError
        If the labels do not fit the scores, or dout is not a number.

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
        if shifted.size == 0:
            raise ValueError(f"SoftmaxWithLoss: the batch is empty, x has shape {shifted.shape}")
        self.t = class_indices(t, shifted.shape).ravel()
        self.shape = shifted.shape
        shifted = shifted.reshape(self.t.size, -1)  # one sample in each row
        self.rows = np.arange(self.t.size)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        self.y = e / total
        losses = np.log(total[:, 0]) - shifted[self.rows, self.t]
        return float(losses.sum()) / self.t.size

    def backward(self, dout: float = 1.0) -> Array:
        scale = float(upstream(self, dout, ())) / len(self.y)
        dx: Array = self.y * scale
        dx[self.rows, self.t] -= scale  # so dx is scale * (y - t)
        return dx.reshape(self.shape)


class IdentityWithLoss(Layer):
    """Batch mean of half the sum of (x - t)**2. Backward: dx = dout * (x - t) / N.

    Backward is the same as that of softmax with cross-entropy. This ends a network that predicts
    numbers, where softmax ends one that chooses a class.

    Keeps x - t. Shapes: outputs x (N, C) or (C,), targets t the same; loss and dout are numbers;
    dx as x. There is no gradient for t: targets are data.

    Raises
    ------
    ValueError
        If the shapes of x and t differ (nothing is broadcast), or dout is not a number.

    Examples
    --------
    >>> layer = IdentityWithLoss()
    >>> layer.forward([1.0, 3.0], [1.0, 1.0])
    2.0
    >>> layer.backward()
    array([0., 2.])

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning" (2006), sections 5.2 and 5.3.1.
    """

    def forward(self, x: ArrayLike, t: ArrayLike) -> float:
        loss = sum_squared_error(x, t)
        y = as_float(x)
        self.difference = y - as_float(t).astype(y.dtype)
        return loss

    def backward(self, dout: float = 1.0) -> Array:
        samples = self.difference.size // self.difference.shape[-1]
        return np.asarray(self.difference * (float(upstream(self, dout, ())) / samples))
