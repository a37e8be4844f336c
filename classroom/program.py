"""What an item asks: the same calls to two programs, and whether their answers agree.

An item is a generator, `ask(program, rng)`. It runs once with the reference and once with the
student's program behind a sandbox, each time with the same random numbers, and yields what is to be
compared. Which of the two it talks to it cannot see:

>>> def ask(program, rng):
...     layer = program.MulLayer()
...     yield layer.forward(rng.normal(), rng.normal())
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from classroom import answers
from classroom.answers import Handle
from classroom.sandbox import Sandbox

Ask = Callable[[Any, np.random.Generator], Generator[Any, None, None]]


class Wrong(Exception):
    """The student's program does not answer as the reference does; the message is for them."""


@dataclass(frozen=True)
class Approx:
    """A value with the tolerance with which it is to be compared."""

    value: Any
    rtol: float
    atol: float


def approx(value: Any, rtol: float = 1e-6, atol: float = 1e-9) -> Approx:
    """For an item: yield a value that need not agree to six digits."""
    return Approx(value, rtol, atol)


def require(condition: Any, message: str) -> None:
    """For an item: demand what is not an equality, such as an accuracy."""
    if condition is not True and not (isinstance(condition, np.bool_) and bool(condition)):
        raise Wrong(message)


class Reference:
    """The program of the solution, in this process."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__.update(names)

    def define(self, source: str) -> None:
        """Run code among the names of the program."""
        exec(compile(source, "<item>", "exec"), self.__dict__)


class Remote:
    """Something in the student's program: the program itself, a name, an object, a part of them.

    It may be called, asked for attributes and items, and they may be assigned to, as if it were
    here. A call returns the value if that is plain data, else another `Remote`.
    """

    _session: "Session"
    _path: list[list[Any]]
    _text: str
    _type: str  # the class of an object, where that is known
    __iter__ = None  # or Python would ask for item 0, 1, 2, ... without an end

    def __init__(
        self, session: "Session", path: list[list[Any]], text: str, type_name: str = ""
    ) -> None:
        self.__dict__.update(_session=session, _path=path, _text=text, _type=type_name)

    def __getattr__(self, name: str) -> "Remote":
        if name.startswith("__"):
            raise AttributeError(name)
        step, dot = (["attribute", name], ".") if self._path else (["name", name], "")
        return Remote(self._session, [*self._path, step], f"{self._text}{dot}{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.put(self.__getattr__(name), value)

    def __getitem__(self, key: Any) -> "Remote":
        return Remote(self._session, [*self._path, ["item", key]], f"{self._text}[{key!r}]")

    def __setitem__(self, key: Any, value: Any) -> None:
        self._session.put(self[key], value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self, args, kwargs)

    def define(self, source: str) -> None:
        """Run code among the names of the program."""
        self._session.define(source)


class Session:
    """Carries what an item asks to the sandbox, and remembers how it would be written."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.asked = ""
        self.program = Remote(self, [], "")

    def ask(self, do: str, **details: Any) -> Any:
        return self.sandbox.ask(do, seconds=self.sandbox.limits.call, **details)

    def define(self, source: str) -> None:
        self.ask("define", source=source)

    def put(self, target: Remote, value: Any) -> None:
        self.asked = f"{target._text} = {shown(value)}"
        self.ask("set", path=target._path, value=_sent(value))

    def call(self, target: Remote, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [shown(value) for value in args]
        given += [f"{name}={shown(value)}" for name, value in kwargs.items()]
        self.asked = f"{target._text}({', '.join(given)})"
        arguments = [[_sent(value) for value in args], {k: _sent(v) for k, v in kwargs.items()}]
        return self.here(self.ask("call", path=target._path, arguments=arguments), self.asked)

    def read(self, target: Remote) -> Any:
        """Return the value that a path leads to."""
        self.asked = target._text
        return self.here(self.ask("get", path=target._path), target._text)

    def here(self, data: Any, text: str) -> Any:
        """Return the answered value; an object of the student's own as `Remote`."""
        value = answers.decode(data)
        if isinstance(value, Handle):
            return Remote(self, [["object", value.number]], text, value.type_name)
        return value


def _sent(value: Any) -> Any:
    """Return what a request holds for a value: plain, or the way to something in the program."""
    if isinstance(value, Remote):
        return {"path": value._path}
    if isinstance(value, tuple):
        return {"tuple": [_sent(part) for part in value]}
    if isinstance(value, list):
        return [_sent(part) for part in value]
    if isinstance(value, dict):
        return {"dict": [[key, _sent(part)] for key, part in value.items()]}
    return answers.encode(value)


def compare(got: Any, wanted: Any, session: Session) -> None:
    """Raise `Wrong` unless the student's value agrees with the reference's."""
    rtol, atol = 1e-6, 1e-9
    if isinstance(wanted, Approx):
        rtol, atol, wanted = wanted.rtol, wanted.atol, wanted.value
        got = got.value
    if isinstance(got, Remote):
        got = session.read(got)
    if isinstance(got, Remote):
        raise Wrong(f"{session.asked} gave a {got._type}, expected {shown(wanted)}")
    difference = differs(got, wanted, rtol, atol)
    if difference:
        raise Wrong(f"{session.asked} gave {difference}")


def differs(got: Any, wanted: Any, rtol: float, atol: float) -> str:
    """Return how two values differ, as "... , expected ...", or "" when they agree.

    Examples
    --------
    >>> differs([1.0, 2.5], (1, 2), rtol=1e-6, atol=1e-9)
    '[1, 2.5], expected (1, 2)'
    >>> differs(np.array(True), True, rtol=1e-6, atol=1e-9)
    ''
    """
    got, wanted = _without_array(got), _without_array(wanted)
    plain = f"{shown(got)}, expected {shown(wanted)}"
    if isinstance(wanted, tuple | list):
        got = got.tolist() if isinstance(got, np.ndarray) and got.ndim else got
        if not isinstance(got, tuple | list) or len(got) != len(wanted):
            return plain
        pairs = zip(got, wanted, strict=True)
        parts = ((n, differs(g, w, rtol, atol)) for n, (g, w) in enumerate(pairs))
        wrong = next(((n, part) for n, part in parts if part), None)
        if wrong is None:
            return ""
        return plain if len(plain) < 80 else f"at [{wrong[0]}] {wrong[1]}"
    if isinstance(wanted, dict):
        if not isinstance(got, dict) or set(got) != set(wanted):
            return plain
        found = ((key, differs(got[key], wanted[key], rtol, atol)) for key in wanted)
        return next((f"at [{key!r}] {part}" for key, part in found if part), "")
    if wanted is None or isinstance(wanted, str | bool):
        return "" if type(got) is type(wanted) and got == wanted else plain
    try:
        numbers = np.asarray(wanted, dtype=float)
    except OverflowError:  # a whole number that no float can hold
        return "" if type(got) is int and got == wanted else plain
    return _numbers_differ(got, numbers, rtol, atol)


def _without_array(value: Any) -> Any:
    """Return what is in an array of no dimensions, and of NumPy's types, Python's."""
    one = isinstance(value, np.bool_ | np.number)
    return value.item() if one or (isinstance(value, np.ndarray) and not value.ndim) else value


def _numbers_differ(got: Any, wanted: np.ndarray[Any, Any], rtol: float, atol: float) -> str:
    plain = f"{shown(got)}, expected {shown(wanted)}"
    if isinstance(got, bool) or not isinstance(got, int | float | list | tuple | np.ndarray):
        return plain
    try:
        found = np.array(got, dtype=float)  # a list or tuple is as good as an array
    except (ValueError, TypeError, OverflowError):
        return plain
    if found.shape != wanted.shape:
        return f"shape {found.shape}, expected shape {wanted.shape}"
    wrong = ~np.isclose(found, wanted, rtol=rtol, atol=atol)
    if not wrong.any():
        return ""
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    one, right = shown(float(found[where])), shown(float(wanted[where]))
    if one == right:  # they differ in a later digit
        one, right = repr(float(found[where])), repr(float(wanted[where]))
    if not wanted.shape:
        return f"{one}, expected {right}"
    return (
        f"{one} at {list(where)}, expected {right}; "
        f"{int(wrong.sum())} of {wrong.size} numbers are not right"
    )


def shown(value: Any) -> str:
    """Return a value as it would be written in code, shortened."""
    if isinstance(value, Remote):
        return value._text if len(value._text) <= 80 else value._text[:77] + "..."
    if isinstance(value, bool | np.bool_ | None):
        return str(value)
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    if isinstance(value, np.ndarray):
        if value.size > 6:
            return f"<array of shape {value.shape}>"
        return shown(value.tolist())
    if isinstance(value, tuple | list):
        return _nested(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {shown(part)}" for key, part in value.items())[:200] + "}"
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _nested(values: Any) -> str:
    inside = ", ".join(shown(part) for part in values)
    inside = inside if len(inside) <= 200 else inside[:197] + "..."
    if isinstance(values, tuple):
        return f"({inside},)" if len(values) == 1 else f"({inside})"
    return f"[{inside}]"
