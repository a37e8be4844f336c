"""Give the pages buttons that lead to the book's repository, where one is named.

The environment variable ``BOOK_REPOSITORY`` holds its address, such as
``https://github.com/someone/backprop-live``; the workflow that publishes the website sets it. The
theme then shows a link to the source and to the list of issues, and starts a notebook in Colab or
on Binder. A book that is built elsewhere has no such buttons, for they would lead nowhere.
"""

import os
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError


def set_repository(app: Sphinx, config: Config) -> None:
    """Set the theme's options for a repository."""
    address = os.environ.get("BOOK_REPOSITORY", "").rstrip("/")
    if not address:
        return
    if not address.startswith("https://github.com/") or address.count("/") != 4:
        raise ConfigError(
            f"BOOK_REPOSITORY is {address!r}; expected https://github.com/OWNER/NAME, or nothing"
        )
    config.html_theme_options |= {
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
            "notebook_interface": "jupyterlab",
        },
        "path_to_docs": "",
        "repository_branch": "main",
        "repository_url": address,
        "use_issues_button": True,
        "use_repository_button": True,
    }


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("config-inited", set_repository)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
