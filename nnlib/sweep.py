"""Many lines through the arrays of a function: which ones to look at, and what they say together.

A small array is looked at entry by entry. A large one is looked at along random directions, in
which every entry takes part, so that a single wrong one shows; then it is found by halves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnlib.functions import Array
from nnlib.line import Line, Measure, Slope
from nnlib.report import ROUNDING, Row

ALL_ENTRIES = 100  # an array of up to this many numbers is checked entry by entry
SAMPLES = 10  # in a larger one: so many random directions, and so many single entries
TRACED = 400  # so many lines are looked at, at most, to find which entry is wrong


def check_arrays(
    measure: Measure, arrays: dict[str, Array], gradients: dict[str, Array], *,
    h: float = 1e-5, rtol: float = 1e-5, seed: int = 0, of_layer: bool = False,
) -> tuple[Row, ...]:  # fmt: skip
    """Check each array's gradient; a layer has to take the flatter side of a kink at exactly 0."""
    if not (np.finfo(np.float64).eps < h < np.inf and 0 < rtol < np.inf):
        raise ValueError(
            f"gradient_check: h and rtol must be small numbers above 0, got {h} and {rtol}"
        )
    rng = np.random.default_rng(seed)
    rows = []
    with np.errstate(all="ignore"):  # f may leave its domain on the way
        start = measure()[0]
        if not np.isfinite(start):
            raise ValueError(f"gradient_check: f is {start} at x; there is nothing to compare")
        if measure()[0] != start:
            raise ValueError(
                "gradient_check: f gives another value when it is called again at the same x; "
                "keep what is random in it the same"
            )
        for name, x in arrays.items():
            array = ArrayCheck(measure, start, x, gradients[name], h, rtol, of_layer)
            array.check(rng)
            rows.append(array.row(name))
    return tuple(rows)


class ArrayCheck:
    """The check of one array: the lines through it that were looked at, and what was found."""

    def __init__(
        self, measure: Measure, start: float, x: Array, gradient: Array,
        h: float, rtol: float, of_layer: bool,
    ):  # fmt: skip
        self.measure, self.start, self.x, self.gradient = measure, start, x, gradient
        self.h, self.rtol, self.of_layer = h, rtol, of_layer
        self.entries: dict[tuple[int, ...], Slope] = {}
        self.directions: list[Slope] = []
        self.note = ""

    def check(self, rng: np.random.Generator) -> None:
        """Look at all entries, or at directions and a sample of entries."""
        size = self.x.size
        if size <= ALL_ENTRIES:
            for i in range(size):
                self.entry(i)
            return
        zero = self.x.ravel() == 0  # many zeros are many kinks, if f has one there
        for part in (np.flatnonzero(~zero), np.flatnonzero(zero)):
            for _ in range(SAMPLES if len(part) else 0):
                signs = rng.integers(0, 2, len(part)) * 2.0 - 1.0
                slope = self.along(part, signs)
                if slope.fits(self.rtol) and not slope.kink:
                    self.directions.append(slope)
                elif self.trace(part, signs):
                    break  # further directions would meet the same entries again
        for i in rng.choice(size, SAMPLES, replace=False):
            self.entry(int(i))

    def entry(self, i: int) -> Slope:
        """Look at a single entry, by its number in the flattened array."""
        where = tuple(int(k) for k in np.unravel_index(i, self.x.shape))
        step = self.h * max(1.0, abs(float(self.x[where])))
        line = Line(self.measure, self.start, self.x, self.gradient, where, 1.0)
        at_0 = self.of_layer and self.x[where] == 0
        slope = line.slope(step, self.rtol, both_sides=bool(at_0))
        if slope.kink and at_0:
            slope = replace(slope, numerical=min(slope.kink, key=abs))
            if not slope.fits(self.rtol):
                self.note = "at 0, where there is a kink, take the flatter side: for ReLU, 0"
        self.entries[where] = slope
        return slope

    def along(self, part: Array, signs: Array) -> Slope:
        """Look at a direction that moves some of the entries, each up or down."""
        where = ... if len(part) == self.x.size else np.unravel_index(part, self.x.shape)
        x = self.x[where]
        direction = signs.reshape(x.shape) * np.maximum(1.0, np.abs(x)) / np.sqrt(len(part))
        line = Line(self.measure, self.start, self.x, self.gradient, where, direction)
        return line.slope(self.h, self.rtol, both_sides=self.of_layer and not x.any())

    def trace(self, part: Array, signs: Array) -> bool:
        """Find the entries that make a direction disagree, by halves; return whether there are any.

        Ends at the first that is wrong; entries at a kink are noted on the way. Where there are
        none, the direction as a whole went over a kink, and its parts, which did not, count for it.
        """
        found = False
        parts: list[Slope] = []
        waiting = [(part, signs)]
        for _ in range(TRACED):
            if not waiting:
                self.directions += [] if found else parts
                return found
            part, signs = waiting.pop()
            half = len(part) // 2
            slope = self.along(part, signs) if half else self.entry(int(part[0]))
            if slope.fits(self.rtol) and not slope.kink:
                parts += [slope] if half else []
                continue
            if half:
                waiting += [(part[half:], signs[half:]), (part[:half], signs[:half])]
            elif slope.fits(self.rtol):
                found = True
            else:
                return True
        self.note = f"kinks at so many entries that {sum(len(p) for p, _ in waiting)} went unjudged"
        return True

    def row(self, name: str) -> Row:
        """Return what was found."""
        slopes = [*self.entries.items(), *((None, slope) for slope in self.directions)]
        judged = [(i, s) for i, s in slopes if not (s.kink and s.fits(self.rtol))]
        kinks = len(slopes) - len(judged)
        if not judged:
            return Row(name, True, 0.0, 0.0, (), np.nan, np.nan, kinks, self.note)

        def rank(item: tuple[tuple[int, ...] | None, Slope]) -> tuple[bool, float, float]:
            """Put what is wrong first; where all is right, the largest slope is shown."""
            error = item[1].relative_error
            wrong = not item[1].fits(self.rtol)
            return wrong, (error if error > ROUNDING else 0.0), abs(item[1].derived)

        index, worst = max(judged, key=rank)
        passed = worst.fits(self.rtol)
        unseen = sum(not s.is_seen(self.rtol) for _, s in judged)
        if not self.note and worst.kink:
            right, left = worst.kink
            self.note = f"a kink at {index}, with slopes {left:.4g} and {right:.4g}"
        elif not (self.note or self.of_layer or any(s.derived or s.numerical for _, s in judged)):
            self.note = "f stayed the same: all derivatives are 0, or it did not use this array"
        elif not self.note and unseen:
            few = f"{unseen} of {len(judged)} slopes"
            self.note = f"{few} are too small to be seen beside the rounding of f"
        mean = float(np.mean([abs(s.derived - s.numerical) for _, s in judged]))
        error = worst.relative_error
        note = f"{name}: {self.note}" if self.note else ""
        return Row(name, passed, error, mean, index, worst.derived, worst.numerical, kinks, note)
