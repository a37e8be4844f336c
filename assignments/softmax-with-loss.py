# %% [markdown]
# # Softmax with loss
#
# **Time**: 60 minutes
#
# **Builds on**: chapter 9, *Softmax with loss*, and the batches of chapter 8, *The Affine layer*.
#
# You will turn scores into probabilities and a loss, go backward to the scores, and build a layer
# from all this. It takes one sample or a batch, labels as class numbers or one-hot, and scores as
# large as 1000. There are three tasks, from easy to hard, and two questions to answer in words.
#
# **How it is marked.** Below each task there are tests with small numbers that you can follow on
# paper. Where a test fails, it says what was expected and why. For the marks, your functions are
# called again with other numbers, which nobody knows beforehand. This gives up to 26 points. The
# two questions are marked by a person and give up to 5 more.
#
# **What you hand in.** Only what you write in the answer cells is needed: the cells that say
# `YOUR CODE HERE` or `YOUR ANSWER HERE`. Delete the line `raise NotImplementedError()` when you
# write your own. Use NumPy and what comes with Python; nothing else is there when your work is
# marked. Cells of your own may be added anywhere. Run the cells from top to bottom; all of them
# need the two code cells just below this text.

# %% given="setup"
import numpy as np

# %% given="expect"
### INCLUDE expect

# %% [markdown]
# ## 1. From scores to probabilities (6 points)
#
# The scores log 3, log 2 and log 5 have the exponentials 3, 2 and 5. Their sum is 10, so the
# probabilities are 0.3, 0.2 and 0.5.
#
# Write `softmax(a)`, which returns an array of the same shape as `a`.
#
# - `a` is an array of floats, the scores. Its shape is `(C,)` for one sample with C classes, or
#   `(N, C)` for a batch with a sample in each row. Each sample gets probabilities of its own, which
#   add up to 1.
# - The classes lie along the *last* axis in both cases. `axis=-1` means the last axis, whatever
#   number it has. With `keepdims=True` the result of `sum` or `max` keeps that axis, with length 1:
#   of a batch `(N, C)` comes a column `(N, 1)`, which goes with each row.
# - Scores may be very large or very negative. One row of a batch may be near 1000 and another one
#   near −1000, and both must come out right. (Chapter 9 says what to subtract.)
# - The array that was given must hold the same numbers afterwards. (`a -= 1` changes it;
#   `a = a - 1` makes a new array.)


# %% task="softmax"
def softmax(a):
    ### BEGIN SOLUTION
    largest = a.max(axis=-1, keepdims=True)
    e = np.exp(a - largest)
    return e / e.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %% item="softmax-one" points=2
fruit = np.log([3.0, 2.0, 5.0])
expect(softmax(fruit), [0.3, 0.2, 0.5], "the exponentials 3, 2 and 5 are divided by their sum, 10")
expect(softmax(fruit + 1), [0.3, 0.2, 0.5], "only differences of scores count")
expect(fruit, np.log([3.0, 2.0, 5.0]), "softmax must not change the array that it is given")


### BEGIN HIDDEN
def ask(program, rng):
    """The probabilities of one sample."""
    for classes in (2, 3, 6):
        yield program.softmax(rng.normal(scale=2, size=classes))


### END HIDDEN

# %% item="softmax-batch" points=2
two = np.log([[3.0, 2.0, 5.0], [7.0, 2.0, 1.0]])
expect(
    softmax(two),
    [[0.3, 0.2, 0.5], [0.7, 0.2, 0.1]],
    "each row is a sample, and its numbers add up to 1",
)
expect(softmax(two[1:]), [[0.7, 0.2, 0.1]], "a batch of one keeps its shape, here (1, 3)")


### BEGIN HIDDEN
def ask(program, rng):
    """The probabilities of batches."""
    for shape in ((4, 3), (3, 3), (1, 5)):
        yield program.softmax(rng.normal(scale=2, size=shape))


### END HIDDEN

# %% item="softmax-large" points=2
expect(
    softmax(np.array([[1000.0, 1000.0], [-1000.0, -1000.0]])),
    [[0.5, 0.5], [0.5, 0.5]],
    "two equal scores share equally, however large or small they are, and in every row",
)
expect(
    softmax(two + np.array([[1000.0], [-1000.0]])),
    [[0.3, 0.2, 0.5], [0.7, 0.2, 0.1]],
    "in each row, only the differences of its scores count",
)


### BEGIN HIDDEN
def ask(program, rng):
    """The probabilities of scores that are far from 0."""
    yield program.softmax(1000 + rng.normal(size=4))
    yield program.softmax(-1000 + rng.normal(size=4))
    level = np.array([[1000.0], [0.0], [-1000.0]])
    yield program.softmax(level + rng.normal(size=(3, 4)))


### END HIDDEN

# %% [markdown]
# ## 2. From probabilities to a loss (5 points)
#
# The probabilities are 0.3, 0.2 and 0.5, and class 1 is right. It got 0.2, so the loss is
# −log 0.2 = 1.609. Another sample has 0.7, 0.2 and 0.1, and class 0 is right: −log 0.7 = 0.357.
# The loss of the batch is the mean, (1.609 + 0.357) / 2 = 0.983. (All are rounded.)
#
# Write `cross_entropy(y, t)`, which returns this number.
#
# - `y` holds probabilities, of shape `(C,)` for one sample or `(N, C)` for a batch. All are above
#   0, some perhaps as small as 10⁻⁶. Add nothing inside the logarithm.
# - `t` holds labels, of one of the two kinds in the table. One-hot labels may be floats or whole
#   numbers.
#
# | | one sample, `y` is `(C,)` | batch, `y` is `(N, C)` |
# |---|---|---|
# | class numbers | a whole number, such as `1` | an array `(N,)` of whole numbers |
# | one-hot labels | an array `(C,)` of 0 and 1 | an array `(N, C)` of 0 and 1 |
#
# So one-hot labels have the same shape as `y`, and class numbers do not. That tells them apart,
# even where a batch has as many samples as classes. Neither `y` nor `t` may be changed.
#
# Three things that may help. `np.array(t)` also turns a single number into an array, of shape `()`.
# From one-hot labels, `t.argmax(axis=-1)` makes class numbers. And `y[[0, 1], [1, 0]]` picks
# two entries, `y[0, 1]` and `y[1, 0]`: row numbers first, then column numbers. (`np.arange(N)` has
# all row numbers, 0 to N − 1.)


# %% task="entropy"
def cross_entropy(y, t):
    ### BEGIN SOLUTION
    t = np.array(t)
    if t.shape == y.shape:  # one-hot
        t = t.argmax(axis=-1)
    y = y.reshape(-1, y.shape[-1])  # one sample becomes a batch of one
    t = t.reshape(-1)
    p = y[np.arange(len(y)), t]  # what the right classes got
    return -np.log(p).mean()
    ### END SOLUTION


# %% item="entropy-numbers" points=2
y = np.array([[0.3, 0.2, 0.5], [0.7, 0.2, 0.1]])
wanted = -(np.log(0.2) + np.log(0.7)) / 2
expect(cross_entropy(y, np.array([1, 0])), wanted, "the mean of −log 0.2 and −log 0.7")
rare = np.array([[1e-6, 1 - 1e-6]])
expect(cross_entropy(rare, np.array([0])), -np.log(1e-6), "nothing is added inside the logarithm")


### BEGIN HIDDEN
def ask(program, rng):
    """The loss of a batch with class numbers."""
    for samples, classes in ((5, 3), (3, 3), (1, 4)):
        y = rng.dirichlet(np.full(classes, 3.0), size=samples)
        yield program.cross_entropy(y, rng.integers(classes, size=samples))
    small = np.array([[1e-6, 1 - 1e-6], [0.5, 0.5]])
    yield program.cross_entropy(small, np.array([0, 1]))


### END HIDDEN

# %% item="entropy-one-hot" points=2
t = np.array([[0, 1, 0], [1, 0, 0]])
expect(cross_entropy(y, t), wanted, "the row 0, 1, 0 says the same as the class number 1")


### BEGIN HIDDEN
def ask(program, rng):
    """The loss of a batch with one-hot labels."""
    for samples, classes in ((5, 3), (3, 3), (1, 4)):
        y = rng.dirichlet(np.full(classes, 3.0), size=samples)
        t = rng.integers(classes, size=samples)
        yield program.cross_entropy(y, np.eye(classes, dtype=int)[t])


### END HIDDEN

# %% item="entropy-one" points=1
expect(cross_entropy(y[0], 1), -np.log(0.2), "one sample, class number 1: −log 0.2")
expect(cross_entropy(y[0], np.array([0, 1, 0])), -np.log(0.2), "the same label as a one-hot row")


### BEGIN HIDDEN
def ask(program, rng):
    """The loss of one sample, with labels of both kinds."""
    for classes in (3, 5):
        y = rng.dirichlet(np.full(classes, 3.0))
        label = int(rng.integers(classes))
        yield program.cross_entropy(y, label)
        yield program.cross_entropy(y, np.eye(classes, dtype=int)[label])


### END HIDDEN

# %%
# A cell to try things.

# %% [markdown]
# ## 3. The layer (15 points)
#
# Now write the class `SoftmaxWithLoss`. It is given scores, and knows the way back to them.
#
# **`forward(a, t)`** returns the mean loss of the scores `a`, one number. Shapes and both kinds of
# labels are as before. It must be right also where the probability of the right class rounds to 0:
# for the scores 0 and −800 and the class 1, that probability is about 4 · 10⁻³⁴⁸. No float is that
# small, so what is computed is 0, and its logarithm −∞. But the loss is 800. So compute the loss
# from the scores, as log S minus the score of the right class, where S is the sum of the
# exponentials. S itself may overflow. So subtract the largest score m of each sample first: log S
# is m plus the logarithm of the sum of the exponentials of a − m.
#
# **`backward(dout=1.0)`** returns the gradient of the loss for the scores, an array of the shape of
# `a`. For one sample it is y − t, where y is softmax(a) and t is one-hot: with the probabilities
# 0.3, 0.2 and 0.5 and the class 1, that is 0.3, −0.8 and 0.5. The loss of a batch is a mean of N
# losses, so each sample has only 1/N of the influence: (y − t) / N. All is multiplied by the
# upstream gradient `dout`.
#
# - `backward` belongs to the last `forward` of the same object (two objects do not disturb each
#   other), and may be called again with the same result.
# - Neither method changes the arrays that it is given.
#
# You may use what you wrote above. A mistake in it costs points here as well, so get its
# tests right first.


# %% task="layer"
class SoftmaxWithLoss:
    def forward(self, a, t):
        ### BEGIN SOLUTION
        t = np.array(t)
        if t.shape == a.shape:  # one-hot
            t = t.argmax(axis=-1)
        self.shape = a.shape
        a = a.reshape(-1, a.shape[-1])  # one sample becomes a batch of one
        self.t = t.reshape(-1)
        self.y = softmax(a)
        largest = a.max(axis=1, keepdims=True)
        log_S = largest[:, 0] + np.log(np.exp(a - largest).sum(axis=1))
        right = a[np.arange(len(a)), self.t]  # the scores of the right classes
        return (log_S - right).mean()
        ### END SOLUTION

    def backward(self, dout=1.0):
        ### BEGIN SOLUTION
        N = len(self.y)
        da = self.y.copy()
        da[np.arange(N), self.t] -= 1  # y - t
        da = dout * da / N
        return da.reshape(self.shape)
        ### END SOLUTION


# %% item="loss-batch" points=2
a = np.log([[3.0, 2.0, 5.0], [7.0, 2.0, 1.0]])
t = np.array([[0, 1, 0], [1, 0, 0]])
expect(SoftmaxWithLoss().forward(a, t), wanted, "the mean of −log 0.2 and −log 0.7")
expect(SoftmaxWithLoss().forward(a, np.array([1, 0])), wanted, "the same with class numbers")


### BEGIN HIDDEN
def ask(program, rng):
    """The loss of a batch of scores, with labels of both kinds."""
    for samples, classes in ((5, 3), (4, 4), (1, 6)):
        a = rng.normal(scale=2, size=(samples, classes))
        t = rng.integers(classes, size=samples)
        yield program.SoftmaxWithLoss().forward(a, t)
        yield program.SoftmaxWithLoss().forward(a, np.eye(classes, dtype=int)[t])


### END HIDDEN

# %% item="loss-one" points=1
expect(SoftmaxWithLoss().forward(a[0], 1), -np.log(0.2), "one sample: −log 0.2")
expect(SoftmaxWithLoss().forward(a[0], t[0]), -np.log(0.2), "the same with a one-hot label")


### BEGIN HIDDEN
def ask(program, rng):
    """The loss of one sample, with labels of both kinds."""
    for classes in (3, 5):
        a, label = rng.normal(scale=2, size=classes), int(rng.integers(classes))
        yield program.SoftmaxWithLoss().forward(a, label)
        yield program.SoftmaxWithLoss().forward(a, np.eye(classes)[label])


### END HIDDEN

# %% item="loss-hopeless" points=3
hopeless = np.array([[0.0, -800.0]])
expect(SoftmaxWithLoss().forward(hopeless, np.array([1])), 800, "log S is log 1 = 0, and 0 + 800")
expect(SoftmaxWithLoss().forward(hopeless + 1000, np.array([1])), 800, "only differences count")
expect(
    SoftmaxWithLoss().forward(np.array([0.0, 0.0, -800.0]), 2),
    800 + np.log(2),
    "here the sum of the exponentials is 2",
)


### BEGIN HIDDEN
def ask(program, rng):
    """The loss where the right class is far behind, and where all scores are large."""
    a = rng.normal(size=(3, 4))
    t = rng.integers(4, size=3)
    yield program.SoftmaxWithLoss().forward(a + 1000, t)
    a[np.arange(3), t] -= rng.uniform(800, 2000, size=3)
    yield program.SoftmaxWithLoss().forward(a, t)
    level = np.array([[1000.0], [0.0], [-1000.0]])
    yield program.SoftmaxWithLoss().forward(a + level, np.eye(4)[t])
    yield program.SoftmaxWithLoss().forward(a[0], int(t[0]))


### END HIDDEN

# %% item="backward-one" points=2
layer = SoftmaxWithLoss()
layer.forward(a[0], 1)
expect(layer.backward(), [0.3, -0.8, 0.5], "what the network said minus what it should have said")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient for the scores of one sample, with labels of both kinds."""
    for classes in (3, 5):
        a, label = rng.normal(size=classes), int(rng.integers(classes))
        for t in (label, np.eye(classes)[label]):
            layer = program.SoftmaxWithLoss()
            layer.forward(a, t)
            yield layer.backward()


### END HIDDEN

# %% item="backward-batch" points=2
layer = SoftmaxWithLoss()
half = [[0.15, -0.4, 0.25], [-0.15, 0.1, 0.05]]
layer.forward(a, np.array([1, 0]))
expect(layer.backward(), half, "half of 0.3, −0.8, 0.5 and of −0.3, 0.2, 0.1: two samples")
layer = SoftmaxWithLoss()
layer.forward(a, t)
expect(layer.backward(), half, "the same with one-hot labels")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient for the scores of a batch, with labels of both kinds."""
    for samples, classes in ((5, 3), (4, 4), (1, 6)):
        a = rng.normal(size=(samples, classes))
        numbers = rng.integers(classes, size=samples)
        for t in (numbers, np.eye(classes)[numbers]):
            layer = program.SoftmaxWithLoss()
            layer.forward(a, t)
            yield layer.backward()
    layer = program.SoftmaxWithLoss()
    layer.forward(1000 + rng.normal(size=(2, 3)), np.array([2, 0]))
    yield layer.backward()


### END HIDDEN

# %% item="backward-upstream" points=2
layer = SoftmaxWithLoss()
layer.forward(a[0], 1)
expect(layer.backward(10.0), [3, -8, 5], "where 10 arrives from upstream, all is 10 times as large")
layer = SoftmaxWithLoss()
layer.forward(a, t)
expect(layer.backward(10.0), 10 * np.array(half), "the same for a batch")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient where another number than 1 arrives from upstream."""
    for label in (1, np.array([0, 0, 1, 0])):
        a = rng.normal(size=4)
        for dout in (rng.uniform(2, 5), -rng.uniform(0.2, 0.7)):
            layer = program.SoftmaxWithLoss()
            layer.forward(a, label)
            yield layer.backward(dout=dout)
    a, t = rng.normal(size=(3, 4)), rng.integers(4, size=3)
    once, more = program.SoftmaxWithLoss(), program.SoftmaxWithLoss()
    once.forward(a, t)
    plain = once.backward()
    more.forward(a, t)
    yield np.divide(more.backward(rng.uniform(2, 5)), plain)  # the factor, in a batch as well


### END HIDDEN

# %% item="second-use" points=2
layer = SoftmaxWithLoss()
layer.forward(a, t)
layer.forward(a[1], 0)
other = SoftmaxWithLoss()
other.forward(a, t)
expect(layer.backward(), [-0.3, 0.2, 0.1], "backward belongs to its last forward: one sample here")
layer.backward(10.0)
expect(
    layer.backward(), [-0.3, 0.2, 0.1], "backward gives the same again, however often it is called"
)


### BEGIN HIDDEN
def ask(program, rng):
    """A layer that is used again, a second backward, and two layers at once."""
    layer = program.SoftmaxWithLoss()
    layer.forward(rng.normal(size=(4, 3)), rng.integers(3, size=4))
    for classes in (3, 5):
        layer.forward(rng.normal(size=classes), classes - 2)
        yield layer.backward()
        layer.backward(3.0)
        yield layer.backward()
    other = program.SoftmaxWithLoss()
    layer.forward(rng.normal(size=(1, 3)), np.array([2]))  # a batch after one sample
    other.forward(rng.normal(size=5), 0)
    yield layer.backward()
    layer.forward(rng.normal(size=(4, 3)), rng.integers(3, size=4))
    yield np.subtract(layer.backward(), layer.backward())


### END HIDDEN

# %% item="nothing-changed" points=1
given_a, given_t = np.array([1.0, 4.0, 2.0]), np.array([0, 1, 0])
layer = SoftmaxWithLoss()
softmax(given_a)
expect(given_a, [1, 4, 2], "softmax must not change the scores")
layer.forward(given_a, given_t)
expect(given_a, [1, 4, 2], "forward must not change the scores")
layer.backward()
expect(given_a, [1, 4, 2], "backward must not change the scores")
expect(given_t, [0, 1, 0], "the labels must not be changed")


### BEGIN HIDDEN
def ask(program, rng):
    """The scores and labels that were given, after softmax, forward and backward."""
    program.define(
        "def asked_afterwards(a, t):\n"
        "    layer = SoftmaxWithLoss()\n"
        "    loss = layer.forward(a, t)\n"
        "    return softmax(a), loss, layer.backward(), a, t\n"
    )
    yield from program.asked_afterwards(rng.normal(size=4), np.array([0.0, 0.0, 1.0, 0.0]))
    yield from program.asked_afterwards(rng.normal(size=(1, 3)), np.array([2]))
    a, t = rng.normal(size=(2, 3)), np.eye(3)[rng.integers(3, size=2)]
    yield from program.asked_afterwards(a, t)[3:]


### END HIDDEN

# %% [markdown] question="sum-zero"
# **Question (2 points).** Each row of the gradient that `backward` returns adds up to 0, for every
# row of scores and every label. Why? Say first what happens to the loss when all scores of a sample
# rise by the same small h, and what that change has to do with the sum. Then check the 0 with the
# formula y − t.

# %% [markdown] answer="sum-zero" points=2
# ### BEGIN SOLUTION
# When all scores of a sample rise by the same amount, every exponential is multiplied by the same
# number, and so is their sum. The probabilities stay, and the loss with them. If each score moves
# by a small h, the loss changes by h times the sum of the derivatives. That change is 0, so the sum
# is 0.
#
# With the formula: the probabilities of a row add up to 1, and so do the numbers of a one-hot
# label. The sum of y − t is 1 − 1 = 0, and dividing by N does not change that.
#
# Rubric:
# - 1 point: says that the loss does not change, *and* that its change is h (or the common step)
#   times the sum of the derivatives. In words is enough; without that link, no point.
# - 1 point: says that y adds up to 1 and t adds up to 1, so that y − t adds up to 0.
# ### END SOLUTION

# %% [markdown] question="squared"
# **Question (3 points).** Two classes, and the right one got the probability p = 0.01. Somebody
# wants to replace the cross-entropy by the sum of squared errors (with its ½) after softmax,
# which here is ½ · ((1 − p)² + (1 − p)²) = (1 − p)². Compute for both losses the derivative with
# respect to the score of the right class, as a number with its sign. (Chapter 9 has it for the
# lead d of the right class; the derivative is the same for the score.) Two networks learn at the
# same learning rate, the first with the cross-entropy, the second with the squared errors. Which
# of them learns faster from this sample? Is that what one wants, and why?

# %% [markdown] answer="squared" points=3
# ### BEGIN SOLUTION
# Cross-entropy: −(1 − p) = −0.99. Squared error after softmax: −2p(1 − p)² = −2 · 0.01 · 0.9801
# = −0.0196, about fifty times smaller.
#
# With the same learning rate, the network with cross-entropy raises the score of the right class
# fifty times as fast. That is desirable: the network is sure of the wrong class, so here it has
# most to learn. With the squared error the factor p stays in the gradient and makes it nearly 0
# where the answer is worst. In the cross-entropy the 1/p of the logarithm cancels that p.
#
# Rubric:
# - 1 point: −0.99 for the cross-entropy.
# - 1 point: −0.0196 (or −0.02) for the squared error. The right formula with a slip in the last
#   number is enough.
# - 1 point: says that cross-entropy learns faster and that this is wanted, because the network is
#   sure and wrong here; or that the squared error is flat where there is most to learn. Also right:
#   learns faster, and that is not wanted where the label itself may be wrong.
#
# Where a sign is wrong or missing, in one or both numbers, the first two lines together give 1
# point.
# ### END SOLUTION
