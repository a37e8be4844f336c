"""TrainingFigure in Python: its numbers, its pictures, how large it is, what it refuses."""

import gzip
import json
import pickle
import re

import numpy as np
import pytest
from lxml import html

from nnlib.datasets import load_digits
from nnlib.live.training_figure import TrainingFigure
from nnlib.network import TwoLayerNet
from nnlib.training import History, Snapshot, train

TRAIN, TEST = load_digits()
DIGITS = TEST[0][5:11], TEST[1][5:11]  # 3, 5, 1, 0, 0, 1


def record(network, epochs=30, **options):
    return train(network, TRAIN, TEST, epochs=epochs, learning_rate=0.2, **options)


@pytest.fixture(scope="module")
def net():
    return TwoLayerNet(64, 32, 10, weight_init_std=0.1)


@pytest.fixture(scope="module")
def history(net):
    return record(net, snapshots=24)


@pytest.fixture
def figure(history, net):
    return TrainingFigure(history, net, DIGITS, name="fig-training", caption="It <learns>.")


def softmax_by_hand(params, x):
    scores = np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def page_of(figure):
    root = html.fromstring(figure._repr_mimebundle_()["text/html"])
    return root, json.loads(root.find(".//script").text)


def levels_of(letters):
    """Letters a to o, a word for each row of pixels, as levels from -7 to 7."""
    return np.array([[ord(letter) - ord("h") for letter in row] for row in letters.split()])


def pixels_of(svg, size):
    """Draw the strokes of an SVG onto pixels: the level of each, and no pixel twice."""
    drawn = np.zeros(size, int)
    for sign, kind in (1, "nn-plus"), (-1, "nn-minus"):
        for level, path in enumerate(svg.xpath(f"./g[@class='{kind}']/path"), 1):
            x = y = 0
            for dx, dy, n in re.findall(r"m(-?\d+) (-?\d+)h(\d+)", path.get("d")):
                x, y = x + int(dx), y + int(dy)
                assert not drawn[y, x : x + int(n)].any()
                drawn[y, x : x + int(n)] = sign * level
                x += int(n)
    return drawn


def test_the_numbers_are_those_of_the_training(figure, history):
    assert (figure.sliders["step"].max, figure.sliders["step"].value) == (21, 21)
    for k, snapshot in enumerate(history.snapshots):
        figure.sliders["step"].value = k
        batch = min(snapshot.step, 449)
        assert figure.values == {
            "step": snapshot.step,
            "epoch": (snapshot.step + 14) // 15,
            "mini-batch": batch + 1,
            "loss": history.losses[batch],
            "train accuracy": snapshot.train_accuracy,
            "test accuracy": snapshot.test_accuracy,
        }
        expected = softmax_by_hand(snapshot.params, DIGITS[0])
        np.testing.assert_allclose(figure.probabilities, expected, rtol=1e-10)
    assert figure.values["test accuracy"] == history.test_accuracies[-1]
    assert figure.values["loss"] == history.losses[-1]


def test_the_page_has_the_same_numbers_and_how_exact_they_are(figure, history):
    _, data = page_of(figure)
    scale = max(abs(s.params["W1"][:, :16]).max() for s in history.snapshots)
    assert len(data["moments"]) == len(history.snapshots) == 22
    for k, (moment, snapshot) in enumerate(zip(data["moments"], history.snapshots, strict=True)):
        figure.sliders["step"].value = k
        for name, value in figure.values.items():
            assert moment["numbers"][name][0] == pytest.approx(value, rel=1e-12, abs=0)
        shown = np.array(moment["probabilities"]).reshape(6, 10) / 1e6
        np.testing.assert_allclose(shown, figure.probabilities, rtol=0, atol=0.5001e-6)
        levels = levels_of(moment["weights"]).reshape(16, 64)
        expected = snapshot.params["W1"][:, :16].T / scale
        strong = abs(levels) > 1
        np.testing.assert_allclose(levels[strong] / 7, expected[strong], rtol=0, atol=0.50001 / 7)
        assert abs(expected[~strong]).max() < 1.50001 / 7
        seen = abs(expected) >= 0.01
        np.testing.assert_array_equal(levels != 0, seen)
        np.testing.assert_array_equal(np.sign(levels[seen]), np.sign(expected[seen]))


def test_units_of_small_weights_are_not_blank():
    weights = np.zeros((6, 2))
    weights[:, 0], weights[:, 1] = 1.0, [0.02, -0.02, 0.011, -0.011, 0.009, 0]
    moments = [Snapshot(0, {"W": np.hstack([weights, weights[:, :1]]), "b": np.zeros(3)}, 0.5, 0.5)]
    history = History([1.0], [0.5], [0.5], 1, moments)
    figure = TrainingFigure(history, OwnNet(), (np.zeros((1, 6)), [0]), shape=(2, 3), units=2)
    root, data = page_of(figure)
    assert levels_of(data["moments"][0]["weights"])[2:].ravel().tolist() == [1, -1, 1, -1, 0, 0]
    legend = root.xpath("//div[@class='nn-weights']/p[last()]")[0].text_content().split()
    assert " ".join(legend) == (
        "striped: negative, down to −1 solid: positive, up to 1 blank: smaller than 0.01"
    )


@pytest.mark.parametrize("start", [0, 9, -1])
def test_without_a_script_the_moment_at_the_start_stands_there(history, net, start):
    figure = TrainingFigure(history, net, DIGITS, start=start)
    root, data = page_of(figure)
    moment = data["moments"][start]
    for name, value in figure.values.items():
        (place, *_) = root.xpath("//*[@data-value-of=$name]", name=name)
        assert float(place.get("data-exact")) == pytest.approx(value, rel=1e-12, abs=0)
        assert place.text == moment["numbers"][name][1]
    for i in range(6):
        cells = root.xpath(f"//td[starts-with(@data-value-of, 'probabilities[{i}]')]")
        shown = [float(cell.get("data-exact")) for cell in cells]
        np.testing.assert_allclose(shown, figure.probabilities[i], rtol=0, atol=0.5001e-6)
        texts = [float(cell.text.removesuffix(" %")) / 100 for cell in cells]
        np.testing.assert_allclose(texts, shown, rtol=0, atol=0.50001e-3)
        bars = root.xpath("//div[@class='nn-digits']//table")[i].xpath(".//rect")
        widths = [float(bar.get("width")) for bar in bars]
        np.testing.assert_allclose(widths, 100 * np.array(shown))

    expected = np.zeros((35, 35), int)  # four by four pictures of 8 by 8, and one pixel between
    for j, unit in enumerate(levels_of(moment["weights"]).reshape(16, 8, 8)):
        expected[j // 4 * 9 :, j % 4 * 9 :][:8, :8] = unit
    assert abs(expected).max() > 1
    svg = root.xpath("//svg[@class='nn-units']")[0]
    assert svg.get("viewbox") == "0 0 35 35"
    np.testing.assert_array_equal(pixels_of(svg, (35, 35)), expected)


def test_the_right_answer_and_what_the_network_says(history, net):
    root, _ = page_of(TrainingFigure(history, net, DIGITS))
    tables = root.xpath("//div[@class='nn-digits']//table")
    right = [table.xpath(".//tr[@class='nn-right']/th")[0].text for table in tables]
    assert right == ["3 ✓", "5 ✓", "1 ✓", "0 ✓", "0 ✓", "1 ✓"]
    read = [table.xpath("./caption/span")[0].text for table in tables]
    answers = net.predict(DIGITS[0]).argmax(axis=1)
    assert (answers != DIGITS[1]).sum() == 1  # the second
    assert read == [
        f"read as {a}" + " ✗" * int(a != t) for t, a in zip(DIGITS[1], answers, strict=True)
    ]


def test_marks_stand_on_the_curves(history, net):
    """Each mark at its number, by the labels of the axes: from places to numbers and back."""
    root, data = page_of(TrainingFigure(history, net, DIGITS))
    plots = root.xpath("//div[@class='nn-plots']/svg")
    scales = []
    for svg in plots:
        labels = {"middle": [], "end": []}
        for text in svg.xpath("./g[@class='nn-axes']/text"):
            at = float(text.get("x" if text.get("text-anchor") == "middle" else "y"))
            if re.fullmatch(r"[\d.]+", text.text):
                labels[text.get("text-anchor")].append((at, float(text.text)))
        scales.append([np.polyfit(*np.array(pairs).T, 1) for pairs in labels.values()])
    for moment, snapshot in zip(data["moments"], history.snapshots, strict=True):
        line, loss, line2, train_, test = moment["at"]
        (x, y), (x2, y2) = scales
        for at, scale in (line, x), (loss, x), (line2, x2), (train_, x2), (test, x2):
            assert np.polyval(scale, at[0]) == pytest.approx(snapshot.step, abs=0.5)
        # A number of the axis stands 5 units below its line, so that it is level with it.
        assert np.polyval(y, loss[1] + 5) == pytest.approx(moment["numbers"]["loss"][0], abs=0.02)
        for at, share in (train_, snapshot.train_accuracy), (test, snapshot.test_accuracy):
            assert np.polyval(y2, at[1] + 5) == pytest.approx(100 * share, abs=0.5)


def test_text_with_true_numbers(figure, history):
    figure.sliders["step"].value = 0
    start = repr(figure).splitlines()
    assert start[0] == "Training, step 0 of 450, epoch 0"
    assert start[1] == f"loss of mini-batch 1: {history.losses[0]:.3f}"
    figure.sliders["step"].value = 21
    lines = figure._repr_mimebundle_()["text/plain"].splitlines()
    assert lines[0] == "Training, step 450 of 450, epoch 30"
    train_, test = history.train_accuracies[-1], history.test_accuracies[-1]
    assert lines[2] == f"accuracy: {100 * train_:.1f} % in training, {100 * test:.1f} % in test"
    assert [line.split()[:3] for line in lines[4:6]] == [["1", "3", "3"], ["2", "5", "1"]]


def zipped(figure):
    return len(gzip.compress(figure.view.html.encode(), 9, mtime=0))


def test_the_page_is_small(figure):
    assert zipped(figure) < 16_000
    assert len(figure.view.html) < 80_000


def test_the_page_is_small_with_pictures_as_large_as_those_of_mnist():
    """The 8x8 pictures three times as large, with a margin of 2: the size of MNIST's."""

    def enlarged(x):
        return np.pad(np.kron(x.reshape(-1, 8, 8), np.ones((3, 3))), ((0, 0), (2, 2), (2, 2)))

    (x, t), (x_test, t_test) = (
        (enlarged(x[:400]).reshape(-1, 784).astype(np.float32), t[:400]) for x, t in (TRAIN, TEST)
    )
    net = TwoLayerNet(784, 100, 10, weight_init_std=0.05, dtype=np.float32)
    history = train(net, (x, t), (x_test, t_test), epochs=40, batch_size=20, snapshots=25)
    digits = x_test[:6], t_test[:6]
    figure = TrainingFigure(history, net, digits, shape=(28, 28))
    assert len(history.snapshots) > 20
    assert zipped(figure) < 60_000
    assert "the first 16 of 100 hidden units" in figure.view.html


def test_it_is_the_same_each_time_and_names_and_captions_are_escaped(figure, history, net):
    again = TrainingFigure(history, net, DIGITS, name="fig-training", caption="It <learns>.")
    assert again.view.html == figure.view.html
    root, _ = page_of(figure)
    assert (root.get("id"), root.get("data-kind")) == ("fig-training", "training")
    assert root.findtext(".//figcaption") == "It <learns>."
    assert [s.get("data-input") for s in root.xpath("//input[@type='range']")] == ["step"]
    assert not root.xpath("//@style | //@onclick | //script[not(@type='application/json')]")


def test_the_last_bits_of_a_processor_do_not_change_the_page(figure, history, net):
    rng = np.random.default_rng(0)

    def jitter(x):
        return x * (1 + rng.uniform(-1e-15, 1e-15, np.shape(x)))

    other = History(
        [float(jitter(loss)) for loss in history.losses],
        history.train_accuracies,
        history.test_accuracies,
        history.steps_per_epoch,
        [s._replace(params={n: jitter(p) for n, p in s.params.items()}) for s in history.snapshots],
    )
    again = TrainingFigure(other, net, DIGITS, name="fig-training", caption="It <learns>.")
    assert again.values["loss"] != figure.values["loss"]
    assert again.view.html == figure.view.html


def test_nothing_of_the_caller_is_changed(history, net):
    digits = DIGITS[0].copy(), DIGITS[1].copy()
    for array in digits:
        array.setflags(write=False)
    before = pickle.dumps((net, history, digits))
    figure = TrainingFigure(history, net, digits)
    figure.sliders["step"].value = 3
    figure.probabilities[...] = 0
    figure.values["loss"] = 0
    assert pickle.dumps((net, history, digits)) == before
    assert figure.probabilities.sum() == pytest.approx(6)
    assert figure.values["loss"] > 1


def test_the_code_makes_the_same_figure(history, net):
    figure = TrainingFigure(history, net, DIGITS, units=5, name="it's", caption='"x"')
    assert run(figure.code, history, net).view.html == figure.view.html
    figure.sliders["step"].value = 4
    moved = run(figure.code, history, net)
    assert moved.values == figure.values
    assert moved.sliders["step"].value == 4


def run(code, history, net):
    """Run copied code, with the names that its comment asks for; its last part is the figure."""
    line, _, call = code.partition("\n\n")
    assert line == "from nnlib.live import TrainingFigure"
    names = {"history": history, "net": net, "x": DIGITS[0], "t": DIGITS[1]}
    return eval(call, names | {"TrainingFigure": TrainingFigure})


class OwnNet:
    """A network of one layer, with its parameters in a plain dict, that a reader might write."""

    def __init__(self):
        self.W, self.b = np.zeros((6, 3)), np.zeros(3)
        self.params = {"W": self.W, "b": self.b}

    def predict(self, x):
        return x.reshape(len(x), -1) @ self.W + self.b  # not by way of params


def test_a_network_of_the_readers_own_and_any_shape():
    rng = np.random.default_rng(0)
    moments = [
        Snapshot(k, {"W": rng.standard_normal((6, 3)), "b": np.zeros(3)}, 0.3, 0.2) for k in (0, 2)
    ]
    history = History([1.5, 0.5], [0.3], [0.2], 2, moments)
    x, t = rng.standard_normal((2, 1, 2, 3)), np.eye(3)[[2, 0]]
    figure = TrainingFigure(history, OwnNet(), (x, t), shape=(2, 3))
    for k in (0, 1):
        figure.sliders["step"].value = k
        e = np.exp(x.reshape(2, 6) @ moments[k].params["W"])
        np.testing.assert_allclose(figure.probabilities, e / e.sum(axis=1, keepdims=True))
    root, data = page_of(figure)
    assert "of all 3 hidden units" in figure.view.html
    assert data["grid"] == [2, 3, 1, 3]  # height, width, gap, pictures in a row
    expected = np.zeros((2, 11), int)
    for j, unit in enumerate(levels_of(data["moments"][1]["weights"]).reshape(3, 2, 3)):
        expected[:, 4 * j : 4 * j + 3] = unit
    np.testing.assert_array_equal(
        pixels_of(root.xpath("//svg[@class='nn-units']")[0], (2, 11)), expected
    )
    assert [table.xpath("string(.//tr[@class='nn-right']/th)") for table in root.xpath("//table")
            ] == ["2 ✓", "0 ✓"]  # fmt: skip


def test_zeros_are_no_trouble():
    history = History([0.0], [1.0, 1.0], [1.0, 1.0], 1, [
        Snapshot(k, {"W": np.zeros((6, 3)), "b": np.zeros(3)}, 1.0, 1.0) for k in (0, 1)
    ])  # fmt: skip
    figure = TrainingFigure(history, OwnNet(), (np.zeros((1, 6)), [0]), shape=(2, 3))
    root, _ = page_of(figure)
    assert not pixels_of(root.xpath("//svg[@class='nn-units']")[0], (2, 11)).any()
    assert figure.probabilities[0] == pytest.approx(np.ones(3) / 3)


X, T = DIGITS
NAN = np.where(np.arange(64) == 20, np.nan, X)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"history": [2.3]}, TypeError, "history must be what .*train returns, got list"),
        ({"history": History([1.0], [0.1, 0.2], [0.1, 0.2], 1)}, ValueError,
         r"no snapshots; record them: train\(..., snapshots=24\)"),
        ({"network": 3}, TypeError, "params and predict; got int"),
        ({"network": TwoLayerNet(64, 31, 10)}, ValueError, r"parameters .*31.* recorded were .*32"),
        ({"network": OwnNet()}, ValueError, "the network that was trained"),
        ({"shape": (8, 9)}, ValueError, r"W1, has shape \(64, 32\); .* 8 by 9 pixels it needs 72"),
        ({"shape": 8}, TypeError, r"shape must be \(height, width\), got 8"),
        ({"shape": (8.0, 8)}, TypeError, r"got \(8.0, 8\)"),
        ({"shape": (-8, -8)}, ValueError, "must be 1 or more"),
        ({"units": 0}, ValueError, "must be 1 or more, got .* and 0"),
        ({"units": "16"}, TypeError, "units must be a whole number, got '16'"),
        ({"start": 22}, ValueError, "one of the 22 moments, 0 to 21 .* -1 to -22; got 22"),
        ({"start": -23}, ValueError, "got -23"),
        ({"start": 1.0}, TypeError, "start must be a whole number, got 1.0"),
        ({"digits": X}, TypeError, r"must be a pair \(x, t\) .* got ndarray"),
        ({"digits": (X, T, T)}, TypeError, "got tuple"),
        ({"digits": (X.astype(str), T)}, TypeError, "x of digits must be real numbers"),
        ({"digits": (X[0], T[0])}, ValueError, r"1 to 8 samples of 8 by 8 .* got shape \(64,\)"),
        ({"digits": (X[:0], T[:0])}, ValueError, r"got shape \(0, 64\)"),
        ({"digits": (TEST[0][:9], TEST[1][:9])}, ValueError, r"1 to 8 .* got shape \(9, 64\)"),
        ({"digits": (X[:, 1:], T)}, ValueError, r"shape \(N, 64\); got shape \(6, 63\)"),
        ({"digits": (NAN, T)}, ValueError, "finite numbers"),
        ({"digits": (X, T[:3])}, ValueError, r"labels of shape \(3,\)"),
        ({"digits": (X, T + 5)}, ValueError, "10"),
    ],
)  # fmt: skip
def test_a_bad_figure_is_told_when_it_is_made(history, net, options, error, message):
    given = {"history": history, "network": net, "digits": DIGITS} | options
    with pytest.raises(error, match=message):
        TrainingFigure(**given)


def test_scores_must_be_a_row_for_each_digit(history, net):
    class Mean(TwoLayerNet):
        def predict(self, x):
            return super().predict(x).mean(axis=0)

    with pytest.raises(ValueError, match=r"a row of scores for each of the 6 digits, got .*\(10,"):
        TrainingFigure(history, Mean(64, 32, 10), DIGITS)
