"""The count of a figure's steps, against numbers that count what is done to them."""

import pytest
from counted import Counted
from hypothesis import given
from hypothesis import strategies as st

from nnlib.graph import Graph, Variable
from nnlib.layers import AddLayer, MulLayer
from nnlib.live import GraphFigure
from nnlib.live.counting import counts


def so_far():
    return Counted.done["×"], Counted.done["+"]


def walk(rows, values):
    """Go forward and backward through a graph of + and ×; yield the count after each step."""
    Counted.done.update({"×": 0, "+": 0})
    yield so_far()
    layers, values = {}, [Counted(x) for x in values]
    for i, (symbol, a, b) in enumerate(rows, start=len(values)):
        layers[i] = {"*": MulLayer, "+": AddLayer}[symbol]()
        values.append(layers[i].forward(values[a], values[b]))
        yield so_far()
    gradients = {len(values) - 1: Counted(1)}
    yield so_far()
    for i, (_, a, b) in reversed(list(enumerate(rows, start=len(values) - len(rows)))):
        for k, part in zip((a, b), layers[i].backward(gradients[i]), strict=True):
            gradients[k] = gradients[k] + part if k in gradients else Counted(part)
        yield so_far()


@st.composite
def graphs(draw):
    """The rows of a graph of three inputs in which every row uses the one before."""
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        newest = 2 + len(rows)
        other = draw(st.integers(0, newest))
        rows.append((draw(st.sampled_from("*+")), newest, other))
    return rows


@given(graphs())
def test_each_step_counts_what_the_layers_do(rows):
    inputs = [Variable(float(n), name) for n, name in enumerate("xyz", start=1)]
    values = list(inputs)
    for symbol, a, b in rows:
        values.append(values[a] * values[b] if symbol == "*" else values[a] + values[b])
    graph = Graph(values[-1])
    # What no path leads to is not in the graph; the inputs that are stand first in both.
    used = [v for v in inputs if v.name in graph.inputs]
    moved = {values.index(v): k for k, v in enumerate(used)}
    moved |= {3 + k: len(used) + k for k in range(len(rows))}
    renamed = [(symbol, moved[a], moved[b]) for symbol, a, b in rows]
    assert counts(graph) == list(walk(renamed, [v.value for v in used]))


def test_the_shop_of_two_kinds_of_fruit_says_what_it_takes():
    names = ["apple", "apple_number", "orange", "orange_number", "tax"]
    a, n, b, m, t = (Variable(1.0, name) for name in names)
    sliders = {name: (0, 2, 1) for name in names}
    html = GraphFigure((a * n + b * m) * t, sliders, count=True).view.html
    assert "Counted so far: 9 × and 1 +." in html
    assert "Central differences for 5 inputs take 10 forward passes: 30 × and 10 +." in html


@pytest.mark.parametrize("made", [lambda x: x.exp(), lambda x: (x * [1.0, 2.0]).sum()])
def test_other_nodes_and_arrays_are_refused(made):
    with pytest.raises(ValueError, match=r"count=True is for graphs of \+ and × of numbers"):
        GraphFigure(made(Variable(1.0, "x")), {"x": (0, 2, 1)}, count=True)
