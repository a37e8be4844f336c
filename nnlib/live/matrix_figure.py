"""A layer on small matrices: each number, which numbers make it, and where it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from itertools import zip_longest
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnlib.formatting import format_number
from nnlib.functions import Array, as_float
from nnlib.layers import Affine, Relu
from nnlib.live.base import Control, LiveFigure
from nnlib.picture import hook
from nnlib.words import say

LONGEST = 6  # rows or columns
MOST = 24  # numbers that have a slider
LARGEST = 1e9
BESIDE = 11  # cells that a page has room for beside one another

Matrices = dict[str, Array]
At = dict[str, int]  # a number for each letter of an index


@dataclass(frozen=True)
class _Formulas:
    """What a layer computes, cell by cell.

    Attributes
    ----------
    letters : dict
        The indices of each matrix, a letter for each axis; the gradient dX has those of X.
    rules : dict
        What a matrix is the sum of: products of matrices, each summed over the letter that the
        result lacks. `[["X", "W"], ["b"]]` with the letters of `_AFFINE`: the sum over d of
        X[n, d] W[d, m], plus b[m].
    apply : dict
        What is then done to the sum: "max" with 0, or "above" 0 or not.
    signs : dict
        What stands in front of a matrix, so that the first line of the figure is a formula.
    """

    letters: dict[str, str]
    rules: dict[str, list[list[str]]]
    apply: dict[str, str] = field(default_factory=dict)
    signs: dict[str, str] = field(default_factory=dict)


_AFFINE = _Formulas(
    letters={"X": "nd", "W": "dm", "b": "m", "Y": "nm"},
    rules={
        "Y": [["X", "W"], ["b"]],
        "dX": [["dY", "W"]],
        "dW": [["X", "dY"]],
        "db": [["dY"]],
    },
    signs={"W": "·", "b": "+", "Y": "="},
)
_RELU = _Formulas(
    letters={"X": "nd", "mask": "nd", "Y": "nd"},
    rules={"mask": [["X"]], "Y": [["X"]], "dX": [["dY", "mask"]]},
    apply={"mask": "above", "Y": "max"},
)


class MatrixFigure(LiveFigure):
    """A live figure of a layer on small matrices, forward and backward.

    All matrices stand there as tables. The reader points at a cell: of a result, and the cells
    that made it light up and the sum is written out; of an input, and the cells that it helps to
    make light up. A slider moves the number in the chosen input cell, and everything follows.

    Parameters
    ----------
    layer : nnlib.layers.Affine or nnlib.layers.Relu
        Its numbers are copied, as float64: the layer stays as it is.
    x : array of shape (N, D) or (D,)
        A batch, or one sample.
    dout : array of the shape of the layer's output, optional
        The upstream gradient dY. Default: ones.
    name : str, default "matrix"
        Names the figure on a page, also as the target of links to it if it begins with "fig-".
    caption : str, optional
        One or two sentences below the figure.
    backward : bool, default True
        False leaves the backward pass out, for readers who do not know it yet.

    Attributes
    ----------
    values : dict of str to array
        The matrices at the present slider positions, computed by nnlib: X, W, b and Y of an
        Affine; X, mask and Y of a Relu.
    gradients : dict of str to array
        The gradients, each under the name of what it belongs to: "W" is dW; "Y" is `dout`.
    sliders : dict of str to ipywidgets.FloatSlider
        One for each number in X, W, b and dY, such as "X[0,1]" or "dY[1,0]".

    Raises
    ------
    TypeError
        If `layer` is neither an Affine nor a Relu, or `x` or `dout` are not real numbers.
    ValueError
        If shapes do not fit, a matrix is empty or has more than 6 rows or columns, the numbers
        with a slider are more than 24, or a number is not finite or beyond 1e9.

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.5.

    Examples
    --------
    >>> layer = Affine(W=[[1, 2], [3, 4]], b=[10, 20])
    >>> figure = MatrixFigure(layer, x=[[1, 0], [2, -1]], dout=[[1, 0], [0, 1]])
    >>> figure.gradients["W"]
    array([[ 1.,  2.],
           [ 0., -1.]])
    >>> figure.sliders["X[0,1]"].value = 0.5
    >>> figure
    Affine
    X (2, 2)   W (2, 2)   b (2,)   Y (2, 2)
    1  0.5     1  2       10  20   12.5  24
    2   −1     3  4                   9  20
    dX (2, 2)  dW (2, 2)  db (2,)  dY (2, 2)
    1  3         1   2    1  1     1  0
    2  4       0.5  −1             0  1
    """

    kind = "matrix"
    own_sliders = True

    def __init__(
        self,
        layer: Affine | Relu,
        x: ArrayLike,
        dout: ArrayLike | None = None,
        *,
        name: str = "matrix",
        caption: str = "",
        backward: bool = True,
    ):
        given = {"X": np.array(as_float(x), dtype=np.float64)}
        if type(layer) is Affine:
            given["W"] = np.array(layer.W, dtype=np.float64)
            given["b"] = np.array(layer.b, dtype=np.float64)
        elif type(layer) is not Relu:
            kind = layer if isinstance(layer, type) else type(layer)
            raise TypeError(
                "MatrixFigure: the layer must be an Affine or a Relu of nnlib.layers, such as "
                f"Affine(W, b), got {kind.__module__}.{kind.__qualname__}"
            )
        _check_numbers(given)
        output = _compute(given)[0]["Y"]
        dout = np.ones_like(output) if dout is None else as_float(dout, "dout")
        given["dY"] = np.array(dout, dtype=np.float64)
        _check_numbers(given)
        self._given = given
        self._at_start = _compute(given)
        self._formulas = _AFFINE if "W" in given else _RELU
        if sum(matrix.size for matrix in given.values()) > MOST:
            sizes = ", ".join(f"{n} {matrix.shape}" for n, matrix in given.items())
            raise ValueError(
                f"MatrixFigure: {sizes} are more than {MOST} numbers together, too many for a "
                "reader to follow; take fewer samples or a smaller layer"
            )
        self.backward = backward
        controls = {
            cell: _control(float(matrix[index]), float(np.abs(matrix).max()))
            for n, matrix in given.items()
            if backward or n != "dY"
            for cell, index in _cells(n, matrix.shape)
        }
        super().__init__(name=name, caption=caption, controls=controls)

    @property
    def inputs(self) -> dict[str, float]:
        """The numbers in the input cells; also those between two steps, which Python may set."""
        return {n: float(slider.value) for n, slider in self.sliders.items()}

    @property
    def values(self) -> Matrices:
        """The matrices at the present slider positions."""
        return self._now()[0]

    @property
    def gradients(self) -> Matrices:
        """The gradients at the same positions; "Y" is the upstream gradient."""
        return self._now()[1]

    def _now(self) -> tuple[Matrices, Matrices]:
        inputs = self.inputs
        return _compute(
            {
                n: np.array([inputs.get(cell, m[i]) for cell, i in _cells(n, m.shape)]).reshape(
                    m.shape
                )
                for n, m in self._given.items()
            }
        )

    @property
    def _layer(self) -> str:
        return "Affine" if self._formulas is _AFFINE else "Relu"

    def __repr__(self) -> str:
        values, gradients = self._now()
        forward = [_block(n, matrix) for n, matrix in values.items()]
        backward = [_block(f"d{n}", gradients[n]) if n in gradients else [] for n in values]
        columns = zip(forward, backward, strict=True)
        widths = [max(len(line) for block in column for line in block) for column in columns]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for blocks in ((forward, backward) if self.backward else (forward,))
            for line in zip_longest(*blocks, fillvalue="")
        ]
        return "\n".join([self._layer, *lines])

    def _stage(self) -> str:
        values, gradients = self._now()
        forward = [self._table("value", n, matrix) for n, matrix in values.items()]
        backward = [
            self._table("gradient", n, gradients[n]) if n in gradients else _EMPTY for n in values
        ]
        lines = "".join(
            f'<div role="group" aria-label="{escape(say(f"still.matrix.{way}"))}">'
            f"{''.join(tables)}</div>"
            for way, tables in (("forward", forward), ("backward", backward))
            if self.backward or way == "forward"
        )
        beside = sum(matrix.shape[-1] for matrix in values.values()) <= BESIDE
        return f'<div class="nn-arrays{" nn-beside" if beside else ""}">{lines}</div>'

    def _table(self, kind: str, name: str, matrix: Array) -> str:
        """Return a matrix as HTML: its name, its shape, where it comes from, and its cells."""
        shown = name if kind == "value" else f"d{name}"
        about = escape(say(f"still.matrix.{self._layer}.{shown}"))
        sign = self._formulas.signs.get(shown, "")
        cells = [
            f'<td data-index="{",".join(map(str, index))}" '
            f"{hook(kind, name, float(matrix[index]))}</td>"
            for index in np.ndindex(matrix.shape)
        ]
        rows = "".join(f"<tr>{''.join(row)}</tr>" for row in _rows(cells, matrix.shape))
        return (
            f'<div class="nn-array"><p><b>{shown}</b> {matrix.shape}<br>{about}</p>'
            f'<span class="nn-sign" aria-hidden="true">{sign}</span>'
            f'<table aria-label="{shown} {matrix.shape} {about}"><tbody>{rows}</tbody></table>'
            "</div>"
        )

    def _data(self) -> dict[str, Any]:
        values, gradients = self._at_start
        shapes = {n: matrix.shape for n, matrix in values.items()}
        if self.backward:
            shapes |= {f"d{n}": gradients[n].shape for n in values if n in gradients}
        return {"cells": _Wiring(self._formulas, shapes).data()}

    def _code(self) -> str:
        text = {n: _places(n, matrix.shape) for n, matrix in self._given.items()}
        layer = f"Affine(W={text['W']}, b={text['b']})" if "W" in text else "Relu()"
        last = f"    dout={text['dY']},\n" if self.backward else "    backward=False,\n"
        return (
            f"from nnlib.layers import {self._layer}\n"
            "from nnlib.live import MatrixFigure\n\n"
            f"MatrixFigure(\n    {layer},\n    x={text['X']},\n{last}"
            f"    name={self.name!r},\n    caption={self.caption!r},\n)\n"
        )


_EMPTY = "<div></div>"  # keeps the place of a gradient that there is none of


class _Wiring:
    """Which cells make which: a layer's formulas, for matrices of these shapes."""

    def __init__(self, formulas: _Formulas, shapes: dict[str, tuple[int, ...]]):
        self.formulas = formulas
        self.rules = {result: rule for result, rule in formulas.rules.items() if result in shapes}
        one_sample = len(shapes["X"]) == 1  # its matrices have no index n
        self.letters = {
            n: formulas.letters[n.removeprefix("d")].replace("n" if one_sample else "-", "")
            for n in shapes
        }
        self.sizes: At = {}
        for n, shape in shapes.items():
            self.sizes |= zip(self.letters[n], shape, strict=True)
        cells = [
            (n, dict(zip(self.letters[n], index, strict=True)))
            for n, shape in shapes.items()
            for index in np.ndindex(shape)
        ]
        self.cells = {self.key(*cell): cell for cell in cells}
        self.terms = {key: self._terms(*cell) for key, cell in self.cells.items()}

    def key(self, matrix: str, at: At) -> str:
        """Return "dW[1, 0]" if `at` says d = 1, m = 0; "dW[1, :]", a row, if only d = 1."""
        return f"{matrix}[{', '.join(str(at.get(letter, ':')) for letter in self.letters[matrix])}]"

    def _terms(self, matrix: str, at: At) -> list[list[str]]:
        """Return the products that add up to a cell, each as the cells that are multiplied."""
        terms = []
        for product in self.rules.get(matrix, []):
            over = {letter for m in product for letter in self.letters[m] if letter not in at}
            for i in range(max([1, *(self.sizes[letter] for letter in over)])):
                terms.append([self.key(m, at | dict.fromkeys(over, i)) for m in product])
        return terms

    def goes(self, key: str) -> list[str]:
        """Return all cells that a cell helps to make."""
        direct = [k for k, terms in self.terms.items() if any(key in term for term in terms)]
        return direct + [further for k in direct for further in self.goes(k)]

    def uses(self, matrix: str, at: At) -> list[str]:
        """Return the same in words: a row, column or cell, and what it is multiplied by."""
        found = []
        for result, products in self.rules.items():
            for product in products:
                if matrix in product:
                    place = self.key(result, at)
                    by = "".join(self.key(m, at) for m in product if m != matrix)
                    found.append(say("still.matrix.times", place=place, by=by) if by else place)
                    found += self.uses(result, at)
        return found

    def data(self) -> list[dict[str, Any]]:
        """Return what the script needs to know of each cell; it calls them by their numbers."""
        numbers = {key: i for i, key in enumerate(self.cells)}
        rows = []
        for key, (matrix, at) in self.cells.items():
            if rule := self.rules.get(matrix):
                parts = [self.key(m, at) for product in rule for m in product]
                terms = [[numbers[k] for k in term] for term in self.terms[key]]
                row: dict[str, Any] = {
                    "terms": terms,
                    "apply": self.formulas.apply.get(matrix, "sum"),
                }
            else:
                parts = self.uses(matrix, at)
                row = {"goes": [numbers[k] for k in self.goes(key)]}
            rows.append({"key": key, "parts": ", ".join(parts), **row})
        return rows


def _compute(given: Matrices) -> tuple[Matrices, Matrices]:
    """Return the values and the gradients, by nnlib's own layers; without a dY only values."""
    if "W" in given:
        return _affine(given)
    x, dout = given["X"], given.get("dY")
    relu = Relu()
    y = relu.forward(x)
    values = {"X": x, "mask": relu.mask.astype(np.float64), "Y": y}
    return values, {} if dout is None else {"X": relu.backward(dout), "Y": dout}


def _affine(given: Matrices) -> tuple[Matrices, Matrices]:
    x, dout = given["X"], given.get("dY")
    affine = Affine(given["W"], given["b"])
    values = {"X": x, "W": affine.W, "b": affine.b, "Y": affine.forward(x)}
    if dout is None:
        return values, {}
    dx = affine.backward(dout)
    return values, {"X": dx, "W": affine.dW, "b": affine.db, "Y": dout}


def _check_numbers(given: Matrices) -> None:
    for n, matrix in given.items():
        if matrix.ndim not in (1, 2) or not matrix.size or max(matrix.shape) > LONGEST:
            raise ValueError(
                f"MatrixFigure: {n} has shape {matrix.shape}; a figure shows a matrix, or one "
                f"sample (D,), of 1 to {LONGEST} rows and columns"
            )
        if not (np.abs(matrix) <= LARGEST).all():  # also where it is not a number
            raise ValueError(
                f"MatrixFigure: {n} must be finite numbers of at most {LARGEST:g}, "
                f"got {matrix.tolist()}"
            )


def _cells(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give the name of each slider, such as "X[0,1]", and the index of its cell."""
    for index in np.ndindex(shape):
        yield f"{name}[{','.join(map(str, index))}]", index


def _rows(cells: list[str], shape: tuple[int, ...]) -> list[list[str]]:
    width = shape[-1]
    return [cells[i : i + width] for i in range(0, len(cells), width)]


def _places(name: str, shape: tuple[int, ...]) -> str:
    """Return a matrix as Python, with a place for each number."""
    cells = [f"⟦{cell}⟧" for cell, _ in _cells(name, shape)]
    rows = [f"[{', '.join(row)}]" for row in _rows(cells, shape)]
    return f"[{', '.join(rows)}]" if len(shape) == 2 else rows[0]


def _control(value: float, largest: float) -> Control:
    """Return a slider to twice the largest number, at least to 5, that has `value` on a step."""
    twice = 2 * Decimal(largest)
    power = Decimal(10) ** twice.adjusted()
    bound = max(Decimal(5), power * ceil(twice / power))
    step = Decimal(10) ** (bound / 50).adjusted()
    exact = Decimal(repr(value))
    low = exact - step * ((exact + bound) // step)
    high = exact + step * ((bound - exact) // step)
    return Control(value, float(low), float(high), float(step))


def _block(name: str, matrix: Array) -> list[str]:
    """Return the lines of a matrix as text."""
    rows = [[format_number(float(x)) for x in row] for row in np.atleast_2d(matrix)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(x.rjust(w) for x, w in zip(row, widths, strict=True)) for row in rows]
    return [f"{name} {matrix.shape}", *lines]
