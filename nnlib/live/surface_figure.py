"""The live figure of a function of two numbers: its contours, and the way down from a point."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from itertools import pairwise
from math import atan2, ceil, degrees, floor, hypot, isfinite, isnan, log10, nan
from typing import Any

import contourpy
import numpy as np

from nnlib.formatting import format_number, table
from nnlib.functions import Array
from nnlib.live.axes import HUGE, LETTER, LINE, Axes, short, ticks
from nnlib.live.base import Control, LiveFigure, with_number
from nnlib.live.function_code import exactly, written
from nnlib.live.pen import PEN, dots, handle, key, path, place
from nnlib.live.sampled import (
    POINTS,
    SampledSurface,
    checked_function,
    checked_range,
    checked_start,
    number,
    over,
    traced_by_name,
)
from nnlib.picture import hook
from nnlib.words import say

__all__ = ["SurfaceFigure"]

GRID = 101  # values in each direction, for the contours
CONTOURS = 12
CLOSE = 8  # SVG units between places on a straight contour where its number may stand
ARROW = "M12 0H58M47-7L59 0L47 7"
CROSS = "M-6-6L6 6M6-6L-6 6"


class SurfaceFigure(LiveFigure):
    """A live figure of a function of two numbers, seen from above.

    It shows contours, a point to drag with the gradient there, and the path of gradient descent
    from that point, a dot for each step: too short steps creep, too long ones jump to and fro or
    run away. A sentence says what became of it.

    Parameters
    ----------
    f : function of two numbers
        If it computes with `Variable` objects, all numbers are exact. Any other Python function is
        sampled on a grid; between its points the figure interpolates, and it says so. The figure
        calls the numbers as the parameters of `f` are called; they are x and y where those have no
        names of their own, as in `numpy.hypot`, or one that something else in the figure has.
    x, y : (low, high), default (-3, 3)
        The ranges of the first and the second number, whatever they are called.
    start : (x, y), optional
        Where the point starts.
    step_size : float, optional
        What the gradient is multiplied by to make a step, at first.
    step_sizes : (low, high, step), optional
        The slider of the step size. Default: from the curvature of the surface, so that steps that
        are too short and steps that are too long are within reach.
    steps : int, default 30
    name : str, optional
        Names the figure on a page. Default: the name of what `f` returns, or z.
    caption : str, optional

    Attributes
    ----------
    values, gradients : dict of str to float
        At the present point, computed by nnlib.
    path : array of shape (n, 3)
        The points of gradient descent, each with its two inputs and its value; n is `steps` + 1,
        or less where it leaves what is finite.
    outcome : str
        What became of it: arrives, creeps, falls, turns, endless, away, left, still or none.
    sliders : dict of str to ipywidgets.FloatSlider

    Raises
    ------
    ValueError
        If a range does not rise, `start` or `step_size` is not on its slider, `f` is not finite
        at `start`, or `steps` is not from 2 to 200.

    Examples
    --------
    >>> figure = SurfaceFigure(lambda w, b: w**2 / 20 + b**2, start=(-2.4, 1.8), step_size=1)
    >>> figure.gradients["b"], figure.outcome
    (3.6, 'turns')
    >>> figure
    Contours of z
                 w     −2.4
                 b      1.8
                 z    3.528
             ∂z/∂w    −0.24
             ∂z/∂b      3.6
         step_size        1
    after 30 steps
                 w  −0.1017
                 b      1.8
                 z    3.241

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 4.3.
    """

    kind = "surface"

    def __init__(
        self,
        f: Callable[[Any, Any], Any],
        x: tuple[float, float] = (-3, 3),
        y: tuple[float, float] = (-3, 3),
        *,
        start: tuple[float, float] | None = None,
        step_size: float | None = None,
        step_sizes: tuple[float, float, float] | None = None,
        steps: int = 30,
        name: str | None = None,
        caption: str = "",
    ):
        who = "SurfaceFigure"
        checked_function(who, f, 1.0, 1.0)
        if not (hasattr(steps, "__index__") and 2 <= steps <= 200):
            raise ValueError(f"{who}: steps must be a whole number from 2 to 200, got {steps!r}")
        xs, x_step = checked_range(who, "x", x, None)
        ys, y_step = checked_range(who, "y", y, None)
        self.f, self.steps = f, int(steps)
        self._ranges = f"x=({exactly(x[0])}, {exactly(x[1])}), y=({exactly(y[0])}, {exactly(y[1])})"
        self.x, self.y = (float(xs[0]), float(xs[-1])), (float(ys[0]), float(ys[-1]))
        at = _checked_point(start, xs, ys)
        self._trace(at, xs, ys)
        low, high, step = self._step_sizes(step_sizes)
        if step_size is None:
            step_size = low + step * round((high - low) / 3 / step)
        sizes = checked_range(who, "step_sizes", (low, high), step)[0]
        step_size = checked_start(who, "step_size", step_size, sizes)
        self._axes = Axes(self.x, self.y, 480, None, *self._names)
        controls = {
            self._names[0]: Control(at[0], *self.x, x_step),
            self._names[1]: Control(at[1], *self.y, y_step),
            "step_size": Control(step_size, low, high, step),
        }
        super().__init__(name=name or self.output, caption=caption, controls=controls)

    def _trace(self, at: tuple[float, float], xs: Array, ys: Array) -> None:
        """Make the graph of f, or samples of it."""
        some = [
            [start, *places[np.linspace(0, len(places) - 1, 7).astype(int)].tolist()]
            for start, places in zip(at, (xs, ys), strict=True)
        ]
        self._names, self.graph = traced_by_name(
            self.f, [(u, v) for u in some[0] for v in some[1]], "xy", "z", "step_size"
        )
        self.output = self.graph.output if self.graph else "z"
        if self.output == "step_size":
            raise ValueError(
                'SurfaceFigure: f returns a variable called "step_size", as the slider; rename it'
            )
        self._surface = None if self.graph else SampledSurface(self.f, self.x, self.y, self._names)
        if not all(isfinite(v) for v in self._at(*at)):
            a, b = self._names
            raise ValueError(
                f"SurfaceFigure: f or its gradient is not finite at {a} = {at[0]:g}, "
                f"{b} = {at[1]:g}; "
                "start where it is, with start=(..., ...), or change the ranges"
            )

    def _at(self, x: float, y: float) -> tuple[float, float, float]:
        """Return value and slopes along both inputs, NaN or infinite where there are none."""
        if self._surface:
            return self._surface(x, y)
        assert self.graph is not None
        a, b = self._names
        now = self.graph.at(**{a: x, b: y})
        z = now.values[self.output]
        return (nan, nan, nan) if isnan(z) else (z, now.gradients[a], now.gradients[b])

    def _step_sizes(self, given: tuple[float, float, float] | None) -> tuple[float, float, float]:
        """Return the range of the step size: steps above 2 / curvature run away in a bowl."""
        if given is not None:
            try:
                low, high, step = (float(v) for v in given)
            except (TypeError, ValueError):
                raise TypeError(
                    f"SurfaceFigure: step_sizes must be (low, high, step), got {given!r}"
                ) from None
            if not low > 0:
                raise ValueError(f"SurfaceFigure: a step size must be above 0, got {given!r}")
            return low, high, step
        bends, slopes = [], []
        dx, dy = 1e-4 * (self.x[1] - self.x[0]), 1e-4 * (self.y[1] - self.y[0])
        for x in np.linspace(*self.x, 7)[1:-1].tolist():
            for y in np.linspace(*self.y, 7)[1:-1].tolist():
                with np.errstate(all="ignore"):
                    along_x = np.subtract(self._at(x + dx, y), self._at(x - dx, y))[1:] / (2 * dx)
                    along_y = np.subtract(self._at(x, y + dy), self._at(x, y - dy))[1:] / (2 * dy)
                matrix = np.array([along_x, along_y])
                if np.isfinite(matrix).all():
                    bends.append(float(np.linalg.norm(matrix, 2)))
                    slopes.append(hypot(*self._at(x, y)[1:]))
        bend, slope = (float(np.median(v)) if v else 0.0 for v in (bends, slopes))
        width = max(self.x[1] - self.x[0], self.y[1] - self.y[0])
        # Where hardly anything bends, such steps would leave the picture at once.
        bend = max(bend, 2.4 * slope / width)
        most = 2.4 / bend if bend > 1e-30 else 1.0
        power = floor(log10(most / 60))
        step = next(s for s in (float(f"{n}e{power}") for n in (1, 2, 5, 10)) if most / s <= 130)
        return step, float(f"{step * ceil(most / step):.6g}"), step

    @property
    def _here(self) -> dict[str, float]:
        """The inputs of f by name: where the point is."""
        now = self.inputs
        return {n: now[n] for n in self._names}

    @property
    def values(self) -> dict[str, Any]:
        """The value of both inputs, the output, and what an exact function computes on the way."""
        here = self._here
        if self.graph:
            return self.graph.at(**here).values
        return here | {self.output: self._at(*here.values())[0]}

    @property
    def gradients(self) -> dict[str, Any]:
        """The derivative of the output with respect to each of `values`."""
        here = self._here
        every = self.graph.at(**here).gradients if self.graph else {self.output: 1.0}
        return every | dict(zip(self._names, self._at(*here.values())[1:], strict=True))

    @property
    def path(self) -> Array:
        """The points of gradient descent, of shape (n, 3), each as both inputs and the value."""
        x, y, step_size = self.inputs.values()
        points: list[tuple[float, float, float]] = []
        while isfinite(x) and isfinite(y) and len(points) <= self.steps:
            z, along_x, along_y = self._at(x, y)
            points.append((x, y, z))
            if not (isfinite(z) and isfinite(along_x) and isfinite(along_y)):
                break
            x, y = x - step_size * along_x, y - step_size * along_y
        return np.array(points)

    @property
    def outcome(self) -> str:
        """What became of the path, in a word."""
        return outcome(self.path.tolist(), self.steps, 10 * (self.x[1] - self.x[0]))

    def __repr__(self) -> str:
        at, slopes, z = self.inputs, self.gradients, self.output
        rows = [(n, at[n]) for n in self._names] + [(z, self.values[z])]
        rows += [(f"∂{z}/∂{n}", slopes[n]) for n in self._names] + [("step_size", at["step_size"])]
        end = zip((*self._names, z), self.path[-1].tolist(), strict=True)
        cells = [[n, format_number(v)] for n, v in rows]
        cells += [[say("still.surface.after", count=len(self.path) - 1), ""]]
        cells += [[n, format_number(v)] for n, v in end]
        return say("still.surface.title", z=z) + table(["", ""], cells)

    def _sentence(self) -> str:
        """Return what became of the path, as the script says it."""
        count = len(self.path) - 1
        x, y, z = (format_number(v) for v in self.path[-1])
        a, b = self._names
        parts = {"count": count, "a": a, "x": x, "b": b, "y": y, "name": self.output, "z": z}
        told = say(f"surface.{self.outcome}", **parts)
        return (
            told
            if self.outcome in ("none", "still", "left")
            else f"{say('surface.after', **parts)} {told}"
        )

    @np.errstate(all="ignore")
    def _stage(self) -> str:
        axes, points, z = self._axes, self.path, self.output
        x, y = self._here.values()
        slopes = [self.gradients[n] for n in self._names]
        end = points[-1]
        said = self._sentence()
        content = (
            f"{self._contours()}{path('nn-path', axes.path(points[:, 0], points[:, 1]))}"
            f"{path('nn-steps', dots(axes, points[:, :2].tolist()))}"
            f'<path class="nn-end" {place(axes, end[0], end[1])} d="{CROSS}" {PEN}/>'
            f'<g class="nn-uphill" {place(axes, x, y)}>'
            f'<path class="nn-arrow" {_turn(axes, *slopes)} d="{ARROW}" {PEN}/></g>'
            f"{handle(axes, x, y)}"
        )
        picture = axes.svg(content, say("still.surface.title", z=z), said)
        name = escape(z)
        entries = [
            ("nn-level", f"{name} = <b {hook('value', z, self.values[z])}</b>"),
            ("nn-arrow", escape(say("still.surface.gradient"))),
            (
                "nn-path",
                f"{escape(say('still.surface.path'))} <b {hook('end', z, float(end[2]))}</b>",
            ),
        ]
        return f'{picture}{key(entries)}<p class="nn-told">{escape(said)}</p>'

    def _contours(self) -> str:
        """Return lines of equal value, with numbers on every other level."""
        xs, ys = np.linspace(*self.x, GRID), np.linspace(*self.y, GRID)
        across, up = (v.ravel() for v in np.meshgrid(xs, ys))
        if self.graph:
            z = over(self.graph, **dict(zip(self._names, (across, up), strict=True)))[0]
        else:
            places = zip(across.tolist(), up.tolist(), strict=True)
            z = np.array([number(self.f, *place, names=self._names) for place in places])
        z = np.where(np.abs(z) < HUGE, z, nan)
        heights = contourpy.contour_generator(xs, ys, np.ma.masked_invalid(z.reshape(GRID, GRID)))
        lines, numbers = [], []
        x, y = self._here.values()
        taken = [[self._axes.px(x), self._axes.py(y)]]
        for k, (level, text) in enumerate(_levels(z[np.isfinite(z)]).items()):
            found = [np.asarray(line) for line in heights.lines(level)]
            outlines = [
                _thinned(np.array([[self._axes.px(x), self._axes.py(y)] for x, y in line])).round(1)
                for line in found
                if len(line) > 1
            ]
            lines.append(path("nn-level", "".join(_outline(points) for points in outlines)))
            if k % 2 == 0 and outlines:
                at = _free(self._axes, outlines, text, taken)
                if at is None:  # a straight line has no points but its ends, on the edges
                    at = _free(self._axes, [_filled(line) for line in outlines], text, taken)
                if at is not None:
                    taken.append(at)
                    numbers.append(
                        f'<text x="{short(at[0])}" y="{short(at[1])}" dy=".35em">{text}</text>'
                    )
        return "".join(lines) + f'<g class="nn-heights" text-anchor="middle">{"".join(numbers)}</g>'

    def _beside(self, name: str) -> str:
        if name == "step_size":
            return ""
        return with_number(f"∂{self.output}/∂{name} =", "gradient", name, self.gradients[name])

    def _below(self) -> str:
        if self.graph:
            return ""
        return f'<p class="nn-note">{escape(say("still.surface.sampled", count=POINTS**2))}</p>'

    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"box": self._axes.box, "names": self._names, "steps": self.steps}
        data["z"] = self.output
        if self.graph:
            return data | {"graph": self.graph.to_dict()}
        assert self._surface is not None
        return data | {"knots": self._surface.knots}

    def _code(self) -> str:
        lines, f = written(self.f)
        a, b = self._names
        step = self.controls["step_size"]
        call = (
            f"SurfaceFigure({f}, {self._ranges}, start=(⟦{a}⟧, ⟦{b}⟧), step_size=⟦step_size⟧, "
            f"step_sizes=({exactly(step.low)}, {exactly(step.high)}, {exactly(step.step)}), "
            f"steps={self.steps}, name={self.name!r}, caption={self.caption!r})"
        )
        return "\n".join([*lines, "from nnlib.live import SurfaceFigure", "", call])


def _checked_point(start: tuple[float, float] | None, xs: Array, ys: Array) -> tuple[float, float]:
    if start is None:
        return float(xs[round(0.1 * (len(xs) - 1))]), float(ys[round(0.8 * (len(ys) - 1))])
    try:
        x, y = start
    except (TypeError, ValueError):
        raise TypeError(f"SurfaceFigure: start must be (x, y), got {start!r}") from None
    who = "SurfaceFigure"
    return checked_start(who, "start[0]", x, xs), checked_start(who, "start[1]", y, ys)


def outcome(points: list[list[float]], steps: int, reach: float = HUGE) -> str:
    """Return in a word what became of gradient descent.

    Parameters
    ----------
    points : list of [x, y, value]
    steps : int
        How many there should have been.
    reach : float, optional
        A way that leads far out of the picture.

    Returns
    -------
    str
        none: no value at the start. still: the gradient is 0 there. left: to where there is no
        value. endless: ever further down, in growing steps, far out of the picture.
        away: beyond all bounds, higher than at the start, or to and fro in growing steps.
        arrives: if the steps go on shrinking like this, all to come add up to at most 1 % of the
        way so far. turns: the last two go against each other. creeps: the last is shorter than
        the one before. falls: it is not.

    Examples
    --------
    >>> outcome([[1, 0, 1], [0.5, 0, 0.25], [0.25, 0, 0.0625]], 2)
    'creeps'
    """
    start, end = points[0], points[-1]
    falls = all(q[2] < p[2] for p, q in pairwise(points))
    if not isfinite(end[2]) or len(points) <= steps:
        if len(points) == 1:
            return "none"
        far = any(abs(v) > HUGE for v in end)
        return "left" if not far else "endless" if falls else "away"
    a, b = points[-3:-1]
    before, last, way = (
        hypot(q[0] - p[0], q[1] - p[1]) for p, q in ((a, b), (b, end), (start, end))
    )
    turns = (b[0] - a[0]) * (end[0] - b[0]) + (b[1] - a[1]) * (end[1] - b[1]) < 0
    if last + way == 0:
        return "still"
    if falls and last > before and way > reach:
        return "endless"
    if end[2] > start[2] or (turns and last > before * (1 + 1e-9)):
        return "away"
    if last <= 1e-9 * way or (last < before and last * last <= 0.01 * way * (before - last)):
        return "arrives"
    return "turns" if turns else "creeps" if last < before * (1 - 1e-9) else "falls"


def _levels(z: Array) -> dict[float, str]:
    """Return the values of contours and their texts: round, and closer where it is flat."""
    low, middle, high = np.percentile(z, [1, 50, 99]).tolist() if z.size else (0.0, 0.5, 1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return {}
    if 0.15 < (middle - low) / (high - low) < 0.85:
        return ticks(low, high, CONTOURS)
    shares = np.percentile(z, np.linspace(2, 98, CONTOURS))
    return {v: format_number(v) for v in sorted({float(f"{v:.2g}") for v in shares.tolist()})}


def _thinned(points: Array) -> Array:
    """Return the points of a line that matter: without them it would be off by 0.3 or more.

    References
    ----------
    Douglas, Peucker, "Algorithms for the reduction of the number of points required to represent
    a digitized line or its caricature", Cartographica 10 (1973).
    """
    chord, away = points[-1] - points[0], points - points[0]
    length = hypot(*chord)
    if length:  # the distance from the chord, or in a ring from the start
        distance = np.abs(away[:, 0] * chord[1] - away[:, 1] * chord[0]) / length
    else:
        distance = np.hypot(*away.T)
    k = int(distance.argmax())
    if distance[k] < 0.3:
        return points[[0, -1]]
    return np.concatenate([_thinned(points[: k + 1])[:-1], _thinned(points[k:])])


def _outline(points: Array) -> str:
    """Return the `d` of a path through points, in steps: shorter, and so are the pages."""
    steps = [f"{short(right)} {short(down)}" for right, down in np.diff(points, axis=0).tolist()]
    return f"M{short(points[0][0])} {short(points[0][1])}l{' '.join(steps)}"


def _filled(points: Array) -> Array:
    """Return the points of a line, and more between those that are far from each other."""
    parts = [np.linspace(p, q, ceil(hypot(*(q - p)) / CLOSE) + 1)[1:] for p, q in pairwise(points)]
    return np.concatenate([points[:1], *parts])


def _free(
    axes: Axes, lines: list[Array], text: str, taken: list[list[float]]
) -> list[float] | None:
    """Return the point of lines farthest from numbers and edges, None if `text` fits at none."""
    wide, tall = len(text) * LETTER / 2 + 3, 0.35 * LINE

    def room(point: list[float]) -> float:
        x, y = point
        across, up = min(x - axes.left, axes.right - x), min(y - axes.top, axes.bottom - y)
        if across < wide or up < tall:
            return 0
        return min([2 * across, 2 * up, 120, *[hypot(x - u, y - v) for u, v in taken]])

    best: list[float] = max(np.concatenate(lines).tolist(), key=room)
    return best if room(best) else None


def _turn(axes: Axes, along_x: float, along_y: float) -> str:
    """Return the attributes that turn the arrow uphill, or hide it where nothing rises."""
    right = along_x * (axes.px(1) - axes.px(0))
    down = along_y * (axes.py(1) - axes.py(0))
    length = hypot(right, down)
    if not (isfinite(length) and length > 0):
        return 'opacity="0" transform="rotate(0)"'
    return f'opacity="1" transform="rotate({short(degrees(atan2(down, right)))})"'
