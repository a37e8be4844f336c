"""Values that remember where they came from: compute with `Variable`s, then go backward.

Each operation on a `Variable` puts one layer of `nnlib.layers` into the graph, as a node. Forward
happens while the expression is computed; `backward` walks the nodes in reverse order, hands each
its upstream gradient, and adds up what arrives where a value was used more than once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

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
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Variable: the name must be a string, got {name!r}")
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
        taken = other if isinstance(other, Variable) else as_float(other, "what is taken away")
        return apply(AddLayer(), self, -taken)

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
