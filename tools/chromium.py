"""Find a Chromium for the browser tests, or install one.

    python tools/chromium.py        prints the path; installs one first where there is none

Looked for in this order: the environment variable CHROMIUM, the system's Chromium or Chrome, the
one that Playwright has downloaded. Where there is none: Debian's package when run by root on
Debian, otherwise Playwright's download.

Of the system's, the one without windows of its own is the first choice: it lays pages out and draws
them with the same engine, and opens one in a quarter of the time. A whole Chromium also makes the
window that nobody sees around each page, of which some buttons are pages themselves.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from nodejs import node

# Playwright's own Node.js needs libatomic, which a bare Debian lacks; the book's does not.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node()))

COMMANDS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
DEBIAN_PACKAGES = ("chromium-headless-shell", "fonts-liberation")
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
MISSING = (
    "No Chromium for the browser tests: install Chromium or Chrome, "
    "or set the environment variable CHROMIUM to the path of one."
)


class NoChromiumError(Exception):
    """There is no usable Chromium; the message says what to do."""


def is_root() -> bool:
    """Whether this process runs as root, for whom Chromium has no sandbox."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def launch_options() -> dict[str, object]:
    """Return the arguments of Playwright's ``chromium.launch`` that every test uses."""
    return {"args": list(FLAGS), "chromium_sandbox": not is_root()}


def find() -> Path | None:
    """Return the path of a Chromium, or None where there is none.

    Raises
    ------
    NoChromiumError
        If the environment variable CHROMIUM names something that cannot be run.
    """
    if named := os.environ.get("CHROMIUM"):
        program = shutil.which(named)
        if program is None:
            raise NoChromiumError(
                f"CHROMIUM is set to {named!r}, which is not a program that can be run: "
                "set it to the path of a Chromium or Chrome, or unset it."
            )
        return Path(program)
    for path in _system_places():
        if _runs(path):
            return path
    own = _playwrights_own()
    return own if own is not None and own.is_file() else None


def ensure() -> Path:
    """Return the path of a Chromium, after installing one where there is none.

    Raises
    ------
    NoChromiumError
        If there is none and none could be installed.
    """
    if path := find():
        return path
    for install in (_install_debian_package, _install_with_playwright):
        if install() and (path := find()):
            return path
    raise NoChromiumError(MISSING)


def _system_places() -> list[Path]:
    places = [Path(found) for name in COMMANDS if (found := shutil.which(name))]
    if sys.platform == "darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            for name in ("Google Chrome", "Chromium"):
                places.append(folder / f"{name}.app/Contents/MacOS/{name}")
    elif sys.platform == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            if folder := os.environ.get(variable):
                places.append(Path(folder) / "Google/Chrome/Application/chrome.exe")
                places.append(Path(folder) / "Chromium/Application/chrome.exe")
    return places


@functools.cache
def _runs(path: Path) -> bool:
    """Whether the file is a browser, and not Ubuntu's placeholder that only asks for a snap."""
    if not path.is_file() or not os.access(path, os.X_OK):
        return False
    if sys.platform == "win32":  # where `chrome.exe --version` opens a window
        return True
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "Chrom" in answer.stdout


@functools.cache
def _playwrights_own() -> Path | None:
    # In a process of its own: Playwright refuses a second start in the same thread.
    script = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    path = answer.stdout.strip()
    return Path(path) if answer.returncode == 0 and path else None


def _install_debian_package() -> bool:
    # Not on Ubuntu, whose package of that name is a placeholder for a snap.
    if not (is_root() and shutil.which("apt-get") and _distribution() == "debian"):
        return False
    print("Installing Debian's Chromium for the browser tests ...", file=sys.stderr)
    quiet = ["apt-get", "--quiet=2", "--option=Dpkg::Use-Pty=0"]
    install = [*quiet, "install", "--yes", "--no-install-recommends", *DEBIAN_PACKAGES]
    return _run([*quiet, "update"]) and _run(install)


def _distribution() -> str:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return fields.get("ID", "").strip('"')


def _install_with_playwright() -> bool:
    print(
        "Downloading Playwright's Chromium for the browser tests ...", file=sys.stderr, flush=True
    )
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if is_root() and shutil.which("apt-get"):
        command.append("--with-deps")
    return _run(command)


def _run(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment, check=False
        )
    except OSError as error:
        print(error, file=sys.stderr)
        return False
    return done.returncode == 0


def main() -> int:
    """Print the path of a Chromium, installed first if need be."""
    try:
        print(f"Chromium for the browser tests: {ensure()}")
    except NoChromiumError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
