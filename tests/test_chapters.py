"""What the chapters say in prose is what their code computes; and each chapter is complete."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from nnlib.layers import AddLayer, MulLayer
from nnlib.network import TwoLayerNet

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
NAMES = ["04-computational-graphs", "06-add-and-multiply-nodes", "11-training"]


def cells(name, kind):
    notebook = json.loads((CHAPTERS / f"{name}.ipynb").read_text(encoding="utf-8"))
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == kind]


class Chapter:
    """The prose of a chapter, and what is defined after its code up to a marked place."""

    def __init__(self, name):
        self.prose = " ".join("\n".join(cells(name, "markdown")).split())
        self.code = cells(name, "code")

    def run(self, until=None):
        """Run the code cells in order, up to and with the first that holds `until`."""
        found = {}
        for source in self.code:
            exec(source, found)
            if until and until in source:
                break
        else:
            assert until is None, f"no cell holds {until!r}"
        return found

    def says(self, *phrases):
        """Fail unless the prose holds each phrase, white space aside."""
        missing = [p for p in phrases if p not in self.prose]
        assert not missing


def test_computational_graphs():
    chapter = Chapter("04-computational-graphs")
    found = chapter.run(until="def by_hand")
    by_hand = found["by_hand"]
    assert [round(d, 6) for d in by_hand(100, 2, 1.1)] == [2.2, 110, 200]
    assert [round(d, 6) for d in by_hand(100, 2, 1.2)] == [2.4, 120, 200]
    chapter.says("is handed 1.2 and sends back 2.4 and 120")

    figure = found["GraphFigure"](
        found["total"], {"apple": (0, 300, 1), "number": (0, 10, 1), "tax": (1, 1.5, 0.01)}
    )

    def total(**moved):
        return round(figure.graph.at(**moved).values["total"], 6)

    assert total() == 220
    assert (total(apple=101), total(number=3), total(tax=1.11)) == (222.2, 330, 222)
    assert total(apple=110, tax=1.2) == 264
    assert round(10 * 2.2 + 0.1 * 200, 6) == 42
    chapter.says("| 222.2 | 2.2 | 2.2 |", "| 330 | 110 | 110 |", "| 222 | 2 | 200 |")
    chapter.says("= 42 more", "the total is 264, which is 44 more")


def test_computational_graphs_counts_operations_rightly():
    counts = {"×": 0, "+": 0}

    class Counted(float):
        def __mul__(self, other):
            counts["×"] += 1
            return Counted(float(self) * float(other))

        def __add__(self, other):
            counts["+"] += 1
            return Counted(float(self) + float(other))

    apples, oranges, tax, add = MulLayer(), MulLayer(), MulLayer(), AddLayer()

    def shop(*x):
        a, n, b, m, t = (Counted(v) for v in x)
        return tax.forward(add.forward(apples.forward(a, n), oranges.forward(b, m)), t)

    start = [100, 2, 150, 3, 1.1]
    assert round(shop(*start), 6) == 715
    assert counts == {"×": 3, "+": 1}
    dfruit, dtax = tax.backward(Counted(1))
    dapples, doranges = add.backward(dfruit)
    gradient = [*apples.backward(dapples), *oranges.backward(doranges), dtax]
    assert [round(d, 6) for d in gradient] == [2.2, 110, 3.3, 165, 650]
    assert counts == {"×": 9, "+": 1}
    counts.update({"×": 0, "+": 0})
    for k in range(5):
        for h in (0.01, -0.01):
            shop(*[v + h * (i == k) for i, v in enumerate(start)])
    assert counts == {"×": 30, "+": 10}
    chapter = Chapter("04-computational-graphs")
    chapter.says("| 1 | 3 + 6 = 9 | 1 |", "| 10 | 10 × 3 = 30 | 10 × 1 = 10 |")
    shop(100, 2, 200, 3, 1.1)
    assert tax.backward(1)[1] == 800
    chapter.says("move `orange` to 200: they stay, and the derivative for `tax` rises to 800")


def test_add_and_multiply_nodes():
    chapter = Chapter("06-add-and-multiply-nodes")
    assert round((201 + 450) * 1.1, 6) == round((200 + 451) * 1.1, 6) == 716.1
    chapter.says("total 716.1, which is 1.1 more")
    assert (6 * 4 * 5, 7 * 4 * 5 - 120, 6 * 5 * 5 - 120) == (120, 20, 30)
    chapter.says("6 × 4 × 5 = 120", "cost 4 × 5 = 20", "costs 6 × 5 = 30")
    assert round(3.001**2 - 9, 9) == 0.006001
    chapter.says("0.001 gives 0.006001 more")
    assert round(1 / 4 - 1 / 4.001, 7) == 0.0000625
    chapter.says("smaller by 0.0000625 (rounded)")

    found = chapter.run(until="fig-quotient")
    speed = found["speed"]
    speed.backward()
    rates = [found[name].grad for name in ("end", "start", "time")]
    assert (speed.value, rates) == (30, [0.25, -0.25, -7.5])
    chapter.says(
        "have the derivatives 0.25 and −0.25", "is −7.5", "120 from upstream times −0.0625"
    )
    graph = found["GraphFigure"](
        speed, {"end": (0, 300, 10), "start": (0, 100, 10), "time": (0.5, 10, 0.5)}
    ).graph
    assert graph.at(time=2).gradients["time"] == -30
    chapter.says("the derivative becomes −30")

    Variable = found["Variable"]
    for x in (-3.0, 7.0):
        u, v = Variable(x), Variable(-1.0)
        z = u * v + u
        z.backward()
        assert (z.value, u.grad) == (0, 0)
    a, b, c = Variable(2.0), Variable(5.0), Variable(3.0)
    p = a * b
    s = p + c
    L = s * c
    L.backward()
    assert (p.value, s.value, L.value) == (10, 13, 39)
    assert (s.grad, p.grad, a.grad, b.grad, c.grad) == (3, 3, 15, 6, 16)
    chapter.says("$3 \\cdot 5 = 15$", "$3 \\cdot 2 = 6$", "$13 + 3 = 16$")


def test_training():
    chapter = Chapter("11-training")
    found = chapter.run(until="Losses of {len(curve)} steps")
    (x_train, _), (x_test, t_test) = found["load_digits"]()
    assert (len(x_train), len(x_test)) == (1440, 357)
    chapter.says("**{term}`training set`** of 1,440 pictures", "of 357 is kept aside")

    history, net = found["history"], found["net"]
    right = int((found["answers"] == t_test).sum())
    assert (right, f"{history.test_accuracies[-1]:.1%}") == (332, "93.0%")
    chapter.says("332 of the 357 test pictures are read correctly, 93.0 %")
    assert f"{history.train_accuracies[-1]:.1%}" == "97.1%"
    chapter.says("the accuracy is higher, 97.1 %")
    assert round(100 * max(abs(np.diff(history.test_accuracies[10:])))) == 4
    chapter.says("still wavers by about four")
    assert history.test_accuracies[-1] > 0.9

    curves, nets = found["curves"], found["nets"]
    assert [round(float(np.mean(c[-15:])), 2) for c in curves.values()] == [2.25, 0.31, 2.36]
    assert round(max(curves[10])) == 87
    assert np.argmax(curves[10]) < 10
    nets[10].predict(x_train)
    assert not nets[10].layers["Relu1"].mask.any()
    chapter.says("no further than 2.25", "they reach 0.31", "jumps to 87", "all 50 ReLUs off")

    sizes = [sum(a.size for a in n.params.values()) for n in (net, TwoLayerNet(784, 50, 10))]
    assert sizes == [3760, 39760]
    chapter.says("7,520 forward passes", "39{,}760$ parameters", "79,520 forward passes")
    assert 100 < (39760 * (784 * 50 + 500)) / (3760 * (64 * 50 + 500)) < 120
    chapter.says("about a hundred times")

    buggy = [row.name for row in found["report"].rows if not row.passed]
    assert buggy == ["W1", "b1"]
    chapter.says("`W2` and `b2` are right, `W1` and `b1` are wrong")

    w = found["Variable"](1.1)
    assert round(((w * 2 + 1 - 7) ** 2).value, 6) == 14.44
    chapter.says("from 16 to 14.44, a fall of 1.56")


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_is_complete(name):
    text = "\n".join(cells(name, "markdown"))
    for part in ("**You will**", "**Time", "**You need"):
        assert part in text
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    for heading in (
        "Check it",
        "Mistakes people make",
        "Exercises",
        "Check yourself",
        "Summary",
        "Further reading",
    ):
        assert heading in headings
    exercises = re.findall(r"\{exercise\}\n:label: (\S+)", text)
    solutions = re.findall(r"\{solution(?:-start)?\} (\S+)\n:class: dropdown", text)
    assert 3 <= len(exercises) <= 5
    assert exercises == solutions
    assert text.count("{dropdown}") >= 6
    assert "GraphFigure(" in "\n".join(cells(name, "code"))


@pytest.mark.parametrize("name", NAMES)
def test_code_cells_are_short(name):
    lines = [source.count("\n") + 1 for source in cells(name, "code")]
    assert np.median(lines) <= 6
    assert max(lines) <= 25
