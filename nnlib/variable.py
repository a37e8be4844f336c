"""Values that remember where they came from: compute with `Variable`s, then go backward.

Each operation on a `Variable` puts one layer of `nnlib.layers` into the graph, as a node. Forward
happens while the expression is computed; `backward` walks the nodes in reverse order, hands each
its upstream gradient, and adds up what arrives where a value was used more than once.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from nnlib.functions import Array, as_float
from nnlib.layers import (
    NUMBER,
    AddLayer,
    ExpLayer,
    Layer,
    LogLayer,
    MatMulLayer,
    MulLayer,
    PowLayer,
    ReciprocalLayer,
    Relu,
    Sigmoid,
    SumLayer,
    shape_of,
)


class Variable:
    """A value in a graph: an input, or what a node computed from other variables.

    Parameters
    ----------
    value : number or array, finite
        Kept as a float64 copy.
    name : str, optional
        What the value is called in a figure.

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

    name: str | None = None
    node: Layer | None = None  # the layer that computed it, None for an input
    inputs: tuple[Variable, ...] = ()  # what it was computed from
    _grad: Any = None

    __array_ufunc__ = None  # so that array + variable asks Variable, not the array

    def __array_function__(self, function: Any, *_: Any) -> Any:
        raise TypeError(
            f"np.{function.__name__} does not know Variable; use operators and methods, such as "
            "x @ y, x * y, x.sum(), x.exp()"
        )

    def __init__(self, value: Any, name: str | None = None):
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Variable: the name must be a string, got {name!r}")
        if isinstance(value, Variable):
            raise TypeError("Variable: got a Variable, expected a number or an array; use it as is")
        if isinstance(value, NUMBER):
            self.data: float | Array = float(value)
        else:
            array = as_float(value, "the value of a Variable")
            self.data = fixed(array.astype(np.float64))  # a copy
        if not is_finite(self.data):
            raise ValueError(f"Variable: the value must be finite, got {value!r}")
        self.name = name

    @property
    def value(self) -> Any:
        """The number, as a float, or the float64 array; read-only."""
        return self.data

    @property
    def grad(self) -> Any:
        """The derivative of the output of the last `backward` with respect to this value.

        A float, or an array of the shape of `value`, read-only; None before `backward`.
        """
        return self._grad

    def backward(self, dout: Any = 1.0) -> None:
        """Set `grad` of every variable that this one was computed from, and of this one.

        Parameters
        ----------
        dout : number or array that broadcasts to the shape of this value, default 1
            The upstream gradient to start from.

        Raises
        ------
        ValueError
            If `dout` does not broadcast to the shape of this value.

        Examples
        --------
        >>> x = Variable(3.0)
        >>> y = x * x + x
        >>> y.backward()
        >>> x.grad  # 2 * 3 + 1, from three uses of x
        7.0
        """
        order = in_order(self)
        for variable in order:
            variable._grad = None
        self._grad = starting_gradient(dout, shape_of(self.data))
        with np.errstate(all="ignore"):  # an infinite derivative is shown as such
            for variable in reversed(order):
                if type(variable._grad) is not float:  # all contributions have arrived
                    variable._grad = fixed(variable._grad)
                if variable.node is None:
                    continue
                contributions = variable.node.backward(variable._grad)
                if len(variable.inputs) == 1:
                    contributions = (contributions,)
                for source, part in zip(variable.inputs, contributions, strict=True):
                    source._grad = part if source._grad is None else source._grad + part

    def __add__(self, other: Any) -> Variable:
        return apply(AddLayer(), self, other)

    def __mul__(self, other: Any) -> Variable:
        return apply(MulLayer(), self, other)

    def __matmul__(self, other: Any) -> Variable:
        return apply(MatMulLayer(), self, other)

    def __pow__(self, exponent: Any) -> Variable:
        return apply(PowLayer(exponent), self)

    def __neg__(self) -> Variable:
        return self * -1.0

    def __sub__(self, other: Any) -> Variable:
        taken = other if isinstance(other, Variable) else as_float(other, "what is taken away")
        return apply(AddLayer(), self, -taken)

    def __truediv__(self, other: Any) -> Variable:
        return self * as_variable(other).reciprocal()

    def __radd__(self, other: Any) -> Variable:
        return apply(AddLayer(), other, self)

    def __rmul__(self, other: Any) -> Variable:
        return apply(MulLayer(), other, self)

    def __rmatmul__(self, other: Any) -> Variable:
        return apply(MatMulLayer(), other, self)

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

    def sum(self) -> Variable:
        """Return the sum of all entries of self, a number.

        Examples
        --------
        >>> Variable([1.0, 2.0, 4.0]).sum().value
        7.0
        """
        return apply(SumLayer(), self)

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


def fixed(x: Any) -> Any:
    """Return a single number as a float, and an array as a view of it that is read-only.

    Layers rely on what they kept, so nobody may write into an array of the graph.
    """
    if isinstance(x, NUMBER) or x.ndim == 0:
        return float(x)
    view: Array = x.view()
    view.flags.writeable = False
    return view


def is_finite(x: float | Array) -> bool:
    """Return whether a number, or each entry of an array, is neither infinite nor NaN."""
    return isfinite(x) if isinstance(x, float) else bool(np.isfinite(x).all())


def starting_gradient(dout: Any, shape: tuple[int, ...]) -> Any:
    """Return the upstream gradient that `backward` begins with, in the shape of the output."""
    dout = as_float(dout, "dout")
    try:
        return np.broadcast_to(dout, shape).copy()
    except ValueError:
        raise ValueError(
            f"backward: dout has shape {dout.shape}, the value has shape {shape}; "
            "give a number, or an array of that shape"
        ) from None


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
    out = computed(layer, tuple([as_variable(x) for x in inputs]))
    if not is_finite(out.data):
        given = " and ".join(repr(v.value) for v in out.inputs)
        raise ValueError(
            f"{type(layer).__name__} of {given} is {out.data}, not a finite number; "
            "change the inputs of the graph"
        )
    return out


def computed(layer: Layer, inputs: tuple[Variable, ...]) -> Variable:
    """Return a variable that holds the output of `layer` for `inputs`, finite or not."""
    out = Variable.__new__(Variable)
    with np.errstate(all="ignore"):
        out.data = fixed(layer.forward(*[v.data for v in inputs]))
    out.node, out.inputs = layer, inputs
    return out


def in_order(output: Variable) -> list[Variable]:
    """Return all variables that `output` was computed from, inputs first, `output` last.

    An explicit stack takes the place of recursion, so that a long chain is no problem.
    """
    order: list[Variable] = []
    seen: set[Variable] = set()
    stack: list[Any] = [output]
    while stack:
        variable = stack.pop()
        if variable is None:  # all inputs of the one below are done
            order.append(stack.pop())
        elif variable not in seen:
            seen.add(variable)
            stack += (variable, None, *variable.inputs[::-1])
    return order
