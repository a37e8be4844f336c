"""Many lines through the arrays of a function: which ones to look at, and what they say together.

A small array is looked at entry by entry. A large one is looked at along random directions, in
which every entry takes part, so that a single wrong one shows; then it is found by halves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nnlib.functions import Array
from nnlib.line import Line, Measure, Slope
from nnlib.report import ROUNDING, Row

ALL_ENTRIES = 100  # an array of up to this many numbers is checked entry by entry
SAMPLES = 10  # in a larger one: so many random directions, and so many single entries
TRACED = 1000  # so many lines are looked at, at most, to find which entry is wrong


def check_arrays(
    measure: Measure, arrays: dict[str, Array], gradients: dict[str, Array], *,
    h: float = 1e-5, rtol: float = 1e-5, seed: int = 0, flat_at_0: bool = False,
) -> tuple[Row, ...]:  # fmt: skip
    """Check each array's gradient; `flat_at_0` asks for the flatter side of a kink at exactly 0."""
    if not (h > 0 and rtol > 0):
        raise ValueError(f"gradient_check: h and rtol must be above 0, got {h} and {rtol}")
    rng = np.random.default_rng(seed)
    rows = []
    with np.errstate(all="ignore"):  # f may leave its domain on the way
        start = measure()[0]
        if not np.isfinite(start):
            raise ValueError(f"gradient_check: f is {start} at x; there is nothing to compare")
        for name, x in arrays.items():
            array = ArrayCheck(measure, start, x, gradients[name], h, rtol, flat_at_0)
            array.check(rng)
            rows.append(array.row(name))
    return tuple(rows)


class ArrayCheck:
    """The check of one array: the lines through it that were looked at, and what was found."""

    def __init__(
        self, measure: Measure, start: float, x: Array, gradient: Array,
        h: float, rtol: float, flat_at_0: bool,
    ):  # fmt: skip
        self.measure, self.start, self.x, self.gradient = measure, start, x, gradient
        self.h, self.rtol, self.flat_at_0 = h, rtol, flat_at_0
        self.entries: dict[int, Slope] = {}
        self.directions: list[Slope] = []
        self.note = ""

    def check(self, rng: np.random.Generator) -> None:
        size = self.x.size
        if size <= ALL_ENTRIES:
            for i in range(size):
                self.entry(i)
            return
        for _ in range(SAMPLES):
            signs = rng.integers(0, 2, size) * 2.0 - 1.0
            slope = self.along(np.arange(size), signs)
            if (slope.kink or not slope.fits(self.rtol)) and self.trace(signs):
                break  # further directions would meet the same entries again
            self.directions.append(slope)
        for i in rng.choice(size, SAMPLES, replace=False):
            self.entry(int(i))

    def entry(self, i: int) -> Slope:
        """Look at a single entry, by its number in the flattened array."""
        where = np.unravel_index(i, self.x.shape)
        step = self.h * max(1.0, abs(float(self.x[where])))
        line = Line(self.measure, self.start, self.x, self.gradient, where, 1.0)
        slope = line.slope(step, self.rtol)
        if slope.kink and self.flat_at_0 and self.x[where] == 0:
            flatter = replace(slope, numerical=min(slope.kink, key=abs), kink=None)
            if not flatter.fits(self.rtol):
                self.note = "at 0, where there is a kink, take the flatter side: for ReLU, 0"
                slope = flatter
        self.entries[i] = slope
        return slope

    def along(self, part: Array, signs: Array) -> Slope:
        """Look at a direction that moves a part of the entries, each up or down."""
        where = ... if len(part) == self.x.size else np.unravel_index(part, self.x.shape)
        x = self.x[where]
        direction = signs[part].reshape(x.shape) * np.maximum(1.0, np.abs(x)) / np.sqrt(len(part))
        line = Line(self.measure, self.start, self.x, self.gradient, where, direction)
        return line.slope(self.h, self.rtol)

    def trace(self, signs: Array) -> bool:
        """Find the entries that make a direction disagree, by halves; return whether there are any.

        Ends at the first that is wrong; entries at a kink are noted on the way.
        """
        found = False
        parts = [np.arange(self.x.size)]
        for _ in range(TRACED):
            if not parts:
                break
            part = parts.pop()
            alone = len(part) == 1
            slope = self.entry(int(part[0])) if alone else self.along(part, signs)
            if slope.fits(self.rtol) and not slope.kink:
                continue
            if not alone:
                parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                continue
            found = True
            if not slope.fits(self.rtol):
                break
        return found

    def row(self, name: str) -> Row:
        rtol = self.rtol
        found: list[tuple[Slope, tuple[int, ...] | None]] = [
            (slope, tuple(int(k) for k in np.unravel_index(i, self.x.shape)))
            for i, slope in self.entries.items()
            if not slope.kink
        ]
        found += [(slope, None) for slope in self.directions if not slope.kink]
        kinks = len(self.entries) + len(self.directions) - len(found)
        if not found:
            return Row(name, True, 0.0, 0.0, (), np.nan, np.nan, kinks, self.note)
        unseen = sum(not slope.is_seen(rtol) for slope, _ in found)
        if unseen and not self.note:
            self.note = (
                f"{name}: {unseen} of {len(found)} slopes are too small to be seen beside the "
                "rounding of f"
            )

        def rank(item: tuple[Slope, Any]) -> tuple[float, float]:
            """Errors in the rounding are all alike: among those, show the largest slope."""
            error = item[0].relative_error(rtol)
            return (error if error > ROUNDING else 0.0), abs(item[0].derived)

        slope, index = max(found, key=rank)
        errors = [s.relative_error(rtol) for s, _ in found]
        mean = float(np.mean([abs(s.derived - s.numerical) for s, _ in found]))
        passed = max(errors) <= rtol
        return Row(
            name, passed, max(errors), mean, index, slope.derived, slope.numerical, kinks, self.note
        )
