# %% [markdown]
# # Graphs and the chain rule
#
# **Time**: 75 minutes
#
# **Builds on**: chapters 4 and 5, *Computational graphs* and *The chain rule*.
#
# You will find local derivatives, go backward through five small graphs, and write the check
# that shows whether a derivative is right. There are seven tasks, from easy to hard, and two
# questions to answer in words.
#
# **How it is marked.** Below each task there are tests with small numbers that you can follow on
# paper. Where a test fails, it says what was expected and why. For the marks, your functions are
# called again with other numbers, which nobody knows beforehand. (The first task has fixed
# numbers, and not all of them are in its tests.) This gives up to 28 points. The two questions
# are marked by a person and give up to 5 more.
#
# **What you hand in.** Only what you write in the answer cells is needed: the cells that say
# `YOUR CODE HERE` or `YOUR ANSWER HERE`. Delete the line `raise NotImplementedError()` when you
# write your own. Python alone is enough; NumPy, as `np`, may be used, and nothing else is there
# when your work is marked. Cells of your own may be added anywhere. Run the cells from top to
# bottom; all of them need the code cell just below this text.

# %% given="expect"
### INCLUDE expect

# %% [markdown]
# ## 1. A pool, on paper (3 points)
#
# A pool is 5 m long and 3 m wide, and the water in it is 2 m deep. Beside it lies a pond of 6 m³.
# Water costs 4 for each m³. Filling both costs 144:
#
# | node | value |
# |---|---|
# | `area = long * wide` | 5 × 3 = 15 |
# | `pool = area * deep` | 15 × 2 = 30 |
# | `water = pool + pond` | 30 + 6 = 36 |
# | `cost = water * price` | 36 × 4 = 144 |
#
# Draw the graph on paper. Start with 1 at the right end, go backward, and write the derivative of
# the cost below each edge. Then write the derivatives of the cost with respect to the five inputs
# as numbers into the cell: `dlong`, `dwide`, `ddeep`, `dpond` and `dprice`.

# %% task="pool"
# Five lines such as  dlong = ...
### BEGIN SOLUTION
dprice = 36
dpond = 4
ddeep = 60
dwide = 40
dlong = 24
### END SOLUTION

# %% item="pool-right" points=1
expect(dpond, (30 + 7) * 4 - (30 + 6) * 4, "one cubic metre more raises the cost by the price")
expect(dprice * 4, dpond * 36, "price × dprice and water × dpond are both the cost")


### BEGIN HIDDEN
def ask(program, rng):
    """The derivatives for the pond and for the price."""
    yield program.dpond
    yield program.dprice


### END HIDDEN

# %% item="pool-left" points=2
expect(
    (5 * dlong, 3 * dwide),
    (2 * ddeep, 2 * ddeep),
    "1 % more of any side makes the pool cost 1 % more, so 5 × dlong, 3 × dwide and 2 × ddeep are "
    "the same number (what is expected here is made of your ddeep, which may be the wrong one)",
)


### BEGIN HIDDEN
def ask(program, rng):
    """The derivatives for the length, the width and the depth."""
    yield program.dlong
    yield program.dwide
    yield program.ddeep


### END HIDDEN

# %% [markdown]
# ## 2. Local derivatives (4 points)
#
# Four nodes, four functions. Each is given what goes *into* its node, and returns the local
# derivatives there. Nothing comes from upstream yet.
#
# | function | node | returns |
# |---|---|---|
# | `local_mul(x, y)` | z = x · y | two numbers, ∂z/∂x and ∂z/∂y |
# | `local_sub(x, y)` | z = x − y | two numbers, ∂z/∂x and ∂z/∂y |
# | `local_square(t)` | z = t² | one number, ∂z/∂t |
# | `local_cube(t)` | z = t³ | one number, ∂z/∂t |
#
# Two numbers are returned with a comma between them: `return 1, 2`.
#
# For the cube, a number first. A cube with an edge of 2 has the volume 8. With an edge of 2.001
# it has the volume 8.012006001, which is a rate of 12.006001 for this nudge. Which number does the
# rate approach as the nudge shrinks, and how is that number made from the 2? In letters,
# (t + h)³ − t³ = h · (3t² + 3th + h²).


# %% task="local"
def local_mul(x, y):
    ### BEGIN SOLUTION
    return y, x
    ### END SOLUTION


def local_sub(x, y):
    ### BEGIN SOLUTION
    return 1, -1
    ### END SOLUTION


def local_square(t):
    ### BEGIN SOLUTION
    return 2 * t
    ### END SOLUTION


def local_cube(t):
    ### BEGIN SOLUTION
    return 3 * t**2
    ### END SOLUTION


# %% item="local-mul" points=1
expect(local_mul(7, 2), (2, 7), "one unit more of x makes the product larger by y, and y is 2")


### BEGIN HIDDEN
def ask(program, rng):
    """The local derivatives of a multiply node."""
    for _ in range(3):
        yield program.local_mul(*rng.normal(size=2).round(2))


### END HIDDEN

# %% item="local-sub" points=1
expect(local_sub(7, 2), (1, -1), "one unit more of y makes the difference smaller by 1")


### BEGIN HIDDEN
def ask(program, rng):
    """The local derivatives of a subtract node."""
    for _ in range(3):
        yield program.local_sub(*rng.normal(size=2).round(2))


### END HIDDEN

# %% item="local-square" points=1
expect(local_square(5), 10, "the slope of a square is twice its input")


### BEGIN HIDDEN
def ask(program, rng):
    """The local derivative of a square node."""
    for t in rng.uniform(2.5, 9, size=3).round(2):
        yield program.local_square(t)
        yield program.local_square(-t)


### END HIDDEN

# %% item="local-cube" points=1
expect(local_cube(2), 12, "at an edge of 2 the volume grows 12 times as fast as the edge")
expect(local_cube(-5), 75, "three times the square of −5")


### BEGIN HIDDEN
def ask(program, rng):
    """The local derivative of a cube node."""
    for t in rng.uniform(2.5, 9, size=3).round(2):
        yield program.local_cube(t)
        yield program.local_cube(-t)


### END HIDDEN

# %% [markdown]
# ## 3. Along a path (3 points)
#
# One hour of rain brings 4 mm of water. Each mm on the roof puts 50 litres into the tank below,
# and each litre saves 0.002 of the water bill. The result is what is saved. The slopes along this
# path are 4, 50 and 0.002.
#
# Go backward. At the right end stands 1, as always. One litre more saves 0.002. One mm more saves
# 0.002 × 50 = 0.1, and one hour more saves 0.1 × 4 = 0.4.
#
# Write `walk_back(slopes)`. It is given the list of the slopes from left to right, and returns the
# list of the derivatives of the result with respect to each value along the path, also from left
# to right. The result itself comes last, with 1, so the list is longer by one than `slopes`:
#
# `walk_back([4, 50, 0.002])` gives `[0.4, 0.1, 0.002, 1]`.
#
# The path may have any number of slopes, but at least one. A slope may be negative or 0.
# (`reversed(slopes)` walks through a list from its end.)


# %% task="path"
def walk_back(slopes):
    ### BEGIN SOLUTION
    derivative = 1
    derivatives = [derivative]
    for slope in reversed(slopes):
        derivative = derivative * slope
        derivatives = [derivative] + derivatives
    return derivatives
    ### END SOLUTION


# %% item="path-product" points=3
expect(walk_back([3]), [3, 1], "one slope only: 1 at the right end, and 1 × 3 before it")
expect(
    walk_back([4, 50, 0.002]), [0.4, 0.1, 0.002, 1], "from the right, multiply by one slope more"
)


### BEGIN HIDDEN
def ask(program, rng):
    """The derivatives along paths of 1, 2, 4 and 7 slopes, and where a slope is 0."""
    for length in (1, 2, 4, 7):
        slopes = rng.uniform(1.2, 3, size=length) * rng.choice([-1, 1], size=length)
        yield program.walk_back(slopes.round(2).tolist())
    yield program.walk_back([2.5, 0.0, -1.5, 4.0])


### END HIDDEN

# %% [markdown]
# ## 4. One square inside another (3 points)
#
# The calculation z = (x² + 3)² has the steps u = x² + 3 and z = u². At x = 2 they give u = 7 and
# z = 49.
#
# Write `nested(x)`, which returns two numbers: z and ∂z/∂x. Two nodes on the path are squares, and
# each has its local derivative at what goes into *it*.


# %% task="nested"
def nested(x):
    ### BEGIN SOLUTION
    u = x**2 + 3
    z = u**2
    dz = 1
    du = dz * 2 * u
    dx = du * 2 * x
    return z, dx
    ### END SOLUTION


# %% item="nested-value" points=1
expect(np.shape(nested(2)), (2,), "two numbers are returned, with a comma between them")
expect(nested(2)[0], 49, "the square of 7")


### BEGIN HIDDEN
def ask(program, rng):
    """The value of the nested squares."""
    for x in rng.uniform(1.5, 4, size=2).round(2):
        yield program.nested(x)[0]


### END HIDDEN

# %% item="nested-slope" points=2
expect(nested(0), (9, 0), "at x = 0 the slope of the inner square is 0, which closes the path")
expect(nested(2), (49, 56), "14 at the outer square, where 7 goes in, times 4 at the inner one")
expect(nested(-2), (49, -56), "left of 0 the inner square falls")


### BEGIN HIDDEN
def ask(program, rng):
    """The slope of the nested squares."""
    for x in rng.uniform(1.5, 4, size=2).round(2):
        yield program.nested(x)[1]
        yield program.nested(-x)[1]


### END HIDDEN

# %% [markdown]
# ## 5. A plot with a fence (7 points, and two questions)
#
# A plot of land is 8 m long and 5 m wide. Grass seed costs 3 for each square metre, and a fence
# runs all round it and costs 10 for each metre.
#
# | node | value |
# |---|---|
# | `area = length * width` | 8 × 5 = 40 |
# | `grass = area * seed` | 40 × 3 = 120 |
# | `half = length + width` | 8 + 5 = 13 |
# | `all_round = half * 2` | 13 × 2 = 26 |
# | `fencing = all_round * fence` | 26 × 10 = 260 |
# | `cost = grass + fencing` | 120 + 260 = 380 |
#
# Here `seed` and `fence` are prices. Draw the graph: two of the four inputs go into two nodes each.
#
# - `plot_cost(length, width, seed, fence)` returns the cost.
# - `plot_gradients(length, width, seed, fence, dcost=1)` goes backward and returns four numbers in
#   this order: `dlength, dwidth, dseed, dfence`. The walk starts from `dcost`. `dcost` is 1 when
#   the graph ends at the cost, and another number when the cost goes on into a larger graph.


# %% task="plot"
def plot_cost(length, width, seed, fence):
    ### BEGIN SOLUTION
    area = length * width
    all_round = (length + width) * 2
    return area * seed + all_round * fence
    ### END SOLUTION


def plot_gradients(length, width, seed, fence, dcost=1):
    ### BEGIN SOLUTION
    area = length * width
    half = length + width
    all_round = half * 2
    dgrass, dfencing = dcost, dcost
    darea, dseed = dgrass * seed, dgrass * area
    dall_round, dfence = dfencing * fence, dfencing * all_round
    dhalf = dall_round * 2
    dlength, dwidth = dhalf, dhalf  # from the + node
    dlength += darea * width  # from the × node
    dwidth += darea * length
    return dlength, dwidth, dseed, dfence
    ### END SOLUTION


# %% item="plot-cost" points=1
expect(plot_cost(8, 5, 3, 10), 380, "120 for the grass and 260 for the fence")


### BEGIN HIDDEN
def ask(program, rng):
    """The cost of a plot."""
    for _ in range(2):
        length, width, seed, fence = rng.uniform(2, 9, size=4).round(2)
        yield program.plot_cost(length, width, seed, fence)


### END HIDDEN

# %% item="plot-prices" points=2
came = plot_gradients(8, 5, 3, 10)
expect(np.shape(came), (4,), "four numbers are returned, with commas between them")
expect(came[2], 40, "the price of the seed is paid for 40 square metres")
expect(came[3], 26, "the price of the fence is paid for 26 metres")


### BEGIN HIDDEN
def ask(program, rng):
    """The derivatives for the two prices, where dcost is 1."""
    for _ in range(2):
        length, width, seed, fence = rng.uniform(2, 9, size=4).round(2)
        yield program.plot_gradients(length, width, seed, fence)[2:]


### END HIDDEN

# %% item="plot-fan-out" points=3
came = plot_gradients(8, 5, 3, 10)
expect(np.shape(came), (4,), "four numbers are returned, with commas between them")
expect(came[0], 35, "one metre more of length: 15 for grass and 20 for fence")
expect(came[1], 44, "one metre more of width: 24 for grass and 20 for fence")


### BEGIN HIDDEN
def ask(program, rng):
    """The derivatives for the length and the width, where dcost is 1."""
    for _ in range(2):
        length, width, seed, fence = rng.uniform(2, 9, size=4).round(2)
        yield program.plot_gradients(length, width, seed, fence)[:2]


### END HIDDEN

# %% item="plot-upstream" points=1
twice = plot_gradients(8, 5, 3, 10, 2)
expect(twice, (70, 88, 80, 52), "where 2 arrives from upstream, each derivative is doubled")


### BEGIN HIDDEN
def ask(program, rng):
    """All four derivatives, where dcost is another number than 1."""
    length, width, seed, fence = rng.uniform(2, 9, size=4).round(2)
    for dcost in rng.uniform(1.5, 4, size=2).round(2):
        yield program.plot_gradients(length, width, seed, fence, dcost)
        yield program.plot_gradients(length, width, seed, fence, -dcost)


### END HIDDEN

# %% [markdown] question="why-added"
# **Question (3 points).** Along a path the slopes are multiplied, but the two numbers that come
# back to `length` are added. Explain why they are added, with the 15 and the 20 of this plot. The
# owner asks a gardener what one metre more of length would cost. The gardener forgets one of the
# two paths in the graph. What is wrong with the answer?

# %% [markdown] answer="why-added" points=3
# ### BEGIN SOLUTION
# One metre more of length changes two things at once: 5 square metres more are sown, which costs
# 15 more, and the fence becomes 2 metres longer, which costs 20 more. Both are paid, side by side,
# so the cost rises by 15 + 20 = 35. Slopes are multiplied where one change *causes* the next:
# 1 metre more of length makes 2 metres more of fence, each of them costs 10, and 2 × 10 = 20.
#
# The gardener's answer is too small: only 15, or only 20, for each metre.
#
# Rubric:
# - 1 point: says that one change of the length acts in two places at the same time.
# - 1 point: says that the 15 is for the grass and the 20 for the fence, and that both are paid. The
#   sum 15 + 20 alone gives no point.
# - 1 point: says that the answer is too small. "15 instead of 35" or "without the fence it is less"
#   is enough; "it is wrong" is not.
# ### END SOLUTION

# %% [markdown] question="corner"
# **Question (2 points).** The derivatives for `length` and `width` are 35 and 44. If the plot
# becomes 1 m longer *and* 1 m wider, 9 m by 6 m, its cost rises from 380 to 462. That is 82, and
# not 35 + 44 = 79. Where does this difference of 3 come from? Are the derivatives wrong? Give a
# reason.

# %% [markdown] answer="corner" points=2
# ### BEGIN SOLUTION
# The new corner of the plot, 1 m by 1 m, is there only because both sides grew. Its seed costs 3.
# The derivatives are right: each says what happens while the other inputs stay where they are.
# When two inputs move together, their sum is good for small changes only. For 0.1 m on both sides
# the corner has 0.01 square metres and costs 0.03.
#
# Rubric:
# - 1 point: finds the 3 in the seed for the corner, or in the product of the two changes: 1 · 1 · 3
#   is enough, and so is "54 m² where 53 m² were counted".
# - 1 point: says that the derivatives are right, because each holds for one input alone or for
#   small changes. Without a reason: no point.
# ### END SOLUTION

# %% [markdown]
# ## 6. A value in the middle, used twice (3 points)
#
# Here a value that was computed on the way is used twice: p = a · b, then s = p + c, then
# L = p · s. With a = 2, b = 3 and c = 4 the values are p = 6, s = 10 and L = 60.
#
# Write `middle(a, b, c)`, which returns three numbers, the derivatives of L: `da, db, dc`. Before
# the walk goes on to the left of p, everything that comes back to p has to be there.


# %% task="middle"
def middle(a, b, c):
    ### BEGIN SOLUTION
    p = a * b
    s = p + c
    dL = 1
    dp, ds = dL * s, dL * p  # L = p * s
    dp += ds  # s = p + c: the + node passes ds on to p
    dc = ds
    da, db = dp * b, dp * a
    return da, db, dc
    ### END SOLUTION


# %% item="middle-backward" points=3
expect(
    middle(2, 3, 4),
    (48, 32, 6),
    "10 + 6 = 16 comes back to p, and from there 16 × 3 and 16 × 2; c gets the 6 of its + node",
)


### BEGIN HIDDEN
def ask(program, rng):
    """The three derivatives where a value in the middle is used twice."""
    for _ in range(3):
        a, b, c = rng.uniform(1, 5, size=3).round(2)
        yield program.middle(a, b, -c)


### END HIDDEN

# %% [markdown]
# ## 7. The check (5 points)
#
# A central difference finds a derivative without knowing any rule: move the input by h to both
# sides, and divide the difference of the results by the distance between the two places.
#
# - `numerical(f, x, h=1e-4)` returns the central difference of the function `f` at the number `x`.
# - `numerical_all(f, values, h=1e-4)` does this for several inputs. `values` is a list of numbers,
#   some or all of which may be whole, and `f(values)` is one number. It returns a list: for each
#   input the central difference, while all *other* inputs stay where they are. Afterwards the list
#   that was given must hold the same numbers as before. (`list(values)` makes a copy of a list.)
#
# In the tests, `h` is large at times. A difference with h = 1 is no good derivative, but its value
# is easy to compute by hand.
#
# When both work, use them on your own answers. This should give the four numbers of task 5, but
# for some of the last digits: `numerical_all(lambda v: plot_cost(*v), [8, 5, 3, 10])`.
# (`plot_cost(*v)` hands over the entries of the list `v`, one after the other.)


# %% task="check"
def numerical(f, x, h=1e-4):
    ### BEGIN SOLUTION
    return (f(x + h) - f(x - h)) / (2 * h)
    ### END SOLUTION


def numerical_all(f, values, h=1e-4):
    ### BEGIN SOLUTION
    slopes = []
    for i in range(len(values)):
        above, below = list(values), list(values)
        above[i] += h
        below[i] -= h
        slopes.append((f(above) - f(below)) / (2 * h))
    return slopes
    ### END SOLUTION


# %% item="check-one" points=1
expect(numerical(lambda x: x**3, 2, 1), 13, "from 1 to 3 the cube rises from 1 to 27: 26 / 2")
expect(numerical(lambda x: x**3, 2), 12, "with a small h the slope of the cube is found")


### BEGIN HIDDEN
def ask(program, rng):
    """Central differences of one input, with a large and a small h."""
    program.define("def asked_one(x): return x ** 3 - 4 * x ** 2")
    for x in rng.uniform(2, 4, size=2).round(2):
        yield program.numerical(program.asked_one, x, 0.5)
        yield approx(program.numerical(program.asked_one, x), rtol=1e-5, atol=1e-5)


### END HIDDEN

# %% item="check-all" points=3
expect(
    numerical_all(lambda v: v[0] ** 2 * v[1], [3, 5], 1),
    [30, 9],
    "only one input moves at a time: (16 × 5 − 4 × 5) / 2, and (9 × 6 − 9 × 4) / 2",
)
expect(
    numerical_all(lambda v: v[0] ** 2 + v[1] ** 2 + v[2] ** 2, [1, 2, 4], 0.5),
    [2, 4, 8],
    "half a unit to each side, for the first one (1.5² − 0.5²) / 1",
)


### BEGIN HIDDEN
def ask(program, rng):
    """Central differences of several inputs, each moved alone."""
    program.define("def asked_two(v): return v[0] ** 2 * v[1] + v[1] ** 3")
    program.define("def asked_three(v): return v[0] * v[1] * v[2] ** 2")
    two = rng.uniform(1, 4, size=2).round(2).tolist()
    three = rng.uniform(1, 4, size=3).round(2).tolist()
    yield program.numerical_all(program.asked_two, two, 0.5)
    yield program.numerical_all(program.asked_three, three, 0.25)
    yield program.numerical_all(program.asked_three, [2, 3, 5], 0.5)
    yield approx(program.numerical_all(program.asked_two, two), rtol=1e-5, atol=1e-5)


### END HIDDEN

# %% item="check-list-kept" points=1
given = [3, 5]
expect(numerical_all(lambda v: v[0] * v[1], given, 1), [5, 3], "the slopes of a product")
expect(given, [3, 5], "the list that was given holds the same numbers as before")


### BEGIN HIDDEN
def ask(program, rng):
    """The list of values after numerical_all was called with it, and whether it did its work."""
    program.define(
        "def asked_list(values, h):\n"
        "    calls = []\n"
        "    def product(v):\n"
        "        calls.append(1)\n"
        "        return v[0] * v[1] * v[2]\n"
        "    numerical_all(product, values, h)\n"
        "    return values, len(calls) > len(values)\n"
    )
    yield program.asked_list(rng.uniform(1, 4, size=3).round(2).tolist(), 0.5)


### END HIDDEN

# %%
# A cell to try things, such as the check of task 5.
