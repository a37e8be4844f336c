"""Chapter 3, learning: its numbers, its exercises, its quiz."""

import itertools
import math

import numpy as np
import pytest
from chapter import Chapter

import nnlib.functions
import nnlib.gradient
from nnlib.live import CurveFigure, SurfaceFigure
from nnlib.network import TwoLayerNet

CHAPTER = Chapter("03-learning")


# --- Oracles that use nothing of nnlib ---


def sigma(a):
    return 1 / (1 + math.exp(-a))


def xor_output(p, x1, x2):
    """What the network of nine numbers puts out, in plain Python."""
    a, b = (sigma(x1 * p[k] + x2 * p[2 + k] + p[4 + k]) for k in (0, 1))
    return sigma(a * p[6] + b * p[7] + p[8])


def slopes_of(f, x, h=1e-4):
    """The gradient by differences over four points, whose error is of the order of h**4."""
    x = [float(v) for v in x]

    def at(i, step):
        return float(f(np.array([v + step * h * (k == i) for k, v in enumerate(x)])))

    return [(8 * (at(i, 1) - at(i, -1)) - (at(i, 2) - at(i, -2))) / (12 * h) for i in range(len(x))]


def jax_gradient(f, x):
    """The gradient by JAX of a function that is given JAX's NumPy and an array."""
    jax = pytest.importorskip("jax", reason="JAX has no package for this computer")
    with jax.enable_x64(True):
        return np.asarray(jax.grad(lambda v: f(jax.numpy, v))(np.asarray(x, dtype=float)))


# --- Losses ---


def test_the_losses_of_two_networks():
    found = CHAPTER.at("def sum_squared_error")
    y, worse, t = found["good"], found["poor"], found["one_hot"]
    assert (sorted(y), y.sum(), t.argmax()) == (sorted(worse), pytest.approx(1), 2)
    said = [
        (round(sum((a - b) ** 2 for a, b in zip(p, t, strict=True)) / 2, 4),
         round(-math.log(p[2]), 4)) for p in (y, worse)
    ]  # fmt: skip
    assert said == [(0.0975, 0.5108), (0.5975, 2.3026)]
    for p in (y, worse):
        mine = found["sum_squared_error"](p, t)
        assert mine == pytest.approx(nnlib.functions.sum_squared_error(p, t), rel=1e-12)


def test_how_the_losses_grow():
    assert [round(-math.log(p), 3) for p in (0.1, 0.01)] == [2.303, 4.605]
    assert round(math.log(10), 3) == 2.303
    squares = [nnlib.functions.sum_squared_error([p, 1 - p], [1, 0]) for p in (0.1, 0.01, 0)]
    assert squares == pytest.approx([0.81, 0.9801, 1])
    CHAPTER.says("2.303 at 0.1, and 4.605 at 0.01. Each factor of ten adds 2.303")
    CHAPTER.says("0.81, then 0.9801, and never above 1")
    figure = CurveFigure(lambda p: -p.log(), x=(0.01, 1), at=0.01, step=0.01, secant=False)
    assert figure.values["y"] == pytest.approx(-math.log(0.01))
    assert figure.gradients["p"] == pytest.approx(-100)


def test_the_loss_of_a_batch_is_the_mean():
    found = CHAPTER.at("mine = cross_entropy_error")
    mean = (-math.log(0.6) - math.log(0.1)) / 2
    assert found["mine"] == pytest.approx(mean)
    assert found["theirs"] == pytest.approx(mean)
    rng = np.random.default_rng(1)
    y = rng.dirichlet(np.ones(4), size=7)
    t = rng.integers(0, 4, 7)
    assert found["cross_entropy_error"](y, t) == pytest.approx(
        nnlib.functions.cross_entropy_error(y, t), rel=1e-12
    )


def neuron_losses(w, x, t):
    """The loss of each sample and whether it is answered correctly, in plain Python."""
    p = [sigma(w[0] * a + w[1] * b - 7) for a, b in x]
    losses = [-math.log(q if label else 1 - q) for q, label in zip(p, t, strict=True)]
    return losses, [(q > 0.5) == bool(label) for q, label in zip(p, t, strict=True)]


def test_a_mini_batch_estimates_the_whole():
    found = CHAPTER.at("draws = ")
    x, t = found["x_train"], found["t_train"]
    assert (x.shape, set(t.tolist())) == ((10_000, 2), {0, 1})
    assert [bool(a + b > 1) for a, b in x] == (t == 1).tolist()
    every, _ = neuron_losses((5, 8), x, t)
    assert round(sum(every) / len(every), 2) == 0.26
    for chosen in found["draws"]:
        assert len(set(chosen.tolist())) == 100
        mean = sum(every[i] for i in chosen) / 100
        assert found["loss"](found["w"], chosen) == pytest.approx(mean)
        assert 0.15 < mean < 0.4
    CHAPTER.says("it estimates the whole, 0.26", "at a hundredth of the cost")


def test_the_accuracy_stands_still_where_the_loss_moves():
    found = CHAPTER.at("nudged = ")
    x, t = found["x_train"][:100], found["t_train"][:100]
    results = []
    for w in ((5, 8), (5.001, 8)):
        losses, right = neuron_losses(w, x, t)
        results.append((sum(right) / 100, sum(losses) / 100))
        assert found["accuracy"](np.array(w)) == results[-1][0]
        assert found["loss"](np.array(w), found["hundred"]) == pytest.approx(results[-1][1])
    (before, loss), (after, less) = results
    assert before == after == 0.93
    assert 1e-5 < loss - less < 1e-4
    CHAPTER.says("The accuracy stays at 0.93", "The loss falls a little")


def test_the_staircase_and_the_valley():
    found = CHAPTER.at("above.plot(weights")
    x, t = found["x_train"][:100], found["t_train"][:100]
    above, below = found["figure"].axes
    over = [neuron_losses((v, 8), x, t) for v in found["weights"]]
    accuracies = [sum(right) / 100 for _, right in over]
    np.testing.assert_allclose(above.lines[0].get_ydata(), accuracies)
    np.testing.assert_allclose(below.lines[0].get_ydata(), [np.mean(a) for a, _ in over])
    assert (accuracies[0], max(accuracies), accuracies[-1]) == (0.83, 0.95, 0.8)
    assert np.mean(np.diff(accuracies) == 0) > 0.95  # "almost everywhere it is level"
    smooth = np.array([np.mean(losses) for losses, _ in over])
    assert round(float(found["weights"][smooth.argmin()]), 1) == 6.2
    assert np.count_nonzero(np.diff(smooth)) == len(smooth) - 1  # a slope at every place
    assert np.sum(np.diff(np.sign(np.diff(smooth))) != 0) <= 2  # one valley
    source = next(s for k, s in CHAPTER.cells if "above.plot(weights" in s)
    assert "np.linspace(3, 9, 1201)" in source


# --- Slopes ---


def test_the_cart():
    found = CHAPTER.at("def numerical_diff")
    cart = found["cart"]
    averages = [cart(5), cart(6), cart(6) - cart(5), (cart(5.1) - cart(5)) / 0.1, cart(4)]
    assert [round(v, 6) for v in averages] == [0.75, 0.96, 0.21, 0.201, 0.56]
    CHAPTER.says("0.75 after five seconds, 0.96 after six", "average speed is 0.21", "it is 0.201")
    CHAPTER.says("$(0.96 - 0.56)/2 = 0.2$")
    assert round(found["numerical_diff"](cart, 5, 1.0), 9) == 0.2
    for x in (-3.0, 0.5, 5, 10):
        derivative = 0.02 * x + 0.1
        for measure in (found["numerical_diff"], nnlib.gradient.numerical_diff):
            assert measure(cart, x) == pytest.approx(derivative, abs=1e-9)
        assert jax_gradient(lambda _, v: cart(v), x) == pytest.approx(derivative)


def test_the_step_is_small_but_not_tiny():
    CHAPTER.says("$(2.2^3 - 0.2^3)/2 = 5.32$", "3 \\cdot 1.2^2 = 4.32")
    assert round((2.2**3 - 0.2**3) / 2, 9) == 5.32
    figure = CurveFigure(lambda x: x * x * x, x=(-2, 2.5), at=1.2, step=0.1, name="fig-x")
    assert figure.gradients["x"] == pytest.approx(4.32)
    errors = []
    for k in range(16):
        figure.sliders["h"].value = 10.0**-k
        assert figure.inputs["h"] == pytest.approx(10.0**-k)
        errors.append(abs(figure.difference))
    assert errors[:3] == pytest.approx([1, 0.01, 0.0001])
    assert min(errors[3:8]) < 1e-9
    assert (round(errors[15], 2), errors[15] > errors[1]) == (0.02, True)
    CHAPTER.says("a hundred times smaller: 1, 0.01, 0.0001")
    CHAPTER.says("at $10^{-15}$ the slope is off by 0.02, more than at 0.1")


def test_partial_derivatives_of_the_bowl():
    assert 3**2 + 4**2 == 25
    assert round(3.001**2 + 4**2, 9) == 25.006001
    CHAPTER.says("At (3, 4) its height is 25", "25.006001, a rise of 6.001 per unit")
    found = CHAPTER.at("def bowl")
    for x in found["points"]:
        mine = found["numerical_gradient"](found["bowl"], x)
        theirs = nnlib.gradient.numerical_gradient(found["bowl"], x)
        assert mine == pytest.approx(2 * x, abs=1e-9)
        assert theirs == pytest.approx(2 * x, abs=1e-9)
        assert jax_gradient(lambda _, v: found["bowl"](v), x) == pytest.approx(2 * x)
    assert found["points"].tolist() == [[3, 4], [0, 2], [3, 0]]


def test_the_numerical_gradient_is_that_of_the_library_and_puts_back():
    mine = CHAPTER.at("def numerical_gradient")["numerical_gradient"]
    x = np.random.default_rng(0).normal(size=(3, 2)) * [1e-7, 1]
    before = x.copy()

    def f(v):
        return np.sum(np.sin(v) * v[::-1])

    assert mine(f, x) == pytest.approx(nnlib.gradient.numerical_gradient(f, x), rel=1e-8, abs=1e-9)
    assert mine(f, x) == pytest.approx(np.cos(x) * x[::-1] + np.sin(x)[::-1], abs=1e-9)
    assert x.tobytes() == before.tobytes()


# --- Downhill ---


def test_where_a_hundred_steps_lead():
    found = CHAPTER.at("def gradient_descent")
    descend, bowl = found["gradient_descent"], found["bowl"]
    for rate in (0.1, 1e-10):
        path = descend(bowl, [-3, 4], rate, 100)
        expected = np.outer((1 - 2 * rate) ** np.arange(101), [-3, 4])
        np.testing.assert_allclose(path, expected, atol=1e-9)
        assert path.shape == (101, 2)
    end = descend(bowl, [-3, 4], 0.1, 100)[-1]
    assert [f"{v:.1e}" for v in end] == ["-6.1e-10", "8.1e-10"]
    assert abs(descend(bowl, [-3, 4], 1e-10, 100)[-1] - [-3, 4]).max() < 1e-7
    far = descend(bowl, [-3, 4], 10, 100)
    assert np.hypot(*far[-1]) > 1e11
    assert far[-1].tolist() == far[-2].tolist()  # it stands
    assert (far[-1] + 1e-5).tolist() == far[-1].tolist()
    assert far[1].round(6).tolist() == [57, -76]
    CHAPTER.says("there $h = 10^{-5}$ is too small to change $x$")


@pytest.mark.parametrize(
    ("rate", "outcome"),
    [(0.01, "creeps"), (0.1, "arrives"), (0.5, "arrives"), (0.6, "arrives"), (0.9, "turns"),
     (1.0, "turns"), (1.05, "away")],
)  # fmt: skip
def test_the_figure_walks_as_the_chapter_does(rate, outcome):
    found = CHAPTER.at("def gradient_descent")
    figure = SurfaceFigure(
        lambda x0, x1: x0**2 + x1**2, x=(-5, 5), y=(-5, 5), start=(-3, 4), steps=30,
        step_size=rate, step_sizes=(0.01, 1.05, 0.01), name="fig-x",
    )  # fmt: skip
    assert figure.outcome == outcome
    mine = found["gradient_descent"](found["bowl"], [-3, 4], rate, 30)
    np.testing.assert_allclose(figure.path[:, :2], mine, atol=1e-6)
    assert (figure.path[1, 0] * figure.path[0, 0] < -1e-9) == (rate > 0.5)
    lengths = np.hypot(*np.diff(figure.path[:, :2], axis=0).T)[:5]
    assert bool((np.diff(lengths) > 1e-9).all()) == (rate > 1)
    if rate == 0.5:
        assert abs(figure.path[1]).max() < 1e-12
    CHAPTER.says("Above 0.5 the path jumps across the lowest point; at 1 it jumps for ever")


def test_the_narrow_valley():
    found = CHAPTER.at("def valley")
    path = found["gradient_descent"](found["valley"], [-3, 2], 0.9, 30)
    steps = np.arange(31)[:, np.newaxis]
    np.testing.assert_allclose(path, [-3, 2] * np.array([0.91, -0.8]) ** steps, atol=1e-8)
    assert abs(path[10, 1]) < 0.25
    assert abs(path[10, 0]) > 1


# --- A network ---


def test_the_network_learns_xor():
    found = CHAPTER.at("learnt = path")
    start, learnt = found["start"], found["learnt"]
    assert start.size == 9 == 2 * 2 + 2 + 2 + 1
    for p in (start, learnt):
        y = [xor_output(p, a, b) for a, b in found["x"]]
        assert found["network"](p, found["x"]) == pytest.approx(y)
        errors = [(out - t) ** 2 / 2 for out, t in zip(y, (0, 1, 1, 0), strict=True)]
        assert found["xor_loss"](p) == pytest.approx(sum(errors) / 4)
    losses = [found["xor_loss"](found["path"][k]) for k in (0, 50, 100, 200, 500)]
    assert losses == sorted(losses, reverse=True)
    assert [round(float(v), 4) for v in losses] == [0.2062, 0.0939, 0.0254, 0.0036, 0.0008]

    grid = np.linspace(-0.4, 1.4, 61)
    before = [xor_output(start, a, b) for a, b in itertools.product(grid, grid)]
    assert max(before) < 0.5
    CHAPTER.says("the output is below 0.5 everywhere")
    assert [xor_output(learnt, a, b) > 0.5 for a, b in found["x"]] == [False, True, True, False]
    across = np.array([xor_output(learnt, a, a) > 0.5 for a in grid])
    assert np.count_nonzero(np.diff(across)) == 2
    CHAPTER.says("All four are right", "Two borders, one for each hidden neuron")


def test_each_border_of_the_region_belongs_to_a_hidden_neuron():
    found = CHAPTER.at("learnt = path")
    learnt = found["learnt"]
    for k, other in ((0, 1), (1, 0)):  # without its hidden neuron a border is gone
        p = learnt.copy()
        middle = sigma(0.5 * (p[other] + p[2 + other]) + p[4 + other])
        p[8] += p[6 + other] * middle
        p[6 + other] = 0
        line = [xor_output(p, a, a) > 0.5 for a in np.linspace(-0.4, 1.4, 61)]
        assert np.count_nonzero(np.diff(line)) == 1, k


def test_its_gradient_is_that_of_jax():
    found = CHAPTER.at("assert np.allclose(numerical_gradient(xor_loss, p)")
    x, t = np.array([[0, 0], [1, 0], [0, 1], [1, 1.0]]), np.array([0, 1, 1, 0])

    def loss(jnp, p):
        hidden = 1 / (1 + jnp.exp(-(x @ p[:4].reshape(2, 2) + p[4:6])))
        return jnp.mean((1 / (1 + jnp.exp(-(hidden @ p[6:8] + p[8]))) - t) ** 2) / 2

    for p in (found["start"], found["learnt"]):
        oracle = jax_gradient(loss, p)
        mine = found["numerical_gradient"](found["xor_loss"], p)
        assert mine == pytest.approx(oracle, abs=1e-9)
        assert slopes_of(found["xor_loss"], p) == pytest.approx(oracle, abs=1e-9)


def test_what_a_step_costs():
    found = CHAPTER.at("learnt = path")
    calls = []

    def counted(p):
        calls.append(p)
        return found["xor_loss"](p)

    found["gradient_descent"](counted, found["start"], 10, 3)
    assert len(calls) == 3 * 18
    assert 500 * 18 == 9000
    CHAPTER.says("Each step measured 18 losses, two for each number, 9,000 in all")


def test_not_every_start_gets_there():
    found = CHAPTER.at("learnt = path")
    start = np.random.default_rng(6).standard_normal(9)
    stuck = found["gradient_descent"](found["xor_loss"], start, 10, 500)[-1]
    assert 0.06 < found["xor_loss"](stuck) < 0.065
    y = [xor_output(stuck, a, b) for a, b in found["x"]]
    assert sum(abs(out - 0.5) < 0.05 for out in y) == 2
    CHAPTER.says("with `default_rng(6)` the loss stays above 0.06, with two outputs near 0.5")


def test_what_pictures_would_cost():
    net = TwoLayerNet(784, 50, 10)
    count = sum(array.size for array in net.params.values())
    losses = 2 * count
    assert (count, losses) == (39_760, 79_520)
    CHAPTER.says("784 × 50 + 50 + 50 × 10 + 10 = 39,760", "79,520", "600 mini-batches of 100")
    assert round(losses * 0.001, -1) == 80
    assert round(losses * 0.001 * 600 / 3600) == 13
    CHAPTER.says("a gradient takes 80 seconds, and one pass through the pictures 13 hours")
    found = CHAPTER.at("def picture_loss")
    assert found["pictures"].shape == (100, 784)
    assert sum(found[name].size for name in ("W1", "b1", "W2", "b2")) == count
    assert found["picture_loss"]() == pytest.approx(math.log(10), rel=0.1)


def test_known_derivatives():
    found = CHAPTER.at("slope = numerical_diff")
    assert found["slope"] == pytest.approx(-1 / 0.6, rel=1e-7)
    assert jax_gradient(lambda jnp, p: -jnp.log(p), 0.6) == pytest.approx(-1 / 0.6)


# --- Mistakes ---


def test_integers_lose_the_step():
    found = CHAPTER.at("numerical_gradient(bowl, np.array([3, 4]))")
    x = np.array([3, 4])
    wrong = found["numerical_gradient"](found["bowl"], x)
    assert wrong.tolist() == [int((9 - 4) / 2e-5), int((16 - 9) / 2e-5)]
    assert x.tolist() == [3, 4]
    right = nnlib.gradient.numerical_gradient(lambda v: found["bowl"](v), x)
    assert right == pytest.approx([6, 8])


def test_forward_and_tiny_steps():
    found = CHAPTER.at("forward = ")
    assert found["forward"] - 4.32 == pytest.approx(3 * 1.2 * 0.001 + 0.001**2, abs=1e-9)
    assert found["numerical_diff"](found["cube"], 1.2, 0.001) - 4.32 == pytest.approx(
        0.001**2, abs=1e-9
    )
    assert found["numerical_diff"](found["cart"], 3, h=1e-50) == 0
    with pytest.raises(ValueError, match="changes x"):
        nnlib.gradient.numerical_diff(found["cart"], 3, h=1e-50)
    CHAPTER.says("The slope seems to be 0. The library's version refuses")


def test_forgetting_to_put_back():
    found = CHAPTER.at("def forgetful_gradient")
    x = np.array([3.0, 4.0])
    assert found["forgetful_gradient"](found["bowl"], x) == pytest.approx([6, 8])
    assert x == pytest.approx([2.99999, 3.99999], abs=1e-12)
    assert found["x_moved"] == pytest.approx(x, abs=1e-12)


def test_the_logarithm_of_0():
    found = CHAPTER.at("endless = ")
    assert found["endless"].tolist() == [math.inf, math.inf]
    assert math.isnan(found["gap"])
    assert math.exp(-800) == 0  # "is rounded to it"
    assert nnlib.functions.softmax([0.0, 800.0])[0] == 0


# --- Exercises ---


def losses_on_paper():
    found = CHAPTER.after("ex-learning-1")
    for y, squares, logs in ((found["one"], 0.1875, 1), (found["other"], 0.4375, 2)):
        assert nnlib.functions.sum_squared_error(y, [0, 1, 0]) == squares
        assert nnlib.functions.cross_entropy_error(y, 1) == pytest.approx(logs * math.log(2))
    assert [round(k * math.log(2), 3) for k in (1, 2)] == [0.693, 1.386]
    text = CHAPTER.exercises["ex-learning-1"]
    assert "from 0.1875 to 0.4375; the cross-entropy doubles" in text
    for number in ("0.375", "0.1875", "0.875", "0.4375", "0.693", "1.386"):
        assert number in CHAPTER.solution("ex-learning-1")


def a_gradient_on_paper():
    found = CHAPTER.after("ex-learning-2")
    gradient = slopes_of(lambda x: x[0] * x[1] + x[1] ** 2, [2, 1])
    assert gradient == pytest.approx([1, 4])
    assert found["numerical_gradient"](found["twist"], np.array([2.0, 1.0])) == pytest.approx(
        gradient
    )
    a, b = 2 - 0.1 * gradient[0], 1 - 0.1 * gradient[1]
    assert found["step"] == pytest.approx([a, b])
    assert (2 * 1 + 1**2, a * b + b**2) == pytest.approx((3, 1.5))
    text = CHAPTER.exercises["ex-learning-2"]
    assert "the gradient is (1, 4), and $f$ falls from 3 to 1.5" in text
    assert "(1.9, 0.6)" in CHAPTER.solution("ex-learning-2")


def the_majority():
    def right(p):
        return sum(
            (a * p[0] + b * p[1] + c * p[2] + p[3] > 0) == (a + b + c >= 2)
            for a, b, c in itertools.product((0, 1), repeat=3)
        )

    start = CHAPTER.before("ex-learning-3")["p"]
    p = CHAPTER.after("ex-learning-3")["p"]
    assert (right(start), right(p)) == (4, 8)
    assert p[:3] == pytest.approx([p[0]] * 3)
    assert p[3] / p[0] == pytest.approx(-1.5, abs=0.02)
    loss = sum(
        (sigma((a + b + c) * p[0] + p[3]) - (a + b + c >= 2)) ** 2 / 2
        for a, b, c in itertools.product((0, 1), repeat=3)
    )
    assert loss / 8 < 0.01
    text = CHAPTER.exercises["ex-learning-3"]
    assert "8 of 8 right instead of 4, and a loss below 0.01 after 1000 steps with the rate 5" in (
        " ".join(text.split())
    )


def equal_starts():
    found = CHAPTER.after("ex-learning-4")
    for (columns, loss, right), (same, rounded_loss, answers) in (
        (found["equal"], (True, 0.089, 3)), (found["zero"], (True, 0.125, 2))
    ):  # fmt: skip
        assert (columns[:, 0].tolist() == columns[:, 1].tolist()) == same
        assert (loss, right) == (rounded_loss, answers)
    assert not found["zero"][0].any()
    gradient = slopes_of(found["xor_loss"], np.zeros(9))
    assert gradient == pytest.approx([0] * 9, abs=1e-12)
    assert [xor_output([0] * 9, a, b) for a, b in found["x"]] == [0.5] * 4
    assert 0.5 * 0.5**2 == 0.125
    before = CHAPTER.before("ex-learning-4")
    assert before["right"] == 4
    assert before["final_loss"] < 0.01
    columns = before["columns"]
    assert (abs(columns[:, 0] - columns[:, 1]) > 1).all()


EXERCISES = {
    "ex-learning-1": losses_on_paper,
    "ex-learning-2": a_gradient_on_paper,
    "ex-learning-3": the_majority,
    "ex-learning-4": equal_starts,
}


# --- Quiz ---


def what_the_accuracy_says():
    """Ask whether 0.001 more, or any weight near, or far off, changes the accuracy."""
    found = CHAPTER.at("nudged = ")

    def accuracy(v):
        return found["accuracy"](np.array([v, 8.0]))

    level = accuracy(5.001) == accuracy(5) == 0.93
    best = all(accuracy(v) <= 0.93 for v in np.linspace(0, 12, 121))
    without = accuracy(0) == 0.93
    assert level
    titles = {(True, False): "The weight is at its best"}
    titles |= {(False, True): "The weight has no influence", (False, False): "Nothing"}
    return titles[best, without]


def a_gradient():
    slopes = slopes_of(lambda x: x[0] ** 2 + 3 * x[1], [2, 5])
    return " and ".join(f"{slope:.0f}" for slope in slopes)


def losses_for_a_gradient():
    calls = []
    CHAPTER.end["numerical_gradient"](lambda x: calls.append(1) or x.sum(), np.zeros(100))
    return str(len(calls))


def longer_and_longer():
    fits = []
    for rate in (0.1, 0.9, 1.05):
        x = [(1 - 2 * rate) ** k for k in range(10)]
        jumps = np.diff(x)
        if (jumps[1:] * jumps[:-1] < 0).all() and (np.diff(abs(jumps)) > 0).all():
            fits.append(str(rate))
    (only,) = fits
    return only


QUIZ = {
    "A weight moves by 0.001, and the accuracy on 100 samples stays at 0.93. What does that say "
    "about the way in which to move this weight?": what_the_accuracy_says,
    "What is the gradient of $x_0^2 + 3x_1$ at (2, 5)?": a_gradient,
    "A network has 100 parameters. How many times is the loss computed for one numerical gradient "
    "by central differences?": losses_for_a_gradient,
    "The steps of gradient descent on $x_0^2 + x_1^2$ jump to and fro, and each jump is longer "
    "than the last. Which learning rate may this be?": longer_and_longer,
}


@pytest.mark.parametrize("question", QUIZ)
def test_what_the_options_say(question):
    options = dict(CHAPTER.quiz[question])
    assert QUIZ[question]() in options
    if "0.9" in options:
        assert "0.8 in each step" in options["0.1"]
        assert "−0.8" in options["0.9"]
        assert "1 − 2 × 1.05 = −1.1" in options["1.05"]
