"""What the front page offers to keep: the ePub and the PDF, with their sizes, and the notebooks.

``make epub`` and ``make pdf`` make the first two. Where the environment variable ``BOOK_TO_KEEP``
names the folder that holds them while the website is built, they are copied to the website's root,
and the directive ``{to-keep}`` lists those that are there. The notebooks always are: whole_book.py.
"""

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import only
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective
from whole_book import NAME

KINDS = {"epub": "ePub", "pdf": "PDF"}


def files() -> list[Path]:
    """Return the files that were made, in the order of `KINDS`."""
    folder = os.environ.get("BOOK_TO_KEEP")
    made = [Path(folder, f"{NAME}.{kind}").resolve() for kind in KINDS] if folder else []
    return [path for path in made if path.is_file()]


def copy_files(app: Sphinx, config: Config) -> None:
    """Let Sphinx copy the files into the website."""
    config.html_extra_path = [*config.html_extra_path, *map(str, files())]


class ToKeep(SphinxDirective):
    """One line: what there is, how large, and where."""

    def run(self) -> list[nodes.Node]:
        """Return the line, for the website alone."""
        self.env.note_reread()  # in the next build the files may be others
        offers = [
            (
                path.name,
                f"{KINDS[path.suffix[1:]]} ({path.stat().st_size / 1e6:.1f}\N{NO-BREAK SPACE}MB)",
            )
            for path in files()
        ]
        line = nodes.paragraph("", "To keep: ", classes=["front-keep"])
        for number, (name, text) in enumerate(
            [*offers, (f"{NAME}.zip", "notebooks and code (zip)")]
        ):
            line += nodes.Text(" · " if number else "")
            line += nodes.reference("", text, refuri=name, internal=True)
        return [only("", line, expr="builder_html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("config-inited", copy_files)
    app.add_directive("to-keep", ToKeep)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
