"""Checks of a derived gradient, of a function or of a layer, against central differences."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nnlib.difference import (
    entries,
    f_above_and_below,
    numerical_diff,
    numerical_gradient,
    writable_float64,
)
from nnlib.functions import Array, as_float
from nnlib.layers import Layer
from nnlib.report import ROUNDING, GradientReport, Row

__all__ = [
    "GradientReport",
    "gradient_check",
    "layer_check",
    "numerical_diff",
    "numerical_gradient",
]

ALL_ENTRIES = 100  # an array of up to this many numbers is checked entry by entry
MANY_ENTRIES = 10_000  # up to this size, a mismatch along a direction is traced to its entries
SAMPLES = 10  # in a larger one: so many random directions, and so many single entries


def gradient_check(
    f: Callable[[Any], Any],
    x: Any,
    gradient: Any,
    *,
    h: float = 1e-5,
    rtol: float = 1e-5,
    seed: int = 0,
) -> GradientReport:
    """Compare a derived gradient of `f` at `x` with central differences.

    Arrays of up to 100 numbers are checked entry by entry. In a larger one, random directions
    through all of it are checked, where a single wrong entry shows too, and a sample of entries.
    A derived value that is the slope on one side of a kink (ReLU between x - h and x + h) counts
    as a kink, not as an error.

    Parameters
    ----------
    f : function that returns a number
        It is given `x`, moved a little.
    x : float64 array, or mapping of names to such arrays
        Moved in place one at a time and put back to the last bit.
    gradient : array of the shape of `x`, or mapping with the same names
    h : float, default 1e-5
        Half the distance of the two points.
    rtol : float, default 1e-5
        The relative error allowed. Differences below the rounding of f pass.
    seed : int, default 0
        Of the random directions and entries.

    Returns
    -------
    GradientReport

    Raises
    ------
    TypeError
        If an array is float32.
    ValueError
        If names or shapes of `x` and `gradient` differ, or `f` does not return a single number.

    Examples
    --------
    >>> x = np.array([3.0, 4.0])
    >>> bool(gradient_check(lambda x: np.sum(x**2), x, 2 * x))
    True
    >>> bool(gradient_check(lambda x: np.sum(x**2), x, 2.002 * x))
    False

    References
    ----------
    Nocedal, Wright, "Numerical Optimization", 2nd ed. (2006), section 8.1.
    """
    if isinstance(x, Mapping) != isinstance(gradient, Mapping) or (
        isinstance(x, Mapping) and set(x) != set(gradient)
    ):
        raise ValueError(
            "gradient_check: x and gradient must both be arrays, or both have the same names; "
            f"got {list(x) if isinstance(x, Mapping) else 'an array'} and "
            f"{list(gradient) if isinstance(gradient, Mapping) else 'an array'}"
        )
    single = not isinstance(x, Mapping)
    arrays = {"x": x} if single else dict(x)
    gradients = {"x": gradient} if single else dict(gradient)
    rng = np.random.default_rng(seed)
    for name in arrays:
        arrays[name] = writable_float64(f"gradient_check: {name}", arrays[name])
        gradients[name] = as_float(gradients[name], f"the gradient of {name}")
        if gradients[name].shape != arrays[name].shape:
            raise ValueError(
                f"gradient_check: {name} has shape {arrays[name].shape}, "
                f"its gradient has shape {gradients[name].shape}; they must be the same"
            )
    argument = arrays["x"] if single else arrays
    at_x = float(np.asarray(f(argument)).item())
    return GradientReport(
        tuple(
            _check_array(name, f, argument, at_x, arrays[name], gradients[name], h, rtol, rng)
            for name in arrays
        )
    )


def _directions(x: Array, rng: np.random.Generator, every: bool) -> Iterator[Array]:
    if every:
        yield from entries(x, np.ndindex(x.shape))
        return
    for _ in range(SAMPLES):
        yield rng.choice([-1.0, 1.0], x.shape) / np.sqrt(x.size)
    sample = rng.choice(x.size, SAMPLES, replace=False)
    yield from entries(x, (np.unravel_index(i, x.shape) for i in sample))


def _check_array(
    name: str, f: Callable[[Any], Any], argument: Any, at_x: float, x: Array, gradient: Array,
    h: float, rtol: float, rng: np.random.Generator, every: bool = False,
) -> Row:  # fmt: skip
    found: list[tuple[float, float, float, tuple[int, ...] | None]] = []
    kinks = 0
    every = every or x.size <= ALL_ENTRIES
    for direction in _directions(x, rng, every):
        derived = float(np.sum(gradient * direction))
        above, below = f_above_and_below(f, x, direction, h, argument)
        numerical = (above - below) / (2 * h)
        noise = 16 * np.finfo(np.float64).eps * max(abs(above), abs(below)) / h
        if not _relative_error(derived, numerical, noise / rtol) <= rtol:
            near = f_above_and_below(f, x, direction, h / 64, argument)
            if _is_kink(derived, (above, below), near, at_x, h):
                kinks += 1
                continue
            above, below = f_above_and_below(f, x, direction, h / 2, argument)
            numerical = (4 * (above - below) / h - numerical) / 3  # without its error in h**2
        moved_entries = np.argwhere(direction)
        index = tuple(int(i) for i in moved_entries[0]) if len(moved_entries) == 1 else None
        error = _relative_error(derived, numerical, noise / rtol)
        if index is None and not error <= rtol and x.size <= MANY_ENTRIES:  # an error, or kinks?
            return _check_array(name, f, argument, at_x, x, gradient, h, rtol, rng, every=True)
        found.append((error, derived, numerical, index))
    if not found:
        return Row(name, True, 0.0, 0.0, (), np.nan, np.nan, kinks)
    # Errors in the rounding of f are all alike: among those, show the largest derivative.
    error, derived, numerical, index = max(
        found, key=lambda r: (r[0] if r[0] > ROUNDING else 0.0, abs(r[1]))
    )
    largest = max(r[0] for r in found)
    mean = float(np.mean([abs(r[1] - r[2]) for r in found]))
    return Row(name, bool(largest <= rtol), largest, mean, index, derived, numerical, kinks)


def _relative_error(derived: float, numerical: float, least: float) -> float:
    """Return the error relative to the larger of the two, or to `least`, what f can resolve."""
    size = max(abs(derived), abs(numerical), least, np.finfo(np.float64).tiny)
    error = abs(derived - numerical) / size
    return error if np.isfinite(error) else np.inf


def _is_kink(
    derived: float, far: tuple[float, float], near: tuple[float, float], at_x: float, h: float
) -> bool:
    """Return whether `derived` is the slope on one side of a kink between x - h and x + h.

    `near` holds f at a 64th of the distance. Curvature makes the two slopes differ as well, but 64
    times less there; a kink at x does not, and one beside x is left behind.
    """
    right, left = (far[0] - at_x) / h, (at_x - far[1]) / h
    jump = abs(right - left)
    if not np.isfinite(jump) or min(abs(derived - right), abs(derived - left)) > 0.05 * jump:
        return False
    right, left = 64 * (near[0] - at_x) / h, 64 * (at_x - near[1]) / h
    left_behind = abs(derived - (right + left) / 2) <= 1e-3 * abs(derived)
    still_there = abs(right - left) > 0.05 * jump
    one_sided = min(abs(derived - right), abs(derived - left)) <= 1e-3 * abs(right - left)
    return bool(left_behind or (still_there and one_sided))


def layer_check(layer: Layer, *inputs: Any, seed: int = 0) -> GradientReport:
    """Check the backward of a layer, with a random upstream gradient, against differences.

    Checked are the gradient of each input and of each parameter (`W` where the layer has `dW`),
    their shapes and dtypes, that nothing of the caller's was written to, and that a second
    backward gives the same. It works on copies: `layer` and `inputs` stay as they are.

    Parameters
    ----------
    layer : object with forward and backward
    *inputs : what forward takes, as numbers or float64 arrays
        An input that forward calls t holds labels: it is passed on as it is.
    seed : int, default 0
        Of the upstream gradient.

    Returns
    -------
    GradientReport

    Raises
    ------
    TypeError
        If an input is float32.

    Examples
    --------
    >>> from nnlib.layers import MulLayer
    >>> bool(layer_check(MulLayer(), 100.0, 2.0))
    True

    References
    ----------
    Nocedal, Wright, "Numerical Optimization", 2nd ed. (2006), section 8.1.
    """
    kind = type(layer).__name__
    layer, inputs = copy.deepcopy((layer, inputs))
    names = _input_names(layer, len(inputs))
    probe, spare = copy.deepcopy((layer, inputs))  # a first run, to see shapes; it may spoil them
    dout: Any = np.random.default_rng(seed).standard_normal(np.shape(probe.forward(*spare)))
    returned = _as_tuple(probe.backward(dout.copy()))
    names = [n for n in names if n != "t"]  # labels are data and have no gradient
    count = len(names)
    if len(returned) != count or any(g is None for g in returned):
        shown = ", ".join("None" if g is None else "an array" for g in returned)
        problem = f"{kind}.backward must return a gradient for each of {', '.join(names)}, in order"
        return GradientReport((), (f"{problem}; it returned {shown}",))
    x = [writable_float64(f"{kind}: {n}", v).copy() for n, v in zip(names, inputs, strict=False)]
    before = [v.copy() for v in (*x, dout)]
    layer.forward(*x, *inputs[count:])
    first = [np.array(g) for g in _as_tuple(layer.backward(dout))]
    second = [np.array(g) for g in _as_tuple(layer.backward(dout))]
    parameters = [n for n in vars(layer) if n not in names and hasattr(layer, f"d{n}")]
    arrays = dict(zip(names, x, strict=True)) | {n: getattr(layer, n) for n in parameters}
    gradients = dict(zip(names, first, strict=True))
    gradients |= {n: np.array(getattr(layer, f"d{n}")) for n in parameters}

    problems = [
        f"{kind} writes into the {n} that it is given"
        for n, old, new in zip([*names, "dout"], before, (*x, dout), strict=True)
        if not np.array_equal(old, new)
    ]
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True)):
        problems.append(f"{kind}: a second backward gives something else than the first")
    for n, array in arrays.items():
        if gradients[n].shape != array.shape:
            problems.append(
                f"{kind}: d{n} has shape {gradients[n].shape}, {n} has shape {array.shape}"
            )
        elif gradients[n].dtype.kind == "f" and gradients[n].dtype != np.float64:
            problems.append(f"{kind}: d{n} is {gradients[n].dtype}, {n} is float64")
    alike = {n: array for n, array in arrays.items() if gradients[n].shape == array.shape}
    report = gradient_check(
        lambda _: np.sum(dout * layer.forward(*x, *inputs[count:])),
        alike,
        {n: gradients[n] for n in alike},
        seed=seed,
    )
    return GradientReport(report.rows, tuple(problems))


def _input_names(layer: Layer, count: int) -> list[str]:
    names = list(inspect.signature(layer.forward).parameters)
    return names if len(names) == count else [f"input {i + 1}" for i in range(count)]


def _as_tuple(gradients: Any) -> tuple[Any, ...]:
    return gradients if isinstance(gradients, tuple) else (gradients,)
