# %% mistake="pool-without-price" task="pool" mark=26
# Starts the second half of the walk from 1 again, so the price is missing on the left.
dprice = 36
dpond = 4
ddeep = 15
dwide = 10
dlong = 6


# %% mistake="own-input" task="local" mark=27
# At a multiply node, takes an input itself instead of the other input.
def local_mul(x, y):
    return x, y


def local_sub(x, y):
    return 1, -1


def local_square(t):
    return 2 * t


def local_cube(t):
    return 3 * t**2


# %% mistake="minus-like-plus" task="local" mark=26
# Thinks that a subtract node copies to both sides, and that a cube has the slope 3t.
def local_mul(x, y):
    return y, x


def local_sub(x, y):
    return 1, 1


def local_square(t):
    return 2 * t


def local_cube(t):
    return 3 * t


# %% mistake="slopes-from-the-left" task="path" mark=25
# Multiplies from the left: says what the hours do to each value, not what each does to the result.
def walk_back(slopes):
    derivative = 1
    derivatives = [derivative]
    for slope in slopes:
        derivative = derivative * slope
        derivatives = derivatives + [derivative]
    return derivatives


# %% mistake="wrong-place" task="nested" mark=26
# Takes both local derivatives at x, although u goes into the outer square.
def nested(x):
    u = x**2 + 3
    z = u**2
    return z, 2 * x * 2 * x


# %% mistake="path-forgotten" task="plot" mark=24
# Assigns where it should add, so the way through the area is lost.
def plot_cost(length, width, seed, fence):
    return length * width * seed + (length + width) * 2 * fence


def plot_gradients(length, width, seed, fence, dcost=1):
    darea, dseed = dcost * seed, dcost * length * width
    dlength, dwidth = darea * width, darea * length
    dall_round, dfence = dcost * fence, dcost * (length + width) * 2
    dlength = dall_round * 2
    dwidth = dall_round * 2
    return dlength, dwidth, dseed, dfence


# %% mistake="too-early" task="middle" mark=25
# Goes on from p with what came back first, before the other half has arrived.
def middle(a, b, c):
    p = a * b
    s = p + c
    dp, ds = s, p
    da, db = dp * b, dp * a
    dc = ds
    return da, db, dc


# %% mistake="one-sided" task="check" mark=23
# Moves to one side only, and the inputs before the current one stay moved.
def numerical(f, x, h=1e-4):
    return (f(x + h) - f(x)) / h


def numerical_all(f, values, h=1e-4):
    slopes = []
    before = f(values)
    for i in range(len(values)):
        values[i] += h
        slopes.append((f(values) - before) / h)
    return slopes
