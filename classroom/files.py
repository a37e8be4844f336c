"""Files that may be hostile are read here, and files of the course are written here.

What a student hands in may hold links that lead elsewhere, or change while it is read. So a file is
opened step by step below a folder, and no step follows a link.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from classroom.errors import Refused

MEGABYTE = 1 << 20
LARGEST_NOTEBOOK = 20 * MEGABYTE

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # these are 0 where a system does not know them: Windows
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def read(folder: Path, name: str, largest: int = LARGEST_NOTEBOOK) -> bytes:
    """Return the content of a plain file below a folder; no link is followed on the way.

    Parameters
    ----------
    folder : Path
        A folder that can be trusted.
    name : str
        Where the file is in it, with `/` between the parts.
    largest : int
        The most bytes that are read.

    Raises
    ------
    Refused
        There is no such file, it is no plain file, it is too large, or there is a link.
    """
    try:
        number = _open(folder, PurePosixPath(name).parts)
    except FileNotFoundError:
        raise Refused(f"{name} is not there.") from None
    except OSError as error:
        raise Refused(
            f"{name} cannot be read: it, or a folder it is in, is a link or no plain file "
            f"({error.strerror})."
        ) from None
    with open(number, "rb") as file:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode):
            raise Refused(f"{name} is no plain file.")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise Refused(f"{name} has {_size(about.st_size)}; at most {_size(largest)} are read.")
    return content


def _open(folder: Path, parts: tuple[str, ...]) -> int:
    if os.open not in os.supports_dir_fd:  # Windows, where only an administrator can make links
        path = folder
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise OSError(0, "a link")
        return os.open(path, os.O_RDONLY | _BINARY)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK, dir_fd=here)
            os.close(here)
            here = below
        return os.open(parts[-1], os.O_RDONLY | _NO_LINK | _NO_WAIT, dir_fd=here)
    finally:
        os.close(here)


def walk(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what lies below a folder: its name with `/` between the parts, and "" or what is wrong.

    Links are told, and not followed.
    """
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_symlink():
            yield entry.name, "a symbolic link"
        elif entry.is_dir(follow_symlinks=False):
            for name, wrong in walk(folder / entry.name):
                yield f"{entry.name}/{name}", wrong
        else:
            yield entry.name, "" if entry.is_file(follow_symlinks=False) else "no plain file"


def write(path: Path, content: str | bytes) -> None:
    """Write a file at once: whoever reads it sees all of the old content or all of the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    number, new = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with open(number, "wb") as file:
            file.write(data)
        os.chmod(new, 0o644)
        os.replace(new, path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


def _size(count: int) -> str:
    return f"{count / MEGABYTE:.1f} MB" if count >= MEGABYTE else f"{count} bytes"
