"""A progress bar that leaves a notebook as it was."""

from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle
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
    if getattr(get_ipython(), "kernel", None) is None:
        yield from tqdm(items, description, leave=False, disable=None)
        return
    output = CellOutput(line)
    try:
        # miniters=1: the time alone decides when to draw, and no other thread of tqdm does
        yield from tqdm(items, description, file=output, ncols=70, ascii=False, miniters=1)
    finally:
        output.show(line)


class CellOutput:
    """One line of text below a notebook cell, as a file that tqdm can write to."""

    def __init__(self, line: str):
        self.handle = DisplayHandle()
        self.handle.display({"text/plain": line}, raw=True)

    def show(self, line: str) -> None:
        """Replace the line."""
        self.handle.update({"text/plain": line}, raw=True)

    def write(self, text: str) -> None:
        """Show what tqdm wrote, without its control characters."""
        if text.strip():
            self.show(text.strip())

    def flush(self) -> None:
        """Do nothing: each line is shown at once."""
