import numpy as np


def expect(got, wanted, why):
    """Compare what came with what was expected; where they differ, say so and say why."""
    message = f"{why}\n  expected: {wanted}\n  came:     {got}"
    if got is None:
        raise AssertionError(f"{message}\n  It returned None: is there a return?")
    if not isinstance(got, (bool, int, float, tuple, list, np.generic, np.ndarray)):
        raise AssertionError(
            f"{message}\n  This is a {type(got).__name__}: no number and no array."
        )
    if isinstance(wanted, (tuple, list)):
        if not isinstance(got, (tuple, list)) and np.ndim(got) == 0 or len(got) != len(wanted):
            count = "1 value, as in (3,)" if len(wanted) == 1 else f"{len(wanted)} values"
            raise AssertionError(f"{message}\n  There should be {count}.")
        for number, (one, right) in enumerate(zip(got, wanted, strict=True), start=1):
            expect(one, right, f"{why} (value {number} of {len(wanted)})")
        return
    try:
        numbers = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise AssertionError(f"{message}\n  This is not a number or an array.") from None
    if numbers.shape != np.shape(wanted):
        shapes = f"the shape should be {np.shape(wanted)}, it is {numbers.shape}"
        raise AssertionError(f"{message}\n  {shapes}")
    if not np.allclose(numbers, wanted, rtol=1e-6, atol=1e-9):
        raise AssertionError(message)
