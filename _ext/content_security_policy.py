"""A Content-Security-Policy in each page: what is not of this book does not run.

Were something foreign to get into a page (a comment, an altered file, a browser's extension), the
browser would refuse it. The policy stands in the page, so it also holds from a disk and on a server
that sends no headers. What it allows:

- files that are a part of the book; pictures also as ``data:``, which style sheets use;
- the scripts and style attributes that are written in this very page, each by its hash. They are
  counted when the page is finished, after all other handlers; nobody lists them by hand. An
  attribute such as ``onclick`` is not allowed: let a script of its own listen;
  The search page alone takes every style attribute: it reads other pages, to quote them, and the
  policy holds for what it reads;
- no frames, plug-ins or workers, no other base address, forms only to the book's own search.

Not "none" by default, but the book itself: Firefox fetches the next page beforehand, for which
there is no word of its own. A policy in a page cannot say who may frame the page; the pages of
single figures are made to be framed.
"""

import base64
import hashlib
from typing import Any

import lxml.html
from lxml.builder import E
from sphinx.application import Sphinx

REFERRER = "no-referrer"  # where a link leads to does not learn which page it is on
LAST = 999  # of the handlers of a finished page
RUN = ("", "module", "text/javascript")  # types of a script that is run; others are data


def hashes(texts: list[str]) -> list[str]:
    """Return the sources that allow these texts, in order and without repetition."""
    digests = {hashlib.sha256(text.encode()).digest() for text in texts}
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def style_sources(pagename: str, page: lxml.html.HtmlElement) -> list[str]:
    """Return what may stand in the style attributes of a page."""
    if pagename == "search":
        return ["'unsafe-inline'"]
    styles = page.xpath("//@style")
    return ["'unsafe-hashes'", *hashes(styles)] if styles else ["'none'"]


def policy(pagename: str, page: lxml.html.HtmlElement) -> str:
    """Return the policy of a page."""
    inline = page.xpath("//script[not(@src)]")
    scripts = [script.text or "" for script in inline if script.get("type", "") in RUN]
    directives = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *hashes(scripts)],
        "style-src-attr": style_sources(pagename, page),
        "img-src": ["'self'", "data:"],
        "frame-src": ["'none'"],
        "object-src": ["'none'"],
        "worker-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def add_policy(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Put the policy before everything that it rules, which is all but the encoding."""
    if app.builder.name == "singlehtml":
        return
    charset = page.head.find("meta[@charset]")
    rules = E.meta({"http-equiv": "Content-Security-Policy", "content": policy(pagename, page)})
    charset.addnext(rules)
    rules.addnext(E.meta(name="referrer", content=REFERRER))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("html-page-finished", add_policy, priority=LAST)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
