"""Practice problems: exact, not trivial, the same in Python and in JavaScript, and on paper."""

import gzip
import itertools
import json
import re
import subprocess
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlib.difference import numerical_diff
from nnlib.formatting import format_number
from nnlib.live.assets import script
from nnlib.live.practice_figure import PracticeFigure
from nnlib.practice import problem, question, sheet, worksheet_svg
from nnlib.practice_rules import KINDS, templates_for

ALL = tuple(KINDS)
TAUGHT = [("add", "multiply"), ("add", "multiply", "relu"), ALL]
SETS = [
    nodes
    for count in range(1, len(ALL) + 1)
    for nodes in itertools.combinations(ALL, count)
    if {"add", "multiply"} & set(nodes)
]
MANY = [(seed, ALL) for seed in range(600)] + [(seed, ALL[:2]) for seed in range(600)]
SEEDS = st.integers(0, 2**32 - 1)
LAYER = {"AddLayer": "add", "MulLayer": "multiply", "PowLayer": "square", "Relu": "relu",
         "ReciprocalLayer": "reciprocal"}  # fmt: skip


def structure(graph):
    """What goes into what, by name, whatever the nodes compute."""
    rows = graph.to_dict()["variables"]
    return {r["name"]: [rows[i]["name"] for i in r.get("inputs", [])] for r in rows}


def layers(graph):
    return {r["name"]: r["layer"] for r in graph.to_dict()["variables"] if "layer" in r}


# --- the same in both languages ---

MAKE = r"""
const fs = require("fs");
const { data, seeds } = JSON.parse(fs.readFileSync(0, "utf8"));
const text = fs.readFileSync(process.argv[1], "utf8")
  .replace(/return\{(?=[^{}]*\};\}\)\(\);$)/, "return{problem,");
const live = new Function(`${text}; return BackpropLive;`)();
const made = seeds.map((seed) => {
  const graph = live.problem(data, seed);
  return { ...graph, ...live.evaluate(graph) };
});
process.stdout.write(JSON.stringify(made));
"""


def in_javascript(node, folder, nodes, seeds):
    """The problems that the script makes from what a figure's HTML gives it."""
    html = PracticeFigure(nodes).view.html
    data = json.loads(re.search(r'class="nn-data">(.*)</script>', html)[1])
    (folder / "live.js").write_text(script(), encoding="utf-8")
    answer = subprocess.run(
        [node, "-e", MAKE, folder / "live.js"],
        input=json.dumps({"data": data, "seeds": seeds}),
        capture_output=True,
        encoding="utf-8",
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def assert_same(graph, made):
    assert {v["name"]: v["layer"] for v in made["variables"] if "layer" in v} == layers(graph)
    names = [v["name"] for v in made["variables"]]
    sources = {v["name"]: [names[i] for i in v.get("inputs", [])] for v in made["variables"]}
    assert sources == structure(graph)
    assert made["values"] == graph.values  # to the last bit
    assert made["gradients"] == graph.gradients


@pytest.mark.parametrize("nodes", TAUGHT)
def test_python_and_javascript_make_the_same_problems(node, tmp_path, nodes):
    seeds = [*range(2000), *range(2**32 - 50, 2**32), 123_456_789, 0x6D2B79F5]
    for seed, made in zip(seeds, in_javascript(node, tmp_path, nodes, seeds), strict=True):
        assert_same(problem(seed, nodes), made)


@pytest.mark.parametrize("nodes", SETS, ids="-".join)
def test_any_nodes_make_the_same_problems_in_both_languages(node, tmp_path, nodes):
    seeds = list(range(24))  # each template twice
    for seed, made in zip(seeds, in_javascript(node, tmp_path, nodes, seeds), strict=True):
        graph = problem(seed, nodes)
        assert_same(graph, made)
        assert {LAYER[layer] for layer in layers(graph).values()} <= set(nodes)


# --- exact ---


def shown(number):
    """A number as it is shown, as a fraction, and its significant digits."""
    text = format_number(number).replace("−", "-")
    return Fraction(text), len(text.lstrip("-").replace(".", "").strip("0"))


def forward_mode(graph, moving):
    """Value and derivative with respect to one variable, of each variable, in fractions.

    Dual numbers: nothing here goes backward.
    """
    duals = {}
    for row in graph.to_dict()["variables"]:
        if "layer" not in row:
            x, dx = Fraction(row["value"]), Fraction(0)
        else:
            (a, da), (b, db) = ([duals[list(duals)[i]] for i in row["inputs"]] * 2)[:2]
            x, dx = {
                "AddLayer": lambda a=a, da=da, b=b, db=db: (a + b, da + db),
                "MulLayer": lambda a=a, da=da, b=b, db=db: (a * b, da * b + a * db),
                "PowLayer": lambda a=a, da=da: (a * a, 2 * a * da),
                "Relu": lambda a=a, da=da: (a, da) if a > 0 else (Fraction(0), Fraction(0)),
                "ReciprocalLayer": lambda a=a, da=da: (1 / a, -da / (a * a)),
            }[row["layer"]]()
        duals[row["name"]] = (x, Fraction(1) if row["name"] == moving else dx)
    return duals


def test_every_number_is_exact_in_three_digits():
    for seed, nodes in MANY:
        graph = problem(seed, nodes)
        for name in graph.values:
            duals = forward_mode(graph, name)
            value, slope = duals[name][0], duals["L"][1]
            for exact, number in ((value, graph.values[name]), (slope, graph.gradients[name])):
                there, digits = shown(number)
                assert there == exact, (seed, nodes, name)
                assert digits <= 3
                assert abs(exact) <= 200


@given(seed=SEEDS, nodes=st.sampled_from(SETS))
def test_derivatives_agree_with_finite_differences(seed, nodes):
    graph = problem(seed, nodes)
    for name in graph.inputs:
        slope = numerical_diff(
            lambda x, name=name: graph.at(**{name: x}).values["L"], graph.values[name]
        )
        assert slope == pytest.approx(graph.gradients[name], rel=1e-4, abs=1e-5)


# --- not trivial, and no mistake goes unnoticed ---


def taken_for(number, right):
    """Whether an answer is judged right: three digits."""
    return abs(number - right) <= 1e-3 * abs(right)


def local_derivatives(layer, inputs, value):
    a, b = (inputs * 2)[:2]
    return {
        "AddLayer": [1, 1], "MulLayer": [b, a], "PowLayer": [2 * a], "Relu": [float(a > 0)],
        "ReciprocalLayer": [-value * value],
    }[layer]  # fmt: skip


def wrong_answers(graph):
    """Each common mistake: what is asked, what it is, the number that it gives."""
    rows = graph.to_dict()["variables"]
    values, slopes = list(graph.values.values()), list(graph.gradients.values())
    arriving = {i: [] for i in range(len(rows))}
    for n, row in enumerate(rows):
        if "layer" not in row:
            continue
        inputs = [values[i] for i in row["inputs"]]
        if row["layer"] == "MulLayer":
            yield values[n], "added, not multiplied", sum(inputs)
        if row["layer"] == "AddLayer":
            yield values[n], "multiplied, not added", inputs[0] * inputs[1]
        local = local_derivatives(row["layer"], inputs, values[n])
        for i, slope, own in zip(row["inputs"], local, inputs, strict=True):
            arriving[i].append((n, row["layer"], slope, own))
    for i, uses in arriving.items():
        yield slopes[i], "the value, not the derivative", values[i]
        parts = [slopes[n] * local for n, _, local, _ in uses]
        if len(parts) > 1:
            for part in parts:
                yield slopes[i], "one use of several", part
            yield slopes[i], "multiplied, not added", np.prod(parts)
        for (n, layer, local, own), part in zip(uses, parts, strict=True):
            rest, up = sum(parts) - part, slopes[n]
            if layer in ("AddLayer", "Relu") or not up:
                continue  # whatever is multiplied by 1 or 0
            if layer == "MulLayer":
                yield slopes[i], "the wrong input", rest + up * own
            yield slopes[i], "added, not multiplied", rest + up + local
            yield slopes[i], "without the local derivative", rest + up
            yield slopes[i], "value of the node", rest + up * values[n]
            yield slopes[i], "wrong sign", rest - part
            if not passes_all_the_way(rows, n):
                yield slopes[i], "without the upstream gradient", rest + local


def passes_all_the_way(rows, n):
    """Whether the upstream gradient of a node is 1 because only + and ReLU follow, once each."""
    users = [row for row in rows for i in row.get("inputs", []) if i == n]
    return not users or (
        len(users) == 1
        and users[0]["layer"] in ("AddLayer", "Relu")
        and passes_all_the_way(rows, rows.index(users[0]))
    )


def test_no_common_mistake_gives_a_right_answer():
    met = set()
    for seed, nodes in MANY:
        graph = problem(seed, nodes)
        for right, mistake, number in wrong_answers(graph):
            met.add(mistake)
            assert not taken_for(number, right), (seed, nodes, mistake, graph)
    assert len(met) == 9


def test_nothing_is_trivial():
    for seed, nodes in MANY:
        graph = problem(seed, nodes)
        inputs = [graph.values[name] for name in graph.inputs]
        assert len(set(inputs)) == len(inputs)
        off = [n for n, layer in layers(graph).items() if layer == "Relu" and not graph.values[n]]
        assert [n for n, value in graph.values.items() if value == 0] == off
        assert len(off) <= 1
        assert "L" not in off
        behind = {i for n in off for i in before(structure(graph), n)}
        assert {n for n, slope in graph.gradients.items() if slope == 0} == behind
        assert {abs(value) for value in graph.values.values()}.isdisjoint({1})
        if set(layers(graph).values()) & {"MulLayer", "PowLayer", "ReciprocalLayer"} and not off:
            assert set(graph.gradients.values()) != {1}


def before(sources, name):
    """All that a variable was computed from."""
    return {i for s in sources[name] for i in {s, *before(sources, s)}}


def test_a_product_is_met_in_every_problem_with_products():
    for seed in range(300):
        assert "MulLayer" in layers(problem(seed)).values()


def test_a_relu_is_sometimes_off():
    graphs = [problem(seed, TAUGHT[1]) for seed in range(600)]
    assert 20 < sum(0 in graph.values.values() for graph in graphs) < 120


# --- without end ---


@pytest.mark.parametrize("nodes", TAUGHT)
def test_problems_hardly_ever_repeat(nodes):
    assert len({str(problem(seed, nodes).to_dict()) for seed in range(2000)}) > 1900


@given(seed=st.integers(1, 2**32 - 1), nodes=st.sampled_from(SETS))
def test_a_seed_gives_one_problem_and_its_neighbour_another(seed, nodes):
    graph = problem(seed, nodes)
    assert problem(np.int64(seed), reversed(nodes)).to_dict() == graph.to_dict()
    assert structure(problem(seed - 1, nodes)) != structure(graph)


def test_the_shapes_of_graphs():
    """Trees and fan-outs of two to four inputs and two to five nodes, and each in turn."""
    for nodes, count in (((ALL[:2]), 7), (ALL, 12)):
        assert len(templates_for([KINDS[name] for name in nodes])) == count
        found = [structure(problem(seed, nodes)) for seed in range(count)]
        assert structure(problem(count, nodes)) == found[0]
        assert len({str(s) for s in found}) == count
        for sources in found:
            given = [name for name in sources if not sources[name]]
            assert 2 <= len(given) <= 4
            assert 2 <= len(sources) - len(given) <= 5
        uses = [[i for inputs in s.values() for i in inputs] for s in found]
        assert sum(len(used) > len(set(used)) for used in uses) >= 4  # something used twice


@pytest.mark.parametrize(
    ("seed", "nodes", "error", "says"),
    [
        (-1, ALL, ValueError, "from 0 to 4294967295, got -1; leave out the minus sign"),
        (2**32, ALL, ValueError, "take its last nine digits"),
        (1.5, ALL, TypeError, "whole number, got 1.5; give one such as 2026"),
        (2.0, ALL, TypeError, r"got 2.0; write int\(2.0\)"),
        ("7", ALL, TypeError, r"whole number, got '7'; write int\('7'\)"),
        ("x", ALL, TypeError, "got 'x'; give one such as 2026"),
        (np.array([1, 2]), ALL, TypeError, r"got array\(\[1, 2\]\); give one"),
        (True, ALL, TypeError, "whole number, got True"),
        (0, "add", TypeError, r"write \['add'\]"),
        (0, None, TypeError, r"several names, got None; write \['add', 'multiply'\]"),
        (0, 5, TypeError, r"several names, got 5; write \['add', 'multiply'\]"),
        (0, [["add"]], TypeError, r"each of nodes must be a name, got \['add'\]; write"),
        (0, ["plus"], ValueError, "no node 'plus'; there are add, multiply"),
        (0, ["relu", "square"], ValueError, "one of the nodes must be 'add' or 'multiply'"),
        (0, [], ValueError, "one of the nodes must be 'add' or 'multiply'"),
    ],
)
def test_what_is_refused(seed, nodes, error, says):
    for make in (problem, lambda s, n: sheet([s], n), lambda s, n: PracticeFigure(n, seed=s)):
        with pytest.raises(error, match=says):
            make(seed, nodes)


def test_a_sheet_without_seeds_is_refused():
    with pytest.raises(ValueError, match="give at least one, such as range"):
        sheet([])


@pytest.mark.parametrize(
    ("seeds", "says"),
    [
        (5, r"several whole numbers, got 5; write \[5\] or range\(5\)"),
        (20260001, r"got 20260001; write \[20260001\] or range\(20\)"),
        (None, r"got None; write \[2026\] or range\(20\)"),
        ("12", r"got '12'; write \[2026\] or range\(20\)"),
    ],
)
def test_one_seed_is_no_list_of_seeds(seeds, says):
    with pytest.raises(TypeError, match=says):
        sheet(seeds)


# --- pictures to fill in ---


def texts(svg):
    return [e.text for e in ElementTree.fromstring(svg).iter() if e.text]


@given(seed=SEEDS, nodes=st.sampled_from(SETS))
def test_a_picture_to_fill_in_does_not_give_an_answer_away(seed, nodes):
    graph = problem(seed, nodes)
    svg = worksheet_svg(graph)
    picture = list(ElementTree.fromstring(svg).iter())
    for kind, place, numbers in (
        ("value", "slot", graph.values),
        ("gradient", "pill", graph.gradients),
    ):
        given_here = set(graph.inputs) if kind == "value" else {"L"}
        for name, number in numbers.items():
            (text,) = [e for e in picture if e.get(f"data-{kind}-of") == name]
            (box,) = [e for e in picture if e.get(f"data-{place}-of") == name]
            assert (text.text or "") == (format_number(number) if name in given_here else "")
            assert (box.get("stroke") is None) == (name in given_here)
    symbols = [e[1].text for e in picture if e.get("class") == "nn-node"]
    known = {*symbols, *graph.values, "◂ ", "1", question(graph), "Computational graph of L"}
    known |= {format_number(graph.values[name]) for name in graph.inputs}
    assert set(texts(svg)) <= known
    assert svg.count("data-exact") == len(graph.inputs) + 1


@pytest.mark.parametrize("nodes", TAUGHT)
def test_one_picture_serves_all_problems_of_a_template(nodes):
    """Numbers and symbols apart: so the browser need not lay anything out."""

    def drawn(seed):
        svg = re.sub(
            r"<desc>.*?</desc>| data-exact=\"[^\"]*\"", "", worksheet_svg(problem(seed, nodes))
        )
        return re.sub(r">[^<]+<", "><", svg)

    count = len(templates_for([KINDS[name] for name in nodes]))
    for seed in range(count):
        assert len({drawn(seed + k * count) for k in range(8)}) == 1


# --- the sheet ---


def test_a_sheet_has_all_problems_and_then_the_key():
    seeds = [3, 2**32 - 1, 3]
    html = sheet(seeds, ALL)._repr_html_()
    pictures, key = html.split('class="nn-key"')
    assert [pictures.count(part) for part in ("<svg", 'nn-problem"')] == [3, 3]
    assert "break-before: page" in pictures
    tables = re.findall(r"<table>.*?</table>", key)
    for number, (seed, table) in enumerate(zip(seeds, tables, strict=True), 1):
        graph = problem(seed, ALL)
        assert f"Problem {number} (seed {seed})" in pictures
        assert f"Problem {number} (seed {seed})" in table
        cells = re.findall(r'<th scope="row">(\w)</th><td>(.*?)</td><td>(.*?)</td>', table)
        assert cells == [
            (n, format_number(graph.values[n]), format_number(graph.gradients[n]))
            for n in graph.values
        ]


def test_a_sheet_as_text_states_problems_and_key():
    asked, key = repr(sheet([5, 6])).split("\nKey\n")
    assert asked == f"Problem 1 (seed 5): {question(problem(5))}\nProblem 2 (seed 6): " \
                    f"{question(problem(6))}\n"  # fmt: skip
    assert str(problem(5)) in key
    assert str(problem(6)) in key


def test_a_sheet_is_saved_as_a_page(tmp_path):
    made = sheet(range(2))
    made.save(tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert made._repr_html_() in page


# --- the figure in Python ---


def test_a_figure_stands_without_a_script():
    figure = PracticeFigure(ALL, seed=9, name="fig-practice", caption="No < end.")
    graph = problem(9, ALL)
    html = figure.view.html
    stage = re.search(r'<div class="nn-stage">(.*?)</div>', html)[1]
    assert stage == worksheet_svg(graph)
    key = re.search(r"<details.*?</details>", html, re.DOTALL)[0]
    for numbers in (graph.values, graph.gradients):
        for number in numbers.values():
            assert f"<td>{format_number(number)}</td>" in key
    assert "No &lt; end." in html
    assert '<span>problem number</span> <input type="number" hidden data-input="seed"' in html
    assert " style=" not in html
    assert PracticeFigure(ALL, seed=9, name="fig-practice", caption="No < end.").view.html == html


def test_a_figure_is_small():
    html = PracticeFigure(ALL, seed=2**32 - 1, name="fig-practice").view.html
    assert len(gzip.compress(html.encode(), 9)) <= 15_000


def test_numbers_follow_the_seed():
    figure = PracticeFigure(iter(["multiply", "add"]), seed=7)
    for seed in (7, 8, 2**32 - 1):
        figure.sliders["seed"].value = seed
        graph = problem(seed)
        assert figure.seed == seed
        assert figure.values == graph.values
        assert figure.gradients == graph.gradients


@given(seed=SEEDS, nodes=st.sampled_from(SETS))
def test_as_text_a_figure_asks_and_does_not_answer(seed, nodes):
    figure, graph = PracticeFigure(nodes, seed=seed), problem(seed, nodes)
    title, head, *rows = figure._repr_mimebundle_()["text/plain"].splitlines()
    assert (title, head.split()) == (f"Problem {seed}", ["value", "dL/d…"])
    cells = [re.split(r" {2,}", row.strip()) for row in rows]
    given_here = [[n, format_number(graph.values[n]), "?"] for n in graph.inputs]
    assert cells[: len(given_here)] == given_here
    asked = cells[len(given_here) :]
    assert ", ".join(cell[0] for cell in asked) == question(graph).split(", ", len(given_here))[-1]
    assert [cell[1:] for cell in asked] == [["?", "?"]] * (len(asked) - 1) + [["?", "1"]]


def test_the_code_of_a_figure_makes_its_present_problem():
    figure = PracticeFigure(ALL[1:], seed=7, name='fig "odd"', caption="Ça va?\n")
    figure.sliders["seed"].value = 4_000_000_000
    names = {}
    exec(figure.code.replace("PracticeFigure(", "again = PracticeFigure("), names)
    assert (names["again"].seed, names["again"].values) == (figure.seed, figure.values)
    assert (names["again"].name, names["again"].caption) == (figure.name, figure.caption)
