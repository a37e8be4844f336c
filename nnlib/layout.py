"""Where the parts of a drawn graph stand: columns from left to right, rows from top to bottom.

Every variable owns one level line, which starts at its source (an input's box or a node's circle)
and runs to the last node that uses it. A node stands one column right of its inputs. All variables
get one order from top to bottom; wherever two lines share a column, the later one lies below. So
no edge runs through a node, and a label beside a source meets nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnlib.crossings import top_to_bottom
from nnlib.functions import Array
from nnlib.graph import Graph

RADIUS = 23.0
MARGIN = 14.0
GAP = 8.0  # between what stands in one column
SMALL = 5  # columns: in a graph of more, an input stands near its first use
STRAIGHT, STIFF = 1e4, 1e7  # springs, beside the 1 and less of a usual edge


@dataclass(frozen=True)
class Room:
    """What a variable needs: its source, and the labels on the edge to the right of it.

    Attributes
    ----------
    half_width, half_height : float
        Of the source, a circle or a box.
    labels, above, below : float
        The width of the labels, and how far they reach above and below the edge; 0 without any.
    """

    half_width: float = RADIUS
    half_height: float = RADIUS
    labels: float = 0.0
    above: float = 0.0
    below: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Positions in SVG units, in the order of `Graph.variables`.

    Attributes
    ----------
    x, y : list of float
        Centre of each variable's source.
    half_width : list of float
        Of each source: a circle's radius, or half a box.
    middle : list of float
        Centre of each variable's labels, the same for all in a column.
    bend : list of (float, float)
        From where to where the edges into each node change their level.
    port : list of list of float
        How far above (negative) or below its centre each edge arrives at a node.
    output_x : float
        Centre of the box with the name of the output.
    width, height : float
    """

    x: list[float]
    y: list[float]
    half_width: list[float]
    middle: list[float]
    bend: list[tuple[float, float]]
    port: list[list[float]]
    output_x: float
    width: float
    height: float


def layout(graph: Graph, rooms: list[Room], output: Room) -> Layout:
    """Return positions for a graph whose variables need this much room.

    Parameters
    ----------
    graph : Graph
    rooms : list of Room
        In the order of `Graph.variables`.
    output : Room
        Of the box with the name of the output.

    Examples
    --------
    >>> from nnlib.variable import Variable
    >>> graph = Graph(Variable(2.0, name="x") * Variable(3.0, name="w"))
    >>> positions = layout(graph, [Room(labels=90, above=30, below=34)] * 3, Room())
    >>> positions.y
    [44.0, 116.0, 80.0]
    """
    sources = [row.get("inputs", []) for row in graph.to_dict()["variables"]]
    constant = [name in graph.constants for name in graph.variables]
    count = len(sources)
    users = [[j for j in range(count) if i in sources[j]] for i in range(count)]
    column = _columns(sources, users, constant)
    last = [max((column[j] - 1 for j in users[i]), default=column[i] + 1) for i in range(count)]
    order = top_to_bottom(sources, column, last)
    y = _rows(order, _springs(sources, constant, column), column, last, rooms)
    port = [_ports(inputs, y, at, constant) for inputs, at in zip(sources, y, strict=True)]

    half = [room.half_width for room in rooms]
    at_left = [i for i in range(count) if column[i] == 0 and not constant[i]]
    for i in at_left:
        half[i] = max(half[j] for j in at_left)
    steps = [
        max((abs(y[j] - y[i] - p) for j, p in zip(sources[i], port[i], strict=True)), default=0.0)
        for i in range(count)
    ]
    x, middle, bend = _across(column, half, [room.labels for room in rooms], steps)
    output_x = middle[-1] + rooms[-1].labels / 2 + output.half_width
    bottom = max(y[i] + max(rooms[i].half_height, rooms[i].below) for i in range(count))
    width, height = output_x + output.half_width + MARGIN, bottom + MARGIN
    return Layout(x, y, half, middle, bend, port, output_x, width, height)


def _across(
    column: list[int], half: list[float], labels: list[float], steps: list[float]
) -> tuple[list[float], list[float], list[tuple[float, float]]]:
    """Return for each variable the centres of its source and its labels, and the bend before it.

    Edges need some width to change their level; level ones need none but for a little air.
    """
    centre, middle, bend, right = [], [], [], MARGIN
    for c in range(column[-1] + 1):
        here = [i for i in range(len(column)) if column[i] == c]
        labelled = [i for i in here if labels[i]]
        step = max(steps[i] for i in here)
        left = right
        if c:
            right += 10.0 if step < 0.5 else min(44.0, 24.0 + 0.25 * step)
        bend.append((left, right))
        centre.append(right + max(half[i] for i in here))
        middle.append(centre[c] + max((half[i] + labels[i] / 2 for i in labelled), default=0.0))
        right = max(
            max(centre[c] + half[i] for i in here),
            max((middle[c] + labels[i] / 2 for i in labelled), default=0.0),
        )
    return [centre[c] for c in column], [middle[c] for c in column], [bend[c] for c in column]


def _ports(inputs: list[int], y: list[float], at: float, constant: list[bool]) -> list[float]:
    """Return where edges arrive at a node whose centre is `at`: the upper one above.

    What meets a constant goes straight into the middle, and an edge that is nearly level straight
    to the side.
    """
    if len(inputs) < 2:
        return [0.0] * len(inputs)
    sides = [-1.0, 1.0] if y[inputs[0]] <= y[inputs[1]] else [1.0, -1.0]
    if constant[inputs[0]] != constant[inputs[1]]:
        return [17 * side if constant[i] else 0.0 for i, side in zip(inputs, sides, strict=True)]
    steps = [y[i] - at for i in inputs]
    return [
        step if 5 < step * side < 17 else 9 * side for step, side in zip(steps, sides, strict=True)
    ]


def _columns(sources: list[list[int]], users: list[list[int]], constant: list[bool]) -> list[int]:
    """Return a column for each variable: a node right of its inputs, a constant near its use.

    Named inputs stand at the left, in a graph of many columns like the constants.
    """
    column: list[int] = []
    for inputs in sources:
        column.append(1 + max(column[i] for i in inputs) if inputs else 0)
    for i in range(len(sources)):
        if users[i] and not sources[i] and (constant[i] or max(column) > SMALL):
            column[i] = min(column[j] for j in users[i]) - 1
    return column


def _springs(sources: list[list[int]], constant: list[bool], column: list[int]) -> Array:
    """Return springs along the edges; a stiff one makes an edge straight if nothing hinders."""
    springs = 1e-9 * np.eye(len(sources))
    for i, inputs in enumerate(sources):
        free = {j for j in inputs if not constant[j]}
        for j in inputs:
            # A node at the left is the nearer to its inputs.
            _join(springs, j, i, STRAIGHT if free == {j} else 1 / column[i] ** 2)
    return springs


def _rows(
    order: list[int], springs: Array, column: list[int], last: list[int], rooms: list[Room]
) -> list[float]:
    """Return heights that make the edges as short as the order and the room of each variable allow.

    Least squares over the edges; lines that come too close are pushed apart by a stiffer spring,
    and this is solved again until the same springs are at work twice.
    """
    count = len(order)
    above = [max(room.half_height, room.above) for room in rooms]
    below = [max(room.half_height, room.below) for room in rooms]
    apart: dict[tuple[int, int], float] = {}
    for k, j in enumerate(order):
        for i in order[:k]:
            if column[i] <= last[j] and column[j] <= last[i]:  # one of them is a mere line there?
                apart[i, j] = GAP + below[i] * (column[i] >= column[j])
                apart[i, j] += above[j] * (column[j] >= column[i])
    y: Array = np.zeros(count)
    pushing = None
    for _ in range(50):  # pragma: no branch: it settles in a few
        near = [(i, j) for i, j in apart if y[j] - y[i] < apart[i, j]]
        if near == pushing:
            break
        pushing = near
        stiff, force = springs.copy(), np.zeros(count)
        for i, j in pushing:
            _join(stiff, i, j, STIFF)
            force[j] += STIFF * apart[i, j]
            force[i] -= STIFF * apart[i, j]
        y = np.linalg.solve(stiff, force)
    for i, j in apart:  # what little the springs gave way
        y[j] = max(y[j], y[i] + apart[i, j])
    top = min(y[i] - above[i] for i in range(count))
    # A little more, so that halves are rounded up on every machine.
    return [round(float(v) + 1e-4, 1) for v in y - top + MARGIN]


def _join(springs: Array, i: int, j: int, strength: float) -> None:
    """Add a spring that pulls i and j together."""
    springs[[i, j], [i, j]] += strength
    springs[[i, j], [j, i]] -= strength
