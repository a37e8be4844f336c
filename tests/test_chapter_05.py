"""Chapter 5: what it says and shows about the chain rule is so."""

import ast
import itertools
import os
from math import prod

import numpy as np
import pytest
from chapter import Chapter
from counted import Counted

from nnlib.graph import Graph, Variable
from nnlib.layers import AddLayer, MulLayer

CHAPTER = Chapter("05-chain-rule")
SHOP = {"apple": 100, "apple_number": 2, "orange": 150, "orange_number": 3, "tax": 1.1}
SHOP_SLOPES = {"apple": 2.2, "apple_number": 110, "orange": 3.3, "orange_number": 165, "tax": 650}


def slope(f, *point, of=0, h=1e-5):
    """The derivative of f by one of its arguments, measured."""
    up, down = list(point), list(point)
    up[of] += h
    down[of] -= h
    return round((f(*up) - f(*down)) / (2 * h), 5)


def figure(name):
    """The graph of a live figure, to be set to other inputs with `at`."""
    cell = next(s for s in CHAPTER.code if f'name="{name}"' in s)
    output = next(
        ast.unparse(call.args[0])
        for call in ast.walk(ast.parse(cell))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "GraphFigure"
    )
    return Graph(CHAPTER.at(f'name="{name}"')[output])


def reports(heading):
    """Every gradient check of a section."""
    cells = [i for i, (_, s) in enumerate(CHAPTER.cells) if s.startswith("## ") or "\n## " in s]
    first = next(i for i in cells if f"## {heading}" in CHAPTER.cells[i][1])
    last = next(i for i in cells if i > first)
    found = dict(CHAPTER.at("power = force * speed"))
    for kind, source in CHAPTER.cells[:last]:
        if kind == "code":
            tree = ast.parse(source)
            inside = isinstance(tree.body[-1], ast.Expr) and "gradient_check(" in source
            shown = ast.Expression(tree.body.pop().value) if inside else None
            exec(compile(tree, "cell", "exec"), found)
            if shown and (kind, source) in CHAPTER.cells[first:last]:
                yield source, eval(compile(shown, "cell", "eval"), found)


# --- Exercises ---


def exercise_1():
    def z(x, y):
        return (x * y + x) ** 2

    found = CHAPTER.after("ex-chain-1")
    dx, dy = slope(z, 4, 2), slope(z, 4, 2, of=1)
    assert (found["z"].value, found["x"].grad, found["y"].grad) == (z(4, 2), dx, dy)
    exercise, solution = CHAPTER.exercises["ex-chain-1"], CHAPTER.solution("ex-chain-1")
    assert f"$z = {z(4, 2)}$, the derivative {dx:g} for $x$ and {dy:g} for $y$" in exercise
    dt = 2 * 12
    assert (dt * 2 + dt, dt * 4) == (dx, dy)
    for part in ("1 × 2 × 12 = 24", "24 × 2 = 48", "24 × 4 = 96", "48 + 24 = 72"):
        left, right = part.split(" = ")
        assert eval(left.replace("×", "*")) == int(right)
        assert part in solution
    now = figure("fig-chain-paper").at(x=4, y=2)
    assert now.values == {"x": 4, "y": 2, "p": 8, "t": 12, "z": 144}
    assert now.gradients == {"x": dx, "y": dy, "p": dt, "t": dt, "z": 1}


def exercise_2():
    dual = CHAPTER.end["Dual"]
    started = CHAPTER.before("ex-chain-2")["z"]
    assert (started.value, started.slope) == (8, 0)
    found = CHAPTER.after("ex-chain-2")
    minus, to_the = found["minus"], found["to_the"]
    assert (found["for_x"].slope, found["for_y"].slope) == (12, -12)
    assert (
        "is 8, with the slope 12 for $x$. Move the 1 to $y$, and it is −12."
        in CHAPTER.exercises["ex-chain-2"]
    )
    for x, y, n in [(3, 1, 3), (2.5, 4, 2), (3, 1, -1), (2, 0.5, 4)]:
        for of in (0, 1):
            z = to_the(minus(dual(x, 1 - of), dual(y, of)), n)
            expected = slope(lambda a, b, n=n: (a - b) ** n, x, y, of=of)
            assert (z.value, round(z.slope, 5)) == ((x - y) ** n, expected)


def exercise_3():
    started, found = (c("ex-chain-3")["ladder"] for c in (CHAPTER.before, CHAPTER.after))
    assert started(2) != 9
    for k in range(6):  # each path takes one of three ways at each rung
        assert found(k) == len(list(itertools.product("abc", repeat=k)))
    assert found(10) == 59_049
    assert "9 for 2 rungs and 59,049 for 10 rungs" in CHAPTER.exercises["ex-chain-3"]


def exercise_4():
    started = CHAPTER.before("ex-chain-4")["BrokenDual"]
    assert (started(3, 1) * started(4)).slope == 4  # not broken yet
    found = CHAPTER.after("ex-chain-4")
    assert [found["broken_sweep"](name) for name in SHOP] == [0] * 5
    square = found["BrokenDual"](3, 1) * found["BrokenDual"](3, 1)
    assert (square.slope, slope(lambda x: x * x, 3)) == (1, 6)
    assert "1, where 6 would be right" in CHAPTER.solution("ex-chain-4")
    assert "five zeros, and 1 for" in CHAPTER.exercises["ex-chain-4"]


EXERCISES = {
    "ex-chain-1": exercise_1,
    "ex-chain-2": exercise_2,
    "ex-chain-3": exercise_3,
    "ex-chain-4": exercise_4,
}


# --- Quiz ---


def winch():
    def height(seconds):
        turns = 2 * seconds
        rope = 1.5 * turns
        return 0.5 * rope

    return f"{slope(height, 7):g}"


def square_of_three_x():
    return f"{slope(lambda x: (3 * x + 1) ** 2, 2):g}"


def opposite_parts():
    x = Variable(2)
    z = x * -3 + x * 3
    z.backward()
    if z.value == 2.001 * -3 + 2.001 * 3 and x.grad == 0:
        return "A small change of the value leaves the result as it is"
    return "The derivative is 3, the one that arrives last"


def walks():
    """Fill in all derivatives, one walk after the other, and count."""
    dual, n, m = CHAPTER.end["Dual"], 500, 2
    rng = np.random.default_rng(0)
    weights, x = rng.normal(size=(m, n)), rng.normal(size=n)

    def f(row, inputs, number):
        total = number(0.0)
        for w, v in zip(row, inputs, strict=True):
            total = total + number(float(w)) * v
        return total

    by_input = np.full((m, n), np.nan)
    forward = 0
    while np.isnan(by_input).any():
        one = int(np.isnan(by_input).any(axis=0).argmax())
        inputs = [dual(v, int(i == one)) for i, v in enumerate(x)]
        by_input[:, one] = [f(row, inputs, dual).slope for row in weights]
        forward += 1

    by_output = np.full((m, n), np.nan)
    reverse = 0
    while np.isnan(by_output).any():
        one = int(np.isnan(by_output).any(axis=1).argmax())
        inputs = [Variable(float(v)) for v in x]
        f(weights[one], inputs, Variable).backward()
        by_output[one] = [v.grad for v in inputs]
        reverse += 1

    assert np.allclose(by_input, weights, rtol=1e-12)
    assert np.allclose(by_output, weights, rtol=1e-12)
    return f"forward mode {forward}, reverse mode {reverse}"


QUIZ = {
    "A drum makes 2 turns per second, each turn winds in 1.5 metres of rope, and the load rises "
    "0.5 metres for each metre of rope. How fast does the load rise, in metres per second?": winch,
    "What is the derivative of (3x + 1)² with respect to x, at x = 2?": square_of_three_x,
    "A value is used in two places, and −3 and 3 come back. What follows?": opposite_parts,
    "A calculation has 500 inputs and 2 outputs. All derivatives are wanted. How many sweeps does "
    "forward mode take, and how many backward passes does reverse mode take?": walks,
}


# --- What the chapter says ---


def test_the_drive_abroad():
    litres = 100 * 0.08
    assert (litres, litres * 1.5, round(litres * 1.5 * 1.2, 9)) == (8, 12, 14.4)
    CHAPTER.says("8 litres, which are 12 abroad and 14.4 at home")
    drive = figure("fig-chain-trip")
    for distance in (100, 250):
        slopes = {n: round(d, 9) for n, d in drive.at(distance=distance).gradients.items()}
        assert slopes == {"distance": 0.144, "litres": 1.8, "foreign": 1.2, "cost": 1}
    presses = 1 + sum(v.node is not None for v in drive.variables.values())
    assert presses == 4
    CHAPTER.says("*Step back* four times", "After 1 and 1.2 comes 1.5 × 1.2 = 1.8, and last 0.144")
    assert (0.08 * 1.5, round(0.12 * 1.2, 9)) == (0.12, 0.144)
    CHAPTER.says("1.2, 1.8, 0.144", "0.08, then 0.08 × 1.5 = 0.12, then 0.144")


def test_the_nudge_through_a_square():
    t, z = round(2.001 + 3, 9), round(5.001**2, 9)
    assert (t, z) == (5.001, 25.010001)
    assert (round(z - 25, 9), round((z - 25) / 0.001, 6)) == (0.010001, 10.001)
    CHAPTER.says("| 5 | 5.001 | 0.001 |", "| 25 | 25.010001 | 0.010001 |", "= 10.001 |")
    square = figure("fig-chain-square")
    assert square.gradients == {"x": 10, "y": 10, "t": 10, "z": 1}
    assert square.at(y=1.5).gradients["x"] != 10  # although x stands still
    lowest = square.at(y=-2)
    assert (lowest.values["t"], lowest.gradients["x"]) == (0, 0)
    CHAPTER.says("At `y` = −2 it is 0: there $t = 0$")


def test_the_chapters_own_backward_steps_agree_with_the_library():
    square_of_sum, bed_and_lawn = CHAPTER.end["square_of_sum"], CHAPTER.end["bed_and_lawn"]
    for a, b in np.random.default_rng(1).normal(size=(20, 2)).tolist():
        x, y = Variable(a), Variable(b)
        ((x + y) ** 2).backward(-1.7)
        assert square_of_sum(a, b, -1.7) == pytest.approx((x.grad, y.grad), rel=1e-12)
        (x * y + x**2).backward(-1.7)
        assert bed_and_lawn(a, b, -1.7) == pytest.approx({"x": x.grad, "y": y.grad}, rel=1e-12)


def test_the_two_curves():
    inner, outer = (CHAPTER.at(f'name="fig-chain-{n}"') for n in ("inner", "outer"))

    def speed(x):
        return inner["speed"](Variable(x)).value

    def force(x):
        return outer["force"](Variable(x)).value

    force_after = CHAPTER.end["force_after"]
    assert force_after(4.0) == force(speed(4.0))
    assert round(speed(4.0), 9) == 6.4
    slopes = slope(speed, 4.0), slope(force, 6.4), slope(force_after, 4.0)
    assert slopes == (1.2, 3.2, 3.84)
    assert round(1.2 * 3.2, 9) == 3.84
    CHAPTER.says("the speed is 6.4 and the tangent has the slope 1.2", "1.2 × 3.2 = 3.84 newtons")
    assert slope(force, speed(10.0)) == 5
    assert max(slope(force, speed(x)) for x in np.linspace(0, 10, 101)) == 5
    assert slope(speed, 10.0) == slope(force_after, 10.0) == 0
    CHAPTER.says("The second slope is at its largest, 5. But the first is 0")


def test_the_bed_and_the_lawn():
    x = 3.001
    after = [round(v, 9) for v in (x * 2, x**2, x * 2 + x**2)]
    assert after == [6.002, 9.006001, 15.008001]
    rows = zip(("6", "9", "15"), after, (6, 9, 15), strict=True)
    CHAPTER.says(*[f"| {old} | {new} | {round(new - was, 9)} |" for old, new, was in rows])
    fan = figure("fig-chain-fan")
    assert fan.gradients == {"x": 8, "y": 3, "lawn": 1, "bed": 1, "z": 1}
    assert fan.at(y=-6).gradients["x"] == 0
    CHAPTER.says("at −6 it is 0", "2 from the lawn plus 6 from the bed: 8")
    nudged = [round(v - 9, 9) for v in (3.001 * 3, 3 * 3.001, 3.001 * 3.001)]
    assert nudged == [0.003, 0.003, 0.006001]
    assert round(0.006001 - 2 * 0.003, 9) == round(0.001 * 0.001, 9)
    CHAPTER.says("the product grows by 0.003", "both, by 0.006001")


def test_the_ladder():
    ladder = figure("fig-chain-ladder")
    assert ladder.gradients["x"] == 2 * 2 * 2 == 8
    assert ladder.at(b=0).gradients["x"] == 4
    paths = sorted((prod(p) for p in itertools.product((1, 2), repeat=3)), reverse=True)
    written = " + ".join(map(str, paths))
    assert ladder.at(a=2, b=2, c=2).gradients["x"] == sum(paths) == 27
    CHAPTER.says(f"{written} = 27", "= (2 + 1)(2 + 1)(2 + 1)")
    computed = [v for v in ladder.variables.values() if v.node is not None]
    uses = [sum(v in user.inputs for user in computed) for v in ladder.variables.values()]
    assert (1 + len(computed), sum(n - 1 for n in uses if n > 1)) == (7, 3)
    CHAPTER.says("seven presses", "That is 3 additions, where the list takes 7")
    twos = ladder.at(a=2, b=2, c=2).gradients
    assert [twos[name] for name in "srx"] == [1 + 2, 3 + 6, 9 + 18]
    CHAPTER.says("1 + 2 = 3, then 3 + 6 = 9, then 9 + 18 = 27")
    found = CHAPTER.at("for rung in range(20)")
    assert (found["x"].grad, 2**20) == (1_048_576, 1_048_576)
    CHAPTER.says("Twenty rungs have 1,048,576 paths, and the backward pass makes 20 additions")


def test_forward_and_reverse_mode_give_the_shops_derivatives():
    found = CHAPTER.at("shop(v).backward()")
    assert found["place"] == SHOP
    for slopes in (found["forward"], {n: v.grad for n, v in found["v"].items()}):
        assert {n: round(s, 9) for n, s in slopes.items()} == SHOP_SLOPES


def test_every_derivative_agrees_with_jax():
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax = pytest.importorskip("jax", reason="there is no JAX for this platform")
    jax.config.update("jax_enable_x64", True)
    end = CHAPTER.end

    def f(v):
        a = v["x"] * v["y"] + v["x"]
        return a * a * v["z"] + a * v["y"]

    @jax.jit  # all at once, which is quicker
    def derived(v):
        x, y, z = v["x"], v["y"], v["z"]
        rungs = {"x": x, "a": y, "b": z, "c": x - y}
        return {
            "f": jax.grad(f)(v),
            "square": jax.grad(lambda x, y: (x + y) ** 2, (0, 1))(x, y),
            "area": jax.grad(end["area"])({"x": x, "y": y}),
            "force": jax.grad(end["force_after"])(x),
            "ladder": jax.grad(end["three_rungs"])(rungs),
        }

    for point in np.random.default_rng(2).normal(size=(5, 3)).tolist():
        place = dict(zip("xyz", point, strict=True))
        x, y, z = point
        truth = jax.tree.map(float, derived(place))
        assert {n: end["sweep"](f, place, n) for n in place} == pytest.approx(truth["f"], rel=1e-12)
        assert end["square_of_sum"](x, y) == pytest.approx(truth["square"], rel=1e-12)
        assert end["bed_and_lawn"](x, y) == pytest.approx(truth["area"], rel=1e-12)
        inner, outer = 2 - 0.2 * x, 0.5 * (2 * x - 0.1 * x**2)  # the slopes of the two curves
        assert outer * inner == pytest.approx(truth["force"], rel=1e-10)
        slopes = figure("fig-chain-ladder").at(x=x, a=y, b=z, c=x - y).gradients
        assert {n: slopes[n] for n in "xabc"} == pytest.approx(truth["ladder"], rel=1e-10)


def test_the_work_of_both_modes_is_counted_rightly():
    dual, shop = CHAPTER.end["Dual"], CHAPTER.end["shop"]
    Counted.done.update({"×": 0, "+": 0})
    for one in SHOP:
        shop({n: dual(Counted(v), Counted(n == one)) for n, v in SHOP.items()})
    assert Counted.done == {"×": 5 * 9, "+": 5 * 5}
    CHAPTER.says("| forward | 5 sweeps | 5 × 9 = 45 | 5 × 5 = 25 |")
    CHAPTER.says("a `Dual` × makes 3 multiplications and 1 addition, a `Dual` + makes 2 additions")

    Counted.done.update({"×": 0, "+": 0})
    apples, oranges, tax, fruit = MulLayer(), MulLayer(), MulLayer(), AddLayer()
    a, n, o, m, t = map(Counted, SHOP.values())
    tax.forward(fruit.forward(apples.forward(a, n), oranges.forward(o, m)), t)
    assert Counted.done == {"×": 3, "+": 1}
    dfruit, _ = tax.backward(Counted(1))
    for layer, dout in zip((apples, oranges), fruit.backward(dfruit), strict=True):
        layer.backward(dout)
    assert Counted.done == {"×": 3 + 6, "+": 1}
    CHAPTER.says("| reverse | 1 forward, 1 backward | 3 + 6 = 9 | 1 |")


def test_one_forward_sweep_gives_speed_force_and_power():
    found = CHAPTER.at("power = force * speed")

    def speed(x):
        return 2 * x - 0.1 * x**2

    def force(x):
        return 0.25 * speed(x) ** 2

    def power(x):
        return force(x) * speed(x)

    for name, f in {"speed": speed, "force": force, "power": power}.items():
        assert round(found[name].slope, 5) == slope(f, 4)
        assert found[name].value == pytest.approx(f(4), rel=1e-12)


def test_every_check_passes_and_every_mistake_is_found():
    checks, mistakes = list(reports("Check it")), list(reports("Mistakes people make"))
    assert (len(checks), len(mistakes)) == (7, 5)
    assert [source for source, report in checks if not report.passed] == []
    assert [source for source, report in mistakes if report.passed] == []
    derived = [next(r.derived for r in report.rows if not r.passed) for _, report in mistakes]
    assert derived == [11, 4, 3.2, 4, 6]
    CHAPTER.says("Their sum is 11", "At $x = 2$ it would be 4", "which is 4 at $x = 3$")
