"""The book as an ePub 3: ``jupyter-book build . --builder custom --custom-builder epub``.

Sphinx's own builder of ePubs makes small websites: with the theme's templates, scripts and styles,
which a reader for books does not want and epubcheck refuses. Of it, what turns the sources into
HTML is used here; ``epub_pages`` makes the book's pages of that, and this module the package around
them, from the templates in ``epub/``: contents, metadata, one style sheet, one font, one file. What
the book is called, whose it is and how old, CITATION.cff says.

The file depends on the sources alone: two builds give the same bytes.
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import jinja2
import yaml
from epub_pages import (
    SUFFIX,
    Page,
    answers_page,
    connect,
    folded,
    parse,
    sections,
    still_figures,
    xhtml,
)
from lxml import etree
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.config import Config
from sphinx.util import logging
from whole_book import DATE, NAME

from nnlib.words import say

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).with_name("epub")  # style sheet, cover, templates
FONT = Path("chapters", "_static", "fonts", "BackpropMath-subset.woff2")
IDENTIFIER = "urn:uuid:6d7c2a52-31a9-4a0f-8f0e-6a2f5f2c9b41"  # of every version
ONLY_ON_THE_WEB = {"chapters/progress"}  # it means nothing without a script
SOLUTIONS = "Solutions"
BEGINNING = "In short"

MEDIA_TYPES = {
    ".css": "text/css",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    SUFFIX: "application/xhtml+xml",
}
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    lstrip_blocks=True,
    trim_blocks=True,
)
_TEMPLATES.globals["sections"] = sections


class Part(NamedTuple):
    """A part of the book."""

    caption: str
    pages: list[Page]


class Epub(Epub3Builder):
    """The builder: it keeps the HTML of each page's text, and makes the book in the end."""

    def init(self) -> None:
        """Begin without pages."""
        super().init()
        self.texts: dict[str, str] = {}

    def get_outdated_docs(self) -> set[str]:
        """Write every page: no part of the last book is used again."""
        return self.env.found_docs

    def copy_assets(self) -> None:
        """Copy nothing: what the website needs is not the book's. But myst-nb will look here."""
        Path(self.outdir, "_static").mkdir(parents=True, exist_ok=True)

    def handle_page(
        self,
        pagename: str,
        addctx: dict[str, Any],
        templatename: str = "page.html",
        outfilename: str | None = None,
        event_arg: Any = None,
    ) -> None:
        """Keep the text of a page."""
        self.texts[pagename] = addctx["body"]

    def finish(self) -> None:
        """Write the book."""
        write(Path(self.outdir, f"{NAME}.epub"), list(self.files_of_book()))

    def parts(self) -> list[Part]:
        """Return the book's pages, as its table of contents has them."""
        contents = self.env.get_doctree(self.config.root_doc).findall(addnodes.toctree)
        named = [Part("", [self.page(self.config.root_doc)])]
        for toctree in contents:
            names = [name for _, name in toctree["entries"] if name not in ONLY_ON_THE_WEB]
            named.append(Part(toctree["caption"], [self.page(name) for name in names]))
        return named

    def page(self, name: str) -> Page:
        """Return a page, as it is in the book."""
        number = self.env.toc_secnumbers.get(name, {}).get("", ())
        page = parse(name, self.texts[name], ".".join(map(str, number)))
        if name == self.config.root_doc:  # the book's title has a page of its own
            page.rename(BEGINNING)
        still_figures(page, self.config.html_baseurl, say("still.page.alone"))
        folded(page)
        return page

    def files_of_book(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the contents of each file of the book, in order."""
        parts = self.parts()
        answers = [page for part in parts for page in map(answers_page, part.pages) if page]
        if answers:
            last = max(
                (at for at, part in enumerate(parts) if any(page.number for page in part.pages)),
                default=0,
            )
            parts.insert(last + 1, Part(SOLUTIONS, answers))
        pages = [page for part in parts for page in part.pages]

        files = {"/book.css": (FOLDER / "book.css").read_bytes()}
        files["/cover.png"] = (FOLDER / "cover.png").read_bytes()
        files[f"/fonts/{FONT.name}"] = Path(self.app.srcdir, FONT).read_bytes()
        for source, name in sorted(self.images.items(), key=lambda image: image[1]):
            files[f"/{self.imagedir}/{name}"] = picture(Path(self.app.srcdir, source))
        generated = {f"/{name}{SUFFIX}" for name in ("cover", "title", "nav")}
        for broken in connect(pages, generated | set(files), self.config.html_baseurl):
            logger.warning("ePub: a link leads nowhere: %s", broken, type="epub", subtype="link")

        about = {
            "address": self.config.html_baseurl,
            "book": citation(Path(self.app.srcdir)),
            "identifier": IDENTIFIER,
            "language": self.config.language,
            "parts": parts,
        }
        for name in "cover", "title", "nav":
            files[f"/{name}{SUFFIX}"] = render(f"{name}{SUFFIX}", **about)
        for page in pages:
            files[page.path] = xhtml(page, self.config.language)
        spine = ["/cover.xhtml", "/title.xhtml", "/nav.xhtml", *(page.path for page in pages)]
        manifest = [Item.of(path, text) for path, text in sorted(files.items())]
        identifiers = {item.href: item.id for item in manifest}
        order = [identifiers[path[1:]] for path in spine]
        yield "META-INF/container.xml", render("container.xml")
        yield "content.opf", render("content.opf", manifest=manifest, spine=order, **about)
        yield "toc.ncx", render("toc.ncx", **about)
        yield from ((path[1:], text) for path, text in sorted(files.items()))


class Item(NamedTuple):
    """A file of the book, as its package lists it."""

    id: str
    href: str
    media_type: str
    properties: str

    @classmethod
    def of(cls, path: str, text: bytes) -> "Item":
        """Return the entry of a file."""
        ending = posixpath.splitext(path)[1]
        special = {"/cover.png": ["cover-image"], f"/nav{SUFFIX}": ["nav"]}.get(path, [])
        if ending == SUFFIX:
            special += [name for name in ("mathml", "svg") if has(text, name)]
        name = path[1:].replace("/", "-").replace(".", "-")
        return cls(f"file-{name}", path[1:], MEDIA_TYPES[ending], " ".join(special))


def has(page: bytes, name: str) -> bool:
    """Return whether a page has a formula (mathml) or a drawing (svg) in it."""
    tag = {"mathml": "{http://www.w3.org/1998/Math/MathML}math"}.get(
        name, "{http://www.w3.org/2000/svg}svg"
    )
    return next(etree.fromstring(page).iter(tag), None) is not None


def citation(root: Path) -> dict[str, Any]:
    """Return what CITATION.cff says of the book."""
    said: dict[str, Any] = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    return said


def picture(file: Path) -> bytes:
    """Return a picture; an SVG without what matplotlib puts in and the ePub's schema refuses."""
    if file.suffix != ".svg":
        return file.read_bytes()
    tree = etree.parse(file, etree.XMLParser(remove_comments=True, remove_pis=True))
    for metadata in list(tree.getroot().iter("{*}metadata")):
        metadata.getparent().remove(metadata)
    return etree.tostring(tree.getroot(), encoding="utf-8", xml_declaration=True)


def render(template: str, **values: Any) -> bytes:
    """Return the text of a file that is made from a template."""
    return _TEMPLATES.get_template(template).render(values).encode()


def write(path: Path, files: list[tuple[str, bytes]]) -> None:
    """Write the files into one, the first of which says what it is."""
    with ZipFile(path, "w", compresslevel=9) as book:
        book.writestr(ZipInfo("mimetype", DATE), "application/epub+zip", ZIP_STORED)
        for name, text in files:
            book.writestr(ZipInfo(name, DATE), text, ZIP_DEFLATED, 9)


def set_version(app: Sphinx, config: Config) -> None:
    """Tell Sphinx the book's version, without which its builder warns."""
    config.version = citation(Path(app.confdir))["version"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Put the builder in the place of Sphinx's."""
    app.add_builder(Epub, override=True)
    app.connect("config-inited", set_version)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
