"""Checks of a derived gradient, of a function or of a layer, against central differences."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnlib.difference import numerical_diff, numerical_gradient, single_number, writable_float64
from nnlib.functions import Array, as_float
from nnlib.layers import Layer
from nnlib.report import GradientReport
from nnlib.sweep import check_arrays

__all__ = [
    "GradientReport",
    "gradient_check",
    "layer_check",
    "numerical_diff",
    "numerical_gradient",
]


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
    through all of it are checked, and a sample of entries. A single wrong entry shows in them, and
    is found, if it is wrong by more than `rtol` of the length of the whole gradient. Beside a kink
    (ReLU with 0 between x - h and x + h) shorter steps are taken. At a kink, or within about 1e-8
    of one, no derivative can be seen: the slope of either side is accepted, or their mean.

    Parameters
    ----------
    f : function that returns a number
        It is given `x`, moved a little.
    x : float64 array, or mapping of names to such arrays
        Moved in place and put back to the last bit; integers, lists and read-only arrays are
        copied, so there f has to use its argument.
    gradient : array of the shape of `x`, or mapping with the same names
    h : float, default 1e-5
        Half the distance of the two points, times the size of the entry where that is above 1.
        Where they disagree, longer and shorter steps are tried.
    rtol : float, default 1e-5
        The relative error allowed. Where the rounding of f hides even larger errors, a note says
        so.
    seed : int, default 0
        Of the random directions and entries.

    Returns
    -------
    `nnlib.gradient.GradientReport`

    Raises
    ------
    TypeError
        If an array is float32.
    ValueError
        If there is no array, names or shapes of `x` and `gradient` differ, `f` does not return a
        single finite number, the same at each call, or `h` or `rtol` is not above 0.

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
    if isinstance(x, Mapping) and not x:
        raise ValueError("gradient_check: x is empty; give at least one array")
    single = not isinstance(x, Mapping)
    arrays = {"x": x} if single else dict(x)
    gradients = {"x": gradient} if single else dict(gradient)
    for name in arrays:
        arrays[name] = writable_float64(f"gradient_check: {name}", arrays[name])
        gradients[name] = as_float(gradients[name], f"the gradient of {name}")
        if gradients[name].shape != arrays[name].shape:
            raise ValueError(
                f"gradient_check: {name} has shape {arrays[name].shape}, "
                f"its gradient has shape {gradients[name].shape}; they must be the same"
            )
    argument = arrays["x"] if single else arrays

    def measure() -> tuple[float, float]:
        value = single_number(f(argument))
        return value, abs(value)

    return GradientReport(check_arrays(measure, arrays, gradients, h=h, rtol=rtol, seed=seed))


def layer_check(layer: Layer, *inputs: Any, seed: int = 0) -> GradientReport:
    """Check the backward of a layer, with a random upstream gradient, against differences.

    Checked are the gradient of each input and of each parameter (`W` where the layer has `dW`),
    their shapes and dtypes, that nothing of the caller's was written to, that a second backward
    gives the same, and that at a kink at exactly 0 the flatter side is taken (for ReLU, 0). It
    works on copies: `layer` and `inputs` stay as they are.

    Parameters
    ----------
    layer : object with forward and backward
    *inputs : what forward takes, as numbers or float64 arrays
        An input that forward calls t holds labels: it is passed on as it is.
    seed : int, default 0
        Of the upstream gradient.

    Returns
    -------
    `nnlib.gradient.GradientReport`

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
    x = {
        n: writable_float64(f"{kind}: {n}", v).copy()
        for n, v in zip(names, inputs, strict=True)
        if n != "t"  # labels are data and have no gradient
    }
    given = [x.get(n, v) for n, v in zip(names, inputs, strict=True)]
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        # First on other numbers: what a layer keeps of one use must not show in the next.
        held = dict(vars(layer))
        other = [rng.permutation(v.ravel()).reshape(v.shape) for v in x.values()]
        used = dict(zip(x, other, strict=True))
        out = layer.forward(*[used.get(n, v) for n, v in zip(names, inputs, strict=True)])
        kept = [n for n, v in held.items() if vars(layer).get(n) is v]
        dout: Any = rng.standard_normal(np.shape(out))
        returned = _as_tuple(layer.backward(dout.copy()))
        if not x:  # labels alone, whose gradient nobody asks for
            returned = ()
        if len(returned) != len(x) or any(g is None for g in returned):
            shown = ", ".join("None" if g is None else "an array" for g in returned)
            if isinstance(returned[0], list):
                shown = "a list, not a tuple"
            problem = f"{kind}.backward must return a gradient for each of {', '.join(x)}, in order"
            return GradientReport((), (f"{problem}; it returned {shown}",))

        parameters = [n for n in kept if n not in names and hasattr(layer, f"d{n}")]
        for n in parameters:
            if not isinstance(getattr(layer, n), np.ndarray):
                setattr(layer, n, np.array(getattr(layer, n), dtype=np.float64))
        arrays = x | {n: writable_float64(f"{kind}: {n}", getattr(layer, n)) for n in parameters}
        before = {n: v.copy() for n, v in arrays.items()} | {"dout": dout.copy()}
        out = np.array(layer.forward(*given))
        first = _gradients(layer, dout, x, parameters)
        second = _gradients(layer, dout, x, parameters)

    problems = [
        f"{kind} writes into the {n} that it is given"
        for n, old in before.items()
        if not np.array_equal(old, dout if n == "dout" else arrays[n])
    ]
    if not all(np.array_equal(first[n], second[n], equal_nan=True) for n in first):
        problems.append(f"{kind}: a second backward gives something else than the first")
    for n, array in arrays.items():
        if first[n].shape != array.shape:
            problems.append(f"{kind}: d{n} has shape {first[n].shape}, {n} has shape {array.shape}")
        elif first[n].dtype.kind == "f" and first[n].dtype != np.float64:
            problems.append(f"{kind}: d{n} is {first[n].dtype}, {n} is float64")

    def measure() -> tuple[float, float]:
        """Take the change of each output first, so that outputs that stay add no rounding."""
        change = np.asarray(layer.forward(*given)) - out
        return float(np.sum(dout * change)), float(np.linalg.norm(dout * out))

    alike = {n: array for n, array in arrays.items() if first[n].shape == array.shape}
    rows = check_arrays(measure, alike, first, seed=seed, of_layer=True)
    of_a_use_before = {f"d{n}" for n in parameters}
    left = [
        n
        for n in kept
        if n not in arrays.keys() | of_a_use_before and isinstance(getattr(layer, n), np.ndarray)
    ]
    notes = [f"{kind}.{n} was not checked: there is no {kind}.d{n}" for n in left]
    return GradientReport(rows, tuple(problems), tuple(notes))


def _input_names(layer: Layer, count: int) -> list[str]:
    names = list(inspect.signature(layer.forward).parameters)
    return names if len(names) == count else [f"input {i + 1}" for i in range(count)]


def _gradients(layer: Any, dout: Any, x: Any, parameters: list[str]) -> dict[str, Array]:
    """Return copies of what backward returns for the inputs and leaves for the parameters."""
    returned = _as_tuple(layer.backward(dout))
    gradients = dict(zip(x, returned, strict=True)) if x else {}
    gradients |= {n: getattr(layer, f"d{n}") for n in parameters}
    return {n: np.array(g) for n, g in gradients.items()}


def _as_tuple(gradients: Any) -> tuple[Any, ...]:
    return gradients if isinstance(gradients, tuple) else (gradients,)
