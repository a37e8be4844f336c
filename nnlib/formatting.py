"""Numbers and tables as text, the same digits in Python and in the live figures."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite, isnan


def format_number(x: float) -> str:
    """Return `x` in four significant digits, or exact where it is a whole number below a million.

    Parameters
    ----------
    x : float

    Returns
    -------
    str, with a true minus sign

    Examples
    --------
    >>> format_number(220.00000000000003), format_number(2 / 3), format_number(-0.5)
    ('220', '0.6667', '−0.5')
    >>> format_number(1234567.5), format_number(0.0000123456), format_number(float("inf"))
    ('1.235e6', '1.235e−5', '∞')
    """
    if isnan(x):
        return "not a number"
    sign = "−" if x < 0 else ""
    x = abs(float(x))
    if not isfinite(x):
        return sign + "∞"
    if x < 1e6 and abs(x - round(x)) <= 1e-12 * x:
        return sign + str(round(x)) if round(x) else "0"
    rounded = Context(prec=4, rounding=ROUND_HALF_UP).create_decimal(Decimal(x)).normalize()
    exponent = rounded.adjusted()
    if -4 <= exponent < 6:
        return f"{sign}{rounded:f}"
    digits = rounded.scaleb(-exponent).normalize()
    return f"{sign}{digits:f}e{str(exponent).replace('-', '−')}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of text as right-aligned columns.

    Examples
    --------
    >>> print(table(["name", "value"], [["x", "3"], ["total", "12"]]))
     name  value
        x      3
    total     12
    """
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    )
