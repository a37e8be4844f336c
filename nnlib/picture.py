"""The drawing of a graph as SVG text: values above the edges, derivatives below them.

Colours and strokes stand in the attributes, so that the picture is readable where no style sheet
is; in a notebook and on the website the style of the live figures refines it. The elements that
hold numbers carry the hooks by which the live figures keep them up to date.
"""

from __future__ import annotations

from html import escape
from math import cos, pi, sin

from nnlib.formatting import format_number
from nnlib.graph import Graph
from nnlib.layers import Layer, PowLayer
from nnlib.layout import BEND, LABELS, RADIUS, Layout, layout
from nnlib.variable import Variable

SYMBOLS = {
    "AddLayer": "+",
    "MulLayer": "×",
    "ExpLayer": "exp",
    "LogLayer": "log",
    "ReciprocalLayer": "1/x",
    "Relu": "ReLU",
    "Sigmoid": "σ",
}
DERIVATIVE = "#b4531c"  # readable on white and on black
SUPERSCRIPT = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")


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


def describe(graph: Graph) -> str:
    """Return the numbers of a graph as sentences, for those who do not see the picture.

    Examples
    --------
    >>> describe(Graph(Variable(3.0, name="x") * 2.0))
    'y = 6. x = 3, derivative of y with respect to x = 2.'
    """
    values, gradients, y = graph.values, graph.gradients, graph.output
    parts = [
        f"{name} = {format_number(values[name])}, derivative of {y} with respect to {name} = "
        f"{format_number(gradients[name])}."
        for name in values
        if name != y
    ]
    return " ".join([f"{y} = {format_number(values[y])}.", *parts])


def hook(kind: str, name: str, number: float) -> str:
    """Return the end of a tag that shows a number: its hooks, `data-exact`, and its text.

    Examples
    --------
    >>> hook("value", "x", 2 / 3)
    'data-value-of="x" data-exact="0.6666666666666666">0.6667'
    """
    return f'data-{kind}-of="{escape(name)}" data-exact="{number!r}">{format_number(number)}'


def refuse_arrays(graph: Graph) -> None:
    """Raise ValueError if a variable of the graph is an array."""
    for name, variable in graph.variables.items():
        if not isinstance(variable.data, float):
            raise ValueError(
                f"{name} is an array of shape {variable.data.shape}; a drawn graph holds numbers"
            )


def graph_svg(graph: Graph) -> str:
    """Return the SVG text of a graph of numbers.

    Raises
    ------
    ValueError
        If a variable is an array, or a layer has no symbol.

    Examples
    --------
    >>> graph_svg(Graph(Variable(3.0, name="x") * 2.0)).count("nn-node")
    1
    """
    refuse_arrays(graph)
    names = list(graph.variables)
    labels = [
        format_number(v.value) if n in graph.constants else n for n, v in graph.variables.items()
    ]
    at = layout(graph, labels)
    sources = [row.get("inputs", []) for row in graph.to_dict()["variables"]]
    edges, boxes, numbers = [], [], []
    for i, (name, variable) in enumerate(graph.variables.items()):
        edges += _edges_into(at, names, i, sources[i])
        boxes += _forks(at, i, [j for j in range(len(names)) for k in sources[j] if k == i])
        if variable.node:
            boxes.append(_circle(at.x[i], at.y[i], name, symbol(variable.node)))
        else:
            boxes.append(_box(at.x[i], at.y[i], at.half_width[i], labels[i]))
        if name not in graph.constants:
            middle = at.x[i] + at.half_width[i] + LABELS / 2
            numbers.append(_labels(middle, at.y[i], name, variable))
            if variable.inputs and name not in graph.unnamed and name != graph.output:
                numbers.append(_name(middle, at.y[i], name))
    end = at.output_x - at.output_half_width
    edges.append(_path(f"M{at.x[-1]:g} {at.y[-1]:g}H{end:g}", names[-1], ""))
    boxes.append(_box(at.output_x, at.y[-1], at.output_half_width, labels[-1]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {at.width:g} {at.height:g}" '
        f'width="{at.width:g}" height="{at.height:g}" role="img" fill="currentColor" '
        'font-family="system-ui, sans-serif" font-size="15" text-anchor="middle">'
        f"<title>Computational graph of {escape(graph.output)}</title>"
        f"<desc>{escape(describe(graph))}</desc>"
        f"{''.join(edges)}{''.join(boxes)}{''.join(numbers)}</svg>"
    )


def _edges_into(at: Layout, names: list[str], i: int, inputs: list[int]) -> list[str]:
    """Level from the source, then a bend into the circle; the upper source arrives above."""
    paths = []
    arrivals = sorted(range(len(inputs)), key=lambda k: at.y[inputs[k]])
    for place, k in enumerate(arrivals):
        source = inputs[k]
        angle = (place - (len(inputs) - 1) / 2) * pi / 4
        x, y = at.x[i] - RADIUS * cos(angle), at.y[i] + RADIUS * sin(angle)
        start, level = at.x[source] + at.half_width[source], at.y[source]
        d = (
            f"M{start:g} {level:g}H{at.bend[i]:g}C{at.bend[i] + BEND / 2:g} {level:g} "
            f"{x - BEND / 2:.1f} {y:.1f} {x:.1f} {y:.1f}"
        )
        paths.append(_path(d, names[source], names[i]))
    return paths


def _forks(at: Layout, i: int, users: list[int]) -> list[str]:
    """Return a dot at each place where a line divides."""
    bends = sorted(at.bend[j] for j in users)
    return [
        f'<circle class="nn-fork" cx="{x:g}" cy="{at.y[i]:g}" r="4" fill-opacity=".7"/>'
        for x in sorted(set(bends))
        if x < bends[-1] or bends.count(x) > 1
    ]


def _path(d: str, source: str, target: str) -> str:
    return (
        f'<path class="nn-edge" data-from="{escape(source)}" data-to="{escape(target)}" d="{d}" '
        'fill="none" stroke="currentColor" stroke-opacity=".4" stroke-width="2"/>'
    )


def _circle(x: float, y: float, name: str, text: str) -> str:
    size = 20 if len(text) == 1 else 14
    return (
        f'<g class="nn-node" data-node="{escape(name)}"><circle cx="{x:g}" cy="{y:g}" '
        f'r="{RADIUS:g}" fill="Canvas" stroke="currentColor" stroke-width="1.75"/>'
        f'<text x="{x:g}" y="{y:g}" dy=".35em" font-size="{size}">{escape(text)}</text></g>'
    )


def _box(x: float, y: float, half_width: float, text: str) -> str:
    return (
        f'<g class="nn-box"><rect x="{x - half_width:g}" y="{y - 18:g}" width="{2 * half_width:g}" '
        'height="36" rx="9" fill="Canvas" stroke="currentColor" stroke-opacity=".4" '
        'stroke-width="1.5"/>'
        f'<text x="{x:g}" y="{y:g}" dy=".35em">{escape(text)}</text></g>'
    )


def _name(x: float, y: float, name: str) -> str:
    return (
        f'<text class="nn-name" x="{x:g}" y="{y - 29:g}" font-size="12" fill-opacity=".75">'
        f"{escape(name)}</text>"
    )


def _labels(x: float, y: float, name: str, variable: Variable) -> str:
    """Return the value above the edge, and below it the derivative with an arrow back."""
    return (
        f'<text class="nn-value" x="{x:g}" y="{y - 9:g}" font-weight="600" '
        f"{hook('value', name, variable.value)}</text>"
        f'<g class="nn-derivative" fill="{DERIVATIVE}" font-style="italic">'
        f'<rect x="{x - 42:g}" y="{y + 6:g}" width="84" height="24" rx="12" fill="none"/>'
        f'<text x="{x:g}" y="{y + 23:g}">◂ <tspan '
        f"{hook('gradient', name, variable.grad)}</tspan></text></g>"
    )
