"""The numbers of a variable as SVG text: how wide they are, their hooks, arrays as cells.

The elements that hold numbers carry the hooks by which the live figures keep them up to date.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from nnlib.formatting import format_number
from nnlib.functions import Array
from nnlib.palette import BLUE, ORANGE

DERIVATIVE, SHADE = ORANGE, BLUE  # a derivative; the values in a heat map
CELL = "−0.05123"  # what each entry of an array has room for, whatever stands there now
LINE = 18.0  # height of a row of entries
NUMBERS, LARGEST = 24, 256  # entries: above the first as a heat map, above the second not at all
ADVANCE = {".": 0.3, ",": 0.3, " ": 0.3, "i": 0.3, "l": 0.3, "m": 0.9, "w": 0.8, "W": 1.0, "M": 0.9}


def text_width(text: str, size: float) -> float:
    """Return about how wide a text of this size is, in the same units.

    Examples
    --------
    >>> text_width("220", 15.0)
    27.9
    """
    return round(size * sum(ADVANCE.get(c, 0.62 if ord(c) < 0x2E80 else 1.0) for c in text), 1)


def shape_text(shape: tuple[int, ...]) -> str:
    """Return the shape of an array as it stands beside its numbers.

    Examples
    --------
    >>> shape_text((2, 3)), shape_text((3,))
    ('2×3', '(3,)')
    """
    return "×".join(map(str, shape)) if len(shape) > 1 else f"({shape[0]},)"


def hooks(kind: str, name: str, number: float, index: tuple[int, ...] | None = None) -> str:
    """Return the attributes that say which number an element shows.

    Examples
    --------
    >>> hooks("gradient", "W", 0.5, (0, 1))
    'data-gradient-of="W" data-index="0,1" data-exact="0.5"'
    """
    place = "" if index is None else f' data-index="{",".join(map(str, index))}"'
    return f'data-{kind}-of="{escape(name)}"{place} data-exact="{float(number)!r}"'


def hook(kind: str, name: str, number: float, index: tuple[int, ...] | None = None) -> str:
    """Return the end of a tag that shows a number: its hooks and its text.

    Parameters
    ----------
    kind : str
        What is shown: "value", "gradient", ...
    name : str
        Of the variable.
    number : float
    index : tuple of int, optional
        Of the entry, if the variable is an array.

    Examples
    --------
    >>> hook("value", "x", 2 / 3)
    'data-value-of="x" data-exact="0.6666666666666666">0.6667'
    >>> hook("value", "W", 2.0, (0, 1))
    'data-value-of="W" data-index="0,1" data-exact="2.0">2'
    """
    return f"{hooks(kind, name, number, index)}>{format_number(number)}"


@dataclass(frozen=True)
class Grid:
    """The rows and columns of an array, with the size of a cell; `heat`: shades, not numbers."""

    rows: int
    columns: int
    cell: float
    line: float
    heat: bool

    @property
    def width(self) -> float:
        return self.columns * self.cell + 6

    @property
    def height(self) -> float:
        return self.rows * self.line + 6


def grid(name: str, arrays: list[Array], least: str) -> Grid:
    """Return a grid for arrays of one shape; a cell has room for each entry and for `least`.

    Raises
    ------
    ValueError
        If the arrays have more than two axes, or more entries than can be told apart.

    Examples
    --------
    >>> grid("W", [np.ones((2, 3))], "1.5")
    Grid(rows=2, columns=3, cell=28.5, line=18.0, heat=False)
    """
    array = arrays[0]
    if array.ndim > 2 or array.size > LARGEST:
        raise ValueError(
            f"{name} has shape {array.shape}, which is {array.size} entries; an array in a drawn "
            f"graph has one or two axes and at most {LARGEST} entries: draw a smaller example of "
            f"the graph, or look at values[{name!r}] and gradients[{name!r}] of the Graph"
        )
    rows, columns = np.atleast_2d(array).shape
    if array.size > NUMBERS:
        cell, line = (float(max(3, min(12, 192 // n))) for n in (columns, rows))
        return Grid(rows, columns, cell, line, True)
    texts = [least, *(format_number(number) for a in arrays for number in a.flat)]
    return Grid(rows, columns, max(text_width(text, 12) for text in texts) + 10, LINE, False)


def cells(kind: str, name: str, array: Array, at: Grid, left: float, top: float) -> str:
    """Return the entries of an array as SVG text, from the corner of their frame.

    Without a `kind` they have no hooks: a constant never changes.

    Examples
    --------
    >>> cells("", "c1", np.array([5.0]), Grid(1, 1, 20.0, 18.0, False), 0.0, 0.0)
    '<g font-size="12"><text y="16"><tspan x="13">5</tspan></text></g>'
    """
    rows = []
    for i, row in enumerate(np.atleast_2d(array).tolist()):
        texts = []
        for j, number in enumerate(row):
            x = left + 3 + (j + 0.5) * at.cell
            index = (i, j) if array.ndim == 2 else (j,)
            shown = f" {hook(kind, name, number, index)}" if kind else f">{format_number(number)}"
            texts.append(f'<tspan x="{x:g}"{shown}</tspan>')
        rows.append(f'<text y="{top + 16 + i * at.line:g}">{"".join(texts)}</text>')
    return f'<g font-size="12">{"".join(rows)}</g>'


def heat(kind: str, name: str, array: Array, at: Grid, left: float, top: float) -> str:
    """Return the entries of an array as cells, the larger the darker; round ones are negative.

    Examples
    --------
    >>> heat("", "c1", np.array([-5.0]), Grid(1, 1, 12.0, 12.0, True), 0.0, 0.0).count("nn-minus")
    1
    """
    size = np.abs(array)
    largest = size[np.isfinite(size)].max(initial=0) or 1.0
    rects = []
    for (i, j), number in np.ndenumerate(np.atleast_2d(array)):
        index = (i, j) if array.ndim == 2 else (j,)
        minus = ' nn-minus" rx="6' if number < 0 else ""
        shown = f" {hooks(kind, name, number, index)}" if kind else ""
        rects.append(
            f'<rect class="nn-heat{minus}" x="{left + 3 + j * at.cell:g}" '
            f'y="{top + 3 + i * at.line:g}" width="{at.cell - 1:g}" height="{at.line - 1:g}" '
            f'fill-opacity="{round(min(1.0, abs(number) / largest), 2):g}"{shown}/>'
        )
    colour = DERIVATIVE if kind == "gradient" else SHADE
    return f'<g fill="{colour}">{"".join(rects)}</g>'


def entries(kind: str, name: str, array: Array, at: Grid, left: float, top: float) -> str:
    """Return the entries of an array, in the way that its grid says, in a frame.

    Examples
    --------
    >>> entries("value", "x", np.ones(2), Grid(1, 2, 20.0, 18.0, False), 0.0, 0.0).count("tspan x")
    2
    """
    drawn = (heat if at.heat else cells)(kind, name, array, at, left, top)
    return (
        f'<rect class="nn-frame" x="{left:g}" y="{top:g}" width="{at.width:g}" '
        f'height="{at.height:g}" rx="5" fill="none" stroke="currentColor" stroke-opacity=".4"/>'
        f"{drawn}"
    )
