# %% mistake="samples-share-classes" task="softmax" mark=13
# Divides by the sums of the columns, so the samples share out each class among themselves.
def softmax(a):
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=0)


# %% mistake="one-largest-for-all" task="softmax" mark=24
# Subtracts the largest score of the whole batch, so a row far below it becomes 0 divided by 0.
def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum(axis=-1, keepdims=True)


# %% mistake="scores-shifted-in-place" task="softmax" mark=25
# Takes `a -= ...` for `a = a - ...`, so the caller's scores are shifted as well.
def softmax(a):
    a -= a.max(axis=-1, keepdims=True)
    e = np.exp(a)
    return e / e.sum(axis=-1, keepdims=True)


# %% mistake="one-hot-by-size" task="entropy" mark=24
# Takes labels for one-hot where the last axis is as long as that of y: wrong where N = C.
def cross_entropy(y, t):
    t = np.array(t)
    samples = y.size / y.shape[-1]
    if t.ndim > 0 and t.shape[-1] == y.shape[-1]:
        return -(np.log(y) * t).sum() / samples
    y = y.reshape(-1, y.shape[-1])
    return -np.log(y[np.arange(len(y)), t.reshape(-1)]).sum() / samples


# %% mistake="log-of-probability" task="layer" mark=23
# Takes the logarithm of the probability, although it may have rounded to 0.
class SoftmaxWithLoss:
    def forward(self, a, t):
        t = np.array(t)
        if t.shape == a.shape:
            t = t.argmax(axis=-1)
        self.y, self.t, self.shape = softmax(a), t.reshape(-1), a.shape
        return cross_entropy(self.y, t)

    def backward(self, dout=1.0):
        y = self.y.reshape(-1, self.shape[-1])
        one_hot = np.eye(self.shape[-1])[self.t]
        return (dout * (y - one_hot) / len(y)).reshape(self.shape)


# %% mistake="mean-forgotten" task="layer" mark=24
# Returns y - t for each sample: forgets that the loss is a mean over the batch.
class SoftmaxWithLoss:
    def forward(self, a, t):
        t = np.array(t)
        if t.shape != a.shape:
            t = np.eye(a.shape[-1])[t]
        self.y, self.t = softmax(a), t
        a = a - a.max(axis=-1, keepdims=True)
        losses = np.log(np.exp(a).sum(axis=-1)) - (a * t).sum(axis=-1)
        return losses.mean()

    def backward(self, dout=1.0):
        return dout * (self.y - self.t)


# %% mistake="upstream-ignored" task="layer" mark=24
# Thinks that dout can be left out, because the loss comes last and nothing lies upstream.
class SoftmaxWithLoss:
    def forward(self, a, t):
        t = np.array(t)
        if t.shape != a.shape:
            t = np.eye(a.shape[-1])[t]
        self.y, self.t = softmax(a), t
        a = a - a.max(axis=-1, keepdims=True)
        losses = np.log(np.exp(a).sum(axis=-1)) - (a * t).sum(axis=-1)
        return losses.mean()

    def backward(self, dout=1.0):
        samples = self.y.size / self.y.shape[-1]
        return (self.y - self.t) / samples


# %% mistake="numbers-subtracted" task="layer" mark=17
# Subtracts class numbers from probabilities, as if they were one-hot rows.
class SoftmaxWithLoss:
    def forward(self, a, t):
        self.y, self.t = softmax(a), np.array(t)
        one_hot = self.t if self.t.shape == a.shape else np.eye(a.shape[-1])[self.t]
        a = a - a.max(axis=-1, keepdims=True)
        losses = np.log(np.exp(a).sum(axis=-1)) - (a * one_hot).sum(axis=-1)
        return losses.mean()

    def backward(self, dout=1.0):
        t = self.t
        if self.y.ndim == 2 and t.ndim == 1:
            t = t.reshape(-1, 1)
        samples = len(self.y) if self.y.ndim == 2 else 1
        return dout * (self.y - t) / samples


# %% mistake="one-hot-by-type" task="entropy" mark=23
# Takes labels for one-hot where they are floats, and whole numbers for class numbers.
def cross_entropy(y, t):
    t = np.array(t)
    if t.dtype == float:
        t = t.argmax(axis=-1)
    y = y.reshape(-1, y.shape[-1])
    return -np.log(y[np.arange(len(y)), t.reshape(-1)]).mean()


# %% mistake="patched-logarithm" task="entropy" mark=24
# Adds a little to each probability, for fear of a logarithm of 0.
def cross_entropy(y, t):
    t = np.array(t)
    if t.shape != y.shape:
        t = np.eye(y.shape[-1])[t]
    return -(t * np.log(y + 1e-7)).sum() / (y.size / y.shape[-1])


# %% mistake="exponentials-as-they-are" task="layer" mark=24
# Guards the loss against large scores, but not the probabilities that backward needs.
class SoftmaxWithLoss:
    def forward(self, a, t):
        t = np.array(t)
        if t.shape != a.shape:
            t = np.eye(a.shape[-1])[t]
        self.y, self.t = np.exp(a) / np.exp(a).sum(axis=-1, keepdims=True), t
        a = a - a.max(axis=-1, keepdims=True)
        losses = np.log(np.exp(a).sum(axis=-1)) - (a * t).sum(axis=-1)
        return losses.mean()

    def backward(self, dout=1.0):
        samples = self.y.size / self.y.shape[-1]
        return dout * (self.y - self.t) / samples


# %% mistake="subtracted-for-good" task="layer" mark=24
# Changes the probabilities that it keeps, so a second backward subtracts the labels again.
class SoftmaxWithLoss:
    def forward(self, a, t):
        t = np.array(t)
        if t.shape != a.shape:
            t = np.eye(a.shape[-1])[t]
        self.y, self.t = softmax(a), t
        a = a - a.max(axis=-1, keepdims=True)
        losses = np.log(np.exp(a).sum(axis=-1)) - (a * t).sum(axis=-1)
        return losses.mean()

    def backward(self, dout=1.0):
        self.y -= self.t
        return dout * self.y / (self.y.size / self.y.shape[-1])


# %% mistake="kept-on-the-class" task="layer" mark=24
# Keeps what backward needs on the class, where two layers overwrite each other's.
class SoftmaxWithLoss:
    def forward(self, a, t):
        t = np.array(t)
        if t.shape != a.shape:
            t = np.eye(a.shape[-1])[t]
        SoftmaxWithLoss.y, SoftmaxWithLoss.t = softmax(a), t
        a = a - a.max(axis=-1, keepdims=True)
        losses = np.log(np.exp(a).sum(axis=-1)) - (a * t).sum(axis=-1)
        return losses.mean()

    def backward(self, dout=1.0):
        samples = self.y.size / self.y.shape[-1]
        return dout * (self.y - self.t) / samples
