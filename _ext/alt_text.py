"""A picture without alternative text or without a caption is a warning, which fails the build.

Whoever does not see a plot needs its numbers in words, and whoever sees it needs to know what it is
about. A picture that says nothing does not belong in this book, so an empty alternative text is no
way out.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

MESSAGE = """a picture without %s. Of a cell's picture it stands in the cell's metadata, as here:
  "mystnb": {"image": {"alt": "The loss falls from 2.3 to 0.1 in 30 epochs."},
             "figure": {"name": "fig-loss", "caption": "What it is about."}}
or, in a text file, at the top of the cell:
  ---
  mystnb:
    image: {alt: "The loss falls from 2.3 to 0.1 in 30 epochs."}
    figure: {name: fig-loss, caption: What it is about.}
  ---
Of a file it stands in a figure: ```{figure} name.svg, :alt: ..., and the caption as its text."""

logger = logging.getLogger(__name__)


def check_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of each picture of a page that lacks words."""
    for image in doctree.findall(nodes.image):
        figure = image.parent
        while figure is not None and not isinstance(figure, nodes.figure):
            figure = figure.parent
        captions = figure.findall(nodes.caption) if figure is not None else ()
        found = {
            "alternative text (alt: what it shows, in numbers)": image.get("alt", "").strip(),
            "a caption": any(caption.astext().strip() for caption in captions),
        }
        missing = [words for words, there in found.items() if not there]
        if missing:
            logger.warning(MESSAGE, " and without ".join(missing), location=image, type="alt_text")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("doctree-read", check_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
