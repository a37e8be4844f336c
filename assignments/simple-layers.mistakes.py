# %% mistake="swap-forgotten" task="mul-layer" mark=19
# Thinks that each input gets its own value back.
class MulLayer:
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.x, dout * self.y


# %% mistake="one-memory-for-all" task="mul-layer" mark=21
# Keeps the inputs in the class, so all objects share one memory.
class MulLayer:
    def forward(self, x, y):
        MulLayer.x, MulLayer.y = x, y
        return x * y

    def backward(self, dout):
        return dout * MulLayer.y, dout * MulLayer.x


# %% mistake="minus-copies" task="sub-layer" mark=20
# Thinks that a subtract node copies to both sides, as an add node does.
class SubLayer:
    def forward(self, x, y):
        return x - y

    def backward(self, dout):
        return dout, dout


# %% mistake="power-stays" task="pow-layer" mark=25
# Writes the exponent in front, and forgets that the power becomes one less.
class PowLayer:
    def __init__(self, exponent):
        self.exponent = exponent

    def forward(self, x):
        self.out = x**self.exponent
        return self.out

    def backward(self, dout):
        return dout * self.exponent * self.out


# %% mistake="exp-from-its-input" task="exp-layer" mark=19
# Keeps the input where the output is the local derivative.
class ExpLayer:
    def forward(self, x):
        self.x = x
        return np.exp(x)

    def backward(self, dout):
        return dout * self.x


# %% mistake="upstream-forgotten" task="log-layer" mark=21
# Returns the local derivatives of log and of the scale, which is right only where 1 arrives.
class LogLayer:
    def forward(self, x):
        self.x = x
        return np.log(x)

    def backward(self, dout):
        return 1 / self.x


# %% mistake="upstream-forgotten" task="scale-layer"
class ScaleLayer:
    def forward(self, x, k):
        self.x, self.k = x, k
        return x * k

    def backward(self, dout):
        return np.full(self.x.shape, self.k), np.sum(self.x)


# %% mistake="scale-not-summed" task="scale-layer" mark=25
# Sends an array back to the one number, instead of adding over its uses.
class ScaleLayer:
    def forward(self, x, k):
        self.x, self.k = x, k
        return x * k

    def backward(self, dout):
        return dout * self.k, dout * self.x


# %% mistake="last-use-wins" task="yeast" mark=25
# Assigns at the fan-out where it should add, so the heating is lost.
class Yeast:
    def __init__(self):
        self.mul_growth, self.mul_grams, self.mul_cost = MulLayer(), MulLayer(), MulLayer()
        self.exp_factor = ExpLayer()
        self.sub_gain = SubLayer()

    def forward(self, start, rate, hours, heating):
        growth = self.mul_growth.forward(rate, hours)
        factor = self.exp_factor.forward(growth)
        grams = self.mul_grams.forward(start, factor)
        cost = self.mul_cost.forward(heating, hours)
        return self.sub_gain.forward(grams, cost)

    def backward(self, dout):
        dgrams, dcost = self.sub_gain.backward(dout)
        dheating, dhours = self.mul_cost.backward(dcost)
        dstart, dfactor = self.mul_grams.backward(dgrams)
        dgrowth = self.exp_factor.backward(dfactor)
        drate, dhours = self.mul_growth.backward(dgrowth)
        return dstart, drate, dhours, dheating


# %% mistake="formula-alone" task="yeast" mark=25
# Writes down the derivatives of the formula, without a graph.
class Yeast:
    def forward(self, start, rate, hours, heating):
        self.inputs = start, rate, hours, heating
        return start * np.exp(rate * hours) - heating * hours

    def backward(self, dout):
        start, rate, hours, heating = self.inputs
        factor = np.exp(rate * hours)
        dhours = start * rate * factor - heating
        return dout * factor, dout * start * hours * factor, dout * dhours, -dout * hours


# %% mistake="one-exponent-for-all" task="pow-layer" mark=25
# Keeps the exponent on the class, so the layer that was made last decides.
class PowLayer:
    def __init__(self, exponent):
        PowLayer.exponent = exponent

    def forward(self, x):
        self.x = x
        return x**self.exponent

    def backward(self, dout):
        return dout * self.exponent * self.x ** (self.exponent - 1)


# %% mistake="type-of-x" task="scale-layer" mark=26
# Fills an array of the type of x, so what is no whole number is cut off where x is whole.
class ScaleLayer:
    def forward(self, x, k):
        self.x, self.k = x, k
        out = np.zeros_like(x)
        out[...] = x * k
        return out

    def backward(self, dout):
        return dout * self.k, np.sum(dout * self.x)
