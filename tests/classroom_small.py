"""A small assignment for tests of the grader, with every kind of cell."""

import json
from typing import Any

import nbformat

from classroom.sandbox import Limits
from classroom.source import Assignment
from classroom.verdict import Verdict, judge

SMALL = Assignment(
    "small",
    '''
# %% [markdown]
# # Small
# **Time**: 30 minutes

# %% given="setup"
import numpy as np

# %% task="double"
### BEGIN SOLUTION
def double(x):
    return 2 * x
### END SOLUTION

# %% item="double-number" points=1
assert double(2) == 4, "twice 2 is 4"
### BEGIN HIDDEN
def ask(program, rng):
    """Twice a number."""
    yield program.double(rng.normal())
### END HIDDEN

# %% item="double-array" points=2
### BEGIN HIDDEN
def ask(program, rng):
    """Twice an array."""
    yield program.double(rng.normal(size=(3, 4)))
### END HIDDEN

# %%
double(21)

# %% task="node"
### BEGIN SOLUTION
class Square:
    def forward(self, x):
        self.x = x
        return x * x
    def backward(self, dout):
        return 2 * self.x * dout
### END SOLUTION

# %% item="square" points=3
### BEGIN HIDDEN
def ask(program, rng):
    """A square, and its derivative."""
    node = program.Square()
    yield node.forward(rng.normal())
    yield node.backward(rng.normal())
### END HIDDEN

# %% [markdown] question="why"
# Why?

# %% [markdown] answer="why" points=2
# ### BEGIN SOLUTION
# Because.
#
# Rubric:
#
# - 2 points: says because.
# ### END SOLUTION
''',
    """
# %% mistake="half" task="double" mark=3
# Takes half of it.
def double(x):
    return x / 2
""",
)
FULL = 6
LIMITS = Limits(cell=2.0, call=1.0, grace=0.5, memory=400 << 20, processes=16)


def judged(notebook: Any, assignment: Assignment = SMALL, limits: Limits = LIMITS) -> Verdict:
    """Judge a notebook, or the JSON of one."""
    if isinstance(notebook, nbformat.NotebookNode):
        return judge(nbformat.writes(notebook).encode(), assignment, b"key", limits)
    return judge(json.dumps(notebook).encode(), assignment, b"key", limits)


def code(*sources: str) -> list[nbformat.NotebookNode]:
    """Return code cells."""
    return [nbformat.v4.new_code_cell(source) for source in sources]
