"""Time `nnlib.graph.Variable` against micrograd: scalar graphs of thousands of nodes.

    .venv/bin/python benchmarks/graph_engine.py

A chain 5,000 nodes long, and a random graph in which values are used many times. Forward is
building the graph, because both engines compute while they build.
"""

import gc
import random
import sys
import time

import numpy as np
from rounds import installed, machine, print_table, print_target, ratio

from nnlib.graph import Variable

NODES, ROUNDS = 5000, 15


def chain(value):
    """Return inputs, output and the number of operations: + number, * number and ReLU in turn."""
    x = y = value(1.0)
    for i in range(NODES):
        y = y + 0.25 if i % 3 == 0 else y * 0.75 if i % 3 == 1 else y.relu()
    return [x], y, NODES


def random_graph(value):
    """Return the same of a graph that picks its operands at random; all values are in [-1, 1]."""
    rng = random.Random(0)
    values = [value(rng.uniform(-1, 1)) for _ in range(50)]
    inputs, used, operations = list(values), set(), 0
    while operations < NODES:
        a, b, kind = rng.choice(values), rng.choice(values), rng.randrange(3)
        used |= {id(a)} if kind == 2 else {id(a), id(b)}
        values.append((a + b) * 0.5 if kind == 0 else a * b if kind == 1 else a.relu())
        operations += 2 if kind == 0 else 1
    output = value(0.0)
    for v in values:
        if id(v) not in used:  # so that every node has a derivative
            output, operations = output + v, operations + 1
    return inputs, output, operations


def main():
    """Check that both find the same gradients, time them, and print tables and targets."""
    engines = {"nnlib": Variable}
    if installed("micrograd"):
        from micrograd.engine import Value

        engines["micrograd"] = Value
    missing = [] if "micrograd" in engines else ["micrograd"]
    sys.setrecursionlimit(10 * NODES)  # micrograd's backward is recursive; nnlib's is not

    print(machine("numpy", "micrograd"))
    for name, build in {"chain": chain, "random graph": random_graph}.items():
        forward = {engine: [] for engine in engines}
        backward = {engine: [] for engine in engines}
        gradients = {}
        for i in range(ROUNDS + 1):  # the first is a warm-up
            for engine, value in engines.items():
                gc.collect()
                start = time.process_time()
                inputs, output, operations = build(value)
                middle = time.process_time()
                output.backward()
                end = time.process_time()
                gradients[engine] = [v.grad for v in inputs]
                del inputs, output  # not within the other engine's time
                if i > 0:
                    forward[engine].append(middle - start)
                    backward[engine].append(end - middle)
        if not missing:
            np.testing.assert_allclose(gradients["nnlib"], gradients["micrograd"], rtol=1e-9)
        for what, lists in ("forward", forward), ("backward", backward):
            seconds = {engine: np.array(s) for engine, s in lists.items()}
            print(f"\n{name}, {operations:,} operations, {what}:")
            print_table(seconds, "µs each", 1e6 / operations, [*engines][-1], missing)
            if not missing:
                print_target("nnlib ÷ micrograd", ratio(seconds, "nnlib", "micrograd"), most=3)


if __name__ == "__main__":
    main()
