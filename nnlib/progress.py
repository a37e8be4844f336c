"""A progress bar that leaves a notebook as it was."""

from collections.abc import Collection, Iterator
from typing import Any, TypeVar
from uuid import uuid4

from IPython.core.getipython import get_ipython
from tqdm import tqdm

Item = TypeVar("Item")


def progress(items: Collection[Item], description: str) -> Iterator[Item]:
    """Yield the items one by one, and show how far the loop over them is.

    In a terminal the bar is drawn on stderr and wiped out at the end. Where stderr is not a
    terminal, nothing is drawn. In a notebook the bar is drawn below the cell, and in the end, also
    if the loop raised or was interrupted, one line stays that is the same on every run.

    Parameters
    ----------
    items : collection
        Anything with a length that can be looped over.
    description : str
        What the loop does.

    Yields
    ------
    each item

    Raises
    ------
    TypeError
        If `items` has no length.

    Examples
    --------
    >>> [2 * step for step in progress(range(3), "doubling")]
    [0, 2, 4]
    """
    line = f"{description}: {len(items)} steps"
    shell = get_ipython()
    if getattr(shell, "kernel", None) is None:
        yield from tqdm(items, description, leave=False, disable=None)
        return
    output = _CellOutput(shell, line)
    try:
        # miniters=1: the time alone decides when to draw, and no other thread of tqdm does
        yield from tqdm(items, description, file=output, ncols=70, ascii=False, miniters=1)
    finally:
        output.show(line)


class _CellOutput:
    """One line of text below a notebook cell, as a file that tqdm can write to.

    `shell` is the notebook's IPython, which knows the cell that is running.
    """

    def __init__(self, shell: Any, line: str):
        self.publisher = shell.display_pub
        self.name = {"display_id": uuid4().hex}  # stays between kernel and page, is not stored
        self.publisher.publish({"text/plain": line}, transient=self.name)

    def show(self, line: str) -> None:
        """Replace the line."""
        self.publisher.publish({"text/plain": line}, transient=self.name, update=True)

    def write(self, text: str) -> None:
        """Show what tqdm wrote, without its control characters."""
        if text.strip():
            self.show(text.strip())

    def flush(self) -> None:
        """Do nothing: each line is shown at once."""
