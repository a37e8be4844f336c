"""Chapter 11, training: its numbers, its exercises, its quiz."""

import itertools
import json
import os
import socket

import numpy as np
import pooch
import pytest
from chapter import CHAPTERS, Chapter

from nnlib.datasets import MNIST_FILES
from nnlib.gradient import gradient_check
from nnlib.layers import Affine
from nnlib.network import TwoLayerNet
from nnlib.training import History, train

CHAPTER = Chapter("11-training")


# --- Oracles that use nothing of nnlib ---


def scores(p, x):
    """Return the scores of a batch, in plain NumPy."""
    return np.maximum(0, x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]


def probabilities(p, x):
    """Return the probabilities of a batch, in plain NumPy."""
    e = np.exp(scores(p, x))
    return e / e.sum(axis=1, keepdims=True)


def written_out(p, x, t):
    """Return the gradient of a two-layer network, in plain NumPy; a test compares it with JAX."""
    hidden = np.maximum(0, x @ p["W1"] + p["b1"])
    d = (probabilities(p, x) - np.eye(10)[t]) / len(t)
    back = (d @ p["W2"].T) * (hidden > 0)
    return {"W1": x.T @ back, "b1": back.sum(0), "W2": hidden.T @ d, "b2": d.sum(0)}


def descend(inputs, label, w, b, rate, steps=1):
    """Return w, b and the loss after steps of gradient descent on one neuron."""
    for _ in range(steps):
        error = w * inputs + b - label
        w, b = w - rate * 2 * error * inputs, b - rate * 2 * error
    return w, b, (w * inputs + b - label) ** 2


def stored(mark):
    """Return the first stored code cell that holds `mark`."""
    notebook = json.loads((CHAPTERS / f"{CHAPTER.name}.ipynb").read_text(encoding="utf-8"))
    return next(c for c in notebook["cells"] if mark in "".join(c["source"]))


# --- The sections ---


def test_one_neuron():
    found = CHAPTER.at("GraphFigure(\n    loss")
    graph = found["GraphFigure"](found["loss"], {"w": (-2, 6, 0.1), "b": (-2, 6, 0.1)}).graph
    assert graph.at().gradients["w"] == -16
    assert graph.at().gradients["b"] == -8  # half of it
    assert round(graph.at(w=1.1).values["loss"], 6) == 14.44
    assert (graph.at(w=3).values["loss"], graph.at(w=3).gradients["w"]) == (0, 0)
    assert (graph.at(b=5).values["loss"], graph.at(b=5).gradients["b"]) == (0, 0)
    CHAPTER.says("from 16 to 14.44, a fall of 1.56", "promised 16 × 0.1 = 1.6", "twice as far")

    found = CHAPTER.at("dw, db = dy * x, dy")
    w, b, _ = descend(2, 7, 1, 1, 0.05, steps=4)
    assert (found["w"], found["b"]) == pytest.approx((w, b))
    assert found["losses"] == [16, 4, 1, 0.25]


@pytest.mark.parametrize(
    ("rate", "factor", "outcome", "row"),
    [
        (0.01, 0.9, "creeps", "creeps, and is not there after 20 steps"),
        (0.05, 0.5, "arrives", "arrives"),
        (0.1, 0, "arrives", "arrives in one step"),
        (0.15, -0.5, "arrives", "jumps across the valley, and arrives"),
        (0.2, -1, "turns", "jumps to and fro between two points"),
        (0.25, -1.5, "away", "runs away"),
    ],
)
def test_step_sizes(rate, factor, outcome, row):
    found = CHAPTER.at("SurfaceFigure(\n    valley")
    w, b, _ = descend(2, 7, 1, 1, rate)
    assert (2 * w + b - 7) / -4 == pytest.approx(factor, abs=1e-12)
    CHAPTER.says(f"| {rate} | {factor} | {row} |".replace("-", "−"))

    figure = found["SurfaceFigure"](
        found["valley"], (-2, 6), (-2, 6), start=(1, 1), steps=20,
        step_size=rate, step_sizes=(0.01, 0.25, 0.01), name="fig-x",
    )  # fmt: skip
    assert figure.outcome == outcome
    errors = 2 * figure.path[:, 0] + figure.path[:, 1] - 7
    assert np.allclose(errors, -4 * float(factor) ** np.arange(21), atol=1e-9)
    assert (abs(errors[1]) < 1e-9) == (rate == 0.1)


def test_the_network_is_that_of_the_library():
    found = CHAPTER.at("mine, theirs =")
    x, t = found["x"], found["t"]
    fresh = TwoLayerNet(64, 50, 10, weight_init_std=0.1)  # the chapter's has been trained since
    oracle = written_out(fresh.params, x, t)
    for name, theirs in fresh.gradient(x, t).items():
        assert np.allclose(found["mine"][name], oracle[name], rtol=1e-9, atol=1e-13)
        assert np.allclose(found["mine"][name], theirs, rtol=1e-12)
    assert np.allclose(found["predict"](x), scores(found["params"], x), rtol=1e-12)
    assert (len(found["x_train"]), len(found["x_test"])) == (1440, 357)
    assert (found["x_train"].min(), found["x_train"].max()) == (0, 1)
    CHAPTER.says("**{term}`training set`** of 1,440 pictures", "of 357 is kept aside")


def test_the_gradient_of_the_trained_network_is_that_of_jax():
    jax = pytest.importorskip("jax", reason="JAX has no package for this computer")
    found = CHAPTER.at("slow, numerical = measure")
    x, t = found["x_train"][:100], found["t_train"][:100]

    def loss(p):
        scores = jax.numpy.maximum(0, x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        return -jax.numpy.mean(jax.nn.log_softmax(scores)[np.arange(100), t])

    with jax.enable_x64(True):
        oracle = jax.jit(jax.grad(loss))(dict(found["net"].params))
        oracle = {name: np.asarray(array) for name, array in oracle.items()}
    for name, array in oracle.items():
        for other in (found["derived"], written_out(found["net"].params, x, t)):
            assert np.allclose(other[name], array, rtol=1e-9, atol=1e-13)
        assert abs(found["numerical"][name] - array).max() < 1e-9
    CHAPTER.says("no entry differs by more than a billionth")


def test_the_check_locates_the_planted_bug():
    found = CHAPTER.at("class ForgetfulRelu")
    report = found["report"]
    assert [row.name for row in report.rows if not row.passed] == ["W1", "b1"]
    CHAPTER.says("`W2` and `b2` are right, `W1` and `b1` are wrong")
    x, t = found["x"], found["t"]
    derived, oracle = found["buggy"].gradient(x, t), written_out(found["buggy"].params, x, t)
    assert [n for n in derived if not np.allclose(derived[n], oracle[n])] == ["W1", "b1"]


def test_the_training_run():
    found = CHAPTER.at("TrainingFigure(\n    history")
    history, net, x, t = (found[n] for n in ("history", "net", "x_test", "t_test"))
    right = int((scores(net.params, x).argmax(axis=1) == t).sum())
    assert (right, f"{right / 357:.1%}") == (332, "93.0%")
    assert f"{history.train_accuracies[-1]:.1%}" == "97.1%"
    CHAPTER.says(
        "332 of the 357 test pictures are read correctly, 93.0 %", "the accuracy is 97.1 %"
    )
    assert round(100 / 357, 1) == 0.3
    assert round(100 * max(abs(np.diff(history.test_accuracies[10:])))) == 4
    CHAPTER.says("0.3 percentage points", "still wavers by about four")
    assert (history.steps_per_epoch, 1440 % 100) == (15, 40)

    film = {s.step: s for s in history.snapshots}
    chosen = found["chosen"]
    of_label = {
        step: probabilities(s.params, x[chosen])[range(5), t[chosen]] for step, s in film.items()
    }
    assert np.all(abs(of_label[0] - 0.1) < 0.05)
    assert round(film[64].test_accuracy, 2) == 0.87
    assert round(of_label[64][0], 2) == 0.32
    assert np.array_equal(scores(film[64].params, x[chosen]).argmax(axis=1), t[chosen])
    CHAPTER.says("At step 64 all five", "87 % of the whole test set", "no more than 32 %")
    assert t[chosen[4]] == 5
    assert max(of_label, key=lambda step: of_label[step][4]) == 85
    assert [round(of_label[step][4], 2) for step in (85, 450)] == [0.34, 0.09]
    CHAPTER.says("a 5. Its probability climbs to 34 % at step 85, sinks to 9 % by the end")
    last = probabilities(net.params, x[chosen]).argmax(axis=1)
    assert last.tolist() == [*t[chosen[:4]].tolist(), 1]

    found = CHAPTER.at("wrong = np.flatnonzero")
    assert 357 - right == 25
    pairs = list(zip(found["answers"][found["wrong"]], t[found["wrong"]], strict=True))
    assert sum(answer == 1 for answer, _ in pairs) == 5
    assert sum(answer == 9 for answer, _ in pairs) == 3


def test_what_the_accuracy_does_not_tell():
    found = CHAPTER.at("softmax(net.predict(odd))")
    net, x, t = found["net"], found["x_test"].reshape(-1, 8, 8), found["t_test"]
    moved = np.pad(x, ((0, 0), (0, 0), (1, 0)))[:, :, :8].reshape(-1, 64)
    assert np.array_equal(moved, found["shifted"].reshape(-1, 64))
    assert 0.3 < np.mean(scores(net.params, moved).argmax(axis=1) == t) < 0.5
    most = probabilities(net.params, found["odd"]).max(axis=1)
    assert (round(most[0], 2), round(most[1], 2)) == (0.14, 0.9)
    assert not found["odd"][0].any()
    assert set(found["odd"][1:].ravel()) == {0, 1}
    CHAPTER.says("no digit gets more than 0.14", "of the first random picture it is 90 % sure")
    answers = scores(net.params, found["odd"]).argmax(axis=1)
    assert answers.tolist() == [4, 9, 3, 2, 1]
    alt = stored("odd = np.vstack")["metadata"]["mystnb"]["image"]["alt"]
    assert "read as a 4" in alt
    assert alt.endswith("read as 9, 3, 2 and 1.")


def test_rates_for_the_network():
    found = CHAPTER.at("Losses of {len(curve)} steps")
    curves, nets = found["curves"], found["nets"]
    assert [round(float(np.mean(c[-15:])), 2) for c in curves.values()] == [2.25, 0.31, 2.36]
    assert round(max(curves[10])) == 87
    assert np.argmax(curves[10]) < 10
    hidden = found["x_train"] @ nets[10].params["W1"] + nets[10].params["b1"]
    assert hidden.max() <= 0
    assert not nets[10].gradient(found["x_train"], found["t_train"])["W1"].any()
    CHAPTER.says("the loss jumps to 87 in", "near the 2.3 of a guesser", "all 50 ReLUs off")


def test_the_cost_of_numerical_gradients():
    found = CHAPTER.at("slow, numerical = measure")
    assert found["slow"] / found["fast"] > 500
    sizes = [64 * 50 + 50 + 50 * 10 + 10, 784 * 50 + 50 + 50 * 10 + 10]
    assert [found["count"], 39760] == sizes
    assert 100 < (39760 * (784 * 50 + 500)) / (3760 * (64 * 50 + 500)) < 120
    CHAPTER.says("39{,}760$ parameters", "79,520 forward passes", "a hundred times")
    caption = stored("plot.bars(")["metadata"]["mystnb"]["figure"]["caption"]
    assert "one gradient of 3,760 parameters" in caption


def test_check_it_judges_the_neuron():
    found = CHAPTER.end
    wrong = found["gradient_check"](
        lambda v: (v["w"] * 2 + v["b"] - 7) ** 2, {"w": 1.0, "b": 1.0}, {"w": 16.0, "b": -8.0}
    )
    assert [row.passed for row in wrong.rows] == [False, True]


def test_mistakes():
    found = CHAPTER.at("0.05 * dy * 2, b + 0.05 * dy")
    assert found["losses"] == [16, 36, 81]

    data, of_start = CHAPTER.end, TwoLayerNet(64, 50, 10).params
    for in_place in (True, False):
        params = {name: array.copy() for name, array in of_start.items()}
        first, second = Affine(params["W1"], params["b1"]), Affine(params["W2"], params["b2"])
        for name, gradient in written_out(params, data["x_train"], data["t_train"]).items():
            if in_place:
                params[name] -= 0.2 * gradient
            else:
                params[name] = params[name] - 0.2 * gradient
        seen = {"W1": first.W, "b1": first.b, "W2": second.W, "b2": second.b}
        same = [np.array_equal(seen[name], of_start[name]) for name in seen]
        assert same == [not in_place] * 4
    CHAPTER.says("the loss would not move at all")

    found = CHAPTER.at("of_the_sum =")
    assert len(found["report"].rows) == len(found["wrong"]) == 4

    flawed = CHAPTER.at("flawed = train")["flawed"]
    assert 0.930 < flawed.test_accuracies[-1] < 0.945
    CHAPTER.says("even a little better than the right one")
    lucky = CHAPTER.at("lucky = train")["lucky"]
    assert lucky.train_accuracies[-1] == 1
    assert round(lucky.test_accuracies[-1], 2) == 0.78


# --- MNIST ---


@pytest.mark.parametrize("fault", ["missing", "damaged"])
def test_the_mnist_cell_never_downloads(fault, tmp_path, monkeypatch):
    found = dict(CHAPTER.at("load_digits()"))

    def no_network(*_):
        raise AssertionError("the chapter opens a connection")

    if fault == "damaged":
        for name in MNIST_FILES:
            (tmp_path / f"{name}-ubyte.gz").write_bytes(b"no picture")
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(pooch, "retrieve", no_network)
    exec(next(source for source in CHAPTER.code if "load_mnist(download=False)" in source), found)
    assert "load_mnist()" in found["mnist"]
    assert "\n" not in found["mnist"]


def test_the_chapter_was_stored_without_mnist():
    (output,) = stored("load_mnist(download=False)")["outputs"]
    assert "Not here" in "".join(output["data"]["text/plain"])


def test_mnist_gives_what_the_chapter_says():
    history = CHAPTER.end["mnist"]
    if not isinstance(history, History):
        where = os.environ.get("NNLIB_DATA") or pooch.os_cache("nnlib")
        pytest.skip(f"MNIST is not in {where}; load_mnist() would download it")
    assert len(history.test_accuracies) == 1 + 3
    assert round(history.test_accuracies[-1], 2) == 0.97
    assert len(history.losses) == 3 * 600
    CHAPTER.says("Three epochs take a few seconds and give 97 % on the test set")


# --- Exercises ---


def paper():
    names = CHAPTER.after("ex-training-1")
    error = 1 * 3 + 1 - 2
    assert (error**2, 2 * error * 3, 2 * error) == (4, 12, 4)
    ends = [descend(3, 2, 1, 1, rate) for rate in (0.05, 0.1, 0.025)]
    assert np.allclose(ends, [(0.4, 0.8, 0), (-0.2, 0.6, 4), (0.7, 0.9, 1)])
    assert [names["loss_after"](rate) for rate in (0.05, 0.1, 0.025)] == [0, 4, 1]
    factors = [(3 * w + b - 2) / error for w, b, _ in ends]
    assert np.allclose(factors, [0, -1, 0.5])
    assert "0, −1 and 0.5" in CHAPTER.solution("ex-training-1")
    assert "the derivatives 12 and 4" in CHAPTER.exercises["ex-training-1"]


def accuracy_of_each():
    names, before = CHAPTER.after("ex-training-2"), CHAPTER.before("ex-training-2")
    answers, t = names["answers"], names["t_test"]
    table = np.zeros((10, 10))
    np.add.at(table, (t, answers), 1)
    expected = np.round(np.diag(table) / table.sum(axis=1), 2).tolist()
    assert names["accuracy_of_each"](answers, t) == expected
    assert (expected.count(1.0), min(expected)) == (3, 0.74)
    assert (expected[8], table[8].sum(), table[8].sum() - table[8, 8]) == (0.74, 39, 10)
    assert "of 39, ten are misread" in CHAPTER.solution("ex-training-2")
    assert before["accuracy_of_each"](answers, t) != expected


def momentum():
    names, before = CHAPTER.after("ex-training-3"), CHAPTER.before("ex-training-3")
    x, t = names["x_train"], names["t_train"]
    assert round(before["net"].loss(x, t), 2) == 1.42
    assert round(names["net"].loss(x, t), 2) == 0.13
    # the same steps in another form: v is the sum of all gradients, each fading by 0.9
    other = TwoLayerNet(64, 50, 10, weight_init_std=0.1)
    rng, fading = np.random.default_rng(0), dict.fromkeys(other.params, 0.0)
    for _ in range(150):
        batch = rng.choice(len(x), 100, replace=False)
        for name, gradient in written_out(other.params, x[batch], t[batch]).items():
            fading[name] = 0.9 * fading[name] + gradient
            other.params[name] = other.params[name] - 0.05 * fading[name]
    assert np.allclose(other.params["W1"], names["net"].params["W1"], rtol=1e-6)


def broken_affine():
    names, before = CHAPTER.after("ex-training-4"), CHAPTER.before("ex-training-4")
    W, b, four, layer_check = (names[n] for n in ("W", "b", "four", "layer_check"))

    def flagged(layer):
        return [row.name for row in layer_check(layer(W, b), four).rows if not row.passed]

    assert flagged(before["BrokenAffine"]) == []
    assert flagged(names["MeanBias"]) == ["b"]
    assert flagged(names["WrongSign"]) == ["x"]
    suspect, x, t = (names[n] for n in ("suspect", "x", "t"))
    derived, oracle = suspect.gradient(x, t), written_out(suspect.params, x, t)
    assert [n for n in derived if not np.allclose(derived[n], oracle[n])] == ["W1", "b1"]
    assert "`W1` and `b1`" in CHAPTER.solution("ex-training-4")


def weights_at_zero():
    names, before = CHAPTER.after("ex-training-5"), CHAPTER.before("ex-training-5")
    moved, accuracy = before["what_moves"](std=0.1)
    assert (moved, accuracy > 0.9) == (["W1", "b1", "W2", "b2"], True)
    x, t = names["x_train"], names["t_train"]
    zero = {name: np.zeros_like(a) for name, a in TwoLayerNet(64, 50, 10).params.items()}
    oracle = written_out(zero | {"b2": np.arange(10.0)}, x, t)
    assert [name for name in oracle if np.abs(oracle[name]).max() > 1e-12] == ["b2"]
    moved, accuracy = names["what_moves"](std=0)
    assert moved == ["b2"]
    shown = stored("what_moves(std=0)")["outputs"][-1]["data"]["text/plain"]
    assert str((moved, accuracy)) == "".join(shown)
    assert 0.05 < accuracy < 0.15
    assert gradient_check(
        lambda b: -np.mean((b - np.log(np.exp(b).sum()))[t]), np.arange(10.0), oracle["b2"]
    )


EXERCISES = {
    "ex-training-1": paper,
    "ex-training-2": accuracy_of_each,
    "ex-training-3": momentum,
    "ex-training-4": broken_affine,
    "ex-training-5": weights_at_zero,
}


# --- Quiz ---


def one_step():
    w, b, rate = 1, 1, 0.05
    return f"{round(descend(2, 7, w, b, rate)[0] - w, 6):g}".replace("-", "−")


def new_pictures():
    """Ask the network of 100 pictures about 1,000 that it never saw."""
    found = CHAPTER.at("lucky = train")
    assert round(100 * found["lucky"].test_accuracies[-1]) == 78
    x, t = found["x_train"][100:1100], found["t_train"][100:1100]
    right = 1000 * np.mean(scores(found["few"].params, x).argmax(axis=1) == t)
    return min(("1000", "780", "890"), key=lambda title: abs(int(title) - right))


def where_the_bug_is():
    """Plant a wrong dx at each place of a network of three affine layers."""
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((5, 4)), rng.integers(0, 3, 5)
    sizes = list(itertools.pairwise((4, 6, 6, 3)))
    p = {f"W{k}": rng.standard_normal(s) for k, s in enumerate(sizes, 1)}
    p |= {f"b{k}": rng.standard_normal(s[1]) for k, s in enumerate(sizes, 1)}

    def forward():
        values = [x]
        for k in (1, 2, 3):
            z = values[-1] @ p[f"W{k}"] + p[f"b{k}"]
            values.append(z if k == 3 else np.maximum(0, z))
        e = np.exp(values[-1])
        return values, e / e.sum(axis=1, keepdims=True)

    def loss(_):
        return -np.mean(np.log(forward()[1][np.arange(5), t]))

    def wrong(place):
        values, y = forward()
        d = (y - np.eye(3)[t]) / 5 * (2 if place == "In the softmax with loss" else 1)
        found = {}
        for k, name in ((3, "third"), (2, "second"), (1, "first")):
            found |= {f"W{k}": values[k - 1].T @ d, f"b{k}": d.sum(axis=0)}
            d = d @ p[f"W{k}"].T * (2 if place == f"In the {name} affine layer's dx" else 1)
            d = d * (values[k - 1] > 0)
        report = gradient_check(loss, p, found)
        return {row.name for row in report.rows if not row.passed}

    question = next(q for q in CHAPTER.quiz if "three affine layers" in q)
    titles = [title for title, _ in CHAPTER.quiz[question]]
    (place,) = (title for title in titles if wrong(title) == {"W1", "b1"})
    return place


def next_rate():
    """Try the three answers on the network whose loss jumped to 87."""
    found = CHAPTER.at("Losses of {len(curve)} steps")
    data = (found["x_train"], found["t_train"]), (found["x_test"], found["t_test"])

    def end(rate, net=None):
        net = net or TwoLayerNet(64, 50, 10, weight_init_std=0.1)
        try:
            return np.mean(train(net, *data, epochs=10, learning_rate=rate).losses[-15:])
        except ValueError:  # no longer finite
            return np.inf

    ends = {
        "A larger one": end(100),
        "A smaller one": end(1),
        "The same one, for more epochs": end(10),
    }
    assert ends["A smaller one"] < 0.5 < 2 < sorted(ends.values())[1]
    return min(ends, key=ends.__getitem__)


QUIZ = {
    "The derivative of the loss with respect to $w$ is −16, and the learning rate is 0.05. "
    "By how much does one step change $w$?": one_step,
    "A network learnt from 100 pictures reads all of these correctly, and 78 % of a test set. "
    "About how many of 1,000 new pictures by the same people will it read correctly?": new_pictures,
    "In a network of three affine layers the check says: `W3`, `b3`, `W2` and `b2` right, "
    "`W1` and `b1` wrong. Where may the bug be?": where_the_bug_is,
    "In the first steps the loss jumps from 2.3 to 87; from then on it stays at 2.3. "
    "Which learning rate do you try next?": next_rate,
}
