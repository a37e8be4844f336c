"""One straight line through the argument of a function, along which a gradient is checked.

Along a line f is a function of one number, the step. Its slope is compared with the slope that the
gradient claims, first by one central difference. Where the two disagree, the reason may be another
than a wrong gradient: the step was too long for the curvature of f, too short for its rounding, or
it went over a kink. So the slopes to the right and to the left are found with a row of steps, each
an eighth of the one before, and extrapolated to step 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

import numpy as np

from nnlib.difference import moved
from nnlib.functions import Array

SHRINK = 8.0
STEPS = SHRINK ** np.arange(3, -9, -1)  # times h: 5e-3, 6e-4, ..., 6e-13 for the usual h of 1e-5
ROUNDING = 16 * np.finfo(np.float64).eps  # of f, relative to its size

Measure = Callable[[], tuple[float, float]]  # what f is now, and how large the numbers in it are


@dataclass(frozen=True)
class Slope:
    """How well a slope that was derived fits the one that was found by differences.

    Attributes
    ----------
    derived, numerical : float
    allowed : float
        The difference that the rounding of f explains.
    kink : tuple of two floats, or None
        Where f has a kink, and `derived` is the slope on one side of it: both slopes.
    """

    derived: float
    numerical: float
    allowed: float = 0.0
    kink: tuple[float, float] | None = None

    @property
    def size(self) -> float:
        """The larger of the two slopes, without its sign."""
        return max(abs(self.derived), abs(self.numerical))

    def relative_error(self, rtol: float) -> float:
        """Return the difference relative to `size`; `rtol` or less where rounding explains it."""
        off = abs(self.derived - self.numerical)
        if off == 0:
            return 0.0
        return off / (self.size + self.allowed / rtol) if isfinite(off) else inf

    def fits(self, rtol: float) -> bool:
        """Whether the two agree to the relative error `rtol`, or as well as rounding lets one see.

        Examples
        --------
        >>> Slope(derived=2.0, numerical=2.001).fits(rtol=1e-5)
        False
        """
        return self.relative_error(rtol) <= rtol

    def is_seen(self, rtol: float) -> bool:
        """Whether a relative error above `rtol` would have shown."""
        return self.allowed <= rtol * self.size or self.derived == self.numerical


@dataclass(frozen=True)
class Limit:
    """What a row of differences tends to: the value, how far to trust it, and its rounding."""

    value: float
    error: float
    rounding: float


def limit(values: Array, rounding: Array, order: int) -> Limit:
    """Extrapolate values that were found with steps each `SHRINK` times smaller, to step 0.

    Their error is proportional to the step to the power of `order`. Of all pairs of neighbours the
    one that settles best is taken.

    References
    ----------
    Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4
    (1982).
    """
    best = Limit(nan, inf, nan)
    for coarse, fine, noise in zip(values[:-1], values[1:], rounding[1:], strict=True):
        value = fine + (fine - coarse) / (SHRINK**order - 1)
        error = abs(value - fine) + noise
        if error < best.error:
            best = Limit(float(value), float(error), float(noise))
    return best


class Line:
    """A function along the line through x in one direction.

    Parameters
    ----------
    measure : function without arguments
        Returns f as it is now, and the size of the numbers that it was computed from.
    start : float
        f at x.
    x, gradient : arrays of one shape
        `x` is moved in place, and put back.
    where : index of an entry or of several, or ``...``
        The part of `x` that the line moves.
    direction : float or array
        How far each of those goes, for a step of 1.
    """

    def __init__(
        self, measure: Measure, start: float, x: Array, gradient: Array, where: Any, direction: Any
    ):
        self.measure, self.start = measure, start
        self.x, self.where, self.direction = x, where, direction
        self.gradient = gradient[where]
        self.derived = float(np.sum(self.gradient * direction))

    def side(self, step: float) -> tuple[float, float]:
        """Return how far the slope from x to x + step is off the derived one, and its rounding."""
        with moved(self.x, self.where, step * self.direction) as change:
            value, size = self.measure()
        expected = float(np.sum(self.gradient * change))  # of the change that was really made
        return (value - self.start - expected) / step, ROUNDING * size / abs(step)

    def slope(self, h: float, rtol: float) -> Slope:
        """Compare the slopes, with steps of about `h`."""
        right, left = self.side(h)[0], self.side(-h)[0]
        slope = Slope(self.derived, self.derived + (right + left) / 2)
        return slope if slope.fits(rtol) else self._closer_look(h, rtol)

    def _closer_look(self, h: float, rtol: float) -> Slope:
        sides = np.array([(*self.side(step), *self.side(-step)) for step in h * STEPS])
        right, left, rounding = sides[:, 0], sides[:, 2], sides[:, [1, 3]].max(axis=1)
        central = limit((right + left) / 2, rounding, order=2)
        slope = Slope(self.derived, self.derived + central.value, central.rounding)
        if slope.fits(rtol):
            return slope
        ends = [limit(side, rounding, order=1) for side in (right, left)]
        slopes = [Slope(self.derived, self.derived + end.value, end.rounding) for end in ends]
        fitting = [side for side in slopes if side.fits(rtol)]
        bent = abs(ends[0].value - ends[1].value) > 4 * (ends[0].error + ends[1].error)
        if len(fitting) == 2 or (fitting and bent):  # beside a kink, or at one
            kink = slopes[0].numerical, slopes[1].numerical
            return Slope(self.derived, fitting[0].numerical, fitting[0].allowed, kink)
        return slope
