"""An event for each finished page of the website, before it is written.

Sphinx has no event between "this is what the template gets" and "this is in the file". Here is one:
``html-page-finished``, whose handlers get the page as a tree and change it in place. So a concern
that no template and no setting reaches (a button without a name, a script in the wrong place) is a
small function in a module of its own, and each page is parsed and written once::

    def name_the_button(app, pagename, page, context):
        for button in page.xpath("//button[@class='theme-switch-button']"):
            button.set("aria-label", "Light or dark")

    app.connect("html-page-finished", name_the_button)

lxml's parser was compared with Chromium's on pages of every kind: what is written here is read
there as the same document. Handlers see svg and math like any other element, with attributes in
lower case.
"""

import re
from typing import Any

import lxml.html
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.jinja2glue import BuiltinTemplateLoader
from sphinx.theming import Theme

_DOCTYPE = re.compile(r"\s*<!doctype html", re.IGNORECASE)
EVENT = "html-page-finished"
BUILDERS = ("html", "dirhtml", "singlehtml")


class FinishingLoader(BuiltinTemplateLoader):
    """Sphinx's own templates, whose pages pass through the event."""

    def init(self, builder: Any, theme: Theme | None = None, dirs: list[str] | None = None) -> None:
        """Remember whose event it is."""
        super().init(builder, theme, dirs)
        self.app: Sphinx = builder.app

    def render(self, template: str, context: Any) -> str:
        """Return the text of a page, after all handlers have had it."""
        text: str = super().render(template, context)
        if self.app.builder.name not in BUILDERS or not _DOCTYPE.match(text):
            return text
        page = lxml.html.document_fromstring(text)
        self.app.emit(EVENT, context["pagename"], page, context)
        return f"<!DOCTYPE html>\n{lxml.html.tostring(page, encoding='unicode')}\n"


def use_loader(app: Sphinx, config: Config) -> None:
    """Let Sphinx make its pages with the loader above."""
    config.template_bridge = f"{FinishingLoader.__module__}.{FinishingLoader.__name__}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event."""
    app.add_event(EVENT)
    app.connect("config-inited", use_loader)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
