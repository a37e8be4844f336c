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
    return str(
        jsmin(
            f'const BackpropLive = (() => {{"use strict"; const WORDS = {table};\n'
            f"{_read('script', PARTS, 'js')}\nreturn {{ {PUBLIC} }}; }})();"
        )
    )


def style() -> str:
    """Return the style sheet.

    Examples
    --------
    >>> ".nn-live" in style()
    True
    """
    return str(cssmin(_read("style", STYLES, "css")))


def _read(folder: str, names: list[str], ending: str) -> str:
    return "\n".join((HERE / folder / f"{n}.{ending}").read_text(encoding="utf-8") for n in names)
