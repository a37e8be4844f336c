"""Keep a number and its unit, and a name and its number, in one line.

The sources have plain spaces, which anyone can type and search for. When a page is resolved, for
any builder, those within "10 %", "Exercise 2.3" and "3 × 80" become no-break spaces. To a browser
a formula is like a picture, behind which a line may end: it is put into one element with the comma
behind it. Words of code stay whole, too, but for those that are wider than a phone, such as a path.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SPACE = "\N{NO-BREAK SPACE}"
SIGNS = tuple(",.;:?!)")
AS_WRITTEN = (nodes.literal, nodes.math, nodes.math_block, nodes.raw, nodes.FixedTextElement)

_WIDE = 24  # signs of code; in a list on the smallest phone there is room for so many

_UNIT = re.compile(r"(?<=\d) (?=(?:%|[kMG]?B\b|ms\b|px\b))")
_NUMBERED = re.compile(r"\b(Exercise|[Cc]hapters?|[Ll]esson) (?=\d)")
_PRODUCT = re.compile(r"(?<=[\d)]) × (?=[\d(])")


def joined(text: str) -> str:
    """Return a text with no-break spaces."""
    text = _UNIT.sub(SPACE, text)
    text = _NUMBERED.sub(rf"\1{SPACE}", text)
    return _PRODUCT.sub(f"{SPACE}×{SPACE}", text)


def join(element: nodes.Element) -> None:
    """Change the texts within an element, but not code, formulas and HTML."""
    for place, child in enumerate(element.children):
        if isinstance(child, nodes.Text):
            element.children[place] = nodes.Text(joined(child))
            element.children[place].parent = element
        elif isinstance(child, nodes.Element) and not isinstance(child, AS_WRITTEN):
            join(child)


def join_formulas(doctree: nodes.document) -> None:
    """Put each formula and the sign behind it into one element, which book.css does not break."""
    for formula in list(doctree.findall(nodes.math)):
        text = formula.next_node(descend=False, siblings=True)
        if isinstance(text, nodes.Text) and text[:1] in SIGNS:
            formula.parent.replace(text, nodes.Text(text[1:]))
            whole = nodes.inline("", "", classes=["joined"])
            formula.replace_self(whole)
            whole += [formula, nodes.Text(text[:1])]


def let_wide_code_break(doctree: nodes.document) -> None:
    """Give code with a word that may be too wide a class, for book.css to break it."""
    for code in doctree.findall(nodes.literal):
        if any(len(word) > _WIDE for word in code.astext().split()):
            code["classes"].append("wide")


def join_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Change the texts of a page."""
    join(doctree)
    join_formulas(doctree)
    let_wide_code_break(doctree)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension, behind those that put texts into the page."""
    app.connect("doctree-resolved", join_page, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
