"""Chapter 12: its engine against the library and JAX, and every number that it states."""

import importlib.util
import inspect
import itertools
import math
import os
import re
import sys
import types

import pytest
from chapter import Chapter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnlib.gradient import numerical_diff
from nnlib.graph import Graph, Variable
from nnlib.live import GraphFigure

CHAPTER = Chapter("12-your-own-graph")
END = CHAPTER.end
Value, backward, ordered = END["Value"], END["backward"], END["ordered"]


def gradients(f, *numbers):
    """The derivatives of a formula by the chapter's engine."""
    inputs = [Value(x) for x in numbers]
    backward(f(*inputs))
    return [v.grad for v in inputs]


def differences(f, *numbers):
    """The same, from nothing but the values of the library's graph."""

    def moved(i, x):
        return f(*[Variable(x if k == i else n) for k, n in enumerate(numbers)]).value

    return [numerical_diff(lambda x, i=i: moved(i, float(x)), n) for i, n in enumerate(numbers)]


# --- random calculations, for any kind of number ---

BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
POWERS = (2, 3, -1, -2, 0.5)


def step(pool, operation, i, j, exp, log):
    if operation in BINARY:
        return BINARY[operation](pool[i], pool[j])
    if operation == "1 - x":
        return 1 - pool[i]
    if operation == "3 / x":
        return 3 / pool[i]
    if operation == "**":
        return pool[i] ** POWERS[j % len(POWERS)]
    return {"exp": exp, "log": log, "minus": lambda x: -x}[operation](pool[i])


def calculate(program, inputs, exp, log):
    pool = list(inputs)
    for operation, i, j in program:
        pool.append(step(pool, operation, i, j, exp, log))
    return pool[-1]


@st.composite
def programs(draw):
    """Inputs and steps; a step uses any values so far, and every number stays moderate."""
    inputs = draw(st.lists(st.integers(-30, 30).map(lambda n: n / 10), min_size=2, max_size=3))
    pool, program = list(inputs), []
    for _ in range(draw(st.integers(3, 12))):
        operation = draw(st.sampled_from([*BINARY, "1 - x", "3 / x", "**", "exp", "log", "minus"]))
        i, j = (draw(st.integers(0, len(pool) - 1)) for _ in range(2))
        try:
            made = step(pool, operation, i, j, math.exp, math.log)
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
        near_pole = operation in ("**", "log", "3 / x") and abs(pool[i]) < 0.1
        near_pole |= operation == "/" and abs(pool[j]) < 0.1
        if isinstance(made, float) and 0.01 < abs(made) < 100 and not near_pole:
            program.append((operation, i, j))
            pool.append(made)
    assume(len(program) >= 2)
    return inputs, program


def close(found, expected):
    scale = max(1.0, *map(abs, expected))
    return all(abs(f - e) <= 1e-9 * scale for f, e in zip(found, expected, strict=True))


@settings(max_examples=80)
@given(programs())
def test_the_engine_agrees_with_the_library_on_any_calculation(drawn):
    numbers, program = drawn
    mine, theirs = [Value(x) for x in numbers], [Variable(x) for x in numbers]
    y = calculate(program, mine, Value.exp, Value.log)
    z = calculate(program, theirs, Variable.exp, Variable.log)
    z.backward()
    for _ in range(2):  # a second call gives the same
        backward(y)
        assert math.isclose(y.value, z.value, rel_tol=1e-12)
        assert close([v.grad for v in mine], [v.grad or 0.0 for v in theirs])


@settings(max_examples=20)
@given(programs())
def test_the_engine_agrees_with_jax(drawn):
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax = pytest.importorskip("jax", reason="there is no JAX for this platform")
    jax.config.update("jax_enable_x64", True)
    numbers, program = drawn

    def formula(*inputs):
        return calculate(program, inputs, jax.numpy.exp, jax.numpy.log)

    expected = jax.grad(formula, argnums=tuple(range(len(numbers))))(*numbers)
    mine = [Value(x) for x in numbers]
    backward(calculate(program, mine, Value.exp, Value.log))
    assert close([v.grad for v in mine], [float(slope) for slope in expected])


@settings(max_examples=50)
@given(programs())
def test_both_orders_have_each_value_once_and_after_its_parents(drawn):
    numbers, program = drawn
    y = calculate(program, [Value(x) for x in numbers], Value.exp, Value.log)
    found = set()
    for order in ordered(y), CHAPTER.after("ex-own-4")["in_order"](y):
        assert len(set(order)) == len(order)
        assert order[-1] is y
        place = {v: i for i, v in enumerate(order)}
        assert all(place[parent] < place[v] for v in order for parent, _ in v.parents)
        found.add(frozenset(order))
    assert len(found) == 1


# --- the order of the walk ---


def test_the_bill_and_its_three_wrong_walks():
    right = gradients(END["dinner"], 10, 2, 0.25)
    assert right == [2.5, 12.5, 20.0]
    assert right == pytest.approx(differences(END["dinner"], 10, 2, 0.25))
    *inputs, total = END["bill"]()
    assert total.value == 25
    assert {(v.value, local) for v, local in total.parents} == {(20, 1), (5, 1)}
    names = dict(zip(inputs, ("price", "guests", "rate", "subtotal"), strict=True))
    assert [names.get(v, v.value) for v in ordered(total)] == [
        *("price", "guests", "subtotal", "rate"), 5.0, 25.0,
    ]  # fmt: skip
    CHAPTER.says(
        "`ordered` gives price, guests, subtotal, rate, tip, total",
        "The price gets 2.5",
        "only their sum, 1.25, is passed on",
        "its two parents, 20 and 5, with a local derivative of 1 each",
    )
    END["too_early"](total)
    assert inputs[0].grad == 1 * 2 + 1.25 * 2
    CHAPTER.says(f"The price gets {inputs[0].grad} instead of 2.5", "its whole 1.25 × 2")

    *inputs, total = END["bill"]()
    END["walk"](total)
    assert [v.grad for v in inputs] == [*right, 1.25]  # right, but on each path

    *inputs, total = END["bill"]()
    END["backward_again"](total)
    assert [v.grad for v in inputs] == [*right, 1.25]
    END["backward_again"](total)
    assert (inputs[0].grad, inputs[3].grad) == (8, 1 + 0.5 + 1.25)
    CHAPTER.says("8 is not even twice 2.5", "now they have 2 and 2.75, and 2.5 + 2 × 2.75 = 8")

    *inputs, total = END["bill"]()
    total.grad = 1.0
    END["first_come"](total, set())
    assert [v.grad for v in inputs[:3]] == [2, 10, 20]


def doubled(times):
    x = y = Value(1)
    for _ in range(times):
        y = y + y
    return x, y


def test_a_walk_along_all_paths_doubles_with_each_fan_out():
    x, y = doubled(16)
    calls = END["walk"](y)
    assert (calls, x.grad, len(ordered(y))) == (2**17 - 1, 2**16, 17)
    CHAPTER.says(f"{calls:,} calls for {len(ordered(y))} values")
    CHAPTER.says("each further doubling doubles the work")


def test_a_long_chain_is_too_deep_for_recursion_and_not_for_the_library():
    mine, theirs = Value(1), Variable(1)
    start = theirs
    for _ in range(10_000):
        mine, theirs = mine + 1, theirs + 1
    theirs.backward()
    assert start.grad == 1
    with pytest.raises(RecursionError):
        backward(mine)


def test_what_the_mistakes_say():
    *inputs, total = END["bill"]()
    inputs[0].value = 20.0
    backward(total)
    assert (total.value, inputs[1].grad) == (25, 12.5)
    assert gradients(END["dinner"], 20, 2, 0.25)[1] == 25
    CHAPTER.says("At a price of 20, `guests` should get 25")
    with pytest.raises(AttributeError):
        Variable(1.0).value = 2.0
    with pytest.raises(TypeError):
        Value(2) ** Value(3)
    slopes = gradients(lambda a, b: (b * a.log()).exp(), 2, 3)
    assert slopes == pytest.approx([3 * 2**2, 8 * math.log(2)])
    assert (Value(0.1) * 3).value != 0.3


# --- a typed expression ---


@settings(max_examples=60)
@given(
    st.floats(-1e4, 1e4).map(lambda x: float(f"{x:.3g}")).filter(lambda x: x == 0 or abs(x) > 1e-3)
)
def test_any_typed_value_lies_on_its_slider(x):
    figure = END["live"]("x * x + 2 * x", x=x)
    assert figure.gradients["x"] == pytest.approx(2 * x + 2, rel=1e-9, abs=1e-12)
    slider = figure.sliders["x"]
    low, high = sorted((0.0, 2 * x)) if x else (-1.0, 1.0)
    assert (slider.min, slider.max) == pytest.approx((low, high))
    assert slider.step == pytest.approx((high - low) / 20)


def test_the_typed_figures_and_the_python_that_they_copy():
    typed = END["live"]("a * b + a**2", a=2, b=3)
    assert typed.gradients["a"] == 3 + 2 * 2 == 7
    assert typed.gradients["b"] == 2
    typed.sliders["b"].value = 6
    assert (typed.gradients["a"], typed.gradients["b"]) == (10, 2)

    hill = END["live"]("x * exp(-x)", x=1)
    slopes = [Graph.at(hill.graph, x=x).gradients["x"] for x in (0.9, 1.0, 1.1)]
    assert slopes[0] > 0 == slopes[1] > slopes[2]
    CHAPTER.says("stands at that place, $x = 1$")
    for figure in typed, hill:
        pasted = {}
        *lines, last = figure.code.splitlines()
        exec("\n".join([*lines, f"copy = {last}"]), pasted)
        assert isinstance(pasted["copy"], GraphFigure)
        assert pasted["copy"].gradients == figure.gradients


# --- three graphs ---


def test_savings():
    savings = END["savings"]
    assert gradients(lambda P, r: savings(P, r, 2), 1000, 5) == pytest.approx([1.1025, 21])
    assert savings(1000, 5, 2) == pytest.approx(1102.5)
    slope = gradients(savings, 1000, 5)
    assert slope == pytest.approx(differences(savings, 1000, 5))
    assert slope[1] == pytest.approx(1000 * 10 * 1.05**9 / 100)
    assert slope[1] > 5 * 21
    assert gradients(savings, 1000, 0)[1] == pytest.approx(100)
    rise = savings(1000, 6) - savings(1000, 5)
    CHAPTER.says(
        f"`r` gets {slope[1]:.1f}.",
        f"the amount rises by {rise:.0f}",
        "At `r` = 0 it is 100, ten times 10",
    )


def test_the_lens():
    image = END["image"]
    assert gradients(image, 10, 30) == pytest.approx([2.25, -0.25])
    assert gradients(image, 10, 30) == pytest.approx(differences(image, 10, 30), rel=1e-6)
    rows = {
        symbol: re.search(rf"^\| \${re.escape(symbol)}\$ \|(.+)\|$", CHAPTER.text, re.MULTILINE)[1]
        for symbol in ("o", "i", r"\partial i/\partial o")
    }
    table = [[float(n.replace("−", "-")) for n in row.split("|")] for row in rows.values()]
    assert table[0] == [30, 20, 15, 11]
    for o, i, slope in zip(*table, strict=True):
        assert image(10, o) == pytest.approx(i)
        assert gradients(image, 10, o)[1] == pytest.approx(slope) == pytest.approx(-((i / o) ** 2))

    graph = Graph(image(Variable(10, name="f"), Variable(30, name="o")))
    at_focus = graph.at(o=10)
    assert (at_focus.values["y"], at_focus.gradients["o"]) == (math.inf, -math.inf)
    assert graph.at(o=9).values["y"] < 0
    CHAPTER.says("shows ∞ for $i$ and −∞ for the derivative", "Nearer still, $i$ is negative")
    CHAPTER.says("about 0.25 cm nearer", "about 2.25 cm further away")


def test_the_exam():
    def one(w, b):  # 2 hours, passed
        return -(1 / (1 + (-(w * 2 + b)).exp())).log()

    assert one(Value(1), Value(-2)).value == pytest.approx(0.693, abs=2e-4)
    assert gradients(one, 1, -2) == pytest.approx([-1, -0.5])
    assert one(Value(1), Value(-2)).value - one(Value(1.1), Value(-2)).value == pytest.approx(
        0.1, rel=0.06
    )
    CHAPTER.says("`score` gets −0.5", "the loss falls by about 0.1. For $b$ it is half as much")

    # The whole loss from the definition, and its gradient as the mean of (p - t) h.
    students = [(1, 0), (2, 1), (3, 0), (4, 1)]

    def p(h, w=1.0, b=-2.0):
        return 1 / (1 + math.exp(-(w * h + b)))

    def loss(w, b):
        return -sum(math.log(p(h, w, b) if t else 1 - p(h, w, b)) for h, t in students) / 4

    exam = END["exam"]
    assert exam(Value(1), Value(-2)).value == pytest.approx(loss(1, -2))
    slopes = [sum((p(h) - t) * by for (h, t), by in zip(students, each, strict=True)) / 4
              for each in ((1, 2, 3, 4), (1, 1, 1, 1))]  # fmt: skip
    assert gradients(exam, 1, -2) == pytest.approx(slopes)
    assert p(3) == pytest.approx(0.73, abs=5e-3)
    w, b = CHAPTER.at("b.value - 0.5 * b.grad")["w"], CHAPTER.at("b.value - 0.5 * b.grad")["b"]
    assert (w, b) == pytest.approx((1 - 0.5 * slopes[0], -2 - 0.5 * slopes[1]))
    assert loss(w, b) < loss(1, -2)
    CHAPTER.says(f"it prints `{slopes[0]:.4f} {slopes[1]:.4f}`")


class Tensor(Variable):
    """What the cell needs of a PyTorch tensor, where there is no PyTorch."""

    def __init__(self, x, *, dtype, requires_grad):
        assert dtype == "float64"
        assert requires_grad
        super().__init__(x)

    @property
    def grad(self):
        return types.SimpleNamespace(item=lambda: self._grad)


def test_the_cell_for_pytorch(monkeypatch, capsys):
    cell = next(source for source in CHAPTER.code if "import torch" in source)
    if importlib.util.find_spec("torch") is None:
        exec(cell, dict(END))
        assert capsys.readouterr().out == "PyTorch is not installed here.\n"
        torch = types.ModuleType("torch")
        torch.tensor, torch.float64 = Tensor, "float64"
        monkeypatch.setitem(sys.modules, "torch", torch)
    exec(cell, dict(END))
    assert capsys.readouterr().out == "0.2463 0.0952\n"


def test_every_check_of_the_chapter_passes_and_sees_a_wrong_derivative(monkeypatch):
    check = END["check"]
    for formula, at in [
        (END["dinner"], {"price": 10.0, "guests": 2.0, "rate": 0.25}),
        (END["savings"], {"P": 1000.0, "r": 5.0}),
        (END["image"], {"f": 10.0, "o": 30.0}),
        (END["exam"], {"w": 1.0, "b": -2.0}),
    ]:
        assert check(formula, **at)
    monkeypatch.setattr(
        Value, "__mul__", lambda a, b: Value(a.value * b.value, ((a, a.value), (b, b.value)))
    )
    assert not check(END["dinner"], price=10.0, guests=2.0, rate=0.25)


# --- exercises ---


def on_paper():
    def formula(a, b):
        p = a * b
        return (p + a) * p

    right = gradients(formula, 2, 3)
    assert right == pytest.approx(differences(formula, 2, 3))
    after = CHAPTER.after("ex-own-1")
    assert list(after["right"]) == right == [48, 28]
    assert (after["a"].grad, after["b"].grad) == (8 * 3 + 6, 8 * 2) == (30, 16)
    before = {"p": "ab", "q": "pa", "L": "qp"}
    orders = [
        order
        for order in itertools.permutations("abpqL")
        if all(order.index(v) < order.index(k) for k, vs in before.items() for v in vs)
    ]
    assert ["".join(order) for order in orders] == ["abpqL", "bapqL"]
    assert "two orders; 48 and 28; with the wrong order 30 and 16" in CHAPTER.exercises["ex-own-1"]
    solution = CHAPTER.solution("ex-own-1")
    assert "$a, b, p, q, L$ or $b, a, p, q, L$" in solution
    assert "$p$ has 14 and sends 14 × 3 = 42 to $a$ and 14 × 2 = 28 to $b$" in solution


def tanh_node():
    starter, solved = (at("ex-own-2")["tanh"] for at in (CHAPTER.before, CHAPTER.after))
    for x in (-2.0, 0.0, 0.5, 1.3):
        inputs = Value(x), Value(x)
        for tanh, v in zip((starter, solved), inputs, strict=True):
            y = tanh(v) * 3
            backward(y)
            assert y.value == pytest.approx(3 * math.tanh(x))
        assert inputs[0].grad == 0
        v = Variable(x)
        (3 * (2 * (2 * v).sigmoid() - 1)).backward()  # another formula of the same function
        assert inputs[1].grad == pytest.approx(v.grad)
    x = Value(0.5)
    y = solved(x)
    backward(y)
    assert f"{y.value:.6f} and {x.grad:.6f} at" in CHAPTER.exercises["ex-own-2"]


def assignment():
    starter, broken = (at("ex-own-3")["broken"] for at in (CHAPTER.before, CHAPTER.after))
    found = []
    for walk in starter, broken:
        *inputs, total = END["bill"]()
        walk(total)
        found.append([v.grad for v in inputs])
    assert found[0] == [*gradients(END["dinner"], 10, 2, 0.25), 1.25]
    assert f"the bill gives `{found[1]}`" in CHAPTER.exercises["ex-own-3"]
    wrong = [f != b for f, b in zip(*found, strict=True)]
    assert wrong == [True, True, False, True]  # price, guests, rate, subtotal
    after = CHAPTER.after("ex-own-3")
    assert [after[name].grad for name in "abc"] == gradients(lambda a, b, c: a * b + c, 2, 3, 4)


def no_recursion():
    starter, solved = (at("ex-own-4")["in_order"] for at in (CHAPTER.before, CHAPTER.after))
    first = last = Value(1)
    for _ in range(10_000):
        last = last + 1
    assert len(starter(last)) == 1
    order = solved(last)
    assert f"{len(order):,} values" in CHAPTER.exercises["ex-own-4"]
    for v in order:
        v.grad = 0.0
    last.grad = 1.0
    for v in reversed(order):
        for parent, local in v.parents:
            parent.grad += v.grad * local
    assert first.grad == CHAPTER.after("ex-own-4")["first"].grad == 1
    assert CHAPTER.after("ex-own-4")["ordered"] is CHAPTER.before("ex-own-4")["ordered"]


def braking():
    def way(v, t, a):
        return v * t + v**2 / (2 * a)

    starter, figure = (at("ex-own-5")["braking"] for at in (CHAPTER.before, CHAPTER.after))
    assert starter.values["y"] == 20
    assert figure.values["y"] == pytest.approx(way(20, 1, 8)) == pytest.approx(45)
    slopes = [figure.gradients[name] for name in "vta"]
    assert slopes == pytest.approx([1 + 20 / 8, 20, -(20**2) / (2 * 8**2)])
    assert slopes == pytest.approx(differences(way, 20, 1, 8), rel=1e-6)
    assert (
        "45 m; derivatives 3.5 for $v$, 20 for $t$, −3.125 for $a$"
        in (CHAPTER.exercises["ex-own-5"])
    )
    assert 0.1 * slopes[1] == pytest.approx(2)
    assert 0.1 * slopes[2] == pytest.approx(-0.31, abs=5e-3)


EXERCISES = {
    "ex-own-1": on_paper,
    "ex-own-2": tanh_node,
    "ex-own-3": assignment,
    "ex-own-4": no_recursion,
    "ex-own-5": braking,
}


# --- quiz ---


def passed_on_twice():
    a = Value(2)
    s = a * 3
    END["too_early"](s + s)
    return f"{a.grad:g}"


def why_no_engine_walks_paths():
    calls = []
    for times in (8, 9, 10):
        x, y = doubled(times)
        calls.append(END["walk"](y))
        if x.grad != 2**times:
            return "It counts wrongly at a fan-out"
    if list(inspect.signature(END["walk"]).parameters) != ["v", "dout"]:
        return "It has to know the whole graph beforehand"
    assert calls[1] == 2 * calls[0] + 1
    assert calls[2] == 2 * calls[1] + 1
    return "The number of paths can double with each fan-out"


def after_a_changed_value():
    x = Value(3)
    y = x * x
    x.value = 5.0
    try:
        backward(y)
    except (AttributeError, ValueError):
        return "An error message"
    return {6.0: "The derivatives at the old value", 10.0: "The derivatives at the new value"}[
        x.grad
    ]


def where_the_image_goes():
    slope = gradients(END["image"], 10, 15)[1]
    assert END["image"](10, 15.1) - END["image"](10, 15) == pytest.approx(0.1 * slope, rel=0.03)
    return f"{abs(0.1 * slope):.1f} cm {'nearer' if slope < 0 else 'further away'}"


QUIZ = {
    "A graph computes `s = a * 3`, then `L = s + s`. What does `too_early` give to `a`?": (
        passed_on_twice
    ),
    "`walk` passes on each contribution by itself and is right. Why does no engine do that?": (
        why_no_engine_walks_paths
    ),
    "You change the value of an input of your engine, and then call `backward`. "
    "What comes out?": after_a_changed_value,
    "A lens with $f = 10$ cm shows an object at $o = 15$ cm sharply at $i = 30$ cm. "
    "The object moves 0.1 cm away. About where does the image go?": where_the_image_goes,
}
