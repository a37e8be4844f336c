"""Write all pages again when something of ours that goes into every page has changed.

Sphinx writes a page again when its source or the configuration has changed. It does not know that
pages carry the checksum of book.css or live.js, nor that our extensions write parts of them, so a
second build after such a change would leave old pages beside new ones. The hash below is a
configuration value on which the HTML depends: another hash, and all pages are written again (but
no notebook is executed for it).
"""

import hashlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config


def page_key(root: Path, static_paths: list[str]) -> str:
    """Return a hash of our style sheets, scripts, fonts and extensions."""
    files = [path for path in Path(__file__).parent.rglob("*") if path.suffix != ".pyc"]
    for entry in static_paths:
        path = root / entry
        files.extend(path.rglob("*") if path.is_dir() else [path])
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(f"{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def set_page_key(app: Sphinx, config: Config) -> None:
    """Compute the hash, after live_figures has added to html_static_path."""
    config.page_key = page_key(Path(app.confdir), config.html_static_path)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the configuration value that stands for our own files."""
    app.add_config_value("page_key", "", "html", str)
    app.connect("config-inited", set_page_key, priority=700)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
