"""What a gradient check found, as an object that shows itself as a table."""

import html
from dataclasses import dataclass, field

import numpy as np

from nnlib.formatting import html_table, table

ROUNDING = 1e-6  # a smaller relative error is rounding, and may differ between two computers


HEAD = "array", "result", "derived", "numerical", "at", "relative error", "mean error", "kinks"


def _error(x: float) -> str:
    return "< 1e-6" if x < ROUNDING else f"{x:.1e}"


def _number(x: float) -> str:
    if np.isnan(x):
        return "–"  # nothing was compared
    return "0" if abs(x) < 1e-9 else f"{x:.5g}".replace("-", "−")


@dataclass(frozen=True)
class Row:
    """What a check found in one array: see `GradientReport`."""

    name: str
    passed: bool
    max_relative_error: float
    mean_absolute_error: float
    worst: tuple[int, ...] | None
    derived: float
    numerical: float
    kinks: int
    note: str = ""


@dataclass(frozen=True)
class GradientReport:
    """The result of `nnlib.gradient.gradient_check` or `nnlib.gradient.layer_check`.

    It is true where everything agrees, and shows itself as a table.

    Attributes
    ----------
    rows : tuple, one for each array
        A row has `name`, `passed`, `max_relative_error`, `mean_absolute_error`, `worst` (the index
        of the worst entry, or of the largest where all agree; None for a random direction, () for a
        number), `derived` and `numerical` (both derivatives there), `kinks` (how many were met)
        and `note` (what could not be judged, or why it is wrong).
    problems : tuple of str
        What else is wrong: shapes, dtypes, arrays of the caller that were written to.
    notes : tuple of str
        What was not checked.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlib.gradient import gradient_check
    >>> report = gradient_check(lambda x: np.sum(x**2), np.array([3.0, 4.0]), np.array([6.0, 9.0]))
    >>> bool(report), report.rows[0].worst
    (False, (1,))
    >>> print(report)
    ✗ gradient check FAILED
    array   result  derived  numerical  at  relative error  mean error  kinks
        x  ✗ WRONG        9          8   1         1.1e-01     5.0e-01      0
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether all rows passed and there is no other problem."""
        return not self.problems and all(row.passed for row in self.rows)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        lines = self._lines
        return "\n".join([*lines, table(HEAD, self._cells())] if self.rows else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        verdict, *more = self._lines
        shown = html_table(verdict, HEAD, self._cells()) if self.rows else f"<p>{verdict}</p>"
        return shown + "".join(f"<p>{html.escape(line)}</p>" for line in more)

    @property
    def _lines(self) -> list[str]:
        verdict = "✓ gradient check passed" if self else "✗ gradient check FAILED"
        notes = *self.notes, *(row.note for row in self.rows if row.note)
        return [verdict, *self.problems, *notes]

    def _cells(self) -> list[list[str]]:
        return [
            [
                row.name,
                "ok" if row.passed else "✗ WRONG",
                _number(row.derived),
                _number(row.numerical),
                "direction" if row.worst is None else ", ".join(str(i) for i in row.worst),
                _error(row.max_relative_error),
                _error(row.mean_absolute_error),
                str(row.kinks),
            ]
            for row in self.rows
        ]
