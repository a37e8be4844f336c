"""Graphs: values and derivatives against differences, order, copies, errors."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_graphs import random_graph

from nnlib.graph import Graph, Variable
from nnlib.layers import Layer, MulLayer
from nnlib.variable import apply

seeds = st.integers(0, 2**32 - 1)


def by_differences(graph, name, h=1e-6):
    """The derivative by a five-point difference, which is wrong by about h**4 only."""
    x = graph.values[name]
    h *= max(1.0, abs(x))

    def f(step):
        return graph.at(**{name: x + step}).values[graph.output]

    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


@given(seeds)
def test_gradients_agree_with_differences(seed):
    graph = random_graph(seed)
    largest = max(abs(g) for g in graph.gradients.values())
    for name in graph.inputs:
        numerical = by_differences(graph, name)
        assert graph.gradients[name] == pytest.approx(numerical, rel=1e-5, abs=1e-6 * largest)


@given(seeds)
def test_a_graph_computes_on_copies_of_its_own(seed):
    x = Variable(1.5, name="x")
    y = (x * x + 1).log()
    y.backward(dout=3.0)
    before = x.value, x.grad, y.value, y.grad
    graph = Graph(y)
    graph.at(x=float(seed % 7))
    assert (x.value, x.grad, y.value, y.grad) == before
    assert graph.values["x"] == 1.5


@given(seeds)
def test_backward_twice_gives_the_same(seed):
    graph = random_graph(seed)
    output = graph.variables[graph.output]
    before = graph.gradients
    output.backward()
    output.backward()
    assert graph.gradients == before


def test_a_value_that_is_used_twice_gets_the_sum():
    x = Variable(3.0)
    y = x * x + x
    y.backward()
    assert x.grad == 7.0
    z = x + x
    z.backward()
    assert x.grad == 2.0


def test_a_variable_says_what_it_is():
    x = Variable(2.0, name="x")
    assert repr(x) == "Variable(2.0, name='x')"
    assert repr(x * 2) == "Variable(4.0)"
    assert ((x * 2).name, x.grad) == (None, None)
    assert Variable(2**70).value == 2.0**70


def test_an_infinite_derivative_is_shown_without_a_warning():
    x = Variable(0.0)
    (x**0.5).backward()
    assert x.grad == np.inf


def test_a_chain_of_5000_nodes_needs_no_recursion():
    x = Variable(0.0, name="x")
    y = x
    for _ in range(5000):
        y = y + 1.0
    y.backward()
    assert (y.value, x.grad) == (5000.0, 1.0)


def test_arrays_flow_through_a_graph_too():
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]), name="x")
    b = Variable(np.array([10.0, 20.0]), name="b")
    y = x * 2.0 + b
    y.backward()
    np.testing.assert_array_equal(y.value, [[12.0, 24.0], [16.0, 28.0]])
    np.testing.assert_array_equal(b.grad, [2.0, 2.0])  # summed over the rows it was added to


def test_the_array_that_was_given_is_not_touched():
    given_array = np.array([1.0, 2.0])
    x = Variable(given_array)
    given_array[0] = 99.0
    assert x.value[0] == 1.0


@pytest.mark.parametrize(
    ("expression", "value", "derivative"),
    [
        (lambda x: 5 - x, 3.0, -1.0),
        (lambda x: x - 5, -3.0, 1.0),
        (lambda x: 6 / x, 3.0, -1.5),
        (lambda x: x / 4, 0.5, 0.25),
        (lambda x: -x, -2.0, -1.0),
        (lambda x: x**3, 8.0, 12.0),
        (lambda x: x**0, 1.0, 0.0),
        (lambda x: 3 + x, 5.0, 1.0),
        (lambda x: 3 * x, 6.0, 3.0),
        (lambda x: np.float64(3) * x, 6.0, 3.0),
        (lambda x: x - np.uint8(1), 1.0, 1.0),
        (lambda x: np.uint8(1) - x, -1.0, -1.0),
        (lambda x: (x - 3).relu(), 0.0, 0.0),
    ],
)
def test_numbers_may_stand_on_either_side(expression, value, derivative):
    x = Variable(2.0)
    y = expression(x)
    y.backward()
    assert (y.value, x.grad) == (value, derivative)
    assert type(y.value) is type(x.grad) is float


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (lambda x: -x, ["MulLayer"]),
        (lambda x: x - 5, ["AddLayer"]),
        (lambda x: 5 - x, ["MulLayer", "AddLayer"]),
        (lambda x: 1 / x, ["ReciprocalLayer"]),
        (lambda x: 1.0 / x, ["ReciprocalLayer"]),
        (lambda x: 2 / x, ["ReciprocalLayer", "MulLayer"]),
        (lambda x: x / x, ["ReciprocalLayer", "MulLayer"]),
        (lambda x: x**-1, ["PowLayer"]),
    ],
)
def test_an_operation_is_made_of_few_nodes(expression, expected):
    rows = Graph(expression(Variable(2.0, "x"))).to_dict()["variables"]
    assert [row["layer"] for row in rows if "layer" in row] == expected


def test_an_array_may_stand_to_the_left_of_a_matrix_product():
    x = Variable([5.0, 6.0])
    y = np.array([[1.0, 2.0], [3.0, 4.0]]) @ x
    y.backward([1.0, 10.0])
    np.testing.assert_array_equal(y.value, [17.0, 39.0])
    np.testing.assert_array_equal(x.grad, [31.0, 42.0])


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Variable(float("nan")), ValueError, "finite"),
        (lambda: Variable(float("inf")), ValueError, "finite"),
        (lambda: Variable("2"), TypeError, "^the value of a Variable must be real numbers"),
        (lambda: Variable(2.0) - "2", TypeError, "^what is taken away must be real numbers"),
        (lambda: Variable(2.0).backward("2"), TypeError, "^dout must be real numbers"),
        (lambda: Variable(1e308) * 10, ValueError, r"MulLayer of 1e\+308 and 10\.0 is inf"),
        (lambda: Variable(Variable(2.0)), TypeError, "got a Variable"),
        (lambda: Variable(2.0, name=3), TypeError, "must be a string, got 3"),
        (lambda: Variable(0.0).log(), ValueError, "LogLayer of 0.0 is -inf"),
        (lambda: 1 / Variable(0.0), ValueError, "not a finite number"),
        (lambda: Variable(1000.0).exp(), ValueError, "not a finite number"),
        (lambda: Variable(-2.0) ** 0.5, ValueError, "not a finite number"),
        (lambda: np.dot(Variable(1.0), 2.0), TypeError, r"^np\.dot does not know Variable"),
        (lambda: 2 ** Variable(3.0), TypeError, r"np\.log\(2\)"),
        (lambda: Variable(2.0) ** Variable(3.0), TypeError, r"exp\(y \* log\(x\)\)"),
        (
            lambda: Variable([1.0, 2.0]) + Variable([1.0, 2.0, 3.0]),
            ValueError,
            "do not go together",
        ),
        (lambda: Variable([1.0, 2.0]) @ [1.0], ValueError, "MatMulLayer.*(2,).*(1,)"),
        (lambda: Variable([1.0, 2.0]).backward([1.0] * 3), ValueError, r"dout has shape \(3,\)"),
        (lambda: Variable(1.0).backward([1.0]), ValueError, r"value has shape \(\)"),
        (lambda: Graph(3.0), TypeError, "expected a Variable"),
        (lambda: Graph(Variable(1.0, "x") + Variable(2.0, "x")), ValueError, "called 'x'"),
        (lambda: Graph(Variable(1.0, "x") * 2).at(z=1.0), ValueError, "'z' is not an input"),
        (lambda: Graph(Variable(1.0, "x") * 2).at(x=np.nan), ValueError, "finite"),
    ],
)
def test_bad_input_is_told_clearly(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_a_graph_of_arrays_shows_their_numbers_and_goes_through_json():
    graph = Graph((Variable([[1.0, 2.0]], "x") @ Variable([[3.0], [4.0]], "w")).sum())
    assert str(graph).splitlines()[1].split("  ")[-1] == "[[3, 4]]"
    assert "<td>[[1, 2]]</td><td>[[3, 4]]</td>" in graph._repr_html_()
    assert graph._repr_html_().startswith("<svg")
    assert json.loads(json.dumps(graph.to_dict())) == graph.to_dict()
    assert graph.to_dict()["variables"][0]["value"] == [[1.0, 2.0]]


def test_a_graph_shows_itself_in_a_notebook_as_a_picture_and_a_table():
    x = Variable(3.0, name="x")
    html = Graph(x * x)._repr_html_()
    assert html.count("<svg") == 1
    assert '<th scope="row">x</th><td>3</td><td>6</td>' in html


def test_a_layer_of_ones_own_can_be_a_node():
    class Double(Layer):
        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            return 2 * dout

    graph = Graph(apply(Double(), Variable(3.0, name="x")) + 1)
    assert graph.gradients["x"] == 2.0
    assert '<th scope="row">x</th><td>3</td><td>2</td>' in graph._repr_html_()


def test_a_gradient_too_few_is_told():
    class OneForTwo(MulLayer):
        def backward(self, dout):
            return (dout,)

    y = apply(OneForTwo(), Variable(2.0), Variable(3.0))
    with pytest.raises(ValueError, match="shorter"):
        y.backward()


def test_a_long_graph_shows_its_beginning_and_its_end():
    x = Variable(0.0, name="x")
    y = x
    for _ in range(200):
        y = y + 1.0
    shown = str(Graph(y)).splitlines()
    assert len(shown) == 12
    assert shown[1].split() == ["x", "0", "1"]
    assert shown[6].split() == ["…", "…", "…"]
    assert shown[-1].split() == ["y", "200", "1"]
    assert "<svg" not in Graph(y)._repr_html_()


def test_arrays_of_a_graph_are_read_only():
    x = Variable([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    for array in (x.value, x.grad):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5.0


def test_made_up_names_do_not_clash_with_given_ones():
    x = Variable(2.0, name="v1")
    graph = Graph((x * 3 + 1) * 2)
    assert list(graph.variables) == ["v1", "c1", "v2", "c2", "v3", "c3", "y"]
    assert (graph.inputs, graph.output) == (["v1"], "y")
    assert Graph(Variable(2.0, name="y") * 3).output == "v1"


def test_a_graph_as_plain_data():
    x = Variable(3.0, name="x")
    assert Graph((x + 2) ** 2).to_dict() == {
        "variables": [
            {"name": "x", "value": 3.0},
            {"name": "c1", "value": 2.0, "constant": True},
            {"name": "v1", "layer": "AddLayer", "inputs": [0, 1]},
            {"name": "y", "layer": "PowLayer", "inputs": [2], "exponent": 2.0},
        ]
    }


@pytest.mark.parametrize(
    ("variables", "picture", "listed"),
    [(30, True, 30), (31, False, 31), (50, False, 50), (51, False, 11)],
)
def test_a_graph_that_is_not_long_shows_all(variables, picture, listed):
    y = Variable(1.0, name="x")
    for _ in range(variables - 1):
        y = y.sigmoid()
    html = Graph(y)._repr_html_()
    assert html.startswith("<svg" if picture else "<div")
    assert html.count('<th scope="row">') == listed
    assert '>variable</th><th scope="col">value</th><th scope="col">dy/d…</th>' in html
