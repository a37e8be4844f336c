"""Time the gradient check of all 39,760 parameters of the MNIST network, and try it on mistakes.

    .venv/bin/python benchmarks/gradient_check.py

`nnlib.gradient.gradient_check` against the tradition's loop, which moves every parameter by
itself; both in float64. MNIST as for training_step.py.
"""

import os

os.environ |= dict.fromkeys(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"], "1")

import numpy as np
import tradition
from rounds import machine, print_table, print_target, take_turns

from nnlib.datasets import load_mnist
from nnlib.gradient import gradient_check
from nnlib.network import TwoLayerNet

ROUNDS, BATCHES = 7, (3, 100)
PART = {"W1": 2000, "b1": 50, "W2": 500, "b2": 10}  # the tradition's time is measured on these
ALL = 39_760


def mistakes(gradient, samples):
    """Return wrong gradients by name, each like `gradient` but for one mistake."""
    wrong = {}
    for name in "W1", "W2":
        wrong[f"{name} times 1.001"] = {name: 1.001 * gradient[name]}
    wrong["b1 averaged over the batch"] = {"b1": gradient["b1"] / samples}
    W1, order = gradient["W1"], np.argsort(np.abs(gradient["W1"]), axis=None)
    order = order[np.abs(W1).flat[order] > 0]
    for which, i in ("largest", order[-1]), ("median", order[len(order) // 2]):
        array = W1.copy()
        array.flat[i] *= 2
        wrong[f"{which} entry of W1 doubled"] = {"W1": array}
    rows = np.argsort(np.abs(gradient["W2"]).sum(axis=1))[-2:]
    array = gradient["W2"].copy()
    array[rows] = array[rows[::-1]]
    wrong["two rows of W2 swapped"] = {"W2": array}
    return {name: gradient | change for name, change in wrong.items()}


def main():
    """Check that both find the same, time them, and print tables, mistakes and the target."""
    (x_train, t_train), _ = load_mnist()
    print(machine("numpy"))
    for samples in BATCHES:
        x, t = x_train[:samples], t_train[:samples]
        one_hot = np.eye(10)[t]
        net = TwoLayerNet(784, 50, 10)
        textbook = tradition.Network(*net.params.values())

        def check(net=net, x=x, t=t):
            return gradient_check(lambda _: net.loss(x, t), net.params, net.gradient(x, t))

        def part_of_loop(textbook=textbook, x=x, t=one_hot):
            return {
                name: tradition.numerical_gradient(lambda: textbook.loss(x, t), array, PART[name])
                for name, array in textbook.params.items()
            }

        gradient, backward = net.gradient(x, t), textbook.gradient(x, one_hot)
        for name, found in part_of_loop().items():
            np.testing.assert_allclose(gradient[name], backward[name], rtol=1e-4, atol=1e-8)
            np.testing.assert_allclose(gradient[name].flat[: PART[name]], found, atol=1e-5)
        assert check(), check()

        part = sum(PART.values())
        print(f"\nA batch of {samples}, all {ALL:,} parameters (tradition: from {part:,}):")
        seconds = take_turns({"nnlib": check, "tradition": part_of_loop}, ROUNDS)
        seconds["tradition"] *= ALL / part
        print_table(seconds, "ms", 1000, "nnlib")
        if samples == BATCHES[0]:
            print_target("nnlib in ms", 1000 * np.median(seconds["nnlib"]), most=100)
        for name, wrong in mistakes(gradient, samples).items():
            report = gradient_check(lambda _, net=net, x=x, t=t: net.loss(x, t), net.params, wrong)
            print(f"{'passed: NOT SEEN' if report else 'flagged':<9} {name}")


if __name__ == "__main__":
    main()
