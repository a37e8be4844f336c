"""Code has elements for what is coloured, and text for all else.

Pygments wraps each name, bracket and number in an element. Most have the colour of the text
(``palette.css``), and they were a third of a chapter's elements and half of the library's: more
than anything else that a phone had to lay out.
"""

from typing import Any

import lxml.html
from sphinx.application import Sphinx

# Pygments' short names, as in palette.css: what Python reserves, text, comments, names that are
# defined, and what belongs to a session in a terminal.
NAMES = "k kc kd kn kr ow s s1 s2 sa sb sd se sh si c c1 ch cm nc nf gp go"
COLOURED = frozenset(NAMES.split())


def leave_coloured_code(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Replace the other elements of highlighted code by their text."""
    for code in page.xpath("//div[contains(@class, 'highlight')]/pre"):
        last = None  # of the elements that stay
        for piece in list(code):
            if len(piece) or piece.get("id") or not COLOURED.isdisjoint(piece.classes):
                last = piece
                continue
            text = f"{piece.text or ''}{piece.tail or ''}"
            code.remove(piece)  # lxml's drop_tag looks for its place first: 14 s for the book
            if last is None:
                code.text = (code.text or "") + text
            else:
                last.tail = (last.tail or "") + text


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("html-page-finished", leave_coloured_code)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
