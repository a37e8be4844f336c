"""What an extension finds on each page, kept in Sphinx's environment from one build to the next."""

from typing import Any, ClassVar

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector


class OfPages(EnvironmentCollector):
    """A collector with a value for each page; what is collected is up to the class that derives.

    Sphinx calls the methods: when a page is read again or gone, after parallel reading, and for
    each page that was read.
    """

    key: ClassVar[str]  # under which the environment has it

    @classmethod
    def of(cls, env: BuildEnvironment) -> dict[str, Any]:
        """Return the values by page; the dictionary is pickled with the environment."""
        found: dict[str, Any] = env.__dict__.setdefault(cls.key, {})
        return found

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        """Forget a page that is read again or gone."""
        self.of(env).pop(docname, None)

    def merge_other(
        self, app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
    ) -> None:
        """Take over what a parallel reader found."""
        found = self.of(other)
        self.of(env).update({name: found[name] for name in docnames if name in found})
