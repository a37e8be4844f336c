"""The drawing of a graph as SVG text: values above the edges, derivatives below them.

`marks` has what is drawn of each variable, `layout` says where; here they are joined by edges.
"""

from __future__ import annotations

from html import escape
from math import sqrt
from typing import Any

import numpy as np

from nnlib.cells import hook
from nnlib.graph import Graph, shown
from nnlib.layers import Layer, PowLayer
from nnlib.layout import RADIUS, Layout, Room, layout
from nnlib.marks import BOX, Mark, box, box_width, word
from nnlib.variable import Variable
from nnlib.words import say

__all__ = ["contributions", "describe", "graph_svg", "hook", "symbol"]

SYMBOLS = {
    "AddLayer": "+",
    "MulLayer": "×",
    "MatMulLayer": "@",
    "SumLayer": "Σ",
    "ExpLayer": "exp",
    "LogLayer": "log",
    "ReciprocalLayer": "1/x",
    "Relu": "ReLU",
    "Sigmoid": "σ",
}
SUPERSCRIPT = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")
SUMMED = 3  # uses: of up to so many the contributions are written out


def symbol(layer: Layer) -> str:
    """Return what is written into the circle of a node.

    Raises
    ------
    ValueError
        If the layer is not one that a graph can be drawn with.

    Examples
    --------
    >>> symbol(PowLayer(2))
    'x²'
    """
    if isinstance(layer, PowLayer):
        return "x" + f"{layer.exponent:g}".translate(SUPERSCRIPT)
    name = type(layer).__name__
    if name not in SYMBOLS:
        raise ValueError(
            f"{name} cannot be drawn as a node; a drawn graph is made of "
            f"{', '.join([*SYMBOLS, 'PowLayer'])}"
        )
    return SYMBOLS[name]


def describe(graph: Graph, *, backward: bool = True) -> str:
    """Return the numbers of a graph as sentences, for those who do not see the picture.

    Without `backward`, the values alone.

    Examples
    --------
    >>> describe(Graph(Variable(3.0, name="x") * 2.0))
    'y = 6. x = 3, derivative of y with respect to x = 2.'
    >>> print(describe(Graph(Variable([1.0, -2.0], name="x").sum())))
    y = −1. x = [1, −2], derivative of y with respect to x = [1, 1].
    >>> describe(Graph(Variable(3.0, name="x") * 2.0), backward=False)
    'x = 3. y = 6.'
    """
    values, gradients, y = graph.values, graph.gradients, graph.output
    if not backward:
        named = {name: value for name, value in values.items() if name not in graph.unnamed}
        return " ".join(say("value", name=name, value=shown(v)) for name, v in named.items())
    parts = [
        say(
            "still.graph.derivative",
            name=name, value=shown(values[name]), y=y, derivative=shown(gradients[name]),
        )
        for name in values
        if name != y
    ]  # fmt: skip
    result = say("still.graph.output", name=y, value=shown(graph.variables[y].value))
    return " ".join([result, *parts])


def contributions(graph: Graph) -> dict[str, list[Any]]:
    """Return what comes back to each variable from each of its uses, the last use first.

    Their sum is the derivative. Constants and the output, from which it starts, are left out.

    Examples
    --------
    >>> x = Variable(3.0, name="x")
    >>> contributions(Graph(x * 2.0 + x))
    {'x': [1.0, 2.0], 'v1': [1.0]}
    """
    names = {id(variable): name for name, variable in graph.variables.items()}
    arrived: dict[str, list[Any]] = {name: [] for name in graph.values if name != graph.output}
    with np.errstate(all="ignore"):  # an infinite derivative is shown as such
        for variable in reversed(graph.variables.values()):
            if variable.node is None:
                continue
            parts = variable.node.backward(variable.grad)
            for source, part in zip(
                variable.inputs, parts if len(variable.inputs) > 1 else (parts,), strict=True
            ):
                if names[id(source)] in arrived:
                    arrived[names[id(source)]].append(part)
    return arrived


def graph_svg(graph: Graph, *, backward: bool = True) -> str:
    """Return the SVG text of a graph, without `backward` that of its values alone.

    An array is drawn entry by entry, one of more than 24 entries as a heat map.

    Raises
    ------
    ValueError
        If an array has more than two axes or more than 256 entries, or a layer has no symbol.

    Examples
    --------
    >>> graph_svg(Graph(Variable(3.0, name="x") * 2.0)).count("nn-node")
    1
    """
    y, half, arrived = graph.output, box_width(graph.output), contributions(graph)
    marks = [_mark(graph, n, v, arrived.get(n, [])) for n, v in graph.variables.items()]
    at = layout(graph, [mark.room for mark in marks], Room(half_width=half))
    sources = [row.get("inputs", []) for row in graph.to_dict()["variables"]]
    edges, boxes, labels = [], [], []
    for i, mark in enumerate(marks):
        edges += _edges_into(at, marks, i, sources[i])
        boxes += _forks(at, i, [j for j in range(len(marks)) for k in sources[j] if k == i])
        boxes.append(mark.source(at.x[i], at.y[i], at.half_width[i]))
        labels.append(mark.labels(at.middle[i], at.y[i], backward=backward))
    edges.append(
        _path(f"M{at.x[-1] + at.half_width[-1]:g} {at.y[-1]:g}H{at.output_x - half:g}", y, "")
    )
    boxes.append(box(at.output_x, at.y[-1], half, BOX, word(at.output_x, at.y[-1], y)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {at.width:g} {at.height:g}" '
        f'width="{at.width:g}" height="{at.height:g}" role="img" fill="currentColor" '
        'font-family="system-ui, sans-serif" font-size="15" text-anchor="middle">'
        f"<title>{escape(say('still.graph.title', y=y))}</title>"
        f"<desc>{escape(describe(graph, backward=backward))}</desc>"
        f"{''.join(edges)}{''.join(boxes)}{''.join(labels)}</svg>"
    )


def _mark(graph: Graph, name: str, variable: Variable, parts: list[Any]) -> Mark:
    if name in graph.constants:
        return Mark(name, variable.value)
    in_a_box = variable.node is None or name == graph.output or name in graph.unnamed
    written = 1 < len(parts) <= SUMMED and isinstance(variable.value, float)
    return Mark(
        name,
        variable.value,
        variable.grad,
        symbol(variable.node) if variable.node else "",
        "" if in_a_box else name,
        parts if written else [],
    )


def _edges_into(at: Layout, marks: list[Mark], i: int, inputs: list[int]) -> list[str]:
    """Level from the source, then a bend, and into the circle."""
    paths = []
    for source, port in zip(inputs, at.port[i], strict=True):
        level, arrival, (x0, x1) = at.y[source], at.y[i] + port, at.bend[i]
        middle, end = (x0 + x1) / 2, at.x[i] - sqrt(RADIUS**2 - port**2)
        d = f"M{at.x[source] + at.half_width[source]:g} {level:g}H"
        if abs(arrival - level) >= 0.5:
            d += f"{x0:g}C{middle:g} {level:g} {middle:g} {arrival:g} {x1:g} {arrival:g}H"
        paths.append(_path(f"{d}{end:.1f}", marks[source].name, marks[i].name))
    return paths


def _forks(at: Layout, i: int, users: list[int]) -> list[str]:
    """Return a dot at each place where a line divides."""
    bends = sorted(at.bend[j][0] for j in users)
    return [
        f'<circle class="nn-fork" cx="{x:g}" cy="{at.y[i]:g}" r="4"/>'
        for x in sorted(set(bends))
        if x < bends[-1] or bends.count(x) > 1
    ]


def _path(d: str, source: str, target: str) -> str:
    return (
        f'<path class="nn-edge" data-from="{escape(source)}" data-to="{escape(target)}" d="{d}" '
        'fill="none" stroke="#888" stroke-width="2"/>'
    )
