"""Make the environment .venv of this project and install the lock into it, if that is not done yet.

    python3 tools/environment.py

What is installed is noted in .venv/.installed: where, and a hash of what it was installed from. An
environment that was made elsewhere (a moved or copied folder) or whose Python is gone is made
again: its programs hold old paths, and it would import the nnlib of the old place.

This file has to start in any Python 3, to be able to say which one is needed.
"""

import hashlib
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, ".installed")
PYTHON = os.path.join(VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
SOURCES = ("requirements.txt", "pyproject.toml")
OLDEST = (3, 11)
RECENT_ENOUGH = f"import sys; sys.exit(sys.version_info < {OLDEST})"
# Matplotlib lists the fonts at its first import, and says so on stderr where that takes long, which
# would count as a warning of the first chapter that draws. So let it be done here.
WARM_UP = "import matplotlib.font_manager"
# What nbgrader and jupytext would add to every JupyterLab: buttons that mean nothing to a reader,
# Markdown that opens as a notebook, and a formgrader that runs students' programs without a
# sandbox. `classroom mark` starts its own.
UNWANTED = {
    "labconfig/page_config.json": {
        "disabledExtensions": {
            "@jupyter/nbgrader": True,
            "@jupyter-notebook/lab-extension": True,
            "jupyterlab-jupytext": True,
        }
    },
    "jupyter_server_config.d/without_the_classroom.json": {
        "ServerApp": {
            "jpserver_extensions": {
                "jupyterlab_jupytext": False,
                "nbgrader.server_extensions.assignment_list": False,
                "nbgrader.server_extensions.course_list": False,
                "nbgrader.server_extensions.formgrader": False,
                "nbgrader.server_extensions.validate_assignment": False,
            }
        }
    },
}


def leave_out_unwanted():
    """Tell JupyterLab which extensions to leave out."""
    for name, settings in UNWANTED.items():
        path = os.path.join(VENV, "etc", "jupyter", *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(settings, file, indent=2)


def wanted():
    """Return what the stamp says when everything is installed."""
    digest = hashlib.sha256()
    for name in SOURCES:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def noted():
    """Return what the stamp says, nothing where there is none."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def works():
    """Whether the environment has a Python that starts and is recent enough."""
    try:
        return subprocess.call([PYTHON, "-c", RECENT_ENOUGH], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def complaint():
    """Return why this Python cannot make the environment, or None."""
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        return (
            f"This book needs Python 3.11 or newer, and {sys.executable} is {version}. "
            "Install a newer one, or name it: make book PYTHON=python3.12"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            f"{sys.executable} cannot make environments. On Debian and Ubuntu: "
            "apt install python3-venv"
        )
    return None


def main():
    """Make and fill the environment where that is needed; 0 if it is ready."""
    usable = works()
    if usable and noted() == wanted():
        return 0
    elsewhere = noted() and noted().splitlines()[0] != ROOT
    if not usable or elsewhere:
        problem = complaint()
        if problem:
            print(problem, file=sys.stderr)
            return 1
        print("Making the environment .venv ...", flush=True)
        code = subprocess.call([sys.executable, "-m", "venv", "--clear", VENV])
        if code:
            return code
    print("Installing what the book needs (some minutes, the first time) ...", flush=True)
    # The lock names every package, so there is nothing to look for: a test runs `pip check`.
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-compile", "--requirement", "requirements.txt"]
    code = subprocess.call([*pip, *options], cwd=ROOT)
    if code:
        print("pip could not install requirements.txt: see above.", file=sys.stderr)
        return code
    # pip would compile one file after the other; this does it on all processors. Not left to the
    # first import, where a warning about a package's own code would count as one of ours. A few
    # files are templates and no Python: they are passed over, as pip does.
    compileall = [PYTHON, "-m", "compileall", "-qq", "-j", "0", VENV]
    subprocess.call(compileall, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.call([PYTHON, "-c", WARM_UP], stderr=subprocess.DEVNULL)
    leave_out_unwanted()
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write(wanted())
    return 0


if __name__ == "__main__":
    sys.exit(main())
