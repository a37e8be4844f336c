"""What a formula says, in numbers: a small part of LaTeX, computed as it is written.

So a test computes the formula that stands on the page, not a copy of it. `equations(tex)` gives the
equations of a formula: their sides, each a function of the values of the letters, and the relations
between the sides.

A subscript is a place in an array or a dictionary. A derivative such as
`\\frac{\\partial L}{\\partial W_{ij}}` is looked up as "dL/dW", then by its subscripts. A matrix
after another is a matrix product. A sum runs over `values["ranges"]`, and a limit is
taken at `values["small"]`.
"""

import math
import re
from dataclasses import dataclass, field

import numpy as np

TOKEN = re.compile(
    r"\\text\{(?P<word>[^{}]*)\}|(?P<number>\d+(?:\.\d+)?)|\\begin\{(?P<begin>\w+)\}|\\end\{(?P<end>\w+)\}"
    r"|(?P<letter>(?:[A-Za-z]|\\eta|\\varepsilon)'*)|(?P<mark>\\[a-z]+|\\\\|[^\s\\])"
)
SPACE = re.compile(r"\\[,;]|\\[bB]igg?[lr]")
RELATIONS = ("=", r"\approx", r"\leftarrow", ">", r"\ge")
CALLED = ("f", "f'", "f''", "f'''", "h", "sigmoid", "Im")
FUNCTIONS = {r"\log": np.log, r"\tanh": np.tanh}
OVER = {r"\sum": np.sum, r"\prod": np.prod, r"\max": np.max}


@dataclass
class Equation:
    """One equation or a chain of them, and the letters that occur in subscripts."""

    sides: list = field(default_factory=list)
    relations: list = field(default_factory=list)
    subscripts: set = field(default_factory=set)


def equations(tex):
    """Return the equations of a formula, which `\\qquad` parts, with or without a comma."""
    reader = _Reader(tex)
    found = [reader.equation()]
    while reader.token is not None:
        reader.accept(",")
        reader.take(r"\qquad")
        found.append(reader.equation())
    return found


def _at(value, places, v):
    for place in places:
        value = value[place(v)]
    return value(v) if callable(value) else value


def _product(x, y):
    return x @ y if np.ndim(x) and np.ndim(y) == 2 else x * y


class _Reader:
    """Goes through a formula once. Each method reads one thing and returns its value's function."""

    def __init__(self, tex):
        found = TOKEN.finditer(SPACE.sub(" ", tex))
        self.tokens = [(match.lastgroup, match[match.lastgroup]) for match in found]
        self.tokens.append((None, None))
        self.place = 0
        self.closing = None  # a bar ends what a bar has begun

    @property
    def kind(self):
        return self.tokens[self.place][0]

    @property
    def token(self):
        return self.tokens[self.place][1]

    def take(self, wanted=None):
        token = self.token
        assert wanted in (None, token), f"{token!r} where {wanted!r} is expected"
        self.place += 1
        return token

    def accept(self, token):
        return self.token == token and self.take()

    def between(self, opening, closing, read):
        self.take(opening)
        value = read()
        self.take(closing)
        return value

    def equation(self):
        self.now = Equation()
        self.now.sides.append(self.sum())
        while self.token in RELATIONS:
            self.now.relations.append(self.take())
            self.now.sides.append(self.sum())
        return self.now

    def sum(self):
        sign = -1 if self.accept("-") else 1
        parts = [(sign, self.term())]
        while self.token in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            parts.append((sign, self.term()))
        return lambda v: sum(sign * part(v) for sign, part in parts)

    def term(self):
        """Factors side by side. A sum, a limit or a function takes all that are to its right."""
        value = self.power()
        more = {"(", "/", r"\cdot", r"\frac", *FUNCTIONS, *OVER} | ({"|"} - {self.closing})
        while self.kind in ("letter", "word", "number") or self.token in more:
            divide = self.accept("/")
            self.accept(r"\cdot")
            value = self._times(value, self.power(), divide)
        return value

    def _times(self, left, right, divide):
        return lambda v: left(v) / right(v) if divide else _product(left(v), right(v))

    def power(self):
        base = self.factor()
        if not self.accept("^"):
            return base
        if self.accept(r"\top"):
            return lambda v: base(v).T
        exponent = self.between("{", "}", self.sum) if self.token == "{" else self.factor()
        return lambda v: base(v) ** exponent(v)

    def factor(self):
        kind, token = self.kind, self.take()
        if kind == "number":
            return lambda v: float(token)
        if kind in ("letter", "word"):
            return self.symbol(token)
        if kind == "begin":
            return self.cases()
        if token == "(" or (token == r"\max" and self.accept("(")):
            return self.bracket(np.array if token == "(" else np.max)
        if token == "|":
            self.closing = "|"
            inside = self.sum()
            self.closing = None
            self.take("|")
            return lambda v: abs(inside(v))
        if token == r"\frac":
            return self.fraction()
        if token == r"\lim":
            return self.limit()
        if token in OVER:
            return self.over(OVER[token])
        assert token in FUNCTIONS, f"not understood: {token}"
        inside = self.term()
        return lambda v: FUNCTIONS[token](inside(v))

    def bracket(self, together):
        parts = self.list()
        self.take(")")
        return parts[0] if len(parts) == 1 else lambda v: together([part(v) for part in parts])

    def list(self):
        parts = [self.sum()]
        while self.accept(","):
            parts.append(self.sum())
        return parts

    def symbol(self, name):
        places = self.subscripts()
        if name in CALLED and self.token == "(":
            arguments = self.between("(", ")", self.list)
            return lambda v: v[name](*[argument(v) for argument in arguments])
        return lambda v: _at(v.get(name, math.e) if name == "e" else v[name], places, v)

    def subscripts(self):
        """Return the places that a subscript names: `_k`, `_{ij}`, `_{n t_n}`."""
        if not self.accept("_"):
            return []
        several, places = self.accept("{"), []
        while not places or (several and self.token != "}"):
            kind, token = self.kind, self.take()
            if kind == "number":
                places.append(lambda v, digit=int(token): digit)
            else:
                self.now.subscripts.add(token)
                inner = self.subscripts()
                places.append(lambda v, n=token, inner=inner: int(_at(v[n], inner, v)))
        if several:
            self.take("}")
        return places

    def fraction(self):
        start = self.place
        derivative = [self.differential(), self.differential()]
        if all(derivative):
            (above, first), (below, rest) = derivative
            return lambda v: _at(v[f"d{above}/d{below}"], first + rest, v)
        self.place = start
        above, below = (self.between("{", "}", self.sum) for _ in range(2))
        return lambda v: above(v) / below(v)

    def differential(self):
        """Read the name and subscripts in `{\\partial L}` or `{dx_i}`, if that is what comes."""
        if self.accept("{") and (self.accept(r"\partial") or self.accept("d")):
            found = self.take(), self.subscripts()
            return found if self.accept("}") else None
        return None

    def over(self, function):
        """Read `\\sum_k`, `\\max_k` or `\\sum_{i=1}^{k}`, and what it goes over."""
        self.take("_")
        braces = self.accept("{")
        name, first, last = self.take(), None, None
        if braces:
            first = int(self.take()) if self.accept("=") else None
            self.take("}")
        if first is not None:
            self.take("^")
            last = self.between("{", "}", self.sum)
        body = self.term()

        def value(v):
            places = v["ranges"][name] if last is None else range(first, int(last(v)) + 1)
            places = places(v) if callable(places) else places
            return function([body({**v, name: place}) for place in places])

        return value

    def limit(self):
        self.take("_")
        name = self.between("{", "}", lambda: (self.take(), self.take(r"\to"), self.take("0"))[0])
        body = self.term()
        return lambda v: body({**v, name: v["small"]})

    def cases(self):
        rows = []
        while not rows or self.accept(r"\\"):
            value = self.sum()
            self.take("&")
            otherwise = self.take().strip() == "otherwise"
            rows.append((value, (lambda v: True) if otherwise else self.condition()))
        assert self.kind == "end"
        self.take()
        return lambda v: next(value(v) for value, holds in rows if holds(v))

    def condition(self):
        left, relation, right = self.sum(), self.take(), self.sum()
        compare = {">": np.greater, r"\ge": np.greater_equal}[relation]
        return lambda v: compare(left(v), right(v))
