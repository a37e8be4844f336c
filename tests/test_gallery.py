"""The gallery of planted bugs: each is flagged, and each right version passes, for every seed."""

import numpy as np
import pytest

from nnlib import gallery
from nnlib.gallery import BUGS
from nnlib.layers import Layer

each_bug = pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.broken.__name__)
# Several bugs share a right version and its inputs: once is enough for it.
RIGHT = {(bug.right, bug.make, bug.inputs): bug for bug in BUGS}.values()
each_right = pytest.mark.parametrize("bug", RIGHT, ids=lambda bug: bug.right.__name__)


@each_bug
def test_the_check_flags_the_bug_whatever_the_seed(bug):
    passed = {seed: report for seed in range(100) if (report := bug.check(seed))}
    assert not passed, told(bug.name, passed)


@each_right
def test_the_check_passes_the_right_version_whatever_the_seed(bug):
    failed = {seed: report for seed in range(100) if not (report := bug.check_right(seed))}
    assert not failed, told(f"{bug.right.__name__} is right", failed)


def told(name, reports):
    seed, report = next(iter(reports.items()))
    return f"{name}: wrong verdict for seeds {list(reports)}; for seed {seed}\n{report}"


# With a size of 12 most arrays have more than 100 entries, and random directions are checked.


@each_bug
def test_the_check_flags_the_bug_in_large_arrays(bug):
    passed = {seed: report for seed in range(1) if (report := bug.check(seed, size=12))}
    assert not passed, told(bug.name, passed)


@each_right
def test_the_check_passes_the_right_version_of_large_arrays_with_many_zeros(bug):
    failed = {}
    for seed in range(3):
        right, (x, *others) = bug.draw(bug.right, seed, size=12)
        if bug.inputs is not gallery.positive:
            x[np.random.default_rng(seed).random(x.shape) < 0.5] = 0
        report = gallery.verdict(right, (x, *others), seed)
        if not report:
            failed[seed] = report
    assert not failed, told(f"{bug.right.__name__} is right", failed)


def test_there_are_many_and_each_says_what_is_wrong_and_how_it_shows():
    assert len(BUGS) >= 25
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    for bug in BUGS:
        assert bug.name[0].isupper()
        assert bug.broken.__doc__.startswith(f"{bug.name}.")
        assert bug.shows.endswith(".")


def test_every_broken_class_differs_from_a_right_one():
    broken = {bug.broken for bug in BUGS}
    for bug in BUGS:
        assert issubclass(bug.right, Layer | gallery.TwoLayerNet)
        assert bug.right not in {Layer, *broken}


@pytest.mark.parametrize("number", range(len(BUGS)))
def test_a_mystery_is_broken_and_does_not_say_how(number):
    made, inputs = gallery.mystery(number)
    report = gallery.verdict(made, inputs)
    assert not report
    told = f"{made!r} {type(made).__doc__} {report} {report._repr_html_()}"
    assert BUGS[number].broken.__name__ not in told
    assert BUGS[number].name not in told


@pytest.mark.parametrize("number", [-1, len(BUGS)])
def test_a_mystery_that_does_not_exist(number):
    with pytest.raises(ValueError, match=f"from 0 to {len(BUGS) - 1}"):
        gallery.mystery(number)


def test_numbers_near_a_kink_are_there_and_half_of_them_are_ordinary():
    x = np.concatenate([gallery.near_kink(np.random.default_rng(i), (5, 4)) for i in range(100)])
    assert (x == 0).sum() == 300
    assert ((x != 0) & (np.abs(x) < 1e-4)).sum() == pytest.approx(600, abs=1)
    for step in (1e-5, 1e-6, 1e-7):
        assert (np.abs(x - step) < 0.5 * step).any()
        assert (np.abs(x + step) < 0.5 * step).any()
