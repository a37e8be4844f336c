"""Pictures of handwritten digits: a small set that comes with nnlib, and MNIST.

Both give `(x_train, t_train), (x_test, t_test)`: pictures and labels to learn from, and others to
test with. For the small set there are also the weights of a network that has learnt to read it.
"""

import gzip
import logging
import os
from pathlib import Path

import numpy as np
import pooch  # type: ignore[import-untyped]

from nnlib.functions import Array

Pair = tuple[Array, Array]

DIGITS = Path(__file__).parent / "data/digits.npz"
DIGITS_SHA256 = "b2dab7b501728c22e9119ad76740b2e17c77a231e42d1e592380d90886f1a05e"
WEIGHTS = DIGITS.with_name("digits_weights.npz")
WEIGHTS_SHA256 = "0cca01132e24fd4f3e836bed6f4f2d95da030a12328a7e96d4d752d0dfc5dabd"
MNIST_FILES = {  # each without its ending "-ubyte.gz", and the SHA-256 of its bytes
    "train-images-idx3": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)


def load_digits(
    *, normalize: bool = True, flatten: bool = True, one_hot_label: bool = False
) -> tuple[Pair, Pair]:
    """Return 1,440 pictures to learn from and 357 to test with, 8x8 each, shipped with nnlib.

    The last ten of every fifty are test pictures. So the writers of the test pictures also wrote
    training pictures: the test accuracy is that for new digits of the same 13 people, and would be
    lower for other people.

    Parameters
    ----------
    normalize : bool, default True
        Brightness as float64 from 0 to 1; else as stored, uint8 from 0 to 16.
    flatten : bool, default True
        A picture is a row of 64 numbers; else an array of shape (1, 8, 8).
    one_hot_label : bool, default False
        Labels are float64 rows of ten; else int64 digits.

    Returns
    -------
    (x_train, t_train), (x_test, t_test)
        x of shape (N, 64) or (N, 1, 8, 8), t of shape (N,) or (N, 10).

    Raises
    ------
    ValueError
        If the file with the digits is missing or damaged.

    Examples
    --------
    >>> (x_train, t_train), (x_test, t_test) = load_digits()
    >>> x_train.shape, t_train.shape, x_test.shape, t_test.shape
    ((1440, 64), (1440,), (357, 64), (357,))
    >>> t_train[:4]
    array([0, 1, 2, 3])

    References
    ----------
    Alpaydin, Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository
    (1998), https://doi.org/10.24432/C50P49, CC BY 4.0.
    """
    data = _shipped(DIGITS, DIGITS_SHA256)
    images, labels = data["images"], data["labels"]
    if normalize:
        images = images / 16
    test = np.arange(len(images)) % 50 >= 40
    return (
        _pair(images[~test], labels[~test], flatten, one_hot_label),
        _pair(images[test], labels[test], flatten, one_hot_label),
    )


def load_digits_weights() -> dict[str, Array]:
    """Return weights and biases with which a two-layer network reads the digits of `load_digits`.

    The network has 50 neurons with ReLU, and 10 neurons whose outputs are the scores of the ten
    digits. It was trained on the 1,440 training pictures, as in chapter 11 of the book, and reads
    332 of the 357 test pictures correctly, 93.0 %. `tools/digits_weights.py` made the file.

    Returns
    -------
    dict of "W1" (64, 50), "b1" (50,), "W2" (50, 10), "b2" (10,) to arrays of float64
        Stored as float32, so they are rounded to about seven digits. Each call gives new arrays.

    Raises
    ------
    ValueError
        If the file with the weights is missing or damaged.

    Examples
    --------
    >>> weights = load_digits_weights()
    >>> {name: array.shape for name, array in weights.items()}
    {'W1': (64, 50), 'b1': (50,), 'W2': (50, 10), 'b2': (10,)}
    >>> _, (x_test, t_test) = load_digits()
    >>> hidden = np.maximum(x_test @ weights["W1"] + weights["b1"], 0)
    >>> scores = hidden @ weights["W2"] + weights["b2"]
    >>> int(np.sum(scores.argmax(axis=1) == t_test))
    332

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), chapter 6.
    """
    weights = _shipped(WEIGHTS, WEIGHTS_SHA256)
    return {name: array.astype(np.float64) for name, array in weights.items()}


def load_mnist(
    *,
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    download: bool = True,
) -> tuple[Pair, Pair]:
    """Return MNIST: 60,000 pictures to learn from and 10,000 to test with, 28x28 each.

    The first call downloads four files, 12 MB together, and keeps them in the user's cache folder,
    or in the folder that the environment variable NNLIB_DATA names. Each call checks the SHA-256
    of each file, and downloads a damaged one again.

    Parameters
    ----------
    normalize : bool, default True
        Brightness as float64 from 0 to 1; else as stored, uint8 from 0 to 255.
    flatten : bool, default True
        A picture is a row of 784 numbers; else an array of shape (1, 28, 28).
    one_hot_label : bool, default False
        Labels are float64 rows of ten; else int64 digits.
    download : bool, default True
        Download what is missing or damaged; else raise an error.

    Returns
    -------
    (x_train, t_train), (x_test, t_test)
        x of shape (N, 784) or (N, 1, 28, 28), t of shape (N,) or (N, 10).

    Raises
    ------
    FileNotFoundError
        If a file is missing, and is not to be downloaded or no mirror gives it.
    ValueError
        If a file is damaged, and is not to be downloaded or no mirror gives a sound one.

    Examples
    --------
    The first time, this downloads::

        (x_train, t_train), (x_test, t_test) = load_mnist()
        x_train.shape, x_test.shape    # ((60000, 784), (10000, 784))

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (1998).
    """
    parts = [
        _read_idx(_mnist_file(f"{name}-ubyte.gz", sha256, download), ndim=int(name[-1]))
        for name, sha256 in MNIST_FILES.items()
    ]
    x_train, t_train, x_test, t_test = parts
    if normalize:
        x_train, x_test = x_train / 255, x_test / 255
    return (
        _pair(x_train, t_train, flatten, one_hot_label),
        _pair(x_test, t_test, flatten, one_hot_label),
    )


def _shipped(path: Path, sha256: str) -> dict[str, Array]:
    """Return the arrays in a file that comes with nnlib."""
    if not path.is_file() or pooch.file_hash(path) != sha256:
        raise ValueError(f"{path} is missing or damaged; install nnlib again")
    with np.load(path) as data:
        return dict(data)


def _pair(images: Array, labels: Array, flatten: bool, one_hot_label: bool) -> Pair:
    """Return pictures of shape (N, H, W), and their labels, in the form that was asked for."""
    n, height, width = images.shape
    x = images.reshape((n, height * width) if flatten else (n, 1, height, width))
    return x, np.eye(10)[labels] if one_hot_label else labels.astype(np.int64)


def _mnist_file(name: str, sha256: str, download: bool) -> Path:
    """Return where a file of MNIST lies on this computer, downloaded first if need be."""
    folder = Path(os.environ.get("NNLIB_DATA") or pooch.os_cache("nnlib")).expanduser()
    path = folder / name
    if path.exists() and pooch.file_hash(str(path)) == sha256:
        return path
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)  # "Downloading data from ..." does not belong in a notebook
    failures = []
    try:
        for mirror in MIRRORS if download else ():
            try:
                return Path(pooch.retrieve(mirror + name, f"sha256:{sha256}", name, folder))
            except (OSError, ValueError) as error:  # no network, not writable, wrong checksum
                failures.append(f"{mirror}{name}: {type(error).__name__}")
    finally:
        logger.setLevel(level)
    damaged = path.exists()
    problem = f"MNIST: {path} is {'damaged' if damaged else 'missing'}, and it "
    remedy = "is not to be downloaded. Call load_mnist() once without download=False: 12 MB."
    if download:
        remedy = (
            f"could not be downloaded ({'; '.join(failures)}). Try again with a network, or get "
            f"the file from one of these addresses and put it into {folder}, or name the folder "
            "where it lies in the environment variable NNLIB_DATA. "
            f"Its SHA-256 must be {sha256}."
        )
    raise (ValueError if damaged else FileNotFoundError)(problem + remedy)


def _read_idx(path: Path, ndim: int) -> Array:
    """Return the array of bytes, in `ndim` dimensions, in a gzipped IDX file, the format of MNIST.

    Before the bytes stand 0, 0, 8 (for bytes), the number of dimensions, and the length of each as
    a big-endian 32-bit integer. The checksum has said already that the file is the right one.
    """
    content = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(content, ">u4", count=ndim, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape).copy()
