# %% [markdown]
# # A network that reads digits
#
# **Time**: 90 minutes
#
# **Builds on**: chapter 11, *Training with backpropagation*, and the layers of chapters 7, 8 and 9.
#
# You will write the three layers, put a network together from them, and train it on 1,440 pictures
# of handwritten digits, until it reads pictures that it has never seen. There are five tasks, which
# build on each other, and two questions to answer in words.
#
# **How it is marked.** Below each task there are tests, most of them with small numbers that you
# can follow on paper. Where a test fails, it says what was expected and why. For the marks, your
# code is run again with other numbers, which nobody knows beforehand, and your network has to read
# pictures that you do not have. This gives up to 26 points. The two questions are marked by a
# person and give up to 6 more.
#
# **What you hand in.** Only what you write in the answer cells is needed: the cells that say
# `YOUR CODE HERE` or `YOUR ANSWER HERE`. Delete the line `raise NotImplementedError()` when you
# write your own. Use NumPy, Matplotlib and what comes with Python; nothing else is there when
# your work is marked. Cells of your own may be added anywhere. Run the cells from top to bottom;
# all of them need the two code cells just below this text. The file `digits.npz` must lie beside
# this notebook.

# %% given="setup"
import matplotlib.pyplot as plt
import numpy as np


def read_pictures():
    """Return pictures (1440, 64) with brightnesses from 0 to 1, and their labels (1440,)."""
    with np.load("digits.npz") as file:
        return file["pictures"] / 16, file["labels"]


# %% given="expect"
### INCLUDE expect

# %% hidden="files"
import io

from nnlib.datasets import load_digits


def files():
    """The training pictures, as students get them; the test pictures stay here."""
    (pictures, labels), _ = load_digits(normalize=False)
    file = io.BytesIO()
    np.savez(file, pictures=pictures.astype(np.uint8), labels=labels)
    return {"digits.npz": file.getvalue()}


# %% hidden="networks"
# Small networks with which `accuracy` and `train` are asked: no layers, no backpropagation.
SOURCES = """
import numpy as asked_np


class AskedScores:
    params = {}

    def predict(self, x):
        return asked_np.array(x)


class AskedNet:
    def __init__(self, W, b):
        self.params = {"W": asked_np.array(W), "b": asked_np.array(b)}
        self.batches = []
        self.pairs_fit = True

    def _sum(self, x):
        return (x @ self.params["W"] + self.params["b"]).sum(axis=1)

    def gradient(self, x, t):
        self.batches.append([int(n) for n in t])
        self.pairs_fit = self.pairs_fit and bool(asked_np.array_equal(x[:, 0], t))
        error = 2 * (self._sum(x) - t) / len(t)
        dW = asked_np.outer(x.T @ error, asked_np.ones(len(self.params["b"])))
        return {"W": dW, "b": error.sum() * asked_np.ones(len(self.params["b"]))}
"""

# %% [markdown]
# ## The pictures
#
# A picture has 8 × 8 dots. It comes as a row of 64 brightnesses from 0 to 1, and its label is the
# digit, 0 to 9. (They are those of chapter 11, without the test set. Source: E. Alpaydin and
# C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, 1998,
# licence CC BY 4.0.)

# %%
# The tests need x_train and t_train: keep this cell.
x_train, t_train = read_pictures()
figure, axes = plt.subplots(1, 10, figsize=(8, 1.2))
for ax, picture, label in zip(axes, x_train, t_train):
    ax.imshow(picture.reshape(8, 8), cmap="gray")
    ax.set_title(label)
    ax.axis("off")
x_train.shape, t_train.shape

# %% [markdown]
# ## 1. The layers (9 points)
#
# Here x is a batch, one sample in each row. All gradients are gradients of the loss, and `dout` is
# the upstream gradient. Each layer may be used for one batch after another, and `backward` may be
# called several times after one `forward`.
#
# - `Affine(W, b)`: `forward(x)` returns x W + b. `backward(dout)` returns `dx`, and stores the
#   gradients of W and b for this batch as `self.dW` and `self.db`.
# - `Relu()`: `forward(x)` returns x where x > 0, else 0. `backward(dout)` returns `dx`. At x = 0
#   the gradient is 0, as in chapter 7.
# - `SoftmaxWithLoss()`: `forward(a, t)` takes the softmax of the scores and returns their mean
#   cross-entropy, one number. `backward(dout=1.0)` returns `dout` times the gradient with respect
#   to the scores.
#
# What else to know:
#
# - Shapes: x is `(N, D)`, W `(D, M)`, b `(M,)`. The scores a are `(N, C)`.
# - The labels `t` are class numbers, an array `(N,)` of whole numbers. (`y[np.arange(N), t]` picks
#   from each row of y the entry of its label.)
# - Scores may lie anywhere between −1000 and 1000, also within one batch. But no test has a right
#   class whose probability rounds to 0, so you may compute the loss from the probabilities or from
#   the scores, and nothing needs to be added to a probability before its logarithm is taken.
# - No method changes an array that it is given. Use NumPy's usual floats, not float32.


# %% task="layers"
class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        ### BEGIN SOLUTION
        self.x = x
        return x @ self.W + self.b
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
        ### END SOLUTION


class Relu:
    def forward(self, x):
        ### BEGIN SOLUTION
        self.mask = x > 0
        return np.where(self.mask, x, 0)
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return np.where(self.mask, dout, 0)
        ### END SOLUTION


class SoftmaxWithLoss:
    def forward(self, a, t):
        ### BEGIN SOLUTION
        a = a - a.max(axis=1, keepdims=True)
        e = np.exp(a)
        S = e.sum(axis=1, keepdims=True)
        self.y, self.t = e / S, t
        right = a[np.arange(len(t)), t]  # the scores of the right classes
        return (np.log(S[:, 0]) - right).mean()
        ### END SOLUTION

    def backward(self, dout=1.0):
        ### BEGIN SOLUTION
        N = len(self.t)
        da = self.y.copy()
        da[np.arange(N), self.t] -= 1  # y - t
        return dout * da / N
        ### END SOLUTION


# %% item="affine-forward" points=1
affine = Affine(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([10.0, 20.0, 30.0]))
x = np.array([[1.0, 1.0], [2.0, 0.0]])
expect(affine.forward(x), [[15, 27, 39], [12, 24, 36]], "1 · 1 + 1 · 4 + 10 = 15, and so on")


### BEGIN HIDDEN
def ask(program, rng):
    """The output of an affine layer."""
    affine = program.Affine(rng.normal(size=(4, 3)), rng.normal(size=3))
    yield affine.forward(rng.normal(size=(5, 4)))
    yield affine.forward(rng.normal(size=(1, 4)))


### END HIDDEN

# %% item="affine-backward" points=2
dx = affine.backward(np.array([[1.0, 0.0, 0.0], [0.0, 10.0, 0.0]]))
expect(dx, [[1, 4], [20, 50]], "1 times the first column of W, and 10 times the second one")
expect(affine.dW, [[1, 20, 0], [1, 0, 0]], "upstream times input, over all samples")
expect(affine.db, [1, 10, 0], "what arrives at the outputs, summed over the samples")


### BEGIN HIDDEN
def ask(program, rng):
    """The three gradients of an affine layer."""
    for D, M in ((4, 3), (3, 3)):
        affine = program.Affine(rng.normal(size=(D, M)), rng.normal(size=M))
        for N in (5, 2):
            affine.forward(rng.normal(size=(N, D)))
            yield affine.backward(rng.normal(size=(N, M)))
            yield affine.dW
            yield affine.db


### END HIDDEN

# %% item="relu-both-ways" points=2
relu = Relu()
x, dout = np.array([[-1.0, 2.0], [3.0, 0.0]]), np.array([[5.0, -6.0], [7.0, 8.0]])
expect(relu.forward(x), [[0, 2], [3, 0]], "negative numbers give 0")
expect(relu.backward(dout), [[0, -6], [7, 0]], "dout passes where the input was above 0")
expect((x[0, 0], dout[0, 0]), (-1, 5), "the arrays that were given are not changed")


### BEGIN HIDDEN
def ask(program, rng):
    """The output and the gradient of a ReLU, and what becomes of the arrays that it is given."""
    relu = program.Relu()
    for shape in ((4, 3), (2, 6)):
        x = rng.normal(size=shape)
        x[0, :2] = 0
        yield relu.forward(x)
        yield relu.backward(rng.normal(size=shape))
    program.define(
        "def x_and_dout_after_relu(x, dout):\n"
        "    relu = Relu()\n"
        "    relu.forward(x)\n"
        "    relu.backward(dout)\n"
        "    return x, dout\n"
    )
    yield from program.x_and_dout_after_relu(rng.normal(size=(4, 10)), rng.normal(size=(4, 10)))


### END HIDDEN

# %% item="loss-forward" points=2
a = np.log(np.array([[3.0, 2.0, 5.0], [7.0, 2.0, 1.0]]))
t = np.array([1, 0])
last = SoftmaxWithLoss()
wanted = -(np.log(0.2) + np.log(0.7)) / 2
expect(last.forward(a, t), wanted, "the mean of −log 0.2 and −log 0.7")
far = a + np.array([[1000.0], [0.0]])
expect(last.forward(far, t), wanted, "only differences of scores count, in each row")
expect(far, a + np.array([[1000.0], [0.0]]), "the scores that were given are not changed")


### BEGIN HIDDEN
def ask(program, rng):
    """The loss of a batch, with scores from −1000 to 1000, and the scores afterwards."""
    levels = rng.permutation([-1000, -500, 0, 500, 1000]).reshape(5, 1)
    for level in (0, 1000, -1000, levels):
        a = level + rng.normal(size=(5, 4))
        yield program.SoftmaxWithLoss().forward(a, rng.integers(4, size=5))
    yield program.SoftmaxWithLoss().forward(np.array([[-12.0, 0.0], [3.0, 3.0]]), np.array([0, 1]))
    program.define(
        "def scores_after_forward(a, t):\n    SoftmaxWithLoss().forward(a, t)\n    return a\n"
    )
    yield program.scores_after_forward(rng.normal(size=(5, 4)), rng.integers(4, size=5))


### END HIDDEN

# %% item="loss-backward" points=2
last.forward(a, t)
half = [[0.15, -0.4, 0.25], [-0.15, 0.1, 0.05]]
expect(last.backward(), half, "half of 0.3, −0.8, 0.5 and of −0.3, 0.2, 0.1: two samples")
expect(last.backward(10.0), 10 * np.array(half), "all is multiplied by dout")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient with respect to the scores of a batch."""
    for samples, level in ((5, 0), (4, 1000), (1, 0)):
        last = program.SoftmaxWithLoss()
        last.forward(level + rng.normal(size=(samples, 4)), rng.integers(4, size=samples))
        yield last.backward()
        yield last.backward(rng.uniform(2, 3))


### END HIDDEN

# %% [markdown]
# ## 2. The network (8 points)
#
# `TwoLayerNet(input_size, hidden_size, output_size)` is an affine layer, a ReLU, another affine
# layer, and softmax with loss.
#
# - `params` is a dict with four arrays: `"W1"` of shape `(input_size, hidden_size)`, `"b1"` of
#   shape `(hidden_size,)`, `"W2"` of shape `(hidden_size, output_size)` and `"b2"` of shape
#   `(output_size,)`. The weights start as random normal numbers times 0.1, the biases as 0.
# - `predict(x)` returns the scores of a batch, `(N, output_size)`, without softmax.
# - `loss(x, t)` returns the mean loss of a batch, one number.
# - `gradient(x, t)` returns a dict with the same four names: the gradient of this loss for each
#   parameter. Use backpropagation, one forward and one backward pass; the result is compared to 10
#   digits. It leaves `params` as they are.
#
# The network always computes with the arrays that stand in `params` *now*. After
# `net.params["W1"] = another`, the next `predict` must use the new weights. (The safe way:
# `predict` makes its affine layers anew, with what stands in `params`.)


# %% task="network"
class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        ### BEGIN SOLUTION
        rng = np.random.default_rng(0)
        self.params = {
            "W1": 0.1 * rng.normal(size=(input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": 0.1 * rng.normal(size=(hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }
        ### END SOLUTION

    def predict(self, x):
        ### BEGIN SOLUTION
        self.first = Affine(self.params["W1"], self.params["b1"])
        self.relu = Relu()
        self.second = Affine(self.params["W2"], self.params["b2"])
        for layer in (self.first, self.relu, self.second):
            x = layer.forward(x)
        return x
        ### END SOLUTION

    def loss(self, x, t):
        ### BEGIN SOLUTION
        self.last = SoftmaxWithLoss()
        return self.last.forward(self.predict(x), t)
        ### END SOLUTION

    def gradient(self, x, t):
        ### BEGIN SOLUTION
        self.loss(x, t)
        dout = self.last.backward()
        for layer in (self.second, self.relu, self.first):
            dout = layer.backward(dout)
        return {
            "W1": self.first.dW,
            "b1": self.first.db,
            "W2": self.second.dW,
            "b2": self.second.db,
        }
        ### END SOLUTION


# %% item="net-start" points=1
net = TwoLayerNet(64, 50, 10)
expect(net.params["b1"], np.zeros(50), "a bias for each of the 50 neurons, 0 at the start")
expect(np.shape(net.params["W2"]), (50, 10), "50 numbers go in, 10 scores come out")
W1 = net.params["W1"]
expect(np.shape(W1), (64, 50), "64 numbers go in, to 50 neurons")
spread = np.std(W1)
expect(0.09 < spread < 0.11, True, f"W1 should spread by about 0.1, it spreads by {spread:.3f}")
expect(abs(np.mean(W1)) < 0.02, True, f"W1 should lie around 0, its mean is {np.mean(W1):.3f}")


### BEGIN HIDDEN
def ask(program, rng):
    """The shapes of the parameters, the biases, and how the weights spread."""
    D, H, C = (int(size) for size in rng.integers(30, 60, size=3))
    program.define(
        "def asked_start(D, H, C):\n"
        "    params = TwoLayerNet(D, H, C).params\n"
        "    return [params[name] for name in ('W1', 'b1', 'W2', 'b2')]\n"
    )
    W1, b1, W2, b2 = program.asked_start(D, H, C)
    for array in (W1, b1, W2, b2):
        yield np.shape(array)
    yield b1
    yield b2
    for W in (W1, W2):
        spread = float(np.std(W))
        require(abs(np.mean(W)) < 0.03, "The weights should be as often below 0 as above.")
        require(0.08 < spread < 0.12, f"The weights spread by {spread:.3g}, not by about 0.1.")


### END HIDDEN

# %% item="net-predict" points=2
small = TwoLayerNet(2, 2, 3)
small.params["W1"] = np.array([[1.0, -1.0], [1.0, 0.0]])
small.params["W2"] = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
small.params["b2"] = np.array([0.0, 10.0, 0.0])
scores = small.predict(np.array([[1.0, 3.0]]))
expect(scores, [[4, 18, 12]], "4 and −1 come out of W1, the ReLU makes it 4 and 0, then W2 and b2")


### BEGIN HIDDEN
def ask(program, rng):
    """The scores of a network whose parameters were set."""
    net = program.TwoLayerNet(5, 4, 3)
    for _ in range(2):
        net.params["W1"] = rng.normal(size=(5, 4))
        net.params["b1"] = rng.normal(size=4)
        net.params["W2"] = rng.normal(size=(4, 3))
        net.params["b2"] = rng.normal(size=3)
        yield net.predict(rng.normal(size=(6, 5)))
    yield net.predict(rng.normal(size=(1, 5)))


### END HIDDEN

# %% item="net-loss" points=1
small.params["W2"] = np.zeros((2, 3))
small.params["b2"] = np.log(np.array([3.0, 2.0, 5.0]))
loss = small.loss(np.array([[1.0, 3.0]]), np.array([1]))
expect(loss, -np.log(0.2), "with W2 = 0 the scores are b2, and class 1 gets 0.2")


### BEGIN HIDDEN
def ask(program, rng):
    """The loss of a network whose parameters were set."""
    net = program.TwoLayerNet(5, 4, 3)
    for name, shape in (("W1", (5, 4)), ("b1", 4), ("W2", (4, 3)), ("b2", 3)):
        net.params[name] = 0.5 * rng.normal(size=shape)
    for samples in (6, 1):
        loss = net.loss(rng.normal(size=(samples, 5)), rng.integers(3, size=samples))
        yield approx(loss, rtol=1e-4)


### END HIDDEN


# %% given="measure"
def expect_gradient(net, name):
    """Compare the gradient of a parameter, at its largest entry, with a central difference."""
    x, t, start, loss = x_train[:10], t_train[:10], net.params[name], []
    gradient = net.gradient(x, t)[name]
    expect(np.shape(gradient), np.shape(start), f"the gradient of {name} has its shape")
    place = np.unravel_index(np.abs(gradient).argmax(), np.shape(gradient))
    for h in (1e-6, -1e-6):
        net.params[name] = start.copy()
        net.params[name][place] += h
        loss.append(net.loss(x, t))
    net.params[name] = start
    measured, yours = (loss[0] - loss[1]) / 2e-6, gradient[place]
    entry = f"{name}[{', '.join(map(str, place))}]"
    says = f"a central difference gives {measured:.6f} for {entry}, yours is {yours:.6f}"
    expect(abs(yours - measured) < 1e-6, True, says)


# %% item="net-gradient-second" points=2
expect_gradient(net, "W2")
expect_gradient(net, "b2")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of W2 and b2, where all parameters were set."""
    net = program.TwoLayerNet(5, 4, 3)
    for _ in range(2):
        for name, shape in (("W1", (5, 4)), ("b1", 4), ("W2", (4, 3)), ("b2", 3)):
            net.params[name] = rng.normal(size=shape)
        grads = net.gradient(rng.normal(size=(6, 5)), rng.integers(3, size=6))
        for name in ("W2", "b2"):
            yield approx(grads[name], rtol=1e-10, atol=1e-12)
            yield net.params[name]


### END HIDDEN

# %% item="net-gradient-first" points=2
expect_gradient(net, "W1")
expect_gradient(net, "b1")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of W1 and b1, where all parameters were set."""
    net = program.TwoLayerNet(5, 4, 3)
    for _ in range(2):
        for name, shape in (("W1", (5, 4)), ("b1", 4), ("W2", (4, 3)), ("b2", 3)):
            net.params[name] = rng.normal(size=shape)
        grads = net.gradient(rng.normal(size=(6, 5)), rng.integers(3, size=6))
        for name in ("W1", "b1"):
            yield approx(grads[name], rtol=1e-10, atol=1e-12)
            yield net.params[name]


### END HIDDEN

# %% [markdown]
# ## 3. The accuracy (2 points)
#
# The network's answer for a sample is the class with the largest score. Write
# `accuracy(net, x, t)`, which returns the share of right answers, from 0 to 1. It uses nothing of
# `net` but `predict`.


# %% task="accuracy"
def accuracy(net, x, t):
    ### BEGIN SOLUTION
    answers = net.predict(x).argmax(axis=1)
    return (answers == t).mean()
    ### END SOLUTION


# %% item="accuracy-share" points=2
class ScoresAsGiven:
    def predict(self, x):
        return x


scores = np.array([[0.1, 5.0, -2.0], [3.0, 1.0, 2.0], [-3.0, -2.0, -1.0], [1.0, 2.0, 0.0]])
share = accuracy(ScoresAsGiven(), scores, np.array([1, 0, 2, 0]))
expect(share, 0.75, "the answers are 1, 0, 2, 1, and three of the four are right")


### BEGIN HIDDEN
def ask(program, rng):
    """The share of right answers, for given scores."""
    program.define(SOURCES)
    for samples, classes in ((40, 3), (7, 10)):
        scores = rng.normal(size=(samples, classes)) - 2
        t = rng.integers(classes, size=samples)
        t[:3] = scores[:3].argmax(axis=1)
        yield program.accuracy(program.AskedScores(), scores, t)


### END HIDDEN

# %% [markdown]
# ## 4. Learning in steps (4 points)
#
# Write `train(net, x, t, steps, batch_size=100, learning_rate=0.2)`. Each of the `steps` does this:
#
# 1. Draw `batch_size` different samples at random: rows of `x`, and the labels in `t` that belong
#    to them. (Make `rng = np.random.default_rng()` once, before the first step.
#    `rng.choice(10, 3, replace=False)` draws three different numbers from 0 to 9, and an array of
#    row numbers picks rows: `x[rows]`.)
# 2. Call `net.gradient` with them, once.
# 3. Move each array in `net.params` by the learning rate times its gradient, against the sign.
#
# It changes the network and returns nothing. Of `net` it uses `gradient` and `params` only: any
# network that has these two can be trained, whatever the names of its parameters.


# %% task="train"
def train(net, x, t, steps, batch_size=100, learning_rate=0.2):
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    for step in range(steps):
        rows = rng.choice(len(x), batch_size, replace=False)
        grads = net.gradient(x[rows], t[rows])
        for name in net.params:
            net.params[name] = net.params[name] - learning_rate * grads[name]
    ### END SOLUTION


# %% item="train-step" points=2
class OneNumber:
    """Its loss is the mean of (w - t)²."""

    def __init__(self):
        self.params = {"w": np.array([1.0])}

    def gradient(self, x, t):
        return {"w": np.array([2 * (self.params["w"][0] - t).mean()])}


one = OneNumber()
train(one, np.zeros((3, 1)), np.array([5, 7, 9]), steps=1, batch_size=3, learning_rate=0.1)
expect(one.params["w"], [2.2], "the gradient is 2 · (1 − 7) = −12, so w rises by 0.1 · 12")
train(one, np.zeros((3, 1)), np.array([5, 7, 9]), steps=2, batch_size=3, learning_rate=0.1)
expect(one.params["w"], [3.928], "4.8 is left to 7, and each step takes a fifth of what is left")


### BEGIN HIDDEN
def ask(program, rng):
    """The parameters after steps with samples that are all alike."""
    program.define(SOURCES)
    x, t = np.tile(rng.normal(size=3), (6, 1)), np.full(6, 2)
    x[:, 0] = t
    for steps in (1, 4):
        net = program.AskedNet(rng.normal(size=(3, 2)), rng.normal(size=2))
        rate = rng.uniform(0.001, 0.01)
        program.train(net, x, t, steps=steps, batch_size=6, learning_rate=rate)
        yield net.params["W"]
        yield net.params["b"]


### END HIDDEN


# %% item="train-batches" points=2
class Listener(OneNumber):
    """Writes down which labels each step was given."""

    heard = []

    def gradient(self, x, t):
        expect(x[:, 0], 10 * t, "each picture goes with its own label")
        self.heard.append(sorted(t))
        return super().gradient(x, t)


numbers = np.arange(20)
train(Listener(), 10.0 * numbers.reshape(20, 1), numbers, steps=6, batch_size=5)
expect(len(Listener.heard), 6, "six steps ask for six gradients")
sizes = [len(set(batch)) for batch in Listener.heard]
expect(sizes, [5, 5, 5, 5, 5, 5], "five different samples in each step")
expect(Listener.heard[0] == Listener.heard[1], False, "each step draws its samples anew")
in_order = [batch[-1] - batch[0] == 4 for batch in Listener.heard]
expect(
    sum(in_order) < 3, True, f"samples are drawn at random, not in their order: {Listener.heard}"
)


### BEGIN HIDDEN
def ask(program, rng):
    """The batches of each step: how many, how large, and which samples."""
    program.define(SOURCES)
    samples = int(rng.integers(30, 50))
    x, t = rng.normal(size=(samples, 3)), np.arange(samples)
    x[:, 0] = t
    net = program.AskedNet(0.01 * rng.normal(size=(3, 2)), np.zeros(2))
    program.train(net, x, t, steps=25, batch_size=5, learning_rate=1e-5)
    program.define("def asked_pairs(net): return net.pairs_fit")
    require(program.asked_pairs(net), "Each row of x is expected to go with its own label.")
    program.define(
        "def asked_sizes(net): return [len(set(batch)) for batch in net.batches]\n"
        "def asked_seen(net): return len(set(sum(net.batches, [])))\n"
    )
    yield program.asked_sizes(net)
    program.define("def asked_rows(net): return sum(max(b) - min(b) == 4 for b in net.batches)")
    in_order = program.asked_rows(net)
    require(
        in_order < 5, f"In {in_order} of 25 batches the samples came in their order, not at random."
    )
    seen = program.asked_seen(net)
    require(seen > samples / 2, f"Of {samples} samples only {seen} were in any of the 25 batches.")


### END HIDDEN

# %% [markdown]
# ## 5. Reading digits (3 points, and two questions)
#
# Write `learn_digits(x, t)`, which makes a `TwoLayerNet` for these pictures, trains it on them with
# `train`, and returns it. You choose the number of hidden neurons, the steps, the learning rate and
# the batch size. Chapter 11 took 50 neurons, a learning rate of 0.2 and batches of 100.
#
# For the marks, `learn_digits` is called with the pictures and labels that you have, and the
# network that it returns has to read the 357 pictures that you do not have. At least 88 of 100 must
# be right. A network like that of chapter 11 gets about 95 after 500 steps, and a little more or
# less with other starting weights. Your function must be done within three seconds. 500 steps take
# well under a second where the layers use array operations, and far longer with loops over every
# number.


# %% task="digits"
def learn_digits(x, t):
    ### BEGIN SOLUTION
    net = TwoLayerNet(64, 50, 10)
    train(net, x, t, steps=500)
    return net
    ### END SOLUTION


# %% item="digits-read" points=3
trained = learn_digits(x_train, t_train)
share = accuracy(trained, x_train, t_train)
expect(share > 0.9, True, f"the pictures it has learnt from should mostly be right: {share:.3f}")


### BEGIN HIDDEN
def ask(program, rng):
    """The share of the test pictures that the trained network reads correctly."""
    (x, t), (x_test, t_test) = load_digits()
    net = program.learn_digits(x, t)
    program.define(
        "def asked_shapes(net):\n"
        "    return [list(net.params[name].shape) for name in ('W1', 'b1', 'W2', 'b2')]\n"
    )
    shapes = program.asked_shapes(net)
    hidden = shapes[1][0]
    two_layers = shapes == [[64, hidden], [hidden], [hidden, 10], [10]]
    require(
        two_layers, f"The parameters have the shapes {shapes}: this is no TwoLayerNet for them."
    )
    scores = net.predict(x_test)
    yield list(np.shape(scores))
    share = float(np.mean(np.argmax(scores, axis=1) == t_test))
    require(share >= 0.88, f"Of the test pictures {share:.1%} are read correctly, not 88%.")


### END HIDDEN

# %%
# A cell to try things. For example, with rows = np.random.default_rng().permutation(1440), train a
# network on x_train[rows[:1200]] and t_train[rows[:1200]], and measure its accuracy on the other
# 240 pictures.

# %% [markdown] question="three-rates"
# **Question (3 points).** Train three networks for 300 steps each, with the learning rates 0.001,
# 0.2 and 20. Each is a new `TwoLayerNet(64, 50, 10)`. Print the loss on all training pictures
# before the first step, after 2 steps and after all 300: call `train` with 2 steps, then with 298.
# Give the numbers in a table, and explain each of the three: what do the steps do, and what would
# you try next? (The loss may come out as `inf`, with a warning, where a probability was rounded to
# 0.)

# %% [markdown] answer="three-rates" points=3
# ### BEGIN SOLUTION
# | learning rate | loss before | after 2 steps | after 300 steps |
# |---|---|---|---|
# | 0.001 | 2.305 | 2.304 | 2.281 |
# | 0.2 | 2.305 | 2.276 | 0.158 |
# | 20 | 2.305 | 74.02 | 3.218 |
#
# (Rounded; other starting weights and samples give other numbers. Where the loss is computed from
# the probabilities, `inf` may stand in place of 74.02.)
#
# With 0.001 the direction is right, but the steps are so short that hardly anything happens: try a
# rate ten or a hundred times as large. With 0.2 the network learns; stay near it, or take more
# steps. With 20 the first steps go far beyond the valley. They push the scores to huge numbers and
# switch the ReLUs off, and then no gradient reaches the first layer any more. The loss ends above
# that of a guesser, 2.303. Try a rate a hundred times smaller, for 2 is too large as well, and
# begin with a new network.
#
# Rubric:
# - 1 point: numbers that fit, nearly no change, a fall below 0.5, and no learning (above 1.9
#   at the end, `nan` or `inf`); and says that 0.2 is worth keeping.
# - 1 point: explains 0.001 as steps that are too short, *and* would raise the rate.
# - 1 point: explains 20 as steps that overshoot (ReLUs switched off is not needed), *and* would
#   lower the rate.
# ### END SOLUTION

# %% [markdown] question="new-people"
# **Question (3 points).** A school wants to read the digits that its pupils write on answer sheets.
# It asks you how many of 100 digits your network will read correctly. The test pictures were
# written by the same 13 people as the training pictures. Name two reasons why the share may be
# lower at this school than on the test pictures. Then say how you would find out the true share
# before anybody relies on it.

# %% [markdown] answer="new-people" points=3
# ### BEGIN SOLUTION
# The test set says only how the network reads new digits by the same 13 people, made in the same
# way. The pupils are other people, and some write digits in ways that no training picture shows, a
# 7 with a bar or a 1 with a foot. And their pictures are made in another way: a digit that sits one
# dot further right, a thinner pen or other lighting are different inputs for an affine layer.
#
# To find out, collect digits of this school, from pupils and sheets like those to be read, let a
# person write down the right labels, and measure the accuracy on them. These pictures must not be
# used for training, or for choosing the learning rate.
#
# Rubric:
# - 1 point: a reason that fits, such as other people, who write in other ways than the 13; digits
#   that sit elsewhere in the picture or have another size; another pen or scanner.
# - 1 point: a second, different reason of that kind.
# - 1 point: measure on labelled digits from this school. (That these were not used for training is
#   right to say, and not needed.)
# ### END SOLUTION
