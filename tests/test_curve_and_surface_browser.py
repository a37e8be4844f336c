"""Curves and surfaces in a browser: dragged, moved by keyboard, and the same as drawn by Python."""

import itertools
import re

import numpy as np
import pytest
from live_pages import open_page
from playwright.sync_api import expect

from nnlib.functions import step
from nnlib.live.curve_figure import CurveFigure
from nnlib.live.surface_figure import SurfaceFigure


def cubic(**options):
    return CurveFigure(lambda x: x**3 / 10 - x, name="fig-cubic", **{"at": 1.5, "h": 0.1} | options)


def log(**options):
    return CurveFigure(lambda x: x.log(), x=(-1, 5), name="fig-log", **{"at": 2} | options)


def wide(**options):
    given = {"at": 70} | options
    return CurveFigure(lambda x: x**2, x=(-100, 100), step=1, name="fig-wide", **given)


def sampled(**options):
    return CurveFigure(step, name="fig-step", **{"at": -1} | options)


def bowl(**options):
    given = {"start": (-7, 2), "step_size": 0.9} | options
    return SurfaceFigure(
        lambda x, y: x**2 / 20 + y**2, (-10, 10), (-5, 5), name="fig-bowl", **given
    )


def waves(**options):
    given = {"start": (-2, 1.5)} | options
    return SurfaceFigure(lambda x, y: np.sin(x) * np.cos(y), name="fig-waves", **given)


def surprise(**options):
    given = {"at": 0.5, "h": 0.1} | options
    return CurveFigure(lambda p: -p.log(), x=(-0.5, 1), name="fig-surprise", **given)


def loss(**options):
    given = {"start": (1, 1)} | options
    return SurfaceFigure(lambda w, b: (2 * w + b - 7) ** 2, name="fig-loss", **given)


def figure(page, name):
    return page.locator(f'.nn-live[data-figure="fig-{name}"]')


def exact(locator, kind, name):
    """The numbers of all places that show one; they must be one."""
    texts = locator.locator(f'[data-{kind}-of="{name}"]').evaluate_all(
        "all => all.map(e => e.dataset.exact)"
    )
    assert len(set(texts)) == 1
    return float(texts[0].replace("Infinity", "inf"))


def put(locator, **inputs):
    """Move sliders as the page's own script may: to any number."""
    locator.evaluate(
        "(e, inputs) => { for (const n in inputs) BackpropLive.mount(e).set(n, inputs[n]); }",
        inputs,
    )


def drawn(locator):
    """All that the script moves: lines, marks, numbers, sentences."""
    return locator.evaluate(
        """(e) => [...e.querySelectorAll(".nn-stage svg *, .nn-key, [data-exact]")].map((part) =>
          ["class", "d", "transform", "opacity"].map((name) => part.getAttribute(name) ?? "")
            .map((text) => text.replace("nn-bad", ""))
            .concat(part.childElementCount ? "" : part.textContent))"""
    )


NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"


def alike(wanted, found):
    """The same texts, up to a tenth of a unit in the numbers of a drawing.

    Of the secant's errors, those for h below 1e-7 are rounding: log in Python rounds otherwise.
    """
    for a, b in zip(wanted, found, strict=True):
        if wanted[0] == "nn-dots":
            a, b = a[a.find("M352") :], b[b.find("M352") :]
        a, b = each_line(a), each_line(b)
        if re.sub(NUMBER, "#", a) != re.sub(NUMBER, "#", b):
            return False
        pairs = zip(re.findall(NUMBER, a), re.findall(NUMBER, b), strict=True)
        if not all(abs(float(x) - float(y)) <= 0.11 for x, y in pairs):
            return False
    return True


def each_line(d):
    """Return a path with each of its lines by itself, however many were drawn in one go."""
    if not re.fullmatch(rf"(?:[ML]{NUMBER} {NUMBER})+", d):
        return d
    parts = [part.split("L") for part in d.split("M")[1:]]
    return "".join(f"M{p}L{q}" for part in parts for p, q in itertools.pairwise(part))


MOVES = [
    (cubic, {}),
    (cubic, {"x": -5, "h": 1}),
    (cubic, {"x": 5, "h": 1e-15}),
    (cubic, {"x": 0, "h": 1e-4}),
    (log, {"x": -1}),
    (log, {"x": 0}),
    (log, {"x": 0.05, "h": 0.01}),
    (wide, {"x": 100, "h": 1e-15}),
    (sampled, {"x": 0}),
    (sampled, {"x": 3.25}),
    (bowl, {}),
    (bowl, {"x": 10, "y": -5, "step_size": 1.21}),
    (bowl, {"x": 0, "y": 0}),
    (bowl, {"x": -10, "y": 5, "step_size": 0.01}),
    (waves, {}),
    (waves, {"x": 3, "y": 3, "step_size": 2.8}),
    (waves, {"x": -3, "y": 0}),
    (surprise, {"p": 0.25, "h": 1e-3}),
    (surprise, {"p": 1, "h": 1e-15}),
    (loss, {"w": -2, "b": 3}),
    (loss, {"w": 2.7, "b": -1.5, "step_size": 0.15}),
]


@pytest.mark.parametrize("make", [cubic, log, wide, sampled, bowl, waves, surprise, loss])
def test_the_script_draws_what_python_draws(make, new_page, page_errors, tmp_path):
    """After each move of the script, Python draws a figure that starts there."""
    still, live = new_page(java_script_enabled=False), new_page()
    open_page(live, tmp_path / "live", make())
    moving = live.locator(".nn-live")
    name = moving.get_attribute("data-figure")
    for there, inputs in MOVES:
        if there is not make or (make is log and inputs.get("x", 1) <= 0):
            continue  # no figure can start where there is no value
        start = dict(inputs)
        place = [start.pop(n) for n in inputs if n not in ("h", "step_size")]
        if place:
            start |= {"start": tuple(place)} if len(place) == 2 else {"at": place[0]}
        own = make(**start)
        open_page(still, tmp_path / "still", own)
        moving.locator('[data-action="reset"]').click()
        put(moving, **inputs)
        pairs = zip(drawn(still.locator(".nn-live")), drawn(moving), strict=True)
        for wanted, found in pairs:
            assert alike(wanted, found), (wanted, found)
        told = still.locator(".nn-told").text_content()
        assert moving.locator(".nn-stage > svg desc").first.text_content() == told
        for kind, n, number in numbers_of(own):
            close = 1e-12 if kind != "difference" else 1e-3
            assert exact(moving, kind, n) == pytest.approx(
                number, rel=close, abs=1e-12, nan_ok=True
            )
    assert name == own.name
    assert page_errors.all() == []


def numbers_of(own):
    found = re.findall(r'data-(\w+)-of="([^"]*)" data-exact="([^"]*)"', own.view.html)
    return [(kind, n, float(number)) for kind, n, number in found]


def test_on_arrival_nothing_changes(page, new_page, tmp_path, page_errors):
    """A page whose script runs shows what it shows without one, and its sentence once."""
    figures = [make() for make in (cubic, log, sampled, bowl, waves)]
    open_page(page, tmp_path, *figures)
    still = new_page(java_script_enabled=False)
    open_page(still, tmp_path, *figures)
    for own in figures:
        place = f'.nn-live[data-figure="{own.name}"]'
        with_script, without = drawn(page.locator(place)), drawn(still.locator(place))
        assert len(with_script) == len(without) > 20
        for a, b in zip(with_script, without, strict=True):
            assert alike(b, a), (b, a)
        told = still.locator(f"{place} .nn-told").text_content()
        assert page.locator(f"{place} .nn-say").text_content() == told
        assert page.locator(f"{place} .nn-told").count() == 0
    assert page_errors.all() == []


def handle_at(locator):
    box = locator.locator(".nn-handle circle").last.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, locator, right, down, steps):
    """Drag the point of a figure by so many pixels."""
    locator.scroll_into_view_if_needed()
    x, y = handle_at(locator)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=steps)
    page.mouse.up()


def test_the_point_of_a_curve_is_dragged_from_step_to_step(page, tmp_path, page_errors):
    open_page(page, tmp_path, cubic(), sampled())
    curve = figure(page, "cubic")
    curve.scroll_into_view_if_needed()
    x, y = handle_at(curve)
    page.mouse.move(x + 4, y - 3)  # not quite at its middle
    page.mouse.down()
    page.mouse.move(x - 90, y + 40, steps=7)
    page.mouse.move(x - 100, y + 90, steps=3)
    page.mouse.up()
    now = exact(curve, "value", "x")
    assert now < 1
    assert now / 0.05 == pytest.approx(round(now / 0.05), abs=1e-9)
    assert handle_at(curve)[0] == pytest.approx(x - 100, abs=2)
    assert exact(curve, "value", "y") == pytest.approx(now**3 / 10 - now)
    assert exact(curve, "gradient", "x") == pytest.approx(0.3 * now**2 - 1)
    assert float(curve.locator('input[data-input="x"]').input_value()) == now
    page.mouse.move(x, y)  # let go: nothing follows
    assert exact(curve, "value", "x") == now
    assert exact(figure(page, "step"), "value", "x") == -1
    assert page_errors.all() == []


def test_all_hooks_have_the_names_of_the_parameters_and_follow_a_drag(page, tmp_path, page_errors):
    open_page(page, tmp_path, surprise(), loss())
    curve, surface = figure(page, "surprise"), figure(page, "loss")
    for locator in (curve, surface):
        drag(page, locator, 60, 40, steps=5)
    hooks = """e => [...e.querySelectorAll("*")].flatMap((part) => Object.entries(part.dataset))
      .filter(([hook]) => /^input$|Of$/.test(hook)).map(([hook, name]) => hook + name)"""
    assert set(curve.evaluate(hooks)) == {
        "inputp", "inputh", "valueOfp", "valueOfh", "valueOfy",
        "gradientOfp", "numericalOfp", "differenceOfp",
    }  # fmt: skip
    assert set(surface.evaluate(hooks)) == {
        "inputw", "inputb", "inputstep_size", "valueOfw", "valueOfb", "valueOfstep_size",
        "valueOfz", "gradientOfw", "gradientOfb", "endOfz",
    }  # fmt: skip
    p, w, b = exact(curve, "value", "p"), *[exact(surface, "value", n) for n in "wb"]
    assert 0.5 < p <= 1
    assert w > 1 > b
    assert exact(curve, "value", "y") == pytest.approx(-np.log(p))
    assert exact(curve, "gradient", "p") == pytest.approx(-1 / p)
    secant = -(np.log(p + 0.1) - np.log(p - 0.1)) / 0.2
    assert exact(curve, "numerical", "p") == pytest.approx(secant)
    assert exact(curve, "difference", "p") == pytest.approx(secant + 1 / p)
    assert exact(surface, "value", "z") == pytest.approx((2 * w + b - 7) ** 2)
    assert exact(surface, "gradient", "w") == pytest.approx(4 * (2 * w + b - 7))
    assert exact(surface, "gradient", "b") == pytest.approx(2 * (2 * w + b - 7))
    for locator, said in ((curve, f"p = {p:.4g} makes y ="), (surface, ", at w = ")):
        expect(locator.locator(".nn-say")).to_contain_text(said)
        assert not re.search(r"\bx\b", locator.inner_text())
    code, link = (
        curve.evaluate(f"e => BackpropLive.mount(e).{what}()") for what in ("code", "link")
    )
    assert f"x=(-0.5, 1), at={p}, h=0.1, " in code
    assert f"start=({w}, {b}), " in surface.evaluate("e => BackpropLive.mount(e).code()")
    curve.locator('[data-action="reset"]').click()
    assert exact(curve, "value", "p") == 0.5
    page.goto(link)
    page.reload()
    assert exact(curve, "value", "p") == p
    assert page_errors.all() == []


def test_a_drag_beyond_the_frame_ends_at_the_end_of_the_slider(page, tmp_path):
    open_page(page, tmp_path, cubic(), bowl())
    for name, wanted in (("cubic", {"x": 5}), ("bowl", {"x": 10, "y": -5})):
        locator = figure(page, name)
        drag(page, locator, 2000, 2000, steps=4)
        assert {n: exact(locator, "value", n) for n in wanted} == wanted


def test_the_start_on_a_surface_is_dragged_and_its_path_follows(page, tmp_path, page_errors):
    open_page(page, tmp_path, bowl())
    surface = figure(page, "bowl")
    x, y = handle_at(surface)
    before = surface.locator("path.nn-path").first.get_attribute("d")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 75, steps=6)
    page.mouse.up()
    assert handle_at(surface) == pytest.approx((x + 60, y + 75), abs=3)
    at = {n: exact(surface, "value", n) for n in ("x", "y")}
    assert at["x"] > -7
    assert at["y"] < 2
    assert exact(surface, "gradient", "x") == pytest.approx(at["x"] / 10)
    assert exact(surface, "gradient", "y") == pytest.approx(2 * at["y"])
    end = np.array([at["x"] * 0.91**30, at["y"] * (-0.8) ** 30])
    assert exact(surface, "end", "z") == pytest.approx(end[0] ** 2 / 20 + end[1] ** 2)
    assert surface.locator("path.nn-path").first.get_attribute("d") != before
    assert page_errors.all() == []


def test_the_arrow_points_uphill_and_is_gone_where_nothing_rises(page, tmp_path):
    open_page(page, tmp_path, bowl())
    surface = figure(page, "bowl")
    arrow = surface.locator("path.nn-arrow").first

    def points():
        return arrow.evaluate("e => { const m = e.getCTM(); return [m.a, m.b]; }")

    for inputs, wanted in (
        ({"x": 5, "y": 0}, (1, 0)),
        ({"x": 0, "y": 3}, (0, -1)),
        ({"x": 0, "y": -3}, (0, 1)),
    ):
        put(surface, **inputs)
        right, down = np.array(points()) / np.hypot(*points())
        assert (right, down) == pytest.approx(wanted, abs=1e-3)
        assert arrow.get_attribute("opacity") == "1"
    put(surface, x=0, y=0)
    assert arrow.get_attribute("opacity") == "0"
    expect(surface.locator(".nn-say")).to_contain_text("gradient is 0")


def test_the_keyboard_does_the_same(page, tmp_path, page_errors):
    open_page(page, tmp_path, cubic(), bowl())
    curve, surface = figure(page, "cubic"), figure(page, "bowl")
    curve.locator('input[data-input="x"]').press("ArrowRight")
    assert exact(curve, "value", "x") == 1.55
    curve.locator('input[data-input="x"]').press("Home")
    assert exact(curve, "value", "y") == pytest.approx(-7.5)
    curve.locator('input[data-input="h"]').press("Home")
    assert exact(curve, "value", "h") == 1e-15
    expect(curve.locator(".nn-say")).to_contain_text("rounding")
    expect(curve.locator('[aria-live="polite"]')).to_contain_text("rounding", timeout=5000)
    curve.locator('input[data-input="h"]').press("End")
    assert exact(curve, "difference", "x") == pytest.approx(0.1)
    expect(curve.locator(".nn-say")).to_contain_text("too wide")
    step_size = surface.locator('input[data-input="step_size"]')
    for key, word in (("Home", "ever shorter"), ("End", "runs away")):
        step_size.press(key)
        expect(surface.locator(".nn-say")).to_contain_text(word)
        expect(surface.locator("svg desc").first).to_contain_text(word)
    surface.locator('[data-action="reset"]').click()
    assert [exact(surface, "value", n) for n in ("x", "y", "step_size")] == [-7, 2, 0.9]
    assert page_errors.all() == []


def test_where_there_is_no_value_it_says_so_and_comes_back(page, tmp_path, page_errors):
    open_page(page, tmp_path, log(), waves(step_size=2.8))
    curve = figure(page, "log")
    x = curve.locator('input[data-input="x"]')
    before = drawn(curve)
    for key, text, bad in (("Home", "not a number", "x = −1"), ("End", "1.609", None)):
        x.press(key)
        expect(curve.locator('.nn-key [data-value-of="y"]')).to_have_text(text)
        assert (curve.locator(".nn-bad").count() > 0) == (bad is not None)
        if bad:
            expect(curve.locator(".nn-say")).to_contain_text(f"At {bad} the function has no value")
            assert curve.locator("path.nn-tangent").first.get_attribute("d") == ""
            assert curve.locator("path.nn-diamond").get_attribute("opacity") == "0"
            assert curve.locator(".nn-handle").is_visible()  # to be dragged back
    put(curve, x=0)
    expect(curve.locator('.nn-key [data-value-of="y"]')).to_have_text("−∞")
    put(curve, x=2)
    assert drawn(curve) == before
    surface = figure(page, "waves")
    for place in itertools.product((-3, 3), (-3, 3)):
        put(surface, x=place[0], y=place[1])
    assert "NaN" not in "".join(itertools.chain(*drawn(surface), *drawn(curve)))
    assert page_errors.all() == []


def test_a_finger_drags_the_point_and_still_scrolls_the_page(new_page, tmp_path):
    page = new_page(viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    open_page(page, tmp_path, cubic(), bowl(), '<p class="tall"></p>')
    curve = figure(page, "cubic")
    x, y = handle_at(curve)
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        spots = [{"x": u, "y": v} for u, v in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    send("touchStart", (x, y))
    for k in range(1, 9):
        send("touchMove", (x - 10 * k, y))
    send("touchEnd")
    page.wait_for_timeout(100)
    assert handle_at(curve)[0] == pytest.approx(x - 80, abs=3)
    assert exact(curve, "value", "x") < 0.5
    surface = figure(page, "bowl")
    surface.scroll_into_view_if_needed()
    x, y = handle_at(surface)
    send("touchStart", (x, y))
    for k in range(1, 9):
        send("touchMove", (x + 3 * k, y + 4 * k))
    send("touchEnd")
    page.wait_for_timeout(100)
    assert handle_at(surface) == pytest.approx((x + 24, y + 32), abs=3)
    before = page.evaluate("scrollY")
    send("touchStart", (x + 100, y))
    for k in range(1, 9):
        send("touchMove", (x + 100, y - 20 * k))
    send("touchEnd")
    page.wait_for_function("before => scrollY > before", arg=before)
    size = curve.locator(".nn-hit").bounding_box()
    assert min(size["width"], size["height"]) >= 24


@pytest.mark.parametrize("width", [320, 390, 820])
def test_it_fits_and_can_be_read(new_page, tmp_path, width):
    page = new_page(viewport={"width": width, "height": 800})
    open_page(page, tmp_path, cubic(), bowl(), waves())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.locator(".nn-axes text, .nn-heights text").evaluate_all(
        "all => all.map(e => e.getCTM().a * parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(heights) > 10
    boxes = page.locator(".nn-axes").evaluate_all(
        """all => all.map((g) => {
          const [inner, outer] = [g, g.ownerSVGElement].map((e) => e.getBoundingClientRect());
          return [inner.left - outer.left, outer.right - inner.right, outer.bottom - inner.bottom];
        })"""
    )
    assert np.min(boxes) > -1.5  # no label is cut off


@pytest.mark.parametrize("width", [390, 1200])
def test_the_numbers_of_contours_are_apart_from_the_numbers_of_the_axes(new_page, tmp_path, width):
    page = new_page(viewport={"width": width, "height": 800})
    open_page(page, tmp_path, loss(), bowl(), waves())
    for surface in page.locator(".nn-surface").all():
        frame, on_axes, on_lines = (
            surface.locator(part).evaluate_all(
                """all => all.map(e => e.getBoundingClientRect())
                  .map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
            )
            for part in (".nn-edge", ".nn-axes text", ".nn-heights text")
        )
        assert len(on_lines) >= 3
        for left, top, right, bottom in on_lines:
            assert frame[0][0] - 1 < left < right < frame[0][2] + 1
            assert not any(
                left < u and right > s and top < v and bottom > t for s, t, u, v in on_axes
            )


def test_a_link_brings_back_what_was_shown(page, tmp_path):
    open_page(page, tmp_path, cubic(), bowl())
    page.goto(f"{page.url}#fig-bowl?x=3&y=-1&step_size=0.5")
    page.reload()
    surface = figure(page, "bowl")
    assert [exact(surface, "value", n) for n in ("x", "y", "step_size")] == [3, -1, 0.5]
    assert exact(surface, "value", "z") == pytest.approx(1.45)
