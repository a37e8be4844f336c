"""Put the whole book into one file, ``backprop-live.zip``, beside the pages.

It is what a reader downloads to run the book: notebooks, library, and what builds the website. pip
installs ``nnlib`` from the same file, so that a notebook in a cloud needs no other. It holds what a
clone of the repository holds: everything but what .gitignore names. Two builds of the same files
give the same bytes.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sphinx.application import Sphinx

NAME = "backprop-live"
DATE = (2026, 1, 1, 0, 0, 0)  # of all files in it, whenever it is made


def book_files(root: Path) -> Iterator[Path]:
    """Yield the files of the book below its folder, relative to it, in order."""
    lines = (root / ".gitignore").read_text(encoding="utf-8").split()
    ignored = [".git", *(line.strip("/") for line in lines)]
    pending = [root]
    while pending:
        for path in sorted(pending.pop(0).iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in ignored):
                continue
            if path.is_dir():
                pending.append(path)
            else:
                yield path.relative_to(root)


def write_book(app: Sphinx, exception: Exception | None) -> None:
    """Write the file into the finished website."""
    root = Path(app.confdir)
    wanted = exception is None and app.builder.name == "html"
    if not (wanted and (root / ".gitignore").is_file()):  # else what is built is not this book
        return
    with ZipFile(Path(app.outdir, f"{NAME}.zip"), "w", ZIP_DEFLATED, compresslevel=9) as file:
        for path in book_files(root):
            entry = ZipInfo(f"{NAME}/{path.as_posix()}", date_time=DATE)
            entry.external_attr = ((root / path).stat().st_mode & 0o777) << 16  # it can be run
            entry.compress_type = ZIP_DEFLATED
            file.writestr(entry, (root / path).read_bytes())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("build-finished", write_book)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
