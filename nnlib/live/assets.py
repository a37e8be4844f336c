"""The one script and the one style of all live figures, put together from a file for each concern.

There is no build step: the parts are laid one after the other inside one function, with the table
of words in front, and without their comments, which make a fifth of them. The website gets the
result as a file, a notebook as a string.
"""

import json
import re
from pathlib import Path

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
    >>> script().startswith("const BackpropLive = ")
    True
    """
    words = {key: text for key, text in WORDS.items() if not key.startswith("still.")}
    table = json.dumps(words, ensure_ascii=False, indent=0)
    parts = "\n".join(_read(f"script/{part}.js") for part in PARTS)
    return (
        'const BackpropLive = (() => {\n"use strict";\n\n'
        f"const WORDS = {table};\n\n{parts}\nreturn {{ {PUBLIC} }};\n}})();\n"
    )


def style() -> str:
    """Return the style sheet.

    Examples
    --------
    >>> ".nn-live" in style()
    True
    """
    return "\n".join(_read(f"style/{part}.css") for part in STYLES)


def _read(name: str) -> str:
    """Return a part without comments, which begin a line or follow code after //, and indents."""
    text = (HERE / name).read_text(encoding="utf-8")
    text = re.sub(r"^[ \t]*/\*.*?\*/\n", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"[ \t]*(^|[ \t])// .*$", "", text, flags=re.MULTILINE)
    return re.sub(r"^[ \t]+|\n(?=\n)", "", text, flags=re.MULTILINE)
