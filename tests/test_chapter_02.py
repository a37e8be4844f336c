"""Chapter 2, the forward pass: its numbers, its exercises, its quiz."""

import json
import math
import re

import numpy as np
import pytest
from chapter import CHAPTERS, Chapter

from nnlib import functions
from nnlib.datasets import load_digits, load_digits_weights
from nnlib.network import TwoLayerNet

CHAPTER = Chapter("02-neural-network")

# The network of the chapter, written down once more.
LAYERS = [
    ([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], [0.1, 0.2, 0.3]),
    ([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], [0.1, 0.2]),
    ([[0.1, 0.3], [0.2, 0.4]], [0.1, 0.2]),
]


# --- Oracles in plain Python, number by number ---


def logistic(a):
    return 1 / (1 + math.exp(-a))


def sums(x, W, b):
    """The sums of a layer for one sample."""
    return [sum(v * row[j] for v, row in zip(x, W, strict=True)) + b[j] for j in range(len(b))]


def on_the_way(x):
    """What the three layers compute, one list for each row of the chapter's table."""
    found = []
    for W, b in LAYERS:
        found.append(sums(x, W, b))
        if len(found) < 5:
            found.append([logistic(a) for a in found[-1]])
        x = found[-1]
    return found


def shares(scores):
    """Softmax, in fractions of the largest exponential."""
    e = [math.exp(a - max(scores)) for a in scores]
    return [v / math.fsum(e) for v in e]


def read(x, bend=lambda a: max(a, 0.0)):
    """The scores of one picture."""
    p = load_digits_weights()
    hidden = np.array([bend(a) for a in x @ p["W1"] + p["b1"]])
    return hidden @ p["W2"] + p["b2"]


def how_many(x, bend=lambda a: max(a, 0.0)):
    _, (_, truth) = load_digits()
    return sum(int(np.argmax(read(row, bend))) == t for row, t in zip(x, truth, strict=True))


def stored(mark):
    """Return the first stored code cell that holds `mark`."""
    notebook = json.loads((CHAPTERS / f"{CHAPTER.name}.ipynb").read_text(encoding="utf-8"))
    return next(c for c in notebook["cells"] if mark in "".join(c["source"]))


def shown(mark):
    """Return the text of the stored output of that cell."""
    (output,) = stored(mark)["outputs"]
    return "".join(output["data"]["text/plain"])


# --- The sections ---


def test_activations():
    found = CHAPTER.at("def step(a)")
    a = np.array([-800.0, -2, -0.2, -1e-9, 0, 1e-9, 0.3, 2, 800])
    for name in ("step", "relu"):
        assert found[name](a).tolist() == getattr(functions, name)(a).tolist()
    assert np.allclose(found["sigmoid"](a[1:]), functions.sigmoid(a[1:]), rtol=1e-14)
    assert np.allclose(found["sigmoid"](a[1:]), [logistic(v) for v in a[1:]], rtol=1e-14)


def test_the_and_gate():
    a = [round(0.5 * x1 + 0.5 * x2 - 0.7, 9) for x1, x2 in ((1, 1), (1, 0))]
    assert a == [0.3, -0.2]
    CHAPTER.says(
        "For the inputs (1, 1) the sum $a$, which chapter 1 called total, is 0.3",
        "for (1, 0) it is −0.2",
    )
    assert [f"{logistic(v):.3f}" for v in (a[1], a[0])] == ["0.450", "0.574"]
    assert [f"{logistic(v):.3f}" for v in (20 * a[1], 20 * a[0])] == ["0.018", "0.998"]
    assert [20 * v for v in a] == [6, -4]
    CHAPTER.says("now 0.450 and 0.574", "the new sums, −4 and 6", "a step: 0.018 and 0.998")


def test_three_layers():
    rows = on_the_way([1.0, 0.5])
    table = [
        line.split("|")
        for line in CHAPTER.text.splitlines()
        if re.match(r"\| \$([az]_[12]|y)\$ \|", line)
    ]
    assert len(table) == 5
    for row, numbers in zip(table, rows, strict=True):
        stated = [float(v) for v in row[4].split(",")]
        assert np.allclose(stated, numbers, atol=5.1e-5, rtol=0)
        assert f"({len(numbers)},)" in row[3].partition("→")[2] or "→" not in row[3]
    assert np.allclose(rows[-1], [0.31682708, 0.69627909], atol=5e-9, rtol=0)
    CHAPTER.says("1 × 0.1 + 0.5 × 0.2 + 0.1 = 0.3")

    found = CHAPTER.at("forward(network, X)")
    for x in ([1.0, 0.5], [0.0, 0.5], [-3.0, 7.0]):
        assert np.allclose(found["forward"](found["network"], np.array(x)), on_the_way(x)[-1])
    together = found["forward"](found["network"], found["X"])
    assert np.allclose(together, [on_the_way(x)[-1] for x in found["X"]])
    assert (found["X"].shape, together.shape) == ((4, 2), (4, 2))

    change = [f"{v:.4f}" for x in ([1.0, 0.5], [0.0, 0.5]) for v in on_the_way(x)[-1]]
    assert change == ["0.3168", "0.6963", "0.3118", "0.6851"]
    CHAPTER.says("from 0.3168 to 0.3118 and from 0.6963 to 0.6851")


def test_the_figure_of_the_three_layers():
    found = CHAPTER.at("def drawn")
    graph = found["drawn"](found["network"], np.array([1.0, 0.5]))
    figure = found["GraphFigure"](graph, {"x[0]": (-5, 5, 0.5)}, name="fig-x")
    rows = on_the_way([1.0, 0.5])
    for name, k in {"z1": 1, "z2": 3, "y": 4}.items():
        assert np.allclose(figure.values[name], rows[k])
    assert math.isclose(figure.values["total"], sum(rows[4]))
    assert sum(v.node is not None for v in figure.graph.variables.values()) == 9
    CHAPTER.says("*Step forward* nine times")


def test_the_drawing_of_the_neurons():
    alt = stored("diagram = Figure")["metadata"]["mystnb"]["image"]["alt"]
    columns = [[1.0, 0.5], *(on_the_way([1.0, 0.5])[k] for k in (1, 3, 4))]
    assert re.findall(r"\d\.\d\d", alt) == [f"{v:.2f}" for column in columns for v in column]
    drawn = CHAPTER.at("diagram = Figure")["ax"]
    texts = [t.get_text() for t in drawn.texts]
    assert [t for t in texts if re.match(r"\d", t)] == re.findall(r"\d\.\d\d", alt)
    assert texts.count("") == 2 * 3 + 3 * 2 + 2 * 2  # a line for each weight


def test_two_layers_without_a_bend_are_one():
    found = CHAPTER.at("two = (x @ W1 + b1)")
    rng = np.random.default_rng(0)
    for x in (found["x"], *rng.normal(size=(5, 2))):
        twice = sums(sums(x, *LAYERS[0]), *LAYERS[1])
        assert np.allclose(x @ found["W"] + found["b"], twice)
    assert np.allclose(found["two"], sums(sums([1.0, 0.5], *LAYERS[0]), *LAYERS[1]))
    assert [2 * 3, 2 * 2 * 3, 2 * 2 * 2 * 3] == [6, 12, 24]
    CHAPTER.says("it turns 3 into 6, 12 and 24: one line, $8x$")
    bent = on_the_way([1.0, 0.5])[2]
    assert not np.allclose(bent, found["two"])


def test_softmax():
    found = CHAPTER.at("def softmax")
    assert [round(v, 8) for v in shares([0.3, 2.9, 4.0])] == [0.01821127, 0.24519181, 0.73659691]
    exps = [math.exp(a) for a in (0.3, 2.9, 4.0)]
    for k, (a, e, y) in enumerate(zip((0.3, 2.9, 4.0), exps, shares([0.3, 2.9, 4]), strict=True)):
        CHAPTER.says(f"| {k} | {a} | {e:.3f} | {y:.3f} |")
    CHAPTER.says(f"divided by {sum(exps):.3f}")
    for a in ([0.3, 2.9, 4.0], [1010.0, 1000, 990], [-5000.0, 0, 1]):
        assert np.allclose(found["softmax"](np.array(a)), shares(a), rtol=1e-12)
        assert np.allclose(functions.softmax(a), shares(a), rtol=1e-12)
    batch = np.random.default_rng(0).normal(size=(6, 4))
    assert np.allclose(found["softmax"](batch), [shares(row) for row in batch])
    assert np.isnan(found["naive"]).all()
    with pytest.raises(OverflowError):
        math.exp(1010)

    figure = CHAPTER.at("def third")
    curve = figure["CurveFigure"](figure["third"], x=(-4, 10), at=2.9, step=0.1)
    same = shares([0.3, 2.9, 2.9])
    assert math.isclose(curve.values["y"], same[2])
    assert [f"{v:.3f}" for v in same[1:]] == ["0.482", "0.482"]
    CHAPTER.says("at 2.9 {ref}`the curve <fig-third-score>` is at 0.482", "class 1 has 0.482")


def test_reading_digits():
    found = CHAPTER.at("chosen = [")
    _, (x, t) = load_digits()
    assert found["scores"](x[0]).shape == (10,)
    assert np.allclose(found["scores"](x[:20]), [read(row) for row in x[:20]])
    assert f"{shares(read(x[0]))[8]:.3f}" == "0.964"
    assert (t[0], x[0].shape, len(x)) == (8, (64,), 357)
    CHAPTER.says("The largest probability, 0.964, is that of class 8")
    assert how_many(x) == 332
    assert (int(found["right"].sum()), f"{332 / 357:.1%}") == (332, "93.0%")
    CHAPTER.says("93.0 % of 357 digits", "357 pictures that the network did not learn from")

    of_cell = stored("chosen = [")["metadata"]["mystnb"]["image"]["alt"]
    right, wrong = np.split(np.array(found["chosen"]), 2)
    answers = [int(np.argmax(read(row))) for row in x[wrong]]
    assert not (answers == t[wrong]).any()
    pairs = [*zip(t[wrong].tolist(), answers, strict=True)]
    assert sorted(pairs) == sorted([(5, 1), (6, 1), (8, 1), (4, 1), (7, 4)])
    assert "5, 6, 8 and 4 are taken for a 1, and a 7 for a 4" in of_cell
    assert f"as {t[right[0]]}, {t[right[1]]}, {t[right[2]]}, {t[right[3]]} and {t[right[4]]}" in (
        of_cell
    )

    largest = [max(shares(read(row))) for row in x]
    ok = found["right"]
    means = round(np.mean(np.compress(ok, largest)), 2), round(np.mean(largest, where=~ok), 2)
    assert shown("sure = softmax") == f"({means[0]}, {means[1]})"
    assert means[1] < means[0] - 0.2


def test_it_is_the_network_that_chapter_11_starts():
    """Same sizes, and the given weights do not differ from the start by more than training does."""
    p, start = load_digits_weights(), TwoLayerNet(64, 50, 10, weight_init_std=0.1).params
    assert {n: a.shape for n, a in p.items()} == {n: a.shape for n, a in start.items()}
    assert np.corrcoef(p["W1"].ravel(), start["W1"].ravel())[0, 1] > 0.4
    mark = "train(net, (x_train, t_train), (x_test, t_test),\n                epochs=30"
    assert mark in Chapter("11-training").source


def test_a_batch_is_faster():
    found = CHAPTER.at("one_by_one = seconds")
    assert found["one_by_one"] > 2 * found["together"]


def test_mistakes():
    found = CHAPTER.end
    assert "size 3 is different from 2" in found["message"]
    assert "size 3 is different from 2" in shown("x @ W1.T")
    spoilt = CHAPTER.at("b1.reshape(3, 1)")
    x = np.array([1.0, 0.5])
    three = x @ spoilt["W1"] + np.reshape([0.1, 0.2, 0.3], (3, 1))
    assert np.allclose(three[1], np.array([0.2, 0.5, 0.8]) + 0.2)  # one bias for all sums
    down = CHAPTER.at("e = np.exp(s)")
    assert np.allclose((down["e"] / down["e"].sum(axis=0)).sum(axis=0), 1)
    e = np.exp([read(row) for row in load_digits()[1][0][:100]])
    rows = [sum(e[i, k] / sum(e[:, k]) for k in range(10)) for i in range(3)]
    assert shown("e = np.exp(s)") == repr(np.round(rows, 3))
    assert abs(np.array(rows) - 1).min() > 0.5  # it does give the mistake away
    assert shown("softmax(s).argmax(axis=1) == s.argmax") == "True"


# --- The exercises ---


def paper_gate():
    def network(x1, x2, bend):
        first, second = bend(x1 + x2), bend(x1 + x2 - 1)
        return first - 2 * second

    corners = [(0, 0), (1, 0), (0, 1), (1, 1)]
    bent = [network(*x, lambda a: max(a, 0)) for x in corners]
    straight = [network(*x, lambda a: a) for x in corners]
    assert bent == [a ^ b for a, b in corners]
    assert straight == [2 - a - b for a, b in corners]
    assert (bent[1], straight[1], straight[0] - bent[0]) == (1, 1, 2)
    for (a, b), y, z in zip(corners, bent, straight, strict=True):
        assert re.search(
            rf"\| \({a}, {b}\) \|[^|]*\|[^|]*\| {y} \| {z} \|", CHAPTER.solution("ex-forward-1")
        )
    ran = CHAPTER.after("ex-forward-1")
    output = ran["relu"](ran["hidden"]) @ np.array([1, -2])
    assert output.tolist() == bent
    assert ran["hidden"].tolist() == [[a + b, a + b - 1] for a, b in corners]
    both = repr((np.array(bent, float), np.array(straight, float)))
    assert shown("relu(hidden) @ np.array") == both


def any_number():
    layers = [(np.array(W), np.array(b)) for W, b in LAYERS]
    x, expected = np.array([1.0, 0.5]), [0.31682708, 0.69627909]
    assert "[0.31682708, 0.69627909]" in CHAPTER.exercises["ex-forward-2"]
    starter = CHAPTER.before("ex-forward-2")["forward_any"](layers, x)
    assert starter.shape != (2,)
    solved = CHAPTER.after("ex-forward-2")["forward_any"]
    assert solved(layers, x).round(8).tolist() == expected
    assert np.allclose(solved(layers[:1], x), sums(x, *LAYERS[0]))
    four = [*layers, (np.array([[1.0], [-1.0]]), np.array([0.5]))]
    y = [logistic(v) for v in on_the_way(x)[-1]]
    assert np.allclose(solved(four, x), y[0] - y[1] + 0.5)


def two_classes():
    for a0, a1 in ((0.0, 1.0), (-2.0, 3.0), (4.0, 3.5)):
        assert math.isclose(shares([a0, a1])[1], logistic(a1 - a0))
    lead = math.log(3)
    assert f"{lead:.4f}" == "1.0986"
    assert math.isclose(logistic(lead), 0.75)
    assert "a lead of 1.0986" in CHAPTER.exercises["ex-forward-3"]
    assert CHAPTER.after("ex-forward-3")["lead"] == pytest.approx(lead)


def broken_reading():
    _, (x, _) = load_digits()
    inverted, unbent = how_many(1 - x), how_many(x, bend=lambda a: a)
    assert (inverted, unbent) == (0, 333)
    assert "Expected: 0 and 333" in CHAPTER.exercises["ex-forward-4"]
    ran = CHAPTER.after("ex-forward-4")
    assert ran["how_many"](ran["relu"], 1 - x) == 0
    assert ran["how_many"](functions.identity, x) == 333
    assert CHAPTER.before("ex-forward-4")["how_many"](functions.relu, x) == 332
    both = np.array([read(v, lambda a: a) + read(1 - v, lambda a: a) for v in x[:50]])
    assert np.allclose(both, both[0])
    assert "would get about 36" in CHAPTER.solution("ex-forward-4")
    assert "one more than with it" in CHAPTER.solution("ex-forward-4")
    assert round(357 / 10) == 36


EXERCISES = {
    "ex-forward-1": paper_gate,
    "ex-forward-2": any_number,
    "ex-forward-3": two_classes,
    "ex-forward-4": broken_reading,
}


# --- The questions ---


def shape_of_the_result():
    return str((np.ones((100, 64)) @ np.ones((64, 50))).shape)


def doubled_scores():
    before, after = max(shares([1, 2, 3])), max(shares([2, 4, 6]))
    assert (round(before, 3), round(after, 3)) == (0.665, 0.867)
    CHAPTER.says("from 0.665 to 0.867")
    if math.isclose(before, after):
        return "It stays the same"
    return "It doubles" if math.isclose(after, 2 * before) else "It grows"


def layers_that_do_the_same():
    """Merge the first two layers as long as there are two, and compare."""
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(3, 3)), rng.normal(size=3)) for _ in range(5)]

    def run(layers, x):
        for W, b in layers:
            x = x @ W + b
        return x

    x = rng.normal(size=(4, 3))
    wanted = run(layers, x)
    while len(layers) > 1:
        (V, c), (W, b), *rest = layers
        layers = [(V @ W, c @ W + b), *rest]
        assert np.allclose(run(layers, x), wanted)
    return str(len(layers))


def large_weights():
    a = np.array([-2.0, -0.3, 0.01, 0.4, 3.0])
    y = functions.sigmoid(1000 * a)
    candidates = {
        "The step function": functions.step(a),
        "ReLU": functions.relu(1000 * a),
        "The identity": 1000 * a,
    }
    return min(candidates, key=lambda name: np.abs(candidates[name] - y).max())


QUIZ = {
    "A batch of shape `(100, 64)` meets weights of shape `(64, 50)`. "
    "What is the shape of the result?": shape_of_the_result,
    "The scores 1, 2 and 3 are doubled, to 2, 4 and 6. "
    "What happens to the largest probability?": doubled_scores,
    "Five layers stand in a row, with the identity in place of every activation. "
    "How many layers can do the same?": layers_that_do_the_same,
    "The weights and the bias of a sigmoid neuron are multiplied by 1000. "
    "Which function is its answer nearly like?": large_weights,
}
