"""Pictures whose place is kept free, and that are fetched when they come near the window.

- Width and height are written at each picture, from its file, so that the text does not jump when
  the picture arrives.
- What is below a heading is loaded when the reader comes near it, and never holds up the text.
- A plot of nnlib has a class in its file, which says whether its colours may be adapted to the
  page. A style sheet sees only what is in the page, so the class is copied there, for book.css.
"""

from pathlib import Path, PurePosixPath
from typing import Any

import lxml.etree
import lxml.html
from sphinx.application import Sphinx
from sphinx.util.images import get_image_size


def describe_pictures(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Write at each picture of the book what the browser should know before it has the file."""
    files = {name: Path(app.srcdir, path) for path, name in app.builder.images.items()}
    for picture in page.iter("img"):
        file = files.get(PurePosixPath(picture.get("src", "")).name)
        if file is None:
            continue
        if size := get_image_size(str(file)):
            picture.set("width", str(size[0]))
            picture.set("height", str(size[1]))
        picture.set("decoding", "async")
        if picture.xpath("preceding::h2"):
            picture.set("loading", "lazy")
        if file.suffix == ".svg":
            drawn = lxml.etree.parse(str(file)).getroot()
            for name in drawn.get("class", "").split():
                picture.classes.add(name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("html-page-finished", describe_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
