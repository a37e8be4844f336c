"""What is drawn into the frame of a plot: lines, dots, marks, and the key to them."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan

from nnlib.live.axes import Axes, short

PEN = 'fill="none" stroke="currentColor"'


def path(kind: str, d: str) -> str:
    """Return a line of the picture, by its class."""
    return f'<path class="{kind}" d="{d}" {PEN}/>'


def dots(axes: Axes, points: list[tuple[float, float]]) -> str:
    """Return points as the `d` of a path, each a line of no length that a round pen makes a dot."""
    return "".join(
        f"M{short(axes.px(x))} {short(axes.py(y))}h0"
        for x, y in points
        if axes.x[0] <= x <= axes.x[1] and axes.y[0] <= y <= axes.y[1]
    )


def place(axes: Axes, x: float, y: float, lost: float = 0.4) -> str:
    """Return the attributes that put a mark on a point, or faintly at the edge nearest to it."""
    u = min(max(x, axes.x[0]), axes.x[1])
    v = min(max(axes.y[0] if isnan(y) else y, axes.y[0]), axes.y[1])
    opacity = 1 if (u, v) == (x, y) else lost if isnan(y) else 0.4
    at = f"translate({short(axes.px(u))} {short(axes.py(v))})"
    return f'transform="{at}" opacity="{opacity:g}"'


def handle(axes: Axes, x: float, y: float) -> str:
    """Return the point that a reader drags; a ring that is not seen makes it easy to hit."""
    hit = '<circle class="nn-hit" r="24" fill-opacity="0"/>'
    return f'<g class="nn-handle" {place(axes, x, y)}>{hit}<circle r="8"/></g>'


def key(entries: Iterable[tuple[str, str]]) -> str:
    """Return the key to a picture, from the class and the text (HTML) of each line."""
    svg = '<svg width="30" height="12" aria-hidden="true">'
    spans = "".join(
        f"<span>{svg}{path(kind, 'M1 6H29')}</svg> {text}</span> " for kind, text in entries
    )
    return f'<p class="nn-key">{spans}</p>'
