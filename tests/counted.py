"""A number that counts what is done with it, for tests that count multiplications and additions."""

from typing import ClassVar


class Counted(float):
    """A number that counts the operations on it and on what comes of it."""

    done: ClassVar = {"×": 0, "+": 0}

    def __mul__(self, other):
        self.done["×"] += 1
        return Counted(float(self) * float(other))

    def __add__(self, other):
        self.done["+"] += 1
        return Counted(float(self) + float(other))
