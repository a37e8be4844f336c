"""What is drawn of one variable, as SVG text, and the room that it needs.

Colours and strokes stand in the attributes, so that the picture is readable where no style sheet
is; in a notebook and on the website the style of the live figures refines it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from nnlib.cells import (
    CELL,
    DERIVATIVE,
    Grid,
    cells,
    entries,
    grid,
    heat,
    hook,
    shape_text,
    text_width,
)
from nnlib.formatting import format_number
from nnlib.layout import RADIUS, Room

__all__ = ["BOX", "DERIVATIVE", "PILL", "SLOT", "Mark", "box", "box_width", "sum_text", "word"]

BOX = 18.0  # half the height of a box
SLOT, PILL = 84.0, 96.0  # wide enough for "−0.0001234" and "◂ −0.0001234"
LONG = "0.0001234"  # the longest number without its sign


def box_width(text: str) -> float:
    """Return half the width of a box with this text.

    Examples
    --------
    >>> box_width("x"), box_width("apples")
    (23.0, 36.5)
    """
    return max(RADIUS, text_width(text, 15) / 2 + 11)


def sum_text(parts: list[float]) -> str:
    """Return a sum written out.

    Examples
    --------
    >>> sum_text([5.0, -3.0])
    '= 5 − 3'
    """
    first, *rest = parts
    signed = [f" − {format_number(-p)}" if p < 0 else f" + {format_number(p)}" for p in rest]
    return f"= {format_number(first)}{''.join(signed)}"


def box(x: float, y: float, half_width: float, half_height: float, inside: str) -> str:
    """Return the box of an input or of the output around SVG text.

    Examples
    --------
    >>> box(50.0, 20.0, 30.0, 18.0, word(50.0, 20.0, "x")).count("rect")
    1
    """
    return (
        f'<g class="nn-box"><rect x="{x - half_width:g}" y="{y - half_height:g}" '
        f'width="{2 * half_width:g}" height="{2 * half_height:g}" rx="9" fill="Canvas" '
        f'stroke="#888" stroke-width="1.5"/>{inside}</g>'
    )


def word(x: float, y: float, text: str, size: int = 15) -> str:
    """Return a text in the middle of a box or a circle.

    Examples
    --------
    >>> word(50.0, 20.0, "+", 20)
    '<text x="50" y="20" dy=".35em" font-size="20">+</text>'
    """
    other = "" if size == 15 else f' font-size="{size}"'  # 15 is the size of the whole picture
    return f'<text x="{x:g}" y="{y:g}" dy=".35em"{other}>{escape(text)}</text>'


@dataclass(frozen=True)
class Mark:
    """A variable as it is drawn: its source, and the labels on the edge to the right of it.

    Attributes
    ----------
    name : str
    value, derivative : number or array
        The derivative of a constant is None.
    symbol : str
        Of the node that computes it; "" for an input.
    title : str
        A name that stands above the value; "" if the name stands in a box, or there is none.
    parts : list of float
        The sum that stands below the derivative; empty if there is none.

    Examples
    --------
    >>> Mark("x", 2.0, 8.0, parts=[5.0, 3.0]).room
    Room(half_width=23.0, half_height=18.0, labels=122.1, above=30.0, below=49.0)
    """

    name: str
    value: Any
    derivative: Any = None
    symbol: str = ""
    title: str = ""
    parts: list[float] = field(default_factory=list)

    @property
    def grid(self) -> Grid | None:
        """The grid of an array, None for a number."""
        if not np.ndim(self.value):
            return None
        if self.derivative is None:
            return grid(self.name, [self.value], "")
        return grid(self.name, [self.value, self.derivative], CELL)

    @property
    def room(self) -> Room:
        """The room that it needs."""
        at = self.grid
        if self.derivative is None and at:
            return Room(at.width / 2, at.height / 2)
        if self.derivative is None:
            return Room(box_width(format_number(self.value)), BOX)
        half = (RADIUS, RADIUS) if self.symbol else (box_width(self.name), BOX)
        title = text_width(self.title, 12)
        if at:
            return Room(*half, max(at.width + 34, title + 50), at.height + 24, at.height + 8)
        parts = text_width("= −" + " + ".join([LONG] * len(self.parts)), 11) if self.parts else 0.0
        return Room(
            *half,
            # The longest sums may reach a little under the source and into the bend of the edges.
            max(PILL + 8, title + 6, parts - 24),
            above=43.0 if self.title else 30.0,
            below=49.0 if self.parts else 34.0,
        )

    def source(self, x: float, y: float, half_width: float) -> str:
        """Return its circle, or its box, as SVG text."""
        if self.symbol:
            size = 20 if len(self.symbol) == 1 else 14 if len(self.symbol) < 5 else 11
            return (
                f'<g class="nn-node" data-node="{escape(self.name)}"><circle cx="{x:g}" cy="{y:g}" '
                f'r="{RADIUS:g}" fill="Canvas" stroke="currentColor" stroke-width="1.75"/>'
                f"{word(x, y, self.symbol, size)}</g>"
            )
        at = self.grid
        if at and self.derivative is None:
            left, top = x - at.width / 2, y - at.height / 2
            inside = (heat if at.heat else cells)("", self.name, self.value, at, left, top)
            return box(x, y, at.width / 2, at.height / 2, inside)
        text = format_number(self.value) if self.derivative is None else self.name
        return box(x, y, half_width, BOX, word(x, y, text))

    def labels(self, x: float, y: float, *, backward: bool = True) -> str:
        """Return the value above its edge and the derivative below it, both around `x`.

        Without `backward`, the value alone.
        """
        if self.derivative is None:
            return ""
        parts = self._grids(x, y) if self.grid else self._numbers(x, y)
        return "".join(parts if backward else parts[:1])

    def _grids(self, x: float, y: float) -> tuple[str, str]:
        at = self.grid
        assert at is not None
        top, start = y - 6 - at.height, x - at.width / 2
        return (
            f"{self._title(x, top - 5, shape_text(self.value.shape))}<g class="
            f'"nn-value">{entries("value", self.name, self.value, at, start, top)}</g>',
            f'<g class="nn-derivative" fill="{DERIVATIVE}" font-style="italic">'
            f"{entries('gradient', self.name, self.derivative, at, start, y + 6)}"
            f'<text x="{start - 8:g}" y="{y + 11 + at.height / 2:g}">◂</text></g>',
        )

    def _title(self, x: float, y: float, shape: str = "") -> str:
        text = f"{escape(self.title)} {shape}".strip()
        return (
            f'<text class="nn-name" x="{x:g}" y="{y:g}" font-size="12" fill-opacity=".75">'
            f"{text}</text>"
        )

    def _numbers(self, x: float, y: float) -> tuple[str, str]:
        name = escape(self.name)
        return (
            f"{self._title(x, y - 32) if self.title else ''}"
            f'<rect class="nn-slot" data-slot-of="{name}" x="{x - SLOT / 2:g}" y="{y - 28:g}" '
            f'width="{SLOT:g}" height="26" fill="none"/>'
            f'<text class="nn-value" x="{x:g}" y="{y - 10:g}" font-weight="600" '
            f"{hook('value', self.name, self.value)}</text>",
            f'<g class="nn-derivative" fill="{DERIVATIVE}" font-style="italic">'
            f'<rect class="nn-pill" data-pill-of="{name}" x="{x - PILL / 2:g}" y="{y + 5:g}" '
            f'width="{PILL:g}" height="28" rx="14" fill="none"/>'
            f'<text x="{x:g}" y="{y + 24:g}" font-size="14">◂ <tspan '
            f"{hook('gradient', self.name, self.derivative)}</tspan></text></g>"
            f"{self._parts(x, y + 46) if self.parts else ''}",
        )

    def _parts(self, x: float, y: float) -> str:
        return (
            f'<text class="nn-parts" data-parts-of="{escape(self.name)}" x="{x:g}" y="{y:g}" '
            f'font-size="11" fill="{DERIVATIVE}">{sum_text(self.parts)}</text>'
        )
