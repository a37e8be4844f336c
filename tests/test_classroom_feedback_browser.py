"""What students wrote, in a real browser: in their pages, and where a teacher marks by hand."""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classroom_class import DUE, LATE, answered, gives_hand_mark, points, small_course, submit
from classroom_small import SMALL
from conftest import PageErrors
from nbconvert.exporters import HTMLExporter
from playwright.sync_api import Page, expect

from classroom import markup
from classroom.course import Course
from classroom.feedback import feedback, page
from classroom.grade import grade
from classroom.release import release

ELSEWHERE = "http://192.0.2.1/seen"  # an address that nobody has
RUN = "document.documentElement.dataset.ran='yes'"
DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PAYLOADS = [
    f'<img src=x onerror="{RUN}">',
    f"<img src={ELSEWHERE}.png>",
    f"![picture]({ELSEWHERE}.png)",
    f"<script>{RUN}</script>",
    f"<svg onload={RUN}><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    f'<iframe src="javascript:{RUN}" srcdoc="<script>parent.{RUN}</script>"></iframe>',
    f"[click](javascript:{RUN})",
    f'<a href="&#106;avascript:{RUN}" class=click>click</a>',
    "[data](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    f"<style>body{{display:none;background:url({ELSEWHERE})}}</style>",
    f"<link rel=stylesheet href={ELSEWHERE}.css>",
    f'<meta http-equiv=refresh content="0;url={ELSEWHERE}">',
    f"<base href={ELSEWHERE}/>",
    f"<form action={ELSEWHERE}><input name=q autofocus onfocus={RUN}><button>go</button></form>",
    f"<details open ontoggle={RUN}>more</details>",
    f'<math><mtext><table><mglyph><style><img src=x onerror="{RUN}">',
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<video><source onerror={RUN}></video><audio src={ELSEWHERE} autoplay></audio>",
    f"<object data={ELSEWHERE}></object><embed src={ELSEWHERE}>",
    f'<div style="background:url({ELSEWHERE})" onpointerenter={RUN}>style</div>',
    f"$\\href{{javascript:{RUN}}}{{formula}}$",
    f"```mermaid\n</pre><img src=x onerror={RUN}>\n```",
    f"```html\n<img src=x onerror={RUN}>\n```",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<{'b' * 3}\nonclick={RUN}>",
    "![dot](attachment:dot.svg)",
    f"<template><img src=x onerror={RUN}></template>",
    f"[ref]\n\n[ref]: javascript:{RUN}",
    f"<plaintext onclick={RUN}><textarea><title>",
]
MARKS = [f"payload-{number}-text" for number in range(len(PAYLOADS))]
TEXT = "\n\n".join(f"{mark}\n\n{text}" for mark, text in zip(MARKS, PAYLOADS, strict=True))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course in which everything that a student or the roster can say is hostile, and graded."""
    course = small_course(tmp_path_factory.mktemp("courses") / "hostile")
    name = "<script>alert(1)</script>,<img src=x onerror=alert(1)>"
    (course.root / "roster.csv").write_text(f"id,first_name,last_name\nann,{name}\nbob,Bob,B\n")
    release(course, "small")
    notebook = answered(SMALL.solution_notebook(), why=TEXT)
    notebook.cells += [
        nbformat.v4.new_markdown_cell(TEXT),
        nbformat.v4.new_raw_cell(TEXT, metadata={"raw_mimetype": "text/html"}),
        nbformat.v4.new_code_cell(f"print({TEXT!r})\n{TEXT!r}"),
        nbformat.v4.new_code_cell(f"raise ValueError({TEXT!r})"),
    ]
    data = json.loads(nbformat.writes(notebook))
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>"
    html = {"output_type": "display_data", "metadata": {}, "data": {"text/html": TEXT}}
    for cell in data["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [html]
        else:
            cell["attachments"] = {"dot.svg": {"image/svg+xml": svg}}
    submit(course, "ann", json.dumps(data), LATE)
    submit(course, "bob", SMALL.with_mistake("half"), DUE)
    assert grade(course, "small").marked == ["ann", "bob"]
    gives_hand_mark(course, "ann", 1.0, TEXT)
    assert feedback(course, "small").written == ["ann", "bob"]
    return course


def nothing_happened(page: Page, errors: PageErrors, allowed: str) -> None:
    """Click and touch all that can be, and find that nothing ran and nothing was asked for."""
    for link in page.locator("a").all():
        href = link.get_attribute("href") or ""
        assert not href.lower().startswith(("javascript:", "data:")), href
    for element in page.locator("p, li, pre, td").all()[:60]:
        element.dispatch_event("click")
        element.dispatch_event("pointerenter")
        element.dispatch_event("toggle")
    assert page.locator("html").get_attribute("data-ran") is None
    strange = [url for url in errors.requests if not url.startswith((allowed, "data:"))]
    assert strange == []
    assert errors.external == []
    assert errors.exceptions == []


def test_nothing_runs_in_a_page_and_all_text_is_seen(
    hostile: Course, new_page: Callable[..., Page], page_errors: PageErrors
) -> None:
    path = hostile.place("feedback", "ann", "small") / "small.html"
    assert {file.name for file in path.parent.iterdir()} == {"small.html", "timestamp.txt", "made"}
    shown = new_page()
    shown.goto(path.as_uri())
    nothing_happened(shown, page_errors, path.as_uri())
    assert page_errors.all() == []
    text = shown.locator("body").inner_text()
    for mark in MARKS:  # the answer, the comment, a cell, a raw cell, what was printed and raised
        assert text.count(mark) >= 6, mark
    assert "<script>alert(1)</script> <img src=x onerror=alert(1)>" in text
    assert "onerror" in text
    elements = shown.locator(
        "script, svg, math, iframe, object, embed, form, input, link, base, video, audio, "
        "template, body style, [style], body meta, noscript, img"
    )
    assert elements.count() == 0
    assert shown.locator("meta[http-equiv=refresh]").count() == 0


@pytest.mark.parametrize("without_policy", [False, True])
def test_the_last_stage_lets_nothing_through_whatever_it_is_given(
    without_policy: bool,
    tmp_path: Path,
    new_page: Callable[..., Page],
    page_errors: PageErrors,
) -> None:
    """Also without the policy, which is a wall of its own: raw HTML right in the page."""
    picture = f'<img src="data:image/png;base64,{DOT}" alt="dot">'
    not_one = f'<img src="data:image/png;base64,{DOT[:40]}" alt="none">'
    svg = '<img src="data:image/svg+xml,<svg onload=alert(1)>" alt="svg">'
    made = page(f"</title>{TEXT}", picture + not_one + svg + TEXT)
    if without_policy:
        made = re.sub(r"<meta http-equiv[^>]*>", "", made)
    path = tmp_path / "page.html"
    path.write_text(made)
    shown = new_page()
    shown.goto(path.as_uri())
    nothing_happened(shown, page_errors, path.as_uri())
    assert page_errors.all() == []
    text = shown.locator("body").inner_text()
    assert sum(mark in text for mark in MARKS) > len(MARKS) / 2  # the rest is inside of elements
    loaded = "all => all.filter(one => one.naturalWidth).map(one => one.alt)"
    assert shown.locator("img").evaluate_all(loaded) == ["dot"]
    assert shown.locator("img[src]").count() == 1


def test_the_policy_alone_holds(
    tmp_path: Path, new_page: Callable[..., Page], page_errors: PageErrors, monkeypatch: Any
) -> None:
    """Were the whitelist to fail, nothing would run or be asked for either."""
    monkeypatch.setattr(markup, "clean", lambda text: text)
    path = tmp_path / "page.html"
    harmful = [text for text in PAYLOADS if "refresh" not in text and "plaintext" not in text]
    path.write_text(page("page", "\n".join(harmful)))
    shown = new_page()
    shown.goto(path.as_uri())
    shown.wait_for_timeout(300)
    assert shown.locator("html").get_attribute("data-ran") is None
    assert any("Content Security Policy" in line for line in page_errors.console)


def test_no_tag_of_a_student_is_left_in_the_notebook_that_is_kept(
    hostile: Course, tmp_path: Path, page: Page, page_errors: PageErrors
) -> None:
    """Whatever shows it: here nbconvert as it is, which lets raw HTML through."""
    kept = hostile.place("autograded", "ann", "small") / "small.ipynb"
    notebook = nbformat.reads(kept.read_text().replace("attachment:", ""), as_version=4)
    made, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    (tmp_path / "page.html").write_text(made)
    page.goto((tmp_path / "page.html").as_uri())
    expect(page.get_by_text(MARKS[0]).first).to_be_visible()
    assert page.locator("html").get_attribute("data-ran") is None
    assert page_errors.exceptions == []
    assert page.locator("script, svg, iframe, form, style, meta, base, [onerror]").count() == 0
    cells = nbformat.read(kept, as_version=4).cells
    answer = next(cell.source for cell in cells if cell.id == "why")
    assert answer.replace("\u2060", "") == TEXT  # a teacher reads what was written


@pytest.mark.parametrize(
    "options",
    [{"viewport": {"width": 390, "height": 800}}, {"color_scheme": "dark"}, {}],
    ids=["phone", "dark", "light"],
)
def test_a_page_says_what_was_reached_and_can_be_read(
    options: dict[str, Any],
    hostile: Course,
    new_page: Callable[..., Page],
    page_errors: PageErrors,
) -> None:
    shown = new_page(**options)
    shown.goto((hostile.place("feedback", "bob", "small") / "small.html").as_uri())
    expect(shown.get_by_role("heading", level=1)).to_have_text("Small")
    expect(shown.locator(".total")).to_have_text("3 of 8 points so far")
    expect(shown.locator("header .waits")).to_have_text("1 part is not graded yet.")
    row = shown.get_by_role("row").filter(has_text="Twice an array.")
    expect(row).to_contain_text("0 of 2")
    expect(row).to_contain_text("expected")
    shown.get_by_role("link", name="Twice an array.").click()
    expect(shown.locator("#double-array")).to_be_in_viewport()
    width = "root => [root.scrollWidth, root.clientWidth]"
    assert len(set(shown.locator("html").evaluate(width))) == 1
    assert page_errors.all() == []


def test_a_late_page_names_the_penalty(hostile: Course, page: Page) -> None:
    page.goto((hostile.place("feedback", "ann", "small") / "small.html").as_uri())
    expect(page.locator(".total")).to_have_text("5.6 of 8 points")
    expect(page.locator(".penalty")).to_contain_text("7 points were reached; 1.4 are taken off")


# --- marking by hand ---


@pytest.fixture
def desk(hostile: Course) -> Iterator[str]:
    """The address at which `classroom mark` answers."""
    server = subprocess.Popen(
        [sys.executable, "-m", "classroom", "mark", str(hostile.root), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    stop = threading.Timer(60, server.kill)
    stop.start()
    assert server.stdout is not None
    try:
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found
        yield found[0]
    finally:
        stop.cancel()
        server.terminate()
        server.stdout.close()
        server.wait(20)


def test_marking_by_hand_is_safe_and_counts(
    hostile: Course, desk: str, new_page: Callable[..., Page], page_errors: PageErrors
) -> None:
    """A teacher opens the hostile submission, sees the rubric, and marks; nothing runs."""
    base, token = desk.split("/formgrader")[0], desk.split("token=")[1]
    shown = new_page(viewport={"width": 1200, "height": 900})
    shown.goto(desk)
    with hostile.gradebook() as gradebook:
        ids = {one.student.id: one.id for one in gradebook.notebook_submissions("small", "small")}
    shown.goto(f"{base}/formgrader/submissions/{ids['ann']}/")
    text = shown.locator("#notebook").first.inner_text()
    assert all(mark in text for mark in MARKS)
    nothing_happened(shown, page_errors, base)

    shown.goto(f"{base}/formgrader/submissions/{ids['bob']}/")
    expect(shown.get_by_text("Model answer")).to_be_visible()
    field = shown.locator("#why")
    field.fill("1.5")
    with shown.expect_response(lambda answer: "/api/grade/" in answer.url) as saved:
        field.blur()
    assert saved.value.ok
    assert points(hostile)["bob"] == (4.5, False)

    def asked(path: str, body: str = "{}") -> tuple[int, str]:
        request = urllib.request.Request(
            f"{base}{path}", body.encode(), {"Authorization": f"token {token}"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    before = points(hostile)
    status, said = asked("/formgrader/api/submission/small/bob/autograde")
    assert status == 200
    assert json.loads(said)["success"] is False
    assert "classroom grade" in said
    assert points(hostile) == before
    assert (hostile.place("autograded", "bob", "small") / "small.ipynb").is_file()
    status, said = asked("/api/kernels", '{"name": "python3"}')
    assert status == 403
    assert "No program runs here" in said
    assert asked("/api/terminals")[0] == 404
    assert page_errors.external == []
    assert page_errors.exceptions == []
