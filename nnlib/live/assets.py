"""The one script and the one style of all live figures, put together from a file for each concern.

There is no build step: the parts are laid one after the other inside one function, with the table
of words in front, and without comments and needless spaces. The website gets the result as a file,
a notebook as a string.
"""

import json
from pathlib import Path

from rcssmin import cssmin
from rjsmin import jsmin

from nnlib.words import WORDS

HERE = Path(__file__).parent
PARTS = [
    "format", "layers", "figure", "boxes", "mistakes", "sentences", "graph", "curve", "surface",
    "matrix", "training", "practice", "perceptron", "mount",
]  # fmt: skip
STYLES = ["figure", "graph", "curve", "surface", "matrix", "training", "practice", "perceptron"]
PUBLIC = "evaluate, format, mount, mountAll, render"


def script() -> str:
    """Return the script, which defines one constant, `BackpropLive`.

    Examples
    --------
    >>> script().startswith("const BackpropLive=")
    True
    """
    words = {key: text for key, text in WORDS.items() if not key.startswith("still.")}
    table = json.dumps(words, ensure_ascii=False)
    start = f'const BackpropLive = (() => {{"use strict"; const WORDS = {table};'
    parts = "\n".join(_read(f"script/{part}.js") for part in PARTS)
    return str(jsmin(f"{start}\n{parts}\nreturn {{ {PUBLIC} }}; }})();"))


def style() -> str:
    """Return the style sheet.

    Examples
    --------
    >>> ".nn-live" in style()
    True
    """
    return str(cssmin("\n".join(_read(f"style/{part}.css") for part in STYLES)))


def source(name: str) -> str:
    """Return one of the files, a script or a style sheet, made small in the same way.

    Examples
    --------
    >>> source("style/figure.css").startswith(".nn-live{")
    True
    """
    return str((jsmin if name.endswith(".js") else cssmin)(_read(name)))


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
