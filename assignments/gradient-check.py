# %% [markdown]
# # Find the wrong gradient
#
# **Time**: 90 minutes
#
# **Builds on**: chapter 10, *Gradient check*. The layers are of the kind of chapters 6 to 9.
#
# You will write a numerical gradient, a relative error, and a check that calls a layer right or
# broken. Then you get seven layers, find out which of them are broken, and mend them. At the end
# there are two questions to answer in words.
#
# **How it is marked.** Below each task there are tests with small numbers that you can follow on
# paper. Where a test fails, it says what was expected and why. For the marks, your functions are
# called again with other numbers, and your check is shown other layers, which nobody knows
# beforehand. This gives up to 28 points. The two questions are marked by a person and give up to
# 5 more.
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

# %% hidden="layers"
# Right layers and broken ones that the student's check is asked about, and a function.
SOURCES = """
import numpy as asked_np


def asked_f(x):
    weights = asked_np.arange(1, x.size + 1).reshape(x.shape)
    return (weights * asked_np.sin(x)).sum() + x.sum() ** 2 / 10


def asked_pairs(x):
    return (x.sum() ** 2 - (x * x).sum()) / 2


def asked_fourth(x):
    return (x * x * x * x).sum()


def asked_x_is_kept(x):
    before = x.copy()
    gradient = numerical_gradient(asked_f, x)
    return bool(asked_np.array_equal(before, x)), gradient


class AskedCube:
    def forward(self, x):
        self.x = x.copy()
        return x**3

    def backward(self, dout):
        return dout * 3 * self.x**2


class AskedExp:
    def forward(self, x):
        self.y = asked_np.exp(x)
        return self.y

    def backward(self, dout):
        return dout * self.y


class AskedFlip:
    def forward(self, x):
        return x[:, ::-1].copy()

    def backward(self, dout):
        return dout[:, ::-1].copy()


class AskedRowMean:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=1)

    def backward(self, dout):
        return asked_np.ones(self.shape) * dout[:, None] / self.shape[1]


class AskedFirstColumn:
    def forward(self, x):
        self.shape = x.shape
        return x[:, 0] * 2

    def backward(self, dout):
        dx = asked_np.zeros(self.shape)
        dx[:, 0] = dout * 2
        return dx


class AskedTwoOutputs:
    def forward(self, x):
        return asked_np.stack([x, asked_np.pi * x])

    def backward(self, dout):
        return dout[0] + asked_np.pi * dout[1]


class AskedSteep:
    def forward(self, x):
        self.y = asked_np.exp(15 * x)
        return self.y

    def backward(self, dout):
        return 15 * dout * self.y


class AskedTinyDoubled(AskedCube):
    def forward(self, x):
        return 1e-9 * super().forward(x)

    def backward(self, dout):
        return 2e-9 * super().backward(dout)


class AskedCubeSmallEntryOff(AskedCube):
    def backward(self, dout):
        dx = super().backward(dout)
        dx.flat[-1] *= 1.0003
        return dx


class AskedCubeFirstEntryLost(AskedCube):
    def backward(self, dout):
        dx = super().backward(dout)
        dx.flat[0] += 1
        return dx


def asked_ok(layer, x):
    return bool(gradient_ok(layer, x))


def asked_back(layer, dout):
    before = dout.copy()
    dx = asked_np.array(layer.backward(dout))
    return dx, bool(asked_np.array_equal(before, dout))


class AskedCubeMinus(AskedCube):
    def backward(self, dout):
        return -super().backward(dout)


class AskedTwoOutputsHalf(AskedTwoOutputs):
    def backward(self, dout):
        return dout[0]


class AskedCubeNoUpstream(AskedCube):
    def backward(self, dout):
        return 3 * self.x**2


class AskedFlipNotUndone(AskedFlip):
    def backward(self, dout):
        return dout.copy()


class AskedRowMeanAveraged(AskedRowMean):
    def backward(self, dout):
        return asked_np.ones(self.shape) * dout.mean() / self.shape[1]


class AskedCubeLastEntryLost(AskedCube):
    def backward(self, dout):
        dx = super().backward(dout)
        dx.flat[-1] += 1
        return dx


class AskedExpRowsSwapped(AskedExp):
    def backward(self, dout):
        dx = super().backward(dout)
        return dx[::-1].copy()


class AskedExpAThousandthOff(AskedExp):
    def backward(self, dout):
        return 1.001 * super().backward(dout)
"""


def away_from_zero(rng, shape):
    """Numbers of both signs, from 0.3 to 1.5 in size."""
    return rng.uniform(0.3, 1.5, size=shape) * rng.choice([-1.0, 1.0], size=shape)


# %% [markdown]
# ## 1. The numerical gradient (6 points)
#
# At 1, the slope of x⁴ is 4. A central difference with h = 0.1 measures
# (1.1⁴ − 0.9⁴) / 0.2 = (1.4641 − 0.6561) / 0.2 = 4.04.
#
# Write `numerical_gradient(f, x, h=1e-5)`. It returns an array of the shape of `x`: for each entry
# the central difference of `f`, while all other entries stay where they are.
#
# - `x` is an array of floats of any shape, such as `(4,)`, `(2, 3)` or `(2, 1, 3)`.
#   `for i in np.ndindex(x.shape)` walks through the places of all entries, and `x[i]` is the entry
#   at the place `i`.
# - `f` takes an array of that shape and returns one number.
# - Afterwards `x` must hold the same numbers as before, to the last bit. (x + h − h is rounded, and
#   may differ from x.)
#
# Most tests leave `h` at its default. In some it is large, because then the result is easy to
# compute by hand.


# %% task="numgrad"
def numerical_gradient(f, x, h=1e-5):
    ### BEGIN SOLUTION
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        below = f(x)
        x[i] = before  # put back
        gradient[i] = (above - below) / (2 * h)
    return gradient
    ### END SOLUTION


# %% item="numgrad-central" points=2
def fourth(x):
    return np.sum(x * x * x * x)


measured = numerical_gradient(fourth, np.array([1.0]), 0.1)
expect(measured, [4.04], "1.4641 − 0.6561 = 0.808, divided by 0.2")


### BEGIN HIDDEN
def ask(program, rng):
    """Central differences of x⁴ with a large h."""
    program.define(SOURCES)
    for h in (0.1, 0.25):
        yield program.numerical_gradient(program.asked_fourth, rng.uniform(1, 2, size=3), h)


### END HIDDEN


# %% item="numgrad-shapes" points=2
def product(x):
    return x[0, 0] * x[0, 1] + 10 * x[1, 0]


x = np.array([[3.0, 0.5], [-1.0, 2.0]])
expect(
    np.round(numerical_gradient(product, x), 6),
    np.array([[0.5, 3.0], [10.0, 0.0]]),
    "each entry is moved alone, and the last one has no influence",
)


### BEGIN HIDDEN
def ask(program, rng):
    """Numerical gradients for arrays of one, two and three axes."""
    program.define(SOURCES)
    for shape in ((4,), (2, 3), (3, 3), (2, 1, 3)):
        x = rng.normal(size=shape)
        yield approx(program.numerical_gradient(program.asked_f, x), rtol=1e-4, atol=1e-4)
        yield approx(program.numerical_gradient(program.asked_pairs, x), rtol=1e-7, atol=1e-7)


### END HIDDEN

# %% item="numgrad-kept" points=2
x = np.array([0.1, 1e-7, 3.3])
numerical_gradient(fourth, x)
expect(list(x) == [0.1, 1e-7, 3.3], True, "x holds the same numbers as before, to the last bit")


### BEGIN HIDDEN
def ask(program, rng):
    """Whether x is as it was, and the gradient."""
    program.define(SOURCES)
    for size in (1e-7, 1.0, 1e-6):
        x_is_kept, gradient = program.asked_x_is_kept(size * rng.normal(size=6))
        yield x_is_kept
        yield approx(gradient, rtol=1e-4, atol=1e-4)


### END HIDDEN

# %% [markdown]
# ## 2. The relative error (3 points)
#
# 1000 and 1000.001 differ by 0.001, which is a millionth of their size. 0.000001 and 0.000002
# differ by less, but that is half of the larger one. The second pair is the worse one.
#
# Write `relative_error(a, b)` for two arrays of the same shape, or two numbers. For each place,
# divide |a − b| by the larger one of |a| and |b|. Where both are 0 they agree: there the relative
# error is 0. Return the largest of all, one number.
#
# (`np.abs`, and `np.maximum(a, b)`, which takes the larger one at each place. In
# `np.where(condition, u, v)` the result is `u` where the condition holds, else `v`. Both are
# computed everywhere, so a 0 / 0 among them gives a warning. The warning does no harm. To avoid
# it, put a 1 in place of each divisor that is 0.)


# %% task="relative"
def relative_error(a, b):
    ### BEGIN SOLUTION
    difference = np.abs(a - b)
    size = np.maximum(np.abs(a), np.abs(b))
    size = np.where(size == 0, 1, size)  # both are 0: then 0 is divided by 1
    return np.max(difference / size)
    ### END SOLUTION


# %% item="relative-largest" points=2
expect(relative_error(1e-6, 2e-6), 0.5, "the difference is half of the larger one")
expect(relative_error(4.0, -4.0), 2, "a wrong sign: 8 is twice as large as 4")
a, b = np.array([1000.0, 1e-6]), np.array([1000.001, 2e-6])
expect(relative_error(a, b), 0.5, "the largest of the two relative errors counts")


### BEGIN HIDDEN
def ask(program, rng):
    """The relative error of numbers and of arrays, with sizes far apart."""
    for shape in ((), (5,), (2, 3)):
        for _ in range(2):
            a = rng.normal(size=shape) * 10.0 ** rng.integers(-6, 4, size=shape)
            b = a * (1 + rng.normal(size=shape) * 10.0 ** rng.integers(-4, 1, size=shape))
            if shape == ():
                a, b = float(a), float(b)
            yield program.relative_error(a, b)
    a = rng.normal(size=4)
    yield program.relative_error(a, -a)
    yield program.relative_error(1e-12 * a, 1.5e-12 * a)


### END HIDDEN

# %% item="relative-zeros" points=1
expect(relative_error(np.array([0.0, 2.0]), np.array([0.0, 1.0])), 0.5, "0 and 0 agree: error 0")
expect(relative_error(np.array([0.0, 2.0]), np.array([1.0, 2.0])), 1, "0 and 1 differ by all of 1")


### BEGIN HIDDEN
def ask(program, rng):
    """The relative error where entries are 0 in one array or in both."""
    a, b = rng.uniform(1, 2, size=5), rng.uniform(1, 2, size=5)
    a[[1, 3]] = b[[1, 3]] = 0
    yield program.relative_error(a, b)
    yield program.relative_error(np.zeros((2, 2)), np.zeros((2, 2)))
    a[0] = 0
    yield program.relative_error(a, b)
    yield program.relative_error(0.0, 0.0)


### END HIDDEN

# %% [markdown]
# ## 3. The check (6 points)
#
# A layer puts out an array, and a numerical gradient needs one number. So multiply each output by
# its upstream gradient, and add it all up: L = `np.sum(dout * layer.forward(x))`. The gradient of
# this L for `x` is what `layer.backward(dout)` should return.
#
# An example with the layer `Triple` below, y = 3x. Let x be (1, 2) and `dout` (10, −1). Then y is
# (3, 6) and L = 10 · 3 − 1 · 6 = 24. If the first input rises by 1, y is (6, 6) and L = 54. The
# slope is 30, and `backward` returns 10 · 3 = 30 for it.
#
# Write `gradient_ok(layer, x)`, which returns `True` or `False`:
#
# 1. Call `layer.forward(x)`. The output may have another shape than `x`.
# 2. Draw a random `dout` of the shape of the output, from the normal distribution and not rounded.
# 3. Call `layer.backward(dout)`. Do this before you measure, for measuring calls `forward` again.
# 4. Measure the gradient of L for `x`, and take the relative error.
# 5. Below 1e-4 the layer is right. One entry with a larger error is enough to call it broken.
#
# In all layers that your check is shown, `backward` returns an array of the shape of `x` and leaves
# `dout` as it is. (A slope that should be 0 may come out as 1e-12, and then its relative error says
# nothing. With the inputs of the tests that does not happen.)
#
# (`np.random.default_rng(0).normal(size=...)` draws random numbers, and `np.shape(y)` is a shape.
# The check uses your first two functions, so a mistake in one of them shows here and in task 4,
# too.)


# %% given="triples"
x_triple = np.array([[1.0, 2.0, -0.5], [0.3, -1.0, 4.0]])


class Triple:
    """y = 3x. This one is right."""

    def forward(self, x):
        return 3 * x

    def backward(self, dout):
        return 3 * dout


class TripleForgotten(Triple):
    """Broken: the 3 is lost."""

    def backward(self, dout):
        return dout


class TripleAlone(Triple):
    """Broken: what arrives from upstream is left out."""

    def backward(self, dout):
        return 3 * np.ones(np.shape(dout))


# %% task="check"
def gradient_ok(layer, x):
    ### BEGIN SOLUTION
    y = layer.forward(x)
    dout = np.random.default_rng(0).normal(size=np.shape(y))
    dx = layer.backward(dout)

    def L(x):
        return np.sum(dout * layer.forward(x))

    measured = numerical_gradient(L, x)
    return bool(relative_error(dx, measured) < 1e-4)
    ### END SOLUTION


# %% item="check-right" points=2
expect(gradient_ok(Triple(), x_triple), True, "Triple is right")
expect(
    gradient_ok(TripleForgotten(), x_triple),
    False,
    "what backward returns is a third of what is measured",
)


### BEGIN HIDDEN
def ask(program, rng):
    """The check of right layers with outputs of several shapes, and of two broken ones."""
    program.define(SOURCES)
    x = away_from_zero(rng, (3, 4))
    yield program.asked_ok(program.AskedCube(), away_from_zero(rng, 5))
    yield program.asked_ok(program.AskedExp(), x)
    yield program.asked_ok(program.AskedRowMean(), x)
    yield program.asked_ok(program.AskedFirstColumn(), x)
    yield program.asked_ok(program.AskedTwoOutputs(), x)
    yield program.asked_ok(program.AskedSteep(), rng.uniform(0.1, 0.2, size=(2, 2)))
    yield program.asked_ok(program.AskedCubeMinus(), x)
    yield program.asked_ok(program.AskedTwoOutputsHalf(), x)


### END HIDDEN

# %% item="check-upstream" points=2
expect(
    gradient_ok(TripleAlone(), x_triple),
    False,
    "it leaves dout out: that shows where dout is not 1",
)


### BEGIN HIDDEN
def ask(program, rng):
    """The check of layers that do something wrong with what arrives from upstream."""
    program.define(SOURCES)
    x = away_from_zero(rng, (3, 4))
    yield program.asked_ok(program.AskedCubeNoUpstream(), x)
    yield program.asked_ok(program.AskedFlip(), x)
    yield program.asked_ok(program.AskedFlipNotUndone(), x)
    yield program.asked_ok(program.AskedRowMean(), x)
    yield program.asked_ok(program.AskedRowMeanAveraged(), x)


### END HIDDEN


# %% item="check-entries" points=2
class TripleOnce(Triple):
    def backward(self, dout):
        dx = 3 * dout
        dx[0, 0] = dout[0, 0]
        return dx


class TripleNearly(Triple):
    def backward(self, dout):
        dx = 3 * dout
        dx[0, 0] *= 1.0003
        return dx


expect(gradient_ok(TripleOnce(), x_triple), False, "one wrong entry of six is enough")
expect(gradient_ok(TripleNearly(), x_triple), False, "the entry with the largest error decides")


### BEGIN HIDDEN
def ask(program, rng):
    """The check of layers with one wrong entry, swapped entries, and a small wrong factor."""
    program.define(SOURCES)
    x = away_from_zero(rng, (3, 4))
    yield program.asked_ok(program.AskedCube(), x)
    yield program.asked_ok(program.AskedCubeLastEntryLost(), x)
    yield program.asked_ok(program.AskedExp(), x)
    yield program.asked_ok(program.AskedExpRowsSwapped(), x)
    yield program.asked_ok(program.AskedExpAThousandthOff(), x)
    yield program.asked_ok(program.AskedTinyDoubled(), x)
    yield program.asked_ok(program.AskedCubeFirstEntryLost(), x)
    x[-1, -1] = 0.3
    yield program.asked_ok(program.AskedCubeSmallEntryOff(), x)


### END HIDDEN

# %% [markdown]
# ## 4. Seven layers (2 points)
#
# Here are seven layers. Each takes a batch of shape `(N, D)`. Their `forward` is right and does
# what the line below the name says. With some of them, `backward` is broken.
#
# Which ones? Put the names of the broken layers into a list `broken`, in any order. (If it were
# `TripleAlone` only: `broken = ["TripleAlone"]`.) `LAYERS` has all seven by name, and `x_try` is
# an input for them: `for name, layer in LAYERS.items()` goes through them. Reading the code
# helps, but let your check decide. The test below looks at the spelling of the names only; the
# points are for the whole list, right and complete.


# %% given="seven"
class Leaky:
    """y is x where x > 0, and 0.1 x elsewhere."""

    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, 0.1 * x)

    def backward(self, dout):
        return dout * self.mask


class Softplus:
    """y = log(1 + exp(x)), a ReLU with a round corner."""

    def forward(self, x):
        self.y = np.log(1 + np.exp(x))
        return self.y

    def backward(self, dout):
        return dout * (1 - np.exp(-self.y))


class RunningTotal:
    """In each row: x0, then x0 + x1, then x0 + x1 + x2, and so on."""

    def forward(self, x):
        return np.cumsum(x, axis=1)

    def backward(self, dout):
        return np.cumsum(dout, axis=1)


class Shares:
    """Each number divided by the sum S of its row."""

    def forward(self, x):
        self.x = x
        self.S = x.sum(axis=1, keepdims=True)
        return x / self.S

    def backward(self, dout):
        return dout / self.S


class Neighbours:
    """In each row: x0 * x1, then x1 * x2, and so on; a row gets shorter by one."""

    def forward(self, x):
        self.x = x
        return x[:, :-1] * x[:, 1:]

    def backward(self, dout):
        dx = np.zeros(self.x.shape)
        dx[:, :-1] = dout * self.x[:, 1:]
        dx[:, 1:] = dout * self.x[:, :-1]
        return dx


class Largest:
    """The largest number of each row; y has the shape (N,)."""

    def forward(self, x):
        self.shape = x.shape
        self.place = x.argmax(axis=1)
        return x.max(axis=1)

    def backward(self, dout):
        dx = np.zeros(self.shape)
        dx[np.arange(len(dout)), self.place] = dout
        return dx


class Lengths:
    """The root of x0² + x1² + ... of each row: its length as an arrow; y has the shape (N,)."""

    def forward(self, x):
        self.x = x
        self.y = np.sqrt((x**2).sum(axis=1))
        return self.y

    def backward(self, dout):
        return self.x / self.y[:, np.newaxis]


LAYERS = {
    "Leaky": Leaky(),
    "Softplus": Softplus(),
    "RunningTotal": RunningTotal(),
    "Shares": Shares(),
    "Neighbours": Neighbours(),
    "Largest": Largest(),
    "Lengths": Lengths(),
}
x_try = np.array([[0.5, -1.0, 2.0, 1.5], [1.2, 0.8, -0.6, 0.3], [-0.4, 0.9, 1.7, -0.7]])

# %% task="verdict"
### BEGIN SOLUTION
broken = []
for name in LAYERS:
    if not gradient_ok(LAYERS[name], x_try):
        broken.append(name)
### END SOLUTION

# %% item="verdict" points=2
expect(set(broken) <= set(LAYERS), True, "the list holds names of the seven layers, as texts")


### BEGIN HIDDEN
def ask(program, rng):
    """The names of the broken layers."""
    program.define("def asked_broken(): return sorted({str(name) for name in broken})")
    yield program.asked_broken()


### END HIDDEN

# %% [markdown]
# ## 5. Mended (11 points, and two questions)
#
# For each of the seven write a class with `Mended` before the name: `MendedLeaky` and so on.
#
# - A layer that is right needs no mending. For it write one line, as in `MendedTriple = Triple`.
# - For a broken one, derive its gradient. `class MendedTripleAlone(TripleAlone):` takes everything
#   over from `TripleAlone`, and a `backward` that you write in it takes the place of the broken
#   one. Or write the whole class anew. `forward` must give the same as before.
# - `backward` computes the gradient from its formula, and leaves `dout` as it is. One that
#   measures, by calling `numerical_gradient`, gets no points.
#
# Questions that lead to each gradient: which outputs does one input touch, and with which slope?
# Several outputs mean a sum. Start with a row of two or three numbers on paper, and let
# `gradient_ok` with `x_try` confirm the result. (`a[:, ::-1]` turns each row round.) The tests
# below are about all seven layers, broken or not. They leave special cases out: an entry 0 for
# `Leaky`, a sum of 0 for `Shares`, two entries that are both the largest, and a row of zeros for
# `Lengths`.


# %% task="mend-leaky-softplus"
# MendedLeaky and MendedSoftplus
### BEGIN SOLUTION
class MendedLeaky(Leaky):
    def backward(self, dout):
        return np.where(self.mask, dout, 0.1 * dout)


MendedSoftplus = Softplus
### END SOLUTION

# %% item="mended-leaky" points=1
layer = MendedLeaky()
layer.forward(np.array([[3.0, -3.0]]))
expect(layer.backward(np.array([[10.0, 20.0]])), [[10, 2]], "the slopes are 1 at 3 and 0.1 at −3")


### BEGIN HIDDEN
def ask(program, rng):
    """Forward and backward of MendedLeaky."""
    program.define(SOURCES)
    layer = program.MendedLeaky()
    for size in (1, 1e-7):
        yield layer.forward(size * away_from_zero(rng, (3, 5)))
        yield from program.asked_back(layer, rng.normal(size=(3, 5)))


### END HIDDEN


# %% task="mend-total"
# MendedRunningTotal
### BEGIN SOLUTION
class MendedRunningTotal(RunningTotal):
    def backward(self, dout):
        backwards = dout[:, ::-1]  # from the last output to the first
        return np.cumsum(backwards, axis=1)[:, ::-1]


### END SOLUTION

# %% item="mended-total" points=2
layer = MendedRunningTotal()
expect(layer.forward(np.array([[1.0, 2.0, 3.0]])), [[1, 3, 6]], "1, 1 + 2, and 1 + 2 + 3")
dx = layer.backward(np.array([[1.0, 10.0, 100.0]]))
expect(dx, [[111, 110, 100]], "the first input is in all three outputs, the last one in one")


### BEGIN HIDDEN
def ask(program, rng):
    """Forward and backward of MendedRunningTotal."""
    program.define(SOURCES)
    for shape in ((3, 5), (4, 2)):
        layer = program.MendedRunningTotal()
        for size in (1, 1e9):
            yield layer.forward(size * rng.normal(size=shape))
            yield from program.asked_back(layer, rng.normal(size=shape))


### END HIDDEN


# %% task="mend-shares"
# MendedShares
### BEGIN SOLUTION
class MendedShares(Shares):
    def backward(self, dout):
        # S goes into every output of its row, with the slope -x / S**2
        dS = (dout * -self.x / self.S**2).sum(axis=1, keepdims=True)
        return dout / self.S + dS  # each x goes into its own share and into S


### END SOLUTION

# %% item="mended-shares" points=3
layer = MendedShares()
expect(layer.forward(np.array([[1.0, 3.0]])), [[0.25, 0.75]], "1 / 4 and 3 / 4")
dx = layer.backward(np.array([[16.0, 0.0]]))
expect(dx, [[3, -1]], "x0 / (x0 + x1) has the slopes x1 / S² = 3/16 and −x0 / S² = −1/16")


### BEGIN HIDDEN
def ask(program, rng):
    """Forward and backward of MendedShares."""
    program.define(SOURCES)
    for shape in ((3, 5), (4, 2)):
        layer = program.MendedShares()
        for size in (1, 1e-5):
            yield layer.forward(size * rng.uniform(0.5, 2, size=shape))
            yield from program.asked_back(layer, rng.normal(size=shape))


### END HIDDEN


# %% task="mend-neighbours-largest"
# MendedNeighbours and MendedLargest
### BEGIN SOLUTION
class MendedNeighbours(Neighbours):
    def backward(self, dout):
        dx = np.zeros(self.x.shape)
        dx[:, :-1] += dout * self.x[:, 1:]
        dx[:, 1:] += dout * self.x[:, :-1]  # added: an inner number is used twice
        return dx


MendedLargest = Largest
### END SOLUTION

# %% item="mended-neighbours" points=2
layer = MendedNeighbours()
expect(layer.forward(np.array([[2.0, 3.0, 5.0]])), [[6, 15]], "2 × 3 and 3 × 5")
dx = layer.backward(np.array([[1.0, 10.0]]))
expect(dx, [[3, 52, 30]], "the 3 is in both products: 1 × 2 + 10 × 5 = 52")


### BEGIN HIDDEN
def ask(program, rng):
    """Forward and backward of MendedNeighbours."""
    program.define(SOURCES)
    layer = program.MendedNeighbours()
    for shape in ((3, 5), (4, 2)):
        for size in (1, 1e9):
            yield layer.forward(size * rng.normal(size=shape))
            yield from program.asked_back(layer, rng.normal(size=(shape[0], shape[1] - 1)))


### END HIDDEN

# %% item="mended-right" points=1
layer = MendedSoftplus()
layer.forward(np.array([[0.0, np.log(3)]]))
expect(layer.backward(np.array([[1.0, 8.0]])), [[0.5, 6]], "the slope is exp(x) / (1 + exp(x))")
layer = MendedLargest()
expect(layer.forward(np.array([[2.0, 7.0, 5.0]])), [7], "the largest number of the row")
expect(layer.backward(np.array([10.0])), [[0, 10, 0]], "only the largest one has an influence")


### BEGIN HIDDEN
def ask(program, rng):
    """Forward and backward of MendedSoftplus and MendedLargest."""
    program.define(SOURCES)
    layer = program.MendedSoftplus()
    yield layer.forward(away_from_zero(rng, (3, 5)))
    yield from program.asked_back(layer, rng.normal(size=(3, 5)))
    layer = program.MendedLargest()
    yield layer.forward(rng.permuted(np.arange(12.0).reshape(3, 4), axis=1))
    yield from program.asked_back(layer, rng.normal(size=3))


### END HIDDEN


# %% task="mend-lengths"
# MendedLengths
### BEGIN SOLUTION
class MendedLengths(Lengths):
    def backward(self, dout):
        return dout[:, np.newaxis] * self.x / self.y[:, np.newaxis]


### END SOLUTION

# %% item="mended-lengths" points=2
layer = MendedLengths()
expect(layer.forward(np.array([[3.0, 4.0], [0.0, 2.0]])), [5, 2], "the root of 9 + 16, and of 4")
dx = layer.backward(np.array([10.0, 1.0]))
expect(dx, [[6, 8], [0, 1]], "the slopes of the first row are 3/5 and 4/5, times 10")


### BEGIN HIDDEN
def ask(program, rng):
    """Forward and backward of MendedLengths."""
    program.define(SOURCES)
    for shape in ((3, 5), (4, 2)):
        layer = program.MendedLengths()
        for size in (1, 1e-5):
            yield layer.forward(size * away_from_zero(rng, shape))
            yield from program.asked_back(layer, rng.normal(size=shape[0]))


### END HIDDEN

# %% [markdown] question="all-ones"
# **Question (3 points).** Exactly one of the broken layers passes every check whose `dout`
# holds nothing but ones. Which one, and why does it pass? Why would it do harm in a network? And
# why does a `dout` of random numbers find it?

# %% [markdown] answer="all-ones" points=3
# ### BEGIN SOLUTION
# `Lengths`. Its `backward` returns the local derivatives x / y and leaves `dout` out. Multiplying
# by 1 changes nothing, so with a `dout` of ones the result is right.
#
# In a network `dout` comes from the layers to the right, and is hardly ever 1. The layer would send
# back the same gradient whatever the loss is, often with the wrong sign or size, and everything to
# its left would learn from it.
#
# With random numbers, right and wrong differ in practically every entry: they would agree only if
# the random numbers happened to be 1.
#
# Rubric:
# - 1 point: names Lengths, *and* says that dout is left out, which does not show where dout is 1.
# - 1 point: says that in a network dout is made by the layers to the right (or by the loss), so
#   that all to the left gets a wrong gradient.
# - 1 point: says that random numbers are practically never 1, so x/y and dout · x/y differ.
# ### END SOLUTION

# %% [markdown] question="tiny-h"
# **Question (2 points).** To make the check more exact, somebody sets h to 1e-13. Now the check
# calls all layers broken, the right ones as well. Explain why, and estimate to a power of ten how
# far off a measured slope is. Compare that with the limit of the check. (Take L and the slopes to
# be of size 1; a float has about 16 digits.)

# %% [markdown] answer="tiny-h" points=2
# ### BEGIN SOLUTION
# For such a small step, the two values of L agree in nearly all of their 16 digits. Subtracting
# them cancels those digits and leaves the last ones, which are rounded; dividing by 2h makes their
# error large.
#
# A value of size 1 is rounded by about 2e-16. Divided by 2h = 2e-13 that is about 1e-3, ten times
# the 1e-4 that the check allows. So even a right gradient seems wrong.
#
# Rubric:
# - 1 point: says that it is rounding: the subtraction cancels the leading digits, and dividing by a
#   tiny h makes what is left large. Also right: x + h and x − h themselves are rounded.
# - 1 point: estimates about 1e-3 (from 2e-4 to 2e-2 is fine; measured with the layers of the
#   notebook, up to 1e-1), and compares it with 1e-4.
# ### END SOLUTION
