"""A two-layer network, put together from the layers of `nnlib.layers`."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from nnlib.functions import Array, as_float, class_indices
from nnlib.gradient import numerical_gradient
from nnlib.layers import Affine, Layer, Relu, SoftmaxWithLoss


class TwoLayerNet:
    """Affine, ReLU, Affine, and softmax with loss on top: a classifier.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        D, H and C: how many numbers go in, how many hidden units, how many classes.
    weight_init_std : float, default 0.01
        Standard deviation of the first weights; the first biases are 0.
    dtype : float64 (default) for checking gradients, or float32 for speed
    rng : numpy.random.Generator, optional
        Where the first weights come from; default a generator with seed 0.

    Attributes
    ----------
    params : mapping of "W1" (D, H), "b1" (H,), "W2" (H, C), "b2" (C,) to arrays
        The arrays that the layers use; assigning a new array to an item takes effect.
    layers : dict of str to Layer
        In forward order; `last_layer` is the softmax with loss.
    last_loss : float or None
        The loss of the last forward pass.

    Raises
    ------
    ValueError
        If a size is not above 0, or shapes of data, labels or parameters do not fit.

    Examples
    --------
    >>> net = TwoLayerNet(input_size=4, hidden_size=5, output_size=3)
    >>> x, t = np.ones((2, 4)), np.array([0, 2])
    >>> net.predict(x).shape
    (2, 3)
    >>> {name: gradient.shape for name, gradient in net.gradient(x, t).items()}
    {'W1': (4, 5), 'b1': (5,), 'W2': (5, 3), 'b2': (3,)}

    References
    ----------
    Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors",
    Nature 323 (1986).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        weight_init_std: float = 0.01,
        dtype: DTypeLike = np.float64,
        rng: np.random.Generator | None = None,
    ):
        sizes = input_size, hidden_size, output_size
        if min(sizes) < 1:
            raise ValueError(f"TwoLayerNet: the sizes must be 1 or more, got {sizes}")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"TwoLayerNet: dtype must be float32 or float64, got {dtype}")
        self.dtype = np.dtype(dtype)
        rng = rng or np.random.default_rng(0)

        def affine(rows: int, columns: int) -> Affine:
            W = weight_init_std * rng.standard_normal((rows, columns))
            return Affine(W.astype(self.dtype), np.zeros(columns, self.dtype))

        first, second = affine(input_size, hidden_size), affine(hidden_size, output_size)
        self.layers: dict[str, Layer] = {"Affine1": first, "Relu1": Relu(), "Affine2": second}
        self.last_layer = SoftmaxWithLoss()
        self._params = Parameters(self.layers)
        self.last_loss: float | None = None

    @property
    def params(self) -> "Parameters":
        """The weights and biases by name; they are changed by assigning to its items."""
        if self._params.count != len(self.layers):
            self._params = Parameters(self.layers)
        return self._params

    def predict(self, x: ArrayLike) -> Array:
        """Return the scores, (N, C), of a batch (N, D); the largest of a row is the answer."""
        out = np.asarray(as_float(x), self.dtype)
        for layer in self.layers.values():
            out = layer.forward(out)
        return out

    def loss(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the mean loss of a batch (N, D) with labels (N,) or one-hot (N, C)."""
        self.last_loss = self.last_layer.forward(self.predict(x), t)
        return self.last_loss

    def accuracy(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the share, 0 to 1, of a batch whose largest score is that of the right class."""
        scores = self.predict(x)
        if not scores.size or not np.isfinite(scores).all():
            raise ValueError(
                f"accuracy: the scores, of shape {scores.shape}, are empty or not finite; "
                "give at least one sample, and look for NaN in x and in params"
            )
        return float(np.mean(scores.argmax(axis=-1) == class_indices(t, scores.shape)))

    def gradient(self, x: ArrayLike, t: ArrayLike) -> dict[str, Array]:
        """Return the gradient of the loss for each parameter, by backpropagation."""
        self.loss(x, t)
        dout = self.last_layer.backward()
        first: Any
        first, *rest = self.layers.values()
        for layer in reversed(rest):
            dout = layer.backward(dout)
        first.parameter_gradients(dout)  # nobody needs the gradient of the data
        return self.params.gradients()

    def numerical_gradient(self, x: ArrayLike, t: ArrayLike) -> dict[str, Array]:
        """Return the gradient of the loss for each parameter, by central differences: slowly.

        Raises
        ------
        TypeError
            If the network is float32.
        """
        return {
            name: numerical_gradient(lambda _: self.loss(x, t), array)
            for name, array in self.params.items()
        }


class Parameters(MutableMapping[str, Array]):
    """The weights and biases of a network's Affine layers: "W1" is the W of its layer "Affine1".

    It holds no arrays of its own: reading looks into the layer, assigning puts the array there.

    Examples
    --------
    >>> params = Parameters({"Affine1": Affine(np.eye(2), np.zeros(2))})
    >>> params["b1"] = np.array([5.0, 6.0])
    >>> params["b1"]
    array([5., 6.])
    """

    def __init__(self, layers: dict[str, Layer]):
        self._layers = layers
        self.count = len(layers)  # a network that gets more layers makes its Parameters anew
        affine = [name for name in layers if name.startswith("Affine")]
        self._places = {a + name.removeprefix("Affine"): (name, a) for name in affine for a in "Wb"}

    def __getitem__(self, name: str) -> Array:
        if name not in self._places:
            raise KeyError(f"{name!r}: the parameters are {', '.join(self._places)}")
        place, attribute = self._places[name]
        layer: Any = self._layers[place]
        array: Array = layer.W if attribute == "W" else layer.b
        return array

    def __setitem__(self, name: str, array: ArrayLike) -> None:
        old = self[name]
        if array is old:  # `params[name] -= ...` hands the same array back
            return
        array = as_float(array, name).astype(old.dtype)  # a copy: training changes it in place
        if array.shape != old.shape:
            raise ValueError(
                f"{name} has shape {old.shape}; an array of {array.shape} does not fit"
            )
        place, attribute = self._places[name]
        setattr(self._layers[place], attribute, array)

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name} belongs to a layer; a parameter cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def gradients(self) -> dict[str, Array]:
        """Return the gradients that the last backward left in the layers, under the same names."""
        gradients = {}
        for name, (place, attribute) in self._places.items():
            layer: Any = self._layers[place]
            gradients[name] = layer.dW if attribute == "W" else layer.db
        return gradients
