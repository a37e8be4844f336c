"""What goes between the grader and a student's program: plain data, as one line of JSON.

What comes from there is not to be trusted. `decode` builds nothing but numbers, truth values, text,
None, NumPy arrays of numbers, lists, tuples, dicts and `Handle`, and refuses everything else.
"""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

LONGEST_LINE = 16 << 20  # bytes
MOST_VALUES = 100_000  # in one answer, an array counting as one
DEEPEST = 16
LONGEST_TEXT = 20_000  # characters

KINDS = {"f": np.dtype("<f8"), "i": np.dtype("<i8"), "b": np.dtype("?")}


class BadAnswer(Exception):
    """An answer that is no plain data, or too much of it."""


@dataclass(frozen=True)
class Handle:
    """Stands for an object that stays in the student's program."""

    number: int
    type_name: str


def encode(value: Any) -> Any:
    """Return what `json.dumps` can write and `decode` reads.

    Raises
    ------
    TypeError
        The value is none of the plain ones.

    Examples
    --------
    >>> encode((1, [2.5, None]))
    {'tuple': [1, [2.5, None]]}
    >>> encode(np.array([[1.0, 2.0]]))
    {'array': [[1, 2], 'f', 'AAAAAAAA8D8AAAAAAAAAQA==']}
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, np.ndarray):
        kind = "i" if value.dtype.kind == "u" else value.dtype.kind
        if kind not in KINDS:
            raise TypeError(f"an array of {value.dtype} is not an array of numbers")
        data = base64.b64encode(np.ascontiguousarray(value, dtype=KINDS[kind]).tobytes())
        return {"array": [list(value.shape), kind, data.decode()]}
    if isinstance(value, tuple):
        return {"tuple": [encode(part) for part in value]}
    if isinstance(value, list):
        return [encode(part) for part in value]
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(part)] for key, part in value.items()]}
    if isinstance(value, Handle):
        return {"handle": [value.number, value.type_name]}
    raise TypeError(f"{type(value).__name__} is not plain data")


def parse(line: bytes) -> dict[str, Any]:
    """Return the JSON object in a line from the student's program, or raise `BadAnswer`."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:  # ValueError: also bad UTF-8, and huge integers
        raise BadAnswer(f"no JSON: {type(error).__name__}") from None
    if not isinstance(answer, dict):
        raise BadAnswer("no JSON object")
    return answer


def decode(data: Any) -> Any:
    """Return the value that `encode` made this of.

    Raises
    ------
    BadAnswer
        It is something else, or too much, too deep, or too long.

    Examples
    --------
    >>> decode({"tuple": [1, [2.5, None]]})
    (1, [2.5, None])
    """
    return _Decoder().value(data, 0)


class _Decoder:
    def __init__(self) -> None:
        self.values = 0

    def value(self, data: Any, depth: int) -> Any:
        self.values += 1
        if self.values > MOST_VALUES or depth > DEEPEST:
            raise BadAnswer("too many values" if depth <= DEEPEST else "nested too deeply")
        if data is None or type(data) in (bool, int, float):
            return data
        if type(data) is str:
            return text(data)
        if type(data) is list:
            return [self.value(part, depth + 1) for part in data]
        if type(data) is not dict or len(data) != 1:
            raise BadAnswer("no plain data")
        [(kind, content)] = data.items()
        if type(content) is list:
            if kind == "tuple":
                return tuple(self.value(part, depth + 1) for part in content)
            if kind == "dict":
                return self.mapping(content, depth + 1)
            if kind == "array" and len(content) == 3:
                return array(*content)
            if kind == "handle" and [type(part) for part in content] == [int, str]:
                return Handle(content[0], text(content[1])[:80])
        raise BadAnswer("no plain data")

    def mapping(self, content: list[Any], depth: int) -> dict[Any, Any]:
        found = {}
        for pair in content:
            if type(pair) is not list or len(pair) != 2:
                raise BadAnswer("no dict")
            key = self.value(pair[0], depth)
            if type(key) not in (str, int, float, bool, type(None)):
                raise BadAnswer("a key that is neither text nor a number")
            found[key] = self.value(pair[1], depth)
        return found


def text(data: str) -> str:
    """Return the text without characters that cannot be written as UTF-8, or raise `BadAnswer`."""
    if len(data) > LONGEST_TEXT:
        raise BadAnswer("a text that is too long")
    return writable(data)


def writable(data: str) -> str:
    r"""Return the text with "?" for halves of characters, which no file can hold.

    Examples
    --------
    >>> writable("a\ud800b")
    'a?b'
    """
    return data.encode(errors="replace").decode()


def array(shape: Any, kind: Any, data: Any) -> np.ndarray[Any, Any]:
    """Return the array of these bytes, or raise `BadAnswer`."""
    if type(kind) is not str or kind not in KINDS or type(data) is not str:
        raise BadAnswer("no array of numbers")
    if (
        type(shape) is not list
        or len(shape) > 8
        or not all(type(n) is int and 0 <= n <= LONGEST_LINE for n in shape)
    ):
        raise BadAnswer("no shape")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadAnswer("no array of numbers") from None
    if len(content) != math.prod(shape) * KINDS[kind].itemsize:
        raise BadAnswer("an array whose shape does not fit its numbers")
    if kind == "b":  # a byte of a truth value is 0 or 1, and NumPy takes that for granted
        return np.asarray(np.frombuffer(content, np.uint8) != 0).reshape(shape)
    numbers: np.ndarray[Any, Any] = np.frombuffer(content, KINDS[kind]).reshape(shape).copy()
    return numbers
