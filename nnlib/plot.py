"""Pictures that chapters draw with matplotlib, readable on white and on dark pages.

The colours stay apart for colour-blind readers, and a second cue (dashes, markers, words) stands
beside each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from nnlib.formatting import format_number
from nnlib.functions import class_indices

if TYPE_CHECKING:
    from nnlib.training import History

# Of middle lightness: a line has a contrast of 3 : 1 or more on white and on #121212. For the grey
# of the text, 4.5 : 1 on both is impossible (4.33 : 1 is the best there is); it has 4.5 : 1 on
# white and 4.1 : 1 on #121212.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#1a7bbf", "#d55e00", "#009e73", "#cc6699", "#767676"

WIDTH = 4.5  # inches, or 432 px: on a page of 390 px the text is still 12 px high
STYLE: Any = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 11,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 2,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "nnlib",  # the same ids on every run
    "text.color": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
}


class Picture:
    """A matplotlib figure that shows itself in a notebook, with a sentence that says what it shows.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    text : str
        The numbers of the picture, for those who do not see it.
    format : "svg" (default) or "png"
        What a notebook stores; "png" where there are many dots, as in photographs.

    Examples
    --------
    >>> picture = Picture(Figure(), "Nothing yet.", format="png")
    >>> picture
    Nothing yet.
    >>> picture.data[1:4]
    b'PNG'
    """

    def __init__(self, figure: Figure, text: str, format: str = "svg"):
        self.figure, self.text, self.format = figure, text, format

    def __repr__(self) -> str:
        return self.text

    @cached_property
    def data(self) -> bytes:
        """The picture as a file of its format, the same bytes on every run; drawn when needed."""
        svg = {"Title": self.text, "Creator": None, "Date": None}
        file = BytesIO()
        with style():
            self.figure.savefig(
                file,
                format=self.format,
                dpi=144,
                transparent=True,
                metadata=svg if self.format == "svg" else {"Software": None},
            )
        return file.getvalue()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, str | bytes], dict[str, Any]]:
        if self.format == "svg":
            return {"image/svg+xml": self.data.decode(), "text/plain": self.text}, {}
        width = {"width": round(96 * self.figure.get_figwidth())}
        return {"image/png": self.data, "text/plain": self.text}, {"image/png": width}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the book, for the time of a with-block, whatever else is set.

    Examples
    --------
    >>> with style():
    ...     figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    ...     line = figure.subplots().plot([1, 4, 9], color=BLUE)
    >>> Picture(figure, "Squares from 1 to 9.")
    Squares from 1 to 9.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def training_curves(history: History) -> Picture:
    """Draw the loss of the steps, and the accuracy after each epoch.

    There may be thousands of steps. So that the picture stays small, they are taken together in up
    to 100 groups of equal length: a band goes from the smallest loss in a group to the largest, and
    a line through the means.

    Parameters
    ----------
    history : History

    Returns
    -------
    Picture

    Examples
    --------
    >>> from nnlib.training import History
    >>> training_curves(History([2.3, 1.9, 0.8, 0.7], [0.1, 0.5, 0.9], [0.1, 0.6, 0.8], 2))
    Loss from 2.300 in the first step to 0.700 in step 4. Accuracy before training and after each \
of 2 epochs: training 10.0 to 90.0 %, test 10.0 to 80.0 %.
    """
    losses = np.array(history.losses)
    size = -(-len(losses) // 100)
    starts = np.arange(0, len(losses), size)
    counts = np.diff([*starts, len(losses)])
    middles = (starts + counts / 2) / history.steps_per_epoch

    with style():
        figure = Figure(figsize=(WIDTH, 4.8), layout="constrained")
        above, below = figure.subplots(2, sharex=True)
        above.plot(
            middles,
            np.add.reduceat(losses, starts) / counts,
            color=BLUE,
            label="loss" if size == 1 else f"mean loss of {size} steps",
        )
        if size > 1:
            above.fill_between(
                middles,
                np.minimum.reduceat(losses, starts),
                np.maximum.reduceat(losses, starts),
                color=BLUE,
                alpha=0.4,
                linewidth=0,
                label="smallest to largest",
            )
        above.set(ylabel="loss", ylim=(0, None))
        above.legend()

        train, test = (
            100 * np.array(a) for a in (history.train_accuracies, history.test_accuracies)
        )
        epochs = np.arange(len(train))
        markers = {"markersize": 5, "markevery": -(-len(epochs) // 12)}
        below.plot(epochs, train, "o-", color=BLUE, label="training", **markers)
        below.plot(epochs, test, "s--", color=ORANGE, label="test", **markers)
        below.set(xlabel="epoch", ylabel="accuracy in %", ylim=(0, 104))
        below.xaxis.get_major_locator().set_params(integer=True)
        below.legend(loc="lower right")
    return Picture(
        figure,
        f"Loss from {losses[0]:.3f} in the first step to {losses[-1]:.3f} in step {len(losses)}. "
        f"Accuracy before training and after each of {epochs[-1]} epochs: "
        f"training {train[0]:.1f} to {train[-1]:.1f} %, test {test[0]:.1f} to {test[-1]:.1f} %.",
    )


def digits(images: ArrayLike, labels: ArrayLike, predictions: ArrayLike | None = None) -> Picture:
    """Draw pictures of digits in rows of five, each with its label below.

    With predictions, what is below is the network's answer; a wrong one is framed, bold, and
    followed by the right one.

    Parameters
    ----------
    images : array of shape (N, D), (N, 1, H, W) or (N, H, W)
        Square pictures, bright where there is ink; N from 1 to 50.
    labels : integers of shape (N,), or one-hot (N, C) with two classes or more
    predictions : integers of shape (N,), optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes do not go together, the pictures are not square, or labels or predictions
        are neither integers nor, for labels, one-hot.

    Examples
    --------
    >>> digits(np.zeros((3, 64)), [7, 2, 1], predictions=[7, 3, 1])
    3 digits: 7, 3 (not 2), 1. 2 of 3 answers are right.
    """
    pixels, truth = np.asarray(images), np.asarray(labels)
    if truth.ndim == 2 and truth.shape[1] > 1:  # a column (N, 1) is not one-hot
        truth = class_indices(truth, truth.shape)
    n = len(pixels) if pixels.ndim > 1 else 0
    answers = truth if predictions is None else np.asarray(predictions)
    side = round((pixels.size / max(n, 1)) ** 0.5)
    square = side > 0 and pixels.shape[1:] in [(side**2,), (1, side, side), (side, side)]
    whole = {truth.dtype.kind, answers.dtype.kind} <= set("iu")
    if not (1 <= n <= 50 and square and truth.shape == answers.shape == (n,) and whole):
        raise ValueError(
            f"digits: got images {pixels.shape}, labels {truth.shape} of {truth.dtype}, "
            f"predictions {answers.shape} of {answers.dtype}; expected 1 to 50 square pictures "
            "(N, D), and integers (N,) for the others"
        )

    rows = -(-n // 5)
    with style():
        figure = Figure(figsize=(WIDTH, 1.15 * rows), layout="constrained")
        axes = figure.subplots(rows, 5, squeeze=False).ravel()
        for ax in axes:
            ax.axis("off")
        for ax, image, label, answer in zip(axes, pixels, truth, answers, strict=False):
            ax.axis("on")
            ax.imshow(image.reshape(side, side), cmap="gray", vmin=pixels.min(), vmax=pixels.max())
            ax.set(xticks=[], yticks=[])
            wrong = label != answer
            ax.set_xlabel(
                f"{answer}, not {label}" if wrong else f"{answer}",
                color=ORANGE if wrong else GREY,
                weight="bold" if wrong else "normal",
            )
            ax.spines[:].set(
                visible=True, color=ORANGE if wrong else GREY, linewidth=3 if wrong else 0.8
            )
    words = [f"{a}" if a == t else f"{a} (not {t})" for a, t in zip(answers, truth, strict=True)]
    text = f"{n} digits: {', '.join(words)}."
    if predictions is not None:
        text += f" {np.sum(answers == truth)} of {n} answers are right."
    return Picture(figure, text, format="png")


def bars(values: Mapping[str, float], unit: str) -> Picture:
    """Draw numbers that differ by orders of magnitude as bars on a logarithmic axis.

    Parameters
    ----------
    values : mapping of names to numbers above 0
        Drawn from top to bottom.
    unit : str

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no number, or one is not above 0 and finite.

    Examples
    --------
    >>> bars({"backpropagation": 0.4, "numerical gradient": 5200}, unit="ms")
    backpropagation: 0.4 ms; numerical gradient: 5200 ms.
    """
    numbers = np.array(list(values.values()), dtype=float)
    if not (numbers.size and np.isfinite(numbers).all() and (numbers > 0).all()):
        raise ValueError(f"bars: expected numbers above 0 for the logarithmic axis, got {values}")
    left = 10 ** np.floor(np.log10(numbers.min()) - 0.3)  # a logarithmic axis has no 0
    texts = [f"{format_number(number)} {unit}" for number in numbers]
    with style():
        figure = Figure(figsize=(WIDTH, 0.6 + 0.75 * len(numbers)), layout="constrained")
        ax = figure.subplots()
        drawn = ax.barh(range(len(numbers)), numbers - left, left=left, height=0.4, color=BLUE)
        ax.set(xscale="log", xlabel=f"{unit}, on a logarithmic axis")
        ax.set(xlim=(left, numbers.max() * 1.1), yticks=[])
        ax.minorticks_off()
        ax.invert_yaxis()
        for name, text, bar in zip(values, texts, drawn, strict=True):
            ax.annotate(f"{name}: {text}", (left, bar.get_y()), (0, 4), textcoords="offset points")
        ax.spines["left"].set_visible(False)
    named = zip(values, texts, strict=True)
    return Picture(figure, "; ".join(f"{name}: {text}" for name, text in named) + ".")
