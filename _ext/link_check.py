"""What ``make links`` needs to know of the book's links; Sphinx's own builder does the work.

A DOI leads to a publisher, and many publishers refuse programs (403). Whether the DOI exists is for
doi.org to say: its handle service answers with 200 or 404, and asks nobody else.
"""

from typing import Any

from sphinx.application import Sphinx

DOI, HANDLE = "https://doi.org/", "https://doi.org/api/handles/"


def ask_for_handle(app: Sphinx, uri: str) -> str | None:
    """Return the address to check in place of a DOI, or None for any other link."""
    return HANDLE + uri.removeprefix(DOI) if uri.startswith(DOI) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("linkcheck-process-uri", ask_for_handle)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
