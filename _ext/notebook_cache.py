"""Execute a notebook again when the library that it imports has changed.

jupyter-cache compares the code cells of a notebook and nothing else: after a change in nnlib it
would go on serving outputs of the old code. Here the cache lives in a folder named after a hash of
everything outside the notebooks that decides their outputs. Another hash is another, empty folder.

The folder's path is a configuration value on which Sphinx's environment depends, so with another
hash Sphinx also reads all pages again, instead of keeping those whose notebook file is unchanged.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

KEY_LENGTH = 12
_KEY = re.compile(rf"[0-9a-f]{{{KEY_LENGTH}}}")


def dependencies(root: Path) -> Iterator[Path]:
    """Yield the files outside the notebooks that decide what the notebooks print."""
    yield from root.glob("nnlib/**/*.py")
    yield from (path for path in root.glob("nnlib/data/*") if path.is_file())
    yield from root.glob("requirements.txt")


def cache_key(root: Path) -> str:
    """Return a hash of the names and contents of all dependencies, the same on every machine."""
    digest = hashlib.sha256()
    names = {path.relative_to(root).as_posix(): path for path in dependencies(root)}
    for name, path in sorted(names.items()):
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:KEY_LENGTH]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Point myst-nb to the cache for the present key and delete those for other keys.

    ``execute: cache:`` in _config.yml, which Jupyter Book hands on as the same value, is respected
    as the parent folder. Its default is empty, which means a folder beside the output.
    """
    configured = config.nb_execution_cache_path
    parent = (
        Path(app.confdir, configured) if configured else Path(app.outdir).parent / ".jupyter_cache"
    ).resolve()
    key = cache_key(Path(app.confdir))
    config.nb_execution_cache_path = str(parent / key)
    if parent.is_dir():
        for sibling in parent.iterdir():
            if sibling.name != key and _KEY.fullmatch(sibling.name):
                shutil.rmtree(sibling, ignore_errors=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension; myst-nb reads the value later, at builder-inited."""
    app.setup_extension("myst_nb")
    app.connect("config-inited", choose_cache)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
