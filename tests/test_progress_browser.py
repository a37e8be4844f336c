"""The reader's ticks: kept in the browser, the same on every page, exported and imported."""

import json
import re

import pytest
from chapter import NAMES, Chapter
from playwright.sync_api import expect

FORMAT = "backprop-live-progress/1"
NAME = NAMES[0]
CHAPTER = f"chapters/{NAME}"
LABELS = list(Chapter(NAME).exercises)
EXERCISES = sum(len(Chapter(name).exercises) for name in NAMES)
STORED = f"JSON.parse(localStorage.getItem('{FORMAT}'))?.done ?? null"
LOST = "does not let this book keep your progress"


def tick(page, name):
    return page.locator(f'input[data-done="{name}"]')


def marks(page):
    """The entries of the table of contents that say to be finished."""
    links = page.locator(".bd-sidenav a").filter(has_text="finished")
    return [" ".join(text.split()) for text in links.all_inner_texts()]


def time_left(**done):
    """What the page says when so many exercises of chapters are done, and these are finished."""
    minutes = 0
    for name in NAMES:
        chapter = Chapter(name)
        reading, exercises = chapter.minutes
        finished, solved = done.get(f"c{name[:2]}", (False, 0))
        minutes += (not finished) * reading
        minutes += exercises * (1 - solved / len(chapter.exercises))
    rounded = -int(-round(minutes, 3) // 5) * 5
    return f"About {rounded // 60} h {rounded % 60} min are left."


def choose(page, content):
    file = {"name": "a.json", "mimeType": "application/json", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


def exported(page):
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == "backprop-live-progress.json"
    return json.loads(download.value.path().read_text(encoding="utf-8"))


def test_a_tick_is_kept_and_seen_on_every_page_and_in_every_tab(site_url, page, page_errors):
    page.goto(f"{site_url}/{CHAPTER}.html")
    solved = page.get_by_role("checkbox", name="Done (exercise 1.1)", exact=True)
    expect(solved).not_to_be_checked()
    solved.focus()
    page.keyboard.press("Space")
    expect(solved).to_be_checked()
    assert marks(page) == []
    page.get_by_role("checkbox", name="I have finished this chapter").check()
    assert len(marks(page)) == 1
    expect(page.get_by_text(f"Exercises done: 1 of {len(LABELS)}.")).to_be_visible()
    for control in page.locator("label:has([data-done])").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24

    page.reload()
    expect(solved).to_be_checked()

    other = page.context.new_page()
    page_errors.watch(other)
    other.goto(f"{site_url}/chapters/progress.html")
    expect(tick(other, LABELS[0])).to_be_checked()
    assert marks(other) == marks(page)
    expect(other.get_by_role("link", name="finished")).to_have_text(re.compile("✓finished$"))
    totals = other.locator(".done-totals")
    expect(totals).to_contain_text(f"1 of {len(NAMES)} chapters, 1 of {EXERCISES} exercises")
    expect(totals).to_contain_text(time_left(**{f"c{NAME[:2]}": (True, 1)}))

    tick(other, LABELS[1]).check()
    tick(other, CHAPTER).uncheck()
    expect(tick(page, LABELS[1])).to_be_checked()  # in the first tab, which nobody has touched
    expect(page.get_by_text(f"Exercises done: 2 of {len(LABELS)}.")).to_be_visible()
    assert marks(page) == []

    # What another tab has written in the very moment before is not lost.
    late = json.dumps({"format": FORMAT, "done": [*LABELS[:2], "ex-late"]})
    page.evaluate(f"(text) => localStorage.setItem('{FORMAT}', text)", late)
    tick(page, LABELS[2]).check()
    assert page.evaluate(STORED) == sorted([*LABELS[:3], "ex-late"])

    page.emulate_media(media="print")
    assert not page.locator("[data-done]:visible").count()
    assert page_errors.all() == []


def test_export_clear_and_import_give_the_same_back(site_url, page, page_errors):
    page.goto(f"{site_url}/chapters/progress.html")
    totals, status = page.locator(".done-totals"), page.get_by_role("status")
    expect(totals).to_contain_text(time_left())
    first, second = LABELS[:2]
    tick(page, first).check()
    choose(page, json.dumps({"format": FORMAT, "done": [CHAPTER, "ex-gone"]}).encode())
    expect(status).to_have_text("The ticks of the file are added to yours.")
    expect(tick(page, CHAPTER)).to_be_checked()
    expect(tick(page, first)).to_be_checked()
    expect(totals).to_contain_text(f"1 of {len(NAMES)} chapters, 1 of {EXERCISES} exercises")

    saved = exported(page)
    assert saved == {"format": FORMAT, "done": [CHAPTER, "ex-gone", first]}  # kept, not counted

    for foreign in (
        b"",
        b"{",
        b"\x89PNG\r\n",
        b"null",
        b"[]",
        json.dumps(saved | {"format": "another/1"}).encode(),
        json.dumps(saved | {"done": second}).encode(),
        json.dumps(saved | {"done": [second, 1]}).encode(),
        json.dumps(saved | {"done": [second] * 200_000}).encode(),
    ):
        status.evaluate("e => e.textContent = ''")
        choose(page, foreign)
        expect(status).to_contain_text("Nothing has changed.")
        assert page.evaluate(STORED) == saved["done"]

    clear = page.get_by_role("button", name="Clear")
    page.once("dialog", lambda dialog: dialog.dismiss())
    clear.click()
    assert page.evaluate(STORED) == saved["done"]
    page.once("dialog", lambda dialog: dialog.accept())
    clear.click()
    expect(status).to_have_text("Your progress is cleared.")
    assert page.evaluate(STORED) is None
    expect(tick(page, CHAPTER)).not_to_be_checked()
    assert marks(page) == []

    tick(page, second).check()
    choose(page, json.dumps(saved).encode())
    expect(tick(page, first)).to_be_checked()
    assert exported(page)["done"] == sorted([*saved["done"], second])

    # Everything done: no time is left.
    names = page.locator("[data-done]").evaluate_all("all => all.map((e) => e.dataset.done)")
    choose(page, json.dumps({"format": FORMAT, "done": names}).encode())
    expect(totals).to_contain_text(f"{EXERCISES} of {EXERCISES} exercises.")
    expect(totals.get_by_text("left")).to_be_hidden()
    assert page_errors.all() == []


def test_where_nothing_can_be_kept_the_controls_say_so_and_work(site_url, page):
    """In a sandbox, where the browser forbids the storage to a page."""
    page.set_content(f'<iframe sandbox="allow-scripts" src="{site_url}/{CHAPTER}.html"></iframe>')
    frame = page.frame_locator("iframe")
    inside = frame.locator(f'input[data-done="{LABELS[0]}"]')
    inside.check()
    frame.locator(f'input[data-done="{LABELS[1]}"]').check()
    expect(inside).to_be_checked()
    expect(frame.get_by_text(f"Exercises done: 2 of {len(LABELS)}.")).to_be_visible()
    expect(frame.locator(f"#{LABELS[0]}").get_by_text(LOST)).to_be_visible()
    expect(frame.locator(".done-end").get_by_text(LOST)).to_be_visible()


def test_a_full_storage_takes_the_ticks_later_and_a_broken_one_is_begun_anew(
    site_url, page, page_errors
):
    page.goto(f"{site_url}/chapters/progress.html", wait_until="networkidle")
    page.evaluate(f"""() => {{
      localStorage.setItem("{FORMAT}", "{{ broken");
      for (let size = 2 ** 23; size; size = size >> 1) {{
        try {{ localStorage.setItem("filler" + size, "x".repeat(size)); }} catch {{}}
      }}
    }}""")
    page.reload()
    note = page.get_by_text(LOST)
    expect(note).to_be_hidden()
    tick(page, LABELS[0]).check()
    expect(note).to_be_visible()
    tick(page, LABELS[1]).check()
    tick(page, LABELS[0]).uncheck()
    expect(tick(page, LABELS[1])).to_be_checked()
    page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('filler'))"
                  ".forEach((key) => localStorage.removeItem(key))")  # fmt: skip
    tick(page, LABELS[2]).check()
    expect(note).to_be_hidden()
    assert page.evaluate(STORED) == LABELS[1:3]
    assert page_errors.all() == []


def test_from_a_folder_the_pages_share_the_ticks_also_on_the_way_back(site, new_page, page_errors):
    page = new_page(offline=True)
    page.goto((site / f"{CHAPTER}.html").as_uri())
    tick(page, LABELS[0]).check()
    tick(page, LABELS[1]).check()
    tick(page, CHAPTER).check()
    page.locator(".done-end").get_by_role("link", name="Your progress").click()
    expect(tick(page, LABELS[0])).to_be_checked()
    assert len(marks(page)) == 1
    tick(page, LABELS[0]).uncheck()
    assert exported(page)["done"] == [CHAPTER, LABELS[1]]
    page.go_back()
    expect(tick(page, LABELS[1])).to_be_checked()
    expect(tick(page, LABELS[0])).not_to_be_checked()
    assert page.evaluate(STORED) == [CHAPTER, LABELS[1]]
    assert page_errors.all() == []


@pytest.mark.parametrize("name", [CHAPTER, "chapters/progress"])
def test_without_javascript_there_is_nothing_to_tick(site_url, new_page, name):
    page = new_page(java_script_enabled=False)
    page.goto(f"{site_url}/{name}.html")
    assert page.locator("[data-done]").count()
    for control in (
        "[data-done]",
        "[data-export]",
        "[data-clear]",
        "input[type=file]",
        ".done-end",
    ):
        assert not page.locator(f"{control}:visible").count()
    needs = page.get_by_text("This page needs JavaScript")
    assert needs.count() == needs.locator("visible=true").count() == (name != CHAPTER)
