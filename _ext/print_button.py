"""Let the theme's button for printing work under the Content-Security-Policy.

Its ``onclick`` attribute is what the policy refuses. A script of the page, which the policy knows,
listens in its place.
"""

from typing import Any

import lxml.html
from lxml.builder import E
from sphinx.application import Sphinx

CALL = "window.print()"
SCRIPT = (
    'for (const button of document.querySelectorAll(".btn-download-pdf-button"))'
    ' button.addEventListener("click", () => window.print());'
)


def listen(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Take the attribute away and add the script."""
    buttons = page.xpath("//button[@onclick=$call]", call=CALL)
    for button in buttons:
        del button.attrib["onclick"]
    if buttons:
        page.body.append(E.script(SCRIPT))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("html-page-finished", listen)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
