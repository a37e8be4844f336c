"""The frame of a drawn plot: from numbers to places in an SVG, with ticks at round numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, inf, isfinite, log10

import numpy as np
from numpy.typing import ArrayLike

from nnlib.formatting import format_number
from nnlib.functions import Array

LETTER = 12.5  # the width of a digit on a narrow screen, where the style makes text larger
HUGE = 1e100  # a value that is larger counts as infinite where a range is chosen
LINE = 26  # the height of a line of such text


class Axes:
    """A frame with two axes, from which places in an SVG are computed.

    Parameters
    ----------
    x, y : (low, high)
        What the axes span, in the units of the data.
    width, height : float, default 560 and 320
        Of the whole drawing with its labels, in SVG units. With `height=None` a unit of y becomes
        as long as a unit of x, as far as that gives a drawing between 220 and 620 high.
    x_label, y_label : str, optional
        What the axes show; the one stands below at the right, the other above at the left.
    powers : str, optional
        "x", "y" or "xy": the axes whose numbers are exponents of 10, with ticks such as 1e−5.

    Attributes
    ----------
    left, top, right, bottom : float
        The edges of the frame, in SVG units.

    Raises
    ------
    ValueError
        If a range is not two finite numbers that rise, or the labels leave no room.

    Examples
    --------
    >>> axes = Axes(x=(0, 10), y=(-1, 1))
    >>> axes.px(0) == axes.left, axes.py(1) == axes.top
    (True, True)
    >>> round((axes.px(10) - axes.px(0)) / (axes.right - axes.left), 9)
    1.0
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        width: float = 560,
        height: float | None = 320,
        x_label: str = "",
        y_label: str = "",
        powers: str = "",
    ):
        self.x, self.y = _checked("x", x), _checked("y", y)
        self.x_label, self.y_label = x_label, y_label
        self.x_ticks, self.y_ticks = (
            ticks(*self.x, 7, "x" in powers),
            ticks(*self.y, 6, "y" in powers),
        )
        letters = max(len(text) for text in self.y_ticks.values())
        self.left = letters * LETTER + 14
        self.top = 10 + LINE * bool(y_label)
        self.right = width - 18
        below = LINE * (1 + bool(x_label)) + 4
        if height is None:
            unit = (self.right - self.left) / (self.x[1] - self.x[0])
            height = min(max(unit * (self.y[1] - self.y[0]) + self.top + below, 220), 620)
        self.width, self.height = width, round(height, 1)
        self.bottom = self.height - below
        if not (self.right > self.left and self.bottom > self.top):
            raise ValueError(f"Axes: {width} by {height} units leave no room inside the labels")

    def px(self, x: float) -> float:
        """Return where `x` stands from left to right, in SVG units."""
        low, high = self.x
        return self.left + (x - low) / (high - low) * (self.right - self.left)

    def py(self, y: float) -> float:
        """Return where `y` stands from top to bottom, in SVG units."""
        low, high = self.y
        return self.bottom - (y - low) / (high - low) * (self.bottom - self.top)

    def path(self, xs: ArrayLike, ys: ArrayLike) -> str:
        """Return a line through the points as the `d` of an SVG path, cut off at the frame.

        Parameters
        ----------
        xs, ys : arrays of shape (n,)
            The line has a gap where one of them is not finite.

        Returns
        -------
        str, empty if nothing of the line is inside the frame

        Raises
        ------
        ValueError
            If the shapes differ.

        Examples
        --------
        >>> axes = Axes(x=(0, 10), y=(0, 10))
        >>> axes.path([0, 5, 5, 10], [1, 2, float("nan"), 3]).count("M")
        1
        """
        x, y = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
        if x.shape != y.shape or x.ndim != 1:
            raise ValueError(f"Axes.path needs two arrays of shape (n,), got {x.shape}, {y.shape}")
        points = list(zip(_near(x, *self.x).tolist(), _near(y, *self.y).tolist(), strict=True))
        parts: list[str] = []
        end: tuple[float, float] | None = None
        for a, b in pairwise(points):
            inside = self._inside(a, b)
            if inside is None:
                continue
            if inside[0] != end:
                parts.append(self._step("M", inside[0]))
            parts.append(self._step("L", inside[1]))
            end = inside[1]
        return "".join(parts)

    def _step(self, command: str, point: tuple[float, float]) -> str:
        return f"{command}{short(self.px(point[0]))} {short(self.py(point[1]))}"

    def _inside(
        self, a: tuple[float, float], b: tuple[float, float]
    ) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Return the part of the segment from a to b that is inside the frame, or None."""
        if not all(isfinite(v) for v in (*a, *b)):
            return None
        start, end = 0.0, 1.0
        for p, q, (low, high) in zip(a, b, (self.x, self.y), strict=True):
            if p == q:
                if not low <= p <= high:
                    return None
                continue
            s, t = sorted(((low - p) / (q - p), (high - p) / (q - p)))
            start, end = max(start, s), min(end, t)
        if start >= end:
            return None
        at = [
            (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) if 0 < t < 1 else (a, b)[t == 1]
            for t in (start, end)
        ]
        return at[0], at[1]

    @property
    def box(self) -> dict[str, list[float]]:
        """The same mapping for the script: `x` and `y` in data, `px` and `py` where they stand."""
        return {
            "x": list(self.x),
            "y": list(self.y),
            "px": [self.left, self.right],
            "py": [self.bottom, self.top],
        }

    def frame(self) -> str:
        """Return the SVG group of frame, ticks and labels, of class nn-axes."""
        left, right, top, bottom = self.left, self.right, self.top, self.bottom
        parts = [_line("nn-edge", f"M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}Z")]
        for x, text in self.x_ticks.items():
            at = self.px(x)
            parts.append(
                _line("nn-zero" if x == 0 else "nn-grid", f"M{short(at)} {top:g}V{bottom:g}")
            )
            parts.append(_text(at, bottom + 0.8 * LINE, "middle", text))
        for y, text in self.y_ticks.items():
            at = self.py(y)
            parts.append(
                _line("nn-zero" if y == 0 else "nn-grid", f"M{left:g} {short(at)}H{right:g}")
            )
            parts.append(_text(left - 8, at + 5, "end", text))
        parts.append(_text(right, self.height - 8, "end", self.x_label))
        parts.append(_text(left, LINE - 6, "start", self.y_label))
        return f'<g class="nn-axes">{"".join(parts)}</g>'

    def svg(self, content: str, title: str, description: str) -> str:
        """Return a whole SVG: the frame, and `content` (SVG text) over it.

        Examples
        --------
        >>> Axes(x=(0, 1), y=(0, 1)).svg("", "Nothing", "An empty frame.")[:36]
        '<svg xmlns="http://www.w3.org/2000/s'
        """
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" role="img" fill="currentColor" '
            'font-family="system-ui, sans-serif" font-size="14">'
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
            f"{self.frame()}{content}</svg>"
        )


def ticks(low: float, high: float, most: int, powers: bool = False) -> dict[float, str]:
    """Return up to `most` round numbers from `low` to `high`, each with its text.

    With `powers` they are whole exponents of 10.

    Examples
    --------
    >>> ticks(-1.2, 1.1, 6)
    {-1.0: '−1.0', -0.5: '−0.5', 0.0: '0', 0.5: '0.5', 1.0: '1.0'}
    """
    power = max(floor(log10((high - low) / most)), 0 if powers else -400)
    # Divide by a power above 1: 1/10 is not a float, and 3 * 0.1 would not be 0.3.
    up, down = 10.0 ** max(power, 0), 10.0 ** max(-power, 0)

    def multiples(size: int) -> range:
        first, last = low / size / up * down, high / size / up * down
        return range(ceil(first - 1e-9), floor(last + 1e-9) + 1)

    size = next(size for size in (1, 2, 5, 10, 20) if len(multiples(size)) <= most)
    numbers = [min(max(k * size * up / down, low), high) for k in multiples(size)]
    decimals = max(0, -power - (size >= 10))
    largest = max(abs(low), abs(high))
    plain = (decimals <= 5 and largest < 1e6) or largest / (size * 10.0**power) > 3000

    def text(x: float) -> str:
        if powers:
            return f"1e{x:.0f}".replace("-", "−") if x else "1"
        return f"{x:.{decimals}f}".replace("-", "−") if plain and x else format_number(x)

    return {x: text(x) for x in numbers}


def _near(values: Array, low: float, high: float) -> Array:
    """Bring what is farther away than a billion frames to there, lest rounding swallows a line."""
    away = 1e9 * (high - low)
    return np.where(np.isfinite(values), np.clip(values, low - away, high + away), np.nan)


def _checked(name: str, span: Sequence[float]) -> tuple[float, float]:
    try:
        low, high = (float(v) for v in span)
    except (TypeError, ValueError):
        raise ValueError(f"Axes: {name} must be (low, high), got {span!r}") from None
    if not (1e-300 < high - low < inf and high - low > 1e-9 * max(abs(low), abs(high))):
        raise ValueError(f"Axes: {name} must be two finite numbers that rise, got {span!r}")
    return low, high


def short(at: float) -> str:
    """Return a place in SVG units to a tenth, as text.

    Examples
    --------
    >>> short(12.345), short(-0.01)
    ('12.3', '0')
    """
    return f"{floor(10 * at + 0.5) / 10:g}"  # halves up, as in the script


def _line(kind: str, d: str) -> str:
    faint = "" if kind == "nn-zero" else ' stroke-opacity=".2"'
    return f'<path class="{kind}" d="{d}" stroke="currentColor" fill="none"{faint}/>'


def _text(x: float, y: float, anchor: str, text: str) -> str:
    at = f'x="{short(x)}" y="{short(y)}" text-anchor="{anchor}"'
    return f"<text {at}>{escape(text)}</text>" if text else ""
