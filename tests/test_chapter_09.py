"""The chapter on softmax with loss: its numbers, its derivatives, its exercises and its quiz."""

import os

import numpy as np
import pytest
from chapter import Chapter

from nnlib import layers
from nnlib.functions import cross_entropy_error, softmax
from nnlib.gradient import gradient_check, layer_check
from nnlib.graph import Graph, Variable
from nnlib.live import CurveFigure, GraphFigure

os.environ.setdefault("JAX_PLATFORMS", "cpu")
CHAPTER = Chapter("09-softmax-with-loss")


def jax_gradient(f, x):
    """The derivative of a function of `jax.numpy`, by JAX, in 64 bits."""
    jax = pytest.importorskip("jax", reason="there is no JAX for this platform")
    jax.config.update("jax_enable_x64", True)
    gradient = jax.jit(
        jax.grad(lambda v: f(jax.numpy, v))
    )  # one compilation, not one for each step
    return np.asarray(gradient(np.asarray(x, dtype=np.float64)))


def loss_of(t, temperature=1.0):
    """The mean cross-entropy of softmax, written as in a book, for JAX to derive."""

    def loss(jnp, a):
        e = jnp.exp(a / temperature)
        return -(t * jnp.log(e / e.sum(axis=-1, keepdims=True))).sum(axis=-1).mean()

    return loss


def triple(numbers, digits):
    return f"({', '.join(f'{x:.{digits}f}' for x in numbers)})".replace("-", "−")


def figure(name):
    """The live figure that a cell of the chapter makes, with the chapter's own definitions."""
    cell = next(source for source in CHAPTER.code if f'name="{name}"' in source)
    found = dict(CHAPTER.at(cell))
    made = []
    for kind in (GraphFigure, CurveFigure):
        found[kind.__name__] = lambda *a, k=kind, **b: made.append(k(*a, **b))
    exec(cell, found)
    return made[0]


def moved(live, **positions):
    """A figure with sliders moved; `a1` moves the slider of that name, `a_1_0` that of a[1,0]."""
    for name, value in positions.items():
        live.sliders[name].value = value
    return live


# --- what the prose says ---


def test_scores_become_the_probabilities_of_the_table():
    scores = np.log([3.0, 2.0, 5.0])
    assert np.array_equal(scores.round(3), [1.099, 0.693, 1.609])
    assert np.allclose(softmax(scores), [0.3, 0.2, 0.5], rtol=1e-15, atol=0)
    assert np.allclose(softmax(scores + 1), softmax(scores), rtol=1e-15, atol=0)
    CHAPTER.says(
        "Say the scores are 1.099, 0.693 and 1.609",
        "| 0, apple | 1.099 | 3 | 0.3 |",
        "| 1, pear | 0.693 | 2 | 0.2 |",
        "| 2, orange | 1.609 | 5 | 0.5 |",
        f"a class that leads another by 1 is {np.e:.3f} times as probable",
    )
    two = softmax(np.array([1.0, 0.0]))
    assert round(float(two[0] / two[1]), 3) == 2.718


def test_the_cross_entropy_and_its_slopes_in_the_figure():
    assert round(cross_entropy_error([0.3, 0.2, 0.5], 1), 3) == 1.609 == round(np.log(5), 3)
    live = figure("fig-cross-entropy")
    slopes = [moved(live, p=p).gradients["p"] for p in (0.5, 0.1)]
    assert np.allclose(slopes, [-2, -10])
    assert moved(live, p=1).values["L"] == 0
    assert np.isclose(
        moved(live, p=0.1).values["L"] - moved(live, p=0.2).values["L"], np.log(2), rtol=1e-12
    )
    total = -np.log(0.2) - np.log(0.5)
    assert np.isclose(total, -np.log(0.2 * 0.5))
    CHAPTER.says(
        r"$-\log 0.2 = 1.609$",
        "The slope is $-1/p$: −2 and −10",
        rf"it grows by $\log 2 = {np.log(2):.3f}$",
        f"1.609 + {-np.log(0.5):.3f} = {total:.3f}",
    )


def test_each_line_of_the_walk_is_what_the_graph_computes():
    graph = figure("fig-softmax-graph").graph
    assert len([v for v in graph.variables.values() if v.node]) == 8
    column = {name: np.ravel(d) for name, d in graph.gradients.items()}
    value = {name: np.ravel(v) for name, v in graph.values.items()}
    assert np.allclose(value["S"], 10)
    assert np.allclose(value["r"], 0.1)
    assert np.allclose(value["y"], [0.3, 0.2, 0.5])
    assert round(float(value["L"][0]), 3) == 1.609
    # log y times the label, and the sum of that
    product, total = [n for n, v in graph.variables.items() if v.node and n in graph.unnamed]
    walk = {
        total: [-1],
        product: [-1, -1, -1],
        "log y": [0, -1, 0],
        "y": [0, -5, 0],
        "r": [-10],
        "S": [0.1],
        "e": [0.1, -0.4, 0.1],
        "a": [0.3, -0.8, 0.5],
    }
    for name, numbers in walk.items():
        assert np.allclose(column[name], numbers, rtol=1e-12, atol=1e-15), name
    to_product = column["y"] * value["r"]
    assert np.allclose(to_product, [0, -0.5, 0])
    assert np.allclose(to_product + column["S"], column["e"])
    CHAPTER.says(
        "*Step forward* eight times",
        "The × node with −1 sends back −1.",
        "copies it to its three entries: $(-1, -1, -1)$",
        "multiplies by $t$: $(0, -1, 0)$",
        "−1 / 0.2 = −5, so $(0, -5, 0)$",
        "upstream times 0.1: $(0, -0.5, 0)$",
        "0 × 3 − 5 × 2 + 0 × 5 = −10",
        "−10 × −0.01 = 0.1",
        "$(0, -0.5, 0)$ + $(0.1, 0.1, 0.1)$ = $(0.1, -0.4, 0.1)$",
        "0.1 × 3, −0.4 × 2 and 0.1 × 5, which is $(0.3, -0.8, 0.5)$",
    )


def test_the_graph_of_single_numbers_agrees_and_a_good_answer_leaves_little():
    live = figure("fig-softmax-numbers")
    found = [live.gradients[name] for name in ("a0", "a1", "a2")]
    assert np.allclose(found, [0.3, -0.8, 0.5], rtol=1e-12)
    assert np.allclose([live.gradients["e1"], live.gradients["r"]], [-0.4, -10])
    start = live.inputs["a1"]
    moved(live, a1=start + 6)
    assert round(live.inputs["a1"], 3) == 6.693
    y = [live.values[name] for name in ("y0", "y1", "y2")]
    found = [live.gradients[name] for name in ("a0", "a1", "a2")]
    assert np.allclose(np.subtract(y, [0, 1, 0]), found, rtol=1e-9)
    CHAPTER.says(
        "such as −0.5 + 0.1 at `e1`",
        "to 6.693",
        f"${triple(y, 3)}$",
        f"${triple(found, 3).replace('−', '-')}$",
    )


def test_each_row_of_the_table_in_letters():
    """JAX derives the loss as a function of each edge in turn, at random scores and labels."""
    rng = np.random.default_rng(3)
    a, t = rng.normal(size=4), np.eye(4)[2]
    e = np.exp(a)
    total = e.sum()
    y = e / total
    for loss, place, row in [  # the loss from an edge on, the edge's value, its row of the table
        (lambda jnp, v: -(t * v).sum(), np.log(y), -t),
        (lambda jnp, v: -(t * jnp.log(v)).sum(), y, -t / y),
        (lambda jnp, v: -(t * jnp.log(e * v)).sum(), 1 / total, -total),
        (lambda jnp, v: -(t * jnp.log(e / v)).sum(), total, 1 / total),
        (lambda jnp, v: -(t * jnp.log(v / v.sum())).sum(), e, 1 / total - t / (y * total)),
        (loss_of(t), a, y - t),
    ]:
        assert np.allclose(jax_gradient(loss, place), row, rtol=1e-10, atol=1e-14)
    CHAPTER.says(
        r"| $\log y_k$ | $-t_k$ |",
        r"| $y_k$ | $-t_k / y_k$ |",
        r"| $r$ | $-\sum_k t_k e_k / y_k = -S$ |",
        r"| $S$ | $S \cdot 1/S^2 = 1/S$ |",
        r"| $e_k$ | $1/S - t_k / (y_k S)$ |",
        r"| $a_k$ | $e_k/S - t_k = y_k - t_k$ |",
    )


def test_what_cancels_between_log_and_softmax():
    lead = np.array([-3.0, 0.0, 0.7])
    p = softmax(np.stack([lead, 0 * lead], axis=1))[:, 0]
    inner = jax_gradient(lambda jnp, v: (1 / (1 + jnp.exp(-v))).sum(), lead)
    assert np.allclose(inner, p * (1 - p), rtol=1e-12)
    assert np.allclose(-1 / p * inner, -(1 - p), rtol=1e-12)
    assert np.allclose(-2 * (1 - p) * inner, -2 * p * (1 - p) ** 2, rtol=1e-12)
    assert np.isclose(-5 * 0.16, -0.8)
    CHAPTER.says("softmax multiplied by $p(1-p)$, here 0.16", "is $-2p(1-p)^2$")


def test_squared_error_after_softmax_dies_and_cross_entropy_does_not():
    leads, t = np.array([0.0, -4.0, -8.0]), np.array([[1.0, 0.0]] * 3)
    scores = np.stack([leads, 0 * leads], axis=1)

    def squared(jnp, a):
        e = jnp.exp(a)
        return ((e / e.sum(axis=1, keepdims=True) - t) ** 2).sum() / 2

    of_squares = jax_gradient(squared, scores)[:, 0]
    of_logs = 3 * jax_gradient(loss_of(t), scores)[:, 0]
    live = figure("fig-squared-after-softmax")
    slopes = [moved(live, lead=lead).gradients["lead"] for lead in leads]
    assert np.allclose(slopes, of_squares, rtol=1e-12)
    found = CHAPTER.at("squared.round(4)")
    assert np.allclose(found["squared"], of_squares, rtol=1e-12)
    assert np.allclose(found["cross"], of_logs, rtol=1e-12)
    exact = zip(leads, softmax(scores)[:, 0], of_squares, of_logs, strict=True)
    shown = [("0.5", "−0.25", "−0.5"), ("0.018", "−0.0347", "−0.982")]
    shown += [("0.0003", "−0.0007", "−0.9997")]
    for (lead, *numbers), texts in zip(exact, shown, strict=True):
        for number, text in zip(numbers, texts, strict=True):
            digits = len(text.partition(".")[2])
            assert f"{number:.{digits}f}".replace("-", "−") == text
        CHAPTER.says(f"| {lead:.0f} | {' | '.join(texts)} |".replace("-", "−"))
    assert moved(live, lead=-8).values["L"] > 0.999


def test_identity_with_half_the_squared_error_gives_y_minus_t():
    amounts = CHAPTER.at("amounts.backward()")["amounts"]
    assert np.array_equal(amounts.backward(), [2.5 - 2.0, 1.0 - 3.0])
    outputs = np.array([[2.5, 1.0], [0.3, -4.0]])
    targets = np.array([[2.0, 3.0], [1.0, 1.0]])
    oracle = jax_gradient(lambda jnp, y: ((y - targets) ** 2).sum() / 2 / 2, outputs)
    layer = layers.IdentityWithLoss()
    layer.forward(outputs, targets)
    assert np.allclose(layer.backward(), oracle, rtol=1e-14)
    assert np.allclose(oracle, (outputs - targets) / 2, rtol=1e-14)


def test_the_log_sum_exp_graph_forgets_a_constant_until_exp_overflows():
    graph = figure("fig-log-sum-exp").graph
    for c in (-700.0, 0.0, 700.0):
        there = graph.at(c=c)
        assert np.isclose(there.values["L"], np.log(5), rtol=1e-12)
        assert np.allclose(np.ravel(there.gradients["s"]), [0.3, -0.8, 0.5], rtol=1e-10)
        assert abs(there.gradients["c"]) < 1e-12
    with np.errstate(all="ignore"):
        assert np.isinf(np.exp(710 + np.log([3.0, 2.0, 5.0]))).all()
        assert not np.exp(-800 + np.log([3.0, 2.0, 5.0])).any()
    with pytest.raises(ValueError, match="nan"):
        GraphFigure(graph.at(c=710.0).variables["L"], {"c": (-800, 800, 10)})
    assert round(np.log(10), 3) == 2.303
    CHAPTER.says("2.303 − 0.693 = 1.609", "Move it to 700", "move it to 710", "At −800")


def test_large_scores_need_the_largest_taken_out():
    found = CHAPTER.at("naive, (shifted")
    assert np.isnan(found["naive"]).all()
    assert found["shifted"].max() == 1
    shares = found["shifted"] / found["shifted"].sum()
    assert np.allclose(shares, softmax(np.array([2.0, 1.0, 0.0])), rtol=1e-14)


def test_scores_and_probabilities_choose_the_same_class():
    scores = np.random.default_rng(9).normal(size=(200, 7))
    assert np.array_equal(scores.argmax(axis=1), softmax(scores).argmax(axis=1))
    assert softmax(np.log([3.0, 2.0, 5.0])).argmax() == 2
    CHAPTER.says("Here both say orange, class 2")


# --- the layer of the chapter ---


def batches():
    rng = np.random.default_rng(0)
    for n, classes, scale in (1, 2, 1), (2, 3, 3), (5, 5, 10), (7, 4, 1000):
        scores = scale * rng.normal(size=(n, classes))
        yield scores, np.eye(classes)[rng.integers(classes, size=n)]


def test_the_layer_agrees_with_the_library_for_every_upstream_gradient():
    mine, theirs = CHAPTER.end["SoftmaxWithLoss"](), layers.SoftmaxWithLoss()
    for scores, t in batches():
        kept = scores.copy()
        loss = mine.forward(scores, t)
        assert np.isclose(loss, theirs.forward(scores, t.argmax(axis=1)), rtol=1e-12)
        assert np.isclose(loss, theirs.forward(scores, t), rtol=1e-12)
        for dout in (1.0, 0.5, -3.0):
            assert np.allclose(mine.backward(dout), theirs.backward(dout), rtol=1e-12, atol=1e-16)
        assert np.array_equal(mine.backward(), mine.backward(1.0))
        assert np.array_equal(scores, kept)


def test_the_layer_agrees_with_jax_and_stays_between_minus_one_and_one():
    mine = CHAPTER.end["SoftmaxWithLoss"]()
    for scores, t in list(batches())[:3]:
        mine.forward(scores, t)
        gradient = mine.backward()
        assert np.allclose(gradient, jax_gradient(loss_of(t), scores), rtol=1e-9, atol=1e-12)
        assert np.abs(len(t) * gradient).max() <= 1
        assert np.allclose(gradient.sum(axis=1), 0, atol=1e-15)


def test_the_batch_of_the_chapter():
    found = CHAPTER.at("mine.forward(batch, t), 4)")
    assert np.allclose(softmax(found["batch"]), [[0.3, 0.2, 0.5], [0.7, 0.2, 0.1]])
    loss = (-np.log(0.2) - np.log(0.7)) / 2
    assert np.isclose(found["mine"].forward(found["batch"], found["t"]), loss, rtol=1e-12)
    expected = np.array([[0.3, -0.8, 0.5], [-0.3, 0.2, 0.1]]) / 2
    assert np.allclose(found["mine"].backward(), expected, rtol=1e-12)
    CHAPTER.says("the probabilities (0.7, 0.2, 0.1) and is an apple")


# --- the mistakes ---


def test_softmax_twice_has_a_floor_and_passes_the_check():
    class Twice:
        """The right gradient of the wrong loss."""

        def __init__(self):
            self.inner, self.loss = softmax, layers.SoftmaxWithLoss()

        def forward(self, a, t):
            self.y = softmax(a)
            return self.loss.forward(self.y, t)

        def backward(self, dout=1.0):
            d = self.loss.backward(dout)
            return self.y * (d - (d * self.y).sum(axis=1, keepdims=True))

    end = CHAPTER.end
    assert layer_check(Twice(), end["batch"], end["t"]).passed
    floor = np.log(1 + 2 / np.e)  # the inner probabilities are (0, 1, 0)
    losses = [Twice().forward(s * np.array([[0.0, 1.0, 0.0]]), [1]) for s in (1, 10, 1000)]
    assert min(losses) >= floor - 1e-12
    assert np.isclose(losses[-1], floor)
    assert np.isclose(-np.log(end["twice"][1]), floor)
    CHAPTER.says(f"becomes {triple(end['twice'], 2)}", f"never falls below {floor:.3f}")


def test_what_the_other_mistakes_do():
    end = CHAPTER.end
    [row] = layer_check(end["MeanForgotten"](), end["batch"], end["t"]).rows
    assert not row.passed
    assert np.isclose(row.derived, 2 * row.numerical, rtol=1e-6)
    assert end["from_probability"] == np.inf
    assert end["SoftmaxWithLoss"]().forward(end["row"], end["label"]) == 800
    three = [0, 1, 0]
    wrong = layer_check(end["NumbersSubtracted"](), end["batch"][three], end["t"][three])
    assert not wrong.passed
    assert layer_check(end["SoftmaxWithLoss"](), end["batch"][three], end["t"][three]).passed
    e = np.exp(end["batch"])
    assert np.allclose((e / e.sum(axis=0)).sum(axis=0), 1)
    assert not np.isclose((e / e.sum(axis=0)).sum(axis=1), 1).any()
    assert np.array_equal(e[:1] / e[:1].sum(axis=0), np.ones((1, 3)))
    CHAPTER.says("from the scores it is 800", "*derived* is twice *numerical*")


def test_every_check_of_the_chapter_passes_on_what_is_right():
    end = CHAPTER.at("[report.passed for report in reports]")
    assert all(report.passed for report in end["reports"])
    assert layer_check(end["SoftmaxWithLoss"](), end["batch"], end["t"]).passed
    assert gradient_check(end["loss_of"], end["a"], end["y"] - [0, 1, 0]).passed


# --- exercises ---


def paper():
    y = np.array([1.0, 4.0, 5.0]) / 10
    found = CHAPTER.after("ex-softmax-1")
    assert np.allclose(found["y"], y)
    live = figure("fig-softmax-paper")
    assert live.predict
    given = [live.values[f"e{k}"] for k in range(3)]
    assert np.allclose(given, [1, 4, 5], rtol=1e-14)
    gradients = live.gradients
    assert np.isclose(live.values["L"], -np.log(0.1))
    assert np.allclose([gradients[f"y{k}"] for k in range(3)], [-10, 0, 0])
    assert np.allclose([gradients["r"], gradients["S"]], [-10, 0.1])
    assert np.allclose([gradients[f"e{k}"] for k in range(3)], [-0.9, 0.1, 0.1])
    assert np.allclose([gradients[f"a{k}"] for k in range(3)], y - [1, 0, 0])
    assert round(-np.log(0.1), 3) == 2.303
    text = CHAPTER.exercises["ex-softmax-1"]
    assert "the loss is 2.303, the derivative at `r` is −10 and at `e0` it is −0.9" in text
    solution = CHAPTER.solution("ex-softmax-1")
    assert all(
        said in solution
        for said in ("(0.1, 0.4, 0.5)", "(−10, 0, 0)", "(−0.9, 0.1, 0.1)", "(−0.9, 0.4, 0.5)")
    )


def temperature():
    before, after = CHAPTER.before("ex-softmax-2"), CHAPTER.after("ex-softmax-2")
    batch, t = after["batch"], after["t"]
    assert not layer_check(before["WarmLoss"](), batch, t).passed
    assert layer_check(after["WarmLoss"](), batch, t).passed
    layer = after["WarmLoss"]()
    layer.forward(batch[:1], t[:1])
    oracle = jax_gradient(loss_of(t[:1], temperature=2.0), batch[:1])
    assert np.allclose(layer.backward(), oracle, rtol=1e-12)
    assert triple(oracle[0], 3) in CHAPTER.exercises["ex-softmax-2"]
    roots = np.sqrt([3.0, 2.0, 5.0])  # exp(log(3) / 2) is the root of 3
    assert triple(roots / roots.sum(), 3) in CHAPTER.solution("ex-softmax-2")


def patch():
    before, after = CHAPTER.before("ex-softmax-3"), CHAPTER.after("ex-softmax-3")
    t = after["t"][:1]
    assert layer_check(before["PatchedLoss"](), before["your_scores"], t).passed
    assert not layer_check(after["PatchedLoss"](), after["your_scores"], t).passed
    assert layer_check(after["SoftmaxWithLoss"](), after["your_scores"], t).passed
    scores = np.array([[0.0, -700.0, 0.0]])
    largest = -np.log(1e-7)
    assert np.isclose(after["PatchedLoss"]().forward(scores, t), largest)
    assert np.isclose(after["SoftmaxWithLoss"]().forward(scores, t), 700 + np.log(2))
    assert np.allclose(
        jax_gradient(
            lambda jnp, a: -jnp.log((t * jnp.exp(a) / jnp.exp(a).sum()).sum() + 1e-7), scores
        ),
        0,
    )
    assert f"never exceeds {largest:.3f}" in CHAPTER.exercises["ex-softmax-3"]
    assert f"= {largest:.3f}$" in CHAPTER.solution("ex-softmax-3")


def soft_label():
    rng = np.random.default_rng(5)
    a, t = rng.normal(size=3), rng.uniform(0.1, 1, size=3)
    general = softmax(a) * t.sum() - t  # y - t only where the labels add up to 1
    assert np.allclose(jax_gradient(loss_of(t), a), general, rtol=1e-10)
    soft = np.array([0.1, 0.8, 0.1])
    oracle = jax_gradient(loss_of(soft), np.log([0.3, 0.2, 0.5]))
    assert np.allclose(oracle, [0.2, -0.6, 0.4], rtol=1e-12)
    found = CHAPTER.after("ex-softmax-4")
    assert np.array_equal(found["soft"], soft)
    assert gradient_check(found["soft_loss"], np.log([0.3, 0.2, 0.5]), oracle).passed
    for text in CHAPTER.exercises["ex-softmax-4"], CHAPTER.solution("ex-softmax-4"):
        assert triple(oracle, 1) in text


EXERCISES = {
    "ex-softmax-1": paper,
    "ex-softmax-2": temperature,
    "ex-softmax-3": patch,
    "ex-softmax-4": soft_label,
}


# --- the quiz ---


def derivative_of_the_right_score():
    layer = layers.SoftmaxWithLoss()
    layer.forward(np.log([0.1, 0.7, 0.2]), 2)
    return f"{layer.backward()[2]:.1f}".replace("-", "−")


def first_loss():
    return f"{layers.SoftmaxWithLoss().forward(np.zeros(10), 3):.3f}"


def after_adding_ten():
    scores = Variable(np.array([[1.0], [-0.5], [2.0]]), name="a")
    before = Graph(CHAPTER.end["softmax_loss"](scores, [[0.0], [1.0], [0.0]]))
    shifted = Variable(scores.value + 10, name="a")
    after = Graph(CHAPTER.end["softmax_loss"](shifted, [[0.0], [1.0], [0.0]]))
    sizes = [np.abs(graph.gradients["a"]).sum() for graph in (before, after)]
    if np.isclose(*sizes, rtol=1e-9):
        return "It stays the same"
    return "It grows" if sizes[1] > sizes[0] else "It shrinks"


def larger_when_sure_and_wrong():
    scores, t = np.array([0.0, 8.0, 0.0]), np.array([1.0, 0.0, 0.0])

    def squared(jnp, a):
        e = jnp.exp(a)
        return ((e / e.sum() - t) ** 2).sum() / 2

    sizes = {
        "Cross-entropy after softmax": abs(jax_gradient(loss_of(t), scores)[0]),
        "Squared error after softmax": abs(jax_gradient(squared, scores)[0]),
    }
    return max(sizes, key=sizes.get)


QUIZ = {
    "The probabilities are (0.1, 0.7, 0.2) and class 2, the last one, is right. "
    "What is the derivative of the loss with respect to the score of class 2?": (
        derivative_of_the_right_score
    ),
    "A network that has learnt nothing gives ten classes equal scores. "
    "What is its loss, rounded?": first_loss,
    "You add 10 to all scores of a sample. "
    "What happens to the gradient for the scores?": after_adding_ten,
    "A network is nearly certain of a wrong class. "
    "Which loss sends the larger derivative to the score of the right class?": (
        larger_when_sure_and_wrong
    ),
}
