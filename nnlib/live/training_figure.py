"""A recorded training, played back: loss, accuracy, weights as pictures, and a few digits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from html import escape
from math import ceil
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnlib.formatting import format_number, table
from nnlib.functions import Array, as_float, class_indices, softmax
from nnlib.live.axes import Axes
from nnlib.live.base import Control, LiveFigure
from nnlib.palette import BLUE, ORANGE
from nnlib.training import History, Snapshot
from nnlib.words import say

LEVELS = 7  # strengths of colour: for weights of each sign, and for the ink of a digit
BLANK = 0.01  # of the largest weight: what is smaller is not drawn
ZERO = ord("h")  # the letter of level 0; "a" is the most negative level, "o" the most positive
COLUMNS = 4  # pictures of units side by side
MOST = 8  # digits


class TrainingFigure(LiveFigure):
    """A training that was recorded, with a slider over its moments.

    It shows the loss and both accuracies with a mark at the moment; the weights of hidden units
    as pictures, one colour scale for all units and moments; and for a few digits the probability
    of each class.

    Parameters
    ----------
    history : History
        Of `nnlib.training.train`, called with `snapshots`: about 20 of them make a good film.
    network : TwoLayerNet
        The network that was trained, or another of its kind and size: it is copied, and the copy
        computes with the recorded parameters. In place of a `TwoLayerNet` anything that has
        `params` and `predict` will do, if its first parameter has a column for each hidden unit.
    digits : pair of arrays
        x of shape (N, D), or (N, 1, H, W) if the network takes that, and t of shape (N,) or
        one-hot (N, C): a few samples, at most 8.
    shape : (height, width), default (8, 8)
        Of the picture that a sample is, in pixels.
    units : int, default 16
        How many hidden units to show, the first ones; all if there are not so many.
    start : int, default -1
        The moment at which the slider stands first, counted as in a list: 0 is before training,
        -1 after the last step.
    name : str, default "training"
        Names the figure on a page, also as the target of links to it.
    caption : str, optional
        One or two sentences below the figure.

    Attributes
    ----------
    values : dict of str to float
        At the moment where the slider stands: "step", "epoch", "mini-batch", "loss",
        "train accuracy" and "test accuracy". The loss is that of the next mini-batch, measured
        with the parameters of this moment; at the end no mini-batch comes next, and it is that of
        the last one, measured before the last step. "mini-batch" says which, counted from 1.
    probabilities : array of shape (N, C)
        Of each class for each digit, at the same moment.
    sliders : dict of str to ipywidgets.FloatSlider
        One, "step". It goes over the moments, 0, 1, 2 and so on.

    Raises
    ------
    TypeError
        If `history` is no History, `network` has no `predict`, `digits` is no pair, or `shape`,
        `units` or `start` is not made of whole numbers.
    ValueError
        If the history has no snapshots, they do not fit the network, the samples do not fit
        `shape`, there are too many of them, or `start` is no moment.

    Notes
    -----
    The page gets loss and accuracy to 13 significant digits, probabilities to 0.000001, and
    weights in 15 steps from minus to plus the largest; the smallest step begins at 1 % of the
    largest, so that units of small weights are seen, too. So it is the same on every computer,
    although the last bit of a matrix product is not.

    Examples
    --------
    >>> from nnlib.network import TwoLayerNet
    >>> from nnlib.training import train
    >>> x, t = np.eye(4), np.array([0, 1, 0, 1])
    >>> net = TwoLayerNet(4, 3, 2, weight_init_std=0.5)
    >>> history = train(net, (x, t), (x, t), epochs=100, batch_size=2, snapshots=5)
    >>> figure = TrainingFigure(history, net, digits=(x[:2], t[:2]), shape=(2, 2))
    >>> figure.sliders["step"].value = 0
    >>> figure
    Training, step 0 of 200, epoch 0
    loss of mini-batch 1: 0.9613
    accuracy: 50.0 % in training, 50.0 % in test
    digit  label  read as  probability of the label
        1      0        1                    47.4 %
        2      1        1                    51.9 %
    """

    kind = "training"
    own_sliders = True

    def __init__(
        self,
        history: History,
        network: Any,
        digits: tuple[ArrayLike, ArrayLike],
        *,
        shape: tuple[int, int] = (8, 8),
        units: int = 16,
        start: int = -1,
        name: str = "training",
        caption: str = "",
    ):
        _check_recorded(history, network)
        snapshots = history.snapshots
        _check_sizes(shape, units, start, len(snapshots))
        first, weights = next(iter(snapshots[0].params.items()))
        if weights.ndim != 2 or len(weights) != shape[0] * shape[1]:
            raise ValueError(
                f"TrainingFigure: the first parameter, {first}, has shape {weights.shape}; for "
                f"pictures of {shape[0]} by {shape[1]} pixels it needs {shape[0] * shape[1]} rows "
                "and a column for each unit; give another shape=(height, width)"
            )
        self._digits, t = _checked_digits(digits, shape)
        self._probabilities = _probabilities(network, snapshots, self._digits)
        self._labels = class_indices(t, self._probabilities[0].shape).tolist()
        self._shape, self._units = shape, weights.shape[1]
        self._first = min(int(units), self._units)
        kept = np.array([s.params[first][:, : self._first].T for s in snapshots], dtype=np.float64)
        self._scale = float(np.abs(kept).max())
        kept /= self._scale or 1
        size = np.abs(kept)
        kept = np.where((size >= BLANK) & (size < 1 / LEVELS), np.sign(kept) / LEVELS, kept)
        self._weights = [_letters(moment.reshape(-1, shape[1])) for moment in kept]
        self._total, self._numbers = len(history.losses), _numbers(history)
        self._curves = _Curves(history)
        k = range(len(snapshots))[start]
        slider = _Moment(snapshots[k].step, 0.0, float(len(snapshots) - 1), 1.0, moment=k)
        super().__init__(name=name, caption=caption, controls={"step": slider})

    @property
    def _now(self) -> int:
        return round(self.inputs["step"])

    def _present(self) -> dict[str, Control]:
        k, slider = self._now, self.controls["step"]
        step = self._numbers[k]["step"]
        return {"step": _Moment(step, slider.low, slider.high, slider.step, moment=k)}

    @property
    def values(self) -> dict[str, float]:
        """The numbers of the present moment."""
        return dict(self._numbers[self._now])

    @property
    def probabilities(self) -> Array:
        """The probability of each class for each digit at the same moment, of shape (N, C)."""
        present: Array = self._probabilities[self._now].copy()
        return present

    def __repr__(self) -> str:
        texts = {name: _text(name, x) for name, x in self.values.items()}
        rows = [
            [str(i), str(label), str(p.argmax()), f"{100 * p[label]:.1f} %"]
            for i, (label, p) in enumerate(zip(self._labels, self.probabilities, strict=True), 1)
        ]
        return "\n".join(
            [
                say("still.training.title", moment=self._moment(self._now)),
                _loss_line(texts),
                _accuracy_line(texts),
                table(say("still.training.head").split("|"), rows),
            ]
        )

    def _moment(self, k: int) -> str:
        """Return the name of a moment: its step and epoch."""
        step, epoch = (f"{self._numbers[k][name]:g}" for name in ("step", "epoch"))
        return say("still.training.moment", step=step, total=self._total, epoch=epoch)

    def _said(self, k: int) -> str:
        """Return a moment as a sentence."""
        texts = {name: _text(name, x) for name, x in self._numbers[k].items()}
        right = int((self._probabilities[k].argmax(axis=1) == self._labels).sum())
        return say(
            "still.training.said", moment=self._moment(k), loss=texts["loss"],
            test=texts["test accuracy"], right=right, all=len(self._labels),
        )  # fmt: skip

    def _stage(self) -> str:
        k = self._now
        shown = {name: _shown(name, x) for name, x in self._numbers[k].items()}
        at = self._curves.places[k]
        digits = "".join(self._digit(i, p) for i, p in enumerate(self._probabilities[k]))
        return (
            '<div class="nn-film"><div class="nn-plots">'
            f"{self._curves.loss_svg(at[:2])}<p>{_loss_line(shown)}</p>"
            f"{self._curves.accuracy_svg(at[2:])}"
            f"<p>{_accuracy_line(shown, '<span class=nn-train>●</span> ', '■ ')}</p></div>"
            f'<div class="nn-weights">{self._pictures(self._weights[k])}</div>'
            f'<div class="nn-digits"><p>{say("still.training.digits")}</p><div>{digits}</div></div>'
            "</div>"
        )

    @property
    def _grid(self) -> tuple[int, int, int, int]:
        """How pictures of units stand: height, width, gap between them, and how many in a row."""
        h, w = self._shape
        return int(h), int(w), max(1, int(w) // 8), min(COLUMNS, self._first)

    def _pictures(self, letters: str) -> str:
        """Return the pictures of the units, positive weights solid, negative ones in stripes."""
        h, w, gap, columns = self._grid
        size = (w + gap) * columns - gap, (h + gap) * ceil(self._first / columns) - gap
        frames = "".join(
            f"M{j % columns * (w + gap)} {j // columns * (h + gap)}h{w}v{h}h{-w}z"
            for j in range(self._first)
        )
        paths = _paths(letters, self._grid)
        which = "all" if self._first == self._units else "some"
        title = say(f"still.training.units.{which}", shown=self._first, all=self._units)
        legend = "".join(
            '<span><svg viewBox="0 0 12 4" width="36" height="12" aria-hidden="true">'
            f'{group}<path d="M0 0h12m-12 1h12m-12 1h12m-12 1h12"/></g></svg> '
            f"{say(f'still.training.{sign}', x=format_number(self._scale))}</span> "
            for sign, group in (("minus", MINUS), ("plus", PLUS))
        )
        blank = say("still.training.blank", x=format_number(BLANK * self._scale))
        return (
            f'<p>{title}</p><svg class="nn-units" viewBox="0 0 {size[0]} {size[1]}" '
            f'width="{80 * columns}" role="img" aria-label="{escape(title)}">'
            f'<path d="{frames}" fill="none" stroke="currentColor" stroke-opacity=".4" '
            'vector-effect="non-scaling-stroke"/>'
            f"{PLUS}{''.join(paths[:LEVELS])}</g>{MINUS}{''.join(paths[LEVELS:])}</g></svg>"
            f"<p>{legend}<span>{blank}</span></p>"
        )

    def _digit(self, i: int, probabilities: Array) -> str:
        """Return a digit: its picture, how it is read, and a row for each class."""
        h, w = self._shape
        label = self._labels[i]
        shades = self._digits.reshape(-1, h, w) - self._digits.min()
        ink = _paths(_letters(shades[i] / (shades.max() or 1)), (h, w, 0, 1))[:LEVELS]
        parts = _millionths(probabilities)
        right = [" class=nn-right" if c == label else "" for c in range(len(parts))]
        bars = "".join(
            f'<rect{right[c]} y="{10 * c + 2}" width="{p / 1e4:g}" height="6"/>'
            for c, p in enumerate(parts)
        )
        chart = (
            f'<td rowspan="{len(parts)}"><svg viewBox="0 0 100 {10 * len(parts)}" '
            f'preserveAspectRatio="none" aria-hidden="true">{bars}</svg></td>'
        )
        rows = "".join(
            f'<tr{right[c]}><th scope="row">'
            f"{say('still.training.right', label=c) if c == label else c}</th>"
            f"{'' if c else chart}"
            f'<td data-value-of="probabilities[{i}][{c}]" data-exact="{p / 1e6!r}">'
            f"{_percent(p)}</td></tr>"
            for c, p in enumerate(parts)
        )
        return (
            f'<table><caption><svg viewBox="0 0 {w} {h}" width="64" role="img" '
            f'aria-label="{escape(say("still.training.digit", label=label))}">'
            f'<g stroke="currentColor" transform="translate(0 .5)">{"".join(ink)}</g></svg>'
            f"<span>{_reading(label, int(probabilities.argmax()))}</span></caption>"
            f"<tbody>{rows}</tbody></table>"
        )

    def _beside(self, name: str) -> str:
        epoch = _shown("epoch", self._numbers[self._now]["epoch"])
        return f"<span>{say('still.training.of', total=self._total, epoch=epoch)}</span>"

    def _data(self) -> dict[str, Any]:
        moments = [
            {
                "moment": self._moment(k),
                "said": self._said(k),
                "numbers": {name: [_rounded(x), _text(name, x)] for name, x in numbers.items()},
                "at": self._curves.places[k],
                "weights": self._weights[k],
                "probabilities": _millionths(self._probabilities[k].ravel()),
                "read": [*map(_reading, self._labels, self._probabilities[k].argmax(axis=1))],
            }
            for k, numbers in enumerate(self._numbers)
        ]
        return {"grid": self._grid, "moments": moments}

    def _code(self) -> str:
        return (
            "from nnlib.live import TrainingFigure\n\n"
            f"# {say('still.training.code', n=len(self._numbers), digits=len(self._labels))}\n"
            "TrainingFigure(\n    history, net, digits=(x, t),\n"
            f"    shape={self._grid[:2]!r}, units={self._first}, start=⟦step⟧,\n"
            f"    name={self.name!r}, caption={self.caption!r},\n)\n"
        )


PLUS = f'<g class="nn-plus" stroke="{BLUE}" transform="translate(0 .5)">'
MINUS = f'<g class="nn-minus" stroke="{ORANGE}" stroke-width=".6" transform="translate(0 .5)">'


@dataclass(frozen=True)
class _Moment(Control):
    """A slider over moments, which stands at one of them and shows the step, its `value`."""

    moment: int = 0

    @property
    def position(self) -> float:
        return float(self.moment)

    def slider(self, name: str) -> Any:
        return Control(self.position, self.low, self.high, self.step).slider(name)


class _Curves:
    """The curves of loss and accuracy; `places` has where the marks of each moment stand."""

    def __init__(self, history: History):
        self._losses = losses = np.array(history.losses)
        total = len(losses)
        measured = {
            k * history.steps_per_epoch: pair
            for k, pair in enumerate(
                zip(history.train_accuracies, history.test_accuracies, strict=True)
            )
        } | {s.step: (s.train_accuracy, s.test_accuracy) for s in history.snapshots}
        self._accuracies = sorted((step, *pair) for step, pair in measured.items())

        def axes(top: float, label: str) -> Axes:
            return Axes(
                (0, total),
                (0, top),
                width=360,
                height=230,
                x_label=say("still.training.x"),
                y_label=label,
            )

        self._loss = axes(float(losses.max()) or 1.0, say("still.training.y.loss"))
        self._accuracy = axes(100.0, say("still.training.y.accuracy"))
        self.places = [self._marks(snapshot) for snapshot in history.snapshots]

    def _marks(self, snapshot: Snapshot) -> list[tuple[float, float]]:
        """Return where line and dot stand in the one picture, line, dot and square in the other."""
        step = snapshot.step
        met = min(step, len(self._losses) - 1)
        x, accuracy = round(self._loss.px(step), 1), self._accuracy
        x2 = round(accuracy.px(step), 1)
        return [
            (x, 0.0),
            (x, round(self._loss.py(self._losses[met]), 1)),
            (x2, 0.0),
            (x2, round(accuracy.py(100 * snapshot.train_accuracy), 1)),
            (x2, round(accuracy.py(100 * snapshot.test_accuracy), 1)),
        ]

    def loss_svg(self, at: list[tuple[float, float]]) -> str:
        """Draw the mean loss of up to 100 groups of steps, in a band from smallest to largest."""
        losses, total = self._losses, len(self._losses)
        size = -(-total // 100)
        starts = np.arange(0, total, size)
        counts = np.diff([*starts, total])
        x, means = starts + (counts - 1) / 2, np.add.reduceat(losses, starts) / counts
        low, high = np.minimum.reduceat(losses, starts), np.maximum.reduceat(losses, starts)
        band = self._loss.path([*x, *x[::-1]], [*high, *low[::-1]])
        content = (
            f'<path class="nn-band" d="{band}" fill="{BLUE}" fill-opacity=".3"/>'
            f'<path class="nn-train" d="{self._loss.path(x, means)}" fill="none" stroke="{BLUE}" '
            f'stroke-width="2"/>{_now_line(self._loss, at[0])}{_mark("nn-train", DOT, at[1])}'
        )
        about = "still.training.loss.one" if size == 1 else "still.training.loss.group"
        start, end = format_number(losses[0]), format_number(losses[-1])
        text = say(about, size=size, start=start, end=end)
        return self._loss.svg(content, say("still.training.loss.title"), text)

    def accuracy_svg(self, at: list[tuple[float, float]]) -> str:
        """Draw both accuracies where they were measured: at the moments, and after each epoch."""
        axes = self._accuracy
        steps, train, test = np.array(self._accuracies).T
        content = (
            f'<path class="nn-train" d="{axes.path(steps, 100 * train)}" fill="none" '
            f'stroke="{BLUE}" stroke-width="2"/>'
            f'<path class="nn-test" d="{axes.path(steps, 100 * test)}" fill="none" '
            'stroke="currentColor" stroke-width="2" stroke-dasharray="5 4"/>'
            f"{_now_line(axes, at[0])}{_mark('nn-train', DOT, at[1])}"
            f"{_mark('nn-test', SQUARE, at[2])}"
        )
        ends = [_text("accuracy", a) for a in (train[0], train[-1], test[0], test[-1])]
        text = say("still.training.accuracy.text", **dict(zip("abcd", ends, strict=True)))
        return axes.svg(content, say("still.training.accuracy.title"), text)


DOT, SQUARE = "M-6.5 0a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0 -13 0z", "M-4.5 -4.5h9v9h-9z"


def _mark(kind: str, d: str, at: tuple[float, float]) -> str:
    return f'<path class="nn-mark {kind}" d="{d}" transform="translate({at[0]:g},{at[1]:g})"/>'


def _now_line(axes: Axes, at: tuple[float, float]) -> str:
    d = f"M0 {axes.top:g}V{axes.bottom:g}"
    stroke = 'fill="none" stroke="currentColor" stroke-dasharray="2 3"'
    return f'<path class="nn-mark nn-moment" d="{d}" transform="translate({at[0]:g},0)" {stroke}/>'


def _numbers(history: History) -> list[dict[str, float]]:
    """Return the numbers of each moment."""
    moments: list[dict[str, float]] = []
    for step, _, train, test in history.snapshots:
        batch = min(step + 1, len(history.losses))
        moments.append(
            {
                "step": step,
                "epoch": ceil(step / history.steps_per_epoch),
                "mini-batch": batch,
                "loss": history.losses[batch - 1],
                "train accuracy": train,
                "test accuracy": test,
            }
        )
    return moments


def _probabilities(network: Any, snapshots: Sequence[Snapshot], x: Array) -> Array:
    """Return the probabilities at each moment: shape (moments, N, C)."""
    copy = deepcopy(network)
    scores = []
    for snapshot in snapshots:
        for name, array in snapshot.params.items():
            copy.params[name][...] = array  # in place: the layers use these arrays
        scores.append(np.array(copy.predict(x)))
    if scores[0].ndim != 2 or len(scores[0]) != len(x):
        raise ValueError(
            f"TrainingFigure: predict must give a row of scores for each of the {len(x)} digits, "
            f"got shape {scores[0].shape}"
        )
    return softmax(np.array(scores, dtype=np.float64))


def _letters(shares: Array) -> str:
    """Return numbers from −1 to 1, shape (rows, width), as letters for their levels.

    Examples
    --------
    >>> _letters(np.array([[-1.0, 0.0], [0.06, 0.08], [0.5, 1.0]]))
    'ah hi lo'
    """
    levels = np.rint(LEVELS * shares).astype(int) + ZERO
    return " ".join(bytes(row).decode() for row in levels.tolist())


def _paths(letters: str, grid: tuple[int, int, int, int]) -> list[str]:
    """Return a path for each level, 1 to 7 and then −1 to −7: a stroke for each run of pixels.

    Examples
    --------
    >>> _paths("hh oo oh ha", (2, 2, 1, 2))[6::7]
    ['<path d="m0 1h2m1 -1h1" stroke-opacity="1"/>', '<path d="m4 1h1" stroke-opacity="1"/>']
    """
    height, width, gap, columns = grid
    paths, ends = [""] * (2 * LEVELS), [(0, 0)] * (2 * LEVELS)
    for i, row in enumerate(letters.split()):
        unit = i // height
        y = i % height + unit // columns * (height + gap)
        for run in re.finditer(r"(.)\1*", row):
            level = ord(run[1]) - ZERO
            x = run.start() + unit % columns * (width + gap)
            k = level - 1 if level > 0 else LEVELS - 1 - level
            if level:
                paths[k] += f"m{x - ends[k][0]} {y - ends[k][1]}h{len(run[0])}"
                ends[k] = x + len(run[0]), y
    opacities = [f"{(k % LEVELS + 2) / (LEVELS + 1):.2g}" for k in range(2 * LEVELS)]
    return [
        f'<path d="{d}" stroke-opacity="{opacity}"/>'
        for d, opacity in zip(paths, opacities, strict=True)
    ]


def _loss_line(texts: Mapping[str, str]) -> str:
    return say("still.training.loss", batch=texts["mini-batch"], loss=texts["loss"])


def _accuracy_line(texts: Mapping[str, str], dot: str = "", square: str = "") -> str:
    train, test = dot + texts["train accuracy"], square + texts["test accuracy"]
    return say("still.training.accuracy", train=train, test=test)


def _reading(label: int, answer: int) -> str:
    key = "read" if label == answer else "misread"
    return say(f"still.training.{key}", answer=answer)


def _text(name: str, x: float) -> str:
    return f"{100 * x:.1f} %" if name.endswith("accuracy") else format_number(x)


def _shown(name: str, x: float) -> str:
    """Return a number with its hook, as HTML."""
    exact = f'data-value-of="{name}" data-exact="{_rounded(x)!r}"'
    return f"<span {exact}>{_text(name, x)}</span>"


def _rounded(x: float) -> float:
    """Return x to 13 significant digits: further ones depend on the processor."""
    return x if isinstance(x, int) else float(f"{x:.13g}")


def _millionths(probabilities: Array) -> list[int]:
    millionths: list[int] = np.rint(1e6 * probabilities).astype(int).tolist()
    return millionths


def _percent(millionths: int) -> str:
    """Return a probability to 0.1 %, as the script does: half rounded up.

    Examples
    --------
    >>> _percent(12_500), _percent(999_999)
    ('1.3 %', '100.0 %')
    """
    return f"{(millionths + 500) // 1000 / 10:.1f} %"


def _check_recorded(history: Any, network: Any) -> None:
    if not isinstance(history, History):
        raise TypeError(
            "TrainingFigure: history must be what nnlib.training.train returns, "
            f"got {type(history).__name__}"
        )
    if not history.snapshots:
        raise ValueError(
            "TrainingFigure: the history has no snapshots; record them: train(..., snapshots=24)"
        )
    if not (hasattr(network, "predict") and hasattr(network, "params")):
        raise TypeError(
            "TrainingFigure: network must be the one that was trained, with its params and "
            f"predict; got {type(network).__name__}"
        )
    has = {name: np.shape(array) for name, array in network.params.items()}
    recorded = {name: array.shape for name, array in history.snapshots[0].params.items()}
    if has != recorded:
        raise ValueError(
            f"TrainingFigure: the network has parameters {has}, recorded were {recorded}; give "
            "the network that was trained, or one of the same sizes"
        )


def _check_sizes(shape: Any, units: Any, start: Any, moments: int) -> None:
    if not (
        isinstance(shape, tuple) and len(shape) == 2 and all(isinstance(n, Integral) for n in shape)
    ):
        raise TypeError(f"TrainingFigure: shape must be (height, width), got {shape!r}")
    for name, value in ("units", units), ("start", start):
        if not isinstance(value, Integral):
            raise TypeError(f"TrainingFigure: {name} must be a whole number, got {value!r}")
    if min(*shape, units) < 1:
        raise ValueError(
            f"TrainingFigure: shape and units must be 1 or more, got {shape} and {units}"
        )
    if not -moments <= start < moments:
        raise ValueError(
            f"TrainingFigure: start must be one of the {moments} moments, 0 to {moments - 1} or "
            f"counted from the end, -1 to {-moments}; got {start}"
        )


def _checked_digits(digits: Any, shape: tuple[int, int]) -> tuple[Array, Any]:
    if not (isinstance(digits, tuple) and len(digits) == 2):
        raise TypeError(
            "TrainingFigure: digits must be a pair (x, t) of a few samples and their labels, "
            f"got {type(digits).__name__}"
        )
    x = as_float(digits[0], "TrainingFigure: x of digits")
    n = len(x) if x.ndim > 1 else 0
    if not 1 <= n <= MOST or x[0].size != shape[0] * shape[1] or not np.isfinite(x).all():
        raise ValueError(
            f"TrainingFigure: x of digits must be 1 to {MOST} samples of {shape[0]} by {shape[1]} "
            f"finite numbers, shape (N, {shape[0] * shape[1]}); got shape {x.shape}"
        )
    return x, digits[1]
