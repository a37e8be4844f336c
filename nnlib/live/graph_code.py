"""The Python that builds a graph: what a reader copies from a figure to go on with it."""

from __future__ import annotations

import json
import keyword
from typing import Any

import numpy as np

from nnlib.graph import Graph
from nnlib.layers import PowLayer
from nnlib.variable import Variable

OPERATORS = {"AddLayer": "+", "MulLayer": "*", "MatMulLayer": "@"}
METHODS = {
    "ExpLayer": "exp", "LogLayer": "log", "ReciprocalLayer": "reciprocal", "Relu": "relu",
    "Sigmoid": "sigmoid", "SumLayer": "sum",
}  # fmt: skip
TAKEN = {"Variable", "GraphFigure", "figure", *keyword.kwlist}


def graph_code(graph: Graph, moving: set[str]) -> list[str]:
    r"""Return lines of Python that build a graph; the last one computes the output.

    Parameters
    ----------
    graph : Graph
    moving : set of str
        Sliders, by the name of a number or of an entry such as "W[0,1]": in place of its value
        stands the name between ⟦ and ⟧, for a value that is filled in later.

    Examples
    --------
    >>> x = Variable(3.0, name="x")
    >>> print(*graph_code(Graph(x * 2.0 + x), {"x"}), sep="\n")
    x = Variable(⟦x⟧, name="x")
    v1 = x * 2.0
    y = v1 + x
    """
    names = identifiers(graph)
    lines = []
    for name, variable in graph.variables.items():
        here = names[name]
        if variable.node is None:
            if name in graph.constants and _inline(graph, variable):
                continue
            label = "" if name in graph.constants else f", name={quoted(name)}"
            lines.append(f"{here} = Variable({_value(name, variable, moving)}{label})")
        else:
            lines.append(f"{here} = {_expression(graph, variable, names)}")
            if name not in graph.unnamed and name != "y":
                lines.append(f"{here}.name = {quoted(name)}")
    return lines


def identifiers(graph: Graph) -> dict[str, str]:
    """Return a Python name for each variable: its own where that can be one.

    Examples
    --------
    >>> identifiers(Graph(Variable(1.0, name="the tax") * 2.0))
    {'the tax': 'a1', 'c1': 'c1', 'y': 'y'}
    """
    names: dict[str, str] = {}
    for i, name in enumerate(graph.variables, start=1):
        usable = name.isidentifier() and name not in TAKEN
        made = name if usable else f"a{i}"
        while not usable and made in graph.variables:
            made += "_"
        names[name] = made
    return names


def _users(graph: Graph, variable: Variable) -> list[Variable]:
    return [user for user in graph.variables.values() for v in user.inputs if v is variable]


def _inline(graph: Graph, constant: Variable) -> bool:
    """Whether a number can stand in the expression itself, beside something that is no constant."""
    users = _users(graph, constant)
    return (
        isinstance(constant.value, float)
        and len(users) == 1
        and type(users[0].node).__name__ in ("AddLayer", "MulLayer")
        and all(v is constant or v.name not in graph.constants for v in users[0].inputs)
    )


def _expression(graph: Graph, variable: Variable, names: dict[str, str]) -> str:
    kind = type(variable.node).__name__
    parts = [
        repr(v.value) if v.name in graph.constants and _inline(graph, v) else names[str(v.name)]
        for v in variable.inputs
    ]
    if isinstance(variable.node, PowLayer):
        return f"{parts[0]} ** {variable.node.exponent!r}".removesuffix(".0")
    if kind in OPERATORS:
        return f"{parts[0]} {OPERATORS[kind]} {parts[1]}"
    return f"{parts[0]}.{METHODS[kind]}()"


def _value(name: str, variable: Variable, moving: set[str]) -> str:
    def text(value: Any, index: tuple[int, ...]) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(text(v, (*index, i)) for i, v in enumerate(value)) + "]"
        slider = entry_name(name, index)
        return f"⟦{slider}⟧" if slider in moving else repr(value)

    return text(np.asarray(variable.value).tolist(), ())


def entry_name(name: str, index: tuple[int, ...]) -> str:
    """Return what an entry of an array is called.

    Examples
    --------
    >>> entry_name("W", (0, 1)), entry_name("x", ())
    ('W[0,1]', 'x')
    """
    return f"{name}[{','.join(map(str, index))}]" if index else name


def quoted(text: str) -> str:
    r"""Return a string as Python source, in double quotes.

    Examples
    --------
    >>> print(quoted('the "tax"'))
    "the \"tax\""
    """
    return json.dumps(text, ensure_ascii=False)
