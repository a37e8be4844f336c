"""One straight line through the argument of a function, along which a gradient is checked.

Along a line f is a function of one number, the step. Its slope is compared with the slope that the
gradient claims, first by one central difference. Where the two disagree, the reason may be another
than a wrong gradient: the step was too long for the curvature of f, too short for its rounding, or
it went over a kink. If f is not plainly straight there, the slopes to the right and to the left are
found with a row of steps, each an eighth of the one before, and extrapolated to step 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite, nan
from typing import Any

import numpy as np

from nnlib.difference import moved
from nnlib.functions import Array

SHRINK = 8.0
STEPS = SHRINK ** np.arange(3, -9, -1)  # times h: 5e-3, 6e-4, ..., 6e-13 for the usual h of 1e-5
NEAR = SHRINK**-4  # times h: where the gradient is wrong, the slopes are the same so near
ROUNDING = 16 * np.finfo(np.float64).eps  # of f, relative to its size

Measure = Callable[[], tuple[float, float]]  # what f is now, and how large the numbers in it are


@dataclass(frozen=True)
class Slope:
    """How well a slope that was derived fits the one that was found by differences.

    Attributes
    ----------
    derived, numerical : float
    typical : float
        What size to expect: of a direction, whose parts may happen to cancel.
    allowed : float
        The difference that is no error: of rounding, and of steps that do not settle.
    kink : tuple of two floats, or None
        Where f has a kink: the slopes on the right and on the left.
    """

    derived: float
    numerical: float
    typical: float = 0.0
    allowed: float = 0.0
    kink: tuple[float, float] | None = None

    @property
    def size(self) -> float:
        """What an error is relative to: the largest of the three, without its sign."""
        return max(abs(self.derived), abs(self.numerical), self.typical)

    @property
    def relative_error(self) -> float:
        """The difference relative to `size`."""
        off = abs(self.derived - self.numerical)
        if off == 0:
            return 0.0
        return off / self.size if isfinite(off) else inf

    def fits(self, rtol: float) -> bool:
        """Whether the two agree to the relative error `rtol`, or as well as rounding lets one see.

        Examples
        --------
        >>> Slope(derived=2.0, numerical=2.001).fits(rtol=1e-5)
        False
        """
        off = abs(self.derived - self.numerical)
        return isfinite(off) and off <= rtol * self.size + self.allowed

    def is_seen(self, rtol: float) -> bool:
        """Whether a relative error above `rtol` would have shown; NaN is an error of its own."""
        return not self.allowed > rtol * self.size or self.derived == self.numerical


def extrapolated(values: Array, order: int) -> tuple[Array, Array]:
    """Extrapolate slopes, found with steps each `SHRINK` times smaller, to step 0.

    Their error goes with the step to the power of `order`, so two neighbours are enough. Returned
    are the limits of all pairs of neighbours, and by how much each differs from the finer of its
    pair, which is more than it is wrong by.

    References
    ----------
    Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4
    (1982).
    """
    limits = values[1:] + np.diff(values) / (SHRINK**order - 1)
    return limits, np.abs(limits - values[1:])


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
        parts = self.gradient * direction
        self.derived, self.typical = float(np.sum(parts)), float(np.sqrt(np.sum(parts**2)))

    def side(self, step: float) -> tuple[float, float]:
        """Return how far the slope from x to x + step is off the derived one, and its rounding."""
        with moved(self.x, self.where, step * self.direction) as change:
            try:
                value, size = self.measure()
            except (ValueError, ArithmeticError):  # outside the domain of f
                value = size = nan
        expected = float(np.sum(self.gradient * change))  # of the change that was really made
        return (value - self.start - expected) / step, ROUNDING * size / abs(step)

    def slope(self, h: float, rtol: float, both_sides: bool = False) -> Slope:
        """Compare the slopes, with steps of about `h`.

        The mean of the two sides of a kink passes, unless `both_sides` asks to look at each.
        """
        if both_sides:
            return self._closer_look(h, rtol, both_sides)
        right, left = self.side(h)[0], self.side(-h)[0]
        slope = self._off_by((right + left) / 2)
        if slope.fits(rtol):
            return slope
        (near_right, noise), (near_left, _) = self.side(h * NEAR), self.side(-h * NEAR)
        sides = right, left, near_right, near_left
        if max(sides) - min(sides) + noise < 0.01 * abs(right):
            return slope  # near and far, right and left, f says the same: the gradient is wrong
        return self._closer_look(h, rtol)

    def _off_by(self, off: float, allowed: float = 0.0) -> Slope:
        return Slope(self.derived, self.derived + float(off), self.typical, float(allowed))

    def _closer_look(self, h: float, rtol: float, both_sides: bool = False) -> Slope:
        sides = np.array([(*self.side(step), *self.side(-step)) for step in h * STEPS])
        right, left, rounding = sides[:, 0], sides[:, 2], sides[1:, [1, 3]].max(axis=1)
        steepest = np.nanmax(np.abs(self.derived + sides[:, [0, 2]]), initial=0.0)
        rounding = np.maximum(rounding, ROUNDING * steepest)  # also where f happens to be 0
        central, error = extrapolated((right + left) / 2, order=2)
        if not np.isfinite(central).any():
            return self._off_by(np.nan)
        unsure = error + rounding
        best = np.nanargmin(unsure)
        slope = self._off_by(central[best], unsure[best])
        (right, right_error), (left, left_error) = (extrapolated(v, order=1) for v in (right, left))
        jump = np.abs(right - left)
        bent = jump > 4 * (right_error + left_error + rounding)
        if not bent.any() or (slope.fits(rtol) and not both_sides):
            return slope
        # There is a kink within reach, perhaps several. A slope between two of them may fit.
        seen = rounding <= 1e-3 * jump[bent].max()
        for i in np.flatnonzero(seen):
            near = sides[i + 1, [0, 2]] if STEPS[i + 1] <= NEAR else ()
            for off in (right[i], left[i], *near):
                one_side = self._off_by(off, rounding[i])
                if one_side.fits(rtol):
                    return replace(one_side, kink=self._slopes(right[i], left[i]))
        last = np.flatnonzero(seen)[-1]
        return replace(slope, kink=self._slopes(right[last], left[last]))

    def _slopes(self, right: float, left: float) -> tuple[float, float]:
        return self.derived + float(right), self.derived + float(left)
