"""Functions for figures: traced into a graph where they can be, else sampled and interpolated.

A page has no Python. It computes a function that is a graph of `Variable`s exactly; of any other it
gets samples, and both the page and the figure in Python interpolate between them in one way.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from functools import partial
from math import floor, isfinite, log10, nan
from numbers import Real
from typing import Any

import numpy as np

from nnlib.difference import single_number
from nnlib.functions import Array
from nnlib.graph import Graph
from nnlib.picture import symbol
from nnlib.variable import Variable

POINTS = 19  # of a grid over x and y, in each direction
Vector = Callable[[Array], Array]


def input_names(f: Callable[..., Any], usual: Sequence[str], taken: str) -> tuple[str, ...]:
    """Return what a figure calls the inputs of `f`: the names of its parameters, or the usual ones.

    The usual ones stay where `f` has no names of its own, as a function written in C, with `*args`
    or with `_`, and where one of them is already `taken`.

    Examples
    --------
    >>> input_names(lambda w, b: w + b, "xy", taken="step_size")
    ('w', 'b')
    >>> input_names(np.hypot, "xy", taken="step_size"), input_names(lambda h: h, "x", taken="h")
    (('x', 'y'), ('x',))
    """
    inner = f.func if isinstance(f, partial) else f
    if isinstance(inner, np.ufunc) or inspect.isbuiltin(inner):  # of hypot they are x1 and x2
        return tuple(usual)
    try:
        parameters = list(inspect.signature(f).parameters.values())[: len(usual)]
    except (TypeError, ValueError):
        return tuple(usual)
    single = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = tuple(p.name for p in parameters if p.kind in single and p.name.strip("_"))
    return names if len(names) == len(usual) and taken not in names else tuple(usual)


def traced_by_name(
    f: Callable[..., Any],
    points: Sequence[Sequence[float]],
    usual: Sequence[str],
    output: str,
    taken: str,
) -> tuple[tuple[str, ...], Graph | None]:
    """Return the names of the inputs of `f`, and its graph or None, as `traced` does.

    The usual names stay also where a parameter is called as what `f` returns, or as a variable
    that `f` computes with.

    Examples
    --------
    >>> traced_by_name(lambda p: p * p, [[3.0], [4.0]], "x", "y", taken="h")[0]
    ('p',)
    >>> traced_by_name(lambda y: y * y, [[3.0], [4.0]], "x", "y", taken="h")[0]
    ('x',)
    """

    def graph_of(names: Sequence[str]) -> Graph | None:
        return traced(f, [dict(zip(names, point, strict=True)) for point in points], output)

    names = input_names(f, usual, taken)
    with suppress(ValueError):  # two variables have the same name
        graph = graph_of(names)
        if (graph.output if graph else output) not in names:
            return names, graph
    return tuple(usual), graph_of(usual)


def traced(f: Callable[..., Any], points: Iterable[dict[str, float]], output: str) -> Graph | None:
    """Return the graph of `f`, or None if `f` is not one graph of numbers at all points.

    Parameters
    ----------
    f : function of one Variable for each name
    points : dicts of names to numbers
        The graph is made at the first where `f` is finite, and compared with `f` at the others.
    output : str
        The name of what `f` returns, if that has none.

    Examples
    --------
    >>> traced(lambda x: x * x, [{"x": 3.0}, {"x": 4.0}], "y").values
    {'x': 3.0, 'y': 9.0}
    >>> traced(np.sin, [{"x": 3.0}], "y") is None
    True
    """
    graph = None
    for point in points:
        variables = [Variable(value, name=name) for name, value in point.items()]
        try:
            result = f(*variables)
        except Exception:  # not for Variables, or not finite here: f itself is asked again later
            continue
        if not isinstance(result, Variable):
            return None
        if graph is None:
            graph = _drawable(result, variables, output)
            if graph is None:
                return None
        else:
            with np.errstate(all="ignore"):
                value = graph.at(**point).values[graph.output]
            if not np.array_equal(value, result.value, equal_nan=True):
                return None
    return graph


def _drawable(result: Variable, variables: list[Variable], output: str) -> Graph | None:
    if any(result is v for v in variables):
        result = result * 1.0
    if result.name is None:
        result = copy(result)
        result.name = output
    graph = Graph(result)
    try:
        for variable in graph.variables.values():
            if variable.node is not None:
                symbol(variable.node)
    except ValueError:  # the script does not know this layer
        return None
    whole = {v.name for v in variables} <= set(graph.inputs) and isinstance(result.value, float)
    return graph if whole else None


def over(graph: Graph, /, **inputs: Array) -> tuple[Array, dict[str, Array]]:
    """Return the output of a graph, and its derivatives, at many values of its inputs.

    Parameters
    ----------
    graph : Graph of numbers
    **inputs : arrays of shape (n,)

    Returns
    -------
    values : array of shape (n,)
    derivatives : dict of arrays of shape (n,), by the names of the inputs

    Examples
    --------
    >>> x = Variable(3.0, name="x")
    >>> over(Graph(x * x), x=np.array([1.0, 2.0]))
    (array([1., 4.]), {'x': array([2., 4.])})
    """
    shape = next(iter(inputs.values())).shape
    numbers = all(isinstance(v.data, float) for v in graph.variables.values())
    with np.errstate(all="ignore"):
        if numbers and shape[0] > 1:  # every layer works entry by entry: all at once
            given: dict[str, Any] = inputs
            each = [graph.at(**given)]
        else:
            points = zip(*[v.tolist() for v in inputs.values()], strict=True)
            each = [graph.at(**dict(zip(inputs, point, strict=True))) for point in points]

    def column(of: str, name: str) -> Array:
        parts = [np.asarray(getattr(now, of)[name], dtype=float) for now in each]
        return np.concatenate([np.atleast_1d(part) for part in parts]) if parts else np.zeros(0)

    return column("values", graph.output), {n: column("gradients", n) for n in inputs}


def number(f: Callable[..., Any], *point: float, names: Sequence[str] = "xy") -> float:
    """Return what `f` gives at a point as a float, NaN where it has no real value.

    Raises
    ------
    TypeError, ValueError
        If `f` returns something else than one number; it says where, with `names` of the inputs.

    Examples
    --------
    >>> number(np.sqrt, 4.0), number(np.sqrt, -4.0)
    (2.0, nan)
    """
    try:
        with np.errstate(all="ignore"):
            try:
                value = f(*point)
            except AttributeError:  # f asks for what only a Variable has, such as x.exp()
                value = f(*[Variable(v) for v in point])
    except (ArithmeticError, ValueError):
        return nan
    if isinstance(value, Variable):
        value = value.value
    try:
        return nan if isinstance(value, complex) else single_number(value)
    except (TypeError, ValueError) as error:
        who = ("CurveFigure", "SurfaceFigure")[len(point) - 1]
        at = ", ".join(f"{n} = {v:g}" for n, v in zip(names, point, strict=False))
        raise type(error)(
            f"{who}: f must return a single number, but returned {value!r:.80} at {at}"
        ) from None


def checked_function(who: str, f: Any, *point: float) -> None:
    """Raise TypeError unless `f` can be called with the numbers of a point."""
    needed = ("one number", "two numbers")[len(point) - 1]
    if not callable(f):
        raise TypeError(f"{who}: f must be a function of {needed}, got {f!r}")
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # of some functions written in C nothing is known
        return
    try:
        signature.bind(*point)
    except TypeError as error:
        raise TypeError(f"{who}: f must be a function of {needed}: {error}") from None


def checked_range(
    who: str, name: str, span: tuple[float, float], step: float | None
) -> tuple[Array, float]:
    """Return the places of a slider and their step, or say what is wrong with the range."""
    try:
        low, high = (float(v) for v in span)
    except (TypeError, ValueError):
        raise TypeError(f"{who}: {name} must be (low, high), got {span!r}") from None
    if not (isfinite(high - low) and high - low > max(1e-300, 1e-9 * max(abs(low), abs(high)))):
        raise ValueError(f"{who}: {name} must be two finite numbers that rise, got {span!r}")
    if step is not None:
        if isinstance(step, bool) or not isinstance(step, Real):
            raise TypeError(f"{who}: the step of {name} must be a number, got {step!r}")
        step = float(step)
        count = (high - low) / step if step > 0 else 0.0
        if not 1 <= count <= 2000 or abs(count - round(count)) > 1e-6:
            raise ValueError(
                f"{who}: steps of {step!r} do not lead from {low:g} to {high:g}; give a step that "
                "goes into the range a whole number of times, at most 2000"
            )
    return grid(low, high, step)


def checked_start(who: str, name: str, value: float, places: Array) -> float:
    """Return the place of a slider that is `value`, or say what its places are."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{who}: {name} must be a number, got {value!r}")
    near = float(places[np.abs(places - value).argmin()])
    if not abs(near - value) <= 1e-6 * (places[1] - places[0]):
        raise ValueError(
            f"{who}: {name} = {value!r} is not on its slider, which goes from {places[0]:g} to "
            f"{places[-1]:g} in steps of {places[1] - places[0]:.6g}; change the value, or the step"
        )
    return near


def grid(low: float, high: float, step: float | None) -> tuple[Array, float]:
    """Return the places of a slider from `low` to `high`, about 200 unless `step` says it.

    Examples
    --------
    >>> places, step = grid(-5, 5, None)
    >>> len(places), step
    (201, 0.05)
    """
    if step is None:
        power = floor(log10((high - low) / 120))
        nice = [float(f"{size}e{power + k}") for k in (1, 0) for size in (5, 2, 1)]
        whole = [s for s in nice if abs((high - low) / s - round((high - low) / s)) < 1e-9]
        fine = Decimal((high - low) / 200).normalize(Context(prec=9, rounding=ROUND_DOWN))
        step = next((s for s in whole if (high - low) / s > 119), float(fine))
    first, by = Decimal(repr(float(low))), Decimal(repr(step))
    count = floor((high - low) / step + 1e-6)
    return np.array([float(first + k * by) for k in range(count + 1)]), step


@dataclass(frozen=True)
class Piece:
    """A stretch on which a function is smooth: places, values and slopes, each of shape (n,)."""

    x: Array
    y: Array
    slope: Array


@np.errstate(all="ignore")
def pieces(value: Vector, slope: Vector | None, x: Array) -> tuple[list[Piece], list[float]]:
    """Cut a function where it jumps, has a kink, or has no value.

    Parameters
    ----------
    value, slope : functions of an array
        Without `slope`, central differences take its place, one-sided at the end of a piece.
    x : array of shape (n,), rising

    Returns
    -------
    pieces : list of Piece
        One of a single place, with the slope NaN, is a point alone.
    corners : list of float
        Where it jumps or has a kink.

    Examples
    --------
    >>> found, corners = pieces(np.abs, None, np.linspace(-1, 1, 21))
    >>> [piece.slope.round(6).tolist()[0] for piece in found], corners
    ([-1.0, 1.0], [0.0])
    """
    h = 1e-6 * max(x[-1] - x[0], 1e-3 * np.abs(x).max())
    found: list[Piece] = []
    corners: list[float] = []
    for p, q in _stretches(x, _jumps(value, x, 60)):
        inner = _between(x, p, q)
        inner = inner[np.isfinite(value(inner))]
        if not inner.size:
            continue
        if inner.size == 1:  # a point alone, such as that of the sign at 0
            corners.append(float(inner[0]))
            found.append(Piece(inner, value(inner), np.array([nan])))
            continue
        if found and inner[0] - found[-1].x[-1] < h:
            corners.append(float(found[-1].x[-1]))
        noise = 1e-8 * float(np.abs(value(inner)).max() / (x[-1] - x[0]))
        if slope:
            kinks = _jumps(slope, inner, 60, noise)
        else:
            kinks = [(c, c) for c in _kinks(value, inner, h, noise)]
        corners += [float(a) for a, _ in kinks]
        for a, b in _stretches(inner, kinks):
            part = _between(inner, a, b)
            steep = slope or _differences(value, a, b, h)
            found.append(Piece(part, value(part), steep(part)))
    return found, corners


def _stretches(x: Array, cuts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    ends = [x[0], *[end for cut in cuts for end in cut], x[-1]]
    return list(zip(ends[::2], ends[1::2], strict=True))


def _between(x: Array, p: float, q: float) -> Array:
    return np.concatenate([[p], x[(x > p) & (x < q)], [q] if q > p else []])


def _change(a: Array, b: Array) -> Array:
    """Return how far b is from a: infinite where one of them is finite, 0 where none is."""
    real = np.isfinite(a), np.isfinite(b)
    far = np.abs(np.where(real[1], b, 0) / 2 - np.where(real[0], a, 0) / 2)  # never overflows
    return np.where(real[0] & real[1], far, np.where(real[0] | real[1], np.inf, 0.0))


def _jumps(g: Vector, x: Array, rounds: int, noise: float = 0) -> list[tuple[float, float]]:
    """Return where `g` jumps, as pairs of neighbours, by halving each interval of `x`.

    What changes smoothly changes less and less; what jumps keeps its change.
    """
    with np.errstate(all="ignore"):
        at = g(x)
        real = np.abs(at[np.isfinite(at)])
        if not real.size:
            return []
        noise = max(noise, 1e-6 * float(np.percentile(real, 90)))
        a, b, ga, gb = x[:-1], x[1:], at[:-1], at[1:]
        before = _change(ga, gb)
        for count in (3, rounds):
            for _ in range(count):
                middle = a + (b - a) / 2
                gm = g(middle)
                left = _change(ga, gm) >= _change(gm, gb)
                a, ga = np.where(left, a, middle), np.where(left, ga, gm)
                b, gb = np.where(left, middle, b), np.where(left, gm, gb)
            change = _change(ga, gb)
            kept = np.isinf(change) | (change > np.maximum(0.2 * before, noise))
            a, b, ga, gb, before = a[kept], b[kept], ga[kept], gb[kept], before[kept]
    return list(zip(a.tolist(), b.tolist(), strict=True))


def _differences(value: Vector, p: float, q: float, h: float) -> Vector:
    """Return the slope by differences that stay between p and q: central ones where they can."""

    def slope(x: Array) -> Array:
        up, down = x + h, x - h
        inner = (p <= down) & (up <= q)
        found = np.empty(x.shape)
        found[inner] = (value(up[inner]) - value(down[inner])) / (up - down)[inner]
        # At an end, through three places inside: where a piece ends is known to less than a step.
        end = x[~inner]
        step = np.where(end + 3 * h <= q, h, -h)
        first, second, third = (value(end + k * step) for k in (1, 2, 3))
        found[~inner] = (8 * second - 5 * first - 3 * third) / (2 * step)
        return found

    return slope


def _kinks(value: Vector, x: Array, h: float, noise: float) -> list[float]:
    """Return where the slope jumps: where the straight lines of both sides meet."""
    slope = _differences(value, x[0], x[-1], h)
    kinks: list[float] = []
    for a, b in _jumps(slope, x, 5, noise):
        (ya, yb), (da, db) = value(np.array([a, b])), slope(np.array([a, b]))
        meet = float((yb - ya + da * a - db * b) / (da - db))
        near = float(x[np.abs(x - meet).argmin()])
        kink = near if abs(near - meet) < 25 * h else meet
        if x[0] + 20 * h < kink < x[-1] - 20 * h and (not kinks or kink > kinks[-1] + 20 * h):
            kinks.append(kink)
    return kinks


class SampledCurve:
    """A function of one number between its samples: cubic Hermite interpolation.

    Parameters
    ----------
    pieces : list of Piece
    corners : list of float
        As `pieces` returns them: no slope there.
    x : array
        Where samples are kept; those at the ends of pieces are kept too.

    Examples
    --------
    >>> places = np.linspace(0, 1, 11)
    >>> curve = SampledCurve(*pieces(np.sin, np.cos, places), places)
    >>> np.round(curve(0.25), 6).tolist()
    [0.247404, 0.968912]

    References
    ----------
    Fritsch, Carlson, "Monotone piecewise cubic interpolation", SIAM J. Numer. Anal. 17 (1980).
    """

    def __init__(self, pieces: list[Piece], corners: list[float], x: Array):
        self.near = 1e-9 * (x[-1] - x[0])
        self.corners = list(corners)
        self.knots: list[list[list[float]]] = []
        for piece in pieces:
            kept = np.isin(piece.x, x)
            kept[[0, -1]] = True
            kept &= np.abs(piece.y) < 1e100
            if piece.x.size == 1 and kept[0]:
                self.knots.append([piece.x.tolist(), piece.y.tolist(), [0.0]])
            elif kept.sum() > 1:
                self.knots.append(self._calm([v[kept].tolist() for v in vars(piece).values()]))

    def _calm(self, knots: list[list[float]]) -> list[list[float]]:
        """Bound the slope at an end where it grows beyond all bounds, as that of sqrt at 0."""
        xs, ys, ms = knots
        for end, beside in ((0, 1), (-1, -2)):
            rise = (ys[beside] - ys[end]) / (xs[beside] - xs[end])
            if not abs(ms[end]) <= 10 * max(abs(rise), abs(ms[beside])):
                ms[end] = 3 * rise
                self.corners.append(xs[end])
        return [xs, ys, [float(f"{m:.9g}") for m in ms]]  # more digits of a difference say nothing

    def __call__(self, x: float) -> tuple[float, float]:
        """Return value and slope at `x`, NaN where there is none."""
        y, slope = nan, nan
        for xs, ys, ms in self.knots:
            if xs[0] <= x <= xs[-1]:
                if len(xs) == 1:
                    return ys[0], nan
                i = next((i for i in range(1, len(xs) - 1) if xs[i] > x), len(xs) - 1)
                w = xs[i] - xs[i - 1]
                t = (x - xs[i - 1]) / w
                y, slope = _cubic(t, ys[i - 1], ys[i], w * ms[i - 1], w * ms[i])
                y, slope = ys[xs.index(x)] if x in xs else y, slope / w
                break
        if any(abs(x - c) <= self.near for c in self.corners):
            slope = nan
        return y, slope


class SampledSurface:
    """A function of two numbers between its samples: bicubic Hermite interpolation.

    Parameters
    ----------
    f : function of two floats
    x, y : (low, high)
    names : two str, optional
        Of the inputs, where it is said what is wrong with `f`.

    Examples
    --------
    >>> surface = SampledSurface(lambda x, y: np.sin(x) * y, (-3, 3), (-3, 3))
    >>> np.round(surface(1.0, 2.0), 3).tolist()
    [1.683, 1.081, 0.841]

    References
    ----------
    Press et al., "Numerical Recipes", 3rd ed. (2007), section 3.6.3.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        x: tuple[float, float],
        y: tuple[float, float],
        names: Sequence[str] = "xy",
    ):
        self.x, self.y = x, y
        (xs, x_weights), (ys, y_weights) = _stencil(*x), _stencil(*y)
        z = np.array([[number(f, u, v, names=names) for u in xs] for v in ys])
        z = z.reshape(POINTS, 3, POINTS, 3)
        with np.errstate(all="ignore"):
            planes = np.einsum("jqip,ljq,kip->klji", z, y_weights, x_weights)
            (value, along_y), (along_x, both) = planes
            along_x, along_y = _calm(along_x, value, 1), _calm(along_y, value, 0)
            both = _calm(both, along_x, 0)
        self.knots = [
            [_knot(*knot) for knot in zip(*rows, strict=True)]
            for rows in zip(*[v.tolist() for v in (value, along_x, along_y, both)], strict=True)
        ]

    def __call__(self, x: float, y: float) -> tuple[float, float, float]:
        """Return value and slopes along x and y, NaN where there are none."""
        (x0, x1), (y0, y1), n = self.x, self.y, POINTS - 1
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            return nan, nan, nan
        across, up = (x - x0) / (x1 - x0) * n, (y - y0) / (y1 - y0) * n
        i, j = floor(across) - (across == n), floor(up) - (up == n)
        rows = []
        for a, b in (self.knots[j][i : i + 2], self.knots[j + 1][i : i + 2]):
            if a is None or b is None:
                return nan, nan, nan
            z, along_x = _cubic(across - i, a[0], b[0], a[1], b[1])
            rows.append((z, along_x, *_cubic(across - i, a[2], b[2], a[3], b[3])))
        p, q = rows
        z, along_y = _cubic(up - j, p[0], q[0], p[2], q[2])
        along_x = _cubic(up - j, p[1], q[1], p[3], q[3])[0]
        return z, along_x * (n / (x1 - x0)), along_y * (n / (y1 - y0))


def _cubic(t: float, y: float, end: float, p: float, q: float) -> tuple[float, float]:
    """Return value and slope between two points of a cubic; all slopes are per width."""
    d = end - y
    a, b = 3 * d - 2 * p - q, p + q - 2 * d
    return y + t * (p + t * (a + t * b)), p + t * (2 * a + t * 3 * b)


def _calm(slopes: Array, values: Array, axis: int) -> Array:
    """Bound slopes per cell, which are beyond all bounds at a jump, by what neighbours rise.

    A slope above three times the steeper rise beside it gives way to the mean of both rises.
    """
    rises = np.diff(values, axis=axis)
    none = np.full_like(values.take([0], axis), nan)
    beside = np.stack([np.concatenate([none, rises], axis), np.concatenate([rises, none], axis)])
    known = np.isfinite(beside)
    rise = np.where(known, beside, 0.0)
    mean = rise.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    wild = known.any(axis=0) & (np.abs(slopes) > 3 * np.abs(rise).max(axis=0))
    return np.where(wild, mean, slopes)


def _knot(value: float, *slopes: float) -> list[float] | None:
    """Return a knot with as many digits as matter, None if it is not finite."""
    knot = [float(f"{value:.12g}"), *[float(f"{v:.6g}") for v in slopes]]
    return knot if all(isfinite(v) for v in knot) else None


def _stencil(low: float, high: float) -> tuple[list[float], Array]:
    """Return three places for each knot, and the weights that make value and slope of them.

    The slope is a difference that stays between `low` and `high`, per width of a cell.
    """
    h = 1e-4 * (high - low)
    shift = np.tile([-1.0, 0.0, 1.0], (POINTS, 1))
    value, slope = np.tile([0.0, 1.0, 0.0], (POINTS, 1)), np.tile([-0.5, 0.0, 0.5], (POINTS, 1))
    shift[0], value[0], slope[0] = [0, 1, 2], [1, 0, 0], [-1.5, 2, -0.5]
    shift[-1], value[-1], slope[-1] = [-2, -1, 0], [0, 0, 1], [0.5, -2, 1.5]
    places = np.linspace(low, high, POINTS)[:, np.newaxis] + h * shift
    cell = (high - low) / (POINTS - 1)
    return np.clip(places, low, high).ravel().tolist(), np.array([value, slope / h * cell])
