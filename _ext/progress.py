"""What the reader has done: ticks at exercises and chapters, and the page that counts them.

A chapter is a page that says how long it takes, in the line that begins with **Time**; its
exercises are the boxes of sphinx-exercise whose label begins with ``ex-``. Both are looked up in
Sphinx's environment, so that a new chapter is on the page "Your progress" by itself.

The controls stand in the page, hidden; ``progress.js`` shows them and keeps what is ticked. All
words that readers see are in ``templates/progress.html``.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_exercise.nodes import exercise_enumerable_node

PAGE = "chapters/progress"
LABEL_PREFIX = "ex-"

_TIME = re.compile(r"Time (\d+) minutes, and (\d+) for the exercises\.")
_WORDS = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    lstrip_blocks=True,
    trim_blocks=True,
)


class Exercise(NamedTuple):
    """An exercise and its number in the book."""

    label: str
    number: str
    kind: str
    """The heading that it stands under."""


class Chapter(NamedTuple):
    """A chapter, with its times in minutes."""

    name: str
    """The page's name in Sphinx, which is also its address in the site without the ending."""
    title: str
    minutes: int
    exercise_minutes: int
    exercises: list[Exercise]


def exercise_nodes(doctree: nodes.document) -> list[nodes.Element]:
    """Return the boxes of a page's exercises."""
    return [
        node
        for node in doctree.findall(exercise_enumerable_node)
        if node["label"].startswith(LABEL_PREFIX)
    ]


def chapter(env: BuildEnvironment, docname: str, doctree: nodes.document) -> Chapter | None:
    """Return what a page has to be done, or None for a page that is no chapter."""
    times = (_TIME.fullmatch(paragraph.astext()) for paragraph in doctree.findall(nodes.paragraph))
    time = next(filter(None, times), None)
    if time is None:
        return None
    numbers = env.toc_fignumbers.get(docname, {}).get("exercise", {})
    exercises = [
        Exercise(
            label=node["label"],
            number=".".join(map(str, numbers[node["ids"][0]])),
            kind=node.parent.next_node(nodes.title).astext(),
        )
        for node in exercise_nodes(doctree)
    ]
    return Chapter(docname, env.titles[docname].astext(), int(time[1]), int(time[2]), exercises)


def chapters(env: BuildEnvironment) -> list[Chapter]:
    """Return the chapters of the book in the order of its table of contents."""
    found = (chapter(env, name, env.get_doctree(name)) for name in env.collect_relations())
    return [entry for entry in found if entry is not None]


def html(macro: str, **values: Any) -> nodes.raw:
    """Return what a macro of the template makes."""
    made = getattr(_WORDS.get_template("progress.html").module, macro)(**values)
    return nodes.raw("", made.strip(), format="html")


def add_controls(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put a tick into each exercise, one at a chapter's end, and all of them on their page."""
    env = app.env
    if app.builder.name != "html" or PAGE not in env.found_docs:
        return

    def address(page: str, label: str = "") -> str:
        return app.builder.get_relative_uri(docname, page) + (label and f"#{label}")

    if docname == PAGE:
        doctree[-1].append(html("overview", chapters=chapters(env), address=address))
    entry = chapter(env, docname, doctree)
    if entry is not None:
        for node, exercise in zip(exercise_nodes(doctree), entry.exercises, strict=True):
            node.append(html("exercise", exercise=exercise))
        doctree.append(html("chapter_end", chapter=entry, overview=address(PAGE)))


def write_page_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Name the page that any other page may have changed."""
    return [PAGE] if PAGE in env.found_docs else []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("sphinx_exercise")
    app.add_css_file("progress.css")
    app.add_js_file("progress.js", loading_method="defer")
    app.connect("doctree-resolved", add_controls)
    app.connect("env-get-updated", write_page_again)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
