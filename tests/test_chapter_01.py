"""Chapter 1, the perceptron: its numbers, its gates, its proof, its exercises and its quiz."""

import re
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from chapter import Chapter

from nnlib.functions import step

CHAPTER = Chapter("01-perceptron")
INPUTS = [(0, 0), (0, 1), (1, 0), (1, 1)]
GATES = {"AND": (0, 0, 0, 1), "NAND": (1, 1, 1, 0), "OR": (0, 1, 1, 1), "XOR": (0, 1, 1, 0)}
LAMP = {(0.9, 0.8): 1, (0.2, 0.9): 0, (1.0, 0.1): 0, (1.0, 0.3): 1}
TENTHS = range(-20, 21)


def table(w1, w2, b):
    """The four outputs, in fractions: nothing is rounded."""
    w1, w2, b = (Fraction(str(number)) for number in (w1, w2, b))
    return tuple(int(w1 * x1 + w2 * x2 + b > 0) for x1, x2 in INPUTS)


def tables(biases=TENTHS):
    """How many choices of whole numbers give each table; a count that knows nothing of Python's."""
    w1, w2, b = np.meshgrid(TENTHS, TENTHS, list(biases), indexing="ij")
    outputs = np.stack([w1 * x1 + w2 * x2 + b > 0 for x1, x2 in INPUTS], axis=-1).reshape(-1, 4)
    kinds, counts = np.unique(outputs.astype(int), axis=0, return_counts=True)
    return dict(zip(map(tuple, kinds.tolist()), counts.tolist(), strict=True))


def right(w1, w2, b):
    """How many of the lamp's four moments come out right, without rounding."""
    w1, w2, b = (Fraction(str(number)) for number in (w1, w2, b))
    return sum(
        int(w1 * Fraction(str(x1)) + w2 * Fraction(str(x2)) + b > 0) == t
        for (x1, x2), t in LAMP.items()
    )


def outputs(gate):
    return tuple(gate(x1, x2) for x1, x2 in INPUTS)


def shown(name, **moved):
    """The chapter's figure of a name with sliders moved: how many points are right, and its sum."""
    (source,) = [s for s in CHAPTER.code if f'name="{name}"' in s]
    call = source[source.index("PerceptronFigure(") :]
    figure = eval(call, dict(CHAPTER.at(f'name="{name}"')))
    for slider, value in moved.items():
        figure.sliders[slider].value = value
    return figure


def rights(figure):
    return int(re.search(r"(\d) of 4 points are right", repr(figure))[1])


def satisfied(conditions):
    """Whether inequalities in w1, w2 and b, as LaTeX, hold exactly where a table is met."""

    def holds(text, numbers):
        code = text.replace("_", "").replace(r"\le", "<=").replace("2b", "2 * b")
        return eval(code, dict(zip(("w1", "w2", "b"), numbers, strict=True)))

    return {n for n in product(range(-4, 5), repeat=3) if all(holds(c, n) for c in conditions)}


def rows_that_give(target):
    return {n for n in product(range(-4, 5), repeat=3) if table(*n) == target}


# --- exercises ---


def ticket():
    target = (0, 0, 1, 0)
    assert table(1, -1, -0.5) == target
    assert all(w1 > 0 > w2 and b <= 0 for w1, w2, b in rows_that_give(target))
    solution = CHAPTER.solution("ex-perceptron-1")
    conditions = re.findall(r"\$([^$]+)\$", solution)[:4]
    assert satisfied(conditions) == rows_that_give(target)
    assert "table(1, -1, -0.5)" in CHAPTER.source
    totals = [x1 - x2 - 0.5 for x1, x2 in INPUTS]
    assert totals == [-0.5, -1.5, 0.5, -0.5]
    assert "−0.5, −1.5, 0.5 and −0.5" in solution
    assert "0, 0, 1, 0" in CHAPTER.exercises["ex-perceptron-1"]


def equal():
    target = (1, 0, 0, 1)
    assert target not in tables()
    conditions = re.findall(r"\$([^$]+)\$", CHAPTER.solution("ex-perceptron-2"))
    wanted, sums = conditions[:4], conditions[4:6]
    assert satisfied(wanted) == set()
    assert satisfied([wanted[0], wanted[3]]) <= satisfied([sums[0]])
    assert satisfied(wanted[1:3]) <= satisfied([sums[1]])
    assert satisfied(sums) == set()
    met = [satisfied([c]) for c in wanted]
    for k, (row, wish) in enumerate(zip(INPUTS, target, strict=True)):
        every = product(range(-4, 5), repeat=3)
        assert met[k] == {n for n in every if table(*n)[INPUTS.index(row)] == wish}
    assert outputs(CHAPTER.after("ex-perceptron-2")["EQUAL"]) == target


def votes():
    def ballots(numbers):
        weights, bias = numbers
        return {
            vote
            for vote in product([0, 1], repeat=3)
            if sum(w * x for w, x in zip(weights, vote, strict=True)) + bias > 0
        }

    every = list(product([0, 1], repeat=3))
    majority = {vote for vote in every if sum(vote) >= 2}
    with_stop = {vote for vote in majority if vote[0]}
    assert (len(every), len(majority), len(with_stop)) == (8, 4, 3)
    found, start = CHAPTER.after("ex-perceptron-3"), CHAPTER.before("ex-perceptron-3")
    assert ballots(found["majority"]) == majority
    assert ballots(found["with_stop"]) == with_stop
    assert not ballots(start["majority"]) | ballots(start["with_stop"])
    for bias in (-1.9, -1.1):
        assert ballots(([1, 1, 1], bias)) == majority
        assert ballots(([2, 1, 1], bias - 1)) == with_stop
    assert "Expected: `[4, 3]`" in CHAPTER.exercises["ex-perceptron-3"]


def adder():
    found, start = CHAPTER.after("ex-perceptron-4"), CHAPTER.before("ex-perceptron-4")["add"]
    digits = [(x1 + x2) // 2 for x1, x2 in INPUTS], [(x1 + x2) % 2 for x1, x2 in INPUTS]
    expected = list(zip(*digits, strict=True))
    assert list(outputs(found["add"])) == expected
    assert f"`{expected}`" in CHAPTER.exercises["ex-perceptron-4"]
    assert list(outputs(start)) != expected
    assert found["add"].__code__.co_names == ("NAND",)
    calls = []

    def counted(x1, x2):
        calls.append((x1, x2))
        return 1 - x1 * x2

    def another_add(x1, x2):
        """Stands in for `add`: takes its code, with a NAND that counts."""

    another_add = type(another_add)(found["add"].__code__, {"NAND": counted})
    assert list(outputs(another_add)) == expected
    assert len(calls) == 4 * 5


def without_bias():
    everything, left = tables(), tables([0])
    assert (len(everything), len(left)) == (14, 6)
    assert len({t for t in everything if t[0]}) == 7
    assert [name for name, t in GATES.items() if t in left] == ["OR"]
    assert not any(t[0] for t in left)
    found = CHAPTER.after("ex-perceptron-5")
    assert found["tables_with"]([0]) == found["left"] == set(left)
    assert CHAPTER.before("ex-perceptron-5")["tables_with"](TENTHS) == set(everything)
    assert "left" not in CHAPTER.before("ex-perceptron-5")
    assert "6 tables are left" in CHAPTER.exercises["ex-perceptron-5"]
    conditions = re.findall(r"\$([^$]*[<>\\][^$]*)\$", CHAPTER.solution("ex-perceptron-5"))
    assert len(conditions) == 3
    assert satisfied(conditions) == set()


EXERCISES = {
    "ex-perceptron-1": ticket,
    "ex-perceptron-2": equal,
    "ex-perceptron-3": votes,
    "ex-perceptron-4": adder,
    "ex-perceptron-5": without_bias,
}


# --- quiz ---


def on_the_line():
    return str(table(2, -3, 1)[-1])


def turned_or():
    assert table(0.5, 0.5, -0.2) == GATES["OR"]
    return ", ".join(map(str, table(-0.5, -0.5, 0.2)))


def impossible():
    options = {
        "1 if the first input is 1, whatever the second is": lambda x1, x2: x1,
        "1 if the first input is 0 and the second is 1": lambda x1, x2: int(not x1 and x2),
        "1 if both inputs are equal": lambda x1, x2: int(x1 == x2),
    }
    possible = tables()
    (lost,) = [title for title, gate in options.items() if outputs(gate) not in possible]
    assert table(1, 0, -0.5) == (0, 0, 1, 1)
    assert table(-1, 1, -0.5) == (0, 1, 0, 0)
    return lost


def separable(points, labels):
    """Whether whole numbers from -6 to 6 separate points; enough for corners of a square."""
    return any(
        all((w1 * x1 + w2 * x2 + b > 0) == t for (x1, x2), t in zip(points, labels, strict=True))
        for w1, w2, b in product(range(-6, 7), repeat=3)
    )


def why_two_layers():
    rng = np.random.default_rng(1)
    corners = np.array(INPUTS, dtype=float)
    for _ in range(2000):  # nine parameters, no decision in between
        hidden = corners @ rng.normal(size=(2, 2)) + rng.normal(size=2)
        total = hidden @ rng.normal(size=2) + rng.normal()
        assert tuple((total > 0).astype(int)) != GATES["XOR"]
    moved = [(GATES["NAND"][i], GATES["OR"][i]) for i in range(4)]
    assert not separable(INPUTS, GATES["XOR"])
    assert separable(moved, GATES["XOR"])
    return "The hidden neurons move the points, and then one line is enough"


QUIZ = {
    "A perceptron has $w_1 = 2$, $w_2 = -3$ and $b = 1$. "
    "What does it put out for the input (1, 1)?": on_the_line,
    "All three numbers of OR, 0.5, 0.5 and −0.2, are multiplied by −1. "
    "What is the output for (0, 0), (0, 1), (1, 0), (1, 1)?": turned_or,
    "Which of these gates can no perceptron compute?": impossible,
    "Why can two layers do XOR, when one perceptron cannot?": why_two_layers,
}


# --- the chapter ---


def test_the_three_versions_agree_with_each_other_and_with_the_library():
    lamp = CHAPTER.at("def lamp")["lamp"]
    plain = CHAPTER.at("def perceptron(x1, x2, w1, w2, b)")["perceptron"]
    arrays = CHAPTER.at("def perceptron(x, w, b)")["perceptron"]
    rng = np.random.default_rng(0)
    for x1, x2, w1, w2, b in rng.normal(size=(300, 5)).tolist():
        x, w = np.array([x1, x2]), np.array([w1, w2])
        assert plain(x1, x2, w1, w2, b) == arrays(x, w, b) == step(w1 * x1 + w2 * x2 + b)
        assert lamp(x1, x2) == arrays(x, np.array([0.5, 0.5]), -0.7)
    x, w = rng.normal(size=(2, 50, 7))
    many = [arrays(*pair, 0.1) for pair in zip(x, w, strict=True)]
    assert many == step(np.sum(x * w, axis=1) + 0.1).tolist()
    assert 0 < sum(many) < 50
    for version in (plain(1, 1, 2, -3, 1), arrays(np.array([1, 1]), np.array([2, -3]), 1)):
        assert version == 0
        assert type(version) is int


def test_the_lamp_does_what_the_text_says():
    totals = [round(0.5 * x1 + 0.5 * x2, 6) for x1, x2 in LAMP]
    assert totals == [0.85, 0.55, 0.55, 0.65]
    CHAPTER.says("0.5 × 0.9 + 0.5 × 0.8 = 0.85", "The sum is 0.55: off", "0.5 + 0.15 − 0.7 = −0.05")
    found = CHAPTER.at('name="fig-perceptron-lamp"')
    assert dict(zip(map(tuple, found["moments"].tolist()), found["wanted"].tolist())) == LAMP  # noqa: B905
    assert right(0.5, 0.5, -0.7) == 3
    CHAPTER.says("Three of four come out right")


def test_two_of_three_sliders_mend_the_lamp():
    mended = {
        name: [
            value / 10
            for value in TENTHS
            if right(*({"w1": 0.5, "w2": 0.5, "b": -0.7} | {name: value / 10}).values()) == 4
        ]
        for name in ("w1", "w2", "b")
    }
    assert mended == {"w1": [0.6], "w2": [], "b": [-0.6]}
    CHAPTER.says("`w1` can do it, at 0.6, and so can `b`, at −0.6", "`w2` cannot")
    name = "fig-perceptron-lamp"
    for moved, count in (({}, 3), ({"w1": 0.6}, 4), ({"b": -0.6}, 4), ({"w2": 0.6}, 3)):
        assert rights(shown(name, **moved)) == count
    burning = shown(name, w2=0.7)
    assert burning.outputs.tolist() == [1, 1, 0, 1]
    CHAPTER.says("enough, at 0.7, and the lamp is on during a bright day, too")


def test_the_bias_goes_through_three_gates():
    names = {t: name for name, t in GATES.items()} | {(0, 0, 0, 0): "never", (1, 1, 1, 1): "always"}
    runs = {}
    for b in TENTHS:
        runs.setdefault(names[table(0.5, 0.5, b / 10)], []).append(b / 10)
    assert list(runs) == ["never", "AND", "OR", "always"]
    assert (runs["AND"][0], runs["AND"][-1]) == (-0.9, -0.5)
    assert (runs["OR"][0], runs["OR"][-1]) == (-0.4, 0)
    CHAPTER.says("AND from −0.9 to −0.5. From −0.4 to 0 the outputs are those of OR")
    CHAPTER.says("Further up the output is always 1, further down always 0")
    for gate in ("never", "AND", "OR", "always"):
        for b in runs[gate]:
            outputs = tuple(shown("fig-perceptron-and", b=b).outputs.tolist())
            assert names[outputs] == gate


def test_the_figures_begin_and_end_as_the_text_says():
    assert rights(shown("fig-perceptron-and")) == 4
    assert rights(shown("fig-perceptron-nand")) == 0
    assert rights(shown("fig-perceptron-nand", w1=-0.5, w2=-0.5, b=0.7)) == 4
    line = re.compile(r"The line .*")
    before, after = (
        line.search(repr(shown("fig-perceptron-nand", **moved)))[0]
        for moved in ({}, {"w1": -0.5, "w2": -0.5, "b": 0.7})
    )
    assert before == after
    assert rights(shown("fig-perceptron-xor", b=-0.2)) == 3
    assert rights(shown("fig-perceptron-moved")) == 2
    assert rights(shown("fig-perceptron-moved", b=-0.7)) == 4
    most = max(sum(a == t for a, t in zip(x, GATES["XOR"], strict=True)) for x in tables())
    assert most == 3
    CHAPTER.says("you get three points right, with the numbers of OR for example, and never four")


def test_the_gates_and_their_tables():
    found = CHAPTER.end
    for name, outs in GATES.items():
        assert outputs(found[name]) == outs, name
    assert found["inputs"] == INPUTS
    rows = re.findall(r"^\| (\d) \| (\d) \| (\d) \| (\d) \| (\d) \|$", CHAPTER.text, flags=re.M)
    truth = [(*x, *(GATES[n][i] for n in ("AND", "NAND", "OR"))) for i, x in enumerate(INPUTS)]
    assert [tuple(map(int, row)) for row in rows] == truth


def test_the_four_inequalities_say_what_xor_wants_and_contradict_each_other():
    row = r"^\| (\d) \| (\d) \| (\d) \| \$([^$]+)\$ \|$"
    rows = re.findall(row, CHAPTER.text, flags=re.M)
    assert [(int(x1), int(x2)) for x1, x2, _, _ in rows] == INPUTS
    assert tuple(int(t) for _, _, t, _ in rows) == GATES["XOR"]
    for k, (*_, t, condition) in enumerate(rows):
        every = product(range(-4, 5), repeat=3)
        assert satisfied([condition]) == {n for n in every if table(*n)[k] == int(t)}
    middle, outer = r"w_1 + w_2 + 2b > 0", r"w_1 + w_2 + 2b \le 0"
    CHAPTER.says(
        f"the two rows in the middle: ${middle}$", f"the first row and the last: ${outer}$"
    )
    conditions = [condition for *_, condition in rows]
    assert satisfied(conditions[1:3]) < satisfied([middle])
    assert satisfied([conditions[0], conditions[3]]) < satisfied([outer])
    assert satisfied([middle, outer]) == set()


def test_the_points_move_as_the_text_says():
    moved = CHAPTER.at('name="fig-perceptron-moved"')["moved"].tolist()
    assert moved == [[1, 0], [1, 1], [1, 1], [0, 1]]
    CHAPTER.says("(0, 0) has gone to (1, 0), and (1, 1) to (0, 1)", "have both gone to (1, 1)")
    assert not separable(INPUTS, GATES["XOR"])
    assert separable(moved, GATES["XOR"])


def test_the_band_lies_between_the_two_lines():
    f = CHAPTER.at("def xor_of_rows")["xor_of_rows"]
    rows = np.random.default_rng(0).uniform(-0.4, 1.4, size=(500, 2))
    total = rows.sum(axis=1)
    assert f(rows).tolist() == ((total > 0.4) & (total < 1.4)).tolist()
    assert f(rows).tolist() == [CHAPTER.end["XOR"](*row) for row in rows]
    assert 100 < f(rows).sum() < 400


def test_the_search_counts_what_another_count_gives():
    counts = tables()
    assert sum(counts.values()) == 41**3 == 68_921
    found = CHAPTER.at("found = Counter")["found"]
    assert dict(found) == counts
    assert [counts.get(GATES[name], 0) for name in GATES] == [1540, 1330, 2870, 0]
    CHAPTER.says("41 × 41 × 41 = 68,921", "1,540 of them are AND, and none is XOR")
    tenths = [b / 10 for b in TENTHS]
    floats = CHAPTER.at("def table")["table"]
    assert sum(floats(*n) == GATES["AND"] for n in product(tenths, repeat=3)) == 1566
    CHAPTER.says("with tenths from −2 to 2 it would count 1,566 ANDs")


def test_each_mistake_does_what_the_text_says():
    floats = CHAPTER.at("def table")["table"]
    assert floats(0.5, 0.5, 0.7) == table(0.5, 0.5, 0.7) == (1, 1, 1, 1)
    on_line = [x1 + x2 - 1 for x1, x2 in INPUTS]  # twice the totals
    assert on_line.count(0) == 2
    assert tuple(int(s > 0) for s in on_line) == GATES["AND"]
    assert tuple(int(s >= 0) for s in on_line) == GATES["OR"]
    assert table(0.1, 0.2, -0.3) == (0, 0, 0, 0)
    assert floats(0.1, 0.2, -0.3) == GATES["AND"]
    drawn = shown("fig-perceptron-and", w1=0.1, w2=0.2, b=-0.3)
    assert drawn.outputs.tolist() == [0, 0, 0, 0]
    CHAPTER.says("The figures calculate with whole tenths")
    assert floats(0.5, 0.5, -0.7) == floats(5, 5, -7) == GATES["AND"]
    assert floats(-5, -5, 7) == GATES["NAND"]
    stacked = outputs(CHAPTER.at("def stacked")["stacked"])
    assert stacked == pytest.approx([-0.45] * 4)
