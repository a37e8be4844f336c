"""The drawing of a graph: no edge through a node, no label over another, true numbers."""

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_graph

from nnlib.graph import Graph, Variable
from nnlib.layers import Layer
from nnlib.layout import LABELS, RADIUS, layout
from nnlib.picture import graph_svg, symbol

SVG = "{http://www.w3.org/2000/svg}"
graphs = st.builds(random_graph, st.integers(0, 2**32 - 1), st.integers(1, 16))


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def boxes(graph):
    """Rectangles (left, top, right, bottom) of what is drawn at each variable: source, labels."""
    at = layout(graph, list(graph.variables))
    for i in range(len(graph.variables)):
        x, y, half = at.x[i], at.y[i], at.half_width[i]
        yield x - half, y - RADIUS, x + half, y + RADIUS
        yield x + half, y - 38, x + half + LABELS, y + 30


@settings(deadline=None)
@given(graphs)
def test_nothing_is_drawn_over_anything_else(graph):
    assert not [pair for pair in itertools.combinations(boxes(graph), 2) if overlap(*pair)], (
        graph.to_dict()
    )


@settings(deadline=None)
@given(graphs)
def test_level_lines_meet_no_node_and_no_label_of_another(graph):
    at = layout(graph, list(graph.variables))
    rows = graph.to_dict()["variables"]
    drawn = list(boxes(graph))
    for target, row in enumerate(rows):
        for source in row.get("inputs", []):
            start, end = at.x[source] + at.half_width[source], at.bend[target]
            assert start < end
            line = (start, at.y[source] - 1, end, at.y[source] + 1)
            others = drawn[: 2 * source] + drawn[2 * source + 2 :]
            assert not [box for box in others if overlap(line, box)], graph.to_dict()


@settings(deadline=None)
@given(graphs)
def test_the_picture_holds_every_number_exactly(graph):
    root = ET.fromstring(graph_svg(graph))
    for kind, numbers in (("value", graph.values), ("gradient", graph.gradients)):
        shown = {
            e.get(f"data-{kind}-of"): float(e.get("data-exact"))
            for e in root.iter()
            if e.get(f"data-{kind}-of")
        }
        assert shown == numbers


def test_the_picture_says_in_words_what_it_shows():
    apple, number, tax = Variable(100, "apple"), Variable(2, "number"), Variable(1.1, "tax")
    root = ET.fromstring(graph_svg(Graph(apple * number * tax)))
    assert root.find(f"{SVG}title").text == "Computational graph of y"
    assert "derivative of y with respect to apple = 2.2" in root.find(f"{SVG}desc").text


def test_names_are_escaped():
    root = ET.fromstring(graph_svg(Graph(Variable(1.0, '<a & "b">') * 2)))
    assert '<a & "b">' in [e.text for e in root.iter(f"{SVG}text")]


def test_the_same_graph_gives_the_same_bytes():
    assert graph_svg(random_graph(5)) == graph_svg(random_graph(5))


def test_what_cannot_be_drawn_is_told():
    class Other(Layer):
        pass

    with pytest.raises(ValueError, match="Other cannot be drawn"):
        symbol(Other())
    with pytest.raises(ValueError, match=r"x is an array of shape \(2,\)"):
        graph_svg(Graph(Variable([1.0, 2.0], "x") * 2))
