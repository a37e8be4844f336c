# %% mistake="forward-difference" task="numgrad" mark=26
# Moves to one side only, so the truncation error shrinks like h and not like h squared.
def numerical_gradient(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        before = x[i]
        below = f(x)
        x[i] = before + h
        gradient[i] = (f(x) - below) / h
        x[i] = before
    return gradient


# %% mistake="h-given-back" task="numgrad" mark=26
# Adds h again in place of putting the old number back; the result is rounded.
def numerical_gradient(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        below = f(x)
        x[i] += h
        gradient[i] = (above - below) / (2 * h)
    return gradient


# %% mistake="whole-rows" task="numgrad" mark=18
# Walks along the first axis only, so a whole row moves at once.
def numerical_gradient(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for i in range(len(x)):
        before = x[i].copy()
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        below = f(x)
        x[i] = before
        gradient[i] = (above - below) / (2 * h)
    return gradient


# %% mistake="zero-by-zero" task="relative" mark=23
# Divides 0 by 0 where both are 0; the result is not a number, and never below a threshold.
def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))


# %% mistake="mean-of-errors" task="relative" mark=23
# Averages the relative errors, so that a single wrong entry counts less in a larger array.
def relative_error(a, b):
    size = np.maximum(np.abs(a), np.abs(b))
    return np.mean(np.abs(a - b) / np.where(size == 0, 1, size))


# %% mistake="upstream-of-ones" task="check" mark=24
# Takes 1 for every upstream gradient, so a layer that ignores dout is called right.
def gradient_ok(layer, x):
    dout = np.ones(np.shape(layer.forward(x)))
    dx = layer.backward(dout)
    measured = numerical_gradient(lambda x: np.sum(layer.forward(x)), x)
    return bool(relative_error(dx, measured) < 1e-4)


# %% mistake="sums-compared" task="check" mark=24
# Compares the sums of both gradients, in which wrong entries may cancel.
def gradient_ok(layer, x):
    dout = np.random.default_rng(0).normal(size=np.shape(layer.forward(x)))
    dx = layer.backward(dout)
    measured = numerical_gradient(lambda x: np.sum(dout * layer.forward(x)), x)
    return bool(relative_error(np.sum(dx), np.sum(measured)) < 1e-4)


# %% mistake="only-its-own-share" task="mend-shares" mark=25
# Uses the quotient rule for the own share of each number, and forgets the other shares of its row.
class MendedShares(Shares):
    def backward(self, dout):
        return dout * (self.S - self.x) / self.S**2


# %% mistake="derivative-squared" task="mend-lengths" mark=26
# Multiplies by dout, but forgets the square root: returns the gradient of half the squared length.
class MendedLengths(Lengths):
    def backward(self, dout):
        return dout[:, np.newaxis] * self.x


# %% mistake="absolute-error" task="check" mark=26
# Asks how far apart the gradients are, and not how far compared with their size.
def gradient_ok(layer, x):
    y = layer.forward(x)
    dout = np.random.default_rng(0).normal(size=np.shape(y))
    dx = layer.backward(dout)
    measured = numerical_gradient(lambda x: np.sum(dout * layer.forward(x)), x)
    return bool(np.max(np.abs(dx - measured)) < 1e-4)


# %% mistake="measured-first" task="check" mark=26
# Calls backward after measuring, when the layer remembers a moved input.
def gradient_ok(layer, x):
    y = layer.forward(x)
    dout = np.random.default_rng(0).normal(size=np.shape(y))
    measured = numerical_gradient(lambda x: np.sum(dout * layer.forward(x)), x)
    return bool(relative_error(layer.backward(dout), measured) < 1e-4)


# %% mistake="measured-instead" task="mend-shares" mark=25
# Measures in backward what should be derived.
class MendedShares(Shares):
    def backward(self, dout):
        x = self.x.copy()
        return numerical_gradient(lambda x: np.sum(dout * Shares().forward(x)), x)
