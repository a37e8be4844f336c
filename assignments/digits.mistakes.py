# %% mistake="bias-averaged" task="layers" mark=20
# Averages the bias gradient over the batch, as the loss does already.
class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.mean(axis=0)
        return dout @ self.W.T


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxWithLoss:
    def forward(self, a, t):
        e = np.exp(a - a.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1.0):
        one_hot = np.eye(self.y.shape[1])[self.t]
        return dout * (self.y - one_hot) / len(self.t)


# %% mistake="relu-lets-all-back" task="layers" mark=22
# Thinks that a ReLU matters going forward only. Training works all the same.
class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout


class SoftmaxWithLoss:
    def forward(self, a, t):
        e = np.exp(a - a.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1.0):
        one_hot = np.eye(self.y.shape[1])[self.t]
        return dout * (self.y - one_hot) / len(self.t)


# %% mistake="mean-forgotten" task="layers" mark=17
# Forgets that the loss is a mean, so all gradients are too large by the size of the batch.
class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxWithLoss:
    def forward(self, a, t):
        e = np.exp(a - a.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1.0):
        one_hot = np.eye(self.y.shape[1])[self.t]
        return dout * (self.y - one_hot)


# %% mistake="zeros-to-start" task="network" mark=22
# Starts with all weights at 0, as the biases do, so all neurons stay alike.
class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {
            "W1": np.zeros((input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": np.zeros((hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }

    def predict(self, x):
        p = self.params
        self.layers = [Affine(p["W1"], p["b1"]), Relu(), Affine(p["W2"], p["b2"])]
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        self.last = SoftmaxWithLoss()
        return self.last.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        first, relu, second = self.layers
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


# %% mistake="layers-made-once" task="network" mark=16
# Makes the layers at the start, so they go on with the old arrays when params gets new ones.
class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        rng = np.random.default_rng(0)
        self.params = {
            "W1": 0.1 * rng.normal(size=(input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": 0.1 * rng.normal(size=(hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }
        p = self.params
        self.layers = [Affine(p["W1"], p["b1"]), Relu(), Affine(p["W2"], p["b2"])]

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        self.last = SoftmaxWithLoss()
        return self.last.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        first, relu, second = self.layers
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


# %% mistake="answers-down-the-columns" task="accuracy" mark=24
# Looks for the largest score down each column: which sample, not which class.
def accuracy(net, x, t):
    answers = net.predict(x).argmax(axis=0)
    right = sum(answer == label for answer, label in zip(answers, t))
    return right / len(t)


# %% mistake="uphill" task="train" mark=21
# Adds the gradient, although it points to where the loss grows.
def train(net, x, t, steps, batch_size=100, learning_rate=0.2):
    rng = np.random.default_rng(0)
    for step in range(steps):
        rows = rng.choice(len(x), batch_size, replace=False)
        grads = net.gradient(x[rows], t[rows])
        for name in net.params:
            net.params[name] += learning_rate * grads[name]


# %% mistake="same-samples" task="train" mark=24
# Makes the generator anew in each step, so each batch has the same samples.
def train(net, x, t, steps, batch_size=100, learning_rate=0.2):
    for step in range(steps):
        rng = np.random.default_rng(0)
        rows = rng.choice(len(x), batch_size, replace=False)
        grads = net.gradient(x[rows], t[rows])
        for name in net.params:
            net.params[name] -= learning_rate * grads[name]


# %% mistake="pairs-torn" task="train" mark=21
# Draws pictures at random, and takes the first labels with them.
def train(net, x, t, steps, batch_size=100, learning_rate=0.2):
    rng = np.random.default_rng(0)
    for step in range(steps):
        rows = rng.choice(len(x), batch_size, replace=False)
        grads = net.gradient(x[rows], t[:batch_size])
        for name in net.params:
            net.params[name] -= learning_rate * grads[name]


# %% mistake="batches-added" task="layers" mark=24
# Adds to the gradients of earlier batches.
class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.dW, self.db = 0.0, 0.0

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.dW + self.x.T @ dout
        self.db = self.db + dout.sum(axis=0)
        return dout @ self.W.T


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxWithLoss:
    def forward(self, a, t):
        e = np.exp(a - a.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1.0):
        one_hot = np.eye(self.y.shape[1])[self.t]
        return dout * (self.y - one_hot) / len(self.t)


# %% mistake="one-largest-for-all" task="layers" mark=24
# Subtracts the largest score of the whole batch, so a row far below it becomes 0 divided by 0.
class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxWithLoss:
    def forward(self, a, t):
        e = np.exp(a - a.max())
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1.0):
        one_hot = np.eye(self.y.shape[1])[self.t]
        return dout * (self.y - one_hot) / len(self.t)


# %% mistake="in-their-order" task="train" mark=24
# Takes the samples in their order, one batch after another.
def train(net, x, t, steps, batch_size=100, learning_rate=0.2):
    for step in range(steps):
        rows = np.arange(step * batch_size, (step + 1) * batch_size) % len(x)
        grads = net.gradient(x[rows], t[rows])
        for name in net.params:
            net.params[name] -= learning_rate * grads[name]
