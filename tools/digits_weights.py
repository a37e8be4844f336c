"""Train the network whose weights come with nnlib, and store them.

    python tools/digits_weights.py    writes nnlib/data/digits_weights.npz

It is the network that chapter 11 trains: the same start, the same steps. Chapter 2 uses it before
the reader knows how it was found. Where the file changes, its checksum in nnlib/datasets.py and
nnlib/data/README.md does too.
"""

import hashlib
from pathlib import Path

import numpy as np

from nnlib.datasets import load_digits
from nnlib.functions import Array
from nnlib.network import TwoLayerNet
from nnlib.training import train

FILE = Path(__file__).resolve().parents[1] / "nnlib/data/digits_weights.npz"


def trained_weights() -> dict[str, Array]:
    """Return the weights and biases after 30 epochs, as float32: about seven digits of each."""
    training, test = load_digits()
    net = TwoLayerNet(64, 50, 10, weight_init_std=0.1)
    train(net, training, test, epochs=30, learning_rate=0.2)
    return {name: array.astype(np.float32) for name, array in net.params.items()}


if __name__ == "__main__":
    np.savez(FILE, **trained_weights())  # no dates in it: the same weights give the same bytes
    content = FILE.read_bytes()
    print(f"{FILE}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
