"""Numerical derivatives: central differences, which need no calculus.

(f(x + h) - f(x - h)) / (2 h) is the judge of every gradient that was derived by hand. It costs two
evaluations of f for each number in x, which is why it checks a network and does not train it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnlib.functions import Array, as_float


def numerical_diff(f: Callable[[float], float], x: float, h: float = 1e-4) -> float:
    """Return the derivative of `f` at the number `x` by a central difference.

    Parameters
    ----------
    f : function of one number
    x : float
    h : float, default 1e-4
        Half the distance between the two points.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `x` is not finite, or `h` is not above 0 or too small to change `x`.

    Examples
    --------
    >>> round(numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5), 6)
    0.2

    References
    ----------
    Press et al., "Numerical Recipes", 3rd ed. (2007), section 5.7.
    """
    if not np.isfinite(x) or not h > 0 or x + h == x or x - h == x:
        raise ValueError(
            f"numerical_diff needs a finite x and an h above 0 that changes x, got {x} and {h}"
        )
    return float((f(x + h) - f(x - h)) / (2 * h))


def numerical_gradient(f: Callable[[Array], float], x: ArrayLike, h: float = 1e-5) -> Array:
    """Return the derivative of `f` with respect to each number in the array `x`.

    `f` gets `x` itself with one entry moved, so `numerical_gradient(lambda W: net.loss(x, t),
    net.params["W1"])` works although that function ignores its argument. Afterwards `x` is as it
    was, to the last bit, also when `f` raises. Integers and read-only arrays are copied first.

    Parameters
    ----------
    f : function of an array that returns a number
    x : array of any shape, float64
    h : float, default 1e-5

    Returns
    -------
    array of the shape of `x`, float64

    Raises
    ------
    TypeError
        If `x` is float32: so small a difference would drown in rounding.
    ValueError
        If `x` is not finite, `h` is not above 0, or `f` does not return a single number.

    Examples
    --------
    >>> numerical_gradient(lambda x: x[0] ** 2 + x[1] ** 2, np.array([3.0, 4.0])).round(6)
    array([6., 8.])

    References
    ----------
    Press et al., "Numerical Recipes", 3rd ed. (2007), section 5.7.
    """
    given = x
    x = writable_float64("numerical_gradient: x", x)
    gradient, values = np.zeros(x.shape), set()
    for direction in entries(x, np.ndindex(x.shape)):
        above, below = f_above_and_below(f, x, direction, h)
        gradient[direction != 0] = (above - below) / (2 * h)
        values |= {above, below}
    if x is not given and len(values) == 1:
        raise ValueError(
            "numerical_gradient: f did not react. x was copied, because it is not a float64 array "
            "that can be written to; let f use its argument, or give x.astype(np.float64)"
        )
    return gradient


def writable_float64(name: str, x: ArrayLike) -> Array:
    """Return `x` itself if it is a writable float64 array, else a float64 copy of it."""
    array = as_float(x, name)
    if array.dtype != np.float64:
        raise TypeError(
            f"{name} is {array.dtype}: a difference of 1e-5 drowns in its rounding; give "
            "x.astype(np.float64), or build the network with dtype=np.float64"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]}")
    return array if array is x and array.flags.writeable else array.copy()


def entries(x: Array, indices: Any) -> Iterator[Array]:
    """Yield, for each index, the direction that moves this one entry of `x`."""
    for index in indices:
        direction = np.zeros(x.shape)
        direction[index] = 1.0
        yield direction


@contextmanager
def moved(x: Array, step: Array) -> Iterator[None]:
    """Add `step` to `x` in place, for the time of a with-block."""
    before = x.copy()
    try:
        x += step
        if np.array_equal(x, before):
            raise ValueError(
                f"h is too small to change an x as large as {np.abs(before).max():.3g}; "
                "give a larger h, or scale x"
            )
        yield
    finally:
        x[...] = before


def f_above_and_below(
    f: Callable[[Any], Any], x: Array, direction: Array, h: float, argument: Any = None
) -> tuple[float, float]:
    """Return f at x + h * direction and at x - h * direction; `argument` is what f is given."""
    if not h > 0:
        raise ValueError(f"h must be above 0, got {h}")
    found = []
    for step in (h * direction, -h * direction):
        with moved(x, step):
            y = np.asarray(f(x if argument is None else argument))
        if y.size != 1:
            raise ValueError(f"f must return a single number, got an array of shape {y.shape}")
        found.append(float(y.item()))
    return found[0], found[1]
