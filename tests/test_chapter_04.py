"""Chapter 4, computational graphs: its numbers, its figures, its exercises and its quiz."""

import random
from fractions import Fraction

import pytest
from chapter import Chapter, rounded, slopes

from nnlib.gradient import gradient_check
from nnlib.graph import Graph, Variable
from nnlib.layers import AddLayer, MulLayer
from nnlib.live import GraphFigure
from nnlib.network import TwoLayerNet
from nnlib.practice import problem

CHAPTER = Chapter("04-computational-graphs")


def html(figure):
    return figure._repr_mimebundle_()["text/html"]


def two_apples(apple, number, tax):
    return apple * number * tax


def fruit(apple, apple_number, orange, orange_number, tax):
    return (apple * apple_number + orange * orange_number) * tax


FRUIT = 100, 2, 150, 3, 1.1


# --- the two shops ---


def test_the_first_shop_moves_as_the_table_says():
    figure = Graph(CHAPTER.at('name="fig-apples"')["total"])

    def total(**moved):
        return round(figure.at(**moved).values["total"], 6)

    assert total() == round(two_apples(100, 2, 1.1), 6) == 220
    assert (total(apple=101), total(number=3), total(tax=1.11)) == (222.2, 330, 222)
    CHAPTER.says("| 222.2 | 2.2 | 2.2 |", "| 330 | 110 | 110 |", "| 222 | 2 | 200 |")
    assert repr(100 * 2 * 1.1) == "220.00000000000003"
    CHAPTER.says("Python shows 220.00000000000003")


def test_by_hand_is_right_everywhere():
    by_hand = CHAPTER.end["by_hand"]
    assert rounded(by_hand(100, 2, 1.1)) == [2.2, 110, 200]
    for seed in range(20):
        at = [random.Random(seed + k).uniform(-9, 9) for k in range(3)]
        assert list(by_hand(*at)) == pytest.approx(slopes(two_apples, *at))


def test_the_fruit_shop_has_the_numbers_of_the_table():
    graph = Graph(CHAPTER.end["fruit_shop"])
    found = [graph.gradients[name] for name in graph.inputs]
    assert sorted(rounded(found)) == sorted(rounded(slopes(fruit, *FRUIT)))
    assert rounded(graph.gradients[n] for n in ("apple", "apple_number")) == [2.2, 110]
    assert rounded(graph.gradients[n] for n in ("orange", "orange_number", "tax")) == [
        3.3,
        165,
        650,
    ]
    assert rounded(graph.gradients[n] for n in ("apples", "oranges", "fruit")) == [1.1] * 3
    CHAPTER.says("1.1 × 2 = 2.2", "1.1 × 100 = 110", "1.1 × 3 = 3.3", "1.1 × 150 = 165")
    CHAPTER.says(
        "1 × 650 = 650", "The inner edges carry 1.1 each", "five presses reach the left end"
    )
    assert sum(v.node is not None for v in graph.variables.values()) + 1 == 5
    dearer = graph.at(orange=200).gradients
    assert rounded(dearer[n] for n in ("apple", "apple_number", "tax")) == [2.2, 110, 800]
    CHAPTER.says(
        "move `orange` to 200: they still are, while the derivative for `tax` rises to 800"
    )
    assert rounded(x.grad for x in CHAPTER.at("total.backward()")["inputs"]) == rounded(
        slopes(fruit, *FRUIT)
    )


# --- local computation ---


def test_what_is_folded_away_changes_no_derivative_of_the_apples():
    large = Graph(CHAPTER.at('name="fig-basket"')["total"])
    folded = Graph(CHAPTER.at('name="fig-rest"')["total"])
    assert large.values["rest"] == folded.values["rest"] == 450
    shared = [name for name in folded.gradients if name in large.gradients]
    assert len(shared) == len(folded.gradients)
    assert all(large.gradients[n] == folded.gradients[n] for n in shared)
    assert rounded(large.gradients[n] for n in ("apple", "number", "tax")) == [2.2, 110, 200]

    for rest in (0.0, 900.0):
        assert folded.at(rest=rest).gradients == folded.gradients
    moved = large.at(loaves=9.0, milk=0.0, cheese=500.0, bread=1.0).gradients
    assert all(moved[n] == large.gradients[n] for n in shared)
    CHAPTER.says("None differs, and none changes.", "Move `rest` from 450 to 0: the total falls")
    taxed = folded.at(tax=1.2).gradients
    assert rounded(taxed[n] for n in ("apples", "apple", "number")) == [1.2, 2.4, 120]
    CHAPTER.says("is handed 1.2 in place of 1.1 and sends back 2.4 and 120")


def test_three_numbers_decide_the_box_of_the_price():
    """Of all derivatives that arrive and inputs that are met, those on the way of the price."""
    large = Graph(CHAPTER.at('name="fig-basket"')["total"])
    before = large.gradients["apple"]
    moves = [name for name in large.inputs if large.at(**{name: 7.0}).gradients["apple"] != before]
    assert sorted(moves) == ["number", "tax"]  # and the 1 from the right
    assert large.gradients["taxed"] == 1
    CHAPTER.says("Three: the 1 that comes back through the add node, the tax 1.1, and the 2")


# --- what a graph saves ---


def count_with_layers(prices_and_numbers, tax):
    """The × and + of a shop, forward and forward and backward, by the library's layers."""
    Counted, done = CHAPTER.end["Counted"], CHAPTER.end["done"]
    done.update({"×": 0, "+": 0})
    goods, adds, last = [], [], MulLayer()
    total = None
    for price, number in prices_and_numbers:
        goods.append(MulLayer())
        cost = goods[-1].forward(Counted(price), Counted(number))
        if total is None:
            total = cost
        else:
            adds.append(AddLayer())
            total = adds[-1].forward(total, cost)
    last.forward(total, Counted(tax))
    forward = dict(done)
    back, _ = last.backward(Counted(1))
    for good, add in zip(reversed(goods), [*reversed(adds), None], strict=True):
        back, here = add.backward(back) if add else (None, back)
        good.backward(here)
    return forward, dict(done)


def test_table_figure_and_counted_numbers_agree():
    end = CHAPTER.end
    forward, both = end["count"](end["shop"], *FRUIT), end["count"](end["shop_and_back"], *FRUIT)
    assert (forward, both) == ({"×": 3, "+": 1}, {"×": 9, "+": 1})
    assert count_with_layers([(100, 2), (150, 3)], 1.1) == (forward, both)
    figure = GraphFigure(end["fruit_shop"], end["fruit_sliders"], predict=True, count=True)
    assert figure.counts[4] == "Counted so far: 3 × and 1 +."
    assert figure.counts[-1] == "Counted so far: 9 × and 1 +."
    assert "Central differences for 5 inputs take 10 forward passes: 30 × and 10 +." in html(figure)
    assert "predict=True,\n    count=True" in CHAPTER.source
    assert rounded(end["shop_and_back"](*FRUIT)) == rounded(slopes(fruit, *FRUIT))
    CHAPTER.says("| 5 | graph | 3 + 6 = 9 | 1 |", "| 5 | differences | 10 × 3 = 30 | 10 × 1 = 10 |")
    CHAPTER.says(
        "pass of the fruit shop takes 3 × and 1 +",
        "9 × and 1 + in all",
        "differences take 30 × and 10 +",
    )


def test_a_hundred_goods_cost_what_the_table_says():
    forward, both = count_with_layers([(k + 2, k + 3) for k in range(100)], 1.1)
    assert forward == {"×": 101, "+": 99}
    assert both == {"×": 303, "+": 99}
    passes = 2 * (2 * 100 + 1)
    assert (passes, passes * 101, passes * 99) == (402, 40602, 39798)
    CHAPTER.says("| 201 | graph | 101 + 202 = 303 | 99 |")
    CHAPTER.says("| 201 | differences | 402 × 101 = 40,602 | 402 × 99 = 39,798 |")


def test_a_small_network_has_about_40000_numbers():
    sizes = sum(array.size for array in TwoLayerNet(784, 50, 10).params.values())
    assert round(sizes, -4) == 40_000
    CHAPTER.says("about 40,000 numbers to learn", "80,000 forward passes by differences")


# --- mistakes, practice ---


def test_the_mistakes_are_as_wrong_as_told():
    end = CHAPTER.end
    right = end["by_hand"](100, 2, 1.1)
    assert rounded(end["wrong"]) == rounded(220 * d for d in right)
    place = {"apple": 100.0, "number": 2.0, "tax": 1.1}
    for found in (dict(zip(place, end["wrong"], strict=True)), end["swapped"]):
        assert not gradient_check(end["apples_total"], place, found).passed
    assert rounded(end["swapped"].values()) == rounded([1.1 * 100, 1.1 * 2, 200])
    promised = 10 * Fraction(22, 10) + Fraction(1, 10) * 200
    really = two_apples(110, 2, Fraction(12, 10))
    assert (promised, really, really - 220) == (42, 264, 44)
    CHAPTER.says("= 42 more", "the total is 264, which is 44 more", "10 × 2 × 0.1")


def test_practice_begins_with_problems_without_a_fan_out():
    assert "seed=2," in CHAPTER.source
    for seed in (2, 3):
        graph = problem(seed)
        used = [id(v) for variable in graph.variables.values() for v in variable.inputs]
        assert len(set(used)) == len(used)


# --- the exercises ---


def trip():
    def function(nights, price, ticket, rate):
        return (nights * price + ticket) * rate

    found = CHAPTER.after("ex-graphs-1")
    slope = [found[name].grad for name in ("nights", "price", "ticket", "rate")]
    assert slope == pytest.approx(slopes(function, 3, 80, 60, 1.25))
    assert (found["trip"].value, slope) == (375, [100, 3.75, 1.25, 300])
    assert function(4, 80, 60, 1.25) - 375 == 100
    assert function(3, 80, 60, 1.5) - 375 == 75
    assert "One more night costs 100" in CHAPTER.solution("ex-graphs-1")
    assert "costs 0.25 × 300 = 75" in CHAPTER.solution("ex-graphs-1")
    assert "the derivative for the rate is 300" in CHAPTER.exercises["ex-graphs-1"]


def phone_plan():
    def function(fee, minutes, price, months):
        return (fee + minutes * price) * months

    starter, found = CHAPTER.before("ex-graphs-2"), CHAPTER.after("ex-graphs-2")
    assert starter["cost"].value != 168
    assert "minutes" not in starter["ranges"]
    slope = [found[name].grad for name in ("fee", "minutes", "price", "months")]
    assert slope == pytest.approx(slopes(function, 8, 120, 0.05, 12))
    assert (round(found["cost"].value, 6), rounded(slope)) == (168, [12, 0.6, 1440, 14])
    assert "12 for the fee, 0.6 for the minutes, 1440" in CHAPTER.exercises["ex-graphs-2"]
    assert round(0.01 * 1440, 6) == 14.4
    assert "costs 14.4 more" in CHAPTER.solution("ex-graphs-2")


def counting():
    starter, found = CHAPTER.before("ex-graphs-3"), CHAPTER.after("ex-graphs-3")
    at = 3, 80, 60, 1.25
    count = found["count"]
    assert count(starter["trip_and_back"], *at) == {"×": 2, "+": 1}
    assert count(found["trip"], *at) == {"×": 2, "+": 1}
    assert count(found["trip_and_back"], *at) == {"×": 6, "+": 1}
    assert list(found["trip_and_back"](*at)) == pytest.approx(slopes(found["trip"], *at))
    inputs = [Variable(float(x), name=n) for n, x in zip("abcd", at, strict=True)]
    ranges = {"a": (0, 9, 1), "b": (0, 99, 1), "c": (0, 99, 1), "d": (0, 2, 0.25)}
    figure = GraphFigure(found["trip"](*inputs), ranges, count=True)
    assert figure.counts[-1] == "Counted so far: 6 × and 1 +."
    assert "take 8 forward passes: 16 × and 8 +" in html(figure)
    assert "16 multiplications by differences" in CHAPTER.exercises["ex-graphs-3"]


def voucher():
    found = CHAPTER.after("ex-graphs-4")
    slope = slopes(lambda voucher, tax: (100 * 2 - voucher) * tax, 30, 1.1)
    assert [found["voucher"].grad, found["tax"].grad] == pytest.approx(slope)
    assert rounded([found["total"].value, *slope]) == [187, -1.1, 170]
    assert "so its derivative is −1.1" in CHAPTER.solution("ex-graphs-4")
    assert "200 − 30 = 170" in CHAPTER.solution("ex-graphs-4")


def own_input():
    starter, found = CHAPTER.before("ex-graphs-5"), CHAPTER.after("ex-graphs-5")

    def passes(place):
        return gradient_check(found["apples_total"], place, found["own_input"](**place)).passed

    assert not passes(starter["place"])
    assert passes(found["place"])
    assert min(found["place"].values()) > 1
    assert found["place"]["apple"] == found["place"]["number"]
    assert passes({"apple": 7.0, "number": 7.0, "tax": 1.3})
    assert not passes({"apple": 7.0, "number": 7.5, "tax": 1.3})


EXERCISES = {
    "ex-graphs-1": trip,
    "ex-graphs-2": phone_plan,
    "ex-graphs-3": counting,
    "ex-graphs-4": voucher,
    "ex-graphs-5": own_input,
}


# --- the quiz ---


def what_goes_back():
    return f"{2 * slopes(lambda x, y: x * y, 5, 3)[0]:g}"


def what_650_says():
    more = fruit(100, 2, 150, 3, Fraction(111, 100)) - fruit(100, 2, 150, 3, Fraction(11, 10))
    return f"If the factor rises from 1.1 to 1.11, I pay {float(more):g} more"


def rest_doubled():
    folded = Graph(CHAPTER.at('name="fig-rest"')["total"])
    before, after = (round(folded.at(rest=r).gradients["apple"], 6) for r in (450.0, 900.0))
    if after == before:
        return f"It stays at {before}"
    return "It doubles" if after == 2 * before else "It falls"


def a_thousand_inputs():
    """Count how often the backward step of each node runs, for all 1,000 derivatives."""
    calls = []

    class Spied(MulLayer):
        def backward(self, dout):
            calls.append(id(self))
            return super().backward(dout)

    inputs = [Variable(1.0 + k / 1000) for k in range(1000)]
    total = inputs[0]
    for x in inputs[1:]:
        total = total * x if x is inputs[1] else total + x
        if isinstance(total.node, MulLayer):
            total.node.__class__ = Spied
    total.backward()
    assert all(x.grad is not None for x in inputs)
    passes = len(calls)
    return "One forward pass and " + ("one" if passes == 1 else f"{passes:,}") + " backward pass"


QUIZ = {
    "A multiply node has the inputs 5 and 3. The number 2 arrives from the right. What goes back "
    "to the input 5?": what_goes_back,
    "In the shop with two kinds of fruit, the derivative for `tax` is 650. What does it "
    "say?": what_650_says,
    "In the folded basket, `rest` rises from 450 to 900. What happens to the derivative for "
    "`apple`?": rest_doubled,
    "A graph has 1,000 inputs and one result. What does backpropagation need for all 1,000 "
    "derivatives?": a_thousand_inputs,
}
