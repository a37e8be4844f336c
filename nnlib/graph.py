"""Computational graphs that build themselves: compute with `Variable`s, then go backward.

Each operation on a `Variable` puts one layer of `nnlib.layers` into the graph, as a node. Forward
happens while the expression is computed; `backward` walks the nodes in reverse order, hands each
its upstream gradient, and adds up what arrives where a value was used more than once.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from nnlib.formatting import format_number, table
from nnlib.functions import Array, as_float
from nnlib.layers import (
    AddLayer,
    ExpLayer,
    Layer,
    LogLayer,
    MulLayer,
    PowLayer,
    ReciprocalLayer,
    Relu,
    Sigmoid,
)


class Variable:
    """A value in a graph: an input, or what a node computed from other variables.

    Parameters
    ----------
    value : number or array, finite
        Kept as a float64 copy.
    name : str, optional
        What the value is called in a figure.

    Attributes
    ----------
    value : float or array
    grad : float or array of the shape of `value`, or None before `backward`
    name : str or None

    Raises
    ------
    TypeError
        If `value` is not made of real numbers.
    ValueError
        If `value`, or what an operation computes, is not finite.

    Examples
    --------
    >>> apple, number, tax = Variable(100, name="apple"), Variable(2), Variable(1.1)
    >>> total = apple * number * tax
    >>> round(total.value, 6)
    220.0
    >>> total.backward()
    >>> round(apple.grad, 6), round(number.grad, 6), round(tax.grad, 6)
    (2.2, 110.0, 200.0)

    References
    ----------
    Baydin, Pearlmutter, Radul, Siskind, "Automatic differentiation in machine learning: a survey",
    JMLR 18 (2018), section 3.2.
    """

    __array_ufunc__ = None  # so that array + variable asks Variable, not the array

    def __init__(self, value: Any, name: str | None = None):
        if isinstance(value, Variable):
            raise TypeError("Variable: got a Variable, expected a number or an array; use it as is")
        self.data: Array = np.array(as_float(value, "the value of a Variable"), dtype=np.float64)
        if not np.isfinite(self.data).all():
            raise ValueError(f"Variable: the value must be finite, got {value!r}")
        self.name = name
        self.node: Layer | None = None
        self.inputs: tuple[Variable, ...] = ()
        self._grad: Array | None = None

    @property
    def value(self) -> Any:
        """The number, as a float, or the array."""
        return self.data.item() if self.data.ndim == 0 else self.data

    @property
    def grad(self) -> Any:
        """The derivative of the output of the last `backward` with respect to this value."""
        if self._grad is None:
            return None
        return self._grad.item() if self._grad.ndim == 0 else self._grad

    def backward(self, dout: Any = 1.0) -> None:
        """Set `grad` of every variable that this one was computed from, and of this one.

        Parameters
        ----------
        dout : number or array that broadcasts to the shape of this value, default 1
            The upstream gradient to start from.

        Examples
        --------
        >>> x = Variable(3.0)
        >>> y = x * x + x
        >>> y.backward()
        >>> x.grad  # 2 * 3 + 1, from three uses of x
        7.0
        """
        order = in_order(self)
        grads: dict[int, Any] = {
            id(self): np.broadcast_to(as_float(dout, "dout"), self.data.shape).copy()
        }
        for variable in reversed(order):
            if variable.node is None:
                continue
            with np.errstate(all="ignore"):  # an infinite derivative is shown as such
                contributions = variable.node.backward(grads[id(variable)])
            if len(variable.inputs) == 1:
                contributions = (contributions,)
            for source, contribution in zip(variable.inputs, contributions, strict=True):
                grads[id(source)] = grads.get(id(source), 0.0) + contribution
        for variable in order:
            variable._grad = np.asarray(grads[id(variable)])

    def __add__(self, other: Any) -> Variable:
        return apply(AddLayer(), self, other)

    def __mul__(self, other: Any) -> Variable:
        return apply(MulLayer(), self, other)

    def __pow__(self, exponent: Any) -> Variable:
        return apply(PowLayer(exponent), self)

    def __neg__(self) -> Variable:
        return self * -1.0

    def __sub__(self, other: Any) -> Variable:
        return self + (-other)

    def __truediv__(self, other: Any) -> Variable:
        return self * as_variable(other).reciprocal()

    def __radd__(self, other: Any) -> Variable:
        return apply(AddLayer(), other, self)

    def __rmul__(self, other: Any) -> Variable:
        return apply(MulLayer(), other, self)

    def __rsub__(self, other: Any) -> Variable:
        return apply(AddLayer(), other, -self)

    def __rtruediv__(self, other: Any) -> Variable:
        one = isinstance(other, int | float) and other == 1
        return self.reciprocal() if one else apply(MulLayer(), other, self.reciprocal())

    def __rpow__(self, base: Any) -> Variable:
        raise TypeError(
            f"{base!r} ** variable has no node of its own; "
            f"write (variable * np.log({base!r})).exp()"
        )

    def reciprocal(self) -> Variable:
        """Return 1 / self, as one node.

        Examples
        --------
        >>> Variable(4.0).reciprocal().value
        0.25
        """
        return apply(ReciprocalLayer(), self)

    def exp(self) -> Variable:
        """Return e to the power of self.

        Examples
        --------
        >>> Variable(0.0).exp().value
        1.0
        """
        return apply(ExpLayer(), self)

    def log(self) -> Variable:
        """Return the natural logarithm of self.

        Examples
        --------
        >>> Variable(1.0).log().value
        0.0
        """
        return apply(LogLayer(), self)

    def relu(self) -> Variable:
        """Return self where it is above 0, else 0.

        Examples
        --------
        >>> Variable(-2.0).relu().value
        0.0
        """
        return apply(Relu(), self)

    def sigmoid(self) -> Variable:
        """Return 1 / (1 + exp(-self)).

        Examples
        --------
        >>> Variable(0.0).sigmoid().value
        0.5
        """
        return apply(Sigmoid(), self)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"Variable({self.value!r}{name})"


def as_variable(x: Any) -> Variable:
    """Return `x` itself if it is a Variable, else a new one that holds it."""
    return x if isinstance(x, Variable) else Variable(x)


def apply(layer: Layer, *inputs: Any) -> Variable:
    """Return the variable that `layer` computes from the inputs, and remember where it came from.

    Raises
    ------
    ValueError
        If the result is not finite.
    """
    variables = tuple(as_variable(x) for x in inputs)
    with np.errstate(all="ignore"):
        data = layer.forward(*(v.data for v in variables))
    if not np.isfinite(data).all():
        given = " and ".join(repr(v.value) for v in variables)
        raise ValueError(
            f"{type(layer).__name__} of {given} is {data}, not a finite number; "
            "change the inputs of the graph"
        )
    return made_by(layer, variables, data)


def made_by(layer: Layer, inputs: tuple[Variable, ...], data: Any) -> Variable:
    """Return a variable that holds `data`, the output of `layer` for `inputs`."""
    out = Variable(0.0)
    out.data, out.node, out.inputs = np.asarray(data), layer, inputs
    return out


def in_order(output: Variable) -> list[Variable]:
    """Return all variables that `output` was computed from, inputs first, `output` last.

    An explicit stack takes the place of recursion, so that a long chain is no problem.
    """
    order: list[Variable] = []
    seen: set[int] = set()
    stack = [(output, False)]
    while stack:
        variable, inputs_done = stack.pop()
        if inputs_done:
            order.append(variable)
        elif id(variable) not in seen:
            seen.add(id(variable))
            stack.append((variable, True))
            stack.extend((source, False) for source in reversed(variable.inputs))
    return order


class Graph:
    """A graph as it stands: every variable in order, with its value and its derivative.

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
        constants = {n for n, v in zip(names, order, strict=True) if not v.inputs and not v.name}
        self._hold(names, constants, replay(order))

    def _hold(self, names: list[str], constants: set[str], variables: list[Variable]) -> None:
        self.variables = dict(zip(names, variables, strict=True))
        self.constants = constants
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

    def at(self, **values: float) -> Graph:
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
        graph._hold(list(self.variables), self.constants, replay(self.variables.values(), values))
        return graph

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as plain data that JSON can hold.

        Returns
        -------
        dict
            `variables`: one dict for each variable, in order, with its `name`; an input has its
            `value` (and `constant`: true), a computed one its `layer`, the positions of its
            `inputs` and, for `PowLayer`, its `exponent`.

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
                row["value"] = variable.value
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

    def __str__(self) -> str:
        values, gradients = self.values, self.gradients
        rows = [[n, format_number(values[n]), format_number(gradients[n])] for n in values]
        return table(["", "value", f"d{self.output}/d…"], rows)

    def __repr__(self) -> str:
        return f"Graph of {self.output}\n{self}"


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
    names = []
    for variable in order:
        letter = "v" if variable.inputs else "c"
        free = next(f"{letter}{i}" for i in itertools.count(1) if f"{letter}{i}" not in taken)
        if variable is order[-1] and "y" not in taken:
            free = "y"
        names.append(variable.name or free)
        taken.add(names[-1])
    return names


def replay(order: Iterable[Variable], values: dict[str, float] | None = None) -> list[Variable]:
    """Return copies of variables that stand in order, computed afresh from other input values."""
    copies: dict[int, Variable] = {}
    for variable in order:
        if variable.node is None:
            value = (values or {}).get(variable.name or "", variable.data)
            copies[id(variable)] = Variable(value)
            continue
        layer = copy.copy(variable.node)
        inputs = tuple(copies[id(v)] for v in variable.inputs)
        with np.errstate(all="ignore"):
            data = layer.forward(*(v.data for v in inputs))
        copies[id(variable)] = made_by(layer, inputs, data)
    return list(copies.values())
