# %% mistake="shape-of-the-output" task="shapes" mark=26
# Thinks that the gradients have the shape of dout, because they are made from it.
def shapes(N, D, M):
    return (N, D), (D, M), (M,), (N, M), (N, M), (N, M), (N, M)


# %% mistake="no-transpose" task="one-sample" mark=26
# Leaves out the transpose of W, and pairs dout with columns where rows are due.
def one_forward(x, W, b):
    return x @ W + b


def one_backward(x, W, dout):
    dx = dout @ W
    dW = np.outer(x, dout)
    return dx, dW, dout


# %% mistake="order-of-dw" task="affine" mark=25
# Multiplies dout and x in the wrong order, so dW is transposed.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = dout.T @ self.x
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


# %% mistake="mean-bias" task="affine" mark=26
# Thinks that a gradient for a batch is a mean over its samples.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.mean(axis=0)
        return dout @ self.W.T


# %% mistake="bias-not-summed" task="affine" mark=25
# Sends dout back to the bias as it is, with a row for each sample.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout
        return dout @ self.W.T


# %% mistake="batches-added" task="affine" mark=26
# Adds to the gradients of earlier batches, as if they were one fan-out.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.dW, self.db = np.zeros(W.shape), np.zeros(b.shape)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW += self.x.T @ dout
        self.db += dout.sum(axis=0)
        return dout @ self.W.T


# %% mistake="learns-by-itself" task="affine" mark=24
# Takes the gradient away from W at once, before dx is computed with it.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        self.W = self.W - 0.1 * self.dW
        self.b = self.b - 0.1 * self.db
        return dout @ self.W.T


# %% mistake="second-use-only" task="there-and-back" mark=23
# Assigns the gradient of each use, so that the last one wipes out the first.
class ThereAndBack:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        self.h = x @ self.W
        return self.h @ self.W.T

    def backward(self, dout):
        dh = dout @ self.W
        self.dW = dout.T @ self.h
        self.dW = self.x.T @ dh
        return dh @ self.W.T


# %% mistake="kept-on-the-class" task="affine" mark=27
# Keeps x on the class, where two layers overwrite each other's.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        Affine.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


# %% mistake="copy-at-the-start" task="affine" mark=27
# Works with a copy of W from the beginning, so what is learned later has no effect.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.first_W = W.copy()

    def forward(self, x):
        self.x = x
        return x @ self.first_W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.first_W.T


# %% mistake="measured-instead" task="affine" mark=22
# Measures by central differences what should be found backward.
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        def L():
            return np.sum((self.x @ self.W + self.b) * dout)

        self.dW, self.db = measured(L, self.W), measured(L, self.b)
        return measured(L, self.x)


# %% mistake="there-without-transpose" task="there-and-back" mark=25
# Goes from h to x with W where its transpose is due.
class ThereAndBack:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        self.h = x @ self.W
        return self.h @ self.W.T

    def backward(self, dout):
        dh = dout @ self.W
        self.dW = dout.T @ self.h + self.x.T @ dh
        return dh @ self.W
