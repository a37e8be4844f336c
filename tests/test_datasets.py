"""The data sets: what comes out, and what is said about a file that is missing or damaged."""

import gzip
import hashlib
import logging
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest
from digits_weights import trained_weights

from nnlib import datasets
from nnlib.datasets import load_digits, load_digits_weights, load_mnist

REAL = Path(__file__).parents[2] / "shared/data/mnist"
CLOSED = "http://127.0.0.1:9/"  # nothing listens on this port


def idx(array):
    """Return an array of bytes as a gzipped IDX file."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes(), mtime=0)


def write_files(folder, contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}-ubyte.gz").write_bytes(content)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Four small files in place of MNIST, with their own checksums, and no mirror."""
    rng = np.random.default_rng(0)
    contents = {}
    for name, n in (("train", 30), ("t10k", 10)):
        contents[f"{name}-images-idx3"] = idx(rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        contents[f"{name}-labels-idx1"] = idx(np.arange(n, dtype=np.uint8) % 10)
    use(monkeypatch, contents)
    monkeypatch.setattr(datasets, "MIRRORS", (CLOSED,))
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    write_files(tmp_path / "data", contents)
    return contents


def use(monkeypatch, contents):
    """Make these the right contents of the files."""
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(datasets, "MNIST_FILES", checksums)


@pytest.fixture
def mirror(tmp_path, small, monkeypatch):
    """A second mirror, on this computer, after one that does not answer."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    write_files(tmp_path / "mirror", small)
    handler = partial(Quiet, directory=str(tmp_path / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(
            datasets, "MIRRORS", (CLOSED, f"http://127.0.0.1:{server.server_port}/")
        )
        yield tmp_path / "mirror"
        server.shutdown()
        thread.join()


def check(load, sizes, side, largest):
    """Check one loader in all of its eight forms."""
    raw = load(normalize=False, flatten=False)
    for one_hot_label in (False, True):
        for flatten in (False, True):
            data = load(flatten=flatten, one_hot_label=one_hot_label)
            for (x, t), (x_raw, t_raw), n in zip(data, raw, sizes, strict=True):
                assert x.shape == ((n, side * side) if flatten else (n, 1, side, side))
                assert x.dtype == np.float64
                assert x.min() == 0
                assert x.max() == 1
                np.testing.assert_array_equal(x.reshape(x_raw.shape) * largest, x_raw)
                assert x_raw.dtype == np.uint8
                assert x_raw.shape == (n, 1, side, side)
                assert x_raw.flags.writeable
                assert t_raw.dtype == np.int64
                assert set(t_raw.tolist()) == set(range(10))
                if one_hot_label:
                    assert t.shape == (n, 10)
                    assert t.dtype == np.float64
                    np.testing.assert_array_equal(t.sum(axis=1), 1)
                    np.testing.assert_array_equal(t.argmax(axis=1), t_raw)
                else:
                    np.testing.assert_array_equal(t, t_raw)


def test_digits():
    check(load_digits, (1440, 357), 8, 16)


@pytest.mark.parametrize("name", ["DIGITS", "WEIGHTS"])
def test_shipped_files_are_those_that_the_readme_describes(name):
    path, sha256 = getattr(datasets, name), getattr(datasets, f"{name}_SHA256")
    readme = (path.parent / "README.md").read_text(encoding="utf-8")
    of_file = readme.partition(f"# {path.name}\n")[2].partition("\n# ")[0]
    assert f"`{sha256}`, {path.stat().st_size:,} bytes" in of_file


def test_digits_the_last_ten_of_every_fifty_are_for_testing():
    (x_train, t_train), (x_test, t_test) = load_digits(normalize=False, flatten=False)
    with np.load(datasets.DIGITS) as data:
        images, labels = data["images"], data["labels"]
    np.testing.assert_array_equal(x_test[10:20, 0], images[90:100])
    np.testing.assert_array_equal(t_test[10:20], labels[90:100])
    np.testing.assert_array_equal(x_train[40:80, 0], images[50:90])
    np.testing.assert_array_equal(t_train[40:80], labels[50:90])
    assert np.ptp(np.bincount(t_test)) <= 6  # each digit is tested about equally often


def test_weights_are_what_training_gives():
    """Train again. One more or one less epoch moves each array by 0.005 and more."""
    weights, again = load_digits_weights(), trained_weights()
    assert {name: array.shape for name, array in weights.items()} == {
        "W1": (64, 50), "b1": (50,), "W2": (50, 10), "b2": (10,),
    }  # fmt: skip
    assert list(weights) == list(again)
    for name, array in weights.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, array.astype(np.float32))  # nothing made up
        np.testing.assert_allclose(array, again[name], rtol=1e-5, atol=1e-6)
    assert datasets.WEIGHTS.stat().st_size < 20_000


def test_weights_read_digits():
    p, ((x_train, t_train), (x_test, t_test)) = load_digits_weights(), load_digits()
    right = [
        int(((np.maximum(x @ p["W1"] + p["b1"], 0) @ p["W2"] + p["b2"]).argmax(axis=1) == t).sum())
        for x, t in ((x_train, t_train), (x_test, t_test))
    ]
    assert right == [1398, 332]
    assert "332 of the 357 test pictures correctly, 93.0 %" in " ".join(
        load_digits_weights.__doc__.split()
    )


def test_weights_may_be_changed():
    load_digits_weights()["W1"][:] = 0
    assert load_digits_weights()["W1"].all()


@pytest.mark.parametrize(
    ("name", "load"), [("DIGITS", load_digits), ("WEIGHTS", load_digits_weights)]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "one byte"])
def test_shipped_file_missing_or_damaged(damage, name, load, tmp_path, monkeypatch):
    path = getattr(datasets, name)
    content = bytearray(path.read_bytes())
    there = tmp_path / path.name
    monkeypatch.setattr(datasets, name, there)
    content[len(content) // 2] ^= 1
    if damage != "missing":
        end = {"empty": 0, "half": len(content) // 2, "one byte": None}[damage]
        there.write_bytes(content[:end])
    with pytest.raises(ValueError, match=rf"{path.name} is missing or damaged; install nnlib"):
        load()


@pytest.mark.parametrize("source", ["made", *(["real"] if REAL.exists() else [])])
def test_mnist(source, small, monkeypatch):
    if source == "real":
        monkeypatch.undo()
        monkeypatch.setattr(datasets, "MIRRORS", (CLOSED,))
        monkeypatch.setenv("NNLIB_DATA", str(REAL))  # where nothing can be written
        (x_train, t_train), (x_test, t_test) = load_mnist(normalize=False)
        assert x_train.shape == (60000, 784)
        assert x_test.shape == (10000, 784)
        assert t_train[:5].tolist() == [5, 0, 4, 1, 9]
        assert t_test[:5].tolist() == [7, 2, 1, 0, 4]
        assert round(x_train.mean() / 255, 4) == 0.1307
    else:
        check(load_mnist, (30, 10), 28, 255)


def test_mnist_default_folder_is_the_users_cache(small, tmp_path, monkeypatch):
    monkeypatch.setenv("NNLIB_DATA", "")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    with pytest.raises(FileNotFoundError, match=str(tmp_path / "cache/nnlib/train-images")):
        load_mnist()


@pytest.mark.parametrize("name", ["train-images-idx3", "t10k-labels-idx1"])
def test_mnist_missing_or_damaged_is_downloaded_from_the_second_mirror(
    name, mirror, small, tmp_path, capfd
):
    level = pooch.get_logger().level
    path = tmp_path / "data" / f"{name}-ubyte.gz"
    for damage in (path.unlink, partial(path.write_bytes, small[name][:-1])):
        damage()
        check(load_mnist, (30, 10), 28, 255)
        assert path.read_bytes() == small[name]
    assert capfd.readouterr() == ("", "")  # no log lines
    assert pooch.get_logger().level == level != logging.WARNING


def test_mnist_missing_without_network(small, tmp_path):
    path = tmp_path / "data/t10k-images-idx3-ubyte.gz"
    path.unlink()
    with pytest.raises(FileNotFoundError) as info:
        load_mnist()
    message = str(info.value)
    assert f"{path} is missing" in message
    assert f"{CLOSED}t10k-images-idx3-ubyte.gz: ConnectionError" in message
    assert hashlib.sha256(small["t10k-images-idx3"]).hexdigest() in message
    assert "NNLIB_DATA" in message
    assert info.value.__cause__ is info.value.__context__ is None  # one error, not a chain


def test_mnist_mirror_gives_something_else(mirror, small, tmp_path):
    name = "train-labels-idx1-ubyte.gz"
    (mirror / name).write_bytes(b"a page that says: log in")
    (tmp_path / "data" / name).unlink()
    with pytest.raises(FileNotFoundError, match="ValueError"):
        load_mnist()
    assert not (tmp_path / "data" / name).exists()


def test_mnist_that_is_not_to_be_downloaded(mirror, small, tmp_path):
    check(partial(load_mnist, download=False), (30, 10), 28, 255)  # it is there
    path = tmp_path / "data/t10k-images-idx3-ubyte.gz"
    path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=f"{path} is damaged, and it is not to be downloaded"):
        load_mnist(download=False)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"is missing.*without download=False: 12 MB"):
        load_mnist(download=False)
    assert not path.exists()
