"""The card of a glossary term: pointer, keyboard and touch, from a folder, on a phone, in print."""

import pytest

PAGE = "chapters/10-gradient-check.html"
TERM = "central-difference"
LONG = 2_000  # ms, more than any delay of a card

PLACES = """() => [...document.querySelectorAll("a[aria-describedby]")].map((a) => {
  a.focus();
  const card = document.getElementById(a.getAttribute("aria-describedby"));
  const [box, at] = [card, a].map((e) => e.getBoundingClientRect());
  return {
    id: card.id, role: card.getAttribute("role"),
    open: document.querySelectorAll(".term-card:not([hidden])").length,
    inside: box.width > 200 && box.left >= 0 && box.right <= innerWidth
      && box.top >= 0 && box.bottom <= innerHeight,
    apart: box.top >= at.bottom - 1 || box.bottom <= at.top + 1,
    readable: card.scrollWidth <= card.clientWidth,
    link: a.getAttribute("href").split("#")[1],
  };
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_card_opens_for_pointer_and_keyboard_and_stays_until_it_is_left(
    site, new_page, page_errors, scheme
):
    page = new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme, offline=True)
    page.clock.install()
    page.goto((site / PAGE).as_uri())
    link = page.locator(f"article a[href$='#term-{TERM}']").first
    card = page.locator(f"#card-term-{TERM}")
    formula = card.locator("math").first

    link.scroll_into_view_if_needed()
    assert not card.is_visible()
    link.hover()
    page.clock.run_for(LONG)
    assert formula.is_visible()
    assert card.evaluate("e => getComputedStyle(e).backgroundColor") not in (
        link.evaluate("e => getComputedStyle(e).color"),
        "rgba(0, 0, 0, 0)",
    )

    # The pointer may go onto the card, and rest there.
    formula.hover()
    page.clock.run_for(LONG)
    assert card.is_visible()
    page.mouse.move(5, 700)
    page.clock.run_for(LONG)
    assert not card.is_visible()

    # Escape closes it under the pointer, and it stays closed.
    link.hover()
    page.clock.run_for(LONG)
    assert card.is_visible()
    page.keyboard.press("Escape")
    assert not card.is_visible()
    page.clock.run_for(LONG)
    assert not card.is_visible()

    # With the keyboard: at once, whatever the pointer does; Escape leaves the focus on the link.
    link.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert card.is_visible()
    page.mouse.move(5, 600)
    page.clock.run_for(LONG)
    assert card.is_visible()
    page.emulate_media(media="print")
    assert not card.is_visible()
    page.emulate_media(media="screen")
    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert link.evaluate("e => e === document.activeElement")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert card.is_visible()
    page.keyboard.press("Tab")
    page.clock.run_for(LONG)
    assert not card.is_visible()
    assert page_errors.all() == []


def test_on_a_phone_every_card_is_on_the_screen_and_a_second_tap_follows_the_link(
    site, new_page, page_errors
):
    page = new_page(viewport={"width": 390, "height": 700}, has_touch=True, reduced_motion="reduce")
    page.goto((site / PAGE).as_uri())
    page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    places = page.evaluate(PLACES)
    assert len(places) > 25
    for place in places:
        assert place == {
            "id": f"card-{place['link']}",
            "role": "tooltip",
            "open": 1,
            "inside": True,
            "apart": True,
            "readable": True,
            "link": place["link"],
        }
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    link = page.locator(f"article a[href$='#term-{TERM}']").first
    card = page.locator(f"#card-term-{TERM}")
    link.tap()
    assert card.is_visible()
    page.locator("main h1:visible").tap()
    assert not card.is_visible()
    link.tap()
    link.tap()
    page.wait_for_url(f"**/glossary.html#term-{TERM}")
    assert page.locator(f"#term-{TERM}").is_visible()
    assert page_errors.all() == []
