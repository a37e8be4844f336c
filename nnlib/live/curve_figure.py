"""The live figure of a function of one number: its curve, its tangent, its derivative."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from math import ceil, inf, isfinite, isnan, log10, nan
from numbers import Real
from typing import Any

import numpy as np

from nnlib.difference import numerical_diff
from nnlib.formatting import format_number, table
from nnlib.functions import Array
from nnlib.live.axes import HUGE, Axes
from nnlib.live.base import Control, LiveFigure, with_number
from nnlib.live.function_code import exactly, written
from nnlib.live.pen import PEN, dots, handle, key, path, place
from nnlib.live.sampled import (
    SampledCurve,
    checked_function,
    checked_range,
    checked_start,
    number,
    over,
    pieces,
    traced_by_name,
)
from nnlib.picture import hook
from nnlib.words import say

__all__ = ["CurveFigure"]

EXPONENTS = range(-15, 1)  # of the half width h of a secant, as powers of 10
EPSILON = 2.0**-52
DIAMOND = "M0-8L8 0 0 8-8 0Z"


class CurveFigure(LiveFigure):
    """A live figure of a function of one number.

    It shows the curve with a point to drag, the tangent there, the derivative as a second curve,
    and the secant through x - h and x + h that a central difference takes for the tangent. With a
    large h it misses the bend of the curve; with a tiny one, rounding takes over.

    Parameters
    ----------
    f : function of one number
        If it computes with a `Variable`, all numbers are exact. Any other Python function is
        sampled; between samples the figure interpolates, and it says so. The figure calls the
        number as the parameter of `f` is called; it is x where that has no name of its own, as
        in `numpy.sin`, or the name of something else in the figure, such as h.
    x : (low, high), default (-5, 5)
        The range of that number, whatever it is called.
    at : float, optional
        Where the point starts.
    step : float, optional
        Of its slider. Default: about 200 steps.
    h : float, default 1.0
        The half width of the secant at first: a power of 10 from 1e-15 to 1.
    secant : bool, default True
        Show the secant, if `f` is exact.
    name : str, optional
        Names the figure on a page. Default: the name of what `f` returns, or y.
    caption : str, optional

    Attributes
    ----------
    values, gradients : dict of str to float
        At the present slider positions, computed by nnlib.
    secant, difference : float
        The slope of the secant, and how far it is from that of the tangent; NaN without a secant.
    sliders : dict of str to ipywidgets.FloatSlider

    Raises
    ------
    ValueError
        If a range does not rise, `at` is not on the slider or `f` not finite there, or `h` is not a
        power of 10.

    Examples
    --------
    >>> figure = CurveFigure(lambda p: p**3, x=(-2, 2), at=1, h=0.1)
    >>> figure.gradients["p"]
    3.0
    >>> figure
    Curve of y
         p     1
         y     1
     dy/dp     3
         h   0.1
    secant  3.01
    off by  0.01
    """

    kind = "curve"

    def __init__(
        self,
        f: Callable[[Any], Any],
        x: tuple[float, float] = (-5, 5),
        *,
        at: float | None = None,
        step: float | None = None,
        h: float = 1.0,
        secant: bool = True,
        name: str | None = None,
        caption: str = "",
    ):
        checked_function("CurveFigure", f, 1.0)
        given = step
        places, step = checked_range("CurveFigure", "x", x, step)
        tried = [places[round(k / 20 * (len(places) - 1))] for k in (14, 12, 16, 6, 4, 18, 10, 2)]
        if at is not None:
            tried = [checked_start("CurveFigure", "at", at, places)]
        probes = [*tried, *places]
        self.f, self.x = f, (float(places[0]), float(places[-1]))
        self._range = f"({exactly(x[0])}, {exactly(x[1])})"
        self._options = f", step={exactly(given)}" if given else ""
        (self._input,), self.graph = traced_by_name(f, [[float(v)] for v in probes], "x", "y", "h")
        self.output = self.graph.output if self.graph else "y"
        if self.output == "h":
            raise ValueError(
                'CurveFigure: f returns a variable called "h", as the slider; rename it'
            )
        self._cut(places)
        self._axes = self._frame()
        start = next((float(v) for v in tried if isfinite(self._at(float(v))[0])), None)
        if start is None:
            raise ValueError(
                f"CurveFigure: f is not finite at {self._input} = {tried[0]:g}; start where it is, "
                "with at=..., or change the range x"
            )
        controls = {self._input: Control(start, *self.x, step)}
        if secant and self.graph:
            near = power(log10(h)) if isinstance(h, Real) and 0 < h < inf else nan
            if isnan(near) or abs(h - near) > 1e-9 * near or round(log10(near)) not in EXPONENTS:
                raise ValueError(f"CurveFigure: h must be 1, 0.1, 0.01, ... or 1e-15, got {h!r}")
            controls["h"] = Control(near, EXPONENTS[0], EXPONENTS[-1], 1, log=True)
            self._error_axes = self._error_frame()
        elif self.graph:
            self._options += ", secant=False"
        super().__init__(name=name or self.output, caption=caption, controls=controls)

    def _cut(self, places: Array) -> None:
        """Find the smooth pieces of f, between the places of the slider too."""
        graph, f, name = self.graph, self.f, self._input
        fine = np.sort(np.concatenate([places, (places[1:] + places[:-1]) / 2]))
        if graph:
            self._pieces, self._corners = pieces(
                lambda xs: over(graph, **{name: xs})[0],
                lambda xs: over(graph, **{name: xs})[1][name],
                fine,
            )
        else:
            self._pieces, corners = pieces(
                lambda xs: np.array([number(f, x, names=[name]) for x in xs.tolist()], dtype=float),
                None,
                fine,
            )
            self._curve = SampledCurve(self._pieces, corners, places)
            self._corners = self._curve.corners
        if not self._pieces:
            raise ValueError(
                f"CurveFigure: f has no finite value from {name} = {self.x[0]:g} to {self.x[1]:g}; "
                "change the range x"
            )
        size = float(np.median(np.abs(np.concatenate([piece.y for piece in self._pieces]))))
        if size > HUGE:
            raise ValueError(
                f"CurveFigure: most values of f are too large to draw, {size:.0e} in the middle; "
                f"change the range x, or make them smaller than {HUGE:g}"
            )

    def _at(self, x: float) -> tuple[float, float]:
        """Return value and slope, NaN or infinite where there is none."""
        if self.graph is None:
            return self._curve(x)
        now = self.graph.at(**{self._input: x})
        y = now.values[self.output]
        return y, nan if isnan(y) else now.gradients[self._input]  # log has a slope even at x < 0

    @property
    def _now(self) -> float:
        """Where the point is."""
        return self.inputs[self._input]

    @property
    def values(self) -> dict[str, Any]:
        """The value of the input, the output, and what an exact function computes on the way."""
        here = {self._input: self._now}
        if self.graph:
            return self.graph.at(**here).values
        return here | {self.output: self._at(self._now)[0]}

    @property
    def gradients(self) -> dict[str, Any]:
        """The derivative of the output with respect to each of `values`."""
        name, x = self._input, self._now
        every = self.graph.at(**{name: x}).gradients if self.graph else {self.output: 1.0}
        return every | {name: self._at(x)[1]}

    @property
    def secant(self) -> float:
        """The slope of the secant, `nnlib.gradient.numerical_diff` at the present x and h."""
        now = self.inputs
        return self._secant(now[self._input], now["h"]) if "h" in now else nan

    @property
    def difference(self) -> float:
        """The slope of the secant minus that of the tangent."""
        return self.secant - self._at(self._now)[1]

    def _secant(self, x: float, h: float) -> float:
        try:
            return numerical_diff(lambda v: self._at(v)[0], x, h)
        except ValueError:  # h is too small to change x
            return nan

    def __repr__(self) -> str:
        name, x = self._input, self._now
        y, slope = self._at(x)
        rows = {name: x, self.output: y, f"d{self.output}/d{name}": slope}
        if "h" in self.inputs:
            rows |= {"h": self.inputs["h"], say("still.curve.secant"): self.secant}
            rows[say("difference")] = self.difference
        lines = table(["", ""], [[name, format_number(v)] for name, v in rows.items()])
        return say("still.curve.title", y=self.output) + lines

    def _sentences(self) -> list[str]:
        """Return what there is to say about x, and about h; as the script does."""
        x = self._now
        y, slope = self._at(x)
        parts = {"name": self._input, "value": format_number(x), "y": self.output}
        parts |= {"out": format_number(y), "slope": format_number(slope)}
        if not isfinite(y):
            return [say("curve.none", **parts)]
        if not isfinite(slope):
            said = "curve.corner"
        elif self._corner(x):  # of an exact function
            said = "curve.kink"
        else:
            said = "moved" if slope else "movedFlat"
        sentences = [say(said, **parts)]
        if "h" in self.inputs:
            sentences.append(self._verdict())
        return sentences

    def _corner(self, x: float) -> bool:
        return any(abs(x - c) <= 1e-9 * (self.x[1] - self.x[0]) for c in self._corners)

    def _verdict(self) -> str:
        """Return which error the secant has more of: that of its width, or rounding.

        A sum or product is rounded by up to half of EPSILON, exp and log by up to one, of their own
        value; the output feels that times its derivative. Less than all of this may be rounding.
        """
        x, h = self._now, self.inputs["h"]
        parts = {"h": format_number(h), "name": self._input, "x": format_number(x)}
        if x + h == x or x - h == x:
            return say("curve.tiny", **parts)
        assert self.graph is not None
        now = self.graph.at(**{self._input: x})
        with np.errstate(all="ignore"):
            felt = [
                np.abs(np.multiply(v.data, v.grad)).sum() for v in now.variables.values() if v.node
            ]
        rounding = abs(self.difference) <= EPSILON * float(sum(felt)) / h
        if not isfinite(self.difference):
            return say("curve.open", **parts)
        parts["off"] = format_number(abs(self.difference))
        if not self.difference:
            return say("curve.exact", **parts)
        if self._corner(x):
            return say("curve.astride", **parts)
        return say("curve.rounding" if rounding else "curve.width", **parts)

    @np.errstate(all="ignore")
    def _frame(self) -> Axes:
        """Return a frame for the curve and, as far as that leaves room for it, its slopes."""
        poles = self._poles()
        low, high = _span([piece.y for piece in self._pieces], poles)
        down, up = _span([piece.slope for piece in self._pieces], True)
        room = (0.5 if poles else 2.5) * (high - low)
        low, high = min(low, max(down, low - room)), max(high, min(up, high + room))
        if high - low <= 1e-9 * max(abs(low), abs(high)):  # level: show its slope 0 too
            low, high = min(low, -1.0), max(high, 1.0)
        pad = 0.06 * (high - low)
        return Axes(self.x, (low - pad, high + pad), x_label=self._input)

    def _poles(self) -> bool:
        """Return whether the curve grows beyond all bounds somewhere."""
        ends = [piece.slope[[0, -1]] for piece in self._pieces if piece.x.size > 1]
        core = np.ptp(np.percentile(np.concatenate([p.y for p in self._pieces]), [5, 95]))
        steep = [np.abs(m) * (self.x[1] - self.x[0]) for m in ends]
        return not all((m <= 1e5 * core + 1e-9).all() for m in steep)

    @np.errstate(all="ignore")
    def _error_frame(self) -> Axes:
        """Return a frame for the secant's errors, whatever x and h."""
        every = [d for x in np.linspace(*self.x, 23)[1:-1] for _, d in self._off(float(x))]
        top = max([1.0, *[ceil(log10(d)) for d in every if 0 < d < 1e9]])
        label = say("still.curve.error")
        return Axes((-15.6, 0.6), (-16.5, top + 0.5), 560, 210, "h", label, powers="xy")

    @np.errstate(all="ignore")
    def _stage(self) -> str:
        axes, x = self._axes, self._now
        y, slope = self._at(x)
        lines = [
            ("nn-f", "".join(axes.path(p.x, p.y) for p in self._pieces)),
            ("nn-df", "".join(axes.path(p.x, p.slope) for p in self._pieces)),
            ("nn-tangent", _straight(axes, x, y, slope)),
        ]
        ends = ""
        if "h" in self.inputs:
            h = self.inputs["h"]
            at = self._at(x - h)[0], self._at(x + h)[0]
            lines.append(("nn-secant", _straight(axes, x - h, at[0], self.secant)))
            ends = path("nn-ends", dots(axes, [(x - h, at[0]), (x + h, at[1])]))
        content = "".join(path(kind, d) for kind, d in lines) + self._open_ends(axes) + ends
        content += f'<path class="nn-diamond" {place(axes, x, slope, 0)} d="{DIAMOND}" {PEN}/>'
        content += handle(axes, x, y)
        said = " ".join(self._sentences())
        picture = axes.svg(content, say("still.curve.title", y=self.output), said)
        return (
            f'{picture}{self._key(y, slope)}{self._errors()}<p class="nn-told">{escape(said)}</p>'
        )

    def _key(self, y: float, slope: float) -> str:
        """Return what each line is, with its number."""
        name, of = self._input, escape(self.output)
        entries = [
            ("nn-f", f"{of} = <b {hook('value', self.output, y)}</b>"),
            ("nn-df", f"d{of}/d{name} = <b {hook('gradient', name, slope)}</b>"),
            ("nn-tangent", escape(say("still.curve.tangent"))),
        ]
        if "h" in self.inputs:
            secant = escape(say("still.curve.slopes", what=say("still.curve.secant")))
            entries.append(
                ("nn-secant", f"{secant} = <b {hook('numerical', name, self.secant)}</b>")
            )
        return key(entries)

    def _open_ends(self, axes: Axes) -> str:
        """Return a ring at the end of a piece, and a dot at the end that belongs to the curve."""
        alone = [p for p in self._pieces if p.x.size == 1]
        marks = [
            f'<circle class="nn-closed" {place(axes, float(p.x[0]), float(p.y[0]))} r="5"/>'
            for p in alone
        ]
        for left, right in zip(self._pieces[:-1], self._pieces[1:], strict=True):
            places = [(float(p.x[i]), float(p.y[i])) for p, i in ((left, -1), (right, 0))]
            (a, low), (b, high) = places
            shown = all(axes.y[0] <= y <= axes.y[1] for y in (low, high))
            if (
                b - a < 1e-6 * (self.x[1] - self.x[0])
                and shown
                and abs(axes.py(high) - axes.py(low)) > 2
            ):
                # The jump is at the rounder number; the other is its neighbour.
                if abs(a - round(a, 9)) > abs(b - round(b, 9)):
                    places.reverse()
                hollow = self._hollow(a, b)
                for kind, (x, y) in zip(("nn-closed", "nn-open"), places, strict=True):
                    kind = "nn-open" if hollow else kind
                    if not any(x == p.x[0] for p in alone):
                        marks.append(f'<circle class="{kind}" {place(axes, x, y)} r="5"/>')
        return "".join(marks)

    def _hollow(self, a: float, b: float) -> bool:
        """Return whether f has no value where it jumps, or another that is drawn by itself."""
        if any(p.x.size == 1 and p.x[0] in (a, b) for p in self._pieces):
            return False
        between = [x for x in (round(a, 9), a + (b - a) / 2) if a < x < b]
        each = [
            self._at(x)[0] if self.graph else number(self.f, x, names=[self._input])
            for x in between
        ]
        return not all(isfinite(y) for y in each)

    def _errors(self) -> str:
        """Return the picture of the secant's error for each h, on logarithmic axes."""
        if "h" not in self.inputs:
            return ""
        axes = self._error_axes
        low, high = axes.y
        points = [
            (float(k), min(max(log10(d + 1e-99), low), high)) for k, d in self._off(self._now)
        ]
        now = next((k, y) for k, y in points if power(k) == self.inputs["h"])
        content = (
            f'<path class="nn-dots" d="{dots(axes, points)}" {PEN}/>'
            f'<circle class="nn-now" {place(axes, *now, 0)} r="9" {PEN}/>'
        )
        return axes.svg(content, say("still.curve.errors"), self._sentences()[-1])

    def _off(self, x: float) -> list[tuple[int, float]]:
        """Return each exponent of h with the size of the secant's error at `x`."""
        slope = self._at(x)[1]
        return [(k, abs(self._secant(x, power(k)) - slope)) for k in EXPONENTS]

    def _beside(self, name: str) -> str:
        if name == "h":
            text, kind, number = say("difference"), "difference", self.difference
        else:
            text, kind, number = f"d{self.output}/d{name} =", "gradient", self._at(self._now)[1]
        return with_number(text, kind, self._input, number)

    def _below(self) -> str:
        if self.graph:
            return ""
        count = sum(len(knots[0]) for knots in self._curve.knots)
        return f'<p class="nn-note">{escape(say("still.curve.sampled", count=count))}</p>'

    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"box": self._axes.box, "corners": self._corners, "y": self.output}
        data["names"] = [self._input]
        if self.graph:
            data["graph"] = self.graph.to_dict()
        else:
            data["knots"] = self._curve.knots
        if "h" in self.inputs:
            data["errors"] = self._error_axes.box
        return data

    def _code(self) -> str:
        lines, f = written(self.f)
        more = ", h=⟦h⟧" if "h" in self.inputs else ""
        call = (
            f"CurveFigure({f}, x={self._range}, at=⟦{self._input}⟧{self._options}{more}, "
            f"name={self.name!r}, caption={self.caption!r})"
        )
        return "\n".join([*lines, "from nnlib.live import CurveFigure", "", call])


def power(exponent: float) -> float:
    """Return the power of 10 to a whole exponent, to the last bit.

    Examples
    --------
    >>> power(-5), 10**-5
    (1e-05, 1e-05)
    """
    return float(f"1e{round(exponent)}")


def _span(parts: list[Array], torn: bool) -> tuple[float, float]:
    """Return what an axis has to show: all, or where it is torn the part without the extremes."""
    values = np.concatenate(parts)
    values = values[np.abs(values) < HUGE]  # not where it is infinite or NaN either
    if not values.size:
        return 0.0, 0.0
    low, high = values.min(), values.max()
    p, q = np.percentile(values, [5, 95])
    if torn and q > p and high - low > 5 * (q - p):
        low, high = max(low, p - (q - p) / 4), min(high, q + (q - p) / 4)
    return float(low), float(high)


def _straight(axes: Axes, x: float, y: float, slope: float) -> str:
    """Return the line through a point as the `d` of a path, as far as the frame goes."""
    ends = np.array(axes.x)
    return axes.path(ends, y + slope * (ends - x))
