"""The page ``404.html``, which a server such as GitHub Pages shows for an address without a page.

The server shows it for ``/a/b/c`` as well, where relative links would lead to ``/a/b/...``. So its
links, scripts and styles begin at the root of the host: with the path of ``BOOK_URL``. Without a
``BOOK_URL`` nobody knows that path; they stay relative then, and right beside ``404.html``.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml.builder import E
from sphinx.application import Sphinx

PAGE, TEMPLATE = "404", "404.html"


def not_found(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the page."""
    if app.builder.name == "html":
        yield PAGE, {"title": "Page not found", "pageurl": None}, TEMPLATE


def lead_from_anywhere(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Let all links of the page begin at the root, and search engines leave it out."""
    if pagename != PAGE:
        return
    page.head.append(E.meta(name="robots", content="noindex"))
    if app.config.html_baseurl:
        path = urlsplit(app.config.html_baseurl).path
        page.rewrite_links(lambda link: link if link.startswith("#") else urljoin(path, link))
        page.set("data-content_root", path)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("html-collect-pages", not_found)
    app.connect("html-page-finished", lead_from_anywhere, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
