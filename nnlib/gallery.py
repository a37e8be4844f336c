"""A gallery of planted bugs: mistakes that people make in backward passes, each next to the truth.

Every class marked with `planted` is a right layer, or network, with one bug. Its docstring says
what is wrong, and then how it shows. The class that it derives from is the right one.

Take one without being told what is wrong with it, check it, and name the bug:

>>> from nnlib.gradient import layer_check
>>> layer, inputs = mystery(1)
>>> report = layer_check(layer, *inputs)
>>> [row.name for row in report.rows if not row.passed]
['b']
>>> print(BUGS[1].name)
The bias gradient is that of the first sample, not the sum over the batch
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from nnlib.functions import Array, relu, sigmoid, softmax
from nnlib.gradient import GradientReport, gradient_check, layer_check
from nnlib.layers import (
    AddLayer,
    Affine,
    ExpLayer,
    Layer,
    LogLayer,
    MulLayer,
    PowLayer,
    ReciprocalLayer,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
)
from nnlib.network import TwoLayerNet

# --- What a bug is ---

Make = Callable[[Any, Generator, int], Any]
Inputs = Callable[[Generator, int], tuple[Array, ...]]


@dataclass(frozen=True)
class Bug:
    """One mistake: the broken class, the right one, and inputs on which a check tells them apart.

    Attributes
    ----------
    broken : type
        A layer or a network with one bug.
    make : function (class, generator, size) that builds one, broken or right
    inputs : function (generator, size) that draws what its forward takes

    Examples
    --------
    >>> bug = BUGS[0]
    >>> bug.broken.__name__, bug.right.__name__
    ('BiasAveraged', 'Affine')
    >>> bool(bug.check(seed=7)), bool(bug.check_right(seed=7))
    (False, True)
    """

    broken: Any
    make: Make
    inputs: Inputs

    @property
    def right(self) -> Any:
        """The class without the bug."""
        return self.broken.__base__

    @property
    def name(self) -> str:
        """What is wrong, in one sentence."""
        return self._sentences[0].removesuffix(".")

    @property
    def shows(self) -> str:
        """How it shows."""
        return " ".join(self._sentences[1].split())

    @property
    def _sentences(self) -> tuple[str, str]:
        name, _, shows = self.broken.__doc__.partition("\n\n")
        return name, shows

    def check(self, seed: int = 0, *, size: int = 4) -> GradientReport:
        """Check the broken one. A `size` of 12 makes arrays too large to check entry by entry."""
        return verdict(*self.draw(self.broken, seed, size), seed)

    def check_right(self, seed: int = 0, *, size: int = 4) -> GradientReport:
        """Check the right one, on the same inputs."""
        return verdict(*self.draw(self.right, seed, size), seed)

    def draw(self, kind: Any, seed: int = 0, size: int = 4) -> tuple[Any, tuple[Array, ...]]:
        """Return one of the class `kind`, and its inputs."""
        rng = np.random.default_rng(seed)
        return self.make(kind, rng, size), self.inputs(rng, size)


def verdict(made: Any, inputs: tuple[Array, ...], seed: int = 0) -> GradientReport:
    """Check a layer with `layer_check`, or all parameters of a network with `gradient_check`.

    Examples
    --------
    >>> bool(verdict(*mystery(0)))
    False
    """
    if isinstance(made, Layer):
        return layer_check(made, *inputs, seed=seed)
    gradient = made.gradient(*inputs)
    return gradient_check(lambda _: made.loss(*inputs), made.params, gradient, seed=seed)


_bugs: list[Bug] = []


def planted(make: Make, inputs: Inputs) -> Callable[[type], type]:
    """Put the class below into the gallery."""

    def put(broken: type) -> type:
        _bugs.append(Bug(broken, make, inputs))
        return broken

    return put


def mystery(number: int, seed: int = 0) -> tuple[Any, tuple[Array, ...]]:
    """Return a broken layer whose class does not say what is wrong, and inputs to check it with.

    The answer is `BUGS[number].name`. The last ones are networks, for `gradient_check`; all others
    are layers, for `layer_check`.

    Raises
    ------
    ValueError
        If there is no bug of that number.

    Examples
    --------
    >>> net, (x, t) = mystery(len(BUGS) - 1)
    >>> gradient = net.gradient(x, t)
    >>> bool(gradient_check(lambda _: net.loss(x, t), net.params, gradient))
    False
    """
    if not 0 <= number < len(BUGS):
        raise ValueError(f"mystery: the number must be from 0 to {len(BUGS) - 1}, got {number}")
    bug = BUGS[number]
    nameless = type(f"Mystery{number}", (bug.broken,), {"__doc__": "Somewhere in here is a bug."})
    return bug.draw(nameless, seed)


# --- How layers are made, and what they are given ---


def near_kink(rng: Generator, shape: tuple[int, ...]) -> Array:
    """Return normal numbers, of which one in six is 0 and two in six are next to 0.

    Those are between 1e-8 and 1e-4 in size, of either sign: nearer than the step of a difference,
    about as near, and farther.

    Examples
    --------
    >>> x = near_kink(np.random.default_rng(0), (5, 4))
    >>> int(np.sum(x == 0)), int(np.sum(np.abs(x) < 1e-4))
    (3, 9)
    """
    x = rng.standard_normal(shape).ravel()
    sixth = x.size // 6
    x[:sixth] = 0
    x[sixth : 3 * sixth] = np.resize([1, -1], 2 * sixth) * 10 ** rng.uniform(-8, -4, 2 * sixth)
    return rng.permutation(x).reshape(shape)


def plain(kind: Any, rng: Generator, size: int) -> Any:
    """Make a layer that needs nothing."""
    return kind()


def used_before(kind: Any, rng: Generator, size: int) -> Any:
    """Make a layer that has seen an earlier batch."""
    layer = kind()
    layer.forward(*kinked(rng, size))
    return layer


def cube(kind: Any, rng: Generator, size: int) -> Any:
    """Make a power layer."""
    return kind(3)


def square_affine(kind: Any, rng: Generator, size: int) -> Any:
    """Make an affine layer with as many outputs as inputs, so that shapes do not tell."""
    return kind(rng.standard_normal((size - 1, size - 1)), rng.standard_normal(size - 1))


def network(kind: Any, rng: Generator, size: int) -> Any:
    """Make a network with as many inputs as hidden units and classes."""
    return kind(size, size, size, weight_init_std=1.0, rng=rng)


def matrix(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw a batch of ordinary numbers."""
    return (rng.standard_normal((size, size - 1)),)


def kinked(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw a batch of numbers for a ReLU."""
    return (near_kink(rng, (size, size - 1)),)


def positive(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw a batch of numbers well above 0."""
    return (rng.uniform(0.5, 3, (size, size - 1)),)


def images(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw a batch of images, each of one row."""
    return (rng.standard_normal((size, 1, size - 1)),)


def two_matrices(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw two inputs of one shape."""
    return rng.standard_normal((size, size - 1)), rng.standard_normal((size, size - 1))


def matrix_and_row(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw two inputs, of which the second has to be broadcast."""
    return rng.standard_normal((size, size - 1)), rng.standard_normal(size - 1)


def scores_and_labels(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw the scores of more samples than classes, and labels."""
    return rng.standard_normal((size, size - 1)), rng.integers(size - 1, size=size)


def sure_and_wrong(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw scores and labels, with the score of the right class far below the others."""
    scores, labels = scores_and_labels(rng, size)
    scores[np.arange(size), labels] -= 15  # a probability near 1e-7
    return scores, labels


def images_some_blank(rng: Generator, size: int) -> tuple[Array, ...]:
    """Draw images, one blank and two nearly so, and labels."""
    x = rng.standard_normal((2 * size, size))
    x[:3] *= np.array([[0], [1e-6], [1e-5]])  # biases are 0: so the ReLUs are at a kink, or near
    return x, rng.integers(size, size=2 * size)


# --- Affine ---


@planted(square_affine, matrix)
class BiasAveraged(Affine):
    """The bias gradient is averaged over the batch instead of summed.

    db is too small by the factor N; with a batch of one sample nothing shows.
    """

    def parameter_gradients(self, dout: Any) -> Any:
        dout = super().parameter_gradients(dout)
        self.db = dout.mean(axis=0)
        return dout


@planted(square_affine, matrix)
class BiasOfFirstSample(Affine):
    """The bias gradient is that of the first sample, not the sum over the batch.

    db has the right shape and looks like noise; with a batch of one sample nothing shows.
    """

    def parameter_gradients(self, dout: Any) -> Any:
        dout = super().parameter_gradients(dout)
        self.db = dout[0]
        return dout


@planted(square_affine, matrix)
class WeightNotTransposed(Affine):
    """The gradient of the input goes through W instead of its transpose.

    dW and db are right and dx is not: all layers below learn from the wrong numbers. Only a square
    W lets it pass without an error.
    """

    def backward(self, dout: Any) -> Any:
        return (self.parameter_gradients(dout) @ self.W).reshape(self.x_shape)


@planted(square_affine, matrix)
class WeightGradientTransposed(Affine):
    """The two factors of the weight gradient are in the wrong order, so it is transposed.

    dW is right on its diagonal only.
    """

    def parameter_gradients(self, dout: Any) -> Any:
        dout = super().parameter_gradients(dout)
        self.dW = dout.T @ self.x
        return dout


@planted(square_affine, matrix)
class WeightGradientAccumulated(Affine):
    """The weight gradient is added to what the last backward left, and nobody sets it to 0.

    The first backward is right, the second gives twice as much.
    """

    def parameter_gradients(self, dout: Any) -> Any:
        before = getattr(self, "dW", 0)
        dout = super().parameter_gradients(dout)
        self.dW += before
        return dout


@planted(square_affine, matrix)
class StepTakenTooEarly(Affine):
    """The weights are updated before the gradient of the input is computed with them.

    dx belongs to weights that forward never used; it is off by about the learning rate.
    """

    def backward(self, dout: Any) -> Any:
        dout = self.parameter_gradients(dout)
        self.W -= 0.1 * self.dW
        return (dout @ self.W.T).reshape(self.x_shape)


@planted(square_affine, images)
class ShapeForgotten(Affine):
    """The gradient of images is left flat, as forward had made them.

    dx has the shape (N, D); the layer below, if there is one, stops with an error.
    """

    def backward(self, dout: Any) -> Any:
        return self.parameter_gradients(dout) @ self.W.T


# --- ReLU ---


@planted(plain, kinked)
class MaskOfOutput(Relu):
    """The mask asks whether the output is 0 or above, which is always so.

    dx is dout everywhere: backward has forgotten that there is a ReLU.
    """

    def forward(self, x: Any) -> Any:
        out = super().forward(x)
        self.mask = out >= 0
        return out


@planted(plain, kinked)
class ZeroLetThrough(Relu):
    """The mask is x >= 0 instead of x > 0.

    It shows at 0 exactly and nowhere else. Zeros are common: blank pixels, and biases that start
    as 0.
    """

    def forward(self, x: Any) -> Any:
        self.mask = x >= 0
        return relu(x)


@planted(plain, kinked)
class MaskOfUpstream(Relu):
    """The mask is made of the upstream gradient instead of the input.

    No negative gradient ever comes through.
    """

    def backward(self, dout: Any) -> Any:
        return dout * (dout > 0)


@planted(plain, kinked)
class ReluWithoutUpstream(Relu):
    """The mask is returned as it is, without the upstream gradient.

    dx is 0 or 1, whatever came from above.
    """

    def backward(self, dout: Any) -> Any:
        return self.mask * 1.0


@planted(plain, kinked)
class TruthValuesForNumbers(Relu):
    """The gradient is filled into an array that was made like the mask, so it is of truth values.

    NumPy converts without a word: dx is True, which counts as 1, wherever x > 0.
    """

    def backward(self, dout: Any) -> Any:
        dx = np.zeros_like(self.mask)
        dx[self.mask] = dout[self.mask]
        return dx


@planted(plain, kinked)
class UpstreamOverwritten(Relu):
    """The upstream gradient is written into.

    dx is right, but dout belongs to the caller: where a value was used twice, the other use gets
    zeros.
    """

    def backward(self, dout: Any) -> Any:
        dout[~self.mask] = 0
        return dout


@planted(plain, kinked)
class InputOverwritten(Relu):
    """The input is written into by forward.

    dx is right, but x belongs to the caller: the layer below, or the data, has lost its negative
    numbers.
    """

    def forward(self, x: Any) -> Any:
        x[x < 0] = 0
        return super().forward(x)


@planted(used_before, kinked)
class MaskOfFirstBatch(Relu):
    """The mask is made for the first batch and then kept for all others.

    The first batch is right, all others let through what was positive in the first.
    """

    def forward(self, x: Any) -> Any:
        if not hasattr(self, "mask"):
            self.mask = x > 0
        return relu(x)


# --- Sigmoid ---


@planted(plain, matrix)
class PlusForMinus(Sigmoid):
    """The local derivative is y * (1 + y) instead of y * (1 - y).

    dx is too large everywhere, most of all where the sigmoid is near 1 and should stop learning.
    """

    def backward(self, dout: Any) -> Any:
        return dout * self.out * (1 + self.out)


@planted(plain, matrix)
class DerivativeOfInput(Sigmoid):
    """The local derivative y * (1 - y) is computed from the input x instead of the output y.

    dx has the wrong size and often the wrong sign.
    """

    def forward(self, x: Any) -> Any:
        self.x = x
        return super().forward(x)

    def backward(self, dout: Any) -> Any:
        return dout * self.x * (1 - self.x)


@planted(plain, matrix)
class SigmoidTwice(Sigmoid):
    """A derivative that expects x is given y, so the sigmoid is taken twice.

    dx is always between 0.19 and 0.25 of dout: not far off near x = 0, and nothing saturates.
    """

    def backward(self, dout: Any) -> Any:
        return dout * sigmoid(self.out) * (1 - sigmoid(self.out))


@planted(plain, matrix)
class DerivativeOfTanh(Sigmoid):
    """The local derivative is 1 - y**2, which is that of tanh.

    dx is too large everywhere, and near dout itself where x is very negative.
    """

    def backward(self, dout: Any) -> Any:
        return dout * (1 - self.out**2)


@planted(plain, matrix)
class SigmoidWithoutUpstream(Sigmoid):
    """The local derivative is returned without the upstream gradient.

    dx is positive everywhere, whatever came from above.
    """

    def backward(self, dout: Any) -> Any:
        return self.out * (1 - self.out)


@planted(plain, matrix)
class ForwardInFloat32(Sigmoid):
    """The input is converted to float32 on the way in.

    The derivative is right to seven digits, but nothing can be checked any more: the small step of
    a difference drowns in the rounding of forward.
    """

    def forward(self, x: Any) -> Any:
        return super().forward(np.asarray(x, np.float32))


# --- Arithmetic ---


@planted(plain, two_matrices)
class SecondInputForgotten(AddLayer):
    """All of the upstream gradient goes to the first input and nothing to the second.

    dy is 0: whatever y was computed from does not learn.
    """

    def backward(self, dout: Any) -> Any:
        return dout, np.zeros_like(dout)


@planted(plain, matrix_and_row)
class BroadcastingNotUndone(AddLayer):
    """The gradient of a row that was added to each sample is not summed over the samples.

    dy has the shape of the output, not of y; `y -= rate * dy` stops with an error.
    """

    def backward(self, dout: Any) -> Any:
        return dout, dout


@planted(plain, two_matrices)
class NotSwapped(MulLayer):
    """Each input is multiplied by itself instead of the other one.

    dx and dy have changed places; nothing shows where x = y.
    """

    def backward(self, dout: Any) -> Any:
        return dout * self.x, dout * self.y


class SubLayer(Layer):
    """z = x - y. Backward: dx = dout, dy = -dout. This one is right."""

    def forward(self, x: Any, y: Any) -> Any:
        return x - y

    def backward(self, dout: Any) -> Any:
        return dout, -dout


@planted(plain, two_matrices)
class MinusForgotten(SubLayer):
    """The second gradient of a subtraction lacks its minus sign.

    dy has the right size, and a step along it goes uphill.
    """

    def backward(self, dout: Any) -> Any:
        return dout, dout


@planted(plain, two_matrices)
class WrongOrder(SubLayer):
    """The two gradients are returned in the wrong order.

    dx is the gradient of y, and dy that of x.
    """

    def backward(self, dout: Any) -> Any:
        dx, dy = super().backward(dout)
        return dy, dx


class SquareLayer(Layer):
    """y = x * x: a value used twice. Backward: the sum of both gradients. This one is right."""

    def forward(self, x: Any) -> Any:
        self.product = MulLayer()
        return self.product.forward(x, x)

    def backward(self, dout: Any) -> Any:
        first, second = self.product.backward(dout)
        return first + second


@planted(plain, matrix)
class OneUseForgotten(SquareLayer):
    """A value is used twice, and the second gradient replaces the first instead of being added.

    dx is half of what it should be.
    """

    def backward(self, dout: Any) -> Any:
        dx, dx = self.product.backward(dout)
        return dx


class CenterLayer(Layer):
    """y = x - mean of x over the batch. Backward: dx = dout - mean of dout. This one is right."""

    def forward(self, x: Any) -> Any:
        return x - x.mean(axis=0)

    def backward(self, dout: Any) -> Any:
        return dout - dout.mean(axis=0)


@planted(plain, matrix)
class MeanTakenForConstant(CenterLayer):
    """The mean of the batch is treated as a constant, but it depends on every sample.

    dx lacks a part that is the same for all samples; the larger the batch, the smaller it is.
    """

    def backward(self, dout: Any) -> Any:
        return dout


@planted(cube, matrix)
class ExponentForgotten(PowLayer):
    """The power rule without its factor: x**2 instead of 3 * x**2 for a cube.

    dx has the right sign and is too small by the exponent.
    """

    def backward(self, dout: Any) -> Any:
        return dout * self.x ** (self.exponent - 1)


@planted(plain, matrix)
class InputForOutput(ExpLayer):
    """The derivative of exp(x) is taken to be x, the input, instead of the output.

    dx has the wrong sign for negative x, where exp(x) is positive.
    """

    def forward(self, x: Any) -> Any:
        self.x = x
        return super().forward(x)

    def backward(self, dout: Any) -> Any:
        return dout * self.x


@planted(plain, positive)
class OutputForInput(LogLayer):
    """The upstream gradient is divided by the output, log(x), instead of the input.

    dx explodes near x = 1, where the logarithm is 0, and has the wrong sign below.
    """

    def forward(self, x: Any) -> Any:
        self.out = super().forward(x)
        return self.out

    def backward(self, dout: Any) -> Any:
        return dout / self.out


@planted(plain, positive)
class SignForgotten(ReciprocalLayer):
    """The derivative of 1 / x lacks its minus sign.

    dx has the right size, and a step along it goes uphill.
    """

    def backward(self, dout: Any) -> Any:
        return dout * self.out**2


@planted(plain, matrix)
class ThousandthTooLarge(ExpLayer):
    """The whole gradient is too large by a thousandth.

    No plot and no training shows it; the relative error is 1.0e-03 in every entry.
    """

    def backward(self, dout: Any) -> Any:
        return 1.001 * super().backward(dout)


@planted(plain, matrix)
class LastEntryForgotten(ExpLayer):
    """A loop over the entries ends one too early.

    The last entry of dx is 0, and all others are right.
    """

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        dx.flat[-1] = 0
        return dx


@planted(plain, matrix)
class RowsSwapped(ExpLayer):
    """Two samples get the gradient of each other.

    The first two rows of dx are swapped: its sum, its mean and its shape are right.
    """

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        dx[[0, 1]] = dx[[1, 0]]
        return dx


@planted(plain, matrix)
class GradientInFloat32(ExpLayer):
    """The gradient is returned in float32.

    Its numbers are right to seven digits; its dtype is not, and float32 spreads to all that it
    touches.
    """

    def backward(self, dout: Any) -> Any:
        return super().backward(dout).astype(np.float32)


# --- Softmax ---


class SoftmaxLayer(Layer):
    """y = softmax(x). Backward: dx = y * (dout - sum of dout * y). This one is right."""

    def forward(self, x: Any) -> Any:
        self.out = softmax(x)
        return self.out

    def backward(self, dout: Any) -> Any:
        return self.out * (dout - np.sum(dout * self.out, axis=-1, keepdims=True))


@planted(plain, matrix)
class DiagonalOnly(SoftmaxLayer):
    """The local derivative is y * (1 - y), as if each score moved only its own probability.

    It is the diagonal of a matrix: a score moves all probabilities of its row, and the rest of the
    matrix is left out.
    """

    def backward(self, dout: Any) -> Any:
        return dout * self.out * (1 - self.out)


def y_minus_t(layer: SoftmaxWithLoss) -> Array:
    """Return the probabilities minus the one-hot labels: the gradient, before N divides it."""
    return np.asarray(layer.y - np.eye(layer.y.shape[1])[layer.t])


@planted(plain, scores_and_labels)
class LossWithoutUpstream(SoftmaxWithLoss):
    """The upstream gradient is ignored, because the loss comes last and dout is always 1.

    Nothing shows until the loss is scaled, or added to another one.
    """

    def backward(self, dout: Any = 1.0) -> Any:
        return y_minus_t(self) / len(self.y)


@planted(plain, scores_and_labels)
class BatchSizeForgotten(SoftmaxWithLoss):
    """The loss is a mean over the batch, and its gradient is not divided by the batch size.

    dx is too large by the factor N; the learning rate that works depends on the batch size.
    """

    def backward(self, dout: Any = 1.0) -> Any:
        return dout * y_minus_t(self)


@planted(plain, scores_and_labels)
class DividedByClasses(SoftmaxWithLoss):
    """The gradient is divided by the number of classes instead of samples.

    dx is wrong by the factor N / C; where a test has N = C nothing shows.
    """

    def backward(self, dout: Any = 1.0) -> Any:
        return dout * y_minus_t(self) / self.y.shape[1]


@planted(plain, scores_and_labels)
class DividedTwice(SoftmaxWithLoss):
    """The gradient is divided by the batch size twice.

    dx is too small by the factor N; training works, with a learning rate that seems too low.
    """

    def backward(self, dout: Any = 1.0) -> Any:
        return super().backward(dout) / len(self.y)


@planted(plain, scores_and_labels)
class ProbabilitiesOverwritten(SoftmaxWithLoss):
    """The gradient is computed in the array of the probabilities, without a copy.

    The first backward is right and spoils what the second one needs.
    """

    def backward(self, dout: Any = 1.0) -> Any:
        dx = self.y
        dx[self.rows, self.t] -= 1
        dx *= dout / len(dx)
        return dx


@planted(plain, scores_and_labels)
class SoftmaxOverBatch(SoftmaxWithLoss):
    """The probabilities are divided by the sum of the whole batch, for want of an axis in sum().

    With a batch of one sample nothing shows; with more, the forward is wrong, and backward has the
    gradient of the loss that was meant.
    """

    def forward(self, x: Any, t: Any) -> Any:
        super().forward(x, t)
        self.y = np.exp(x) / np.exp(x).sum()
        return -np.mean(np.log(self.y[np.arange(len(x)), t]))


@planted(plain, scores_and_labels)
class LabelsInColumn(SoftmaxWithLoss):
    """The labels have the shape (N, 1), so y[arange(N), t] picks N times N entries instead of N.

    Every sample is scored with the labels of all samples, and backward subtracts a 1 for all of
    them; where a label occurs twice, only once.
    """

    def forward(self, x: Any, t: Any) -> Any:
        super().forward(x, t)
        self.t = t.reshape(-1, 1)  # as a column of a file
        return -np.sum(np.log(self.y[np.arange(len(x)), self.t])) / len(x)

    def backward(self, dout: Any = 1.0) -> Any:
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dout * dx / len(dx)


@planted(plain, sure_and_wrong)
class LittleInsideTheLog(SoftmaxWithLoss):
    """A 1e-7 is added inside the logarithm, and backward does not know.

    Where the right class has a probability of 1e-7 or less, the loss stops growing and its true
    gradient is near 0; dx is still y - t. Above one percent nothing shows.
    """

    def forward(self, x: Any, t: Any) -> Any:
        super().forward(x, t)
        return -np.mean(np.log(self.y[np.arange(len(x)), t] + 1e-7))


# --- Networks ---


@planted(network, images_some_blank)
class BiasOfOtherLayer(TwoLayerNet):
    """The gradient of the second bias is read from the first layer.

    W1, b1 and W2 are right; b2 fits only because both layers have the same number of units.
    """

    def gradient(self, x: Any, t: Any) -> Any:
        gradients = super().gradient(x, t)
        gradients["b2"] = gradients["b1"]
        return gradients


@planted(network, images_some_blank)
class BackwardInForwardOrder(TwoLayerNet):
    """Backward goes through the layers from the first to the last.

    All parameters have wrong gradients; only layers of equal size let it pass without an error.
    """

    def gradient(self, x: Any, t: Any) -> Any:
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in self.layers.values():
            dout = layer.backward(dout)
        return self.params.gradients()


@planted(network, images_some_blank)
class ReluLeftOut(TwoLayerNet):
    """Backward leaves out the ReLU.

    W2 and b2 are right; W1 and b1 learn from hidden units that were switched off.
    """

    def gradient(self, x: Any, t: Any) -> Any:
        self.loss(x, t)
        dout = self.last_layer.backward()
        dout = self.layers["Affine2"].backward(dout)
        self.layers["Affine1"].backward(dout)
        return self.params.gradients()


@planted(network, images_some_blank)
class DecayForgotten(TwoLayerNet):
    """Weight decay is added to the loss and not to the gradient.

    The biases are right; the gradient of each weight lacks 0.1 times the weight itself.
    """

    def loss(self, x: Any, t: Any) -> Any:
        decay = 0.05 * sum(np.sum(self.params[name] ** 2) for name in ("W1", "W2"))
        return super().loss(x, t) + decay


class ThreeLayerNet(TwoLayerNet):
    """A third affine layer, behind a second ReLU. This one is right."""

    def __init__(self, *sizes: int, **options: Any):
        super().__init__(*sizes, **options)
        self.layers["Relu2"] = Relu()
        self.layers["Affine3"] = Affine(np.eye(sizes[-1]), np.zeros(sizes[-1]))


@planted(network, images_some_blank)
class OneReluTwice(ThreeLayerNet):
    """One ReLU object stands at two places, and its second forward replaces the mask of the first.

    All that is above the lower place is right; W1 and b1 get the mask of the wrong layer.
    """

    def __init__(self, *sizes: int, **options: Any):
        super().__init__(*sizes, **options)
        self.layers["Relu2"] = self.layers["Relu1"]


BUGS = tuple(_bugs)
