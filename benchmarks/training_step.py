"""Time one training step of the MNIST network against NumPy by hand, PyTorch and scikit-learn.

    .venv/bin/python benchmarks/training_step.py

A step is forward, loss, backward and update of 784-50-10 with ReLU, on a batch of 100, by
gradient descent, in float32. Picking the batch is not in it; each contender gets its batches in
the form that it likes best. MNIST comes from `nnlib.datasets.load_mnist`: from the folder that
NNLIB_DATA names, or downloaded once.
"""

import os

os.environ |= dict.fromkeys(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"], "1")

import functools
import warnings

import numpy as np
import tradition
from rounds import installed, machine, print_table, print_target, ratio, take_turns

from nnlib.datasets import load_mnist
from nnlib.network import TwoLayerNet

RATE, BATCHES, PASSES, ROUNDS = 0.1, 10, 5, 31  # one turn: 5 times through 10 batches, 50 steps


def products(batches, W1, b1, W2, b2):
    """Do the five matrix products of a step and nothing else: the floor."""
    H = np.ones((100, 50), np.float32)
    dA, dY = np.ones_like(H), np.ones((100, 10), np.float32)

    def run():
        for X, _ in batches:
            X @ W1, H @ W2, H.T @ dY, dY @ W2.T, X.T @ dA

    return run, None


def nnlib(batches, *weights):
    """Step as `nnlib.training.train` does."""
    net = TwoLayerNet(784, 50, 10, dtype=np.float32)
    net.params.update(zip(net.params, weights, strict=True))

    def run():
        for x, t in batches:
            gradient = net.gradient(x, t)
            params = net.params
            for name in params:
                params[name] -= RATE * gradient[name]

    return run, lambda: list(net.params.values())


def by_hand(batches, W1, b1, W2, b2):
    """Write the formulas down, in place, without a check: what a careful person would write."""
    rows = np.arange(100)

    def run():
        for x, t in batches:
            h = x @ W1
            h += b1
            np.maximum(h, 0, out=h)
            y = h @ W2
            y += b2
            y -= y.max(axis=1, keepdims=True)
            right = y[rows, t]
            np.exp(y, out=y)
            total = y.sum(axis=1)
            float(np.mean(np.log(total) - right))  # the loss
            y /= total[:, np.newaxis]
            y[rows, t] -= 1
            y /= len(y)
            dW2, db2, dh = h.T @ y, y.sum(axis=0), y @ W2.T
            dh *= h > 0
            dW1, db1 = x.T @ dh, dh.sum(axis=0)
            for w, dw in (W1, dW1), (b1, db1), (W2, dW2), (b2, db2):
                dw *= RATE
                w -= dw

    return run, lambda: [W1, b1, W2, b2]


def by_tradition(batches, *weights, loss_again=True):
    """Step as the tradition's training loop: afterwards the loss once more, for the record."""
    net = tradition.Network(*weights)
    batches = [(x.astype(float), np.eye(10)[t]) for x, t in batches]

    def run():
        for x, t in batches:
            grads = net.gradient(x, t)
            for name in net.params:
                net.params[name] -= RATE * grads[name]
            if loss_again:
                net.loss(x, t)

    return run, lambda: list(net.params.values())


def pytorch(batches, *weights):
    """Step with torch.nn and torch.optim, eagerly."""
    import torch

    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(784, 50), torch.nn.ReLU(), torch.nn.Linear(50, 10))
    with torch.no_grad():
        for parameter, w in zip(net.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(w.T))
    batches = [(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches]
    optimizer, loss = torch.optim.SGD(net.parameters(), lr=RATE), torch.nn.CrossEntropyLoss()

    def run():
        for x, t in batches:
            optimizer.zero_grad()
            loss(net(x), t).backward()
            optimizer.step()

    return run, lambda: [p.detach().numpy().T for p in net.parameters()]


def scikit_learn(batches, *weights):
    """Step by `fit`, 50 steps a call, not shuffled; `partial_fit` for each batch takes longer."""
    import sklearn.neural_network

    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
    x, t = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    net = sklearn.neural_network.MLPClassifier(
        (50,), solver="sgd", batch_size=100, learning_rate_init=RATE, momentum=0, alpha=0,
        max_iter=PASSES, shuffle=False, warm_start=True, n_iter_no_change=PASSES,
    )  # fmt: skip
    net.partial_fit(x, t, classes=range(10))  # makes the arrays

    def arrays():
        return [net.coefs_[0], net.intercepts_[0], net.coefs_[1], net.intercepts_[1]]

    for array, w in zip(arrays(), weights, strict=True):
        array[...] = w
    return lambda: net.fit(x, t), arrays


def main():
    """Check that all learn the same, time them, and print the table and the targets."""
    x, t = (array[: 100 * BATCHES] for array in load_mnist()[0])
    batches = list(zip(np.split(x.astype(np.float32), BATCHES), np.split(t, BATCHES), strict=True))
    makers = {
        "five products": products,
        "nnlib": nnlib,
        "NumPy by hand": by_hand,
        "tradition": by_tradition,
        "tradition, loss once": functools.partial(by_tradition, loss_again=False),
    }
    competitors = {"PyTorch": ("torch", pytorch), "scikit-learn": ("sklearn", scikit_learn)}
    missing = [name for name, (module, _) in competitors.items() if not installed(module)]
    makers |= {name: make for name, (_, make) in competitors.items() if name not in missing}

    turns, after = {}, {}
    for name, make in makers.items():
        weights = TwoLayerNet(784, 50, 10, dtype=np.float32).params.values()
        run, result = make(batches, *(w.copy() for w in weights))
        passes = 1 if name == "scikit-learn" else PASSES  # scikit-learn makes its own
        turns[name] = lambda run=run, passes=passes: [run() for _ in range(passes)]
        turns[name]()
        if result:
            after[name] = [w.copy() for w in result()]
    for name, weights in after.items():
        for a, b in zip(weights, after["NumPy by hand"], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5, err_msg=name)

    print(machine("numpy", "torch", "scikit-learn"))
    print("All have the same weights after 50 steps. A step, picking the batch not included:")
    seconds = take_turns(turns, ROUNDS)
    print_table(seconds, "µs", 1e6 / (BATCHES * PASSES), "five products", missing)
    print_target("nnlib ÷ five products", ratio(seconds, "nnlib", "five products"), most=1.7)
    print_target("tradition ÷ nnlib", ratio(seconds, "tradition", "nnlib"), least=3.1)
    for name in [name for name in competitors if name in turns]:
        print_target(f"nnlib ÷ {name}", ratio(seconds, "nnlib", name), most=1)


if __name__ == "__main__":
    main()
