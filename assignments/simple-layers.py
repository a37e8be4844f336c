# %% [markdown]
# # Layers for simple nodes
#
# **Time**: 70 minutes
#
# **Builds on**: chapter 6, *Add and multiply nodes*, and the fan-out of chapter 5, *The chain
# rule*.
#
# You will write seven layers, each with a `forward` and a `backward`, and put some of them
# together into a graph in which one value is used twice. There are six tasks, from easy to hard,
# and two questions to answer in words.
#
# **How it is marked.** Below each task there are tests with small numbers that you can follow on
# paper. Where a test fails, it says what was expected and why. For the marks, your layers are
# called again with other numbers, which nobody knows beforehand. This gives up to 28 points. The
# two questions are marked by a person and give up to 6 more.
#
# **What you hand in.** Only what you write in the answer cells is needed: the cells that say
# `YOUR CODE HERE` or `YOUR ANSWER HERE`. Delete the line `raise NotImplementedError()` when you
# write your own. Use NumPy and what comes with Python; nothing else is there when your work is
# marked. Cells of your own may be added anywhere. Run the cells from top to bottom; all of them
# need the two code cells just below this text.
#
# **In all tasks** `dout` is the upstream gradient; it has the shape of the output.
# `backward(dout)` returns the gradient for each input of `forward`, in the same order:
# `return dx` where there is one, `return dx, dy` where there are two. `forward` keeps in `self`
# what `backward` will need. `backward` may be called several times after one `forward`; after a
# second `forward`, the new inputs count. Two objects do not disturb each other. (An error that
# mentions `NoneType` means that a method returned nothing.)

# %% given="setup"
import numpy as np

# %% given="expect"
### INCLUDE expect

# %% hidden="spy"
# Counts the objects that go backward; a class that cannot be watched is taken for used.
SPY = """
asked_used = {"MulLayer": {}, "ExpLayer": {}, "SubLayer": {}}


def asked_spy(name):
    real = vars(globals()[name]).get("backward")

    def backward(self, *args, **kwargs):
        asked_used[name][id(self)] = self
        return real(self, *args, **kwargs)

    if type(real) is type(asked_spy):
        globals()[name].backward = backward
    else:
        asked_used[name] = range(3)


for asked_name in asked_used:
    asked_spy(asked_name)


def asked_counts():
    return [len(objects) for objects in asked_used.values()]
"""

# %% [markdown]
# ## 1. Add and multiply (5 points)
#
# The two layers of the chapter. Write them from memory, and look them up only if you are stuck.
#
# For 6 and 7, the add node puts out 13 and the multiply node 42. When 2 arrives from upstream, the
# add node sends back 2 and 2, the multiply node 14 and 12.
#
# One of the tests uses two `MulLayer` objects at the same time. Each has to remember its own
# inputs.


# %% task="add-layer"
class AddLayer:
    def forward(self, x, y):
        ### BEGIN SOLUTION
        return x + y
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout, dout
        ### END SOLUTION


# %% item="add" points=1
add_layer = AddLayer()
expect(add_layer.forward(6, 7), 13, "an add node puts out the sum")
expect(add_layer.backward(2), (2, 2), "an add node copies what arrives to both sides")


### BEGIN HIDDEN
def ask(program, rng):
    """An add node, forward and backward."""
    layer = program.AddLayer()
    for x, y, dout in rng.normal(size=(2, 3)).round(2):
        yield layer.forward(x, y)
        yield layer.backward(dout)


### END HIDDEN


# %% task="mul-layer"
class MulLayer:
    def forward(self, x, y):
        ### BEGIN SOLUTION
        self.x, self.y = x, y
        return x * y
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout * self.y, dout * self.x
        ### END SOLUTION


# %% item="mul-forward" points=1
mul_layer = MulLayer()
expect(mul_layer.forward(6, 7), 42, "a multiply node puts out the product")


### BEGIN HIDDEN
def ask(program, rng):
    """A multiply node, forward."""
    for x, y in rng.normal(size=(3, 2)).round(2):
        yield program.MulLayer().forward(x, y)


### END HIDDEN

# %% item="mul-backward" points=2
mul_layer = MulLayer()
mul_layer.forward(6, 7)
expect(mul_layer.backward(1), (7, 6), "each input gets the other input")
expect(mul_layer.backward(2), (14, 12), "each input gets the other input, times what arrives")


### BEGIN HIDDEN
def ask(program, rng):
    """A multiply node, backward, with several upstream gradients."""
    for x, y, dout in rng.normal(size=(3, 3)).round(2):
        layer = program.MulLayer()
        layer.forward(x, y)
        yield layer.backward(dout)
        yield layer.backward(-2 * dout)
    layer = program.MulLayer()
    layer.forward(0.0, 3.0)
    yield layer.backward(2.0)


### END HIDDEN

# %% item="mul-memory" points=1
first, second = MulLayer(), MulLayer()
first.forward(6, 7)
second.forward(2, 3)
expect(first.backward(1), (7, 6), "each object keeps its own inputs, so the 2 and 3 are not here")
second.forward(4, 5)
expect(second.backward(1), (5, 4), "after a second forward the new inputs count")


### BEGIN HIDDEN
def ask(program, rng):
    """Two multiply nodes at the same time, and a second forward."""
    first, second = program.MulLayer(), program.MulLayer()
    numbers = rng.normal(size=(3, 2)).round(2)
    first.forward(*numbers[0])
    second.forward(*numbers[1])
    yield first.backward(1.0)
    yield second.backward(1.0)
    first.forward(*numbers[2])
    yield second.backward(1.0)
    yield first.backward(1.0)


### END HIDDEN

# %% [markdown]
# ## 2. Subtract (2 points)
#
# The node z = x − y. At 9 and 4 it puts out 5. If the 4 becomes a 5, the output falls by one.


# %% task="sub-layer"
class SubLayer:
    def forward(self, x, y):
        ### BEGIN SOLUTION
        return x - y
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout, -dout
        ### END SOLUTION


# %% item="sub" points=2
sub_layer = SubLayer()
expect(sub_layer.forward(9, 4), 5, "a subtract node puts out the difference")
expect(
    sub_layer.backward(3), (3, -3), "one unit more of y makes z one unit smaller, so the sign turns"
)


### BEGIN HIDDEN
def ask(program, rng):
    """A subtract node, forward and backward."""
    layer = program.SubLayer()
    for x, y, dout in rng.normal(size=(2, 3)).round(2):
        yield layer.forward(x, y)
        yield layer.backward(dout)


### END HIDDEN

# %% [markdown]
# ## 3. A power (4 points)
#
# The node y = xⁿ, where n is a fixed number that is given when the layer is made:
# `PowLayer(3)` computes the cube. In chapter 5 the local derivative of a power was n · xⁿ⁻¹. For
# the cube it is 3x², so at x = 2 it is 12.
#
# The exponent has no gradient, so `backward` returns one value. An exponent may also be negative
# or a fraction: `PowLayer(-1)` is the reciprocal, and `PowLayer(0.5)` is the square root. The
# same rule holds for them. In the tests x is always above 0, and it is a number with a decimal
# point or an array of such numbers.


# %% task="pow-layer"
class PowLayer:
    def __init__(self, exponent):
        ### BEGIN SOLUTION
        self.exponent = exponent
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        self.x = x
        return x**self.exponent
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout * self.exponent * self.x ** (self.exponent - 1)
        ### END SOLUTION


# %% item="pow-forward" points=1
expect(PowLayer(3).forward(2.0), 8, "the cube of 2")
expect(PowLayer(0.5).forward(np.array([4.0, 9.0])), np.array([2, 3]), "the square roots of 4 and 9")


### BEGIN HIDDEN
def ask(program, rng):
    """Powers of a number and of an array."""
    for exponent in (2, -1, 0.5, 4):
        layer = program.PowLayer(exponent)
        yield layer.forward(float(rng.uniform(1.5, 3)))
        yield layer.forward(rng.uniform(1.5, 3, size=(2, 3)))


### END HIDDEN

# %% item="pow-backward" points=3
cube, reciprocal = PowLayer(3), PowLayer(-1)
cube.forward(2.0)
expect(cube.backward(1), 12, "3 × 2 squared")
expect(cube.backward(10), 120, "10 arrives from upstream, and it is multiplied by 12")
reciprocal.forward(4.0)
expect(reciprocal.backward(1), -0.0625, "the reciprocal of 4 falls with the slope 0.25 squared")
root = PowLayer(0.5)
root.forward(4.0)
expect(root.backward(1), 0.25, "0.5 times 1/2, for 4 to the power of −0.5 is 1/2")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradients of powers, for a number and for an array, with several layers at a time."""
    layers = [program.PowLayer(exponent) for exponent in (2, -1, 0.5, 4)]
    for shape in ((), (2, 3)):
        for layer in layers:
            x = rng.uniform(1.5, 3, size=shape)
            layer.forward(x if shape else float(x))
        for layer in layers:
            for _ in range(2):
                dout = rng.normal(size=shape)
                yield layer.backward(dout if shape else float(dout))


### END HIDDEN

# %% [markdown]
# ## 4. Exp and log (5 points)
#
# The node y = eˣ has a slope that equals its height: where the output is 3, the slope is 3.
#
# The node y = log x, the natural logarithm, undoes it: log e² = 2. Its slope follows from a
# picture. The curve of the logarithm is the curve of eˣ with its two axes exchanged. Where eˣ has
# the slope 4, a tiny step to the right takes it up by 4 such steps. With the axes exchanged it is
# 4 tiny steps to the right for a rise of one such step, so the slope there is 1/4. And where is
# that? At x = 4, because eˣ has the slope 4 where its height is 4. So what is the slope of the
# logarithm at x?
#
# Use `np.exp` and `np.log`. Inputs are numbers or arrays, for the logarithm always above 0.


# %% task="exp-layer"
class ExpLayer:
    def forward(self, x):
        ### BEGIN SOLUTION
        self.out = np.exp(x)
        return self.out
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout * self.out
        ### END SOLUTION


# %% item="exp" points=3
exp_layer = ExpLayer()
expect(exp_layer.forward(np.log(3)), 3, "log 3 is the number whose exp is 3")
expect(
    exp_layer.backward(2), 6, "2 from upstream times the slope 3, which is the height of the curve"
)
out = exp_layer.forward(np.array([0.0, np.log(3)]))
expect(out, np.array([1, 3]), "an array goes entry by entry: exp of 0 is 1")
expect(exp_layer.backward(np.array([5.0, 2.0])), np.array([5, 6]), "5 × 1, and 2 × 3")


### BEGIN HIDDEN
def ask(program, rng):
    """An exp node, forward and backward, for a number and for an array."""
    layer, other = program.ExpLayer(), program.ExpLayer()
    yield layer.forward(float(rng.normal()))
    yield other.forward(rng.normal(size=4))
    for _ in range(2):
        yield layer.backward(float(rng.normal()))
        yield other.backward(rng.normal(size=4))
    yield layer.forward(rng.normal(size=4))
    yield layer.backward(rng.normal(size=4))


### END HIDDEN


# %% task="log-layer"
class LogLayer:
    def forward(self, x):
        ### BEGIN SOLUTION
        self.x = x
        return np.log(x)
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        return dout / self.x
        ### END SOLUTION


# %% item="log" points=2
log_layer = LogLayer()
expect(log_layer.forward(1), 0, "the logarithm of 1 is 0, because exp of 0 is 1")
log_layer.forward(4)
expect(log_layer.backward(2), 0.5, "2 from upstream times the slope 1/4")
log_layer.forward(np.array([1.0, 4.0]))
expect(log_layer.backward(np.array([3.0, 2.0])), [3, 0.5], "entry by entry: 3 times 1, 2 times 1/4")


### BEGIN HIDDEN
def ask(program, rng):
    """A log node, forward and backward, for a number and for an array."""
    layer, other = program.LogLayer(), program.LogLayer()
    yield layer.forward(float(rng.uniform(2, 9)))
    yield other.forward(rng.uniform(2, 9, size=4))
    for _ in range(2):
        yield layer.backward(float(rng.normal()))
        yield other.backward(rng.normal(size=4))
    yield layer.forward(rng.uniform(2, 9, size=4))
    yield layer.backward(rng.normal(size=4))


### END HIDDEN

# %%
# A cell to try things.

# %% [markdown] question="what-to-keep"
# **Question (3 points).** Go through `AddLayer`, `MulLayer`, `PowLayer`, `ExpLayer` and `LogLayer`.
# For each, say what `forward` has to keep so that `backward` can do its work, and why. For one of
# them the output is itself the local derivative, and for another nothing is needed.

# %% [markdown] answer="what-to-keep" points=3
# ### BEGIN SOLUTION
# `backward` needs whatever occurs in the local derivatives.
#
# - `AddLayer`: nothing. Both local derivatives are 1, whatever was added.
# - `MulLayer`: both inputs. The local derivative for each input is the other one.
# - `PowLayer`: the input x, which occurs in n · xⁿ⁻¹. (The exponent is there from the beginning.)
# - `ExpLayer`: the output, which is the local derivative. (The input would do as well, at the price
#   of computing exp once more.)
# - `LogLayer`: the input x, because the local derivative is 1/x.
#
# Rubric:
# - 1 point: gives the reason, that what occurs in the local derivative has to be kept, in general
#   or for at least three of the layers.
# - 1 point: is right about `AddLayer` (nothing) and `MulLayer` (both inputs).
# - 1 point: is right about `ExpLayer` (the output, or the input with exp computed again),
#   `PowLayer` (the input, and the exponent if it is mentioned) and `LogLayer` (the input). Ways to
#   find the input from the output are right, too.
# ### END SOLUTION

# %% [markdown]
# ## 5. An array times one number (5 points)
#
# Three prices, 1, 2 and 4, are all multiplied by the same number k = 10. The output is the array
# (10, 20, 40). The one number is used three times, and that is a fan-out.
#
# `ScaleLayer` has `forward(x, k)`, where x is an array of any shape and k is a number. The array
# `dout` has the shape of x. `backward(dout)` returns two things: `dx`, an array with the shape of
# x, and `dk`, one number.


# %% task="scale-layer"
class ScaleLayer:
    def forward(self, x, k):
        ### BEGIN SOLUTION
        self.x, self.k = x, k
        return x * k
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        dx = dout * self.k
        dk = np.sum(dout * self.x)
        return dx, dk
        ### END SOLUTION


# %% item="scale-array" points=2
scale_layer = ScaleLayer()
expect(
    scale_layer.forward(np.array([1, 2, 4]), 10), np.array([10, 20, 40]), "each entry is multiplied"
)
dx = scale_layer.backward(np.array([1, 0, -1]))[0]
expect(dx, np.array([10, 0, -10]), "each entry of x gets what arrives at its place, times k")


### BEGIN HIDDEN
def ask(program, rng):
    """The scaled array, and the gradient for the array."""
    layer = program.ScaleLayer()
    for shape in (4, (2, 3)):
        yield layer.forward(rng.normal(size=shape), float(rng.normal()))
        yield layer.backward(rng.normal(size=shape))[0]
    yield layer.forward(rng.integers(1, 9, size=4), 0.5)
    yield layer.backward(rng.integers(1, 9, size=4))[0]


### END HIDDEN

# %% item="scale-number" points=3
scale_layer = ScaleLayer()
scale_layer.forward(np.array([1, 2, 4]), 10)
dk = scale_layer.backward(np.array([1, 1, 1]))[1]
expect(dk, 7, "k is used three times, and 1, 2 and 4 come back")
dk = scale_layer.backward(np.array([1, 0, -1]))[1]
expect(dk, -3, "1 × 1 + 2 × 0 + 4 × (−1) comes back")
scale_layer.forward(np.array([[1.0, 2.0], [3.0, 4.0]]), 10)
dk = scale_layer.backward(np.array([[1.0, 1.0], [0.0, 1.0]]))[1]
expect(dk, 7, "one number comes back, whatever the shape: 1 + 2 + 0 + 4")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient for the number."""
    layer = program.ScaleLayer()
    for shape in (4, (2, 3)):
        layer.forward(rng.normal(size=shape), float(rng.normal()))
        program.ScaleLayer().forward(rng.normal(size=shape), 2.0)
        for _ in range(2):
            yield layer.backward(rng.normal(size=shape))[1]
    layer.forward(rng.normal(size=4), 0.0)
    yield layer.backward(rng.normal(size=4))[1]


### END HIDDEN

# %% [markdown]
# ## 6. Yeast, a graph with a fan-out (7 points)
#
# A baker grows yeast. She begins with `start` grams. The yeast grows by the factor
# e^(rate · hours), and each gram is worth 1. Keeping it warm costs `heating` for each hour. What is
# left is
#
# gain = start · e^(rate · hours) − heating · hours.
#
# With start = 100, rate = 0.5, hours = 2 and heating = 10 it is 100 · e − 20, about 251.8. This
# table has the nodes, in the order in which they run:
#
# | node | value |
# |---|---|
# | `growth = rate * hours` | 0.5 × 2 = 1 |
# | `factor = exp(growth)` | e |
# | `grams = start * factor` | 100 e |
# | `cost = heating * hours` | 10 × 2 = 20 |
# | `gain = grams - cost` | 100 e − 20 |
#
# Draw the graph on paper, for yourself, and mark the value that goes into two nodes. In
# `__init__`, make a layer object for each of the five nodes, such as
# `self.mul_growth = MulLayer()`; the names are yours. `forward` runs them and returns the gain.
#
# `backward(dout)` goes back through the same objects in reverse order; the formula alone does not
# count. It returns four numbers: `dstart, drate, dhours, dheating`. Two contributions come back to
# `hours`.
#
# (This task uses your layers, so a mistake in one of them shows here, too.)


# %% task="yeast"
class Yeast:
    def __init__(self):
        ### BEGIN SOLUTION
        self.mul_growth, self.mul_grams, self.mul_cost = MulLayer(), MulLayer(), MulLayer()
        self.exp_factor = ExpLayer()
        self.sub_gain = SubLayer()
        ### END SOLUTION

    def forward(self, start, rate, hours, heating):
        ### BEGIN SOLUTION
        growth = self.mul_growth.forward(rate, hours)
        factor = self.exp_factor.forward(growth)
        grams = self.mul_grams.forward(start, factor)
        cost = self.mul_cost.forward(heating, hours)
        return self.sub_gain.forward(grams, cost)
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        dgrams, dcost = self.sub_gain.backward(dout)
        dheating, dhours = self.mul_cost.backward(dcost)
        dstart, dfactor = self.mul_grams.backward(dgrams)
        dgrowth = self.exp_factor.backward(dfactor)
        drate, dhours_growth = self.mul_growth.backward(dgrowth)
        dhours += dhours_growth  # hours was used twice
        return dstart, drate, dhours, dheating
        ### END SOLUTION


# %% item="yeast-forward" points=1
yeast = Yeast()
expect(yeast.forward(100, 0.5, 2, 10), 100 * np.e - 20, "100 e grams, less 20 for the heating")


### BEGIN HIDDEN
def ask(program, rng):
    """The gain."""
    yeast = program.Yeast()
    for start, rate, hours, heating in rng.uniform(0.5, 1.5, size=(2, 4)).round(2):
        yield yeast.forward(10 * start, rate, 2 * hours, heating)


### END HIDDEN

# %% item="yeast-used-once" points=3
yeast = Yeast()
yeast.forward(100, 0.5, 2, 10)
dstart, drate, dhours, dheating = yeast.backward(1)
expect(dstart, np.e, "one gram more at the start becomes e grams")
expect(drate, 200 * np.e, "along the path: 1 at the minus, 100 at the ×, e at exp, 2 hours")
expect(dheating, -2, "what is paid for 2 hours makes the gain smaller")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradients for start, rate and heating, in this order, by way of five layers."""
    program.define(SPY)
    yeast = program.Yeast()
    yeast.forward(10.0, 0.5, 2.0, 1.0)
    yeast.backward(1.0)
    products, exps, differences = program.asked_counts()
    require(
        products >= 3 and exps >= 1 and differences >= 1,
        "Yeast should go back through a layer object for each of its five nodes; it went through "
        f"{products} MulLayer, {exps} ExpLayer and {differences} SubLayer.",
    )
    for start, rate, hours, heating in rng.uniform(0.5, 1.5, size=(2, 4)).round(2):
        yeast.forward(10 * start, rate, 2 * hours, heating)
        program.Yeast().forward(start, heating, rate, hours)
        for dout in (1.0, -2.5):
            gradients = yeast.backward(dout)
            yield [gradients[0], gradients[1], gradients[3]]


### END HIDDEN

# %% item="yeast-used-twice" points=3
yeast = Yeast()
yeast.forward(100, 0.5, 2, 10)
dhours = yeast.backward(1)[2]
expect(
    dhours,
    50 * np.e - 10,
    "two ways lead back to hours: 100 · e · 0.5 through the growth, −10 by the cost",
)
dhours = yeast.backward(1)[2]
expect(dhours, 50 * np.e - 10, "going back a second time gives the same again")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient for the hours, the third of the four."""
    yeast = program.Yeast()
    for start, rate, hours, heating in rng.uniform(0.5, 1.5, size=(2, 4)).round(2):
        yeast.forward(10 * start, rate, 2 * hours, heating)
        program.Yeast().forward(start, heating, rate, hours)
        for dout in (1.0, -2.5):
            yield yeast.backward(dout)[2]


### END HIDDEN

# %% [markdown] question="one-object"
# **Question (3 points).** Someone builds `Yeast` with *one* `MulLayer` object for all three
# multiplications, and runs the nodes in the order of the table. The gain comes out right. Of the
# four gradients, which are right and which are wrong? Say why. (Write down what the object
# remembers at the end of `forward`.)

# %% [markdown] answer="one-object" points=3
# ### BEGIN SOLUTION
# Each `forward` of the object replaces what the one before has kept. At the end it remembers
# `heating` and `hours`, which is right for the last of the three nodes only. The forward pass needs
# no memory, so the gain is right.
#
# `dheating` is right, because the cost node is the one that ran last. The node for `grams` sends
# back `hours` times 1 and `heating` times 1 where it should send the factor e and `start`. So
# `dstart` is wrong, and so is everything that goes on from there: `drate`, and the contribution to
# `dhours` that comes through the growth. With the numbers of the table: dstart = 2 (right: e),
# drate = 20 e (right: 200 e), dhours = 100 e − 10 (right: 50 e − 10), dheating = −2 (right).
#
# Rubric:
# - 1 point: says that the object remembers only its last inputs, heating and hours.
# - 1 point: says that `dheating` is right, and `dstart` and `drate` are wrong. Numbers, or a reason
#   beyond the first point, are not needed.
# - 1 point: says that `dhours` is wrong, because one of its two contributions is.
# ### END SOLUTION
