"""Computational graphs: build one by computing with `Variable`s, and hold it in a `Graph`.

Each `Variable` remembers what it was computed from. A `Graph` has all of them in order, with their
values and derivatives, to look at, to compute again at other inputs, and to draw.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from nnlib.formatting import format_number, html_table, table
from nnlib.layers import PowLayer
from nnlib.variable import Variable, computed, in_order
from nnlib.words import say

__all__ = ["Graph", "Variable"]

DRAWN = 30  # a graph of more variables shows itself without a picture
WRITTEN = 24  # entries: of an array of more, only the range is written
LISTED = 50  # and of more than these, only the first and the last


class Graph:
    """A graph as it stands: every variable in order, with its value and its derivative.

    A notebook shows it as a picture, where it is one of up to 30 variables, and as a table.
    It computes on variables of its own, so the caller's stay as they are. Inputs without a name
    are constants, called c1, c2, ...; other values without a name are v1, v2, ..., the output y.

    Parameters
    ----------
    output : Variable
        What the graph computes.

    Attributes
    ----------
    variables : dict of str to Variable
        All of them by name, inputs before what is computed from them, the output last.
    output : str
        The name of the output.
    constants : set of str
        The inputs without a name of their own: numbers that were written into the expression.
    unnamed : set of str
        All whose names were made up here, the output's left out.

    Raises
    ------
    TypeError
        If `output` is not a Variable.
    ValueError
        If two variables have the same name.

    Examples
    --------
    >>> x, y = Variable(3.0, name="x"), Variable(2.0, name="y")
    >>> z = x * y + x
    >>> z.name = "z"
    >>> graph = Graph(z)
    >>> graph.gradients
    {'x': 3.0, 'y': 3.0, 'v1': 1.0, 'z': 1.0}
    >>> graph.at(y=10.0).gradients["x"]
    11.0
    >>> graph
    Graph of z
        value  dz/d…
     x      3      3
     y      2      3
    v1      6      1
     z      9      1
    """

    def __init__(self, output: Variable):
        if not isinstance(output, Variable):
            raise TypeError(
                f"Graph: expected a Variable, got {type(output).__name__}; "
                "build the expression from Variable(...) objects"
            )
        order = in_order(output)
        names = unique_names(order)
        made_up = {n for n, v in zip(names, order, strict=True) if not v.name}
        self.constants = {
            n for n, v in zip(names, order, strict=True) if n in made_up and not v.inputs
        }
        self.unnamed = made_up - {names[-1]}
        self._hold(names, replay(order))

    def _hold(self, names: list[str], variables: list[Variable]) -> None:
        self.variables = dict(zip(names, variables, strict=True))
        for name, variable in self.variables.items():
            variable.name = name
        self.output = names[-1]
        variables[-1].backward()

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs, constants left out."""
        return [n for n, v in self.variables.items() if not v.inputs and n not in self.constants]

    @property
    def values(self) -> dict[str, Any]:
        """The value of each variable, constants left out, by name."""
        return {n: v.value for n, v in self.variables.items() if n not in self.constants}

    @property
    def gradients(self) -> dict[str, Any]:
        """The derivative of the output with respect to each variable in `values`, by name."""
        return {n: v.grad for n, v in self.variables.items() if n not in self.constants}

    def at(self, /, **values: float) -> Graph:
        """Return the same graph at other values of its inputs.

        What is computed may be infinite or NaN there: nothing is raised for that.

        Raises
        ------
        ValueError
            If a name is not one of `inputs`, or a value is not finite.

        Examples
        --------
        >>> x = Variable(3.0, name="x")
        >>> Graph(x * x).at(x=5.0).values["y"]
        25.0
        """
        unknown = sorted(set(values) - set(self.inputs))
        if unknown:
            raise ValueError(
                f"Graph.at: {unknown[0]!r} is not an input; the inputs are {', '.join(self.inputs)}"
            )
        graph = copy.copy(self)
        graph._hold(list(self.variables), replay(self.variables.values(), values))
        return graph

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as plain data that JSON can hold.

        Returns
        -------
        dict
            `variables`: one dict for each variable, in order, with its `name`; an input has its
            `value`, an array as nested lists (and `constant`: true), a computed one its `layer`,
            the positions of its `inputs` and, for `PowLayer`, its `exponent`.

        Examples
        --------
        >>> x = Variable(3.0, name="x")
        >>> for variable in Graph(x * x).to_dict()["variables"]:
        ...     print(variable)
        {'name': 'x', 'value': 3.0}
        {'name': 'y', 'layer': 'MulLayer', 'inputs': [0, 0]}
        """
        position = {id(v): i for i, v in enumerate(self.variables.values())}
        rows = []
        for name, variable in self.variables.items():
            row: dict[str, Any] = {"name": name}
            if variable.node is None:
                row["value"] = np.asarray(variable.value).tolist()
                if name in self.constants:
                    row["constant"] = True
            else:
                row["layer"] = type(variable.node).__name__
                row["inputs"] = [position[id(v)] for v in variable.inputs]
                if isinstance(variable.node, PowLayer):
                    row["exponent"] = variable.node.exponent
            rows.append(row)
        return {"variables": rows}

    def svg(self) -> str:
        """Return a drawing of the graph with its values and derivatives, as SVG text.

        Examples
        --------
        >>> Graph(Variable(3.0, name="x") * 2.0).svg()[:4]
        '<svg'
        """
        from nnlib.picture import graph_svg  # the drawing knows the graph, not the other way round

        return graph_svg(self)

    def _repr_html_(self) -> str:
        try:
            picture = self.svg() if len(self.variables) <= DRAWN else ""
        except ValueError:  # too large an array, or a layer without a symbol
            picture = ""
        head = ["variable", *self._head[1:]]
        return picture + html_table(f"Graph of {self.output}", head, self._rows())

    def __str__(self) -> str:
        return table(self._head, self._rows())

    def __repr__(self) -> str:
        return f"Graph of {self.output}\n{self}"

    @property
    def _head(self) -> list[str]:
        return ["", "value", f"d{self.output}/d…"]

    def _rows(self) -> list[list[str]]:
        values, gradients = self.values, self.gradients
        rows = [[n, shown(values[n]), shown(gradients[n])] for n in values]
        return rows if len(rows) <= LISTED else [*rows[:5], ["…"] * 3, *rows[-5:]]


def shown(value: Any) -> str:
    """Return a number or a small array as text, and of a larger one its shape and range.

    Examples
    --------
    >>> shown(2 / 3), shown(np.array([[1.0, -2.0]])), shown(np.arange(50.0))
    ('0.6667', '[[1, −2]]', '(50,) numbers from 0 to 49')
    """
    if isinstance(value, float):
        return format_number(value)
    if value.size > WRITTEN:
        low, high = format_number(value.min()), format_number(value.max())
        return say("still.graph.many", shape=value.shape, low=low, high=high)
    return f"[{', '.join(shown(v if v.ndim else float(v)) for v in map(np.asarray, value))}]"


def unique_names(order: list[Variable]) -> list[str]:
    """Return a name for each variable: its own, or c1, c2, ... , v1, v2, ..., y for the output."""
    taken: set[str] = set()
    for variable in order:
        if variable.name in taken:
            raise ValueError(
                f"Graph: two variables are called {variable.name!r}; give each a name of its own"
            )
        if variable.name:
            taken.add(variable.name)
    values, constants = _free_names("v", taken), _free_names("c", taken)
    names = [v.name or next(values if v.inputs else constants) for v in order]
    if not order[-1].name and "y" not in taken:
        names[-1] = "y"
    return names


def _free_names(letter: str, taken: set[str]) -> Iterator[str]:
    return (f"{letter}{i}" for i in itertools.count(1) if f"{letter}{i}" not in taken)


def replay(order: Iterable[Variable], values: dict[str, float] | None = None) -> list[Variable]:
    """Return copies of variables that stand in order, computed afresh from other input values."""
    copies: dict[Variable, Variable] = {}
    for variable in order:
        if variable.node is None:
            value = (values or {}).get(variable.name or "", variable.data)
            copies[variable] = Variable(value)
        else:
            inputs = tuple([copies[v] for v in variable.inputs])
            copies[variable] = computed(copy.copy(variable.node), inputs)
    return list(copies.values())
