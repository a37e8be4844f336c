"""What may be done with the pages of the website once all of them are written."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import lxml.html
from sphinx.application import Sphinx

BUILDERS = ("html", "dirhtml")
STATIC = "_static/"


def built_pages(app: Sphinx) -> Iterator[tuple[Path, lxml.html.HtmlElement]]:
    """Yield each page of the website, also those that this build has left as they were."""
    for path in sorted(Path(app.outdir).rglob("*.html")):
        if STATIC.strip("/") not in path.parts:
            yield path, lxml.html.document_fromstring(path.read_text(encoding="utf-8"))


def address(element: lxml.html.HtmlElement) -> str:
    """Return what a link, a script or a picture asks for, without a query, "" if for nothing."""
    asked: str = element.get("href") or element.get("src") or ""
    return asked.partition("?")[0]


def publish(app: Sphinx, name: str, text: str) -> None:
    """Write a static file of the whole site, and let all pages ask for just this content of it.

    A page is written before the file is known, and may be older than this build. So the checksum,
    without which a browser would take an old file from its cache, comes into the pages afterwards.
    """
    Path(app.outdir, STATIC, name).write_text(text, encoding="utf-8")
    version = hashlib.sha256(text.encode()).hexdigest()[:8]
    for path, page in built_pages(app):
        before = after = path.read_text(encoding="utf-8")
        for element in page.xpath("//head/link | //head/script"):
            if address(element).endswith(STATIC + name):
                asked = element.get("href") or element.get("src")
                after = after.replace(f'"{asked}"', f'"{address(element)}?v={version}"')
        if after != before:
            path.write_text(after, encoding="utf-8")
