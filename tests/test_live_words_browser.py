"""What the live figures say: from one table of words, about each step, and about each mistake."""

import copy
import itertools
import re
import subprocess
import sys
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path

import pytest
from conftest import ROOT
from live_pages import every_kind, figure_of, find, open_page
from random_graphs import random_graph

import nnlib
from nnlib.formatting import format_number
from nnlib.graph import Variable
from nnlib.layers import MulLayer
from nnlib.live import GraphFigure
from nnlib.live.practice_figure import PracticeFigure
from nnlib.practice import problem
from nnlib.words import WORDS

LIBRARY = Path(nnlib.__file__).parent
SOURCE = {
    path: path.read_text(encoding="utf-8")
    for path in (*LIBRARY.rglob("*.*"), ROOT / "_ext" / "figure_pages.py")
    if path.suffix in (".py", ".js")
}
PRACTISED = ["add", "multiply", "square", "relu", "reciprocal"]


def told(figure):
    return figure.locator(".nn-say").text_content()


def pattern(key):
    """A regular expression for a text of the table, with a group for each of its parts."""
    pieces = re.split(r"\{(\w+)\}", WORDS[key])
    return "".join(
        re.escape(piece) if i % 2 == 0 else "(.+?)" for i, piece in enumerate(pieces)
    )  # fmt: skip


def says(key, text):
    return re.fullmatch(pattern(key), text)


# --- one table ---


def unused():
    """The keys that are neither in the source nor made by a pattern such as `wrong.${key}`."""
    source = "\n".join(SOURCE.values())
    written = set(re.findall(r"""(?<=["'`])[\w.-]+(?=["'`])|\b[\w.-]+(?=: )""", source))
    patterns = re.findall(r"""`([\w.-]+)\$\{|\bf["']([\w.-]+)\{""", source)
    starts = {javascript or python for javascript, python in patterns}

    def there(text):
        rests = [text.removeprefix(s) for s in starts if text.startswith(s) and text != s]
        return text in written or any(
            there(rest) or all(there(part) for part in rest.split(".")) for rest in rests
        )

    return [key for key in WORDS if not there(key)]


def test_every_text_is_used_and_every_text_that_is_used_is_there():
    assert unused() == []
    for path, source in SOURCE.items():
        for key in re.findall(r"""\bsay\(\s*["'`]([\w.-]+)["'`]""", source):
            assert key in WORDS, (path, key)
            assert path.suffix == ".py" or not key.startswith("still."), (path, key)
        for start in re.findall(r"""\bsay\(\s*f?["'`]([\w.-]+)\$?\{""", source):
            assert any(key.startswith(start) for key in WORDS), (path, start)


OTHER_LANGUAGE = """
import sys
sys.path[:0] = [{tests!r}, {tools!r}]
from pathlib import Path
import nnlib.words
for key, text in nnlib.words.WORDS.items():
    nnlib.words.WORDS[key] = "⟪" + text + "⟫"
from live_pages import every_kind, write_page
write_page(Path({folder!r}), *every_kind().values())
"""

# Each text that a reader sees or hears, without what stands between the marks.
UNMARKED = """(figure) => {
  let depth = 0; // a text may go on after a number in an element of its own
  const unmarked = (text) => {
    let rest = "";
    for (const c of text) {
      if (c === "⟫") depth--;
      if (!depth && c !== "⟫" && c !== "⟪") rest += c;
      if (c === "⟪") depth++;
    }
    return rest;
  };
  const found = [];
  const skipped = "script, template, textarea, figcaption";
  const walker = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.closest(skipped)) found.push(unmarked(node.data));
  }
  const attributes = ["aria-label", "aria-valuetext", "aria-roledescription", "aria-description",
    "title", "alt", "placeholder"];
  for (const e of [figure, ...figure.querySelectorAll("*")]) {
    for (const a of attributes) if (e.hasAttribute(a)) found.push(unmarked(e.getAttribute(a)));
  }
  return found;
}"""
WORD = "[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ_]+"
NOTATION = {  # names of variables, and what stands in nodes
    *("apple", "number", "tax", "total", "loss", "step", "step_size"),
    *("exp", "log", "ReLU", "dX", "dW", "db", "dY", "mask", "dy", "dx", "sin"),
}  # fmt: skip


def use_everything(figure):
    """Do all that a reader can do with a figure; stop after each thing."""
    for target in figure.locator(".nn-stage td").all()[:30:7]:
        target.hover()
        yield "pointed at"
        target.click()
        yield "chosen"
    sliders = figure.locator("input[data-input]:visible").all()
    for key in ("Home", "ArrowUp", "End"):
        for slider in sliders:
            slider.press(key)
            slider.blur()
        yield key
    for action in figure.locator("button:not(.nn-nudge)").evaluate_all(
        "all => all.map((e) => e.dataset.action)"
    ):
        button = figure.locator(f'[data-action="{action}"]').last
        for time in range(6 if action.startswith(("step", "hint")) else 2):
            button.click()
            yield f"{action}, {time + 1}"
        for text in ("12345", "not a number") if action == "predict" else ():
            boxes = figure.locator('input[type="text"]:visible')
            if boxes.count():
                boxes.first.fill(text)
                boxes.first.press("Enter")
                yield text
        if action == "predict":
            button.click()


@pytest.fixture(scope="module")
def in_another_language(tmp_path_factory):
    """A page whose words are those of the table between marks, and a record of what it says."""
    folder = tmp_path_factory.mktemp("words")
    here = Path(__file__).parent
    code = OTHER_LANGUAGE.format(
        tests=str(here), tools=str(here.parent / "tools"), folder=str(folder)
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=here.parent)
    script = (folder / "live.js").read_text(encoding="utf-8")
    recorded, count = re.subn(
        r"const say=(.*?\));(?=const )",
        r"""globalThis.SAID = [];
const fill = \1;
const say = (key, parts = {}) => {
  const wanted = [...(WORDS[key] ?? "").matchAll(/\\{(\\w+)\\}/g)].map(([, name]) => name);
  const missing = wanted.filter((name) => [undefined, null].includes(parts[name]));
  SAID.push([key, missing]);
  return fill(key, parts);
};
""",
        script,
    )
    assert count == 1
    (folder / "live.js").write_text(recorded, encoding="utf-8")
    return folder / "page.html"


@pytest.mark.parametrize("kind", list(every_kind()))
def test_every_word_comes_from_the_table(in_another_language, page, page_errors, kind):
    page.goto(in_another_language.as_uri())
    figure = find(page, kind)
    seen = 0
    for after in itertools.chain(["the beginning"], use_everything(figure)):
        texts = figure.evaluate(UNMARKED)
        seen += len(texts)
        words = {word for text in texts for word in re.findall(WORD, text)}
        assert words <= NOTATION, (after, words - NOTATION)
    assert seen > 100
    for key, missing in page.evaluate("SAID"):
        assert key in WORDS, key
        assert missing == [], key
    assert page_errors.all() == []


def test_without_a_script_every_word_comes_from_the_table(in_another_language, new_page):
    """What Python writes; the browser's own words, such as those of a closed `details`, aside."""
    page = new_page(java_script_enabled=False)
    page.goto(in_another_language.as_uri())
    for figure in page.locator(".nn-live").all():
        text = re.sub(r"⟪[^⟪⟫]*⟫", "", re.sub(r"⟪[^⟪⟫]*⟫", "", figure.inner_text()))
        caption = figure.locator("figcaption")
        if caption.count():
            text = text.replace(caption.inner_text(), "")
        words = set(re.findall(WORD, text))
        assert words <= NOTATION, words - NOTATION


# --- each step ---

NUMBER = r"−?(?:\d+(?:\.\d+)?(?:e−?\d+)?|∞)"


def number(text):
    return float(text.strip("()").replace("−", "-").replace("∞", "inf"))


def same(a, b, size=0.0):
    """As far as four digits of numbers of this size can tell."""
    return abs(a - b) <= 1.2e-3 * max(abs(a), abs(b), size)


STEP_THROUGH = """(element) => {
  const press = (action) => {
    element.querySelector(`[data-action=${action}]`).click();
    return element.querySelector(".nn-say").textContent;
  };
  const count = element.querySelectorAll(".nn-node").length;
  return {
    forward: Array.from({ length: count }, () => press("step-forward")),
    seed: press("step-backward"),
    backward: Array.from({ length: count }, () => press("step-backward")),
  };
}"""


def contribution(variable, slot):
    """What a node hands to one of its inputs, by a difference of the layer alone."""
    layer = copy.deepcopy(variable.node)
    x = [float(v.value) for v in variable.inputs]
    h = 1e-6 * max(1, abs(x[slot]))
    ends = [layer.forward(*[v + s * h * (k == slot) for k, v in enumerate(x)]) for s in (1, -1)]
    return float(variable.grad) * float(ends[0] - ends[1]) / (2 * h)


def assert_backward_step(graph, variable, sentence):
    """The numbers in the sentence multiply and add up, and are those of the graph."""
    names = {id(v): name for name, v in graph.variables.items()}
    for slot, source in enumerate(variable.inputs):
        name = names[id(source)]
        if name in graph.constants:
            continue
        expected = contribution(variable, slot)
        handed = re.findall(rf"({NUMBER}) to ([^,.:]+)", sentence)
        assert any(
            same(number(n), expected, 1e-9)
            and ("node" in whom if name in graph.unnamed else whom == name)
            for n, whom in handed
        ), (sentence, name, expected)
    products = re.findall(
        rf"({NUMBER}|\({NUMBER}\)) × ({NUMBER}|\({NUMBER}\)) = ({NUMBER})", sentence
    )
    for a, b, product in products:
        assert same(number(a) * number(b), number(product), 1e-300), sentence
        assert same(number(a), float(variable.grad)), sentence
    kind = type(variable.node).__name__
    assert products or kind == "AddLayer", sentence
    sums = re.findall(rf"parts add up: ({NUMBER}(?: [+−] {NUMBER})+) = ({NUMBER})", sentence)
    for terms, total in sums:
        signed = re.findall(rf"(^|[+−] )({NUMBER})", terms)
        parts = [number(n) * (-1 if sign.startswith("−") else 1) for sign, n in signed]
        assert len(parts) >= 2
        assert same(sum(parts), number(total), sum(map(abs, parts))), sentence
    return len(sums)


def test_the_numbers_in_the_sentence_of_each_step_are_right(page, page_errors, tmp_path):
    figures = [figure_of(random_graph(seed, 5 + seed % 10), f"figure {seed}") for seed in range(30)]
    open_page(page, tmp_path, *figures)
    sums = 0
    all_said = page.locator(".nn-live").evaluate_all(f"all => all.map({STEP_THROUGH})")
    for figure, said in zip(figures, all_said, strict=True):
        nodes = [v for v in figure.graph.variables.values() if v.node]
        for variable, sentence in zip(nodes, said["forward"], strict=True):
            _, _, result = says("forward", sentence).groups()
            assert result == format_number(float(variable.value))
        assert says("seed", said["seed"])
        for variable, sentence in zip(reversed(nodes), said["backward"], strict=True):
            sums += assert_backward_step(figure.graph, variable, sentence)
    assert sums >= 10
    assert page_errors.all() == []


# --- each mistake ---


def everything_once():
    """Each node of one or two numbers; x is used twice."""
    x, w = Variable(0.5, "x"), Variable(-1.5, "w")
    p, q = x * w, x**2
    g = ((p + q).sigmoid()).exp()
    h = 1 / (g + 2.0).log()
    y = (h * 3.0 + Variable(-1.25, "b")).relu()
    for variable, name in ((p, "p"), (q, "q"), (g, "g"), (h, "h")):
        variable.name = name
    return y


def two_digits(x):
    return float(Context(prec=2, rounding=ROUND_HALF_UP).create_decimal(Decimal(x)))


def mistakes_of_a_derivative(graph, name):
    """Each common mistake with the number that it gives."""
    variable = graph.variables[name]
    exact = float(variable.grad)
    uses = [
        (user, slot)
        for user in graph.variables.values()
        for slot, source in enumerate(user.inputs)
        if source is variable
    ]
    found = [("sign", -exact), ("valueGiven", variable.value), ("close", two_digits(exact))]
    found.append(("rule.gradient", 7.7 * exact + 11.3))
    locals_ = []
    for user, slot in uses:
        upstream = float(user.grad)
        local = contribution(user, slot) / upstream
        locals_.append(local)
        found += [("upstream", local), ("local", upstream), ("added", upstream + local)]
        if type(user.node) is MulLayer:
            found.append(("input", upstream * variable.value))
        if len(uses) > 1:
            found.append(("fanOut", upstream * local))
    return exact, [*found, ("locals", sum(locals_))] if len(uses) > 1 else found


def mistakes_of_a_value(graph, name):
    variable = graph.variables[name]
    exact = variable.value
    x, *more = (float(v.value) for v in variable.inputs)
    found = [("sign", -exact), ("close", two_digits(exact)), ("rule.value", 7.7 * exact + 11.3)]
    kind = type(variable.node).__name__
    if kind == "AddLayer":
        found += [("multiplied", x * more[0]), ("difference", x - more[0])]
        found += [("difference", more[0] - x)]
    elif kind == "MulLayer":
        found.append(("summed", x + more[0]))
    else:
        found.append(("passed", x))
    if kind == "PowLayer":
        found.append(("twice", 2 * x))
    return exact, found


def assert_judged(figure, kind, name, exact, mistakes):
    """Type each mistake that can be told from all others into its box; return which."""
    box = figure.locator(f'[data-{kind}-box="{name}"]')
    tried = set()
    for key, wrong in mistakes:
        others = [exact, *(n for other, n in mistakes if other != key)]
        if key == "close" and abs(wrong - exact) > 2e-3 * abs(exact):
            others.remove(exact)  # it may be close indeed
        if not all(abs(wrong - n) > 4e-3 * abs(n) for n in others):
            continue
        typed = f"{wrong:.12g}"
        box.fill(typed)
        box.press("Enter")
        said = told(figure)
        assert re.fullmatch(pattern("wrong") + pattern(f"wrong.{key}"), said), (name, key, said)
        assert said.startswith(format_number(float(typed))), said
        assert "undefined" not in said
        assert box.get_attribute("aria-invalid") == "true"
        tried.add(key)
    return tried


def keys(start):
    return {key.removeprefix(start) for key in WORDS if key.startswith(start)}


VALUE_MISTAKES = {"multiplied", "difference", "summed", "passed", "twice", "rule.value"}


def test_each_mistake_in_a_derivative_is_told_for_what_it_is(page, page_errors, tmp_path):
    ranges = {"x": (-5, 5, 0.25), "w": (-5, 5, 0.25), "b": (-5, 5, 0.25)}
    figure = GraphFigure(everything_once(), ranges, name="fig", predict=True)
    open_page(page, tmp_path, figure)
    place = page.locator(".nn-live")
    tried, graph = set(), figure.graph
    for name in set(graph.values) - {graph.output}:
        tried |= assert_judged(place, "gradient", name, *mistakes_of_a_derivative(graph, name))
    assert tried == keys("wrong.") - VALUE_MISTAKES
    for name in set(graph.values) - {graph.output}:
        box = place.locator(f'[data-gradient-box="{name}"]')
        box.fill(f"{graph.gradients[name]:.3g}")
        box.press("Enter")
        assert told(place).startswith("Right: the derivative of y with respect to ")
        assert not box.is_visible()
    assert f"0 of {len(graph.values) - 1} right at first try" in told(place)
    assert "?" not in place.locator("[data-gradient-of]").all_text_contents()  # the 1, too
    assert page_errors.all() == []


def test_each_mistake_in_a_value_is_told_for_what_it_is(page, page_errors, tmp_path):
    open_page(page, tmp_path, PracticeFigure(PRACTISED, name="fig"))
    place, tried = page.locator(".nn-live"), set()
    for seed in (3, 4, 5, 6, 9, 13, 17, 20, 23, 27):
        page.evaluate(
            "s => BackpropLive.mount(document.querySelector('.nn-live')).set('seed', s)", seed
        )
        graph = problem(seed, PRACTISED)
        for name, variable in graph.variables.items():
            if variable.node and variable.value:
                mistakes = mistakes_of_a_value(graph, name)
                tried |= assert_judged(place, "value", name, *mistakes)
    assert tried == VALUE_MISTAKES | {"sign", "close"}
    assert page_errors.all() == []


@pytest.fixture
def linear(page, tmp_path):
    x, z = Variable(1.0, "x"), Variable(3.0, "z")
    ranges = {"x": (0, 5, 1), "z": (0, 5, 1)}
    open_page(page, tmp_path, GraphFigure(x * 2.5 + z * -2.0, ranges, predict=True))
    return page.locator(".nn-live")


def enter(figure, name, text, key="Enter"):
    box = figure.locator(f'[data-gradient-box="{name}"]')
    box.fill(text)
    box.press(key)
    return box


def test_a_right_number_may_be_written_in_many_ways(linear):
    ways = {"x": ["2.5", "2,5", "5/2", " 10 / 4 ", "25e-1", "+2.5", "2.501"],
            "z": ["−2", "-2", "−4/2", "- 2.000", "-2.001"]}  # fmt: skip
    for name, texts in ways.items():
        for text in texts:
            box = enter(linear, name, text)
            said = f"Right: the derivative of y with respect to {name} is "
            assert told(linear).startswith(said), text
            assert not box.is_visible()
            shown = linear.locator(f'.nn-stage [data-gradient-of="{name}"]')
            assert shown.text_content() == {"x": "2.5", "z": "−2"}[name]
            linear.locator('[data-action="reset"]').click()
            assert box.is_visible()


def test_what_is_no_number_is_told_and_does_not_count_as_a_try(linear):
    for text in ["abc", "1//2", "2..5", "1/2/3", "--2", "2 x", "⅔", "1e", "/2", "0x2", "Infinity"]:
        box = enter(linear, "x", text, key="Tab")
        assert told(linear) == WORDS["box.unreadable"].format(text=text)
        assert box.get_attribute("aria-invalid") == "true"
    for name, right in {"x": "2.5", "z": "-2", "v1": "1", "v2": "1"}.items():
        enter(linear, name, right)
    assert "4 of 4 right at first try" in told(linear)


def test_a_right_box_closes_the_next_has_the_focus_and_tries_are_counted(linear, page):
    answers = {"x": "2.5", "z": "-2", "v1": "1", "v2": "1"}
    enter(linear, "z", "2")
    assert told(linear) == "2 is not it. Only the sign is wrong."
    for left in (3, 2, 1, 0):
        here = page.evaluate("document.activeElement.dataset.gradientBox")
        enter(linear, here, answers[here])
        assert linear.locator('input[type="text"]:visible').count() == left
    assert "3 of 4 right at first try" in told(linear)
    assert linear.locator(":focus").count() == 1  # not lost


def test_a_problem_is_solved_without_leaving_the_keyboard(page, tmp_path):
    open_page(page, tmp_path, PracticeFigure(PRACTISED, seed=5))
    figure, graph = page.locator(".nn-live"), problem(5, PRACTISED)
    figure.locator('input[type="text"]').first.focus()
    boxes = figure.locator('input[type="text"]:visible')
    count = boxes.count()
    for left in reversed(range(count)):
        box = page.locator(":focus")
        value = box.get_attribute("data-value-box")
        gradient = box.get_attribute("data-gradient-box")
        box.fill(f"{graph.values[value] if value else graph.gradients[gradient]:g}")
        box.press("Enter")
        assert boxes.count() == left
    assert f"{count} of {count} right at first try" in told(figure)
    page.wait_for_function("() => document.activeElement.dataset.action === 'next'")
    page.keyboard.press("Enter")
    assert told(figure).startswith("Problem 6: ")
    assert boxes.count() > 2
