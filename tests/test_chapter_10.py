"""Chapter 10, gradient check: what it says is what its code, nnlib and independent sums give."""

import re
from fractions import Fraction
from math import erf, sqrt
from types import FunctionType

import numpy as np
import pytest
from chapter import Chapter

from nnlib.gallery import BUGS, mystery, verdict
from nnlib.gradient import gradient_check, layer_check, numerical_diff
from nnlib.gradient import numerical_gradient as of_nnlib
from nnlib.layers import Relu
from nnlib.live import CurveFigure
from nnlib.network import TwoLayerNet
from nnlib.sweep import SAMPLES

CHAPTER = Chapter("10-gradient-check")
EPSILON = 2.0**-52
LAB = [24, 26, 0, 2, 9, 37]  # the six of the lab, in order


def plain_loss(params, x, t, little=0.0, np=np):
    """The loss of the two-layer network, written once more; with JAX for NumPy if wanted."""
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    scores = hidden @ params["W2"] + params["b2"]
    e = np.exp(scores)
    y = e / e.sum(axis=-1, keepdims=True)
    return -np.mean(np.log(y[np.arange(len(x)), t] + little))


def log_loss(a, little=1e-7, np=np):
    return -np.log(np.exp(a[1]) / np.exp(a).sum() + little)


def decayed(params, x, t, np=np):
    squares = sum(np.sum(w**2) for w in params.values())
    return plain_loss(params, x, t, np=np) + 0.05 * squares


def then(found, name):
    """A function of the chapter as it was after a cell, with the values of that time."""
    return FunctionType(found[name].__code__, found)


def copies(net):
    return {name: np.array(array) for name, array in net.params.items()}


# --- Exercises ---


def a_cube():
    def cube(x):
        return x * x * x

    central = CHAPTER.end["central"]
    assert CHAPTER.after("ex-check-1")["cube"](Fraction(5, 2)) == Fraction(5, 2) ** 3
    for x in Fraction(2), Fraction(-7, 3), Fraction(0):
        for h in Fraction(1, 10), Fraction(3):
            assert central(cube, x, h) - 3 * x**2 == h**2
            assert (cube(x + h) - cube(x)) / h - 3 * x**2 == 3 * x * h + h**2
    h = Fraction(1, 10)
    assert float(central(cube, Fraction(2), h)) == 12.01
    assert float((cube(2 + h) - 8) / h) == 12.61
    assert "central 12.01 and forward 12.61" in CHAPTER.exercises["ex-check-1"]
    assert "$3xh + h^2$" in CHAPTER.solution("ex-check-1")


def halves():
    found, starter = CHAPTER.after("ex-check-2"), CHAPTER.before("ex-check-2")
    everything = np.arange(39_200)
    assert found["W1"].size == 784 * 50 == 39_200
    assert starter["find"](everything) != starter["place"]
    shared = found["find"].__globals__
    old = shared["wrong"], shared["halvings"], found["W1"].copy()
    right = found["big"].gradient(found["x"], found["t"])["W1"].copy()
    try:
        shared["wrong"] = right
        assert not found["disagrees"](everything)
        for place in 0, 39_199, 12_345, found["place"]:
            shared["wrong"], shared["halvings"] = right.copy(), 0
            shared["wrong"].flat[place] += 0.01
            assert found["find"](everything) == place
            assert shared["halvings"] in (15, 16)
        assert np.array_equal(found["W1"], old[2])
    finally:
        shared["wrong"], shared["halvings"] = old[:2]
    assert 2**15 < 39_200 < 2**16 == 65_536
    assert "$2^{16} = 65{,}536$" in CHAPTER.solution("ex-check-2")


def complex_step():
    step, f = CHAPTER.after("ex-check-3")["complex_step"], CHAPTER.end["f"]
    starter = CHAPTER.before("ex-check-3")["complex_step"]
    for g, slope in (f, 4 * 1.2**3), (np.exp, np.exp(1.2)), (np.sin, np.cos(1.2)):
        assert abs(step(g, 1.2) - slope) < 1e-14
        assert abs(starter(g, 1.2) - slope) > 1e-14
    for x, h in (2, 3), (-5, 1):  # complex numbers of small whole numbers are exact
        assert ((x + 1j * h) ** 4).imag == 4 * x**3 * h - 4 * x * h**3
    assert "$4x^3h - 4xh^3$" in CHAPTER.solution("ex-check-3")


def steps_too_small_and_too_large():
    found = CHAPTER.after("ex-check-4")
    scores, right = found["scores"], found["right"]
    error = found["largest_error"]
    assert error(1e-5) < 1e-5 < min(error(1e-12), error(0.1))  # the starter stays at 1e-5
    assert gradient_check(found["mean_loss"], scores, right, h=1e-12)
    rounding = EPSILON * float(found["mean_loss"](scores)) / 1e-12
    assert (f"{rounding:.0e}", f"{0.1**2 / 6:.0e}") == ("6e-05", "2e-03")
    slopes = of_nnlib(found["mean_loss"], scores)
    assert f"{np.abs(slopes).min():.3f}" == "0.017"
    solution = CHAPTER.solution("ex-check-4")
    assert "here 6e-5, beside a derivative of 0.017" in solution
    assert "$h^2/6$ is 2e-3" in solution


EXERCISES = {
    "ex-check-1": a_cube,
    "ex-check-2": halves,
    "ex-check-3": complex_step,
    "ex-check-4": steps_too_small_and_too_large,
}


# --- Questions ---


def a_tenth_of_the_step():
    steps = Fraction(1, 1000), Fraction(1, 10_000)
    errors = [((1 + h) ** 4 - (1 - h) ** 4) / (2 * h) - 4 for h in steps]
    assert errors[0] == Fraction(4, 10**6)
    digits, exponent = f"{float(errors[1]):.0e}".split("e")
    return f"{digits}e{int(exponent)}"


def where_the_bug_is():
    """Plant a bug in each place, and see which one gives that report."""

    class WrongForward(BUGS[0].right):
        def forward(self, x):
            return super().forward(x) * np.array([1.0, 2.0, 3.0])

    layer, inputs = BUGS[2].draw(WrongForward)
    reports = {
        "In the line that makes dx": BUGS[2].check(),
        "In the layer to the right": BUGS[2].check_right(),  # the layer itself is right
        "In the forward pass": layer_check(layer, *inputs),
    }
    fits = [
        title
        for title, report in reports.items()
        if [row.name for row in report.rows if not row.passed] == ["x"]
    ]
    (title,) = fits
    return title


def a_factor_of_two():
    rounding = 2 * EPSILON / 1e-5
    assert f"{rounding:.0e}" == "4e-11"
    off = 6e-9 - 3e-9
    if off < rounding:
        return "Nobody can tell, it drowns in rounding"
    return "No, it is off by a factor 2" if off / 6e-9 > 0.1 else "Yes, both are nearly 0"


def one_direction():
    """Spoil one derivative or many, at random, and count how often nine digits still agree."""
    rng = np.random.default_rng(3)
    missed = 0
    for trial in range(300):
        gradient = rng.standard_normal(39_760)
        v = rng.standard_normal(39_760)
        wrong = gradient.copy()
        which = rng.choice(39_760, 1 + trial)
        wrong[which] *= rng.choice([-1, 0, 0.5, 2], which.size)
        missed += abs(wrong @ v - gradient @ v) <= 1e-9 * abs(gradient @ v)
    if missed:
        return "Little: wrong derivatives may have cancelled"
    return "Practically for sure, that none is badly wrong"


QUIZ = {
    "With $h$ = 1e-3 a central difference is off by 4e-6, and none of it is rounding. "
    "By how much is it off with $h$ = 1e-4?": a_tenth_of_the_step,
    "An affine layer puts out what it should. Its report says that `W` and `b` are right and `x` "
    "is wrong. Where is the bug?": where_the_bug_is,
    "Derived 3e-9, measured 6e-9. The loss is about 2, and $h$ is 1e-5. "
    "Is the derivative right?": a_factor_of_two,
    "Along one random direction, the slope of a network agrees with its gradient to nine digits. "
    "What do you know?": one_direction,
}


# --- The prose ---


def test_one_number_by_hand():
    h = Fraction(1, 10)
    up, down = (1 + h) ** 4, (1 - h) ** 4
    assert (float(up), float(down)) == (1.4641, 0.6561)
    assert (float((up - 1) / h), float((up - down) / (2 * h))) == (4.641, 4.04)
    assert (float(up - 1), float(up - down)) == (0.4641, 0.808)
    assert round(0.641 / 0.04) == 16
    CHAPTER.says("1.1⁴ = 1.4641 and 0.9⁴ = 0.6561", "| 0.4641 / 0.1 = 4.641 | 0.641 |")
    CHAPTER.says("| 0.808 / 0.2 = 4.04 | 0.04 |", "16 times better")
    for x, h in (Fraction(1), Fraction(1, 10)), (Fraction(-7, 5), Fraction(2)):
        assert ((x + h) ** 4 - (x - h) ** 4) / (2 * h) == 4 * x**3 + 4 * x * h**2
    third = np.polyder([1, 0, 0, 0, 0], 3)
    assert third.tolist() == [24, 0]
    CHAPTER.says("$4x^3 + 4xh^2$", "then $24x$")


def test_the_figure_of_steps_turns_where_the_text_says():
    figure = CurveFigure(CHAPTER.end["f"], x=(0, 2), at=1.2, h=0.1)
    assert round(figure.gradients["x"], 9) == 6.912
    assert round(figure.difference, 9) == 0.048 == round(4 * 1.2 * 0.01, 9)
    CHAPTER.says("where the slope is 6.912", "off by 0.048, which is $4xh^2$")
    f = CHAPTER.end["f"]
    errors = {k: abs(numerical_diff(f, 1.2, float(f"1e{k}")) - 6.912) for k in range(-15, 1)}
    assert min(errors, key=errors.get) == -6
    for k in range(-4, 0):
        assert 95 < errors[k] / errors[k - 1] < 105
    climb = (errors[-15] / errors[-7]) ** (1 / 8)
    assert 5 < climb < 15
    assert 0.05 < errors[-15] < 0.5
    CHAPTER.says(
        "Between $10^{-5}$ and $10^{-6}$ the row of dots turns", "about tenfold for each notch"
    )


def test_epsilon_gives_the_best_step():
    assert np.nextafter(1.0, 2) - 1 == EPSILON == np.finfo(float).eps
    assert f"{EPSILON:.1e}" == "2.2e-16"
    assert (f"{EPSILON ** (1 / 3):.0e}", f"{EPSILON ** (2 / 3):.0e}") == ("6e-06", "4e-11")
    small = float(np.finfo(np.float32).eps)
    assert small == 2.0**-23
    assert (f"{small:.1e}", f"{small ** (1 / 3):.0e}", f"{small ** (2 / 3):.0e}") == (
        "1.2e-07",
        "5e-03",
        "2e-05",
    )
    CHAPTER.says("h \\approx \\varepsilon^{1/3} \\approx 6 \\cdot 10^{-6}", "4 \\cdot 10^{-11}$")
    CHAPTER.says("1.2 \\cdot 10^{-7}$", "about $5 \\cdot 10^{-3}$", "about $2 \\cdot 10^{-5}$")
    error32 = CHAPTER.end["error32"]
    assert error32(1e-7) > 1  # of 6.912
    assert error32(1e-3) == min(error32(h) for h in (1e-1, 1e-3, 1e-5, 1e-7))
    assert f"{2 * EPSILON / 1e-5:.0e}" == "4e-11"
    CHAPTER.says("Beside a loss of 2, rounding error is about $4 \\cdot 10^{-11}$")


def test_the_numerical_gradient_agrees_with_nnlib():
    numerical_gradient = CHAPTER.end["numerical_gradient"]
    x = np.random.default_rng(5).standard_normal((3, 4))
    before = x.copy()
    found = numerical_gradient(lambda x: np.sum(np.sin(x) * x), x)
    assert np.array_equal(x, before)
    np.testing.assert_allclose(found, of_nnlib(lambda x: np.sum(np.sin(x) * x), x), atol=1e-9)
    np.testing.assert_allclose(found, np.cos(x) * x + np.sin(x), atol=1e-9)
    tiny = np.array([1e-7])
    numerical_gradient(np.sum, tiny)
    assert tiny[0] == 1e-7 != 1e-7 - 1e-5 + 1e-5
    CHAPTER.says("an entry like 1e-7 would not quite come back")
    with pytest.raises(TypeError, match="float32"):
        of_nnlib(np.sum, x.astype(np.float32))

    def fails(x):
        if not np.array_equal(x, before):
            raise ArithmeticError
        return 0.0

    with pytest.raises(ArithmeticError):
        of_nnlib(fails, x)
    assert np.array_equal(x, before)


def test_relative_error():
    relative_error = CHAPTER.end["relative_error"]
    assert relative_error(1000, 1000.001) == pytest.approx(1e-6, rel=1e-3)
    assert relative_error(1e-6, 2e-6) == relative_error(-2e-6, -1e-6) == pytest.approx(0.5)
    assert relative_error(3.0, -3.0) == 2


def test_kinks():
    figure = CurveFigure(lambda x: x.relu(), x=(-2, 2), at=0.3, h=1.0)
    assert (figure.secant, figure.gradients["x"]) == (0.65, 1)
    central = CHAPTER.end["central"]
    assert central(lambda x: max(x, 0), 0.3, 0.1) == pytest.approx(1, abs=1e-12)
    assert {central(lambda x: max(x, 0), 0.0, 10.0**-k) for k in range(16)} == {0.5}
    CHAPTER.says("$(1.3 - 0)/2 = 0.65$", "slope 0.5 for every $h$")
    f = CHAPTER.end["relu_sum"]
    x = np.array([3e-6, 0.0, 0.5, -2.0])
    for at_0, passes in (0, True), (1, True), (0.5, True), (0.7, False):
        report = gradient_check(f, x, np.array([1.0, at_0, 1, 0]))
        assert bool(report) == passes
        assert report.rows[0].kinks == (at_0 in (0, 1))
    assert not gradient_check(f, x, np.array([0.0, 0, 1, 0]))

    class OtherSide(Relu):
        def forward(self, x):
            super().forward(x)
            self.mask = x >= 0
            return np.maximum(x, 0)

    assert layer_check(Relu(), x)
    assert not layer_check(OtherSide(), x)


def test_one_direction_tests_all():
    sizes = [array.size for array in CHAPTER.at("def claimed")["net"].params.values()]
    assert sum(sizes) == 784 * 50 + 50 + 50 * 10 + 10 == 39_760
    CHAPTER.says("= 39,760", f"{2 * sum(sizes):,} forward passes")
    found = CHAPTER.at("def claimed")
    start, v, x, t = (found[name] for name in ("start", "v", "x", "t"))

    def along(step):
        return plain_loss({name: start[name] + step * v[name] for name in start}, x, t)

    slope = (along(1e-6) - along(-1e-6)) / 2e-6
    assert found["measured"] == pytest.approx(slope, rel=1e-7)
    gradient = TwoLayerNet(784, 50, 10).gradient(x, t)
    claimed = sum(np.sum(gradient[name] * v[name]) for name in v)
    assert claimed == pytest.approx(slope, rel=1e-7)
    worst = CHAPTER.at("W1[worst] *= -1")["worst"]
    assert np.abs(gradient["W1"]).max() == abs(gradient["W1"][worst])
    gradient["W1"][worst] *= -1
    assert found["claimed"](gradient) == pytest.approx(
        claimed + 2 * gradient["W1"][worst] * v["W1"][worst]
    )
    assert abs(found["claimed"](gradient) / slope - 1) > 1e-2


def test_how_often_a_bug_hides():
    once = erf(0.01 / sqrt(2))  # |normal| below a hundredth of its standard deviation
    assert (round(1000 * once), round(100_000 * once**2)) == (8, 6)
    CHAPTER.says("in 8 of 1,000 draws; twice in a row, in 6 of 100,000")
    assert SAMPLES == 10
    CHAPTER.says("The library draws ten")


def test_the_lab_names_its_bugs():
    numbers = [int(n) for code in CHAPTER.code for n in re.findall(r"= mystery\((\d+)\)", code)]
    assert numbers == LAB
    answers = re.findall(r"\{dropdown\} The bug\n(.*?)\n````", CHAPTER.text, flags=re.DOTALL)
    assert len(answers) == len(LAB)
    for number, answer in zip(LAB, answers, strict=True):
        assert answer.startswith(f"{BUGS[number].name}. ")
        assert not BUGS[number].check()
        assert BUGS[number].check_right()
    assert len(BUGS) == 50
    CHAPTER.says("`nnlib.gallery` holds 50 layers and networks", "for `n` from 0 to 49")


def rows_of(number):
    return {row.name: row for row in verdict(*mystery(number)).rows}


def wrong_in(number):
    return [name for name, row in rows_of(number).items() if not row.passed]


def test_the_reports_of_the_lab_show_what_the_answers_say():
    minus, half, mean, transposed = (rows_of(number) for number in LAB[:4])
    assert wrong_in(24) == ["y"]
    assert minus["y"].max_relative_error == pytest.approx(2)
    assert half["x"].numerical == pytest.approx(2 * half["x"].derived)
    assert wrong_in(0) == ["b"]
    assert mean["b"].numerical == pytest.approx(4 * mean["b"].derived)
    assert len(mystery(0)[1][0]) == 4
    assert wrong_in(2) == ["x"]
    assert transposed["x"].max_relative_error > 1e-2
    found = CHAPTER.at("np.array([5, 5, -5])")
    assert (found["out"].tolist(), found["dx"].tolist()) == ([0, 2, 3], [5, 5, 0])
    layer, (scores, t) = mystery(37)
    layer.forward(scores, t)
    assert gradient_check(lambda s: layer.forward(s, t), scores, layer.backward())
    assert not layer_check(layer, scores, t)


def test_the_table_of_symptoms_is_true_of_the_gallery():
    for number, factor in (38, 1 / 4), (40, 4), (26, 2), (28, 3), (24, -1), (31, -1):
        row = next(row for row in rows_of(number).values() if not row.passed)
        assert row.numerical == pytest.approx(factor * row.derived)
    for number in 0, 1, 38:  # right for one sample only
        bug = BUGS[number]
        made, inputs = bug.draw(bug.broken)
        assert verdict(made, tuple(array[:1] for array in inputs))
    for number in 4, 41:
        assert any("second backward" in p for p in verdict(*mystery(number)).problems)
    for number in 7, 9, 14:  # where the slope is 0 or dout, the other one comes back
        row = rows_of(number)["x"]
        small, large = sorted(abs(slope) for slope in (row.derived, row.numerical))
        assert small < 1e-9 < 1e-2 < large
    assert wrong_in(47) == ["W1", "b1"]
    layer, (x,) = mystery(3)
    dout = np.random.default_rng(0).standard_normal(layer.forward(x).shape)
    layer.backward(dout)
    right = x.T @ dout
    close = np.isclose(layer.dW, right)
    assert np.array_equal(close, np.eye(3, dtype=bool))


@pytest.mark.parametrize("size", [64, 784])
def test_both_printed_numbers_of_the_story(size):
    """By the chapter's function, on made pictures; and by pencil."""
    rng = np.random.default_rng(size)
    x, t = rng.random((3, size)), np.array([5, 0, 4])
    net = TwoLayerNet(size, 50, 10, rng=rng)
    mine = net.gradient(x, t)["b2"]
    for little, printed in (1e-7, "1.4e-07"), (0.0, "1.2e-10"):

        def loss(_, little=little):
            return plain_loss(net.params, x, t, little)

        measured = CHAPTER.end["numerical_gradient"](loss, net.params["b2"], h=1e-4)
        assert f"{np.mean(np.abs(measured - mine)):.1e}" == printed
    by_hand = np.mean(np.abs([0.1 - 1 / 3] * 3 + [0.1] * 7))
    assert by_hand == pytest.approx(0.14)
    factor = 0.1 / (0.1 + 1e-7)
    assert factor == pytest.approx(1 - 1e-6, abs=1e-11)
    third = 0.1 * 0.9 * 0.8
    assert f"{third:.3f}" == "0.072"
    assert f"{third * 1e-8 / 6:.1e}" == "1.2e-10"
    CHAPTER.says("0.14 × 1e-6 = 1.4e-7", "= 0.072$", "is 1.2e-10", "difference of 1.19e-10")
    assert any("for little in (1e-7, 0)" in code for code in CHAPTER.code)


def test_the_gradient_of_a_log_with_a_little_inside():
    a = np.array([9.0, -6.0, 2.0])
    y = np.exp(a) / np.exp(a).sum()
    y_minus_t = y - np.array([0, 1, 0])
    assert gradient_check(log_loss, a, y[1] / (y[1] + 1e-7) * y_minus_t)
    assert not gradient_check(log_loss, a, y_minus_t)
    assert gradient_check(lambda a: log_loss(a, 0.0), a, y_minus_t)
    CHAPTER.says("For a sample with $p = 10^{-7}$ it is one half")
    assert 1e-7 / (1e-7 + 1e-7) == 0.5


def test_a_bug_that_shows_after_training_only():
    found = CHAPTER.at("trained = gradient_check(")
    assert found["fresh"]
    assert [row.name for row in found["trained"].rows if not row.passed] == ["b1", "b2"]
    trained = {row.name: row for row in found["trained"].rows}
    params, x, t = found["net"].params, found["x"], found["t"]
    for name in ("b1", "b2"):
        (i,) = trained[name].worst
        off = trained[name].numerical - trained[name].derived
        assert off == pytest.approx(0.1 * params[name][i], rel=1e-4)
    assert then(found, "decayed_loss")(params) == pytest.approx(decayed(params, x, t))
    assert not TwoLayerNet(64, 50, 10).params["b1"].any()


def test_every_gradient_agrees_with_jax():
    jax = pytest.importorskip("jax", reason="there is no JAX for this platform")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    exercise = CHAPTER.after("ex-check-4")
    trained = CHAPTER.at("trained = gradient_check(")
    net, x, t = trained["net"], trained["x"], trained["t"]
    a = np.array([9.0, -6.0, 2.0])

    @jax.jit  # all at once, which is quicker
    def derived(params, scores, a):
        rows, labels = jnp.arange(2), exercise["labels"]
        return {
            "network": jax.grad(lambda p: decayed(p, x, t, jnp))(params),
            "scores": jax.grad(lambda s: -jax.nn.log_softmax(s)[rows, labels].mean())(scores),
            "little": jax.grad(lambda a: log_loss(a, np=jnp))(a),
            "third": jax.grad(jax.grad(jax.grad(jax.nn.softplus)))(-jnp.log(9.0)),
        }

    true = derived(copies(net), exercise["scores"], a)
    np.testing.assert_allclose(exercise["right"], true["scores"], rtol=1e-12)
    y = np.exp(a) / np.exp(a).sum()
    formula = y[1] / (y[1] + 1e-7) * (y - np.array([0, 1, 0]))
    np.testing.assert_allclose(formula, true["little"], rtol=1e-9)
    assert float(true["third"]) == pytest.approx(0.072)
    for name, array in then(trained, "decayed_gradient")().items():
        forgotten = 0.1 * net.params[name] if name[0] == "b" else 0
        np.testing.assert_allclose(array + forgotten, true["network"][name], atol=1e-12)


def test_the_mistakes_show_as_the_text_says():
    central, relative_error = CHAPTER.end["central"], CHAPTER.end["relative_error"]
    errors = [relative_error(central(CHAPTER.end["f"], 1.2, h), 6.912) for h in (1e-5, 1e-12)]
    assert errors[0] < 1e-9
    assert errors[1] > 1e-5
    report = CHAPTER.at("copies = ")["report"]
    assert all(abs(row.numerical) < 1e-9 for row in report.rows)
    report = CHAPTER.at("twice = ")["report"]
    assert not any(row.passed for row in report.rows)
    for row in report.rows:
        assert row.max_relative_error == pytest.approx(0.5, abs=0.04)
        assert row.mean_absolute_error < 2e-3
