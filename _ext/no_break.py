"""Keep a number and its unit, and a name and its number, in one line.

The sources have plain spaces, which anyone can type and search for. When a page is resolved, for
any builder, those within "10 %", "Exercise 2.3" and "3 × 80" become no-break spaces. To a browser a
formula is like a picture, behind which a line may end, so a comma behind it is joined to it.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SPACE, JOINER = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"
AS_WRITTEN = (nodes.literal, nodes.math, nodes.math_block, nodes.raw, nodes.FixedTextElement)

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
            text = joined(child)
            if place and isinstance(element[place - 1], nodes.math) and text[:1] in ",.;:?!)":
                text = JOINER + text
            element.children[place] = nodes.Text(text)
            element.children[place].parent = element
        elif isinstance(child, nodes.Element) and not isinstance(child, AS_WRITTEN):
            join(child)


def join_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Change the texts of a page."""
    join(doctree)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension, behind those that put texts into the page."""
    app.connect("doctree-resolved", join_page, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
