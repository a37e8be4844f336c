# %% mistake="mask-of-dout" task="relu" mark=25
# Asks what arrives from upstream, where x decides which flaps are open.
class Relu:
    def forward(self, x):
        return np.where(x > 0, x, 0.0)

    def backward(self, dout):
        return np.where(dout > 0, dout, 0.0)


# %% mistake="open-at-zero" task="relu" mark=27
# Lets the gradient pass where the input is exactly 0.
class Relu:
    def forward(self, x):
        self.mask = x >= 0
        return np.where(self.mask, x, 0.0)

    def backward(self, dout):
        return np.where(self.mask, dout, 0.0)


# %% mistake="in-place" task="relu" mark=27
# Writes into the arrays that it was given, to save memory.
class Relu:
    def forward(self, x):
        self.mask = x > 0
        x[~self.mask] = 0.0
        return x

    def backward(self, dout):
        dout[~self.mask] = 0.0
        return dout


# %% mistake="sigmoid-from-input" task="sigmoid" mark=18
# Puts x into y (1 - y), and takes the formula that overflows for large x.
class Sigmoid:
    def forward(self, x):
        self.x = x
        return np.exp(x) / (1 + np.exp(x))

    def backward(self, dout):
        return dout * self.x * (1 - self.x)


# %% mistake="sigmoid-upstream-forgotten" task="sigmoid" mark=20
# Returns the local derivative only, and fills an array of the type of x, whole numbers or not.
class Sigmoid:
    def forward(self, x):
        self.out = np.zeros_like(x)
        above, below = x >= 0, x < 0
        self.out[above] = 1 / (1 + np.exp(-x[above]))
        self.out[below] = np.exp(x[below]) / (1 + np.exp(x[below]))
        return self.out

    def backward(self, dout):
        return self.out * (1 - self.out)


# %% mistake="log-at-its-output" task="softplus" mark=24
# Takes 1 divided by the output of the log node, where its input is due.
class Softplus:
    def forward(self, x):
        self.e = np.exp(x)
        self.out = np.log(1 + self.e)
        return self.out

    def backward(self, dout):
        return dout * self.e / self.out


# %% mistake="one-way-of-swish" task="swish" mark=23
# Sees only the x in front of the sigmoid, and treats s as a fixed number.
class Swish:
    def forward(self, x):
        self.s = 1 / (1 + np.exp(-x))
        return x * self.s

    def backward(self, dout):
        return dout * self.s


# %% mistake="one-object-for-the-row" task="row" mark=23
# Uses one object for all places, so it remembers its last output only.
def row_of_sigmoids(x, n):
    layer = Sigmoid()
    y = x
    for _ in range(n):
        y = layer.forward(y)
    dx = np.ones(x.shape)
    for _ in range(n):
        dx = layer.backward(dx)
    return y, dx


# %% mistake="warning-silenced" task="sigmoid" mark=26
# Lets exp overflow, and keeps NumPy from saying so.
class Sigmoid:
    def forward(self, x):
        with np.errstate(all="ignore"):
            self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * self.out * (1 - self.out)


# %% mistake="kept-on-the-class" task="softplus" mark=24
# Keeps what backward needs on the class, where two layers overwrite each other's.
class Softplus:
    def forward(self, x):
        Softplus.e = np.exp(x)
        return np.log(1 + self.e)

    def backward(self, dout):
        return dout * self.e / (1 + self.e)


# %% mistake="measured-instead" task="swish" mark=23
# Measures by a central difference what should be found backward.
class Swish:
    def forward(self, x):
        self.x = x
        return x / (1 + np.exp(-x))

    def backward(self, dout):
        x, h = self.x, 1e-4
        above, below = Swish().forward(x + h), Swish().forward(x - h)
        return dout * (above - below) / (2 * h)
