"""The script of the live figures computes the same numbers as nnlib: in Node and in Chromium."""

import json
import math
import subprocess

import numpy as np
import pytest
from random_graphs import random_array_graph, random_graph

from nnlib.formatting import format_number
from nnlib.graph import Graph, Variable
from nnlib.live.assets import script
from nnlib.picture import SYMBOLS

EVALUATE = """({ graph, inputs }) => {
  const write = (v) => (Array.isArray(v) ? v.map(write) : String(v)); // JSON has no Infinity
  const text = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, write(v)]));
  const { values, gradients } = BackpropLive.evaluate(graph, inputs);
  return { values: text(values), gradients: text(gradients) };
}"""
FORMAT = "(x) => BackpropLive.format(Number(x))"
IN_NODE = """
const fs = require("fs");
const { script, task, items } = JSON.parse(fs.readFileSync(0, "utf8"));
const run = new Function(`${script}; return ${task};`)();
process.stdout.write(JSON.stringify(items.map(run)));
"""


def in_node(node, task, items):
    answer = subprocess.run(
        [node, "-e", IN_NODE],
        input=json.dumps({"script": script(), "task": task, "items": items}),
        capture_output=True,
        encoding="utf-8",
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def numbers(strings):
    """Arrays of numbers, by name, as JavaScript writes them."""
    spelt = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
    read = np.vectorize(lambda text: float(spelt.get(text, text)))
    return {name: read(np.array(texts)) for name, texts in strings.items()}


def cases():
    """400 random graphs, each at inputs up to 20 % away from those that it was built with."""
    rng = np.random.default_rng(0)
    graphs = [random_graph(seed, operations=4 + seed % 15) for seed in range(200)]
    graphs += [random_array_graph(seed, operations=4 + seed % 9) for seed in range(200)]
    for graph in graphs:
        values = {n: graph.values[n] for n in graph.inputs}
        yield graph, {n: v * rng.uniform(0.8, 1.2, np.shape(v)) for n, v in values.items()}


def as_json(given):
    return [
        {"graph": graph.to_dict(), "inputs": {n: np.asarray(v).tolist() for n, v in inputs.items()}}
        for graph, inputs in given
    ]


def test_the_random_graphs_hold_every_layer_that_can_be_drawn():
    layers = {row.get("layer") for graph, _ in cases() for row in graph.to_dict()["variables"]}
    assert layers == {*SYMBOLS, "PowLayer", None}


def assert_same(graph, inputs, found):
    """Agreement to 1e-12, relative to the number, or to a thousandth of the graph's largest.

    The second matters where a number is what two large ones leave over: there the last bit of exp
    or log, which may differ between two languages, is multiplied.
    """
    there = graph.at(**inputs)
    for kind in ("values", "gradients"):
        python = getattr(there, kind)
        javascript = numbers(found[kind])
        everything = np.concatenate([np.ravel(v) for v in python.values()])
        largest = np.abs(everything[np.isfinite(everything)]).max()
        for name, expected in python.items():
            expected, got = np.asarray(expected), javascript[name]
            assert got.shape == expected.shape, (kind, name, graph.to_dict())
            allowed = 1e-12 * np.maximum(np.abs(expected), 1e-3 * largest)
            with np.errstate(invalid="ignore"):
                same = (np.abs(got - expected) <= allowed) | (got == expected)
            both_undefined = np.isnan(got) & np.isnan(expected)
            assert (same | both_undefined).all(), (kind, name, expected, got, graph.to_dict())


def test_random_graphs_give_the_same_numbers_in_node(node):
    given = list(cases())
    for (graph, inputs), found in zip(given, in_node(node, EVALUATE, as_json(given)), strict=True):
        assert_same(graph, inputs, found)


def test_random_graphs_give_the_same_numbers_on_a_built_page(site_url, page, page_errors):
    given = list(cases())
    page.goto(f"{site_url}/chapters/04-computational-graphs.html")
    found = page.evaluate(f"(items) => items.map({EVALUATE})", as_json(given))
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
    for (graph, inputs), found in zip(given, in_node(node, EVALUATE, as_json(given)), strict=True):
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
