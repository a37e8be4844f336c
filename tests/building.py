"""Other forms of the book are built beside the website, out of what its build has read."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time build in a folder: each writes what the next one reads."""
    lock = folder / "building"
    deadline = time.monotonic() + 600
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    try:
        yield
    finally:
        lock.rmdir()
