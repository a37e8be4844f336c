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
    for piece in page.xpath("//div[contains(@class, 'highlight')]/pre//span[not(@id)]"):
        if COLOURED.isdisjoint(piece.classes):
            piece.drop_tag()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("html-page-finished", leave_coloured_code)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
