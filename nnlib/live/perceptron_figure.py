"""The live figure of a perceptron of two inputs: its line in the plane, and points with labels."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnlib.formatting import format_number, table
from nnlib.functions import Array, as_float
from nnlib.live.axes import Axes, short
from nnlib.live.base import Control, LiveFigure
from nnlib.live.function_code import exactly
from nnlib.live.pen import PEN, path, place
from nnlib.live.sampled import checked_start, grid
from nnlib.picture import hook
from nnlib.words import say

__all__ = ["PerceptronFigure"]

WHO = "PerceptronFigure"
MOST = 20  # points, each a row of the table
LARGEST = 1000
OWN = ("w1", "w2", "b", "sum", "y", "t")  # names of other numbers in the figure
HATCH = 14  # SVG units from one stroke of the hatching to the next
MARKS = "M-6-6H6V6H-6Z", "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0Z"  # of the labels 0 and 1
RING = "M-14 0a14 14 0 1 0 28 0a14 14 0 1 0-28 0Z"

Place = tuple[float, float]  # in SVG units
Line = tuple[Place, Place]


class PerceptronFigure(LiveFigure):
    """A live figure of a perceptron: where in the plane of its two inputs it puts out 1.

    It shows points with their labels, the line w1·x1 + w2·x2 + b = 0, and hatched the side where
    the output is 1. Sliders move the weights and the bias; points on the wrong side are marked. A
    table has the numbers of each point, and a sentence says how many are right.

    The output is 1 where w1·x1 + w2·x2 + b is above 0, and 0 elsewhere, also on the line. Sums of
    floats would not do for that: 0.2 + 0.1 - 0.3 is above 0. So the figure computes with whole
    numbers, tenths of the weights and of the bias and thousandths of the coordinates: the sums and
    the outputs are those of the decimals that one reads, in Python and in a browser alike.

    Parameters
    ----------
    x : array of shape (N, 2)
        Up to 20 points, with coordinates from -1000 to 1000 of at most three decimals.
    t : array of shape (N,)
        Their labels, 0 or 1.
    w1, w2, b : float, default 0.5, 0.5 and -0.7
        Where the sliders start: from -2 to 2, in tenths.
    names : (str, str), default ("x1", "x2")
        What the inputs are called.
    name : str, default "perceptron"
        Names the figure on a page, also as the target of links to it if it begins with "fig-".
    caption : str, optional

    Attributes
    ----------
    values : dict of str to float
        The present w1, w2 and b.
    outputs : array of shape (N,)
        What the perceptron puts out at each point, 0 or 1.
    sliders : dict of str to ipywidgets.FloatSlider

    Raises
    ------
    TypeError
        If `x` or `t` are not real numbers, a weight is not a number, or `names` are not two texts.
    ValueError
        If shapes do not fit, a number is not one of those above, points that coincide have
        different labels, or a name is empty or already in the figure.

    Examples
    --------
    >>> gate = PerceptronFigure([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1], names=("A", "B"))
    >>> gate
    w1 = 0.5, w2 = 0.5, b = −0.7
    A  B  w1·A + w2·B + b  y  t  y = t?
    0  0             −0.7  0  0   right
    0  1             −0.2  0  1   wrong
    1  0             −0.2  0  1   wrong
    1  1              0.3  1  1   right
    2 of 4 points are right. The line crosses the A axis at 1.4 and the B axis at 1.4.
    >>> gate.sliders["b"].value = -0.5
    >>> gate.outputs
    array([0, 0, 0, 1])

    References
    ----------
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in
    the brain", Psychological Review 65 (1958).
    """

    kind = "perceptron"

    def __init__(
        self,
        x: ArrayLike,
        t: ArrayLike,
        *,
        w1: float = 0.5,
        w2: float = 0.5,
        b: float = -0.7,
        names: tuple[str, str] = ("x1", "x2"),
        name: str = "perceptron",
        caption: str = "",
    ):
        self._thousandths, self._labels = _checked_points(x, t)
        self._names = _checked_names(names)
        places, step = grid(-2, 2, 0.1)
        controls = {
            n: Control(checked_start(WHO, n, value, places), -2, 2, step)
            for n, value in (("w1", w1), ("w2", w2), ("b", b))
        }
        points = self._thousandths / 1000
        low, high = points.min(axis=0), points.max(axis=0)
        room = max(0.5, float((high - low).max()) / 4)
        (left, below), (right, above) = (low - room).tolist(), (high + room).tolist()
        self._axes = Axes((left, right), (below, above), 420, None, *self._names)
        super().__init__(name=name, caption=caption, controls=controls)

    @property
    def values(self) -> dict[str, float]:
        """The present weights and bias."""
        return self.inputs

    @property
    def outputs(self) -> Array:
        """What the perceptron puts out at each point, 1 where the sum is above 0."""
        return (self._sums > 0).astype(int)

    @property
    def _tenths(self) -> list[int]:
        return [round(10 * value) for value in self.inputs.values()]

    @property
    def _sums(self) -> Array:
        """The weighted sum with the bias at each point; of all steps only the division rounds."""
        w1, w2, b = self._tenths
        return (self._thousandths @ [w1, w2] + 1000 * b) / 10_000

    def _rows(self) -> list[tuple[float, ...]]:
        """Return for each point its coordinates, the sum, the output and the label."""
        columns = (*(self._thousandths / 1000).T, self._sums, self.outputs, self._labels)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    @property
    def _head(self) -> list[str]:
        a, b = self._names
        return [a, b, f"w1·{a} + w2·{b} + b", "y", "t", "y = t?"]

    def __repr__(self) -> str:
        start = ", ".join(f"{n} = {format_number(v)}" for n, v in self.inputs.items())
        cells = [[*map(format_number, row), _verdict(*row[3:])] for row in self._rows()]
        return f"{start}\n{table(self._head, cells)}\n{self._sentence()}"

    def _sentence(self) -> str:
        """Return how many points are right and where the line is, as the script says it."""
        right = int((self.outputs == self._labels).sum())
        w1, w2, b = self._tenths
        word = (
            ("both" if b else "origin") if w1 and w2
            else "upright" if w1 else "level" if w2 else "none"
        )  # fmt: skip
        line = say(
            f"perceptron.line.{word}",
            a=self._names[0], x=format_number(-b / w1 if w1 else 0),
            b=self._names[1], y=format_number(-b / w2 if w2 else 0), out=int(b > 0),
        )  # fmt: skip
        return say("perceptron.said", right=right, count=len(self._labels), line=line)

    def _stage(self) -> str:
        said = self._sentence()
        edges, strokes = self._lines()
        cuts = [cut for line in edges if (cut := self._cut(line))]
        area = [end for line in edges for end in self._part(line)]
        hatching = [part for line in strokes if (part := self._part(line))]
        content = (
            f"{path('nn-side', _drawn(area))}"
            f"{path('nn-hatch', ''.join(map(_drawn, hatching)))}"
            f"{path('nn-split', _drawn(cuts))}"
        )
        for x, y, _, out, label in self._rows():
            wrong = out != label
            content += (
                f'<g class="nn-point" {place(self._axes, x, y)}>'
                f'<path class="nn-ring" d="{RING}" {PEN} opacity="{wrong:d}"/>{_mark(label)}'
                f'<text x="17" dy=".35em">{label}{" ✗" * wrong}</text></g>'
            )
        title = say("still.perceptron.title", a=self._names[0], b=self._names[1])
        picture = self._axes.svg(content, title, said)
        return f'{picture}{self._key()}<p class="nn-told">{escape(said)}</p>'

    def _key(self) -> str:
        """Return what the lines and marks mean."""
        ring = f'<g transform="scale(.6)">{path("nn-ring", RING)}</g>'
        entries = [
            (path("nn-split", "M-14 0H14"), f"{self._head[2]} = 0"),
            (path("nn-hatch", "M-14 6L-2-6M-6 6L6-6M2 6L14-6"), say("still.perceptron.side")),
            (_mark(1), say("still.perceptron.label", label=1)),
            (_mark(0), say("still.perceptron.label", label=0)),
            (ring, say("still.perceptron.wrong")),
        ]
        svg = '<svg width="30" height="18" viewBox="-15 -9 30 18" aria-hidden="true">'
        spans = "".join(f"<span>{svg}{d}</svg> {escape(text)}</span> " for d, text in entries)
        return f'<p class="nn-key">{spans}</p>'

    def _lines(self) -> tuple[list[Line], list[Line]]:
        """Return the edges of the frame and the hatching of all of it, in SVG units."""
        (left, right), (bottom, top) = self._axes.box["px"], self._axes.box["py"]
        corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
        edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
        wide, tall = right - left, bottom - top
        return edges, [
            (
                (round(left + min(k, wide), 1), round(top + max(k - wide, 0), 1)),
                (round(left + max(k - tall, 0), 1), round(top + min(k, tall), 1)),
            )
            for k in range(HATCH, int(wide + tall), HATCH)
        ]

    def _above(self, at: Place) -> float:
        """Return ten times the weighted sum with the bias at a place of the picture."""
        box = self._axes.box
        x, y = (
            low + (v - start) / (end - start) * (high - low)
            for v, (low, high), (start, end) in zip(
                at, (box["x"], box["y"]), (box["px"], box["py"]), strict=True
            )
        )
        w1, w2, b = self._tenths
        return w1 * x + w2 * y + b

    def _cut(self, line: Line) -> Place | None:
        """Return where a line in the picture meets the perceptron's line, if it does."""
        p, q = line
        g, h = self._above(p), self._above(q)
        if (g > 0) == (h > 0):
            return None
        return p[0] + g / (g - h) * (q[0] - p[0]), p[1] + g / (g - h) * (q[1] - p[1])

    def _part(self, line: Line) -> list[Place]:
        """Return the ends of the part of a line where the output is 1, none if there is none."""
        cut = self._cut(line)
        ends = [end if self._above(end) > 0 else cut for end in line]
        return [end for end in ends if end]

    def _below(self) -> str:
        """Return the numbers of each point as a table."""
        head = "".join(f'<th scope="col">{escape(text)}</th>' for text in self._head)
        names = (*self._names, "sum", "y", "t")
        body = ""
        for i, row in enumerate(self._rows()):
            cells = "".join(
                f"<td {hook('value', n, number, (i,))}</td>"
                for n, number in zip(names, row, strict=True)
            )
            body += f"<tr>{cells}<td>{escape(_verdict(*row[3:]))}</td></tr>"
        return (
            '<div class="nn-numbers nn-scroll"><table class="nn-table">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _data(self) -> dict[str, Any]:
        edges, strokes = self._lines()
        points = [
            [*point, label]
            for point, label in zip(self._thousandths.tolist(), self._labels.tolist(), strict=True)
        ]
        return {
            "points": points, "names": self._names, "box": self._axes.box,
            "edges": edges, "strokes": strokes,
        }  # fmt: skip

    def _code(self) -> str:
        points = (self._thousandths / 1000).tolist()
        x = ", ".join(f"[{exactly(a)}, {exactly(b)}]" for a, b in points)
        return (
            "from nnlib.live import PerceptronFigure\n\n"
            f"PerceptronFigure([{x}], {self._labels.tolist()}, w1=⟦w1⟧, w2=⟦w2⟧, b=⟦b⟧, "
            f"names={self._names!r}, name={self.name!r}, caption={self.caption!r})"
        )


def _mark(label: float) -> str:
    fill = "currentColor" if label else "none"
    return (
        f'<path class="nn-mark{label}" d="{MARKS[int(label)]}" fill="{fill}" '
        'stroke="currentColor"/>'
    )


def _verdict(output: float, label: float) -> str:
    return say("perceptron.right" if output == label else "perceptron.wrong")


def _drawn(points: Sequence[Place]) -> str:
    """Return a line through points as the `d` of a path."""
    steps = "L".join(f"{short(x)} {short(y)}" for x, y in points)
    return f"M{steps}" if steps else ""


def _checked_points(x: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
    """Return the coordinates in thousandths, and the labels, as whole numbers."""
    points, labels = as_float(x), as_float(t, "t")
    if points.ndim != 2 or points.shape[1] != 2 or not 1 <= len(points) <= MOST:
        raise ValueError(
            f"{WHO}: x must be 1 to {MOST} points with two coordinates each, of shape (N, 2), "
            f"got shape {points.shape}"
        )
    if labels.shape != points.shape[:1]:
        raise ValueError(
            f"{WHO}: t must hold a label for each of the {len(points)} points, "
            f"got shape {labels.shape}"
        )
    for label in labels.tolist():
        if label not in (0, 1):
            raise ValueError(f"{WHO}: a label must be 0 or 1, got {label!r} in t")
    near = np.where(np.abs(points) <= LARGEST, np.rint(1000.0 * points), np.nan)
    for given, whole in zip(points.ravel(), near.ravel(), strict=True):
        if points.dtype.type(whole / 1000) != given:
            raise ValueError(
                f"{WHO}: a coordinate must be from {-LARGEST} to {LARGEST} and have at most three "
                f"decimals, got {given!s} in x; np.round(x, 3) rounds"
            )
    pairs = dict[tuple[float, ...], float]()
    for point, label in zip(points.tolist(), labels.tolist(), strict=True):
        if pairs.setdefault(tuple(point), label) != label:
            raise ValueError(
                f"{WHO}: the point {tuple(point)} stands in x with both labels; "
                "points that coincide must have the same"
            )
    return near.astype(int), labels.astype(int)


def _checked_names(names: Sequence[str]) -> tuple[str, str]:
    if isinstance(names, str) or len(names) != 2 or not all(isinstance(n, str) for n in names):
        raise TypeError(f"{WHO}: names must be two strings, got {names!r}")
    for n in names:
        if not n or n in OWN:
            raise ValueError(
                f"{WHO}: {n!r} cannot be the name of an input: it must not be empty or one of "
                f"{', '.join(OWN)}, which stand for other numbers of the figure"
            )
    if names[0] == names[1]:
        raise ValueError(f"{WHO}: the two names must differ, got {tuple(names)!r}")
    return names[0], names[1]
