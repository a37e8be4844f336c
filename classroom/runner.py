"""Runs in the sandbox, in one process with the student's program: nothing it answers is trusted.

Reads one request a line, answers with one line. It brings its own copy of nothing secret: what a
right answer is, only the grader outside knows.

    python -P -s runner.py REQUESTS ANSWERS      (two file descriptors)
"""

import ast
import base64
import contextlib
import io
import json
import os
import random
import re
import signal
import sys
import textwrap
import types
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, "/runner")  # the one module of this package that is there
from classroom import answers

MOST_TEXT = 20_000  # characters of output that are kept of a cell
MOST_PICTURES = 4  # of a cell


DEFINE = (
    ast.FunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
)


class TimeLimit(BaseException):
    """Raised in the student's code when its time is up; no `except Exception` stops it."""


class Kept(io.TextIOBase):
    """Takes everything that is printed, and keeps the beginning."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.left = MOST_TEXT

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)
            if self.left <= 0:
                self.parts.append("\n... (the rest is left out)\n")
        return len(text)

    def read_all(self) -> str:
        return "".join(self.parts)


class Program:
    """The student's notebook: its names, and the objects that the grader holds a handle of."""

    def __init__(self) -> None:
        self.module = types.ModuleType("__main__")
        sys.modules["__main__"] = self.module
        self.names = self.module.__dict__
        self.names["__builtins__"] = __builtins__
        self.objects: list[Any] = []

    def run(self, source: str, careful: bool) -> list[list[str]]:
        """Run a cell as a notebook does; return what it shows."""
        shown: list[list[str]] = []
        printed = Kept()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                value = self.execute(source, careful)
                if value is not None:
                    shown.append(["text", repr(value)[:MOST_TEXT]])
            except BaseException as error:
                shown.append(["error", type(error).__name__, *described(error, source)])
            shown += pictures()
        text = printed.read_all()
        return ([["stream", text]] if text else []) + shown

    def execute(self, source: str, careful: bool) -> Any:
        """Run statements; the value of the last one, when it is an expression.

        With care: only those that define something, and where one fails, the others all the same.
        """
        tree = parsed(source)
        if careful:
            self.define(tree)
            return None
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, "<cell>", "exec"), self.names)
            return None
        del tree.body[-1]
        exec(compile(tree, "<cell>", "exec"), self.names)
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), self.names)

    def define(self, tree: ast.Module) -> None:
        failed = None
        for statement in tree.body:
            if isinstance(statement, DEFINE):
                try:
                    exec(compile(ast.Module([statement], []), "<cell>", "exec"), self.names)
                except Exception as error:
                    failed = failed or error
        if failed:
            raise failed

    def serve(self, request: dict[str, Any]) -> Any:
        """Answer one request of the grader."""
        if request["do"] == "run":
            return self.run(request["source"], request["careful"])
        if request["do"] == "define":
            exec(compile(request["source"], "<item>", "exec"), self.names)
            return None
        if request["do"] == "set":
            self.assign(request["path"], self.value(request["value"]))
            return None
        target = self.find(request["path"])
        if request["do"] == "call":
            args, kwargs = request["arguments"]
            kwargs = {name: self.value(given) for name, given in kwargs.items()}
            target = target(*[self.value(given) for given in args], **kwargs)
        return self.plain_or_handle(target)

    def find(self, path: list[list[Any]]) -> Any:
        """Follow `[["name", "net"], ["attribute", "params"], ["item", "W1"]]`."""
        found: Any = None
        for how, what in path:
            if how == "name":
                if what not in self.names:
                    raise NameError(f"name {what!r} is not defined")
                found = self.names[what]
            elif how == "object":
                found = self.objects[what]
            elif how == "attribute":
                found = getattr(found, what)
            else:
                found = found[what]
        return found

    def assign(self, path: list[list[Any]], value: Any) -> None:
        """Give a name, an attribute or an item a value."""
        *before, (how, what) = path
        if how == "name":
            self.names[what] = value
        elif how == "attribute":
            setattr(self.find(before), what, value)
        else:
            self.find(before)[what] = value

    def value(self, data: Any) -> Any:
        """Return the value that a request holds: plain, or something of the student's own."""
        if isinstance(data, dict):
            [(kind, content)] = data.items()
            if kind == "path":
                return self.find(content)
            if kind == "tuple":
                return tuple(self.value(part) for part in content)
            if kind == "dict":
                return {self.value(key): self.value(part) for key, part in content}
            return answers.decode(data)
        if isinstance(data, list):
            return [self.value(part) for part in data]
        return data

    def plain_or_handle(self, value: Any) -> Any:
        """Return what is sent of a value: itself if it is plain, else a handle."""
        try:
            return answers.encode(value)
        except TypeError:
            self.objects.append(value)
            name = type(value).__name__
            return answers.encode(answers.Handle(len(self.objects) - 1, name))


def parsed(source: str) -> ast.Module:
    """Return the statements of a cell as Jupyter takes them.

    It may be indented as a whole. Lines that are Jupyter's own (`%`, `!`, `?`) are left out.
    """
    try:
        return ast.parse(source)
    except SyntaxError:
        source = textwrap.dedent(source)
        return ast.parse(re.sub(r"(?m)^([ \t]*)([%!].*|.*\?)$", r"\1pass", source))


def described(error: BaseException, source: str) -> tuple[str, str]:
    """Return what the error says, and the lines of the cells that it came through."""
    try:
        says = str(error)[:2000]
    except BaseException:
        says = "(an error that cannot be shown)"
    lines, trace = source.split("\n"), error.__traceback__
    shown: list[str] = []
    while trace is not None and len(shown) < 20:
        code = trace.tb_frame.f_code
        if code.co_filename == "<cell>":
            text = lines[trace.tb_lineno - 1].strip() if code.co_name == "<module>" else ""
            shown.append(f"line {trace.tb_lineno}, in {code.co_name}: {text}".rstrip(": "))
        trace = trace.tb_next
    return says, "\n".join(shown)


def pictures() -> list[list[str]]:
    """Return the figures that Matplotlib holds, as PNG."""
    plt = sys.modules.get("matplotlib.pyplot")
    found = []
    if plt is not None:
        try:
            for number in plt.get_fignums()[:MOST_PICTURES]:
                picture = io.BytesIO()
                plt.figure(number).savefig(
                    picture, format="png", dpi=72, metadata={"Software": None}
                )
                found.append(["png", base64.b64encode(picture.getvalue()).decode()])
            plt.close("all")
        except Exception:
            pass
    return found


def limited(work: Callable[[], Any], seconds: float) -> Any:
    """Do the work; after so many seconds `TimeLimit` is raised in it."""

    def stop(*_: object) -> None:
        raise TimeLimit(f"stopped after {seconds} seconds")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(int(sys.argv[1]), "rb")
    to_grader = os.fdopen(int(sys.argv[2]), "wb")
    program = Program()
    for line in requests:
        request = json.loads(line)
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002 (what students use)
        printed, number = Kept(), request.pop("number")
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                value = limited(partial(program.serve, request), request["seconds"])
            sent = json.dumps({"number": number, "value": value})
        except BaseException as error:
            says = described(error, "")[0]
            sent = json.dumps({"number": number, "error": [type(error).__name__, says]})
        to_grader.write(sent.encode() + b"\n")
        to_grader.flush()


if __name__ == "__main__":
    main()
