"""What a gradient check found, as an object that shows itself as a table."""

import html
from dataclasses import dataclass, field

from nnlib.formatting import table


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


@dataclass(frozen=True)
class GradientReport:
    """The result of `gradient_check` or `layer_check`; true where everything agrees.

    Attributes
    ----------
    rows : tuple of Row
        For each array: its name, whether it passed, the largest relative error, the mean absolute
        error, the index of the worst entry (None for a random direction), the derived and the
        numerical derivative there, and how many kinks were met.
    problems : tuple of str
        What else is wrong: shapes, dtypes, arrays of the caller that were written to.

    Examples
    --------
    >>> import numpy as np
    >>> from nnlib.gradient import gradient_check
    >>> report = gradient_check(lambda x: np.sum(x**2), np.array([3.0, 4.0]), np.array([6.0, 9.0]))
    >>> bool(report), report.rows[0].worst
    (False, (1,))
    >>> print(report)
    gradient check FAILED
    array  result  max rel. error  mean abs. error  worst at  derived  numerical  kinks
        x   WRONG        1.11e-01         5.00e-01       [1]        9          8      0
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether all rows passed and there is no other problem."""
        return not self.problems and all(row.passed for row in self.rows)

    def __bool__(self) -> bool:
        return self.passed

    def _cells(self) -> list[list[str]]:
        head = ["array", "result", "max rel. error", "mean abs. error", "worst at", "derived",
                "numerical", "kinks"]  # fmt: skip
        return [head] + [
            [
                row.name,
                "ok" if row.passed else "WRONG",
                f"{row.max_relative_error:.2e}",
                f"{row.mean_absolute_error:.2e}",
                "direction" if row.worst is None else str(list(row.worst)),
                f"{row.derived:.6g}",
                f"{row.numerical:.6g}",
                str(row.kinks),
            ]
            for row in self.rows
        ]

    def __str__(self) -> str:
        head, *rows = self._cells()
        lines = [f"gradient check {'passed' if self else 'FAILED'}", *self.problems]
        return "\n".join([*lines, table(head, rows)] if rows else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *rows = self._cells()
        lines = [f"gradient check <strong>{'passed' if self else 'FAILED'}</strong>"]
        lines += [html.escape(problem) for problem in self.problems]
        cells = "".join(
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows
        )
        heads = "".join(f'<th scope="col">{c}</th>' for c in head)
        return "<p>{}</p><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>".format(
            "<br>".join(lines), heads, cells
        )
