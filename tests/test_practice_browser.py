"""Practice problems in a real browser: filled in by keyboard, judged, counted, linked."""

import pytest
from conftest import serve
from live_pages import open_page, write_page
from playwright.sync_api import expect

from nnlib.formatting import format_number
from nnlib.live.practice_figure import PracticeFigure
from nnlib.picture import symbol
from nnlib.practice import problem, question
from nnlib.practice_rules import KINDS
from nnlib.words import WORDS, say

ALL = tuple(KINDS)


@pytest.fixture
def figure(page, tmp_path):
    """Seed 7 of + and ×, alone on a page."""
    open_page(page, tmp_path, PracticeFigure(seed=7, name="fig-practice"))
    return page.locator(".nn-live")


def answers(graph):
    """What the boxes ask for, in the order in which they are reached."""
    names = [*graph.inputs, *(n for n in graph.values if n not in graph.inputs)]
    yield from (("value", n, graph.values[n]) for n in names[len(graph.inputs) :])
    yield from (("gradient", n, graph.gradients[n]) for n in reversed(names[:-1]))


def box(figure, kind, name):
    return figure.locator(f'[data-{kind}-box="{name}"]')


def fill(figure, kind, name, text):
    box(figure, kind, name).fill(str(text))
    box(figure, kind, name).press("Tab")


def told(figure):
    return figure.locator(".nn-say").text_content()


def focused(page):
    """What the hooks of the focused element say."""
    data = page.evaluate("({ ...document.activeElement.dataset })")
    return {key: data[key] for key in ("valueBox", "gradientBox", "action") if key in data}


def assert_asks(figure, graph):
    """The figure shows this problem, and nothing of its answers."""
    for name, variable in graph.variables.items():
        value = figure.locator(f'svg [data-value-of="{name}"]')
        expect(value).to_have_text("" if variable.node else format_number(variable.value))
        if variable.node:
            circle = figure.locator(f'[data-node="{name}"] text')
            expect(circle).to_have_text(symbol(variable.node))
    boxes = figure.locator("svg ~ input")
    hooks = "all => all.map(e => [e.dataset.valueBox ?? '', e.dataset.gradientBox ?? ''])"
    assert boxes.evaluate_all(hooks) == [
        [name, ""] if kind == "value" else ["", name] for kind, name, _ in answers(graph)
    ]
    assert set(boxes.evaluate_all("all => all.map(e => e.value)")) == {""}
    assert figure.locator("svg [data-exact]").count() == len(graph.inputs) + 1
    expect(figure.locator("desc")).to_have_text(question(graph))


def test_a_whole_problem_by_keyboard_and_on_to_the_next(figure, page, page_errors):
    assert_asks(figure, problem(7))
    page.keyboard.press("Tab")
    while "valueBox" not in focused(page):  # the way there leads past nothing but the stage
        page.keyboard.press("Tab")
    asked = list(answers(problem(7)))
    for kind, name, number in asked:
        assert focused(page) == {f"{kind}Box": name}
        page.keyboard.type(format_number(number))
        page.keyboard.press("Enter")
        shown = figure.locator(f'svg [data-{kind}-of="{name}"]')
        expect(shown).to_have_text(f"{format_number(number)} ✓")
        assert float(shown.get_attribute("data-exact")) == number
        assert not box(figure, kind, name).is_visible()
    count = len(asked)
    expect(figure.locator(".nn-count")).to_have_text(f"Right at first try: {count} of {count}")
    assert f"{count} of {count} right at first try" in told(figure)
    assert focused(page) == {"action": "next"}
    page.keyboard.press("Enter")
    assert_asks(figure, problem(8))
    assert focused(page) == {"valueBox": "a"}
    expect(figure.locator(".nn-count")).to_have_text("")
    assert figure.locator('[data-input="seed"]').input_value() == "8"
    assert page_errors.all() == []


def test_every_kind_of_graph_can_be_solved_in_any_order(page, page_errors, tmp_path):
    open_page(page, tmp_path, PracticeFigure(ALL, seed=2**32 - 6))
    figure = page.locator(".nn-live")
    for seed in [*range(2**32 - 6, 2**32), *range(6)]:  # after the last seed comes the first
        graph = problem(seed, ALL)
        assert_asks(figure, graph)
        for kind, name, number in reversed(list(answers(graph))):
            fill(figure, kind, name, number)
        assert "That was the last one" in told(figure), (seed, graph)
        assert figure.locator("svg ~ input:visible").count() == 0
        figure.locator('[data-action="next"]').click()
    assert page_errors.all() == []


def find(predicate, nodes=ALL):
    """The first problem of its kind: seed and graph."""
    return next((s, g) for s in range(1000) if predicate(g := problem(s, nodes)))


def uses(graph, name):
    return [v for v in graph.variables.values() for i in v.inputs if i.name == name]


def named(graph, layer):
    return [n for n, v in graph.variables.items() if type(v.node).__name__ == layer]


def wrong(graph):
    """Mistakes that can be made here: the box, the number, the reason that is told."""
    values, slopes = graph.values, graph.gradients
    for name in named(graph, "MulLayer"):
        left, right = graph.variables[name].inputs
        yield "value", name, left.value + right.value, "summed"
        if len(uses(graph, left.name)) == 1 and slopes[name] not in (0, 1):
            yield "gradient", left.name, right.value, "upstream"
            yield "gradient", left.name, slopes[name] * left.value, "input"
            yield "gradient", left.name, slopes[name], "local"
            yield "gradient", left.name, slopes[name] + right.value, "added"
            yield "gradient", left.name, -slopes[left.name], "sign"
            yield "gradient", left.name, left.value, "valueGiven"
    for name in named(graph, "AddLayer"):
        left, right = graph.variables[name].inputs
        yield "value", name, left.value * right.value, "multiplied"
    for name in values:
        if len(uses(graph, name)) > 1:
            part = slopes[uses(graph, name)[0].name]
            for v in uses(graph, name)[:1]:
                if type(v.node).__name__ == "AddLayer":
                    yield "gradient", name, part, "fanOut"


REASONS = ["summed", "multiplied", "upstream", "input", "local", "added", "sign", "valueGiven",
           "fanOut"]  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_a_common_mistake_is_named(page, tmp_path, reason):
    def fits(graph):
        """One mistake alone gives this number."""
        made = [(kind, name, number) for kind, name, number, _ in wrong(graph)]
        return any(
            r == reason and made.count((kind, name, number)) == 1
            for kind, name, number, r in wrong(graph)
        )

    seed, graph = find(fits)
    made = list(wrong(graph))
    kind, name, number = next(m[:3] for m in made if m[3] == reason)
    open_page(page, tmp_path, PracticeFigure(ALL, seed=seed))
    figure = page.locator(".nn-live")
    fill(figure, kind, name, number)
    sentence = WORDS[f"wrong.{reason}"].split("{")[0]
    assert f"{format_number(number)} is not it. {sentence}" in told(figure)
    assert box(figure, kind, name).get_attribute("aria-invalid") == "true"
    right = getattr(graph, f"{kind}s")[name]
    fill(figure, kind, name, right)
    assert told(figure).startswith("Right: ")
    expect(figure.locator(".nn-count")).to_have_text("Right at first try: 0 of 1")
    kind, name, right = next(a for a in answers(graph) if a[:2] != (kind, name))
    fill(figure, kind, name, right)
    expect(figure.locator(".nn-count")).to_have_text("Right at first try: 1 of 2")


def test_numbers_as_people_write_them(page, tmp_path):
    """A fraction, a comma, a true minus sign; what is no number is neither right nor wrong."""
    seed, graph = find(lambda g: g.values["L"] == -0.75)
    open_page(page, tmp_path, PracticeFigure(ALL, seed=seed))
    figure = page.locator(".nn-live")
    for text in ("−0,75", "-3/4", "-.75"):
        fill(figure, "value", "L", "three quarters")
        assert told(figure) == say("box.unreadable", text="three quarters")
        fill(figure, "value", "L", text)
        assert told(figure) == "Right: L = −0.75."
        expect(figure.locator(".nn-count")).to_have_text("Right at first try: 1 of 1")
        figure.locator('[data-action="reset"]').click()
    assert_asks(figure, graph)


def test_hints_uncover_a_local_derivative_each(page, tmp_path):
    def fits(g):
        return (named(g, "MulLayer"), named(g, "AddLayer")) == (["a"], ["L"]) and len(g.values) == 5

    seed, graph = find(fits, ALL[:2])
    open_page(page, tmp_path, PracticeFigure(seed=seed))
    figure = page.locator(".nn-live")
    hint = figure.locator('[data-action="hint"]')
    heard = []
    for _ in range(5):
        hint.click()
        heard.append(told(figure))
    x, y = (format_number(graph.values[n]) for n in "xy")
    assert heard == [
        "The local derivative of the + node with respect to z is 1.",
        "The local derivative of the + node with respect to a is 1.",
        f"The local derivative of the × node with respect to y is the other input, x, here {x}.",
        f"The local derivative of the × node with respect to x is the other input, y, here {y}.",
        heard[0],
    ]
    for kind, name, number in answers(graph):
        if kind == "gradient":
            fill(figure, kind, name, number)
    hint.click()
    assert told(figure) == "a = x × y"
    fill(figure, "value", "a", graph.values["a"])
    hint.click()
    assert told(figure) == "L = a + z"
    fill(figure, "value", "L", graph.values["L"])
    hint.click()
    assert told(figure) == WORDS["practice.nothing"]


def test_a_hint_does_not_give_away_a_value_that_is_asked_for(page, tmp_path):
    seed, graph = find(lambda g: named(g, "MulLayer") == ["L"] and named(g, "AddLayer") == ["a"])
    open_page(page, tmp_path, PracticeFigure(ALL, seed=seed))
    figure = page.locator(".nn-live")
    other = next(i.name for i in graph.variables["L"].inputs if i.name != "a")
    start = f"The local derivative of the × node with respect to {other} is the other input, a"
    for _ in range(2):
        figure.locator('[data-action="hint"]').click()
        if told(figure).startswith(start):
            assert told(figure) == f"{start}."
    fill(figure, "value", "a", graph.values["a"])
    texts = []
    for _ in range(2):
        figure.locator('[data-action="hint"]').click()
        texts.append(told(figure))
    assert f"{start}, here {format_number(graph.values['a'])}." in texts


def test_a_number_of_ones_own(figure, page, page_errors):
    field = figure.locator('[data-input="seed"]')
    for typed, seed in [("20261122", 20261122), ("-5", 0), ("1e99", 2**32 - 1), ("3.7", 3)]:
        field.fill(typed)
        field.press("Enter")
        assert_asks(figure, problem(seed))
        assert field.input_value() == str(seed)
    field.fill("")
    field.press("Tab")
    assert field.input_value() == "3"
    assert_asks(figure, problem(3))
    assert page_errors.all() == []


def test_a_copied_link_brings_back_this_very_problem(new_page, page_errors, tmp_path):
    write_page(tmp_path, PracticeFigure(ALL, seed=7, name="fig-practice"))
    with serve(tmp_path) as url:
        page = new_page()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        page.goto(f"{url}/page.html")
        figure = page.locator(".nn-live")
        figure.locator('[data-input="seed"]').fill("123456")
        figure.locator('[data-action="next"]').click()
        figure.locator('[data-action="copy-link"]').click()
        expect(figure.locator(".nn-say")).to_have_text(WORDS["copied.link"])
        link = page.evaluate("navigator.clipboard.readText()")
        assert link == f"{url}/page.html#fig-practice?seed=123457"
        there = new_page()
        there.goto(link)
        assert_asks(there.locator(".nn-live"), problem(123457, ALL))
        assert there.locator('[data-input="seed"]').input_value() == "123457"
        for bad in ("nonsense", "-1", "1e300", "2.5", ""):
            there.goto("about:blank")
            there.goto(f"{url}/page.html#fig-practice?seed={bad}")
            expect(there.locator(".nn-live [data-value-box]").first).to_be_visible()
    assert page_errors.all() == []


def test_a_kernel_hears_of_the_seed_and_moves_it(page, page_errors, tmp_path):
    """As anywidget shows it in a notebook, with a model that notes what it is told."""
    open_page(page, tmp_path, "<div id='here'></div>")
    page.evaluate(
        """(html) => {
          const state = { html, inputs: ["seed"], input0: 7 };
          window.hears = {};
          window.sent = [];
          BackpropLive.render({ el: document.getElementById("here"), model: {
            get: (name) => state[name],
            set: (name, value) => sent.push([name, value]),
            on: (event, f) => { hears[event] = () => f(); },
            save_changes() {},
          } });
          window.state = state;
        }""",
        PracticeFigure(seed=7).view.html,
    )
    figure = page.locator(".nn-live")
    assert_asks(figure, problem(7))
    figure.locator('[data-action="next"]').click()
    assert page.evaluate("sent.at(-1)") == ["input0", 8]
    page.evaluate("state.input0 = 99; hears['change:input0']()")
    assert_asks(figure, problem(99))
    assert figure.locator('[data-input="seed"]').is_visible()
    assert page_errors.all() == []


def test_without_a_script_there_is_a_problem_and_its_key(new_page, tmp_path):
    page = new_page(java_script_enabled=False)
    open_page(page, tmp_path, PracticeFigure(ALL, seed=9))
    figure = page.locator(".nn-live")
    assert figure.locator("svg:visible").count() == 1
    assert not figure.locator("input").first.is_visible()
    key = figure.locator("details")
    assert not key.locator("table").is_visible()
    key.locator("summary").click()
    for number in (*problem(9, ALL).values.values(), *problem(9, ALL).gradients.values()):
        assert key.get_by_role("cell", name=format_number(number), exact=True).first.is_visible()


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_boxes_can_be_hit_with_a_finger(new_page, page_errors, tmp_path, width):
    page = new_page(viewport={"width": width, "height": 800}, has_touch=True)
    open_page(page, tmp_path, PracticeFigure(ALL, seed=0))
    figure = page.locator(".nn-live")
    for seed in range(12):
        for target in figure.locator("input:visible, button:visible").all():
            area = target.bounding_box()
            assert area["width"] >= 24, seed
            assert area["height"] >= 24, seed
        boxes = [b.bounding_box() for b in figure.locator("svg ~ input").all()]
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                apart = (
                    a["x"] + a["width"] <= b["x"] + 0.5
                    or b["x"] + b["width"] <= a["x"] + 0.5
                    or a["y"] + a["height"] <= b["y"] + 0.5
                    or b["y"] + b["height"] <= a["y"] + 0.5
                )
                assert apart, (seed, a, b)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        figure.locator('[data-action="next"]').tap()
    assert page_errors.all() == []


def test_on_paper_the_boxes_are_empty(figure, page):
    fill(figure, "value", "a", problem(7).values["a"])
    page.emulate_media(media="print")
    assert figure.locator("input:visible").count() == 0
    slot = figure.locator('[data-slot-of="L"]')
    expect(slot).not_to_have_css("stroke", "none")
    expect(figure.locator('svg [data-value-of="L"]')).to_have_text("")
