"""What the book and its chapters are, for programs: JSON-LD in the words of schema.org.

The front page describes the book and lists its chapters; a chapter says its place, its minutes and
its goals, which are the list after "You will". All of it is read from the chapters themselves. A
data block is not a script: no browser runs it, and no Content-Security-Policy is asked.
"""

import json
from typing import Any

import lxml.html
import progress
from docutils import nodes
from lxml.builder import E
from metadata import FRONT_TITLE, plain
from site_address import address
from sphinx.application import Sphinx

GOALS = "You will"
ABOUT = "Backpropagation in neural networks"
TEXT_LICENCE = "https://creativecommons.org/licenses/by/4.0/"

Data = dict[str, Any]


def goals(doctree: nodes.document) -> list[str]:
    """Return what a chapter teaches, without the goals whose formulas are more than letters."""
    for paragraph in doctree.findall(nodes.paragraph):
        if paragraph.astext() == GOALS:
            listed = paragraph.next_node(nodes.bullet_list, descend=False, siblings=True)
            items = (plain(item) for item in listed or ())
            return [item.rstrip(";.") for item in items if item]
    return []


def position(app: Sphinx, pagename: str) -> int | None:
    """Return a chapter's number in the book, or None for any other page."""
    number = app.env.toc_secnumbers.get(pagename, {}).get("")
    return number[0] if number else None


def common(app: Sphinx) -> Data:
    """Return what holds for the book and for each chapter."""
    return {
        "author": {"@type": "Organization", "name": app.config.author},
        "inLanguage": app.config.language,
        "license": TEXT_LICENCE,
        "isAccessibleForFree": True,
        "educationalLevel": "beginner",
    }


def book(app: Sphinx, pagename: str) -> Data:
    """Return the description of the book, on the front page."""
    found = [(position(app, name), name) for name in app.env.collect_relations()]
    return {
        "@context": "https://schema.org",
        "@type": ["Book", "LearningResource"],
        "name": app.config.html_title,
        "headline": FRONT_TITLE,
        "url": address(app, pagename, pagename),
        "about": ABOUT,
        "educationalUse": ["self-study", "instruction"],
        "learningResourceType": "textbook",
        **common(app),
        "hasPart": [
            {
                "@type": "Chapter",
                "position": number,
                "name": app.env.titles[name].astext(),
                "url": address(app, name, pagename),
            }
            for number, name in found
            if number is not None
        ],
    }


def chapter(app: Sphinx, pagename: str, doctree: nodes.document) -> Data:
    """Return the description of a chapter."""
    front = app.config.root_doc
    data: Data = {
        "@context": "https://schema.org",
        "@type": ["Chapter", "LearningResource"],
        "position": position(app, pagename),
        "name": app.env.titles[pagename].astext(),
        "url": address(app, pagename, pagename),
        "isPartOf": {
            "@type": "Book",
            "name": app.config.html_title,
            "url": address(app, front, pagename),
        },
        "learningResourceType": "chapter with interactive figures and exercises",
        "teaches": goals(doctree),
        **common(app),
    }
    times = progress.chapter(app.env, pagename, doctree)
    if times is not None:
        data["timeRequired"] = f"PT{times.minutes + times.exercise_minutes}M"
    return data


def collect(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Describe the page that is about to be made."""
    if app.builder.name == "singlehtml" or doctree is None:
        return
    if pagename == app.config.root_doc:
        context["structured_data"] = book(app, pagename)
    elif position(app, pagename) is not None:
        context["structured_data"] = chapter(app, pagename, doctree)


def add_data(
    app: Sphinx, pagename: str, page: lxml.html.HtmlElement, context: dict[str, Any]
) -> None:
    """Put the description into the head of the finished page."""
    data = context.get("structured_data")
    if data:
        known = {key: value for key, value in data.items() if value}  # without its own address
        text = json.dumps(known, ensure_ascii=False).replace("<", r"\u003c")
        page.head.append(E.script(text, type="application/ld+json"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("finished_page")
    app.connect("html-page-context", collect)
    app.connect("html-page-finished", add_data)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
