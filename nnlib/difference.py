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
    x = float(x)
    up, down = x + h, x - h
    if not np.isfinite([up, down]).all() or not h > 0 or up == x or down == x:
        raise ValueError(
            f"numerical_diff needs a finite x and an h above 0 that changes x, got {x} and {h}"
        )
    return (single_number(f(up)) - single_number(f(down))) / (up - down)  # near 2 h, rounded


def numerical_gradient(f: Callable[[Array], float], x: Any, h: float = 1e-5) -> Array:
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
    given, x = x, writable_float64("numerical_gradient: x", x)
    if not h > 0:
        raise ValueError(f"numerical_gradient: h must be above 0, got {h}")
    if x is not given:
        at_x, reacted = single_number(f(x)), x.size == 0
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        with moved(x, index, h) as up:
            above = single_number(f(x))
        with moved(x, index, -h) as down:
            below = single_number(f(x))
        if up == down:
            raise ValueError(
                f"numerical_gradient: h is too small to change {x[index]:.3g}; give a larger h, or "
                "scale x"
            )
        gradient[index] = (above - below) / (up - down)  # the step that x really took, near 2 h
        if x is not given:
            reacted = reacted or above != at_x or below != at_x
    if x is not given and not reacted:
        raise ValueError(
            "numerical_gradient: f did not react. x was copied, because it is not a float64 array "
            "that can be written to; let f use its argument, or give np.array(x, dtype=float)"
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


@contextmanager
def moved(x: Array, where: Any, step: Any) -> Iterator[Any]:
    """Add `step` to `x[where]` for the time of a with-block; yield what rounding left of `step`."""
    before = np.array(x[where])
    try:
        x[where] = before + step
        yield x[where] - before
    finally:
        x[where] = before


def single_number(y: Any) -> float:
    """Return what a function returned as a float, if it is a single number."""
    y = as_float(y, "what f returns")
    if y.dtype == np.float32:
        raise TypeError("f returns float32, in which a difference drowns; compute it in float64")
    if y.size != 1:
        raise ValueError(f"f must return a single number, got an array of shape {y.shape}")
    return float(y.item())
