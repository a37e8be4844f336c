# %% [markdown]
# # The Affine layer
#
# **Time**: 75 minutes
#
# **Builds on**: chapter 8, *The Affine layer*.
#
# You will find the three gradients of a layer of neurons, first for one sample, then for a batch,
# and at the end for a layer that uses its weights twice. There are four tasks, from easy to hard,
# and two questions to answer in words.
#
# **How it is marked.** Below each task there are tests with small numbers that you can follow on
# paper. Where a test fails, it says what was expected and why. For the marks, your code is called
# again with other numbers and other sizes, which nobody knows beforehand. This gives up to 28
# points. The two questions are marked by a person and give up to 6 more.
#
# **What you hand in.** Only what you write in the answer cells is needed: the cells that say
# `YOUR CODE HERE` or `YOUR ANSWER HERE`. Delete the line `raise NotImplementedError()` when you
# write your own. Use NumPy and what comes with Python; nothing else is there when your work is
# marked. Cells of your own may be added anywhere. Run the cells from top to bottom; all of them
# need the four code cells just below this text.
#
# **In all tasks** N is the number of samples, D the number of inputs of a neuron, and M the number
# of neurons. All arrays hold floats; you need not convert them. `dout` is the upstream gradient.
# (An error that mentions `NoneType` means that a function returned nothing. One that mentions
# `matmul` means that the inner lengths of a matrix product do not agree.)

# %% given="setup"
import numpy as np

# %% given="expect"
### INCLUDE expect


# %% given="example"
def example():
    """Return W, b, x and dout of the examples in tasks 2 and 3, as new arrays."""
    W, b = np.array([[1.0, 4.0], [0.0, -2.0], [5.0, 2.0]]), np.array([10.0, -1.0])
    x, dout = np.array([[2.0, 1.0, 3.0], [0.0, -1.0, 1.0]]), np.array([[2.0, -1.0], [3.0, 5.0]])
    return W, b, x, dout


# %% given="measure"
def measured(L, a, h=1e-4):
    """Return the gradient of L() for the array a, by central differences. For your own checks."""
    gradient = np.zeros(a.shape)
    for place in np.ndindex(a.shape):
        kept = a[place]
        a[place] = kept + h
        above = L()
        a[place] = kept - h
        below = L()
        a[place] = kept
        gradient[place] = (above - below) / (2 * h)
    return gradient


# %% [markdown]
# ## 1. Shapes (2 points)
#
# A batch `x` of N samples with D numbers each goes through M neurons: `out = x @ W + b`. Then the
# gradients `dx`, `dW` and `db` come back.
#
# Write `shapes(N, D, M)`, which returns seven shapes in this order: those of `x`, `W`, `b`, `out`,
# `dx`, `dW` and `db`. A shape is a tuple: `(2, 3)` has two lengths, and `(3,)` has one.


# %% task="shapes"
def shapes(N, D, M):
    ### BEGIN SOLUTION
    x, W, b = (N, D), (D, M), (M,)
    out = (N, M)
    return x, W, b, out, x, W, b  # each gradient has the shape of what it belongs to
    ### END SOLUTION


# %% item="shapes" points=2
expect(shapes(5, 4, 3)[0], (5, 4), "x has a row for each sample")
expect(shapes(5, 4, 3)[2], (3,), "there is one bias for each neuron")


### BEGIN HIDDEN
def ask(program, rng):
    """The shapes of x, W, b, out, dx, dW and db."""
    for _ in range(2):
        N, D, M = (int(n) for n in rng.permutation(np.arange(2, 10))[:3])
        yield program.shapes(N, D, M)


### END HIDDEN

# %% [markdown]
# ## 2. One sample (5 points)
#
# One sample of D numbers goes through M neurons. Here x and `dx` have the shape `(D,)`, W and `dW`
# the shape `(D, M)`, and b, `dout` and `db` the shape `(M,)`.
#
# For x = (2, 1, 3), b = (10, −1) and
#
# | W | neuron 0 | neuron 1 |
# |---|---|---|
# | for input 0 | 1 | 4 |
# | for input 1 | 0 | −2 |
# | for input 2 | 5 | 2 |
#
# neuron 0 puts out 2 × 1 + 1 × 0 + 3 × 5 + 10 = 27, and neuron 1 puts out
# 2 × 4 + 1 × (−2) + 3 × 2 − 1 = 11. When dout = (2, −1) arrives, ask for each single number which
# outputs it touches, and with which slope. The weight `W[0, 1]` touches output 1 with the slope 2,
# so it gets −1 × 2 = −2. The input `x[2]` touches both outputs and gets 2 × 5 − 1 × 2 = 8.
#
# - `one_forward(x, W, b)` returns the outputs.
# - `one_backward(x, W, dout)` returns `dx, dW, db`.
#
# Loops are welcome, and so are matrix products.


# %% task="one-sample"
def one_forward(x, W, b):
    ### BEGIN SOLUTION
    return x @ W + b
    ### END SOLUTION


def one_backward(x, W, dout):
    ### BEGIN SOLUTION
    dx = dout @ W.T
    dW = x.reshape(-1, 1) @ dout.reshape(1, -1)
    db = dout
    return dx, dW, db
    ### END SOLUTION


# %% item="one-forward" points=1
W, b, x, dout = example()
expect(one_forward(x[0], W, b), np.array([27, 11]), "each column of W belongs to one neuron")


### BEGIN HIDDEN
def ask(program, rng):
    """The outputs for one sample."""
    for D, M in ((3, 2), (2, 4), (5, 3)):
        yield program.one_forward(rng.normal(size=D), rng.normal(size=(D, M)), rng.normal(size=M))


### END HIDDEN

# %% item="one-dx" points=2
W, b, x, dout = example()
dx = one_backward(x[0], W, dout[0])[0]
expect(dx, np.array([-2, 2, 8]), "an input touches both outputs: 2 × 1 − 1 × 4 for x[0]")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of one sample, the first of the three that one_backward returns."""
    for D, M in ((3, 2), (2, 4), (3, 3)):
        x, W, dout = rng.normal(size=D), rng.normal(size=(D, M)), rng.normal(size=M)
        yield program.one_backward(x, W, dout)[0]


### END HIDDEN

# %% item="one-parameters" points=2
W, b, x, dout = example()
dx, dW, db = one_backward(x[0], W, dout[0])
expect(dW, np.array([[4, -2], [2, -1], [6, -3]]), "dW[i, j] is x[i] times dout[j]")
expect(db, np.array([2, -1]), "each bias touches one output, with the slope 1")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradients of W and b for one sample, the last two that one_backward returns."""
    for D in (3, 2, 4):  # as many neurons as inputs: a slip in dx has an item of its own
        x, W, dout = rng.normal(size=D), rng.normal(size=(D, D)), rng.normal(size=D)
        yield program.one_backward(x, W, dout)[1:]


### END HIDDEN

# %% [markdown]
# ## 3. A batch (12 points)
#
# Now x has the shape `(N, D)`, with a sample in each row. Write the class `Affine`:
#
# - `Affine(W, b)` keeps the parameters as `self.W` and `self.b`.
# - `forward(x)` returns `x @ W + b`, of shape `(N, M)`.
# - `backward(dout)` belongs to the last `forward`. It returns `dx`, and stores the other two
#   gradients as `self.dW` and `self.db`.
#
# Four things have tests of their own:
#
# - A batch may have one row only: x has the shape `(1, D)`.
# - After a second batch, `dW` and `db` are those of the second batch, and not of both together.
# - The layer changes none of x, `dout`, W and b. (Learning, which takes a part of the gradient away
#   from W and b, is done by other code.)
# - A network has many layers, and they do not disturb each other. Where somebody gives a layer
#   another `layer.W` or `layer.b`, that is used from then on.
#
# In the tests, the sample of task 2 is joined by a second one: x = (0, −1, 1), with dout = (3, 5).


# %% task="affine"
class Affine:
    def __init__(self, W, b):
        ### BEGIN SOLUTION
        self.W, self.b = W, b
        ### END SOLUTION

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


# %% item="affine-forward" points=1
W, b, x, dout = example()
layer = Affine(W, b)
expect(layer.forward(x), np.array([[27, 11], [15, 3]]), "each row of x goes its own way")


### BEGIN HIDDEN
def ask(program, rng):
    """The outputs for a batch."""
    for N, D, M in ((4, 2, 3), (2, 5, 2), (3, 3, 3)):
        layer = program.Affine(rng.normal(size=(D, M)), rng.normal(size=M))
        yield layer.forward(rng.normal(size=(N, D)))


### END HIDDEN

# %% item="affine-dx" points=2
W, b, x, dout = example()
layer = Affine(W, b)
layer.forward(x)
expect(layer.backward(dout), np.array([[-2, 2, 8], [23, -10, 25]]), "row by row, as for one sample")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of a batch, which backward returns."""
    for N, D, M in ((4, 2, 3), (2, 5, 2), (3, 3, 3)):
        layer = program.Affine(rng.normal(size=(D, M)), 1e9 * rng.normal(size=M))
        layer.forward(rng.normal(size=(N, D)))
        yield layer.backward(rng.normal(size=(N, M)))


### END HIDDEN

# %% item="affine-dw" points=2
W, b, x, dout = example()
layer = Affine(W, b)
layer.forward(x)
layer.backward(dout)
expect(
    layer.dW, np.array([[4, -2], [-1, -6], [9, 2]]), "each weight adds up what both samples bring"
)


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of W for a batch."""
    for N, D, M in ((4, 3, 3), (2, 5, 5)):  # square, so a slip in dx raises no error here
        layer = program.Affine(rng.normal(size=(D, M)), 1e9 * rng.normal(size=M))
        layer.forward(rng.normal(size=(N, D)))
        layer.backward(rng.normal(size=(N, M)))
        yield layer.dW


### END HIDDEN

# %% item="affine-db" points=2
W, b, x, dout = example()
layer = Affine(W, b)
layer.forward(x)
layer.backward(dout)
expect(layer.db, np.array([5, 4]), "each bias is used once for each sample: 2 + 3 and −1 + 5")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of b for a batch."""
    for N, D, M in ((4, 3, 3), (2, 5, 5)):  # square, so a slip in dx raises no error here
        layer = program.Affine(rng.normal(size=(D, M)), 1e9 * rng.normal(size=M))
        layer.forward(rng.normal(size=(N, D)))
        layer.backward(rng.normal(size=(N, M)))
        yield layer.db


### END HIDDEN

# %% item="affine-one-row" points=1
W, b, x, dout = example()
layer = Affine(W, b)
expect(layer.forward(x[:1]), np.array([[27, 11]]), "one row in, one row out: the shape is (1, 2)")
dx = layer.backward(dout[:1])
expect(dx, np.array([[-2, 2, 8]]), "dx has the shape of x, which is (1, 3)")
expect(layer.db, np.array([2, -1]), "db has the shape of b, which is (2,)")


### BEGIN HIDDEN
def ask(program, rng):
    """A batch of one row: the output, dx, dW and db."""
    for D, M in ((2, 3), (4, 2)):
        layer = program.Affine(rng.normal(size=(D, M)), rng.normal(size=M))
        yield layer.forward(rng.normal(size=(1, D)))
        yield layer.backward(rng.normal(size=(1, M)))
        yield layer.dW
        yield layer.db


### END HIDDEN

# %% item="affine-second-batch" points=2
W, b, x, dout = example()
layer = Affine(W, b)
layer.forward(x)
layer.backward(dout)
layer.forward(x[:1])
layer.backward(dout[:1])
expect(layer.dW, np.array([[4, -2], [2, -1], [6, -3]]), "dW is that of the last batch alone")
expect(layer.db, np.array([2, -1]), "db is that of the last batch alone")


### BEGIN HIDDEN
def ask(program, rng):
    """Whether dW and db after a second batch are those of a new layer with that batch alone."""
    program.define(
        "def second_batch(W, b, x, dout, x2, dout2):\n"
        "    used, new = Affine(W, b), Affine(W, b)\n"
        "    used.forward(x)\n"
        "    used.backward(dout)\n"
        "    first = np.array(used.dW)\n"
        "    for layer in (used, new):\n"
        "        layer.forward(x2)\n"
        "        layer.backward(dout2)\n"
        "    right = np.allclose(used.dW, new.dW) and np.allclose(used.db, new.db)\n"
        "    return bool(right), bool(np.allclose(first, new.dW))\n"
    )
    for N in (6, 4, 1):
        first = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
        second = rng.normal(size=(N, 3)), rng.normal(size=(N, 3))
        W, b = rng.normal(size=(3, 3)), rng.normal(size=3)
        yield program.second_batch(W, b, *first, *second)


### END HIDDEN

# %% item="affine-arrays-kept" points=1
W, b, x, dout = example()
layer = Affine(W, b)
layer.forward(x)
layer.backward(dout)
kept_W, kept_b, kept_x, kept_dout = example()
expect((W, b), (kept_W, kept_b), "the layer finds gradients, and does not change W and b itself")
expect((x, dout), (kept_x, kept_dout), "x and dout hold the numbers that they held before")


### BEGIN HIDDEN
def ask(program, rng):
    """How many numbers forward and backward give, and the arrays x, dout, W and b after them."""
    program.define(
        "def after_affine(W, b, x, dout):\n"
        "    layer = Affine(W, b)\n"
        "    made = layer.forward(x), layer.backward(dout), layer.dW\n"
        "    return [np.size(array) for array in made], x, dout, W, b, layer.W, layer.b\n"
    )
    W, b, x = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(4, 3))
    yield program.after_affine(W, b, x, rng.normal(size=(4, 3)))


### END HIDDEN

# %% item="affine-two-layers" points=1
W, b, x, dout = example()
one, other = Affine(W, b), Affine(W, b)
one.forward(x)
other.forward(0 * x)
one.backward(dout)
expect(one.dW, np.array([[4, -2], [-1, -6], [9, 2]]), "one keeps its own x, whatever other gets")
one.W, one.b = 0 * W, b + 1
expect(one.forward(x), np.array([[11, 0], [11, 0]]), "the new W, all 0, and the new b are used")
expect(one.backward(dout), 0 * x, "the new W is used on the way back, too")


### BEGIN HIDDEN
def ask(program, rng):
    """Whether two layers are apart, and whether a layer uses a W and b that it is given later."""
    program.define(
        "def two_layers(W, b, W2, b2, x, x2, dout):\n"
        "    alone, one, other, fourth = [Affine(W, b) for _ in range(4)]\n"
        "    alone.forward(x)\n"
        "    alone.backward(dout)\n"
        "    one.forward(x)\n"
        "    other.forward(x2)\n"
        "    one.backward(dout)\n"
        "    other.W, other.b, fourth = W2, b2, Affine(W2, b2)\n"
        "    same = np.allclose(other.forward(x), fourth.forward(x))\n"
        "    same = same and np.allclose(other.backward(dout), fourth.backward(dout))\n"
        "    return bool(np.allclose(alone.dW, one.dW)), bool(same), bool(np.any(one.dW))\n"
    )
    W, W2, x, x2, dout = rng.normal(size=(5, 3, 3))
    yield program.two_layers(W, rng.normal(size=3), W2, rng.normal(size=3), x, x2, dout)


### END HIDDEN

# %% [markdown]
# With the function `measured`, which was handed out above, you can check your layer by central
# differences. Take away `# ` with its space from the lines below, and compare the two arrays that
# they print. `L` multiplies each output by its entry of `dout` and adds up, so its derivative for
# each output is just that entry. `measured` moves the entries of `W` one by one, and calls `L`
# before and after. `measured(L, b)` does the same for `db`. (In the answers it does not count: they
# are to be found backward.)

# %%
# W, b, x, dout = example()
# layer = Affine(W, b)
# layer.forward(x)
# layer.backward(dout)
# L = lambda: np.sum(Affine(W, b).forward(x) * dout)
# print(layer.dW)
# print(measured(L, W))

# %% [markdown] question="why-a-sum"
# **Question (3 points).** In a batch of 50 samples, `db` is the *sum* of the 50 rows of `dout`,
# and not their mean. Explain why, with a story like that of the workshop in the chapter or one of
# your own: make b larger by 1 in it, and say what happens to the total. Then the final result L
# is made a mean over the 50 samples. Does `backward` have to change? Where is the factor 1/50
# when `backward` of this layer starts?

# %% [markdown] answer="why-a-sum" points=3
# ### BEGIN SOLUTION
# The bias of a neuron is used once for each sample. Say that a workshop spoils b boards on each of
# 50 days. If it spoils one board more a day, it pays for one board more on day 0, and on day 1,
# and so on. Its whole bill rises by the *sum* of the 50 prices of a board, and these prices are the
# entries of `dout`. It is a fan-out: one number in 50 places, and what comes back is added.
#
# When L is a mean, `backward` stays as it is. The node that computes the mean has the local
# derivative 1/50 for each sample, so the factor is already in each row of `dout` when it arrives.
# A mean in `backward` would divide by 50 a second time.
#
# Rubric:
# - 1 point: says that the same bias is in all 50 outputs, *and* that therefore what comes back is
#   added. A story alone does not earn this.
# - 1 point: in a story, makes b larger by 1, and says what happens to the total.
# - 1 point: says both that `backward` stays, and that the factor 1/50 is already in `dout`. "The
#   node that computes the mean has brought it in" is as good.
# ### END SOLUTION

# %% [markdown] question="which-outputs"
# **Question (3 points).** A batch of 6 samples goes through a layer with 4 inputs and 5 neurons.
# Which entries of the output does `W[1, 2]` touch, which does `x[4, 0]` touch, and which does
# `b[3]` touch? How many products are added up in `dW[1, 2]`, and how many in `dx[4, 0]`? Say why
# for one of the three: `W[1, 2]`, `x[4, 0]` or `b[3]`.

# %% [markdown] answer="which-outputs" points=3
# ### BEGIN SOLUTION
# The output has the shape (6, 5).
#
# - `W[1, 2]` touches column 2, because it is a weight of neuron 2, and that neuron is used for each
#   of the 6 samples. So `dW[1, 2]` adds up 6 products, `x[n, 1] * dout[n, 2]`.
# - `x[4, 0]` touches row 4, the outputs of all 5 neurons for this sample. So `dx[4, 0]` adds up 5
#   products, `dout[4, j] * W[0, j]`.
# - `b[3]` touches column 3, an entry for each of the 6 samples.
#
# Rubric:
# - 1 point: column 2 and 6 products for `W[1, 2]`, both right.
# - 1 point: row 4 and 5 products for `x[4, 0]`, both right.
# - 1 point: column 3 for `b[3]`, and a reason for one of the three, for example that a weight
#   belongs to one neuron, which is used for every sample, or that all neurons read the same x.
#
# `out[:, 2]`, "the third column" and a list of the entries are as good as "column 2".
# ### END SOLUTION

# %% [markdown]
# ## 4. There and back (9 points)
#
# Some networks squeeze a sample into a few numbers and then unfold it again, with the same weights
# in both directions. The layer `ThereAndBack` does this, without a bias:
#
# | step | shape |
# |---|---|
# | `h = x @ W` | (N, D) times (D, M) gives (N, M) |
# | `y = h @ W.T` | (N, M) times (M, D) gives (N, D) |
#
# Say that W has the shape (2, 1), with the weights 3 and 1. For one sample, x = (1, 2), it gives
# h = 1 × 3 + 2 × 1 = 5, and y = (5 × 3, 5 × 1) = (15, 5).
#
# Each weight is used in two places. When (2, 10) arrives from upstream, 2 × 3 + 10 × 1 = 16 goes
# back to h. The weight 3 gets 5 × 2 = 10 from its use in y, and 1 × 16 = 16 from its use in h:
# together 26.
#
# `ThereAndBack(W)` keeps `self.W`. `forward(x)` returns y, and `backward(dout)` returns `dx` and
# stores `self.dW`; x, y, `dx` and `dout` have the shape `(N, D)`. All four points of task 3 hold
# here as well: where somebody gives the layer another `layer.W`, that is used from then on, and x,
# `dout` and W are not changed. Find what each step brings on its own, and let the shapes help you.
# (`measured` can check it.)


# %% task="there-and-back"
class ThereAndBack:
    def __init__(self, W):
        ### BEGIN SOLUTION
        self.W = W
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        self.x = x
        self.h = x @ self.W
        return self.h @ self.W.T
        ### END SOLUTION

    def backward(self, dout):
        ### BEGIN SOLUTION
        dh = dout @ self.W
        self.dW = dout.T @ self.h  # from y = h @ W.T
        self.dW += self.x.T @ dh  # from h = x @ W
        return dh @ self.W.T
        ### END SOLUTION


# %% item="there-and-back-forward" points=1
column = np.array([[3.0], [1.0]])
layer = ThereAndBack(column)
expect(layer.W, column, "W is kept as self.W")
expect(layer.forward(np.array([[1.0, 2.0]])), np.array([[15, 5]]), "h = 5, and 5 × 3 and 5 × 1")
layer.W = 2 * column
expect(layer.forward(np.array([[1.0, 2.0]])), np.array([[60, 20]]), "both steps use the new W")


### BEGIN HIDDEN
def ask(program, rng):
    """The outputs of a batch."""
    for N, D, M in ((4, 3, 2), (2, 5, 3)):
        layer = program.ThereAndBack(rng.normal(size=(D, M)))
        yield layer.forward(rng.normal(size=(N, D)))
        layer.W = rng.normal(size=(D, M))
        yield layer.forward(rng.normal(size=(N, D)))


### END HIDDEN

# %% item="there-and-back-dx" points=3
layer = ThereAndBack(np.array([[3.0], [1.0]]))
layer.forward(np.array([[1.0, 2.0]]))
dx = layer.backward(np.array([[2.0, 10.0]]))
expect(dx, np.array([[48, 16]]), "16 comes back to h, and from there 16 × 3 and 16 × 1")


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of x for a batch."""
    for N, D, M in ((4, 3, 3), (2, 5, 5)):  # square, so a slip in dW raises no error here
        layer = program.ThereAndBack(rng.normal(size=(D, M)))
        layer.forward(1e8 * rng.normal(size=(N, D)))
        yield layer.backward(rng.normal(size=(N, D)))


### END HIDDEN

# %% item="there-and-back-dw" points=5
layer = ThereAndBack(np.array([[3.0], [1.0]]))
layer.forward(np.array([[1.0, 2.0]]))
layer.backward(np.array([[2.0, 10.0]]))
expect(layer.dW, np.array([[26], [82]]), "5 × 2 + 1 × 16 for the 3, and 5 × 10 + 2 × 16 for the 1")
layer.forward(np.array([[1.0, 2.0], [0.0, -1.0]]))
layer.backward(np.array([[2.0, 10.0], [1.0, 3.0]]))
expect(
    layer.dW, np.array([[25], [73]]), "the second sample brings −1 and −9, as h is −1 and dh is 6"
)


### BEGIN HIDDEN
def ask(program, rng):
    """The gradient of W for one batch after another."""
    for D in (3, 5):  # square, so a slip in dx raises no error here
        layer = program.ThereAndBack(1e8 * rng.normal(size=(D, D)))
        for N in (4, 2):
            layer.forward(rng.normal(size=(N, D)))
            layer.backward(rng.normal(size=(N, D)))
            yield layer.dW


### END HIDDEN
