"""Let the book be built as a single page or as an ePub, not only as a website.

Sphinx looks for the functions that write a node under the builder's name ("singlehtml") and, if
*no* extension has registered anything under that name, under its format ("html"). sphinx-exercise
registers its nodes for "singlehtml", whereupon the nodes of all other extensions, which rely on
"html", are unknown there and the build stops. Here a builder of the family gets what is registered
for "html" as well.
"""

from typing import Any

from sphinx.application import Sphinx


def share_html_handlers(app: Sphinx) -> None:
    """Add the handlers for "html" to those of another builder that writes HTML."""
    handlers = app.registry.translation_handlers
    if app.builder.format == "html" and app.builder.name in handlers:
        handlers[app.builder.name] = handlers.get("html", {}) | handlers[app.builder.name]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("builder-inited", share_html_handlers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
