"""What the figures say, from one table: an edition in another language is one more file beside it.

The table is `en.json`; the environment variable `NNLIB_LANGUAGE`, for example "de", names another.
The script of the live figures gets the same table, without the keys that begin with "still.".
"""

import json
import os
from pathlib import Path

__all__ = ["WORDS", "say"]

LANGUAGE = os.environ.get("NNLIB_LANGUAGE", "en")


def _read(language: str) -> dict[str, str]:
    file = Path(__file__).with_name(f"{language}.json")
    if not file.is_file():
        there = ", ".join(sorted(f.stem for f in file.parent.glob("*.json")))
        raise ValueError(
            f"NNLIB_LANGUAGE: there is no table of words for {language!r}; there is one for "
            f"{there}, others go into {file.parent}"
        )
    table: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return table


WORDS = _read(LANGUAGE)


def say(key: str, /, **parts: object) -> str:
    """Return the text of a key, with its parts filled in.

    Parameters
    ----------
    key : str
        Of `WORDS`.
    **parts
        What stands for `{name}` in the text.

    Raises
    ------
    KeyError
        If the table has no such key, or the text asks for a part that is not given.

    Examples
    --------
    >>> say("value", name="x", value=3)
    'x = 3.'
    """
    return WORDS[key].format(**parts)
