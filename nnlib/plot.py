"""Pictures that chapters draw with matplotlib, readable on white and on dark pages.

The colours stay apart for colour-blind readers, and a second cue (dashes, markers, words) stands
beside each. A picture is an SVG: sharp at every size, with words that stay words. Without a ground
of its own it has the class ``nn-plot``, and the website's style sheet takes its colours, which suit
any page, further away from the page that it is on. Black and white stay what they are. With a
ground of its own it is an ``nn-photo``, and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.dom.minidom import parseString

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from nnlib.difference import numerical_gradient, single_number
from nnlib.formatting import format_number
from nnlib.functions import Array, class_indices
from nnlib.palette import BLUE, GREY, ORANGE, ORANGE_ON_BLACK

if TYPE_CHECKING:
    from nnlib.training import History

REFERENCE = re.compile(r"#([\w.-]+)").findall
NUMBER = re.compile(r"-?\d+\.\d+").sub
SPACE = re.compile(r" ?([A-Za-z]) ?").sub  # beside the letter of a path
WIDTH = 4.5  # inches, or 432 px: on a screen of 390 px the text is still 12 px high
STYLE: Any = {
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.labelcolor": GREY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],  # the first two are equally wide
    "font.size": 11,
    "image.interpolation": "none",  # each dot of a photograph is stored once
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
        Made in the `style` of the book, or on a ground of its own.
    text : str
        The numbers of the picture, for those who do not see it.

    Examples
    --------
    >>> picture = Picture(Figure(), "Nothing yet.")
    >>> picture
    Nothing yet.
    >>> picture.data[:4]
    '<svg'
    """

    def __init__(self, figure: Figure, text: str):
        self.figure, self.text = figure, text

    def __repr__(self) -> str:
        return self.text

    @cached_property
    def data(self) -> str:
        """The picture as SVG, the same on every run; drawn when needed."""
        file = BytesIO()
        with style():
            about = {"Title": self.text, "Creator": None, "Date": None}
            self.figure.savefig(file, format="svg", metadata=about)
        return tidy(file.getvalue(), own_ground=to_rgba(self.figure.get_facecolor())[3] > 0)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"image/svg+xml": self.data, "text/plain": self.text}


def tidy(svg: bytes, own_ground: bool = False) -> str:
    """Return matplotlib's SVG without what nobody sees: about half of it.

    Places are rounded to a hundredth of a point; metadata, ids that nothing refers to, and space
    between elements are left out.

    Parameters
    ----------
    svg : bytes
    own_ground : bool, default False
        Whether its colours are to stay as they are, whatever the page.

    Returns
    -------
    str

    Examples
    --------
    >>> tidy(b'<svg><g id="axes_1"> <path d="M 0.123456 7.000000 z "/></g></svg>')
    '<svg class="nn-plot"><g><path d="M0.12 7z"/></g></svg>'
    """
    elements = parseString(svg).getElementsByTagName("*")
    root = elements[0]
    used = {name for e in elements for v in e.attributes.values() for name in REFERENCE(v.value)}
    for element in elements:
        for name, value in element.attributes.items():
            if name == "id" and value not in used:
                element.removeAttribute(name)
            elif name in ("d", "x", "y"):
                short = NUMBER(lambda number: f"{round(float(number[0]), 2) + 0.0:g}", value)
                element.setAttribute(name, SPACE(r"\1", " ".join(short.split())))
        for node in list(element.childNodes):
            blank = node.nodeType == node.TEXT_NODE and not node.data.strip()
            if blank or node.nodeName == "metadata":
                element.removeChild(node)
    root.setAttribute("class", "nn-photo" if own_ground else "nn-plot")
    return root.toxml()


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
        figure = Figure(figsize=(WIDTH, 1.15 * rows), layout="constrained", facecolor="black")
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
                color=ORANGE_ON_BLACK if wrong else "white",
                weight="bold" if wrong else "normal",
            )
            frame = {"color": ORANGE_ON_BLACK if wrong else GREY, "linewidth": 3 if wrong else 0.8}
            ax.spines[:].set(visible=True, **frame)
    words = [f"{a}" if a == t else f"{a} (not {t})" for a, t in zip(answers, truth, strict=True)]
    text = f"{n} digits: {', '.join(words)}."
    if predictions is not None:
        text += f" {np.sum(answers == truth)} of {n} answers are right."
    return Picture(figure, text)


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
        ax.xaxis.set_major_formatter(lambda tick, _: format_number(tick))
        ax.invert_yaxis()
        for name, text, bar in zip(values, texts, drawn, strict=True):
            ax.annotate(f"{name}: {text}", (left, bar.get_y()), (0, 4), textcoords="offset points")
        ax.spines["left"].set_visible(False)
    named = zip(values, texts, strict=True)
    return Picture(figure, "; ".join(f"{name}: {text}" for name, text in named) + ".")


def decision_regions(
    f: Callable[[Array], ArrayLike],
    x: ArrayLike,
    t: ArrayLike,
    names: tuple[str, str] = ("x1", "x2"),
) -> Picture:
    """Draw where a function of two numbers is above 0.5, and points with the labels 0 and 1.

    What is above 0.5 is shaded and hatched, its border is a line. A point is a square with label 0
    and a circle with label 1; up to 30 points have their label written into them.

    Parameters
    ----------
    f : function of an array of shape (M, 2) that returns M outputs, of shape (M,) or (M, 1)
        Numbers, or True and False for 1 and 0.
    x : array of shape (N, 2)
        The points. The picture goes beyond them by 0.4 of their range.
    t : array of shape (N,) or (N, 1)
        Their labels, 0 or 1.
    names : (str, str), default ("x1", "x2")
        Of the two numbers, for the axes.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If `x` or `t` has another shape or other values, or `f` does not return one finite number
        for each row.

    Examples
    --------
    >>> points = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    >>> decision_regions(lambda x: x.sum(axis=1) > 1.5, points, [0, 0, 0, 1])
    Outputs: 0 at (0, 0) with label 0, 0 at (1, 0) with label 0, 0 at (0, 1) with label 0, 1 at \
(1, 1) with label 1. 4 of 4 points are on the side of their label.
    """
    points, labels = np.asarray(x, dtype=float), np.asarray(t)
    n = len(points) if points.ndim == 2 else 0
    if not (
        n
        and points.shape == (n, 2)
        and np.isfinite(points).all()
        and labels.shape in [(n,), (n, 1)]
        and np.isin(labels, [0, 1]).all()
    ):
        raise ValueError(
            "decision_regions: expected points x (N, 2), N at least 1, and a label t for each, 0 "
            f"or 1; got x {points.shape} and t {labels.shape} with the values "
            f"{np.unique(labels).tolist()[:5]}"
        )
    labels = labels.ravel()

    def outputs(rows: Array) -> Array:
        y = np.asarray(f(rows), dtype=float)
        if y.shape not in [(len(rows),), (len(rows), 1)] or not np.isfinite(y).all():
            raise ValueError(
                "decision_regions: f must return a finite number for each row; for an array "
                f"{rows.shape} it returned {y.shape}"
                + ("" if np.isfinite(y).all() else f" with {y[~np.isfinite(y)][0]}")
            )
        return y.ravel()

    y = outputs(points)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.4 * np.where(high > low, high - low, 1.0)
    edges = np.linspace(low - margin, high + margin, 401)
    first, second = np.meshgrid(*edges.T)
    above = outputs(np.stack([first.ravel(), second.ravel()], axis=1)).reshape(first.shape)

    with style(), mpl.rc_context({"hatch.color": BLUE, "hatch.linewidth": 0.8}):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        ax = figure.subplots()
        # Two layers, because in SVG a hatch has the opacity of what it is on.
        layers: Any = [((BLUE, 0.2), None), ("none", "//")]
        shown = []
        for colour, hatch in layers:
            looks: Any = {"facecolor": colour, "edgecolor": BLUE, "linewidth": 0, "hatch": hatch}
            shown.append(Patch(**looks))
            if above.min() > 0.5:
                ax.fill_between(edges[[0, -1], 0], *edges[[0, -1], 1], **looks)
            elif above.max() > 0.5:
                levels = [0.5, above.max() + 1]
                ax.contourf(first, second, above, levels, colors=[colour], hatches=[hatch])
        if above.min() <= 0.5 < above.max():
            ax.contour(first, second, above, [0.5], colors=[BLUE], linewidths=2)
        marks: list[Any] = []
        for label, (fill, marker) in enumerate([("white", "s"), ("black", "o")]):
            looks = {"color": fill, "marker": marker, "linestyle": "none"}
            looks |= {"markeredgecolor": GREY, "markeredgewidth": 2}
            ax.plot(*points[labels == label].T, markersize=15 if n <= 30 else 7, **looks)
            marks.append(Line2D([], [], markersize=9, **looks))
        if n <= 30:
            centred: Any = {"ha": "center", "va": "center_baseline", "weight": "bold"}
            for point, label in zip(points, labels, strict=True):
                ax.annotate(f"{label:.0f}", point, color="white" if label else "black", **centred)
        ax.set(xlabel=names[0], ylabel=names[1], xlim=edges[[0, -1], 0], ylim=edges[[0, -1], 1])
        ax.locator_params(nbins=5)
        marks.append(tuple(shown))  # drawn over each other
        figure.legend(
            marks,
            ["label 0", "label 1", "output above 0.5"],
            loc="outside upper left",
            ncols=3,
            columnspacing=1,
            handletextpad=0.5,
        )
    right = np.sum((y > 0.5) == (labels == 1))
    said = [
        f"{format_number(round(out, 2))} at ({format_number(a)}, {format_number(b)}) with label "
        f"{label:.0f}"
        for out, (a, b), label in zip(y.tolist(), points.tolist(), labels.tolist(), strict=True)
    ]
    numbers = f"Outputs: {', '.join(said)}. " if n <= 10 else ""
    return Picture(figure, f"{numbers}{right} of {n} points are on the side of their label.")


def gradient_field(
    f: Callable[[Any, Any], Any],
    x: tuple[float, float] = (-3, 3),
    y: tuple[float, float] = (-3, 3),
    names: tuple[str, str] = ("x", "y"),
) -> Picture:
    """Draw minus the gradient of a function of two numbers: at each point the way down.

    The arrows begin at the points of a grid. The longest is nearly as long as the grid is wide, and
    the others are in proportion; behind them are contours. The gradient is
    `nnlib.gradient.numerical_gradient`.

    Parameters
    ----------
    f : function of two numbers that returns a number
    x, y : (low, high), default (-3, 3)
        The ranges of the first and the second number.
    names : (str, str), default ("x", "y")
        Of the two numbers, for the axes.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a range does not rise, or `f` does not return a single finite number.

    Examples
    --------
    >>> gradient_field(lambda x, y: x**2 + y**2)
    Minus the gradient: (6, 6) at (−3, −3), (−6, 6) at (3, −3), (0, 0) at (0, 0), (6, −6) at \
(−3, 3), (−6, −6) at (3, 3).
    """
    for name, (low, high) in {"x": x, "y": y}.items():
        if not (np.isfinite([low, high]).all() and low < high):
            raise ValueError(f"gradient_field: {name} must rise from low to high, got {low, high}")

    def height(point: Array) -> float:
        value = single_number(f(*point.tolist()))
        if not np.isfinite(value):
            raise ValueError(
                f"gradient_field: f is {value} at {tuple(point.tolist())}; choose ranges in which "
                "it is finite"
            )
        return value

    def grid(steps: int) -> Array:
        rows = np.meshgrid(np.linspace(*x, steps), np.linspace(*y, steps))
        return np.stack(rows, axis=-1)

    starts, fine = grid(11), grid(41)
    heights = np.array([[height(p) for p in row] for row in fine])
    arrows = np.array([[-numerical_gradient(height, p) for p in row] for row in starts])
    longest = float(np.hypot(arrows[..., 0], arrows[..., 1]).max()) or 1.0
    drawn = (arrows / longest).round(6)  # the same on every processor
    width, tall = x[1] - x[0], y[1] - y[0]
    gap = min(width, tall) / 10
    with style():
        figure = Figure(figsize=(WIDTH, float(np.clip(WIDTH * tall / width, 2, 6))))
        figure.set_layout_engine("constrained")
        ax = figure.subplots()
        if np.ptp(heights) > 0:
            ax.contour(*fine.T, heights.T, 10, colors=[GREY], linewidths=0.8, alpha=0.6)
        looks: Any = {"angles": "xy", "scale_units": "xy", "units": "width", "width": 0.006}
        looks |= {"scale": 1 / (0.95 * gap), "color": BLUE}
        ax.quiver(*np.concatenate([starts, drawn], axis=-1).T, **looks)
        ax.plot(*starts.reshape(-1, 2).T, ".", color=BLUE, markersize=2.5)
        ax.set(xlim=(x[0] - gap / 2, x[1] + gap / 2), ylim=(y[0] - gap / 2, y[1] + gap / 2))
        ax.set(xlabel=names[0], ylabel=names[1], aspect="equal")
    said = [
        "({}, {}) at ({}, {})".format(*(format_number(round(v, 6)) for v in [*arrow, *point]))
        for point, arrow in (
            (starts[i].tolist(), arrows[i].tolist())
            for i in [(0, 0), (0, 10), (5, 5), (10, 0), (10, 10)]
        )
    ]
    return Picture(figure, f"Minus the gradient: {', '.join(said)}.")
