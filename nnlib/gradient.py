"""Checks of a derived gradient, of a function or of a layer, against central differences."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nnlib.difference import numerical_diff, numerical_gradient, single_number, writable_float64
from nnlib.functions import Array, as_float
from nnlib.layers import Layer
from nnlib.line import Line, Measure, Slope
from nnlib.report import ROUNDING, GradientReport, Row

__all__ = [
    "GradientReport",
    "gradient_check",
    "layer_check",
    "numerical_diff",
    "numerical_gradient",
]

ALL_ENTRIES = 100  # an array of up to this many numbers is checked entry by entry
SAMPLES = 10  # in a larger one: so many random directions, and so many single entries
TRACED = 1000  # so many lines are looked at, at most, to find which entry is wrong


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
    through all of it are checked, where a single wrong entry shows too, and a sample of entries;
    a disagreement is traced to the entry that causes it. Beside a kink (ReLU with 0 between x - h
    and x + h) shorter steps are taken. At a kink there is no derivative: there the slope of either
    side is accepted, and counted as a kink.

    Parameters
    ----------
    f : function that returns a number
        It is given `x`, moved a little.
    x : float64 array, or mapping of names to such arrays
        Moved in place one at a time and put back to the last bit.
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
        If names or shapes of `x` and `gradient` differ, `f` does not return a single finite
        number, or `h` or `rtol` is not above 0.

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

    return GradientReport(_check(measure, arrays, gradients, h=h, rtol=rtol, seed=seed))


def _check(
    measure: Measure, arrays: dict[str, Array], gradients: dict[str, Array], *,
    h: float = 1e-5, rtol: float = 1e-5, seed: int = 0, flat_at_0: bool = False,
) -> tuple[Row, ...]:  # fmt: skip
    if not (h > 0 and rtol > 0):
        raise ValueError(f"gradient_check: h and rtol must be above 0, got {h} and {rtol}")
    rng = np.random.default_rng(seed)
    rows = []
    with np.errstate(all="ignore"):  # f may leave its domain on the way
        start = measure()[0]
        if not np.isfinite(start):
            raise ValueError(f"gradient_check: f is {start} at x; there is nothing to compare")
        for name, x in arrays.items():
            array = _ArrayCheck(measure, start, x, gradients[name], h, rtol, flat_at_0)
            array.check(rng)
            rows.append(array.row(name))
    return tuple(rows)


class _ArrayCheck:
    """The check of one array: the lines through it that were looked at, and what was found."""

    def __init__(
        self, measure: Measure, start: float, x: Array, gradient: Array,
        h: float, rtol: float, flat_at_0: bool,
    ):  # fmt: skip
        self.measure, self.start, self.x, self.gradient = measure, start, x, gradient
        self.h, self.rtol, self.flat_at_0 = h, rtol, flat_at_0
        self.entries: dict[int, Slope] = {}
        self.directions: list[Slope] = []
        self.note = ""

    def check(self, rng: np.random.Generator) -> None:
        size = self.x.size
        if size <= ALL_ENTRIES:
            for i in range(size):
                self.entry(i)
            return
        for _ in range(SAMPLES):
            signs = rng.integers(0, 2, size) * 2.0 - 1.0
            slope = self.along(np.arange(size), signs)
            if (slope.kink or not slope.fits(self.rtol)) and self.trace(signs):
                break  # further directions would meet the same entries again
            self.directions.append(slope)
        for i in rng.choice(size, SAMPLES, replace=False):
            self.entry(int(i))

    def entry(self, i: int) -> Slope:
        """Look at a single entry, by its number in the flattened array."""
        where = np.unravel_index(i, self.x.shape)
        step = self.h * max(1.0, abs(float(self.x[where])))
        line = Line(self.measure, self.start, self.x, self.gradient, where, 1.0)
        slope = line.slope(step, self.rtol)
        if slope.kink and self.flat_at_0 and self.x[where] == 0:
            flatter = replace(slope, numerical=min(slope.kink, key=abs), kink=None)
            if not flatter.fits(self.rtol):
                self.note = "at 0, where there is a kink, take the flatter side: for ReLU, 0"
                slope = flatter
        self.entries[i] = slope
        return slope

    def along(self, part: Array, signs: Array) -> Slope:
        """Look at a direction that moves a part of the entries, each up or down."""
        where = ... if len(part) == self.x.size else np.unravel_index(part, self.x.shape)
        x = self.x[where]
        direction = signs[part].reshape(x.shape) * np.maximum(1.0, np.abs(x)) / np.sqrt(len(part))
        line = Line(self.measure, self.start, self.x, self.gradient, where, direction)
        return line.slope(self.h, self.rtol)

    def trace(self, signs: Array) -> bool:
        """Find the entries that make a direction disagree, by halves; return whether there are any.

        Ends at the first that is wrong; entries at a kink are noted on the way.
        """
        found = False
        parts = [np.arange(self.x.size)]
        for _ in range(TRACED):
            if not parts:
                break
            part = parts.pop()
            alone = len(part) == 1
            slope = self.entry(int(part[0])) if alone else self.along(part, signs)
            if slope.fits(self.rtol) and not slope.kink:
                continue
            if not alone:
                parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                continue
            found = True
            if not slope.fits(self.rtol):
                break
        return found

    def row(self, name: str) -> Row:
        rtol = self.rtol
        found: list[tuple[Slope, tuple[int, ...] | None]] = [
            (slope, tuple(int(k) for k in np.unravel_index(i, self.x.shape)))
            for i, slope in self.entries.items()
            if not slope.kink
        ]
        found += [(slope, None) for slope in self.directions if not slope.kink]
        kinks = len(self.entries) + len(self.directions) - len(found)
        if not found:
            return Row(name, True, 0.0, 0.0, (), np.nan, np.nan, kinks, self.note)
        unseen = sum(not slope.is_seen(rtol) for slope, _ in found)
        if unseen and not self.note:
            self.note = (
                f"{name}: {unseen} of {len(found)} slopes are too small to be seen beside the "
                "rounding of f"
            )

        def rank(item: tuple[Slope, Any]) -> tuple[float, float]:
            """Errors in the rounding are all alike: among those, show the largest slope."""
            error = item[0].relative_error(rtol)
            return (error if error > ROUNDING else 0.0), abs(item[0].derived)

        slope, index = max(found, key=rank)
        errors = [s.relative_error(rtol) for s, _ in found]
        mean = float(np.mean([abs(s.derived - s.numerical) for s, _ in found]))
        passed = max(errors) <= rtol
        return Row(
            name, passed, max(errors), mean, index, slope.derived, slope.numerical, kinks, self.note
        )


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
        if len(returned) != len(x) or any(g is None for g in returned):
            shown = ", ".join("None" if g is None else "an array" for g in returned)
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
        """Of the outputs, only those that changed: the rounding of the others would add to it."""
        change = np.asarray(layer.forward(*given)) - out
        sizes = np.abs(dout * out)
        size = sizes[change != 0].sum() or sizes.max(initial=0.0)
        return float(np.sum(dout * change)), float(size)

    alike = {n: array for n, array in arrays.items() if first[n].shape == array.shape}
    rows = _check(measure, alike, first, seed=seed, flat_at_0=True)
    return GradientReport(rows, tuple(problems))


def _input_names(layer: Layer, count: int) -> list[str]:
    names = list(inspect.signature(layer.forward).parameters)
    return names if len(names) == count else [f"input {i + 1}" for i in range(count)]


def _gradients(layer: Any, dout: Any, x: Any, parameters: list[str]) -> dict[str, Array]:
    """Return copies of what backward returns for the inputs and leaves for the parameters."""
    gradients = dict(zip(x, _as_tuple(layer.backward(dout)), strict=True))
    gradients |= {n: getattr(layer, f"d{n}") for n in parameters}
    return {n: np.array(g) for n, g in gradients.items()}


def _as_tuple(gradients: Any) -> tuple[Any, ...]:
    return gradients if isinstance(gradients, tuple) else (gradients,)
