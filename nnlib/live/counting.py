"""How many multiplications and additions the steps through a graph take."""

from __future__ import annotations

from itertools import accumulate

from nnlib.graph import Graph
from nnlib.layers import AddLayer, Layer, MulLayer
from nnlib.words import say

Count = tuple[int, int]  # multiplications, additions
FORWARD: dict[type[Layer], Count] = {AddLayer: (0, 1), MulLayer: (1, 0)}
BACKWARD: dict[type[Layer], Count] = {AddLayer: (0, 0), MulLayer: (2, 0)}


def counts(graph: Graph) -> list[Count]:
    """Return what is counted before the first step and after each: forward, the 1, backward.

    Where a value fans out, what comes back is added: one addition for each use but one.

    Raises
    ------
    ValueError
        If the graph has other nodes than + and ×, or computes with arrays.

    Examples
    --------
    >>> from nnlib.graph import Variable
    >>> x, y = Variable(3.0, name="x"), Variable(2.0, name="y")
    >>> counts(Graph(x * y + x))
    [(0, 0), (1, 0), (1, 1), (1, 1), (1, 1), (3, 2)]
    """
    nodes = [(v.node, v) for v in graph.variables.values() if v.node is not None]
    for node, v in nodes:
        if type(node) not in FORWARD or not isinstance(v.value, float):
            raise ValueError(
                "GraphFigure: count=True is for graphs of + and × of numbers; this one has "
                f"{type(node).__name__} with an output of {v.value!r}: leave count out"
            )
    used: set[int] = set()
    backward = []
    for node, v in reversed(nodes):
        multiplications, additions = BACKWARD[type(node)]
        for source in v.inputs:
            additions += id(source) in used
            used.add(id(source))
        backward.append((multiplications, additions))
    steps = [(0, 0), *(FORWARD[type(node)] for node, _ in nodes), (0, 0), *backward]
    return list(accumulate(steps, lambda a, b: (a[0] + b[0], a[1] + b[1])))


def counted(count: Count) -> str:
    """Return a count in words.

    Examples
    --------
    >>> counted((9, 1))
    'Counted so far: 9 × and 1 +.'
    """
    return say("still.graph.counted", multiplications=count[0], additions=count[1])


def differences(graph: Graph) -> str:
    """Return what central differences for all inputs with a name would take, in words.

    Examples
    --------
    >>> from nnlib.graph import Variable
    >>> differences(Graph(Variable(3.0, name="x") * Variable(2.0, name="y")))
    'Central differences for 2 inputs take 4 forward passes: 4 × and 0 +.'
    """
    passes = 2 * len(graph.inputs)
    nodes = sum(v.node is not None for v in graph.variables.values())
    multiplications, additions = (passes * count for count in counts(graph)[nodes])
    return say(
        "still.graph.differences",
        inputs=len(graph.inputs),
        passes=passes,
        multiplications=multiplications,
        additions=additions,
    )
