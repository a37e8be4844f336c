"""What search engines and messengers show of a page: its title, a description, a picture.

A page's description is what its author wrote in the front matter, as Sphinx puts it into the page::

    ---
    myst:
      html_meta:
        description: Every formula of the book, with its code and the chapter that derives it.
    ---

(in a notebook: ``myst`` in the notebook's metadata). Else it is made of the first sentences of the
first paragraph, whole ones, as long as they fit. Where the first sentence is too long, too short
or has a formula that is more than letters, there is none: ``tests/test_metadata.py`` then asks for
one by hand. The Open Graph elements repeat title and description and, where the book's address is
known, add it and the picture that ``tools/social_picture.py`` makes.
"""

import re
from typing import Any

import lxml.html
from docutils import nodes
from lxml.builder import E
from markupsafe import Markup
from site_address import address
from sphinx.application import Sphinx

SHORTEST, LONGEST = 70, 160
FRONT_TITLE = "Backprop, Live: an interactive textbook on backpropagation"
NOT_WRITTEN = {  # pages that no author writes: title and description
    "404": (
        "Page not found",
        "There is no page at this address. Search the book, or choose one of its chapters.",
    ),
    "genindex": (
        "Index",
        "Every term of the glossary and every name of the library nnlib, in alphabetical order.",
    ),
    "search": (
        "Search",
        "Search the whole book: chapters, exercises, formulas, the glossary and the library.",
    ),
}
PICTURE = "_static/social.png"
PICTURE_SIZE = 1200, 630
PICTURE_ALT = (
    "A computational graph: two apples at 100 each, with tax, cost 220. "
    "Above each line its value, below it its derivative."
)
LOCALE = "en_GB"
TOUCH_ICON = "_static/touch-icon.png"
BACKGROUNDS = {"light": "#fff", "dark": "#121212"}  # the theme's --pst-color-background

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
_NOT_PLAIN = re.compile(r"[\\{}^_]")


def plain(node: nodes.Element) -> str | None:
    """Return the text of a node, or None where it has a formula that is more than letters."""
    text = ""
    for part in node.findall(nodes.Text):
        if not isinstance(part.parent, nodes.math):
            text += part.astext()
        elif _NOT_PLAIN.search(part.astext()):
            return None
        else:
            text += part.astext().replace("-", "−")
    return " ".join(text.split())


def first_sentences(doctree: nodes.document) -> str:
    """Return the beginning of a page, if it makes a description."""
    section = next(doctree.findall(nodes.section), None)
    paragraph = section and next((p for p in section if isinstance(p, nodes.paragraph)), None)
    chosen = ""
    for sentence in _SENTENCE.split((paragraph and plain(paragraph)) or ""):
        longer = f"{chosen} {sentence}".strip()
        if len(longer) > LONGEST:
            break
        chosen = longer
    return chosen if len(chosen) >= SHORTEST else ""


def describe(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Find the description of a page that is about to be made."""
    context["first_sentences"] = first_sentences(doctree) if doctree else ""


def add_metadata(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Put a title and the metadata into the head of a finished page."""
    if app.builder.name == "singlehtml":
        return
    base, site_name, front = app.config.html_baseurl, app.config.html_title, app.config.root_doc
    head, title = page.head, page.find(".//title")
    written = head.xpath("meta[@name='description']/@content")
    name, description = NOT_WRITTEN.get(
        pagename,
        (Markup(context.get("title", "")).striptags(), context["first_sentences"]),
    )
    if pagename == front:
        title.text = name = FRONT_TITLE
    elif name:
        title.text = f"{name} · {site_name}"
    else:  # the page of a figure has its own
        name = title.text.removesuffix(f" · {site_name}")
    if written:
        description = written[0]
    elif description:
        head.append(E.meta(name="description", content=description))
    graph = {
        "og:title": name,
        "og:description": description,
        "og:type": "book" if pagename == front else "article",
        "og:site_name": site_name,
        "og:locale": LOCALE,
    }
    if base and pagename != "404":
        width, height = PICTURE_SIZE
        graph |= {
            "og:url": address(app, pagename, pagename),
            "og:image": base + PICTURE,
            "og:image:type": "image/png",
            "og:image:width": str(width),
            "og:image:height": str(height),
            "og:image:alt": PICTURE_ALT,
        }
        head.append(E.meta(name="twitter:card", content="summary_large_image"))
    head.extend(E.meta(property=key, content=value) for key, value in graph.items() if value)
    for scheme, colour in BACKGROUNDS.items():
        media = f"(prefers-color-scheme: {scheme})"
        head.append(E.meta(name="theme-color", content=colour, media=media))
    icon = context["pathto"](TOUCH_ICON, resource=True)
    head.append(E.link(rel="apple-touch-icon", href=icon))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("html-page-context", describe)
    app.connect("html-page-finished", add_metadata)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
