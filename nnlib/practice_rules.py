"""What practice problems are made of: nodes, templates, random numbers, and what makes a good one.

`nnlib/live/script/practice.js` has the same rules; `tests/test_practice.py` compares the two.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from nnlib.layers import AddLayer, Layer, MulLayer, PowLayer, ReciprocalLayer, Relu
from nnlib.variable import Variable

NUMBERS = (-6, -5, -4, -3, -2, -1.5, -0.5, 0.5, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 12)
LARGEST = 200.0


@dataclass(frozen=True)
class Kind:
    """A kind of node: a layer of it, the operation that makes one, and how it is written."""

    layer: Layer
    apply: Callable[..., Variable]
    formula: str

    @property
    def inputs(self) -> int:
        """How many inputs it has."""
        return self.formula.count("{")

    @property
    def passes(self) -> bool:
        """Whether it passes the upstream gradient on as it is, or not at all."""
        return isinstance(self.layer, AddLayer | Relu)


KINDS = {
    "add": Kind(AddLayer(), operator.add, "{0} + {1}"),
    "multiply": Kind(MulLayer(), operator.mul, "{0} × {1}"),
    "square": Kind(PowLayer(2), lambda x: x**2, "{0}²"),
    "relu": Kind(Relu(), Variable.relu, "ReLU({0})"),
    "reciprocal": Kind(ReciprocalLayer(), Variable.reciprocal, "1/{0}"),
}

Template = tuple[int, tuple[tuple[int, ...], ...]]

# From the simplest to the hardest: how many inputs, and for each node what goes into it. Inputs
# are counted first, then the nodes; `o` is a node of two inputs, `u` a node of one, of which there
# is at most one: so no more than one ReLU is off.
TEMPLATES: tuple[Template, ...] = (
    (3, ((0, 1), (3, 2))),  # (x o y) o z
    (3, ((0, 1), (3,), (4, 2))),  # u(x o y) o z
    (2, ((0, 1), (2, 0))),  # (x o y) o x
    (3, ((0, 1), (2,), (3, 4))),  # (x o y) o u(z)
    (4, ((0, 1), (2, 3), (4, 5))),  # (x o y) o (z o w)
    (3, ((0, 1), (3, 2), (4,))),  # u((x o y) o z), a neuron
    (4, ((2, 3), (1, 4), (0, 5))),  # x o (y o (z o w))
    (3, ((0, 1), (1, 2), (3, 4))),  # (x o y) o (y o z)
    (3, ((0, 1), (3, 2), (4, 3))),  # (a o z) o a, where a = x o y
    (3, ((0,), (3, 1), (1, 2), (4, 5))),  # (u(x) o y) o (y o z)
    (3, ((0, 1), (1, 2), (3, 4), (5, 0))),  # ((x o y) o (y o z)) o x
    (4, ((0, 1), (2,), (4, 5), (6, 3), (7, 0))),  # (((x o y) o u(z)) o w) o x
)


def templates_for(kinds: Sequence[Kind]) -> list[Template]:
    """Return the templates that nodes of these kinds can fill."""
    unary = any(kind.inputs == 1 for kind in kinds)
    return [t for t in TEMPLATES if unary or all(len(sources) == 2 for sources in t[1])]


def mulberry32(seed: int) -> Iterator[int]:
    """Yield Ettinger's random integers below 2**32; see `nnlib.practice.problem`."""
    low = 2**32 - 1
    while True:
        seed = (seed + 0x6D2B79F5) & low
        mixed = ((seed ^ seed >> 15) * (seed | 1)) & low
        mixed ^= (mixed + (mixed ^ mixed >> 7) * (mixed | 61)) & low
        yield mixed ^ mixed >> 14


def good(variables: list[Variable]) -> bool:
    """Return whether a problem is exact, not trivial, and no common mistake in it goes unnoticed.

    Parameters
    ----------
    variables : list of Variable
        Inputs first, the output last, after `backward`.
    """
    numbers = [n for v in variables for n in (v.value, v.grad, *locals_of(v), *parts_of(v))]
    inputs = [v.value for v in variables if v.node is None]
    if len(set(inputs)) < len(inputs) or not all(abs(n) <= LARGEST and exact(n) for n in numbers):
        return False
    off = [v for v in variables if v.value == 0]
    if variables[-1] in off or any(not isinstance(v.node, Relu) for v in off):
        return False
    return sums_show_mistakes(variables) and all(
        abs(v.value) != 1 and not near(v.value, v.grad) and node_shows_mistakes(v)
        for v in variables
    )


def node_shows_mistakes(variable: Variable) -> bool:
    """Return whether no mistake at the node that computes a variable gives a right number."""
    value, upstream = digits(variable.value), digits(variable.grad)
    inputs = [digits(v.value) for v in variable.inputs]
    if len(inputs) == 2 and (
        near(*inputs)  # the wrong one taken
        or near(sum(inputs), prod(inputs))  # added in place of multiplied, or the reverse
    ):
        return False
    if isinstance(variable.node, AddLayer | Relu):  # which pass the upstream gradient on, or do not
        return True
    return not any(
        local == 1  # its factor does not show
        or near(value, local)  # the value of the node in place of its local derivative
        or digits(upstream * local) == 1  # further left, the upstream gradient does not show
        or near(upstream + local, upstream * local)  # added in place of multiplied
        for local in map(digits, locals_of(variable))
    )


def sums_show_mistakes(variables: list[Variable]) -> bool:
    """Return whether it shows if what comes back from several uses is left out or not added."""
    arrived: dict[Variable, list[float]] = {v: [] for v in variables}
    for variable in variables:
        for source, part in zip(variable.inputs, parts_of(variable), strict=True):
            arrived[source].append(digits(part))
    return not any(
        digits(sum(parts)) in (0, 1) or near(prod(parts), sum(parts))
        for parts in arrived.values()
        if len(parts) > 1
    )


def locals_of(variable: Variable) -> tuple[float, ...]:
    """Return the local derivative of a variable's node with respect to each input."""
    return returned(variable, 1.0)


def parts_of(variable: Variable) -> tuple[float, ...]:
    """Return what a variable's node hands back to each input."""
    return returned(variable, variable.grad)


def returned(variable: Variable, upstream: float) -> tuple[float, ...]:
    """Return what a variable's node hands back for an upstream gradient; nothing for an input."""
    if variable.node is None:
        return ()
    parts: Any = variable.node.backward(upstream)
    return parts if len(variable.inputs) == 2 else (parts,)


def digits(number: float) -> float:
    """Return a number rounded to three digits."""
    return float(f"{number:.3g}")


def exact(number: float) -> bool:
    """Return whether a number has no more than three digits, up to the rounding of floats."""
    return abs(number - digits(number)) <= 1e-9 * abs(number)


def near(number: float, right: float) -> bool:
    """Return whether a number would be taken for a right answer."""
    return abs(number - right) <= 1e-3 * abs(right)
