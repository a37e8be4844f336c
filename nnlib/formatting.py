"""Numbers and tables as text, the same digits in Python and in the live figures."""

import html
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
    >>> format_number(float("nan"))
    'not a number'
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

    Parameters
    ----------
    head : sequence of str
        What stands above the columns.
    rows : sequence of sequences of str, each as long as `head`

    Returns
    -------
    str, a line for the head and one for each row

    Raises
    ------
    ValueError
        If a row is longer than `head`.

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


def html_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of text as an HTML table that scrolls inside itself where it is too wide.

    The first cell of a row is its heading. There is no style in it: a page finds it by its class,
    and gives it the page's own colours. `tabindex` lets the keyboard scroll it too.

    Parameters
    ----------
    caption : str
        What the table shows; also read out where the keyboard reaches it.
    head : sequence of str
        What stands above the columns.
    rows : sequence of sequences of str
        Plain text: `<` and `&` are escaped.

    Returns
    -------
    str

    Examples
    --------
    >>> print(html_table("Two sums", ["name", "value"], [["x < 1", "3"], ["total", "12"]]))
    <div class="nn-report" role="group" aria-label="Two sums" tabindex="0"><table>
    <caption>Two sums</caption>
    <thead><tr><th scope="col">name</th><th scope="col">value</th></tr></thead>
    <tbody>
    <tr><th scope="row">x &lt; 1</th><td>3</td></tr>
    <tr><th scope="row">total</th><td>12</td></tr>
    </tbody>
    </table></div>
    """
    caption, *heads = (html.escape(text) for text in [caption, *head])
    lines = [
        f'<div class="nn-report" role="group" aria-label="{caption}" tabindex="0"><table>',
        f"<caption>{caption}</caption>",
        "<thead><tr>" + "".join(f'<th scope="col">{cell}</th>' for cell in heads) + "</tr></thead>",
        "<tbody>",
    ]
    for row in rows:
        name, *cells = (html.escape(cell) for cell in row)
        numbers = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f'<tr><th scope="row">{name}</th>{numbers}</tr>')
    return "\n".join([*lines, "</tbody>", "</table></div>"])
