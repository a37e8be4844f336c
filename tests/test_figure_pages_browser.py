"""A figure on its own page, in a frame, and in a file: in a real browser without a network."""

import pytest
from live_pages import every_kind, move, shown
from playwright.sync_api import expect

SLIDES = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}


def size(page):
    root = "document.documentElement"
    return page.evaluate(f"[{root}.scrollWidth, {root}.scrollHeight]")


def brightness(page):
    """Of the ground that the page stands on, from 0 to 255."""
    return page.evaluate(
        """() => {
          const canvas = new OffscreenCanvas(1, 1).getContext("2d");
          canvas.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
          canvas.fillRect(0, 0, 1, 1);
          return canvas.getImageData(0, 0, 1, 1).data[0];
        }"""
    )


@pytest.mark.parametrize("name", ["fig-front", "fig-step"])
def test_a_figure_on_its_own_page(site, new_page, page_errors, name):
    page = new_page(offline=True, viewport=SLIDES, color_scheme="light")
    page.goto((site / f"figures/{name}.html").as_uri())
    figure = page.locator(".nn-live")
    width, height = size(page)
    assert (width, height) <= (1280, 720)
    assert height <= 720
    assert figure.locator(".nn-stage svg").first.bounding_box()["width"] > 600
    before = shown(figure)
    move(figure)
    assert shown(figure) != before

    assert brightness(page) > 200
    page.emulate_media(color_scheme="dark")
    assert brightness(page) < 50
    page.evaluate("localStorage.setItem('mode', 'light')")  # as the theme's button does
    page.reload()
    assert brightness(page) > 200
    page.evaluate("localStorage.clear()")

    button = page.get_by_role("button", name="Full screen")
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")

    page.set_viewport_size(PHONE)
    assert size(page)[0] <= 390
    page.get_by_role("link", name="Back to").click()
    expect(page.locator(f"#{name}")).to_be_in_viewport()
    assert "figures/" not in page.url
    assert page_errors.all() == []


def test_a_link_with_values_brings_them_back_and_the_chapter_leads_there(
    site_url, new_page, page_errors
):
    page = new_page(viewport=SLIDES)
    page.goto(f"{site_url}/index.html")
    page.get_by_role("link", name="On its own page").click()
    page.wait_for_url("**/figures/fig-front.html")
    figure = page.locator(".nn-live")
    move(figure)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")  # then shown
    figure.get_by_role("button", name="Copy link").click()
    link = figure.locator(".nn-copy").input_value()
    assert link.startswith(f"{site_url}/figures/fig-front.html#fig-front?apple=101")
    page.goto(f"{site_url}/search.html")
    page.goto(link)
    assert page.locator("[data-value-of=apple]").first.get_attribute("data-exact") == "101"
    assert page_errors.all() == []


def test_a_link_to_a_figure_in_a_solution_unfolds_it(site, new_page, page_errors):
    page = new_page(offline=True)
    page.goto((site / "figures/fig-phone.html").as_uri())
    page.get_by_role("link", name="Back to").click()
    expect(page.locator("#fig-phone .nn-stage")).to_be_visible()
    expect(page.locator("#fig-phone .nn-stage")).to_be_in_viewport()
    assert page_errors.all() == []


def test_permanent_links_are_seen_where_they_are_needed(site, new_page):
    page = new_page()
    page.goto((site / "index.html").as_uri())
    for link in page.locator("h2 > .headerlink").first, page.locator("#fig-front .headerlink"):
        expect(link).to_have_css("opacity", "0")
        link.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        expect(link).to_be_focused()
        expect(link).to_have_css("opacity", "1")
        page.keyboard.press("Enter")
    assert page.url.endswith("#fig-front")
    touch = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    touch.goto((site / "index.html").as_uri())
    for link in touch.locator(".headerlink").all():
        expect(link).to_have_css("opacity", "1")


@pytest.mark.parametrize("kind", ["graph", "surface"])
def test_a_saved_figure_works_alone_and_in_a_frame_of_slides(tmp_path, new_page, page_errors, kind):
    file = tmp_path / "figure.html"
    figure = every_kind()[kind]
    figure.save(file)
    page = new_page(offline=True, viewport=SLIDES)
    page.goto(file.as_uri())
    assert size(page) == [1280, 720]
    start = shown(page.locator(".nn-live"))
    back = move(page.locator(".nn-live"))
    assert shown(page.locator(".nn-live")) != start
    move(page.locator(".nn-live"), back)
    assert shown(page.locator(".nn-live")) == start
    assert page_errors.requests == [file.as_uri()]

    slides = tmp_path / "slides.html"
    slides.write_text(
        '<!DOCTYPE html><link rel="icon" href="data:,">'
        '<iframe sandbox="allow-scripts" src="figure.html" width="900" height="520"></iframe>'
    )
    page.goto(slides.as_uri())
    inside = page.frame_locator("iframe")
    move(inside.locator(".nn-live"))
    assert shown(inside.locator(".nn-live")) != start
    expect(inside.locator("footer button")).to_be_hidden()  # this frame allows no full screen
    assert page_errors.all() == []
