"""The students' environment: the Python, NumPy and Matplotlib in which their programs are graded.

It holds neither nnlib nor anything else that differentiates, and a sandbox can only read it.
"""

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from classroom.errors import NoSandbox

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".venv-students"
PACKAGES = ("numpy", "matplotlib")
# What Matplotlib knows of fonts: made once, since making it takes longer than grading.
FONTS = "matplotlib-cache"


@cache
def environment() -> Path:
    """Return the folder of the students' environment; make it when it is missing or outdated.

    It is a virtual environment of the Python that runs this, with the versions that
    `requirements.txt` names. It is made afresh when that file or that Python changes.

    Raises
    ------
    NoSandbox
        It cannot be made; the message has what pip said.
    """
    import fcntl  # not on Windows, where this is not called

    with (ROOT / ".venv-students.lock").open("w") as file:  # one at a time makes it
        fcntl.flock(file, fcntl.LOCK_EX)
        return _up_to_date()


def _up_to_date() -> Path:
    lock = (ROOT / "requirements.txt").read_text()
    key = hashlib.sha256(f"{sys.base_prefix} {sys.version} {PACKAGES} {lock}".encode()).hexdigest()
    mark = PLACE / "made-from"
    if not (mark.exists() and mark.read_text() == key):
        print(f"Making the students' environment: {PLACE.name}", file=sys.stderr)
        _make(lock)
        mark.write_text(key)
    return PLACE


def _make(lock: str) -> None:
    constraints = PLACE / "versions.txt"
    python = PLACE / "bin/python"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    pip += ["--disable-pip-version-check", "--constraint", str(constraints)]
    fonts = "import matplotlib.font_manager"
    steps = [
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(PLACE)],
        [*pip, *PACKAGES],
        [str(python), "-c", fonts],
    ]
    for step in steps:
        done = subprocess.run(
            step,
            env=clean | {"MPLCONFIGDIR": str(PLACE / FONTS), "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise NoSandbox(
                "The students' environment could not be made. "
                f"{' '.join(step)} said:\n{done.stderr.strip()[-2000:]}"
            )
        if not constraints.exists():
            pinned = (line for line in lock.splitlines() if not line.startswith("-e"))
            constraints.write_text("\n".join(pinned))
    _readable(PLACE)


def _readable(folder: Path) -> None:
    """Let other users read it: a sandbox that root starts is another user's."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
