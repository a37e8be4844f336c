"""What holds for every kind of live figure, wherever and however it is read."""

import itertools
import math
import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import serve
from hypothesis import given, settings
from hypothesis import strategies as st
from live_pages import (
    POLICY,
    SHOP,
    every_kind,
    figure_of,
    find,
    move,
    open_page,
    run,
    shop,
    shown,
    write_page,
)
from playwright.sync_api import expect
from random_graphs import random_graph

from nnlib.live import GraphFigure
from nnlib.live.assets import HERE

KINDS = list(every_kind())
HIDDEN = "?"


def told(figure):
    return figure.locator(".nn-say").text_content()


def open_details(page):
    page.locator("details").evaluate_all("all => all.forEach(e => { e.open = true; })")


def predict_wrong(page):
    """Every box that can be typed into holds a wrong number."""
    for button in page.locator('[data-action="predict"]').all():
        if button.get_attribute("aria-pressed") == "false":
            button.click()
    for box in page.locator('.nn-live input[type="text"]:visible').all():
        box.fill("12345")
        box.press("Tab")
    assert page.locator('.nn-live input[aria-invalid="true"]').count() > 5


def check(page):
    for button in page.locator('[data-action="check"]').all():
        button.click()
    assert page.locator("[data-numerical-of]").count() > 5


def test_each_kind_of_figure_is_in_these_tests():
    there = {path.stem.removesuffix("_figure") for path in HERE.glob("*_figure.py")}
    assert there == {figure.kind for figure in every_kind().values()}


# --- where it stands ---


def test_under_a_strict_content_security_policy(page, page_errors, tmp_path):
    """Of the page and of the server; that the policies are in force is seen at the end."""
    page.add_init_script(
        """window.forbidden = [];
        addEventListener("securitypolicyviolation", (e) => forbidden.push(e.violatedDirective));"""
    )
    write_page(tmp_path, *every_kind().values())
    with serve(tmp_path) as url:

        def with_header(route):
            answer = route.fetch()
            headers = answer.headers | {"content-security-policy": POLICY}
            route.fulfill(response=answer, headers=headers)

        page.route("**/page.html", with_header)
        page.goto(f"{url}/page.html")
        for kind in KINDS:
            figure = find(page, kind)
            before = shown(figure)
            back = move(figure)
            assert shown(figure) != before, kind
            move(figure, back)
            assert shown(figure) == before, kind
            figure.locator('button:not([data-action="enlarge"])').evaluate_all(
                "all => all.forEach((e) => e.click())"
            )
        for _ in range(2):
            find(page, "graph").locator('[data-action="enlarge"]').click()
    assert page_errors.all() == []
    assert page.evaluate("forbidden") == []
    page.locator("main").evaluate("e => e.setAttribute('style', 'color: red')")
    expect(page.locator("main")).not_to_have_css("color", "rgb(255, 0, 0)")
    assert page.evaluate("forbidden") == ["style-src-attr"] * 2


def test_in_a_closed_admonition_and_in_a_hidden_tab(new_page, page_errors, tmp_path):
    page = new_page(viewport={"width": 320, "height": 800})
    html = "".join(figure.view.html for figure in every_kind().values())
    open_page(
        page,
        tmp_path,
        f"<details class='admonition'><summary>More</summary>{html}</details>",
        f"<div class='closed'>{html}</div>",
    )
    page.get_by_text("More", exact=True).click()
    page.locator(".closed").evaluate("e => e.classList.remove('closed')")
    for kind in KINDS:
        first, second = find(page, kind).all()
        before = shown(first)
        assert shown(second) == before
        for figure in (first, second):
            picture = figure.locator(".nn-stage").locator("svg, table").first
            assert picture.bounding_box()["width"] > 50, kind
            move(figure)
            assert shown(figure) != before, kind
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page_errors.all() == []


def test_two_figures_with_the_same_names_do_not_disturb_each_other(page, page_errors, tmp_path):
    named_alike = [GraphFigure(shop(), SHOP, name=name) for name in ("fig-a", "fig-b", "fig-b")]
    open_page(page, tmp_path, *named_alike, *every_kind().values(), *every_kind().values())
    figures = page.locator(".nn-live")
    before = shown(figures)
    for k, figure in enumerate(figures.all()):
        move(figure)
        after = shown(figures)
        assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [k]
        before = after
    assert page_errors.all() == []


def test_printed_it_shows_everything_and_hides_it_again(page, page_errors, tmp_path):
    open_page(page, tmp_path, *every_kind().values())
    predict_wrong(page)
    answers = page.locator(".nn-stage [data-gradient-of]").filter(has_text=HIDDEN)
    hidden = answers.count()
    assert hidden > 10
    page.emulate_media(media="print")
    expect(answers).to_have_count(0)
    other = "all => all.filter(e => e.checkVisibility() && !/\\d/.test(e.textContent)).length"
    assert page.locator("[data-exact]:not(rect)").evaluate_all(other) == 0
    controls = page.locator(".nn-live").locator("button, input, textarea, select")
    assert controls.filter(visible=True).count() == 0
    page.emulate_media(media="screen")
    expect(answers).to_have_count(hidden)
    assert page_errors.all() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_fits_on_one_sheet(page, tmp_path, kind):
    open_page(page, tmp_path, every_kind()[kind])
    assert len(re.findall(rb"/Type /Page\b", page.pdf(format="A4"))) == 1


def test_without_a_script(new_page, tmp_path):
    page = new_page(java_script_enabled=False)
    page.goto(write_page(tmp_path, *every_kind().values()).as_uri())
    for kind in KINDS:
        figure = find(page, kind)
        assert figure.locator(".nn-stage").locator("svg, table").first.is_visible()
        numbers = shown(figure)[0]
        assert len(numbers) >= 4, kind
        assert all(math.isfinite(float(exact)) for _, exact, _ in numbers), kind
        assert not any(HIDDEN in text for _, _, text in numbers), kind
        dead = "button, input, textarea, select, a, [tabindex], [aria-live], [draggable]"
        assert figure.locator(dead).filter(visible=True).count() == 0, kind


# --- who reads it ---

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page, *without):
    """What axe finds; of what it cannot decide it may only leave contrast in pictures to us."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        """([tags, without]) => axe.run(document, {
          preload: false, resultTypes: ["violations", "incomplete"],
          runOnly: { type: "tag", values: tags },
          rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
        })""",
        [STANDARDS, without],
    )
    undecided = [rule for rule in found["incomplete"] if rule["id"] != "color-contrast"]
    return [
        (rule["id"], node["html"], node["failureSummary"])
        for rule in found["violations"] + undecided
        for node in rule["nodes"]
    ]


LOOKS = [("light", 1200, ()), ("dark", 1200, ()), ("light", 390, ("color-contrast",))]


@pytest.mark.parametrize(("theme", "width", "without"), LOOKS)
def test_axe_finds_nothing(new_page, tmp_path, theme, width, without):
    page = new_page(viewport={"width": width, "height": 900})
    open_page(page, tmp_path, *every_kind().values(), theme=theme)
    open_details(page)
    check(page)
    assert violations(page, *without) == []
    predict_wrong(page)
    assert violations(page, *without) == []


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (layers) => { // colours laid over each other, as [red, green, blue]
    canvas.clearRect(0, 0, 1, 1);
    for (const [colour, opacity] of layers) {
      [canvas.fillStyle, canvas.globalAlpha] = [colour, opacity];
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const paint = (e) => { // what an element lays over what is behind it
    const s = getComputedStyle(e);
    if (e instanceof SVGGeometryElement) {
      return s.fill === "none" || e.matches("path") ? null : [s.fill, Number(s.fillOpacity)];
    }
    return e instanceof SVGElement ? null : [s.backgroundColor, 1];
  };
  const found = [];
  for (const text of document.querySelectorAll(".nn-live svg :is(text, tspan)")) {
    if (![...text.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const box = text.getBoundingClientRect();
    if (!box.width) continue;
    const below = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const ground = below.map(paint).filter(Boolean).reverse();
    const style = getComputedStyle(text);
    const [a, b] = [over([...ground, [style.fill, Number(style.fillOpacity)]]), over(ground)]
      .map(luminance).sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), text.textContent]);
  }
  return found;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_in_pictures_has_contrast(new_page, tmp_path, theme):
    """What axe leaves open, because it does not know what is behind a text in a picture."""
    page = new_page(viewport={"width": 1200, "height": 8000})
    open_page(page, tmp_path, *every_kind().values(), theme=theme)
    found = page.evaluate(CONTRAST)
    assert len(found) > 80
    assert [(ratio, text) for ratio, text in found if ratio < 4.5] == []


SMALL = """all => all.filter((e) => e.checkVisibility() && !e.closest("p, figcaption"))
  .map((e) => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 23.99 || box.height < 23.99)
  .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""
POINTED_AT = (
    "button, input, select, textarea, summary, a, [tabindex], [role=slider], [role=button], "
    ".nn-matrix td, .nn-handle"
)
OVERLAP = """all => all.map((e) => [e, e.getBoundingClientRect()]).flatMap(([e, a], i, list) =>
  list.slice(i + 1).filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 1 && b.top < a.bottom - 1).map(([f]) => [e.outerHTML, f.outerHTML]))"""


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2), (1200, 2)])
def test_small_enough_for_the_page_and_large_enough_for_a_finger(new_page, tmp_path, width, scale):
    """At 320 px, at 200 % zoom, and on a wide screen: in the beginning and with everything open."""
    page = new_page(
        viewport={"width": width, "height": 800}, device_scale_factor=scale, has_touch=True
    )
    open_page(page, tmp_path, *every_kind().values())
    for more in (lambda page: None, open_details, check, predict_wrong):
        more(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        pointed_at = page.locator(".nn-live").locator(POINTED_AT)
        assert pointed_at.evaluate_all(SMALL) == []
        boxes = page.locator('.nn-live input[type="text"]:visible')
        assert boxes.evaluate_all(OVERLAP) == []


FOCUS = """() => {
  const e = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(e);
  window.reached.add(e);
  return { end: e === document.body, html: e.outerHTML.slice(0, 120),
    ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
}"""
CONTROLS = ".nn-live :is(button, input, textarea, select, summary, a)"
MISSED = """all => all
  .filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && !reached.has(e))
  .map((e) => e.outerHTML)"""


def test_the_keyboard_reaches_everything_and_its_place_is_seen(page, page_errors, tmp_path):
    open_page(page, tmp_path, *every_kind().values())
    open_details(page)
    page.evaluate("window.reached = new Set()")
    for _ in range(300):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUS)
        if here["end"]:
            break
        assert here["ring"], here["html"]
    assert here["end"]
    assert page.evaluate("reached.size") > 50
    assert page.locator(CONTROLS).evaluate_all(MISSED) == []
    only_by_finger = page.locator('.nn-live button[tabindex="-1"]')  # the arrow keys do the same
    assert set(only_by_finger.evaluate_all("all => all.map(e => e.className)")) == {"nn-nudge"}
    assert page_errors.all() == []


def test_steps_are_made_by_enter_and_space(page, tmp_path):
    open_page(page, tmp_path, every_kind()["graph"])
    figure = find(page, "graph")
    figure.locator('[data-action="step-forward"]').press("Enter")
    assert told(figure) == "Forward, × node: 100 × 2 = 200."
    figure.locator('[data-action="step-forward"]').press("Space")
    assert told(figure) == "Forward, × node: 200 × 1.1 = 220."
    figure.locator('[data-action="step-backward"]').press("Space")
    figure.locator('[data-action="step-backward"]').press("Enter")
    assert "1.1 × 1 = 1.1" in told(figure) or "1 × 1.1 = 1.1" in told(figure)


def test_who_listens_hears_one_sentence_a_second_and_the_last_one(page, tmp_path):
    page.clock.install(time=0)
    open_page(page, tmp_path, *every_kind().values())
    page.clock.pause_at(60)  # the welcome is over
    page.locator("[aria-live]").evaluate_all(
        """all => { window.heard = [];
          const hear = (e) => () => heard.push([performance.now(), e.textContent]);
          for (const e of all) new MutationObserver(hear(e)).observe(e, { childList: true }); }"""
    )
    figure = find(page, "graph")
    slider = figure.locator("input[data-input=apple]")
    for apple in range(101, 201):
        slider.evaluate("(e, x) => { e.value = x; e.dispatchEvent(new Event('input')); }", apple)
        page.clock.run_for(33)
    final = told(figure)
    assert "apple = 200" in final
    page.clock.run_for(5000)
    heard = page.evaluate("heard")
    times = [time for time, _ in heard]
    assert len(heard) == 5  # at 0, 1, 2 and 3 seconds, and the last
    assert all(b - a >= 1000 for a, b in itertools.pairwise(times))
    assert heard[-1][1] == final


def test_nothing_moves_by_itself_for_those_who_asked_for_that(new_page, tmp_path):
    page = new_page(reduced_motion="reduce")
    open_page(page, tmp_path, *every_kind().values())
    for kind in KINDS:
        figure = find(page, kind)
        figure.locator('button:not([data-action="enlarge"])').evaluate_all(
            "all => all.forEach((e) => { e.click(); e.click(); })"
        )
    page.locator('[data-action="play"]').click()
    assert page.evaluate("document.getAnimations().length") == 0
    moving = """all => all.filter((e) => { const s = getComputedStyle(e);
      return s.animationName !== "none" || /[1-9]/.test(s.transitionDuration)
        || s.scrollBehavior === "smooth"; }).map((e) => e.outerHTML.slice(0, 120))"""
    assert page.locator(".nn-live, .nn-live *").evaluate_all(moving) == []
    before = shown(page.locator(".nn-live"))
    page.wait_for_timeout(700)
    assert shown(page.locator(".nn-live")) == before


# --- what it shows ---

TO_EXTREMES = """(element) => {
  const figure = BackpropLive.mount(element);
  const numbers = () => [...element.querySelectorAll("[data-exact]")].map((e) =>
    [e.dataset.valueOf, e.dataset.gradientOf, e.dataset.exact, e.textContent]);
  const wrong = [];
  const look = (where) => {
    for (const e of element.querySelectorAll("[data-exact]")) {
      const x = Number(e.dataset.exact);
      const words = ["∞", "−∞", e.ownerSVGElement ? "NaN" : "not a number"].includes(e.textContent);
      if (words === Number.isFinite(x) || e.classList.contains("nn-bad") === Number.isFinite(x)
        || (x === Infinity && e.textContent !== "∞")) wrong.push([where, e.outerHTML]);
    }
    if (/NaN|undefined|Infinity/.test(element.querySelector("figcaption + *, .nn-say").textContent
      + element.querySelector("desc").textContent)) wrong.push([where, "a sentence"]);
  };
  const before = JSON.stringify(numbers());
  let infinite = 0;
  const sliders = [...element.querySelectorAll("input[data-input]")];
  for (const slider of sliders) {
    const [name, start] = [slider.dataset.input, slider.getAttribute("value")];
    for (const end of [slider.min, slider.max, start]) {
      slider.value = end;
      slider.dispatchEvent(new Event("input"));
      look(`${name} = ${end}`);
    }
    for (const x of [-1e308, 0, 5e-324, Infinity, NaN, 1e308]) {
      figure.set(name, x);
      look(`${name} = ${x}`);
      infinite += element.querySelectorAll(".nn-bad").length;
    }
    const steps = slider === sliders[0] ? ["forward", "forward", "backward", "backward"] : [];
    for (const step of [...steps.map((way) => `step-${way}`), "run"]) {
      element.querySelector(`[data-action=${step}]`).click();
      look(`${name} = 1e308, ${step}`);
    }
    figure.set(name, Number(start));
  }
  const after = JSON.stringify(numbers());
  return { same: before === after, wrong, infinite, before, after };
}"""


def test_no_number_breaks_a_figure_and_none_sticks(page, page_errors, tmp_path):
    graphs = [random_graph(seed, operations=4 + seed % 12) for seed in range(200)]
    infinite = 0
    for k in range(0, 200, 50):
        figures = [
            figure_of(graph, f"figure {k + i}") for i, graph in enumerate(graphs[k : k + 50])
        ]
        open_page(page, tmp_path, *figures)
        for answer in page.locator(".nn-live").evaluate_all(f"all => all.map({TO_EXTREMES})"):
            assert answer["wrong"] == []
            assert answer["before"] == answer["after"]
            infinite += answer["infinite"]
        assert page_errors.all() == []
    assert infinite > 1000


# --- what is taken away from it ---


def same_figure(one, other):
    assert type(one) is type(other)
    assert repr(one) == repr(other)
    assert one.view.html == other.view.html


@settings(max_examples=100)
@given(seed=st.integers(0, 10**6), operations=st.integers(1, 20))
def test_the_code_of_any_graph_makes_the_same_figure(seed, operations):
    graph = random_graph(seed, operations)
    figure = figure_of(graph)
    again = run(figure.code)
    assert again.graph.to_dict() == figure.graph.to_dict()
    same_figure(again, figure)
    for slider in figure.sliders.values():
        slider.value = slider.max
    moved = run(figure.code)
    assert moved.values == pytest.approx(figure.values, rel=1e-12)
    assert moved.gradients == pytest.approx(figure.gradients, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_of_each_kind_makes_the_same_figure(kind):
    figure = every_kind()[kind]
    same_figure(run(figure.code), figure)


@pytest.fixture
def with_clipboard(new_page):
    def open_it(url):
        page = new_page()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        return page

    return open_it


def pasted(page):
    return page.evaluate("navigator.clipboard.readText()")


def test_copied_code_gives_the_numbers_of_the_page(with_clipboard, page_errors, tmp_path):
    write_page(tmp_path, *every_kind().values())
    with serve(tmp_path) as url:
        page = with_clipboard(url)
        page.goto(f"{url}/page.html")
        for kind in KINDS:
            figure = find(page, kind)
            for slider in figure.locator("input[type=range]:visible").all():
                slider.press("Home")
                for _ in range(3):
                    slider.press("ArrowRight")
            for button in figure.locator('[data-action="run"]').all():
                button.click()
            figure.locator('[data-action="copy-code"]').click()
            expect(figure.locator(".nn-say")).to_have_text(
                "The Python that makes this figure is copied."
            )
            assert_shows(figure, run(pasted(page)), kind)
    assert page_errors.all() == []


HOOK = r'data-(value|gradient)-of="([^"]*)"(?: data-index="[^"]*")? data-exact="([^"]*)"'


def assert_shows(figure, copied, kind):
    """What the page shows now is what Python draws."""
    there = {}
    for name, exact, _ in shown(figure)[0]:
        there.setdefault(name, []).append(float(exact))
    drawn = {}
    for which, name, exact in re.findall(HOOK, copied.view.html):
        place = f"{name}|" if which == "value" else f"|{name}"
        drawn.setdefault(place, []).append(float(exact))
    there.pop("|", None)  # a difference, and the like
    answers_are_hidden = kind == "practice" and set(there) < set(drawn)
    assert set(there) == set(drawn) or answers_are_hidden, kind
    exactness = 1e-8 if kind == "sampled" else 1e-12
    for name, numbers in there.items():
        if kind == "predict":  # until the script runs, only its table has the derivatives
            drawn[name] *= len(numbers)
        expected = drawn[name][: len(numbers)]
        assert numbers == pytest.approx(expected, rel=exactness, abs=exactness), name


def test_a_copied_link_brings_back_the_state(with_clipboard, page_errors, tmp_path):
    """Of any kind, from inside a closed admonition below the fold, whatever its name."""
    some = [every_kind()[kind] for kind in ("graph", "curve", "practice", "training")]
    odd = GraphFigure(shop(), SHOP, name="50 % off?&=#x")
    figures = [
        f"<div class='tall'></div><details><summary>More</summary>{f.view.html}</details>"
        for f in [*some, odd]
    ]
    write_page(tmp_path, *figures)
    with serve(tmp_path) as url:
        page = with_clipboard(url)
        page.goto(f"{url}/page.html")
        open_details(page)
        for k, figure in enumerate(page.locator(".nn-live").all()):
            for _ in range(2):
                move(figure)
            figure.locator('[data-action="copy-link"]').click()
            expect(figure.locator(".nn-say")).to_contain_text("The link is copied")
            wanted = figure.evaluate("e => ({ ...BackpropLive.mount(e).inputs })")
            there = page.context.new_page()
            page_errors.watch(there)
            there.goto(pasted(page))
            again = there.locator(".nn-live").nth(k)
            assert again.evaluate("e => ({ ...BackpropLive.mount(e).inputs })") == wanted
            expect(again).to_be_in_viewport()
            assert there.locator(".nn-live:visible").count() == 1
            assert shown(again) == shown(figure)
            there.close()
    assert page_errors.all() == []


FRAGMENTS = [
    "#fig-graph?nope=3", "#fig-graph?apple=NaN", "#fig-graph?apple=", "#fig-graph?apple=%",
    "#fig-graph?apple=1e999", "#fig-graph?apple=Infinity", "#fig-graph?__proto__=1",
    "#fig-graph?constructor=1", "#fig-graph?", "#fig-graph", "#fig%", "#fig%?apple=3",
    "#%E0%A4%A?apple=3", "#?apple=3", "#constructor?x=1", "#fig-graph?apple=__",
    "#fig-graph?apple=<b>", "#nothing?apple=3",
]  # fmt: skip


def test_a_broken_link_does_no_harm(page, page_errors, tmp_path):
    open_page(page, tmp_path, every_kind()["graph"])
    start = shown(page.locator(".nn-live"))
    address = (tmp_path / "page.html").as_uri()
    for fragment in FRAGMENTS:
        page.goto(address + fragment)  # the page stays, and hears of it
        assert shown(page.locator(".nn-live")) == start, fragment
        assert page_errors.all() == [], fragment
    for fragment in FRAGMENTS[::4]:
        page.goto("about:blank")
        page.goto(address + fragment)
        assert shown(page.locator(".nn-live")) == start, fragment
        assert page_errors.all() == [], fragment


@pytest.mark.parametrize(
    ("text", "apple"), [("1e9", 300), ("-7", 0), ("120", 120), ("100.4", 100), ("120.6", 121)]
)
def test_a_number_from_a_link_is_brought_onto_its_slider(page, tmp_path, text, apple):
    write_page(tmp_path, every_kind()["graph"])
    page.goto((tmp_path / "page.html").as_uri() + f"#fig-graph?apple={text}")
    figure = find(page, "graph")
    assert figure.evaluate("e => BackpropLive.mount(e).inputs.apple") == apple
    assert figure.locator("input[data-input=apple]").input_value() == str(apple)


def test_without_a_clipboard_the_text_is_there_to_copy_by_hand(page, tmp_path):
    write_page(tmp_path, *every_kind().values())
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined });")
    page.goto((tmp_path / "page.html").as_uri())
    for kind in KINDS:
        figure = find(page, kind)
        figure.locator('[data-action="copy-link"]').click()
        area = figure.locator("textarea")
        assert f"page.html#fig-{kind}?" in area.input_value()
        figure.locator('[data-action="copy-code"]').click()
        expect(area).to_have_count(1)
        same_figure(run(area.input_value()), every_kind()[kind])
        selected = area.evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd)")
        assert selected == area.input_value()
        assert area.evaluate("e => e === document.activeElement")
