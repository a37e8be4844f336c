"""The pages of the ePub: what Sphinx makes of a page's text, without what only a website can do.

Sphinx gives the HTML of each page's text. Here it becomes what a reader for books expects:

- Solutions, and the answers to questions, stand on pages of their own at the end of the chapters,
  with links both ways. Folded they would be in many readers, and open in as many others.
- Live figures are still pictures, with a link to the live one where the website's address is known.
- Code and tables that are folded on the website are so here, too; in a reader that cannot fold they
  are open, and nothing is lost.
- A link to a page that the book does not have leads to the website, or is plain text.
- Elements are in the namespaces of XHTML, SVG and MathML, as the ePub's schemas ask.

Links are kept as ``/page.xhtml#id``, so that what is moved takes its links along; they become
relative when a page is written.
"""

import posixpath
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import lxml.html
from lxml import etree
from lxml.html import HtmlElement
from lxml.html import builder as E
from still_figures import fill_in, hidden_numbers, own_page, still

SUFFIX = ".xhtml"
XHTML = "http://www.w3.org/1999/xhtml"
SVG = "http://www.w3.org/2000/svg"
MATHML = "http://www.w3.org/1998/Math/MathML"
EPUB = "http://www.idpf.org/2007/ops"
XLINK = "http://www.w3.org/1999/xlink"
STYLE = "/book.css"

# The HTML parser writes names in lower case; XML means these.
_SVG_NAMES = {
    name.lower(): name
    for name in (
        *("clipPath", "clipPathUnits", "gradientTransform", "gradientUnits", "linearGradient"),
        *("markerHeight", "markerUnits", "markerWidth", "pathLength", "patternUnits"),
        *("preserveAspectRatio", "radialGradient", "refX", "refY", "textLength", "viewBox"),
    )
}
_USELESS = (
    "//script | //button | //input | //template | //a[contains(@class, 'headerlink')]"
    " | //*[contains(@class, 'sd-summary-state-marker')]"
)
_ATTRIBUTES = "tabindex", "translate"  # for a page that scrolls
_ROLES = ("doc-biblioentry",)  # deprecated, and epubcheck warns


@dataclass
class Page:
    """A page of the book: where it is, what it is called, what is on it."""

    name: str  # without its ending
    title: str
    body: HtmlElement
    number: str = ""  # of a chapter
    answers: list[HtmlElement] = field(default_factory=list)  # which belong on another page

    @property
    def path(self) -> str:
        """Return where the page is in the book, beginning with "/"."""
        return f"/{self.name}{SUFFIX}"

    def rename(self, title: str) -> None:
        """Give the page another heading."""
        heading = self.body.find(".//h1")
        heading.clear()
        heading.text = self.title = title


def parse(name: str, html: str, number: str = "") -> Page:
    """Return a page from the HTML of its text."""
    body = lxml.html.fragment_fromstring(html, create_parent="body")
    for useless in body.getroottree().xpath(_USELESS):
        useless.drop_tree()
    for element in body.iter():
        if isinstance(element.tag, str):
            for attribute in "href", "src":
                if attribute in element.attrib:
                    element.set(attribute, absolute(element.get(attribute), name))
    heading = body.find(".//h1")
    return Page(name, "" if heading is None else text_of(heading), body, number)


def absolute(address: str, page: str) -> str:
    """Return an address on a page as /page.xhtml#id; one that leads elsewhere stays."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return address
    path = f"/{page}{SUFFIX}"
    if parts.path:
        path = posixpath.normpath(posixpath.join("/", posixpath.dirname(page), unquote(parts.path)))
        stem, ending = posixpath.splitext(path)
        path = stem + SUFFIX if ending == ".html" else path
    return path + (f"#{parts.fragment}" if parts.fragment else "")


def text_of(element: HtmlElement) -> str:
    """Return the text of an element in one line."""
    return " ".join(str(element.text_content()).split())


def classed(page: HtmlElement, name: str) -> list[HtmlElement]:
    """Return the elements of a class, in their order."""
    return list(page.xpath(f".//*[contains(concat(' ', @class, ' '), ' {name} ')]"))


def still_figures(page: Page, address: str, words: str) -> None:
    """Replace live figures by pictures; `address` is the website's, or empty.

    What is hidden in a figure of an exercise is the solution.
    """
    for figure in classed(page.body, "nn-live"):
        if figure.xpath("ancestor::section[@id='exercises']") and hidden_numbers(figure):
            figure.find("details").classes.add("nn-answers")
        else:
            fill_in(figure)
        still(figure)
        if address and figure.get("id", "").startswith("fig-"):
            own_page(figure, f"{address}figures/{figure.get('id')}.html", words)


def folded(page: Page) -> None:
    """Give what is folded a summary of plain text; Sphinx has one for each state."""
    for summary in page.body.iter("summary"):
        if summary.find("p") is not None:
            summary.clear()
            summary.text = "Code"


def without_ids(element: HtmlElement) -> HtmlElement:
    """Return a copy of an element that can stand beside it."""
    copy = deepcopy(element)
    copy.tail = None
    for other in copy.xpath("descendant-or-self::*[@id]"):
        del other.attrib["id"]
    return copy


def take(element: HtmlElement) -> HtmlElement:
    """Take an element out of its page; what follows it stays."""
    tail, element.tail = element.tail, None
    if tail and tail.strip():
        raise ValueError(f"text after a block: {tail!r}")
    element.getparent().remove(element)
    return element


def link(words: str, address: str) -> HtmlElement:
    """Return a line that leads somewhere."""
    return E.P(E.CLASS("leads"), E.A(words, href=address))


def move_solutions(page: Page, to: str) -> None:
    """Take the solutions of exercises out; each is the one of the exercise before it."""
    boxes = page.body.xpath(
        ".//*[contains(concat(' ', @class, ' '), ' exercise ')"
        " or contains(concat(' ', @class, ' '), ' solution ')]"
    )
    exercise = None
    for box in boxes:
        if "exercise" in box.get("class").split():
            exercise = box
            continue
        title = text_of(exercise.find("p"))
        leads = link(f"Solution of {title[0].lower()}{title[1:]}", f"{to}#{box.get('id')}")
        above = box.getparent()
        heading = above[0]
        box.addprevious(leads)
        take(box)
        if heading.tag == "h4" and text_of(heading) == "Solution":
            take(heading)
            above.attrib.pop("id", None)
        box.find("p").drop_tree()  # its title
        box.set("class", "solution")
        back = link(f"Back to {title[0].lower()}{title[1:]}", f"{page.path}#{exercise.get('id')}")
        box.insert(0, E.H2(title))
        box.append(back)
        page.answers.append(box)


def runs(section: HtmlElement) -> list[list[HtmlElement]]:
    """Return what can be unfolded in a section, together what stands together."""
    found: list[list[HtmlElement]] = []
    for element in classed(section, "sd-dropdown"):
        if "source" in element.get("class").split() or element.getparent() is not section:
            continue
        if found and element.getprevious() is found[-1][-1]:
            found[-1].append(element)
        else:
            found.append([element])
    return found


def move_quiz(page: Page, to: str) -> None:
    """Leave the questions and what can be chosen, and take out what is said about each choice."""
    for section in page.body.xpath(".//section"):
        asked = runs(section)
        if not asked:
            continue
        title = text_of(next(section.iter("h2", "h3")))
        answers = E.SECTION(E.H2(title), id=f"{section.get('id')}-answers")
        for count, choices in enumerate(asked, start=1):
            here = f"{section.get('id')}-question-{count}"
            there = f"{section.get('id')}-answer-{count}"
            answers.append(E.H3(f"Question {count}", id=there))
            question = choices[0].getprevious()
            if question.tag == "p":
                answers.append(without_ids(question))
            options, said = E.OL(E.CLASS("options")), E.OL(E.CLASS("options"))
            for choice in choices:
                words = classed(choice, "sd-summary-text")[0]
                words.tag, words.attrib["class"] = "p", "option"
                options.append(E.LI(*without_ids(words).xpath("node()")))
                said.append(E.LI(without_ids(words), *classed(choice, "sd-card-body")[0]))
            leads = link("Answer", f"{to}#{there}")
            leads.set("id", here)
            choices[0].addprevious(leads)
            for choice in choices:
                take(choice)
            if len(choices) > 1:
                leads.addprevious(options)
                answers.append(said)
            else:
                answers.extend(said[0][1:])
            answers.append(link("Back to the question", f"{page.path}#{here}"))
        page.answers.append(answers)


def move_numbers(page: Page, to: str) -> None:
    """Take out the numbers that a reader is to find in a figure."""
    for table in classed(page.body, "nn-answers"):
        figure = next(above for above in table.iterancestors("figure"))
        there = f"{figure.get('id')}-answers"
        table.find("summary").drop_tree()
        table.getparent().replace(table, link("The numbers", f"{to}#{there}"))
        table.tag = "div"
        practice = "nn-practice" in figure.get("class").split()
        title = "Practice" if practice else text_of(figure.find("figcaption"))
        back = link("Back to the figure", f"{page.path}#{figure.get('id')}")
        page.answers.append(E.SECTION(E.H2(title), table, back, id=there))


def answers_page(page: Page) -> Page | None:
    """Take the answers out of a page, and return the page that they stand on."""
    name = f"solutions/{posixpath.basename(page.name)}"
    to = f"/{name}{SUFFIX}"
    move_numbers(page, to)
    move_solutions(page, to)
    move_quiz(page, to)
    if not page.answers:
        return None
    title = f"Solutions of chapter {page.number}" if page.number else f"Solutions: {page.title}"
    return Page(name, title, E.BODY(E.SECTION(E.H1(title), *page.answers)))


def sections(page: Page) -> list[tuple[str, str]]:
    """Return the id and the heading of each section of a page."""
    found = page.body.xpath("./section/section[@id]/h2")
    return [(heading.getparent().get("id"), text_of(heading)) for heading in found]


def connect(pages: Iterable[Page], files: set[str], address: str) -> list[str]:
    """Make the links of all pages relative, and return what leads nowhere.

    A link to what was moved follows it. One to a page that the book does not have leads to the
    website, or becomes text.
    """
    ids = {page.path: set(page.body.xpath(".//@id")) for page in pages}
    moved = {
        f"{chapter.path}#{name}": page.path
        for page in pages
        for chapter in pages
        if page.name == f"solutions/{posixpath.basename(chapter.name)}"
        for name in ids[page.path] - ids[chapter.path]
    }
    broken = []
    for page in pages:
        folder = posixpath.dirname(page.path)
        for element in list(page.body.iter()):
            for attribute in "href", "src":
                target = element.attrib.get(attribute, "") if isinstance(element.tag, str) else ""
                if not target.startswith("/"):
                    continue
                path, _, name = target.partition("#")
                path = moved.get(target, path)
                anchor = f"#{name}" if name else ""
                if path in files or (path in ids and (not name or name in ids[path])):
                    relative = posixpath.relpath(path, folder)
                    here = path == page.path and anchor
                    element.set(attribute, anchor if here else relative + anchor)
                elif path in ids:
                    broken.append(f"{page.name}: {target}")
                elif address and element.tag == "a":
                    web = path[1:].removesuffix(SUFFIX) + ".html" * path.endswith(SUFFIX)
                    element.set(attribute, address + web + anchor)
                elif element.tag == "a":
                    element.drop_tag()
                else:
                    broken.append(f"{page.name}: {target}")
    return broken


def xhtml(page: Page, lang: str) -> bytes:
    """Return a page as the text of its file."""
    up = posixpath.relpath(STYLE, posixpath.dirname(page.path))
    root = etree.Element(f"{{{XHTML}}}html", nsmap={None: XHTML, "epub": EPUB})
    root.set("lang", lang)
    root.set("{http://www.w3.org/XML/1998/namespace}lang", lang)
    head = etree.SubElement(root, f"{{{XHTML}}}head")
    etree.SubElement(head, f"{{{XHTML}}}title").text = page.title
    etree.SubElement(head, f"{{{XHTML}}}link", rel="stylesheet", type="text/css", href=up)
    root.append(in_namespace(page.body, XHTML))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, doctype="<!DOCTYPE html>")


def in_namespace(element: HtmlElement, namespace: str) -> etree._Element:
    """Return an element of an HTML tree, and all in it, as XML."""
    namespace = {"svg": SVG, "math": MATHML}.get(element.tag, namespace)
    names = _SVG_NAMES if namespace == SVG else {}
    prefixes = {None: namespace} if element.tag in ("svg", "math") else {}
    if element.tag == "svg":
        prefixes["xlink"] = XLINK
    made = etree.Element(f"{{{namespace}}}{names.get(element.tag, element.tag)}", nsmap=prefixes)
    for name, value in element.attrib.items():
        if name.startswith(("data-", "xmlns")) or name in _ATTRIBUTES or value in _ROLES:
            continue
        if name == "href" and namespace == SVG:
            made.set(f"{{{XLINK}}}href", value)
        else:
            made.set(names.get(name, name), value)
    made.text, made.tail = element.text, element.tail
    for child in element:
        if isinstance(child.tag, str):
            made.append(in_namespace(child, namespace))
        elif child.tail:  # of a comment
            before = made[-1] if len(made) else None
            if before is None:
                made.text = (made.text or "") + child.tail
            else:
                before.tail = (before.tail or "") + child.tail
    return made
