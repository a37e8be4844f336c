"""Random graphs of numbers and of arrays, for tests that must hold for any graph."""

import numpy as np

from nnlib.graph import Graph, Variable

UNARY = {
    "exp": (lambda v: v.exp(), lambda x: x < 3),
    "log": (lambda v: v.log(), lambda x: x > 0.1),
    "relu": (lambda v: v.relu(), lambda x: abs(x) > 0.1),
    "sigmoid": (lambda v: v.sigmoid(), lambda x: abs(x) < 4),
    "square": (lambda v: v**2, lambda x: True),
    "root": (lambda v: v**0.5, lambda x: x > 0.1),
    "inverse square": (lambda v: v**-2, lambda x: x > 0.2),
    "reciprocal": (lambda v: 1 / v, lambda x: abs(x) > 0.2),
}
BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def random_graph(seed: int, operations: int = 12) -> Graph:
    """Return a graph of up to `operations` operations, with numbers between 0.01 and 50.

    An operation whose result would leave that range is left out: near 0 a difference of two large
    numbers has few right digits in any language, and nothing could be compared.
    """
    rng = np.random.default_rng(seed)
    pool = [
        Variable(round(float(rng.uniform(0.3, 3)), 2), name=f"x{i}")
        for i in range(rng.integers(1, 4))
    ]
    used = [pool[0]]
    while len(used) <= operations:
        a = used[-1] if rng.random() < 0.6 else pool[rng.integers(len(pool))]
        if rng.random() < 0.4:
            operation, allowed = UNARY[str(rng.choice(list(UNARY)))]
            if not allowed(a.value):
                continue
            made = operation(a)
        else:
            other = pool[rng.integers(len(pool))]
            b = other if rng.random() < 0.8 else round(float(rng.uniform(0.5, 2)), 1)
            first, second = (a, b) if rng.random() < 0.5 else (b, a)
            symbol = str(rng.choice(list(BINARY)))
            if symbol == "/" and abs(second.value if second is a else 1.0) < 0.2:
                continue
            made = BINARY[symbol](first, second)
        if 0.01 < abs(made.value) < 50:
            pool.append(made)
            used.append(made)
    return Graph(used[-1])


SHAPES = [(), (2,), (3,), (2, 3), (3, 2), (1, 3)]


def random_array_graph(seed: int, operations: int = 8) -> Graph:
    """Return a graph of arrays, whose output is a number, of up to `operations` operations.

    Entries lie between 0.01 and 50, as in `random_graph`, or are an exact 0 after ReLU.
    """
    rng = np.random.default_rng(seed)

    def uniform(shape: tuple[int, ...]) -> np.ndarray:
        return np.round(rng.uniform(0.3, 3, shape) * rng.choice([1, 1, -1], shape), 2)

    shapes = [SHAPES[rng.integers(1, len(SHAPES))] for _ in range(rng.integers(2, 5))]
    pool = [Variable(uniform(shape), name=f"x{i}") for i, shape in enumerate(shapes)]
    used = [pool[0]]
    while len(used) <= operations or np.ndim(used[-1].value):
        a = used[-1] if rng.random() < 0.85 else pool[rng.integers(len(pool))]
        made = _random_step(rng, a, pool, uniform, len(used) >= operations)
        if made is not None:
            entries = np.abs(np.ravel(made.value))
            if ((entries > 0.01) & (entries < 50) | (entries == 0)).all() and entries.any():
                pool.append(made)
                used.append(made)
    return Graph(used[-1])


def _random_step(rng, a, pool, uniform, ending):
    """One operation on `a`, or None where the one that was drawn does not go."""
    drawn = rng.random()
    if drawn < (0.6 if ending else 0.07):
        return a.sum() if np.ndim(a.value) else None
    if drawn < 0.65:
        operation, allowed = UNARY[str(rng.choice(list(UNARY)))]
        return operation(a) if all(allowed(x) for x in np.ravel(a.value)) else None
    b = pool[rng.integers(len(pool))]
    if rng.random() < 0.2:
        b = uniform(SHAPES[rng.integers(len(SHAPES))])
    first, second = (a, b) if rng.random() < 0.5 else (b, a)
    symbol = str(rng.choice([*BINARY, *["@"] * 6]))
    divisor = np.ravel(second.value if isinstance(second, Variable) else second)
    if symbol == "/" and np.abs(divisor).min() < 0.2:
        return None
    try:
        return first @ second if symbol == "@" else BINARY[symbol](first, second)
    except ValueError:  # shapes that do not go together
        return None
