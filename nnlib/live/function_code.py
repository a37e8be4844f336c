"""The Python of a function, for "Copy code"."""

from __future__ import annotations

import ast
import dis
import inspect
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from nnlib.words import say


def exactly(number: float) -> str:
    """Return a number as Python, short where that is the same number.

    Examples
    --------
    >>> exactly(-5.0), exactly(np.pi)
    ('-5', '3.141592653589793')
    """
    text = f"{number:.12g}"
    return text if float(text) == number else repr(float(number))


def written(f: Callable[..., Any]) -> tuple[list[str], str]:
    """Return lines of Python that define or import `f`, and the expression that names it.

    Examples
    --------
    >>> written(np.sin)
    (['import numpy as np'], 'np.sin')
    """
    name = getattr(f, "__name__", "f")
    module = getattr(f, "__module__", None) or ""
    if getattr(np, name, None) is f:
        return ["import numpy as np"], f"np.{name}"
    if module.split(".")[0] in ("nnlib", "math") and vars(sys.modules[module]).get(name) is f:
        return [f"from {module} import {name}"], name
    if f is abs:
        return [], name
    name = name if name.isidentifier() or name == "<lambda>" else "f"
    called = "f" if name == "<lambda>" else name
    unknown = [f"# {say('still.curve.define', name=called)}"], called
    if not inspect.isfunction(f) or f.__defaults__ or f.__kwdefaults__ or f.__annotations__:
        return unknown
    if hasattr(f, "__wrapped__") or any(map(inspect.iscode, f.__code__.co_consts)):
        return unknown
    try:
        text = textwrap.dedent(inspect.getsource(f))
    except (OSError, TypeError):
        return unknown
    tree = _parsed(text.strip())
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    loaded = {i.argval for i in dis.get_instructions(f) if i.opname == "LOAD_GLOBAL"}
    needed = loaded & f.__globals__.keys()  # not names of attributes, nor those of Python itself
    start = ["import numpy as np"] if "np" in needed and f.__globals__["np"] is np else []
    if (
        f.__code__.co_freevars
        or needed - ({"np"} if start else set())
        or (len(lambdas) != 1) == (name == "<lambda>")
    ):
        return unknown
    if name == "<lambda>":
        return start, ast.unparse(lambdas[0])
    return [*start, *text.rstrip().split("\n")], name


def _parsed(text: str) -> ast.AST:
    """Return the tree of lines of a file, which may begin or end in the middle of a call."""
    for attempt in (text, f"_({text})", f"{text})", f"_({text}))"):
        with suppress(SyntaxError):
            return ast.parse(attempt)
    return ast.Module([], [])
