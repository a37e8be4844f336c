"""Training: many small steps down the slope of the loss (mini-batch gradient descent)."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from math import ceil, isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from nnlib.formatting import html_table, table
from nnlib.functions import Array, as_float
from nnlib.progress import progress

if TYPE_CHECKING:
    from nnlib.plot import Picture


class Network(Protocol):
    """What `train` asks of a network; `TwoLayerNet` has it, and so may one of your own.

    Attributes
    ----------
    params : dict of str to array of floats
        Weights and biases of any shape. `train` changes them.
    last_loss : float
        The mean loss of the batch that `gradient` met on its forward pass, so that nobody has to
        compute it again.

    Examples
    --------
    >>> class Line:
    ...     def __init__(self):
    ...         self.params = {"w": np.zeros(1)}
    ...     def gradient(self, x, t):
    ...         error = self.params["w"] * x - t
    ...         self.last_loss = np.mean(error**2)
    ...         return {"w": np.mean(2 * error * x, keepdims=True)}
    ...     def accuracy(self, x, t):
    ...         return np.mean(self.params["w"] * x == t)
    >>> line, data = Line(), (np.array([1.0, 2.0]), np.array([3.0, 6.0]))
    >>> history = train(line, data, data, epochs=2, batch_size=2, learning_rate=0.2)
    >>> line.params, history.losses == [22.5, 0.0]
    ({'w': array([3.])}, True)
    """

    @property
    def params(self) -> MutableMapping[str, Array]: ...

    @property
    def last_loss(self) -> float | None: ...

    def gradient(self, x: Array, t: Array, /) -> Mapping[str, Array]:
        """Return the gradient of the mean loss: for each parameter an array of its shape."""

    def accuracy(self, x: Array, t: Array, /) -> float:
        """Return the share, 0 to 1, of right answers."""


CAPTION = "Training (loss: mean over the steps of an epoch)"
HEAD = "epoch", "step", "loss", "accuracy in training", "accuracy in test"


class Snapshot(NamedTuple):
    """A network at one moment of its training.

    Attributes
    ----------
    step : int
        How many steps were taken before.
    params : dict of str to array
        Copies of the network's parameters.
    train_accuracy, test_accuracy : float
        The share of right answers, 0 to 1, with these parameters.
    """

    step: int
    params: dict[str, Array]
    train_accuracy: float
    test_accuracy: float


@dataclass(repr=False)
class History:
    """What happened during training, as an object that shows itself as a table.

    The loss in the table is the mean over the steps of the epoch. Where there are more than eleven
    epochs, some at equal distances are shown.

    Attributes
    ----------
    losses : list of float
        The loss of the mini-batch of each step.
    train_accuracies, test_accuracies : list of float
        The share of right answers, 0 to 1, before training and after each epoch.
    steps_per_epoch : int
        How many entries of `losses` make one epoch.
    snapshots : sequence of Snapshot
        The network at some moments, if `train` was asked to keep them. Histories are compared
        without them. `losses[step]` is the loss that the parameters of a snapshot met next; after
        the last step there is none.

    Examples
    --------
    >>> History([2.3, 1.9, 0.8, 0.7], [0.1, 0.5, 0.9], [0.1, 0.6, 0.8], steps_per_epoch=2)
    Training (loss: mean over the steps of an epoch)
     epoch  step   loss  accuracy in training  accuracy in test
    before     0      –                10.0 %            10.0 %
         1     2  2.100                50.0 %            60.0 %
         2     4  0.750                90.0 %            80.0 %
    """

    losses: list[float]
    train_accuracies: list[float]
    test_accuracies: list[float]
    steps_per_epoch: int
    snapshots: Sequence[Snapshot] = field(default=(), compare=False)

    def plot(self) -> Picture:
        """Return a picture of the losses and accuracies, `nnlib.plot.training_curves`.

        Examples
        --------
        >>> History([2.3, 0.7], [0.1, 0.5, 0.9], [0.1, 0.6, 0.8], steps_per_epoch=1).plot()
        Loss from 2.300 in the first step to 0.700 in step 2. Accuracy before training and after \
each of 2 epochs: training 10.0 to 90.0 %, test 10.0 to 80.0 %.
        """
        from nnlib.plot import training_curves  # matplotlib is needed only here

        return training_curves(self)

    def __repr__(self) -> str:
        return f"{CAPTION}\n{table(HEAD, self._cells())}"

    def _repr_html_(self) -> str:
        return html_table(CAPTION, HEAD, self._cells())

    def _cells(self) -> list[list[str]]:
        last = len(self.test_accuracies) - 1
        distance = 1 if last <= 11 else ceil(last / 10)  # twelve rows at most
        shown = [e for e in range(last + 1) if e in (1, last) or e % distance == 0]
        return [
            [
                str(epoch) if epoch else "before",
                str(epoch * self.steps_per_epoch),
                self._mean_loss(epoch) if epoch else "–",
                f"{100 * self.train_accuracies[epoch]:.1f} %",
                f"{100 * self.test_accuracies[epoch]:.1f} %",
            ]
            for epoch in shown
        ]

    def _mean_loss(self, epoch: int) -> str:
        end = epoch * self.steps_per_epoch
        mean = np.mean(self.losses[end - self.steps_per_epoch : end])
        return f"{mean:.3f}" if mean < 1e6 else f"{mean:.1e}"


@np.errstate(over="ignore", invalid="ignore")  # told by `_finite_loss`, with a remedy
def train(
    network: Network,
    train_data: tuple[Array, Array],
    test_data: tuple[Array, Array],
    *,
    epochs: int = 10,
    batch_size: int = 100,
    learning_rate: float = 0.1,
    seed: int = 0,
    snapshots: int | None = None,
) -> History:
    """Train a network by mini-batch gradient descent, and return what happened.

    Each epoch goes once through all of the training data, in a new random order. Where the number
    of samples is no multiple of `batch_size`, the last mini-batch of an epoch is smaller.

    Parameters
    ----------
    network : TwoLayerNet
        Or an object of your own with the same `params`, `gradient`, `accuracy` and `last_loss`. Its
        `params` are changed; the data are not.
    train_data, test_data : pair of arrays
        x of shape (N, ...) and t of shape (N,) or one-hot (N, C): what
        `nnlib.datasets.load_digits` gives.
    epochs : int, default 10
        How many times to go through the training data.
    batch_size : int, default 100
        How many samples make one step.
    learning_rate : float, default 0.1
        How far to go against the gradient in each step.
    seed : int, default 0
        Of the random order.
    snapshots : int, optional
        How many moments to keep in `History.snapshots`, with copies of all parameters: before
        training, after the last step, and between them closer together at the beginning, where
        most happens. Fewer if there are not so many steps. Default: nothing is kept.

    Returns
    -------
    History

    Raises
    ------
    TypeError
        If data are no pairs of arrays, x is not made of real numbers, a parameter is not made of
        floats, or `epochs`, `batch_size`, `learning_rate` or `snapshots` is no number of its kind.
    ValueError
        If x and t differ in length or are not finite; if `epochs`, `batch_size`, `learning_rate`
        or `snapshots` is out of range; if the network's gradient does not fit its parameters; if
        the loss is no longer finite.

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

    The network as it was at ten moments:

    >>> data = (x[:150], t[:150]), (x[150:], t[150:])
    >>> history = train(net, *data, batch_size=10, epochs=40, snapshots=10)
    >>> [snapshot.step for snapshot in history.snapshots]
    [0, 1, 2, 5, 11, 24, 54, 121, 270, 600]
    >>> np.array_equal(history.snapshots[-1].params["W1"], net.params["W1"])
    True

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 8.1.3.
    """
    x_train, t_train = train_data = _checked_data("train_data", train_data)
    test_data = _checked_data("test_data", test_data)
    n = len(x_train)
    _check_settings(epochs, batch_size, learning_rate, snapshots, n)

    rng = np.random.default_rng(seed)
    steps_per_epoch = ceil(n / batch_size)
    kept: list[Snapshot] = []
    history = History([], [], [], steps_per_epoch, kept)
    moments = _moments(snapshots, epochs * steps_per_epoch)

    def record_accuracies() -> None:
        history.train_accuracies.append(network.accuracy(*train_data))
        history.test_accuracies.append(network.accuracy(*test_data))

    def take_snapshot(step: int) -> None:
        params = {name: np.array(array) for name, array in network.params.items()}
        accuracies = network.accuracy(*train_data), network.accuracy(*test_data)
        kept.append(Snapshot(step, params, *map(float, accuracies)))

    record_accuracies()
    if moments:
        take_snapshot(0)
    for step in progress(range(epochs * steps_per_epoch), "training"):
        # 1. Take a mini-batch of random samples; begin each epoch with all samples, shuffled.
        if step % steps_per_epoch == 0:
            order = rng.permutation(n)
        batch, order = order[:batch_size], order[batch_size:]

        # 2. Compute the gradient of the loss by backpropagation.
        gradient = network.gradient(x_train[batch], t_train[batch])
        params = network.params
        if step == 0:
            _check_gradient(gradient, params)
        history.losses.append(_finite_loss(network, step, learning_rate))

        # 3. Move each parameter a little way against its gradient.
        for name in params:
            params[name] -= learning_rate * gradient[name]

        # 4. Repeat; look at the accuracy once in each epoch.
        if (step + 1) % steps_per_epoch == 0:
            record_accuracies()
        if step + 1 in moments:
            take_snapshot(step + 1)
    return history


def _moments(count: int | None, steps: int) -> set[int]:
    """Return up to `count` numbers of steps from 0 to `steps`, each a like factor above the last.

    Examples
    --------
    >>> sorted(_moments(6, 10_000)), _moments(None, 10_000)
    ([0, 1, 10, 100, 1000, 10000], set())
    """
    if count is None:
        return set()
    return {0, *np.rint(np.geomspace(steps, 1, count - 1)).astype(int).tolist()}


def _checked_data(name: str, data: tuple[Any, Any]) -> tuple[Array, Array]:
    wanted = f"train: {name} must be a pair (x, t) with one label for each sample"
    try:
        x, t = map(np.asarray, data)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{wanted}, got {type(data).__name__}: {error}") from None
    if x.ndim == 0 or t.ndim == 0 or not len(x) == len(t) >= 1:
        raise ValueError(f"{wanted}, got {type(data).__name__} of shapes {x.shape} and {t.shape}")
    as_float(x[:1], f"train: x of {name}")  # real numbers? if so, x stays as it is
    for part, array in ("x", x), ("t", t):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            where = np.argwhere(~np.isfinite(array))[0].tolist()
            raise ValueError(
                f"train: {part} of {name} has {array[tuple(where)]} at index {where}; "
                "remove or replace what is not a finite number"
            )
    return x, t


def _check_settings(
    epochs: int, batch_size: int, learning_rate: float, snapshots: int | None, n: int
) -> None:
    kept = 2 if snapshots is None else snapshots
    for name, value in ("epochs", epochs), ("batch_size", batch_size), ("snapshots", kept):
        if not isinstance(value, Integral):
            raise TypeError(f"train: {name} must be a whole number, got {value!r}")
    if not isinstance(learning_rate, Real):
        raise TypeError(f"train: learning_rate must be a number, got {learning_rate!r}")
    if epochs < 1:
        raise ValueError(f"train: epochs must be 1 or more, got {epochs}")
    if not 1 <= batch_size <= n:
        raise ValueError(f"train: batch_size must be from 1 to {n}, the samples; got {batch_size}")
    if kept < 2:
        raise ValueError(f"train: snapshots must be 2 or more, the first and last; got {snapshots}")
    if not (isfinite(learning_rate) and learning_rate > 0):
        raise ValueError(f"train: learning_rate must be above 0 and finite, got {learning_rate}")


def _check_gradient(gradient: Mapping[str, Array], params: Mapping[str, Array]) -> None:
    if not isinstance(gradient, Mapping) or not set(params) <= set(gradient):
        got = list(gradient) if isinstance(gradient, Mapping) else type(gradient).__name__
        raise ValueError(
            f"train: the network's gradient(x, t) must return a dict with an array for each of its "
            f"parameters, {list(params)}; got {got}"
        )
    for name in params:
        if np.shape(gradient[name]) != np.shape(params[name]):
            raise ValueError(
                f"train: the gradient of {name} has shape {np.shape(gradient[name])}, the "
                f"parameter has shape {np.shape(params[name])}; they must be the same"
            )
        if np.asarray(params[name]).dtype.kind != "f":
            raise TypeError(
                f"train: {name} must be an array of floats, for a step is a fraction; got dtype "
                f"{np.asarray(params[name]).dtype}"
            )


def _finite_loss(network: Network, step: int, learning_rate: float) -> float:
    if network.last_loss is None:
        raise ValueError("train: gradient must leave the loss that it met in network.last_loss")
    if not isfinite(network.last_loss):
        raise ValueError(
            f"train: the loss at step {step} is {network.last_loss}, not a finite number: the "
            f"parameters have run away; make the network anew and lower learning_rate, "
            f"now {learning_rate}"
        )
    return float(network.last_loss)
