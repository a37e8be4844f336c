"""Chapter 8, the Affine layer: its numbers, its classes, its exercises and its quiz."""

import re

import numpy as np
import pytest
from chapter import Chapter

from nnlib import layers
from nnlib.gradient import layer_check
from nnlib.practice import formulas, problem
from nnlib.variable import Variable

CHAPTER = Chapter("08-affine")
DAY, DAYS = np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 1.0]])
PRICE, PRICES = np.array([6.0, 0.5, 10.0]), np.array([[6.0, 0.5, 10.0], [4.0, 1.0, 20.0]])
WEIGHTS = np.array([[4.0, 8.0, 3.0], [2.0, 6.0, 1.0]])
BIAS = np.array([1.0, 10.0, 2.0])


def measured(f, x):
    """The gradient of a function of an array, by central differences; exact for a linear one."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = 0.5
        gradient[index] = f(x + step) - f(x - step)
    return gradient


def gradients(layer, x, dout, *parameters):
    """What a layer finds for `x` and its parameters."""
    layer.forward(x)
    return [layer.backward(dout), *(getattr(layer, f"d{name}") for name in parameters)]


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def drawn(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


# --- exercises ---


def paper():
    found = CHAPTER.after("ex-affine-1")
    x, w = np.array([[3.0, -2.0], [1.0, 1.0]]), np.array([[1.0, 4.0], [-5.0, 2.0]])
    b, dout = np.array([0.0, 1.0]), np.array([[2.0, -1.0], [0.0, 3.0]])

    def total(n):
        return [
            measured(lambda x: np.sum((x @ w + b) * dout[:n]), x[:n]),
            measured(lambda w: np.sum((x[:n] @ w + b) * dout[:n]), w),
            measured(lambda b: np.sum((x[:n] @ w + b) * dout[:n]), b),
        ]

    one, both = total(1), total(2)
    assert (x @ w + b)[0].tolist() == [13, 9]
    assert [g.tolist() for g in one] == [[[-2, -12]], [[6, -3], [-4, 2]], [2, -1]]
    assert both[0][0].tolist() == [-2, -12]
    assert [g.tolist() for g in both[1:]] == [[[6, 0], [-4, 5]], [2, 2]]
    same([found["paper_y"], found["paper_dx"], found["paper"].dW, found["paper"].db],
         [x @ w + b, *both])  # fmt: skip
    body, solution = CHAPTER.exercises["ex-affine-1"], CHAPTER.solution("ex-affine-1")
    for number in ("$Y = (13, 9)$", "is $(-2, -12)$", "gradient of $b$ is $(2, 2)$"):
        assert number in body
    for number in ("$(6, -3)$ and $(-4, 2)$", "$(6, 0)$ and $(-4, 5)$", "of $b$ is $(2, -1)$"):
        assert number in solution


def scaled():
    x, w, s, dout = drawn(4, 2), drawn(2, 3, seed=2), drawn(3, seed=3), drawn(4, 3, seed=4)
    right = [
        measured(lambda x: np.sum(x @ w * s * dout), x),
        measured(lambda w: np.sum(x @ w * s * dout), w),
        measured(lambda s: np.sum(x @ w * s * dout), s),
    ]
    same(gradients(CHAPTER.after("ex-affine-2")["ScaledLayer"](w, s), x, dout, "W", "s"), right)
    report = layer_check(CHAPTER.after("ex-affine-2")["ScaledLayer"](w, s), x)
    assert report
    assert [row.name for row in report.rows] == ["x", "W", "s"]
    assert not layer_check(CHAPTER.before("ex-affine-2")["ScaledLayer"](w, s), x)


def row_weights():
    w, b, x, dout = drawn(3, 2), drawn(3, seed=2), drawn(4, 2, seed=3), drawn(4, 3, seed=4)
    found = CHAPTER.after("ex-affine-3")
    mine = gradients(found["RowAffine"](w, b), x, dout, "W", "b")
    dx, dw, db = gradients(layers.Affine(w.T, b), x, dout, "W", "b")
    same(mine, [dx, dw.T, db])
    assert mine[1].shape == (3, 2)
    assert layer_check(found["RowAffine"](w, b), x)
    assert not layer_check(CHAPTER.before("ex-affine-3")["RowAffine"](w, b), x)


def wrong_axis():
    w, b, x = drawn(2, 3), drawn(3, seed=2), drawn(4, 2, seed=3)
    broken = CHAPTER.after("ex-affine-4")["WrongAxis"]
    four, three = (layer_check(broken(w, b), x[:n]) for n in (4, 3))
    assert not four
    assert four.problems == ("WrongAxis: db has shape (4,), b has shape (3,)",)
    assert not three
    assert not three.problems
    assert [row.name for row in three.rows if not row.passed] == ["b"]
    passing = {
        (n, m)
        for n in range(1, 5)
        for m in range(1, 4)
        if layer_check(broken(w[:, :m], b[:m]), x[:n])
    }
    assert passing == {(1, 1)}
    whole = CHAPTER.before("ex-affine-4")["WrongAxis"]
    assert layer_check(whole(w, b), x)
    assert layer_check(whole(w, b), x[:3])


EXERCISES = {
    "ex-affine-1": paper,
    "ex-affine-2": scaled,
    "ex-affine-3": row_weights,
    "ex-affine-4": wrong_axis,
}


# --- quiz ---


def shape_of_dw():
    return str(
        gradients(layers.Affine(drawn(4, 7), drawn(7)), drawn(5, 4), drawn(5, 7), "W")[1].shape
    )


def outputs_touched():
    x, w, b = drawn(8, 2), drawn(2, 3, seed=2), drawn(3, seed=3)
    moved = w.copy()
    moved[0, 1] += 1
    change = layers.Affine(moved, b).forward(x) != layers.Affine(w, b).forward(x)
    return str(int(change.sum()))


def bias_under_a_mean():
    x, w, b, price = drawn(4, 2), drawn(2, 3), drawn(3), drawn(4, 3, seed=2)
    right = measured(lambda b: np.mean(np.sum((x @ w + b) * price, axis=1)), b)
    dout = price / 4
    options = {
        "The sum of dout over the batch": dout.sum(axis=0),
        "The mean of dout over the batch": dout.mean(axis=0),
        "The first row of dout": dout[0],
    }
    (fitting,) = [title for title, db in options.items() if np.allclose(db, right)]
    return fitting


def first_input():
    w, dout = np.array([[3.0, 5.0], [4.0, 6.0]]), np.array([2.0, -1.0])
    return str(int(measured(lambda x: np.sum(x @ w * dout), np.array([7.0, 8.0]))[0]))


QUIZ = {
    "A batch has the shape `(5, 4)` and `W` has the shape `(4, 7)`. "
    "Which shape does the gradient of `W` have?": shape_of_dw,
    "A layer has 2 inputs and 3 neurons, and a batch has 8 samples. "
    "How many output numbers does the single weight `W[0,1]` touch?": outputs_touched,
    "The final output $L$ is the *mean* of a cost over the batch. "
    "What is `db` then?": bias_under_a_mean,
    "`W` has the rows (3, 5) and (4, 6), and for one sample the upstream gradient is (2, −1). "
    "What is the first entry of `dx`?": first_input,
}


# --- the chapter ---


def test_the_workshop_needs_and_costs_what_the_text_says():
    found = CHAPTER.at("y = x @ W + b")
    same([found["x"], found["W"], found["b"]], [DAY, WEIGHTS, BIAS])
    assert (DAY @ WEIGHTS).tolist() == [8, 20, 5]
    assert found["y"].tolist() == [9, 30, 7]
    assert found["y"] @ PRICE == 139
    with pytest.raises(ValueError, match="3"):
        _ = WEIGHTS @ DAY
    CHAPTER.says("1 × 4 + 2 × 2 + 1 = 9 boards", "9 × 6 + 30 × 0.5 + 7 × 10 = 139", "= (8, 20, 5)")
    table = re.findall(r"^\| .* \| (\d+) \| (\d+) \| (\d+) \|$", CHAPTER.text, flags=re.MULTILINE)
    assert np.array(table, dtype=float).tolist() == [*WEIGHTS.tolist(), BIAS.tolist()]


def test_what_the_text_promises_of_the_graph():
    x, w, b = Variable(DAY, "x"), Variable(WEIGHTS, "W"), Variable(BIAS, "b")

    def cost(x=DAY, w=WEIGHTS):
        return float((x @ w + BIAS) @ PRICE)

    more = WEIGHTS.copy()
    more[1, 1] = 7
    assert cost(np.array([2.0, 2.0])) - cost() == 58
    assert cost(w=more) - cost() == 1
    CHAPTER.says("from 1 to 2: one more table costs 58", "from 6 to 7: the cost rises by 1")
    output = CHAPTER.at("fig-affine-graph")["L"]
    assert output.value == 139
    output.backward()
    named = {name: CHAPTER.at("fig-affine-graph")[name] for name in ("vx", "vW", "vb", "needs")}
    same([named["vx"].grad, named["vb"].grad, named["needs"].grad], [[58, 25], PRICE, PRICE])
    rows = []
    for chairs in (2.0, 5.0):
        x = Variable(np.array([1.0, chairs]))
        ((x @ w + b) @ Variable(PRICE)).backward()
        rows.append(w.grad)
    assert (rows[0] != rows[1]).tolist() == [[False] * 3, [True] * 3]


def test_each_number_touches_the_outputs_that_the_text_names():
    start = DAY @ WEIGHTS + BIAS

    def touched(**moved):
        x, w, b = (moved.get(n, v) for n, v in (("x", DAY), ("w", WEIGHTS), ("b", BIAS)))
        return (x @ w + b - start).tolist()

    def bump(array, index):
        array = array.copy()
        array[index] += 1
        return array

    assert touched(w=bump(WEIGHTS, (0, 1))) == [0, 1, 0]
    assert touched(w=bump(WEIGHTS, (1, 2))) == [0, 0, 2]
    assert touched(x=bump(DAY, 0)) == [4, 8, 3]
    assert touched(b=bump(BIAS, 1)) == [0, 1, 0]
    days = DAYS @ WEIGHTS + BIAS
    assert ((DAYS @ bump(WEIGHTS, (0, 1)) + BIAS) - days).tolist() == [[0, 1, 0], [0, 3, 0]]
    assert ((bump(DAYS, (1, 0)) @ WEIGHTS + BIAS) - days).tolist() == [[0, 0, 0], [4, 8, 3]]


def test_the_rules_by_index_give_what_differences_and_the_library_give():
    found = CHAPTER.at("for i in range(2):")
    right = [
        measured(lambda x: (x @ WEIGHTS + BIAS) @ PRICE, DAY),
        measured(lambda w: (DAY @ w + BIAS) @ PRICE, WEIGHTS),
        measured(lambda b: (DAY @ WEIGHTS + b) @ PRICE, BIAS),
    ]
    same([found["dx"], found["dW"], found["db"]], right)
    same(gradients(layers.Affine(WEIGHTS, BIAS), DAY, PRICE, "W", "b"), right)
    assert right[1][0, 1] == 0.5
    assert right[1][1, 2] == 20
    assert right[0][0] == 58
    CHAPTER.says("is 0.5 × 1 = 0.5", "6 × 4 + 0.5 × 8 + 10 × 3 = 58", "is one product, 2 × 10")


def test_the_two_days_and_the_figure_that_shows_them():
    found = CHAPTER.at("fig-affine-batch")
    same([found["X"], found["dY"]], [DAYS, PRICES])
    needs = DAYS @ WEIGHTS + BIAS
    assert [float(n @ p) for n, p in zip(needs, PRICES, strict=True)] == [139, 340]
    right = [
        measured(lambda x: np.sum((x @ WEIGHTS + BIAS) * PRICES), DAYS),
        measured(lambda w: np.sum((DAYS @ w + BIAS) * PRICES), WEIGHTS),
        measured(lambda b: np.sum((DAYS @ WEIGHTS + b) * PRICES), BIAS),
    ]
    figure = found["MatrixFigure"](layers.Affine(WEIGHTS, BIAS), DAYS, PRICES)
    shown = figure.gradients
    same([shown["X"], shown["W"], shown["b"]], right)
    assert (shown["W"][0, 1], shown["W"][1, 2]) == (3.5, 40)
    assert (shown["X"][1, 0], shown["b"][1]) == (84, 1.5)
    CHAPTER.says("139 + 340 = 479", "1 × 0.5 + 3 × 1 = 3.5", "0.5 + 1 = 1.5")
    CHAPTER.says("2 × 10 + 1 × 20 = 40", "row 0 of `W`, 84", "column 1 of `dY`, 1.5")
    before = shown["X"]
    figure.sliders["dY[1,1]"].value = 0
    assert figure.gradients["b"][1] == 0.5
    assert (figure.gradients["X"] == before).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize(("samples", "inputs", "neurons"), [(4, 2, 3), (1, 5, 2), (6, 1, 1)])
def test_the_class_of_the_chapter_agrees_with_the_library_and_with_jax(samples, inputs, neurons):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    x, dout = drawn(samples, inputs), drawn(samples, neurons, seed=2)
    w, b = drawn(inputs, neurons, seed=3), drawn(neurons, seed=4)
    mine, theirs = CHAPTER.at("class Affine")["Affine"](w, b), layers.Affine(w, b)
    same([mine.forward(x)], [theirs.forward(x)])
    output, back = jax.vjp(lambda x, w, b: x @ w + b, x, w, b)
    same([mine.forward(x)], [output])
    found = gradients(mine, x, dout, "W", "b")
    same(found, back(dout))
    same(found, gradients(theirs, x, dout, "W", "b"))


def test_pictures_go_through_as_in_the_library():
    found = CHAPTER.at("class PictureAffine")
    x, w, b, dout = drawn(5, 3, 2, 2), drawn(12, 4), drawn(4), drawn(5, 4)
    mine, theirs = found["PictureAffine"](w, b), layers.Affine(w, b)
    same([mine.forward(x)], [theirs.forward(x)])
    same(gradients(mine, x, dout, "W", "b"), gradients(theirs, x, dout, "W", "b"))
    assert mine.backward(dout).shape == (5, 3, 2, 2)


def test_the_checks_find_the_mistakes_as_the_text_says():
    found = CHAPTER.end
    batch = found["batch"]
    assert batch.shape == (4, 2)
    (problem,) = layer_check(found["WrongOrder"](WEIGHTS, BIAS), batch).problems
    assert problem.endswith("dW has shape (3, 2), W has shape (2, 3)")
    square = layer_check(found["WrongOrder"](WEIGHTS[:, :2], BIAS[:2]), batch)
    assert not square.problems
    assert [row.name for row in square.rows if not row.passed] == ["W"]

    mean = layer_check(found["MeanBias"](WEIGHTS, BIAS), batch)
    (wrong,) = [row for row in mean.rows if not row.passed]
    assert wrong.name == "b"
    assert wrong.numerical == pytest.approx(4 * wrong.derived)
    assert layer_check(found["MeanBias"](WEIGHTS, BIAS), batch[:1])

    class NotSummed(found["Affine"]):
        def backward(self, dout):
            dx = super().backward(dout)
            self.db = dout
            return dx

    (problem,) = layer_check(NotSummed(WEIGHTS, BIAS), batch).problems
    assert problem == "NotSummed: db has shape (4, 3), b has shape (3,)"
    CHAPTER.says("`db` has shape `(4, 3)` and `b` has shape `(3,)`")
    assert found["new_b"].shape == (4, 3)
    assert len(np.unique(found["new_b"][:, 0])) == 4


def test_what_forward_kept_must_not_change():
    kept = CHAPTER.at("class Affine")["Affine"]
    right = gradients(layers.Affine(WEIGHTS, BIAS), DAYS, PRICES, "W")[1]
    layer = kept(WEIGHTS, BIAS)
    layer.forward(DAYS)
    layer.forward(10 * DAYS)
    layer.backward(PRICES)
    same([layer.dW], [10 * right])
    written = DAYS.copy()
    layer.forward(written)
    written *= 10
    layer.backward(PRICES)
    same([layer.dW], [10 * right])
    wrong = CHAPTER.at("def both_days")["mine"].dW
    assert not np.allclose(wrong, right)


def test_no_gradient_check_finds_samples_in_columns():
    class ColumnsMixedUp(CHAPTER.at("class Affine")["Affine"]):
        def forward(self, x):
            self.x = x
            return x @ self.W.T + self.b

        def backward(self, dout):
            self.dW, self.db = dout.T @ self.x, dout.sum(axis=0)
            return dout @ self.W

    square, b = WEIGHTS[:, :2], BIAS[:2]
    mixed = ColumnsMixedUp(square, b)
    assert layer_check(mixed, DAYS)
    assert not np.allclose(mixed.forward(DAYS), layers.Affine(square, b).forward(DAYS))
    assert (square @ DAY).tolist() == [20, 14]
    assert (DAY @ square).tolist() == [8, 20]


def test_shapes_alone_do_not_prove_the_formula():
    dout, w = drawn(1, 2), drawn(2, 2, seed=2)
    right = measured(lambda x: np.sum(x @ w * dout), drawn(1, 2))
    for wrong in (2 * dout @ w.T, dout @ w):
        assert wrong.shape == right.shape
        assert not np.allclose(wrong, right)
    one, other = (1, 3), (2, 3)
    ways = []
    for a, b in (("dY", "W"), ("W", "dY")):
        for flip_a in (False, True):
            for flip_b in (False, True):
                arrays = {"dY": np.zeros(one), "W": np.zeros(other)}
                left, right_ = arrays[a], arrays[b]
                left, right_ = left.T if flip_a else left, right_.T if flip_b else right_
                if left.shape[1] == right_.shape[0] and (left @ right_).shape == (1, 2):
                    ways.append((a, flip_a, b, flip_b))
    assert ways == [("dY", False, "W", True)]


def test_the_first_practice_problem_is_a_neuron_without_bias():
    seed = int(re.search(r"seed=(\d+)", "".join(CHAPTER.code))[1])
    assert formulas(problem(seed)) == ["a = x × y", "b = z × w", "L = a + b"]
