import numpy as np


def expect(got, wanted, why):
    """Compare what came with what was expected; where they differ, say so and say why."""
    message = f"{why}\n  expected: {wanted}\n  came:     {got}"
    if got is None:
        raise AssertionError(f"{message}\n  It returned None: is there a return?")
    if isinstance(wanted, (tuple, list)):
        several = isinstance(got, (tuple, list)) or np.ndim(got) > 0
        if not several or len(got) != len(wanted):
            raise AssertionError(f"{message}\n  There should be {len(wanted)} values.")
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
