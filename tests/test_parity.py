"""The script of the live figures computes the same numbers as nnlib: in Node and in Chromium."""

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from random_graphs import random_graph

from nnlib.formatting import format_number
from nnlib.graph import Graph, Variable

SCRIPT = Path(__file__).resolve().parents[1] / "nnlib" / "live" / "live.js"
EVALUATE = """({ graph, inputs }) => {
  const text = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, String(v)]));
  const { values, gradients } = BackpropLive.evaluate(graph, inputs);
  return { values: text(values), gradients: text(gradients) };
}"""
FORMAT = "(x) => BackpropLive.format(Number(x))"
IN_NODE = """
const fs = require("fs");
const { task, items } = JSON.parse(fs.readFileSync(0, "utf8"));
const script = fs.readFileSync(process.argv[1], "utf8");
const run = new Function(`${script}; return ${task};`)();
process.stdout.write(JSON.stringify(items.map(run)));
"""


def in_node(node, task, items):
    answer = subprocess.run(
        [node, "-e", IN_NODE, SCRIPT],
        input=json.dumps({"task": task, "items": items}),
        capture_output=True,
        encoding="utf-8",
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def numbers(strings):
    """Numbers as JavaScript writes them."""
    spelt = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
    return {name: float(spelt.get(text, text)) for name, text in strings.items()}


def cases():
    """300 random graphs, each at inputs up to 20 % away from those that it was built with."""
    rng = np.random.default_rng(0)
    for seed in range(300):
        graph = random_graph(seed, operations=4 + seed % 15)
        inputs = {n: graph.values[n] * rng.uniform(0.8, 1.2) for n in graph.inputs}
        yield graph, inputs


def assert_same(graph, inputs, found):
    """Agreement to 1e-12, relative to the number, or to a thousandth of the graph's largest.

    The second matters where a number is what two large ones leave over: there the last bit of exp
    or log, which may differ between two languages, is multiplied.
    """
    there = graph.at(**inputs)
    for kind in ("values", "gradients"):
        python = getattr(there, kind)
        javascript = numbers(found[kind])
        finite = [abs(v) for v in python.values() if math.isfinite(v)]
        for name, expected in python.items():
            got = javascript[name]
            if math.isfinite(expected):
                allowed = 1e-12 * max(abs(expected), 1e-3 * max(finite))
                assert abs(got - expected) <= allowed, (kind, name, expected, got, graph.to_dict())
            else:
                assert str(got) == str(expected), (kind, name, expected, got, graph.to_dict())


def test_random_graphs_give_the_same_numbers_in_node(node):
    given = list(cases())
    items = [{"graph": graph.to_dict(), "inputs": inputs} for graph, inputs in given]
    for (graph, inputs), found in zip(given, in_node(node, EVALUATE, items), strict=True):
        assert_same(graph, inputs, found)


def test_random_graphs_give_the_same_numbers_on_a_built_page(site_url, page, page_errors):
    given = list(cases())
    page.goto(f"{site_url}/chapters/04-computational-graphs.html")
    items = [{"graph": graph.to_dict(), "inputs": inputs} for graph, inputs in given]
    found = page.evaluate(f"(items) => items.map({EVALUATE})", items)
    for (graph, inputs), answer in zip(given, found, strict=True):
        assert_same(graph, inputs, answer)
    assert page_errors.all() == []


def one_node_graphs():
    x, y = Variable(1.0, name="x"), Variable(2.0, name="y")
    expressions = [
        x + y, x - y, x * y, x / y, 1 / x, x**2, x**0.5, x**-1, x**0, x.exp(), x.log(), x.relu(),
        x.sigmoid(), x * x,
    ]  # fmt: skip
    return [Graph(e) for e in expressions]


def test_extreme_inputs_give_the_same_finite_infinite_or_undefined_numbers(node):
    extremes = [0.0, -0.0, 1e-300, -1e-300, 1e300, -1e300, 30.0, -30.0, 800.0, -800.0, -1.5]
    given = [
        (graph, {n: v if n == "x" else w for n in graph.inputs})
        for graph in one_node_graphs()
        for v in extremes
        for w in ([1.0, 0.0, -1e300] if len(graph.inputs) > 1 else [1.0])
    ]
    items = [{"graph": graph.to_dict(), "inputs": inputs} for graph, inputs in given]
    for (graph, inputs), found in zip(given, in_node(node, EVALUATE, items), strict=True):
        assert_same(graph, inputs, found)


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "hasOwnProperty"])
def test_names_that_mean_something_to_javascript(node, name):
    graph = Graph(Variable(3.0, name=name) * Variable(2.0, name="x"))
    for inputs in ({}, {"x": 5.0}):
        (found,) = in_node(node, EVALUATE, [{"graph": graph.to_dict(), "inputs": inputs}])
        assert float(found["values"]["y"]) == graph.at(**inputs).values["y"]


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1.0, 1e3, 1e6, 1e12])
def test_numbers_are_shown_with_the_same_digits(node, scale):
    rng = np.random.default_rng(1)
    given = [float(v) for v in rng.normal(scale=scale, size=300)]
    given += [0.0, -0.0, 220.00000000000003, 1234.5, 2.5, 0.00012345, 999950.0, 999999.5, 1e6, 1e-4]
    given += [round(v) for v in given[:50]] + [round(v, 3) for v in given[:50]]
    shown = in_node(node, FORMAT, [repr(v) for v in given])
    assert shown == [format_number(v) for v in given]
    assert in_node(node, FORMAT, ["NaN", "Infinity", "-Infinity"]) == [
        format_number(v) for v in (math.nan, math.inf, -math.inf)
    ]
