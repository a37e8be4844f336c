"""Print the book: ``_build/backprop-live.pdf``.

    python tools/pdf.py

The book is built as a single page in the form of ``_ext/paper.py``, and a Chromium prints that
page, with tags for screen readers and an outline. No style sheet can tell Chromium to write on
which page a place is. So it prints the book, the page numbers are looked up in the PDF and filled
in, and it prints again, until every number is true. Then the file gets its metadata, and its
objects are packed, which makes a third of it. It has no date: the same Chromium makes the same file
of the same book.
"""

import io
import subprocess
import sys
from pathlib import Path

import chromium
import pikepdf
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).resolve().parents[1]
NAME = "backprop-live.pdf"
ABOUT = """() => {
    const named = [...document.querySelectorAll("meta[name]")].map((m) => [m.name, m.content]);
    const { title, documentElement } = document;
    return { title, language: documentElement.lang, ...Object.fromEntries(named) };
}"""
MOST = 5  # times that the book is printed


class PrintError(Exception):
    """The book cannot be printed; the message says why."""


def build(folder: Path) -> Path:
    """Build the book as a single page and return the page."""
    start = "from jupyter_book.cli.main import main; main()"
    options = ["-W", "-n", "--keep-going", "--builder", "custom", "--custom-builder", "singlehtml"]
    command = [sys.executable, "-c", start, "build", str(ROOT), "--path-output", str(folder)]
    done = subprocess.run([*command, *options], cwd=ROOT, check=False)
    if done.returncode:
        raise PrintError("The book does not build as a single page.")
    return folder / "_build" / "singlehtml" / "index.html"


def start(playwright: Playwright) -> Browser:
    """Start a browser, without its sandbox where it cannot have one, as in most containers."""
    path, options = chromium.ensure(), chromium.launch_options()
    try:
        return playwright.chromium.launch(executable_path=path, **options)
    except PlaywrightError:
        options["chromium_sandbox"] = False  # it opens nothing but our own page
        return playwright.chromium.launch(executable_path=path, **options)


def open_book(page: Page, source: Path) -> None:
    """Open the single page as it is printed, and wait until its figures are laid out."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(f"not loaded: {request.url}"))
    page.emulate_media(color_scheme="light")
    page.goto(source.as_uri())
    page.emulate_media(media="print")
    page.evaluate("laidOut")
    if problems:
        raise PrintError("\n".join(problems))


def print_book(page: Page) -> bytes:
    """Return the PDF of the single page that is open, with the numbers of its pages filled in."""
    places: dict[str, int] = {}
    for _ in range(MOST):
        printed = page.pdf(
            prefer_css_page_size=True, print_background=True, tagged=True, outline=True
        )
        with pikepdf.open(io.BytesIO(printed)) as book:
            found = pages_of(book)
            if found == places:
                return finished(book, page.evaluate(ABOUT))
        places = found
        if missing := page.evaluate("(pages) => fillPages(pages)", places):
            raise PrintError(f"The book links to what is on no page: {', '.join(missing)}")
    raise PrintError(
        f"The page numbers of the book still change after {MOST} times of printing it."
    )


def pages_of(book: pikepdf.Pdf) -> dict[str, int]:
    """Return the page of each place that something in the book links to."""
    numbers = {page.objgen: number for number, page in enumerate(book.pages, start=1)}
    return {
        name.removeprefix("/"): numbers[place[0].objgen] for name, place in book.Root.Dests.items()
    }


def mend_outline(book: pikepdf.Pdf) -> None:
    """Write each heading once: Chromium repeats one that it has moved to the next page."""
    with book.open_outline() as outline:
        pending = list(outline.root)
        while pending:
            item = pending.pop()
            pending += item.children
            half = item.title[: len(item.title) // 2]
            if item.title == 2 * half:
                item.title = half


def finished(book: pikepdf.Pdf, about: dict[str, str]) -> bytes:
    """Return a PDF with its metadata, packed."""
    mend_outline(book)
    del book.docinfo
    book.Root.Lang = about["language"]
    book.Root.PageMode = pikepdf.Name.UseOutlines
    with book.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:title"] = about["title"]
        metadata["dc:creator"] = [about["author"]]
        metadata["dc:description"] = about["description"]
        metadata["dc:language"] = {about["language"]}
        metadata["dc:rights"] = "Text and figures: CC BY 4.0. Code: MIT licence."
        metadata["xmpRights:Marked"] = "True"
        metadata["xmpRights:WebStatement"] = about["licence"]
    file = io.BytesIO()
    book.save(
        file,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        recompress_flate=True,
        deterministic_id=True,
    )
    return file.getvalue()


def main() -> int:
    """Build and print the book."""
    try:
        source = build(ROOT)
        with sync_playwright() as playwright:
            browser = start(playwright)
            page = browser.new_page()
            open_book(page, source)
            file = ROOT / "_build" / NAME
            file.write_bytes(print_book(page))
            browser.close()
    except (PrintError, PlaywrightError, chromium.NoChromiumError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\nThe book is printed: {file.relative_to(ROOT)} ({file.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
