"""Training, its history, and the progress bar."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from nnlib.datasets import load_digits, load_mnist
from nnlib.functions import softmax
from nnlib.network import TwoLayerNet
from nnlib.progress import progress
from nnlib.training import History, train

rng = np.random.default_rng(0)
DATA = (rng.standard_normal((50, 4)), rng.integers(0, 3, 50))
TEST = (rng.standard_normal((20, 4)), rng.integers(0, 3, 20))


def net(**options):
    return TwoLayerNet(4, 5, 3, rng=np.random.default_rng(1), **options)


class OwnNet:
    """A network that a reader might write: one layer, a plain dict, nothing of nnlib.layers."""

    def __init__(self):
        self.params = {"W": np.zeros((4, 3)), "b": np.zeros(3)}
        self.seen = []

    def predict(self, x):
        return x @ self.params["W"] + self.params["b"]

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == t)

    def gradient(self, x, t):
        self.seen.append(x)
        y = softmax(self.predict(x))
        self.last_loss = -np.log(y[range(len(t)), t]).mean()
        dout = (y - np.eye(3)[t]) / len(t)
        return {"W": x.T @ dout, "b": dout.sum(axis=0)}


def test_each_step_is_gradient_descent_on_its_batch():
    trained, by_hand = net(), net()
    history = train(trained, DATA, TEST, epochs=3, batch_size=20, learning_rate=0.2, seed=7)
    order = np.random.default_rng(7)
    losses, accuracies = [], [by_hand.accuracy(*DATA)]
    for _ in range(3):
        permutation = order.permutation(50)
        for batch in (permutation[:20], permutation[20:40], permutation[40:]):
            gradient = by_hand.gradient(DATA[0][batch], DATA[1][batch])
            losses.append(by_hand.last_loss)
            for name in by_hand.params:
                by_hand.params[name] = by_hand.params[name] - 0.2 * gradient[name]
        accuracies.append(by_hand.accuracy(*DATA))
    assert history.losses == losses
    assert history.train_accuracies == accuracies
    assert len(history.test_accuracies) == 4
    assert history.test_accuracies[-1] == trained.accuracy(*TEST)
    assert history.steps_per_epoch == 3
    for name in trained.params:
        np.testing.assert_array_equal(trained.params[name], by_hand.params[name])


def test_own_network_meets_each_sample_once_in_an_epoch():
    own = OwnNet()
    history = train(own, DATA, TEST, epochs=2, batch_size=15)
    assert [len(x) for x in own.seen] == [15, 15, 15, 5] * 2
    first, second = np.concatenate(own.seen[:4]), np.concatenate(own.seen[4:])
    assert not np.array_equal(first, second)
    for epoch in (first, second):
        np.testing.assert_array_equal(np.sort(epoch, axis=0), np.sort(DATA[0], axis=0))
    assert history.losses[0] == pytest.approx(np.log(3))
    own.gradient(*DATA)
    assert own.last_loss < np.log(3)


def test_same_seed_same_history():
    histories = [train(net(), DATA, TEST, epochs=2, batch_size=10, seed=s) for s in (0, 0, 1)]
    assert histories[0] == histories[1] != histories[2]


def test_data_stay_and_may_be_read_only():
    copies = [array.copy() for array in (*DATA, *TEST)]
    for array in copies:
        array.setflags(write=False)
    train(net(), copies[:2], copies[2:], epochs=1, batch_size=10)
    for array, copy in zip((*DATA, *TEST), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_other_forms_of_data():
    one_hot = DATA[0], np.eye(3)[DATA[1]]
    lists = DATA[0].tolist(), DATA[1].tolist()
    histories = [
        train(net(), data, TEST, epochs=2, batch_size=10) for data in (DATA, one_hot, lists)
    ]
    assert histories[0] == histories[1] == histories[2]


def test_float32_stays():
    network = net(dtype=np.float32)
    train(network, DATA, TEST, epochs=1, batch_size=10, learning_rate=np.float64(0.1))
    assert {array.dtype for array in network.params.values()} == {np.dtype(np.float32)}


def test_integers_of_numpy_are_whole_numbers():
    options = {"epochs": np.int64(1), "batch_size": np.uint8(10), "learning_rate": np.float32(0.1)}
    assert train(net(), DATA, TEST, **options).steps_per_epoch == 5


@pytest.mark.parametrize(("count", "epochs"), [(2, 1), (4, 3), (9, 3), (30, 3), (7, 40)])
def test_snapshots_hold_the_network_as_it_was(count, epochs):
    recorded, plain, by_hand = net(), net(), net()
    history = train(recorded, DATA, TEST, epochs=epochs, batch_size=20, seed=3, snapshots=count)
    assert history == train(plain, DATA, TEST, epochs=epochs, batch_size=20, seed=3)
    steps = [snapshot.step for snapshot in history.snapshots]
    assert 2 <= len(steps) <= count
    assert (steps[0], steps[-1]) == (0, 3 * epochs)
    gaps = np.diff(steps)
    assert (gaps >= 1).all()
    assert (np.diff(gaps) >= -1).all()  # closer together at the beginning, but for rounding
    if count <= epochs:
        assert len(steps) == count

    order = np.random.default_rng(3)
    for step in range(3 * epochs + 1):
        if step in steps:
            snapshot = history.snapshots[steps.index(step)]
            assert snapshot.train_accuracy == by_hand.accuracy(*DATA)
            assert snapshot.test_accuracy == by_hand.accuracy(*TEST)
            assert list(snapshot.params) == list(by_hand.params)
            for name, array in by_hand.params.items():
                np.testing.assert_array_equal(snapshot.params[name], array)
                assert not np.shares_memory(snapshot.params[name], recorded.params[name])
        if step == 3 * epochs:
            break
        if step % 3 == 0:
            permutation = order.permutation(50)
        batch = permutation[20 * (step % 3) :][:20]
        gradient = by_hand.gradient(DATA[0][batch], DATA[1][batch])
        assert history.losses[step] == by_hand.last_loss  # what these parameters met next
        for name in by_hand.params:
            by_hand.params[name] -= 0.1 * gradient[name]
    for name in plain.params:
        np.testing.assert_array_equal(plain.params[name], recorded.params[name])


def test_snapshots_are_kept_only_where_they_are_asked_for():
    assert train(net(), DATA, TEST, epochs=1, batch_size=20).snapshots == []
    own = OwnNet()
    snapshots = train(own, DATA, TEST, epochs=2, batch_size=20, snapshots=np.int64(3)).snapshots
    assert [(s.step, list(s.params)) for s in snapshots] == [(k, ["W", "b"]) for k in (0, 1, 6)]
    assert not snapshots[0].params["W"].any()
    np.testing.assert_array_equal(snapshots[-1].params["W"], own.params["W"])
    assert History([2.3], [0.1, 0.2], [0.1, 0.2], 1).snapshots == ()


NAN = np.where(TEST[0] == TEST[0][3, 2], np.nan, TEST[0])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be from 1 to 50, the samples; got 0"),
        ({"batch_size": 51}, ValueError, "batch_size must be from 1 to 50"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be a whole number, got 2.5"),
        ({"epochs": 0}, ValueError, "epochs must be 1 or more, got 0"),
        ({"epochs": "3"}, TypeError, "epochs must be a whole number, got '3'"),
        ({"snapshots": 2.5}, TypeError, "snapshots must be a whole number, got 2.5"),
        ({"snapshots": "9"}, TypeError, "snapshots must be a whole number, got '9'"),
        ({"snapshots": 1}, ValueError, "snapshots must be 2 or more, the first and last; got 1"),
        ({"snapshots": 0}, ValueError, "snapshots must be 2 or more"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be above 0 and finite, got 0"),
        ({"learning_rate": -0.1}, ValueError, "learning_rate"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate"),
        ({"learning_rate": float("inf")}, ValueError, "learning_rate"),
        ({"learning_rate": "0.1"}, TypeError, "learning_rate must be a number, got '0.1'"),
        ({"train_data": (DATA[0], DATA[1][:-1])}, ValueError,
         r"train_data .* \(x, t\) .* shapes \(50, 4\) and \(49,\)"),
        ({"test_data": (TEST[0][:-1], TEST[1])}, ValueError, "test_data"),
        ({"train_data": (DATA[0][:0], DATA[1][:0])}, ValueError, "train_data"),
        ({"train_data": {"x": DATA[0], "t": DATA[1]}}, ValueError, r"\(x, t\) .* got dict of"),
        ({"train_data": (*DATA, "info")}, TypeError, r"\(x, t\) .* got tuple: too many values"),
        ({"train_data": DATA[0]}, TypeError, "got ndarray: too many values"),
        ({"train_data": (DATA, TEST)}, TypeError, "got tuple: .* inhomogeneous"),
        ({"test_data": None}, TypeError, "test_data must be a pair .* got NoneType"),
        ({"test_data": (TEST[0].astype(str), TEST[1])}, TypeError, "x of test_data must be real"),
        ({"test_data": (NAN, TEST[1])}, ValueError, r"x of test_data has nan at index \[3, 2\]"),
        ({"test_data": (TEST[0], NAN)}, ValueError, r"t of test_data has nan at index \[3, 2\]"),
    ],
)  # fmt: skip
def test_wrong_input(options, error, message):
    network = net()
    before = {name: array.copy() for name, array in network.params.items()}
    call = {"train_data": DATA, "test_data": TEST, "batch_size": 10, **options}
    with pytest.raises(error, match=message):
        train(network, **call)
    for name, array in network.params.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda g: g | {"b": g["b"].mean(keepdims=True)},
         r"gradient of b has shape \(1,\), the parameter has shape \(3,\)"),
        (lambda g: g | {"W": g["W"].sum(axis=0)}, r"W has shape \(3,\), the .* shape \(4, 3\)"),
        (lambda g: {"W": g["W"]}, r"parameters, \['W', 'b'\]; got \['W'\]"),
        (lambda g: [g["W"], g["b"]], r"must return a dict .* got list"),
        (lambda g: None, "got NoneType"),
    ],
)  # fmt: skip
def test_a_gradient_that_does_not_fit_the_parameters(mistake, message):
    class Mistaken(OwnNet):
        def gradient(self, x, t):
            return mistake(super().gradient(x, t))

    own = Mistaken()
    with pytest.raises(ValueError, match=message):
        train(own, DATA, TEST, batch_size=10)
    assert not own.params["W"].any()
    assert not own.params["b"].any()


def test_a_network_must_leave_its_loss():
    class Silent(OwnNet):
        def gradient(self, x, t):
            gradient = super().gradient(x, t)
            self.last_loss = None
            return gradient

    with pytest.raises(ValueError, match=r"must leave the loss .* in network.last_loss"):
        train(Silent(), DATA, TEST, batch_size=10)


def test_parameters_must_be_floats():
    own = OwnNet()
    own.params["W"] = np.zeros((4, 3), int)
    with pytest.raises(TypeError, match=r"W must be an array of floats, .* got dtype int"):
        train(own, DATA, TEST, batch_size=10)


@pytest.mark.parametrize("learning_rate", [1e200, 1e308])
def test_runaway_training_stops_with_the_remedy(learning_rate):
    with pytest.raises(ValueError, match=r"loss at step \d+ is (nan|inf).* lower learning_rate"):
        train(net(), DATA, TEST, batch_size=10, learning_rate=learning_rate)


def cells(history):
    """Return what stands in the table of a history, which is the same as text and as HTML."""
    caption, head, *rows = str(history).splitlines()
    assert caption == "Training (loss: mean over the steps of an epoch)"
    assert head.split("  ")[-2:] == ["accuracy in training", "accuracy in test"]
    rows = [row.replace(" %", "%").split() for row in rows]

    html = ElementTree.fromstring(history._repr_html_())  # so it is well-formed, too
    assert html.find("table/caption").text == html.get("aria-label") == caption
    assert [th.get("scope") for th in html.iterfind(".//thead//th")] == ["col"] * 5
    assert {th.get("scope") for th in html.iterfind(".//tbody//th")} == {"row"}
    assert not {name for e in html.iter() for name in e.attrib} & {"style", "align", "border"}
    shown = [[e.text.replace(" %", "%") for e in tr] for tr in html.iterfind(".//tbody/tr")]
    assert shown == rows
    return rows


def test_history_has_a_row_for_each_epoch():
    history = History([2.5, 2.0, 0.1, 0.02345], [0.1, 0.5, 0.98765], [0.1, 0.25, 0.96], 2)
    assert repr(history) == str(history)
    assert cells(history) == [
        ["before", "0", "–", "10.0%", "10.0%"],
        ["1", "2", "2.250", "50.0%", "25.0%"],
        ["2", "4", "0.062", "98.8%", "96.0%"],
    ]


@pytest.mark.parametrize(
    ("epochs", "shown"),
    [
        (1, [1]),
        (11, range(1, 12)),
        (12, [1, 2, 4, 6, 8, 10, 12]),
        (25, [1, 3, 6, 9, 12, 15, 18, 21, 24, 25]),
        (30, [1, *range(3, 31, 3)]),
        (200, [1, *range(20, 201, 20)]),
    ],
)
def test_history_of_many_epochs_has_twelve_rows_at_most(epochs, shown):
    losses = np.arange(3.0 * epochs)  # the mean of the three in epoch e is 3e - 2
    accuracies = list(np.arange(epochs + 1) / 1000)
    rows = cells(History(list(losses), accuracies, accuracies[::-1], steps_per_epoch=3))
    expected = [[f"{e}", f"{3 * e}", f"{3 * e - 2:.3f}"] for e in shown]
    assert [row[:3] for row in rows[1:]] == expected
    assert [row[3] for row in rows] == [f"{e / 10:.1f}%" for e in (0, *shown)]
    assert [row[4] for row in rows] == [f"{(epochs - e) / 10:.1f}%" for e in (0, *shown)]


def test_history_of_a_loss_that_ran_away_stays_narrow():
    assert cells(History([1.234e250], [0.1, 0.1], [0.1, 0.1], 1))[1][2] == "1.2e+250"


def test_history_of_a_training():
    history = train(net(), DATA, TEST, epochs=2, batch_size=20)
    rows = cells(history)
    assert [row[:2] for row in rows] == [["before", "0"], ["1", "3"], ["2", "6"]]
    assert rows[2][2] == f"{sum(history.losses[3:]) / 3:.3f}"
    assert rows[2][4] == f"{100 * history.test_accuracies[-1]:.1f}%"


def test_progress_off_a_terminal_draws_nothing(capfd):
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_progress_needs_a_length():
    with pytest.raises(TypeError, match="len"):
        list(progress(iter([1]), "counting"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminal of this kind")
def test_progress_in_a_terminal_is_wiped_out():
    import pty
    import termios

    code = "from nnlib.progress import progress\nfor _ in progress(range(9), 'counting'): pass"
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    # No fork of this process, in which JAX may have threads.
    assert subprocess.call([sys.executable, "-c", code], stdout=terminal, stderr=terminal) == 0
    os.close(terminal)
    shown = os.read(screen, 100_000).decode()
    os.close(screen)
    assert "counting:   0%" in shown
    assert shown.rsplit("\r", 2)[-2].strip() == shown.rsplit("\r", 2)[-1] == ""


CELLS = {
    "print('before')\nfor _ in progress(range(40), 'waiting'):\n    sleep(0.01)\nprint('after')": [
        "before\n", "waiting: 40 steps", "after\n",
    ],
    "for _ in progress(range(40), 'one'):\n    sleep(0.01)\n"
    "for _ in progress([], 'two'):\n    pass": ["one: 40 steps", "two: 0 steps"],
    "for i in progress(range(40), 'waiting'):\n    sleep(0.01)\n    if i == 30: break": [
        "waiting: 40 steps",
    ],
    "def f():\n    for i in progress(range(40), 'waiting'):\n        sleep(0.01)\n"
    "        if i == 30: raise RuntimeError\nf()": ["waiting: 40 steps", "RuntimeError"],
    "def f():\n    for i in progress(range(40), 'waiting'):\n        sleep(0.01)\n"
    "        if i == 30: raise KeyboardInterrupt\nf()": ["waiting: 40 steps", "KeyboardInterrupt"],
    "train(TwoLayerNet(2, 3, 2), (np.eye(2), np.arange(2)), (np.eye(2), np.arange(2)),"
    " batch_size=2, epochs=2)": [
        "training: 2 steps",
        "Training (loss: mean over the steps of an epoch)\n"
        " epoch  step   loss  accuracy in training  accuracy in test\n"
        "before     0      –                50.0 %            50.0 %\n"
        "     1     1  0.693                50.0 %            50.0 %\n"
        "     2     2  0.693                50.0 %            50.0 %",
    ],
    "%matplotlib inline\nimport matplotlib.pyplot\nbars({'a': 1, 'b': 20}, 'ms')": [
        "a: 1 ms; b: 20 ms.",
    ],
}  # fmt: skip
IMPORTS = """\
from time import sleep
import numpy as np
from nnlib.network import TwoLayerNet
from nnlib.plot import bars
from nnlib.progress import progress
from nnlib.training import train"""


def test_progress_in_a_notebook_leaves_the_same_on_every_run(tmp_path):
    updates = []

    class Client(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            if msg["msg_type"] == "update_display_data":
                updates.append(msg["content"]["data"]["text/plain"])
            return super().process_message(msg, cell, cell_index)

    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(code, id=f"cell-{i}") for i, code in enumerate([IMPORTS, *CELLS])]
    for cell in cells:
        cell.metadata.tags = ["raises-exception"] if "raise " in cell.source else []
    notebook = new_notebook(cells=cells, metadata=kernel)
    Client(notebook, kernel_name="python3", record_timing=False).execute()

    assert notebook.cells[0].outputs == []
    for cell, expected in zip(notebook.cells[1:], CELLS.values(), strict=True):
        found = [o.get("text") or o.get("ename") or o["data"]["text/plain"] for o in cell.outputs]
        assert found == expected
        assert "stderr" not in [output.get("name") for output in cell.outputs]
    assert any("%|" in text and "| 40/40" not in text for text in updates)  # a bar was there

    nbformat.write(notebook, tmp_path / "progress.ipynb")
    nbval = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    assert nbval.returncode == 0, nbval.stdout
    assert f"{len(notebook.cells)} passed" in nbval.stdout


MNIST = Path(__file__).parents[2] / "shared/data/mnist"


@pytest.mark.parametrize(
    ("load", "size", "options", "passes"),
    [
        (load_digits, 64, {"epochs": 30, "learning_rate": 0.2}, 0.92),
        # The larger data is not a part of the project; the test uses it where it lies beside it.
        *([(load_mnist, 784, {"epochs": 5}, 0.94)] if MNIST.exists() else []),
    ],
)
def test_a_network_learns_to_read_digits(load, size, options, passes, monkeypatch):
    monkeypatch.setenv("NNLIB_DATA", str(MNIST))
    history = train(TwoLayerNet(size, 50, 10), *load(), **options)
    assert history.test_accuracies[-1] > passes
