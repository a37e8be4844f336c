"""Training: many small steps down the slope of the loss (mini-batch gradient descent)."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nnlib.functions import Array
from nnlib.progress import progress

if TYPE_CHECKING:
    from nnlib.plot import Picture


class Network(Protocol):
    """What `train` asks of a network; `TwoLayerNet` has it, and so may one of your own.

    Attributes
    ----------
    params : dict of str to array
        Weights and biases.
    last_loss : float
        The loss that `gradient` met on its forward pass.
    """

    @property
    def params(self) -> MutableMapping[str, Array]: ...

    @property
    def last_loss(self) -> float | None: ...

    def gradient(self, x: Array, t: Array, /) -> Mapping[str, Array]:
        """Return the gradient of the loss for each parameter."""

    def accuracy(self, x: Array, t: Array, /) -> float:
        """Return the share, 0 to 1, of right answers."""


@dataclass(repr=False)
class History:
    """What happened during training.

    Attributes
    ----------
    losses : list of float
        The loss of the mini-batch of each step.
    train_accuracies, test_accuracies : list of float
        The share of right answers, 0 to 1, before training and after each epoch.
    steps_per_epoch : int

    Examples
    --------
    >>> History([2.3, 1.9, 0.8, 0.7], [0.1, 0.5, 0.9], [0.1, 0.6, 0.8], steps_per_epoch=2)
    step 4, epoch 2: loss 0.700, accuracy 90.0 % in training, 80.0 % in test
    """

    losses: list[float]
    train_accuracies: list[float]
    test_accuracies: list[float]
    steps_per_epoch: int

    def plot(self) -> Picture:
        """Return a picture of the losses and accuracies, `nnlib.plot.training_curves`."""
        from nnlib.plot import training_curves  # matplotlib is needed only here

        return training_curves(self)

    def __repr__(self) -> str:
        return (
            f"step {len(self.losses)}, epoch {len(self.test_accuracies) - 1}: "
            f"loss {self.losses[-1]:.3f}, accuracy {100 * self.train_accuracies[-1]:.1f} % "
            f"in training, {100 * self.test_accuracies[-1]:.1f} % in test"
        )


def train(
    network: Network,
    train_data: tuple[Array, Array],
    test_data: tuple[Array, Array],
    *,
    epochs: int = 10,
    batch_size: int = 100,
    learning_rate: float = 0.1,
    seed: int = 0,
) -> History:
    """Train a network by mini-batch gradient descent, and return what happened.

    Each epoch goes once through all of the training data, in a new random order. Where the number
    of samples is no multiple of `batch_size`, the last mini-batch of an epoch is smaller.

    Parameters
    ----------
    network : Network
        Its `params` are changed; the data are not.
    train_data, test_data : pair of arrays
        x of shape (N, ...) and t of shape (N,) or one-hot (N, C), as `load_digits` gives them.
    epochs : int, default 10
    batch_size : int, default 100
        How many samples make one step.
    learning_rate : float, default 0.1
        How far to go against the gradient in each step.
    seed : int, default 0
        Of the random order.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If x and t differ in length or x is not finite; if `epochs`, `batch_size` or
        `learning_rate` is out of range; if the loss is no longer finite.

    Examples
    --------
    >>> from nnlib.network import TwoLayerNet
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((200, 2))
    >>> t = np.where(x[:, 0] * x[:, 1] > 0, 1, 0)  # same sign or not: no line separates these
    >>> net = TwoLayerNet(2, 20, 2, weight_init_std=0.5)
    >>> history = train(net, (x[:150], t[:150]), (x[150:], t[150:]), batch_size=10, epochs=40)
    >>> history.steps_per_epoch, len(history.losses), history.test_accuracies[-1] > 0.9
    (15, 600, True)

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 8.1.3.
    """
    x_train, t_train = train_data = checked("train_data", train_data)
    test_data = checked("test_data", test_data)
    n = len(x_train)
    if not 1 <= batch_size <= n:
        raise ValueError(f"train: batch_size must be from 1 to {n}, the samples; got {batch_size}")
    if not epochs >= 1:
        raise ValueError(f"train: epochs must be 1 or more, got {epochs}")
    if not (isfinite(learning_rate) and learning_rate > 0):
        raise ValueError(f"train: learning_rate must be above 0 and finite, got {learning_rate}")

    rng = np.random.default_rng(seed)
    steps_per_epoch = ceil(n / batch_size)
    history = History([], [], [], steps_per_epoch)

    def record_accuracies() -> None:
        history.train_accuracies.append(network.accuracy(*train_data))
        history.test_accuracies.append(network.accuracy(*test_data))

    record_accuracies()
    for step in progress(range(epochs * steps_per_epoch), "training"):
        # 1. Take a mini-batch of random samples; begin each epoch with all samples, shuffled.
        if step % steps_per_epoch == 0:
            order = rng.permutation(n)
        batch, order = order[:batch_size], order[batch_size:]

        # 2. Compute the gradient of the loss by backpropagation.
        with np.errstate(over="ignore", invalid="ignore"):  # met below, with a remedy
            gradient = network.gradient(x_train[batch], t_train[batch])
        history.losses.append(finite_loss(network, step, learning_rate))

        # 3. Move each parameter a little way against its gradient.
        for name in network.params:
            network.params[name] -= learning_rate * gradient[name]

        # 4. Repeat; look at the accuracy once in each epoch.
        if (step + 1) % steps_per_epoch == 0:
            record_accuracies()
    return history


def checked(name: str, data: tuple[Any, Any]) -> tuple[Array, Array]:
    """Return x and t as arrays, if they belong together and x is finite."""
    x, t = map(np.asarray, data)
    if x.ndim == 0 or t.ndim == 0 or not len(x) == len(t) >= 1:
        raise ValueError(
            f"train: {name} must be a pair of x and t with one label for each sample, "
            f"got shapes {x.shape} and {t.shape}"
        )
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        where = np.argwhere(~np.isfinite(x))[0].tolist()
        raise ValueError(
            f"train: x of {name} has {x[tuple(where)]} at index {where}; "
            "remove or replace what is not a finite number"
        )
    return x, t


def finite_loss(network: Network, step: int, learning_rate: float) -> float:
    """Return the loss that the network just met, if it is a number that training can go on from."""
    if network.last_loss is None or not isfinite(network.last_loss):
        raise ValueError(
            f"train: the loss at step {step} is {network.last_loss}, not a finite number: the "
            f"parameters have run away; make the network anew and lower learning_rate, "
            f"now {learning_rate}"
        )
    return float(network.last_loss)
