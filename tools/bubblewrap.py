"""Find the programs of the classroom's sandbox, or install them.

    python tools/bubblewrap.py        says nothing where they are there

On Debian and its kin, root gets them installed; others are told what to do. Elsewhere than on Linux
there is no sandbox, and nothing to do.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys

PROGRAMS = ("bwrap", "prlimit", "setpriv")
PACKAGES = ("bubblewrap", "util-linux", "libseccomp2")
MISSING = (
    "The classroom's sandbox needs bubblewrap and libseccomp. As root, on Debian or Ubuntu: "
    f"apt install {' '.join(PACKAGES)}"
)


def missing() -> bool:
    """Whether one of the programs is not here."""
    return not (all(map(shutil.which, PROGRAMS)) and ctypes.util.find_library("seccomp"))


def main() -> int:
    """Return 0 when all is there, after installing it where that is possible."""
    if not sys.platform.startswith("linux") or not missing():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing the programs of the classroom's sandbox ...", file=sys.stderr)
        quiet = ["apt-get", "--quiet=2", "--option=Dpkg::Use-Pty=0"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = [*quiet, "install", "--yes", "--no-install-recommends", *PACKAGES]
        for command in ([*quiet, "update"], install):
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment)
    if missing():
        print(MISSING, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
