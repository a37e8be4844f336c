"""The address of the published website, and what only a page with an address can have.

The environment variable ``BOOK_URL`` holds it, such as ``https://someone.github.io/backprop-live``;
the workflow that publishes the website takes it from GitHub. Then each page names its canonical
address (Sphinx's own ``html_baseurl``), and beside the pages stand

- ``sitemap.xml``, with the pages of the table of contents: not the search, the index, or the pages
  of single figures. It has no dates: a file's date is that of the checkout, not of a change;
- ``robots.txt``, which leads there. Search engines read it at the root of a host only: where the
  book is below it, as above, tell them of the sitemap by hand.

A book that is built elsewhere has none of it, for it would point to where the book is not. There,
``address`` gives addresses that are relative to the page.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from lxml import etree
from lxml.builder import ElementMaker
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

SITEMAP, ROBOTS = "sitemap.xml", "robots.txt"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def set_address(app: Sphinx, config: Config) -> None:
    """Tell Sphinx where the website will be."""
    base = os.environ.get("BOOK_URL", "")
    parts = urlsplit(base)
    if base and not (parts.scheme in ("http", "https") and parts.netloc and base == parts.geturl()):
        raise ConfigError(f"BOOK_URL is {base!r}; expected https://HOST/PATH, or nothing")
    config.html_baseurl = base and base.rstrip("/") + "/"


def address(app: Sphinx, target: str, page: str) -> str:
    """Return the address of a page: in full where it is known, else as seen from another page."""
    base: str = app.config.html_baseurl
    if not base:
        return app.builder.get_relative_uri(page, target)
    return base if target == app.config.root_doc else base + app.builder.get_target_uri(target)


def name_canonical(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Let the front page be the folder itself, as it is linked from elsewhere."""
    if app.config.html_baseurl and pagename == app.config.root_doc:
        context["pageurl"] = app.config.html_baseurl


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """Write both files into the finished website."""
    base, folder = app.config.html_baseurl, Path(app.outdir)
    if exception is not None or app.builder.name != "html":
        return
    if not base:
        for name in (SITEMAP, ROBOTS):
            (folder / name).unlink(missing_ok=True)  # of a build with another BOOK_URL
        return
    new = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})
    pages = [page for page in app.env.collect_relations() if page in app.env.found_docs]
    sitemap = new.urlset(*(new.url(new.loc(address(app, page, ""))) for page in pages))
    etree.ElementTree(sitemap).write(
        folder / SITEMAP, encoding="utf-8", pretty_print=True, xml_declaration=True
    )
    robots = f"User-agent: *\nAllow: /\nSitemap: {base}{SITEMAP}\n"
    (folder / ROBOTS).write_text(robots, encoding="utf-8", newline="\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("config-inited", set_address)
    app.connect("html-page-context", name_canonical)
    app.connect("build-finished", write_sitemap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
