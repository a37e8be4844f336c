"""Take out of the website what no page asks for: fonts, scripts, and languages of the theme.

Sphinx copies all that the theme and the extensions have, nine parts of ten for nothing, and copies
it again in the next build, where the one style sheet and the one script are made of it. So this
comes last. Licences stay.
"""

import re
from pathlib import Path
from typing import Any

from built_pages import BUILDERS, STATIC
from sphinx.application import Sphinx

LAST = 999  # of the handlers of the end of a build
_IN_PAGE = re.compile(r"""_static/([^\s"'?#()<>&]+)""")
_IN_SHEET = re.compile(r"""url\(["']?([^"'?#)]+)""")


def used_files(site: Path) -> set[Path]:
    """Return the static files that a page names anywhere, and what style sheets among them name."""
    used = set()
    for page in site.rglob("*.html"):
        if site / STATIC not in page.parents:  # where the theme has templates
            used |= {site / STATIC / name for name in _IN_PAGE.findall(page.read_text("utf-8"))}
    for sheet in [file for file in used if file.suffix == ".css" and file.is_file()]:
        used |= {sheet.parent / name for name in _IN_SHEET.findall(sheet.read_text("utf-8"))}
    return used


def remove(app: Sphinx, exception: Exception | None) -> None:
    """Delete the others, and folders that are then empty."""
    if exception or app.builder.name not in BUILDERS:
        return
    site = Path(app.outdir)
    used = used_files(site)
    for path in sorted((site / STATIC).rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in used and not path.name.endswith("LICENSE.txt"):
            path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("build-finished", remove, priority=LAST)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
