"""Random graphs of numbers, for tests that must hold for any graph."""

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
