"""Chapter 6, add and multiply nodes: its layers, its numbers, its exercises and its quiz."""

import random

import numpy as np
import pytest
from chapter import Chapter, rounded, slopes

from nnlib import layers
from nnlib.gradient import gradient_check, layer_check
from nnlib.graph import Graph, Variable
from nnlib.practice import problem

CHAPTER = Chapter("06-add-and-multiply-nodes")
PLACES = [tuple(random.Random(seed).uniform(-9, 9) for _ in range(3)) for seed in range(20)]


def graph(name):
    """The graph of a live figure."""
    found = CHAPTER.at(f'name="{name}"')
    outputs = {"fig-add-node": "total", "fig-mul-node": "cost", "fig-fan-out": "z"}
    outputs |= {"fig-broadcast": "total", "fig-quotient": "speed"}
    return Graph(found[outputs.get(name, "L")])


def two_apples(apple, number, tax):
    return apple * number * tax


def fruit(apple, apple_number, orange, orange_number, tax):
    return (apple * apple_number + orange * orange_number) * tax


FRUIT = 100, 2, 150, 3, 1.1


# --- the layers ---


@pytest.mark.parametrize("name", ["AddLayer", "MulLayer"])
def test_the_layers_of_the_chapter_agree_with_the_library(name):
    mine, theirs = CHAPTER.end[name](), getattr(layers, name)()
    for x, y, dout in [*PLACES, (6, 4, 5), (0.0, -1.0, 2.0)]:
        assert mine.forward(x, y) == theirs.forward(x, y)
        assert mine.backward(dout) == theirs.backward(dout)
    rows = np.array([[1.0, -2.0], [0.5, 3.0]])
    assert np.array_equal(mine.forward(rows, rows + 1), theirs.forward(rows, rows + 1))
    assert np.array_equal(mine.backward(rows - 2), theirs.backward(rows - 2))


def test_the_layers_are_what_calculus_says():
    for x, y, dout in PLACES:
        for name, function in (("AddLayer", lambda x, y: x + y), ("MulLayer", lambda x, y: x * y)):
            layer = CHAPTER.end[name]()
            layer.forward(x, y)
            expected = [dout * slope for slope in slopes(function, x, y)]
            assert list(layer.backward(dout)) == pytest.approx(expected)


def test_the_random_gradient_is_copied_and_swapped():
    up = np.random.default_rng(0).standard_normal()
    rows = [
        layer_check(CHAPTER.end[name](), x, y).rows
        for name, x, y in (("AddLayer", 200.0, 450.0), ("MulLayer", 6.0, 4.0))
    ]
    shown = [[f"{float(row.derived):.5g}" for row in pair] for pair in rows]
    assert shown == [["0.12573"] * 2, [f"{4 * up:.5g}", f"{6 * up:.5g}"]]
    assert f"{-0.0625 * up:.7f}" == "-0.0078581"
    CHAPTER.says(
        "Both are 0.12573, the number", "4 times as much for `x` and 6 times as much for `y`"
    )
    CHAPTER.says("The −0.0078581 is −0.0625 times the random upstream gradient, 0.12573")


# --- the numbers of the text and of the figures ---


def test_the_add_node_copies():
    assert round((201 + 450) * 1.1, 6) == round((200 + 451) * 1.1, 6) == 716.1
    CHAPTER.says("The sum becomes 651", "total 716.1, which is 1.1 more")
    start = graph("fig-add-node")
    before, after = start.gradients, start.at(apples=300.0).gradients
    assert [name for name in before if before[name] != after[name]] == ["tax"]
    taxed = start.at(tax=1.2).gradients
    assert taxed["apples"] == taxed["oranges"] == taxed["fruit"] == 1.2


def test_the_field_has_the_strips_of_the_text():
    assert (6 * 4 * 5, 7 * 4 * 5 - 120, 6 * 5 * 5 - 120) == (120, 20, 30)
    CHAPTER.says("6 × 4 × 5 = 120", "cost 4 × 5 = 20", "costs 6 × 5 = 30")
    field = graph("fig-mul-node")
    assert [field.gradients[n] for n in ("length", "width", "price")] == [20, 30, 24]
    longer = field.at(length=8.0).gradients
    assert [n for n in field.inputs if longer[n] != field.gradients[n]] == ["width", "price"]
    assert field.at(width=0.0).gradients["length"] == 0
    CHAPTER.says("Its own derivative stays at 20", "Then set `width` to 0. Now the derivative of")


def test_both_shops_run_backward():
    first = CHAPTER.at("dapple, dnumber = mul_apple.backward(dsubtotal)")
    found = [first[name] for name in ("dapple", "dnumber", "dtax")]
    assert found == pytest.approx(slopes(two_apples, 100, 2, 1.1))
    second = CHAPTER.at("found = [dapple, dapple_number")["found"]
    assert second == pytest.approx(slopes(fruit, *FRUIT))
    assert rounded(second) == [2.2, 110, 3.3, 165, 650]
    CHAPTER.says("dsubtotal, dtax = mul_tax.backward(dtotal)")


def test_a_fan_out_adds():
    fan = graph("fig-fan-out")
    assert (fan.values["z"], fan.gradients["x"], fan.gradients["y"]) == (12, 3, 4)
    assert [fan.at(x=x, y=-1.0).values["z"] for x in (0.0, 4.0, 9.0)] == [0, 0, 0]
    still = fan.at(y=-1.0).gradients
    assert (still["x"], still["product"], slopes(lambda x: x * -1 + x, 4)) == (0, 1, [0])
    code = CHAPTER.at("dx += dx_from_mul")
    assert [code[name] for name in ("z_value", "dx", "dy")] == [12, 3, 4]
    place, checked = {"x": 4.0, "y": 2.0}, CHAPTER.end["fan_out"]
    assert gradient_check(checked, place, {"x": 3.0, "y": 4.0})
    assert not gradient_check(checked, place, {"x": 2.0, "y": 4.0})  # a contribution lost


def test_the_hidden_fan_out():
    one = graph("fig-broadcast")
    assert (one.values["total"], one.at(k=11.0).values["total"]) == (60, 66)
    assert one.gradients["k"] == slopes(lambda k: 1 * k + 2 * k + 3 * k, 10)[0] == 6
    assert one.gradients["x"].tolist() == [10, 10, 10]
    assert one.gradients["products"].tolist() == [1, 1, 1]
    CHAPTER.says("10 + 20 + 30 = 60", "With $k = 11$ it is 66", "1, 2 and 3, and their *sum* 6")
    array = np.array([1.0, 2.0, 3.0])
    mine = layer_check(CHAPTER.end["MulLayer"](), array, 10.0)
    assert not mine.passed
    assert "dy has shape (3,), y has shape ()" in str(mine)
    assert layer_check(layers.MulLayer(), array, 10.0).passed


def test_subtraction_and_division():
    assert slopes(lambda x, y: x - y, 7, 2) == [1, -1]
    assert round(1 / 4 - 1 / 4.001, 7) == 0.0000625
    assert slopes(lambda x: 1 / x, 4.0) == pytest.approx([-(0.25**2)])
    CHAPTER.says("smaller by 0.0000625 (rounded)", "a rate of −0.0625")

    def train(end, start, time):
        return (end - start) / time

    speed = graph("fig-quotient")
    found = [speed.gradients[name] for name in ("end", "start", "time")]
    assert found == pytest.approx(slopes(train, 140, 20, 4))
    assert (speed.values["speed"], found) == (30, [0.25, -0.25, -7.5])
    assert 120 * -0.0625 == -7.5
    assert speed.at(time=2.0).gradients["time"] == -30 == 4 * -7.5
    CHAPTER.says("have the derivatives 0.25 and −0.25", "120 from upstream times −0.0625")
    assert speed.at(time=2.0).values["speed"] == 2 * 30
    CHAPTER.says(
        "becomes −30. Half the time makes the speed twice as large, and its derivative four"
    )


def test_the_mistakes_are_as_wrong_as_told():
    end = CHAPTER.end
    assert not layer_check(end["OwnInputLayer"](), 6.0, 4.0).passed
    assert layer_check(end["OwnInputLayer"](), 5.0, 5.0).passed  # only there
    stale = CHAPTER.at("old_dx, old_dy")
    assert (stale["old_dx"], stale["old_dy"]) == (20, 30)
    assert slopes(lambda x, y: 5 * x * y, 10, 4) == [20, 50]
    CHAPTER.says("where `dy` should be 50")
    assert rounded(CHAPTER.at("wrong = dict")["wrong"].values()) == [3.3, 165]
    CHAPTER.says("3.3 and 165 instead of 2.2 and 110")


def test_practice_begins_with_a_fan_out():
    assert "seed=18," in CHAPTER.source
    used = [id(v) for variable in problem(18).variables.values() for v in variable.inputs]
    assert len(set(used)) < len(used)


# --- the exercises ---


def boxes():
    found = graph("fig-nodes-paper")
    assert (found.values["p"], found.values["s"], found.values["L"]) == (10, 13, 39)
    expected = slopes(lambda a, b, c: (a * b + c) * c, 2, 5, 3)
    assert [found.gradients[name] for name in "abc"] == expected == [15, 6, 16]
    assert (found.gradients["s"], found.gradients["p"]) == (3, 3)
    after = CHAPTER.after("ex-nodes-1")
    assert [after[name].grad for name in "abc"] == expected
    solution = CHAPTER.solution("ex-nodes-1")
    for formula in ("$3 \\cdot 5 = 15$", "$3 \\cdot 2 = 6$", "$13 + 3 = 16$"):
        assert formula in solution
    assert "16 at $c$" in CHAPTER.exercises["ex-nodes-1"]
    assert len(found.gradients) - 1 == 5
    assert "predict=True" in next(s for s in CHAPTER.code if "fig-nodes-paper" in s)


def division():
    starter, after = CHAPTER.before("ex-nodes-2"), CHAPTER.after("ex-nodes-2")
    assert not layer_check(starter["DivLayer"](), 7.0, 2.0).passed
    layer = after["DivLayer"]()
    assert (layer.forward(7.0, 2.0), layer.backward(1.0)) == (3.5, (0.5, -1.75))
    for x, y, dout in PLACES:
        layer.forward(x, y)
        expected = [dout * slope for slope in slopes(lambda x, y: x / y, x, y)]
        assert list(layer.backward(dout)) == pytest.approx(expected)
    assert "gives `(0.5, -1.75)`" in CHAPTER.exercises["ex-nodes-2"]


def one_object():
    starter = CHAPTER.before("ex-nodes-3")
    assert round(starter["total"], 6) == 715
    assert "broken" not in starter
    found = rounded(CHAPTER.after("ex-nodes-3")["broken"])
    right = rounded(slopes(fruit, *FRUIT))
    assert [f != r for f, r in zip(found, right, strict=True)] == [True, True, False, False, False]
    assert found[:2] == rounded([1.1 * 1.1, 1.1 * 650]) == [1.21, 715]
    assert "1.1 × 1.1 = 1.21 and 1.1 × 650 = 715" in CHAPTER.solution("ex-nodes-3")
    assert "two of the five are wrong" in CHAPTER.exercises["ex-nodes-3"]


def larger_of_two():
    starter, after = CHAPTER.before("ex-nodes-4"), CHAPTER.after("ex-nodes-4")
    assert not layer_check(starter["MaxLayer"](), 3.0, 5.0).passed
    layer = after["MaxLayer"]()
    for x, y, dout in PLACES:
        assert layer.forward(x, y) == max(x, y)
        assert layer.backward(dout) == ((dout, 0) if x > y else (0, dout))
    assert layer_check(after["MaxLayer"](), 3.0, 5.0).passed
    assert [row.kinks for row in layer_check(after["MaxLayer"](), 5.0, 5.0).rows] == [1, 1]


EXERCISES = {
    "ex-nodes-1": boxes,
    "ex-nodes-2": division,
    "ex-nodes-3": one_object,
    "ex-nodes-4": larger_of_two,
}


# --- the quiz ---


def after_two_forwards():
    mul = layers.MulLayer()
    mul.forward(5, 7)
    mul.forward(3, 4)
    return str(mul.backward(2))


def whole_or_half():
    """Move one input at a time: the output moves as far each time, or half as far."""
    moved = {(200 + dx) + (450 + dy) - 650 for dx, dy in ((1, 0), (0, 1))}
    return {
        (1,): "Because one unit more at either input is one unit more at the output",
        (0.5,): "It should be half each, since the two inputs share the effect",
    }[tuple(moved)]


def three_uses():
    x = Variable(1.0)
    (x * 2.0 + x * -1.0 + x * 4.0).backward()
    return f"{x.grad:g}"


def who_keeps_inputs():
    """Go forward at two places with one upstream gradient: whose answer depends on the place?"""
    needs = []
    for name in ("AddLayer", "MulLayer"):
        answers = set()
        for x, y in ((3.0, 4.0), (5.0, 6.0)):
            layer = CHAPTER.end[name]()
            layer.forward(x, y)
            answers.add(layer.backward(2.0))
        needs += [name] * (len(answers) > 1)
    return needs[0] if len(needs) == 1 else "Both"


QUIZ = {
    "With one `MulLayer` object, `mul.forward(5, 7)` runs, then `mul.forward(3, 4)`, then "
    "`mul.backward(2)`. What comes back?": after_two_forwards,
    "Why does an add node send the whole upstream gradient to both inputs, and not half to "
    "each?": whole_or_half,
    "A value is used in three places, and 2, −1 and 4 come back. What is its gradient?": three_uses,
    "Which of the two layers must keep its inputs until `backward` is called?": who_keeps_inputs,
}
