"""The single page of the book becomes what is printed: a book on paper, and its PDF.

``make pdf`` builds the book as one page and has Chromium print it (``tools/pdf.py``). Here that
page gets the form of a printed book, as HTML with a style sheet of its own, ``paper.css``:

- Of the theme's page only the text is left, in chapters that begin on a new page. A chapter is
  named in its running head.
- A cover, the contents and an index. Where a page number is to stand, there is an empty element
  with ``data-page-of``, the id of a place; ``tools/pdf.py`` fills it in, when it knows.
- Nothing gives an answer away: solutions, and what is said about each answer of a quiz, stand in a
  chapter of their own behind the last one, with links both ways.
- What makes sense on a screen only is left out, and links to it become text. Files beside the
  website's pages are linked if its address is known (``html_baseurl``).
"""

from collections import defaultdict
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import matplotlib
from live_figures import SCRIPT, STYLE
from lxml.html import HtmlElement
from lxml.html.builder import E
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

FOLDER = Path(__file__).parent
DESCRIPTION = "Backpropagation, number by number"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
LEFT_OUT = ("chapters/progress",)  # pages that only a browser can use
ANSWERS = "solutions"  # the id of the chapter with all of them
STYLES = (f"_static/{STYLE}", "_static/book.css", "_static/print.css")
FONTS = {
    "Paper Serif": ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    "Paper Sans": ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    "Paper Mono": ("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
}
STYLES_OF_A_FONT = (
    "font-weight: normal;",
    "font-weight: bold;",
    "font-style: italic;",
    "font-weight: bold; font-style: italic;",
)
ON_SCREEN = (  # what is left out everywhere
    "//a[contains(@class, 'headerlink')]",
    "//details[contains(@class, 'hide')]",
    "//*[contains(@class, 'sd-summary-state-marker')]",
    "//*[contains(@class, 'term-card')]",
)


def by_class(name: str) -> str:
    """Return the condition of an XPath that an element is of a class."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


def page_of(identifier: str) -> HtmlElement:
    """Return the place of a page number."""
    return E.span({"class": "page-of", "data-page-of": identifier})


def entry(identifier: str, *text: Any, kind: str) -> HtmlElement:
    """Return a line of the contents."""
    title = E.span({"class": "title"}, *text)
    return E.li({"class": kind}, E.a({"href": f"#{identifier}"}, title, page_of(identifier)))


class Chapter:
    """A chapter, cut out of the single page."""

    def __init__(self, section: HtmlElement, name: str, part: str) -> None:
        self.section, self.name, self.part = section, name, part
        self.id = f"document-{name}"
        for level in range(2, 7):  # on the single page a chapter is below the front page
            for heading in section.xpath(f".//h{level}"):
                heading.tag = f"h{level - 1}"

    @property
    def heading(self) -> HtmlElement:
        """The heading of the chapter."""
        return self.section.find("h1")

    @property
    def title(self) -> str:
        """Its text."""
        return " ".join(self.heading.text_content().split())

    def sections(self) -> list[tuple[str, HtmlElement]]:
        """Return the id and the heading of each section."""
        return [(part.get("id"), part.find("h2")) for part in self.section.xpath("./section[h2]")]


def parts_of(env: BuildEnvironment) -> dict[str, str]:
    """Return the caption of the part of the contents to which each page belongs."""
    toctrees = env.get_doctree(env.config.root_doc).findall(addnodes.toctree)
    return {name: tree["caption"] or "" for tree in toctrees for name in tree["includefiles"]}


def chapters_of(page: HtmlElement, parts: dict[str, str]) -> list[Chapter]:
    """Return the chapters of the single page, those that are printed."""
    found = []
    for mark in page.xpath("//span[starts-with(@id, 'document-')]"):
        name = mark.get("id").removeprefix("document-")
        section = mark.getnext()
        if name not in LEFT_OUT:
            found.append(Chapter(section, name, parts[name]))
    return found


# --- solutions and answers ---


def answers(chapter: Chapter) -> list[HtmlElement]:
    """Take the solutions and answers out of a chapter and return them."""
    found: list[HtmlElement] = []
    for solution in chapter.section.xpath(f".//div[{by_class('solution')}]"):
        exercise = solution.xpath(f"preceding::div[{by_class('exercise')}][1]")[0]
        number = exercise.xpath(f".//span[{by_class('caption-number')}]")[0].text_content().strip()
        name = f"solution-{exercise.get('id')}"
        around = solution.getparent()
        solution.drop_tree()
        if around.tag == "section" and not around.xpath("*[not(self::h4)]"):
            around.drop_tree()
        solution.find("p").drop_tree()
        exercise.append(to_answer(name, "Solution"))
        back = E.a({"href": f"#{exercise.get('id')}"}, number)
        found.append(E.section({"id": name, "class": "answer"}, E.h3(back)))
        found[-1].extend(solution)
    for figure in chapter.section.xpath(f".//figure[{by_class('nn-practice')}]"):
        table = figure.xpath(f".//details[{by_class('nn-answers')}]")[0]
        name = f"solution-{figure.get('id')}"
        figure.find("figcaption").append(to_answer(name, "Answers", tag="span"))
        back = E.a({"href": f"#{figure.get('id')}"}, "Practice")
        found.append(E.section({"id": name, "class": "answer nn-answers"}, E.h3(back)))
        found[-1].append(deepcopy(table.find("table")))
    for section in chapter.section.xpath(f".//section[details[{by_class('sd-dropdown')}]]"):
        if quiz := section.xpath(f"details[{by_class('sd-dropdown')}][not({by_class('source')})]"):
            found.append(answer_key(section, quiz))
    return found


def to_answer(name: str, word: str, tag: str = "p") -> HtmlElement:
    """Return the line that leads to an answer."""
    return E(
        tag, {"class": "to-answer"}, E.a({"href": f"#{name}"}, f"{word}, page ", page_of(name))
    )


def answer_key(section: HtmlElement, options: list[HtmlElement]) -> HtmlElement:
    """Turn the questions of a quiz into lists of answers; return what is said about each."""
    name = f"solution-{section.get('id')}"
    heading = section.find("./h2") if section.find("./h2") is not None else section.find("./h3")
    title = " ".join(heading.text_content().split())
    key = E.section({"id": name, "class": "answer quiz"})
    key.append(E.h3(E.a({"href": f"#{section.get('id')}"}, title)))
    number = 0
    choices = comments = None
    for option in options:
        before = option.getprevious()
        if choices is None or before is not choices:
            number += 1
            choices, comments = E.ol({"class": "choices"}), E.ol({"class": "choices"})
            option.addprevious(choices)
            key.append(E.p({"class": "question"}, f"Question {number}"))
            key.append(comments)
            question = choices.getprevious()
            if question is not None and question.tag == "p":
                question.set("class", "question")
                question.text, question_text = None, question.text or ""
                question.insert(0, E.span({"class": "number"}, f"{number}. "))
                question[0].tail = question_text
        said, body = option.xpath(f"summary/span[{by_class('sd-summary-text')}]")[0], option[-1]
        choices.append(deepcopy(said))
        choices[-1].tag = "li"
        choices[-1].tail = None
        body.tag = "li"
        comments.append(body)
        option.drop_tree()
    lists = section.findall(".//ol[@class='choices']")
    for choices in lists:
        if len(choices) == 1:  # nothing to choose from: what was folded is the answer itself
            choices.getparent().replace(choices, to_answer(name, choices[0].text_content()))
    if any(len(choices) > 1 for choices in lists):
        section.append(to_answer(name, "Answers"))
    for comments in key.findall("ol"):
        if len(comments) == 1:
            comments.getprevious().text = f"{title}, {key.findall('ol').index(comments) + 1}"
            comments.set("class", "single")
    return key


def chapter_of_answers(chapters: list[Chapter], part: str) -> Chapter:
    """Return the chapter of all solutions and answers."""
    section = E.section({"id": ANSWERS}, E.h2("Solutions"))
    for chapter in chapters:
        if found := answers(chapter):
            heading = E.h3(E.a({"href": f"#{chapter.id}"}, chapter.title))
            section.append(E.section({"id": f"{ANSWERS}-{len(section)}"}, heading))
            for answer in found:
                answer.find("h3").tag = "h4"
            section[-1].extend(found)
    return Chapter(section, ANSWERS, part)


# --- what is around the chapters ---


def cover(config: Any, figure: HtmlElement | None) -> HtmlElement:
    """Return the first page."""
    page = E.section(
        {"class": "cover", "id": "cover"},
        E.h1(config.html_title),
        E.p({"class": "subtitle"}, DESCRIPTION),
    )
    if figure is not None:
        page.append(figure)
    page.append(E.p({"class": "author"}, config.author))
    page.append(
        E.p(
            {"class": "licence"},
            "Text and figures: ",
            E.a({"href": LICENCE}, "CC BY 4.0"),
            ". Code: MIT licence. On the website of the book every figure is alive.",
        )
    )
    return page


def contents(chapters: list[Chapter]) -> HtmlElement:
    """Return the contents: parts, chapters and sections."""
    listing = E.ol({"class": "contents"})
    part = None
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            listing.append(E.li({"class": "part"}, part))
        listing.append(entry(chapter.id, *words(chapter.heading), kind="chapter"))
        for name, heading in chapter.sections():
            listing.append(entry(name, *words(heading), kind="section"))
    return E.nav({"class": "front", "id": "contents"}, E.h1("Contents"), listing)


def words(heading: HtmlElement) -> list[Any]:
    """Return what a heading says, with its code and formulas."""
    copy = deepcopy(heading)
    for element in copy.iter():
        element.attrib.pop("id", None)
    for link in copy.xpath(".//a"):
        link.drop_tag()
    return [copy.text or "", *copy]


def index(chapters: list[Chapter]) -> Chapter | None:
    """Return the index: the pages on which each term and each name of the library is linked."""
    uses: dict[str, list[str]] = defaultdict(list)
    for chapter in chapters:
        seen: set[str] = set()
        for number, link in enumerate(chapter.section.xpath(".//a[starts-with(@href, '#')]")):
            target = link.get("href")[1:]
            if target.startswith(("term-", "nnlib.")) and target not in seen:
                seen.add(target)
                if link.get("id") is None:
                    link.set("id", f"use-{chapter.name.rpartition('/')[2]}-{number}")
                uses[target].append(link.get("id"))
    lines: list[tuple[str, HtmlElement]] = []
    for chapter in chapters:
        for place in chapter.section.xpath(
            ".//dt[starts-with(@id, 'term-') or starts-with(@id, 'nnlib.')]"
        ):
            name = place.get("id")
            if name.startswith("term-"):
                text = " ".join(place.text_content().split())
                shown: Any = E.span(text)
            elif name.count(".") == 2:  # what a module offers, and not its methods
                text = name.rpartition(".")[2]
                shown = E.code(text)
            else:
                continue
            line = E.li(shown)
            for where in [*uses[name], name]:
                line.append(E.a({"href": f"#{where}"}, page_of(where)))
            line[-1].set("class", "entry")
            lines.append((text.lower(), line))
    if not lines:
        return None
    listing = E.ul({"class": "index"}, *(line for _, line in sorted(lines, key=lambda x: x[0])))
    about = E.p("In bold: where a term is explained, or what the library says about a name.")
    section = E.section({"id": "index-of-terms"}, E.h2("Index"), about, listing)
    return Chapter(section, "index-of-terms", chapters[-1].part)


# --- links ---


def name_headings(article: HtmlElement) -> None:
    """Let links lead to a heading, not to its section, which may begin at the end of a page."""
    for heading in article.xpath("//section[@id]/*[self::h2 or self::h3 or self::h4][1]"):
        if heading.get("id") is None:
            heading.set("id", heading.getparent().attrib.pop("id"))


def mend_links(page: HtmlElement, chapters: list[Chapter], base: str) -> None:
    """Make every link lead to a place in the book, or to a full address; else it becomes text."""
    for chapter in chapters:
        for link in chapter.section.xpath(".//a[@href]"):
            parts = urlsplit(link.get("href"))
            if not parts.scheme and parts.path:
                target = urljoin(chapter.name, parts.path)
                name = target.removesuffix(".html")
                if name in {other.name for other in chapters}:
                    link.set("href", f"#{parts.fragment or 'document-' + name}")
                elif base and not target.startswith("_images/"):
                    link.set("href", urljoin(base, target))
                else:
                    link.drop_tag()
    known = set(page.xpath("//@id"))
    for link in page.xpath("//a[starts-with(@href, '#')]"):
        if link.get("href")[1:] not in known:
            link.drop_tag()


def running_heads(chapters: list[Chapter]) -> str:
    """Return the rules that put the title of a chapter on each of its pages."""
    rules = []
    for number, chapter in enumerate(chapters):
        title = chapter.title.replace("\\", "\\\\").replace('"', '\\"')
        rules.append(f'@page c{number} {{ @top-right {{ content: "{title}"; }} }}')
        rules.append(f".c{number} {{ page: c{number}; }}")
    return "\n".join(rules)


def fonts() -> str:
    """Return the rules that name the fonts: those of Matplotlib, which every machine has here."""
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    rules = []
    for family, files in FONTS.items():
        for file, style in zip(files, STYLES_OF_A_FONT, strict=False):
            source = f'src: url("{(folder / file).as_uri()}.ttf");'
            rules.append(f'@font-face {{ font-family: "{family}"; {style} {source} }}')
    return "\n".join(rules)


def print_page(app: Sphinx, pagename: str, page: HtmlElement, context: dict[str, Any]) -> None:
    """Make a printed book of the single page."""
    if app.builder.name != "singlehtml" or pagename != app.config.root_doc:
        return
    for path in ON_SCREEN:
        for element in page.xpath(path):
            element.drop_tree()
    for picture in page.xpath("//svg[not(@role)]"):
        picture.set("aria-hidden", "true")  # a sample of a line, beside the words for it
    for figure in page.xpath("//figure"):
        figure.set("role", "group")  # what has the alternative text is the picture in it
    for details in page.xpath(f"//details[{by_class('source')}]"):
        details.set("open", "")
    chapters = chapters_of(page, parts_of(app.env))
    figures = page.xpath(f"//figure[{by_class('nn-live')}][not(ancestor::section[2])]")
    lookup = next(i for i, c in enumerate(chapters) if c.name == "chapters/formulas")
    chapters.insert(lookup, chapter_of_answers(chapters, chapters[lookup].part))
    if terms := index(chapters):
        chapters.append(terms)

    body = E.body(
        E.main(
            {"class": "bd-main"},
            E.article(
                {"class": "bd-article"},
                cover(app.config, figures[0] if figures else None),
                contents(chapters),
            ),
        )
    )
    article = body[0][0]
    for number, chapter in enumerate(chapters):
        chapter.heading.set("id", chapter.id)
        article.append(E.div({"class": f"chapter c{number}"}, chapter.section))
    style = (FOLDER / "paper.css").read_text(encoding="utf-8")
    head = E.head(
        E.meta(charset="utf-8"),
        E.title(app.config.html_title),
        E.meta(name="author", content=app.config.author),
        E.meta(name="description", content=DESCRIPTION),
        E.meta(name="licence", content=LICENCE),
        *(E.link(rel="stylesheet", href=href) for href in STYLES),
        E.style("\n".join([fonts(), style, running_heads(chapters)])),
        E.script(src=f"_static/{SCRIPT}"),
        E.script((FOLDER / "paper.js").read_text(encoding="utf-8")),
    )
    name_headings(article)
    page[:] = [head, body]
    page.attrib.clear()
    page.set("lang", app.config.language)
    page.set("data-theme", "light")
    mend_links(page, chapters, app.config.html_baseurl)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension, after all that mends the pages of the website."""
    app.setup_extension("finished_page")
    app.connect("html-page-finished", print_page, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
