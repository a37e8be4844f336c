# %% [markdown]
# # Activation layers
#
# **Time**: 75 minutes
#
# **Builds on**: chapter 7, *Activation layers*, and chapters 5 and 6.
#
# You will write ReLU and the sigmoid as layers, find the way back through two activations that the
# chapter does not treat, and see what a row of sigmoids does to a gradient. There are five tasks,
# from easy to hard, and two questions to answer in words.
#
# **How it is marked.** Below each task there are tests with small numbers that you can follow on
# paper. Where a test fails, it says what was expected and why. For the marks, your layers and your
# function are called again with other numbers, which nobody knows beforehand. This gives up to 28
# points. The two questions are marked by a person and give up to 6 more.
#
# **What you hand in.** Only what you write in the answer cells is needed: the cells that say
# `YOUR CODE HERE` or `YOUR ANSWER HERE`. Delete the line `raise NotImplementedError()` when you
# write your own. Use NumPy and what comes with Python; nothing else is there when your work is
# marked. Cells of your own may be added anywhere. Run the cells from top to bottom; all of them
# need the two code cells just below this text.
#
# **In all tasks** `x` is a NumPy array of floats (in task 2 also of whole numbers), of any shape,
# and `dout`, the upstream gradient, is an array of the same shape. `forward(x)` returns the
# output, an array, and keeps in `self` what `backward` will need. `backward(dout)` returns `dx`.
# Both go entry by entry, so all shapes stay the same. `backward` may be called several times
# after one `forward`. After a second `forward`, the new input counts. Two objects do not disturb
# each other. The derivative is to be computed by its formula and is compared to 12 digits: a
# central difference is not good enough, nor are float32 numbers. (An error that mentions
# `NoneType` means that a method or a function returned nothing.)

# %% given="setup"
import numpy as np

# %% given="expect"
### INCLUDE expect

# %% [markdown]
# ## 1. ReLU (5 points)
#
# The input (3, −2, 0.5) comes out as (3, 0, 0.5). If (−1, 4, 2) arrives from upstream, (−1, 0, 2)
# goes back.
#
# Two things are tested separately:
#
# - At exactly 0 the flap counts as shut, forward and backward.
# - The arrays `x` and `dout` belong to somebody else. After `forward` and `backward` they hold the
#   numbers that they held before.


# %% task="relu"
class Relu:
    def forward(self, x):
        ### BEGIN SOLUTION
        self.mask = x > 0
        return np.where(self.mask, x, 0.0)
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return np.where(self.mask, dout, 0.0)
        ### END SOLUTION


# %% item="relu-forward" points=1
layer = Relu()
expect(layer.forward(np.array([3.0, -2.0, 0.5])), np.array([3, 0, 0.5]), "a shut flap puts out 0")
expect(layer.forward(np.array([[-1.0], [4.5]])), np.array([[0], [4.5]]), "all shapes stay the same")


### BEGIN HIDDEN
def ask(program, rng):
    """ReLU, forward, for several shapes."""
    layer = program.Relu()
    for shape in (5, (2, 3), (2, 2, 2)):
        yield layer.forward(rng.normal(size=shape))


### END HIDDEN

# %% item="relu-backward" points=2
layer = Relu()
layer.forward(np.array([3.0, -2.0, 0.5]))
dx = layer.backward(np.array([-1.0, 4.0, 2.0]))
expect(dx, np.array([-1, 0, 2]), "what opens a flap is x, and not the sign of what arrives")
dx = layer.backward(np.array([6.0, 7.0, 8.0]))
expect(dx, np.array([6, 0, 8]), "backward may be called again after the same forward")
layer.forward(np.array([-3.0, 2.0, -0.5]))
dx = layer.backward(np.array([-1.0, 4.0, 2.0]))
expect(dx, np.array([0, 4, 0]), "after a second forward the new input counts")
other = Relu()
other.forward(np.array([3.0, -2.0, 0.5]))
dx = layer.backward(np.array([-1.0, 4.0, 2.0]))
expect(dx, np.array([0, 4, 0]), "another object does not disturb this one")


### BEGIN HIDDEN
def ask(program, rng):
    """ReLU, backward, several times."""
    layer, other = program.Relu(), program.Relu()
    for shape in (8, (3, 4)):
        layer.forward(rng.normal(size=shape))
        other.forward(rng.normal(size=shape))
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)


### END HIDDEN

# %% item="relu-at-zero" points=1
layer = Relu()
expect(layer.forward(np.array([0.0, 1.5])), np.array([0, 1.5]), "0 comes out as 0")
expect(layer.backward(np.array([5.0, 5.0])), np.array([0, 5]), "at 0 the flap counts as shut")


### BEGIN HIDDEN
def ask(program, rng):
    """ReLU, forward and backward, where some inputs are exactly 0."""
    layer = program.Relu()
    x = np.array([0.0, 1.0, -1.0, 0.0]) * rng.uniform(1, 2, size=4)
    yield layer.forward(x)
    yield layer.backward(rng.uniform(1, 2, size=4))


### END HIDDEN

# %% item="relu-arrays-kept" points=1
layer = Relu()
x, dout = np.array([3.0, -2.0, 0.5]), np.array([-1.0, 4.0, 2.0])
y = layer.forward(x)
dx = layer.backward(dout)
expect((y, dx), ([3, 0, 0.5], [-1, 0, 2]), "the right numbers come out, in arrays of their own")
expect(x, np.array([3, -2, 0.5]), "forward does not write into the array that it was given")
expect(dout, np.array([-1, 4, 2]), "backward does not write into the array that it was given")


### BEGIN HIDDEN
def ask(program, rng):
    """The arrays x and dout after forward and backward of ReLU, and what these returned."""
    program.define(
        "def x_and_dout_after_relu(x, dout):\n"
        "    layer = Relu()\n"
        "    y = layer.forward(x)\n"
        "    dx = layer.backward(dout)\n"
        "    return x, dout, y, np.shape(dx)\n"
    )
    yield from program.x_and_dout_after_relu(rng.normal(size=(4, 10)), rng.normal(size=(4, 10)))


### END HIDDEN

# %% [markdown] question="two-numbers"
# **Question (3 points).** Someone writes the backward pass of ReLU as
# `return np.where(dout > 0, dout, 0.0)`.
#
# For an `x` with two entries, give a `dout` with no 0 in it for which this returns the right result
# all the same, and another for which it does not. Write down `x`, both `dout`, what comes back each
# time, and what should. A test that the wrong line passes is too weak. Which signs must x and dout
# have in one and the same entry, so that a test finds the mistake?

# %% [markdown] answer="two-numbers" points=3
# ### BEGIN SOLUTION
# Take x = (3, −2), so the first flap is open and the second is shut.
#
# For dout = (5, −1) it returns (5, 0), and that is right: the first is above 0 and passes, the
# second is not and is stopped. For dout = (−1, 5) it returns (0, 5), where (−1, 0) is right: the
# open flap should let −1 pass, and the shut one should stop 5.
#
# A test should hold every combination of signs: positive and negative entries of x, and for each of
# them positive and negative entries of dout. Random numbers of both signs, enough of them, do this.
#
# Rubric:
# - 1 point: an x and a dout with no 0 in it for which the result is right, with the result.
# - 1 point: a dout for which it is wrong, with what comes back and what should.
# - 1 point: says that a test needs a negative dout where x > 0, or a positive dout where x ≤ 0.
#   "All combinations" and "many random numbers of both signs" count; "both signs" alone does not.
# ### END SOLUTION

# %% [markdown]
# ## 2. The sigmoid (6 points)
#
# The sigmoid of x is y = 1 / (1 + e^(−x)). Take x = 1.0986 (rounded), where e^x is 3. This number
# is the natural logarithm of 3, in NumPy `np.log(3)`, and here it is written log 3. There e^(−x) is
# 1/3, so y is 1 / (4/3) = 0.75. `backward` needs only the output; keep that.
#
# - `forward` may be given an array of whole numbers, such as `np.array([-1, 0, 2])`. Its sigmoids
#   are not whole numbers.
# - `x` may be as large as 1000 or as small as −1000. Then the output is 1 or 0 (rounded), and
#   on the way there must be no overflow. In the test, `np.errstate` turns each NumPy warning about
#   an overflow or an invalid value into an error. To silence the warning is not enough.
#
# `backward` is called only for inputs between −4 and 4.


# %% task="sigmoid"
class Sigmoid:
    def forward(self, x):
        ### BEGIN SOLUTION
        e = np.exp(-np.abs(x))  # never more than 1
        self.out = np.where(x >= 0, 1, e) / (1 + e)
        return self.out
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout * self.out * (1 - self.out)
        ### END SOLUTION


# %% item="sigmoid-forward" points=1
layer = Sigmoid()
y = layer.forward(np.array([0.0, np.log(3), -np.log(3)]))
expect(y, np.array([0.5, 0.75, 0.25]), "1 / (1 + 1), 1 / (1 + 1/3) and 1 / (1 + 3)")
y = layer.forward(np.array([[0.0], [np.log(3)]]))
expect(y, np.array([[0.5], [0.75]]), "all shapes stay the same")


### BEGIN HIDDEN
def ask(program, rng):
    """The sigmoid, forward, for several shapes."""
    layer = program.Sigmoid()
    for shape in (5, (2, 3), (2, 2, 2)):
        yield layer.forward(rng.uniform(-4, 4, size=shape))


### END HIDDEN

# %% item="sigmoid-whole-numbers" points=1
y = Sigmoid().forward(np.array([-1, 0, 2]))
expect(y[1], 0.5, "whole numbers may come in, but the sigmoid of 0 is 0.5")


### BEGIN HIDDEN
def ask(program, rng):
    """The sigmoid of whole numbers."""
    yield program.Sigmoid().forward(rng.integers(-4, 5, size=6))


### END HIDDEN

# %% item="sigmoid-backward" points=2
layer = Sigmoid()
layer.forward(np.array([0.0, np.log(3), -np.log(3)]))
dx = layer.backward(np.array([16.0, 16.0, -16.0]))
expect(dx, np.array([4, 3, -3]), "16 × 0.5 × 0.5, 16 × 0.75 × 0.25, and −16 × 0.25 × 0.75")


### BEGIN HIDDEN
def ask(program, rng):
    """The sigmoid, backward, several times."""
    layer, other = program.Sigmoid(), program.Sigmoid()
    for shape in (5, (2, 3)):
        layer.forward(rng.uniform(-4, 4, size=shape))
        other.forward(rng.uniform(-4, 4, size=shape))
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)


### END HIDDEN

# %% item="sigmoid-large" points=2
try:
    with np.errstate(over="raise", invalid="raise"):
        y = Sigmoid().forward(np.array([-1000.0, 0.0, 1000.0]))
except FloatingPointError as error:
    raise AssertionError(
        f"{error}: exp was given a number that is too large for it. "
        "(np.where computes both of its arguments, for all entries.)"
    ) from None
expect(y, np.array([0, 0.5, 1]), "−1000 gives 0 and 1000 gives 1, rounded")


### BEGIN HIDDEN
def ask(program, rng):
    """The sigmoid of numbers up to 1000 and down to -1000, without an overflow."""
    program.define(
        "def sigmoid_of_large(x):\n"
        "    import contextlib, numpy\n"
        "    kept = numpy.errstate, numpy.seterr\n"
        "    with numpy.errstate(over='raise', invalid='raise'):\n"
        "        numpy.errstate = lambda **_: contextlib.nullcontext()\n"
        "        numpy.seterr = lambda *_, **__: {}\n"
        "        try:\n"
        "            return Sigmoid().forward(x)\n"
        "        finally:\n"
        "            numpy.errstate, numpy.seterr = kept\n"
    )
    yield program.sigmoid_of_large(rng.uniform(750, 1000, size=3))
    yield program.sigmoid_of_large(-rng.uniform(750, 1000, size=3))
    yield program.sigmoid_of_large(np.array([-900.0, 2.0, 900.0, -2.0]) * rng.uniform(0.9, 1.1))


### END HIDDEN

# %%
# A cell to try things.

# %% [markdown]
# ## 3. Softplus (5 points)
#
# Softplus is a ReLU with a rounded bend: y = log(1 + e^x). At x = log 3 it is log 4, which is
# 1.3863. (`np.log` is the natural logarithm. Inputs lie between −4 and 4.)
#
# On a graph these are three nodes: exp, add 1, log. The local derivative of the exp node is its own
# output. The local derivative of a log node is 1 divided by its *input*: at 4 the logarithm has the
# slope 1/4. Go backward through the three nodes on paper, first with the numbers for x = log 3,
# then in letters. You will write this down in the question below.


# %% task="softplus"
class Softplus:
    def forward(self, x):
        ### BEGIN SOLUTION
        self.e = np.exp(x)
        return np.log(1 + self.e)
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout * self.e / (1 + self.e)
        ### END SOLUTION


# %% item="softplus-forward" points=1
y = Softplus().forward(np.array([0.0, np.log(3)]))
expect(y, np.log([2.0, 4.0]), "log(1 + 1) and log(1 + 3)")
expect(Softplus().forward(np.zeros((2, 1))), np.log([[2.0], [2.0]]), "all shapes stay the same")


### BEGIN HIDDEN
def ask(program, rng):
    """Softplus, forward."""
    for shape in (5, (2, 3)):
        yield program.Softplus().forward(rng.uniform(-4, 4, size=shape))


### END HIDDEN

# %% item="softplus-backward" points=4
layer = Softplus()
layer.forward(np.array([0.0, np.log(3)]))
dx = layer.backward(np.array([10.0, 4.0]))
expect(dx, np.array([5, 3]), "4 arrives at the log node, 4 × 1/4 = 1 at exp, and 1 × 3 goes back")


### BEGIN HIDDEN
def ask(program, rng):
    """Softplus, backward, several times."""
    layer, other = program.Softplus(), program.Softplus()
    for shape in (5, (2, 3)):
        layer.forward(rng.uniform(-4, 4, size=shape))
        other.forward(rng.uniform(-4, 4, size=shape))
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)


### END HIDDEN

# %% [markdown] question="softplus-on-paper"
# **Question (3 points).** Write down your way back through Softplus: a line for each of the three
# nodes, with its output, its local derivative, and what it sends back. Begin with 1 at the right
# end, and use letters or the numbers for x = log 3. Then show by algebra that this derivative is
# a function that you know. What is the derivative close to for a large positive x, and for a
# large negative x?

# %% [markdown] answer="softplus-on-paper" points=3
# ### BEGIN SOLUTION
# | node | output | local derivative | sends back |
# |---|---|---|---|
# | log | y = log s | 1/s | 1/s |
# | add 1 | s = 1 + e | 1 | 1/s |
# | exp | e = e^x | its output, e | e/s |
#
# So ∂y/∂x = e^x / (1 + e^x). Divide the top and the bottom by e^x: this is 1 / (e^(−x) + 1), the
# sigmoid of x. For a large positive x it is nearly 1, as with an open ReLU. For a large negative x
# it is nearly 0, as with a shut one.
#
# Rubric:
# - 1 point: all three lines with output, local derivative and what is sent back (log 1/s, add 1/s,
#   exp e/s; or 1/4, 1/4 and 3/4). With one slip it is still 1 point.
# - 1 point: multiplies them to e^x / (1 + e^x), and shows by algebra that this is the sigmoid.
#   Named without algebra, or shown for one number only: no point.
# - 1 point: says that it is close to 1 for a large positive x and to 0 for a large negative x.
# ### END SOLUTION

# %% [markdown]
# ## 4. Swish: an activation with a fan-out (6 points)
#
# Swish is y = x · s, where s is the sigmoid of x. At x = log 3 it is 1.0986 × 0.75 = 0.8240
# (rounded). Here x goes into two nodes, the sigmoid and the × node. Draw the graph, and go backward
# on paper before you write code. At x = 0 one of the two ways carries nothing: there s = 0.5, and
# the derivative is 0.5.
#
# You may use your `Sigmoid`, if it is right, or write the formula again. Inputs lie between −4
# and 4.


# %% task="swish"
class Swish:
    def forward(self, x):
        ### BEGIN SOLUTION
        self.x = x
        self.s = 1 / (1 + np.exp(-x))
        return x * self.s
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        dx = dout * self.s  # from the × node
        ds = dout * self.x
        dx = dx + ds * self.s * (1 - self.s)  # through the sigmoid
        return dx
        ### END SOLUTION


# %% item="swish-forward" points=1
y = Swish().forward(np.array([0.0, np.log(3)]))
expect(y, np.array([0, 0.75 * np.log(3)]), "each entry times its sigmoid")
expect(Swish().forward(np.zeros((2, 1))), np.zeros((2, 1)), "all shapes stay the same")


### BEGIN HIDDEN
def ask(program, rng):
    """Swish, forward."""
    for shape in (5, (2, 3)):
        yield program.Swish().forward(rng.uniform(-4, 4, size=shape))


### END HIDDEN

# %% item="swish-backward" points=5
layer = Swish()
layer.forward(np.array([0.0, np.log(3)]))
dx = layer.backward(np.array([10.0, 16.0]))
expect(dx[0], 5, "at 0 only the × node sends something back, 10 × 0.5")
expect(dx[1], 12 + 3 * np.log(3), "16 × 0.75 from the × node, 3 × log 3 through the sigmoid")
other = Swish()
other.forward(np.array([1.0, 1.0]))
expect(layer.backward(np.array([10.0, 0.0])), np.array([5, 0]), "other objects do not disturb it")


### BEGIN HIDDEN
def ask(program, rng):
    """Swish, backward, several times."""
    layer, other = program.Swish(), program.Swish()
    for shape in (5, (2, 3)):
        layer.forward(rng.uniform(-4, 4, size=shape))
        other.forward(rng.uniform(-4, 4, size=shape))
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)
        yield approx(layer.backward(rng.normal(size=shape)), rtol=1e-12, atol=1e-13)


### END HIDDEN

# %% [markdown]
# ## 5. A row of sigmoids (6 points)
#
# Put n sigmoids in a row: the output of each is the input of the next. `row_of_sigmoids(x, n)`
# sends the array x through all of them and goes back, beginning with 1 for each entry. It returns
# two arrays with the shape of x: the output of the last sigmoid, and the derivative with respect to
# x. The number n is at least 1.
#
# For x = 0 and n = 1 they are 0.5 and 0.25. For n = 2 the second sigmoid gets 0.5 and puts out
# 0.6225, and the derivative is 0.0588 (rounded). Use your `Sigmoid`, and think about how many
# objects you need. (If it is not right yet, write a right one under another name in a cell above.)


# %% task="row"
def row_of_sigmoids(x, n):
    ### BEGIN SOLUTION
    row = [Sigmoid() for _ in range(n)]
    y = x
    for layer in row:
        y = layer.forward(y)
    dx = np.ones(x.shape)
    for layer in reversed(row):
        dx = layer.backward(dx)
    return y, dx
    ### END SOLUTION


# %% item="row-one" points=1
y, dx = row_of_sigmoids(np.array([0.0, np.log(3)]), 1)
expect(y, np.array([0.5, 0.75]), "a row of one is the sigmoid")
expect(dx, np.array([0.25, 0.1875]), "0.5 × 0.5, and 0.75 × 0.25")
y, dx = row_of_sigmoids(np.zeros((2, 1)), 1)
expect((y, dx), ([[0.5], [0.5]], [[0.25], [0.25]]), "both have the shape of x")


### BEGIN HIDDEN
def ask(program, rng):
    """A row of one sigmoid."""
    yield program.row_of_sigmoids(rng.uniform(-3, 3, size=4), 1)


### END HIDDEN

# %% item="row-of-many" points=5
y, dx = row_of_sigmoids(np.array([0.0]), 2)
half = 1 / (1 + np.exp(-0.5))
expect(y, np.array([half]), "the second sigmoid gets 0.5")
expect(dx, np.array([half * (1 - half) * 0.25]), "each sigmoid multiplies by its own y (1 − y)")


### BEGIN HIDDEN
def ask(program, rng):
    """Rows of two to six sigmoids."""
    for n in (2, 3, 6):
        found = program.row_of_sigmoids(rng.uniform(-3, 3, size=(2, 3)), n)
        yield approx(found, rtol=1e-12, atol=1e-13)


### END HIDDEN

# %% [markdown]
# Take away `# ` with its space from the lines below, and run them. How does the derivative change
# with each further sigmoid? This is one reason why deep networks seldom use sigmoids between their
# layers.

# %%
# for n in range(1, 11):
#     print(n, row_of_sigmoids(np.array([1.0]), n)[1])
