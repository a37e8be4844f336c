"""Functions of a network: activations, softmax and losses, without state.

All of them take numbers or arrays, work in floating point (integers are converted to float64,
float32 stays float32) and write nothing into what they are given. The last axis is the class axis.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def as_float(x: ArrayLike, name: str = "x") -> Array:
    """Return `x` as an array of floats, float32 kept, all else as float64.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.

    Examples
    --------
    >>> as_float([1, 2])
    array([1., 2.])
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise TypeError(f"{name} must be an array, got lists of different lengths") from None
    dtype = array.dtype
    if dtype.char in "fd" and dtype.isnative:
        return array
    if dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must be real numbers, got dtype {dtype}; "
            "give a number, a list of numbers of equal lengths, or an array of floats"
        )
    return array.astype(np.float64)


def identity(x: ArrayLike) -> Array:
    """Return `x` unchanged: the output function of a regression.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.

    Examples
    --------
    >>> identity([0.5, -1.0])
    array([ 0.5, -1. ])
    """
    return as_float(x)


def step(x: ArrayLike) -> Array:
    """Return 1 where `x` is above 0, else 0: the activation of a perceptron.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape, of 0.0 and 1.0

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.

    Examples
    --------
    >>> step([-1.0, 0.0, 2.0])
    array([0., 0., 1.])

    References
    ----------
    Rosenblatt, "The perceptron", Psychological Review 65 (1958).
    """
    x = as_float(x)
    return (x > 0).astype(x.dtype)


def sigmoid(x: ArrayLike) -> Array:
    """Return the logistic sigmoid 1 / (1 + exp(-x)), which squeezes any number into (0, 1).

    For a negative `x` it is computed as exp(x) / (1 + exp(x)), so that exp never overflows.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.

    Examples
    --------
    >>> sigmoid([-1.0, 0.0, 1000.0])
    array([0.26894142, 0.5       , 1.        ])

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 3.10.
    """
    x = as_float(x)
    e = np.exp(-np.abs(x))  # between 0 and 1, whatever x is
    return np.asarray(np.where(x >= 0, 1 / (1 + e), e / (1 + e)))


def relu(x: ArrayLike) -> Array:
    """Return `x` where it is above 0, else 0: the rectified linear unit.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    array of the same shape

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.

    Examples
    --------
    >>> relu([-1.0, 0.0, 2.0])
    array([0., 0., 2.])

    References
    ----------
    Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML (2010).
    """
    return np.maximum(as_float(x), 0)


def softmax(x: ArrayLike) -> Array:
    """Return exp(x) / sum(exp(x)) along the last axis: scores turned into probabilities.

    The largest score is subtracted first. That changes nothing in the quotient, and exp cannot
    overflow.

    Parameters
    ----------
    x : array of shape (C,), (N, C) or (..., C)
        Scores, one for each of C classes.

    Returns
    -------
    array of the same shape; the entries along the last axis add up to 1

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.
    ValueError
        If `x` is a single number or has no class.

    Examples
    --------
    >>> softmax([0.3, 2.9, 4.0])
    array([0.01821127, 0.24519181, 0.73659691])

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), sections 4.1 and 6.2.2.3.
    """
    with np.errstate(over="ignore"):  # two scores may be further apart than a float can say
        e = np.exp(largest_taken_out(x))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def largest_taken_out(x: ArrayLike) -> Array:
    """Return scores minus the largest of their row: 0 at most, so that exp cannot overflow."""
    x = as_float(x)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"softmax needs an array of scores, (C,) or (N, C), got shape {x.shape}")
    x = np.asarray(x, order="F")  # NumPy is faster along long columns than along short rows
    shifted: Array = x - x.max(axis=-1, keepdims=True)
    return shifted


def class_indices(t: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return labels as class indices, whichever of the two forms they were given in.

    Parameters
    ----------
    t : integers of shape (N,), or one-hot labels of shape (N, C)
        For a single sample, one integer or an array of shape (C,).
    shape : tuple
        The shape (N, C) or (C,) of the scores or probabilities that the labels belong to.

    Returns
    -------
    array of integers of shape (N,), or () for a single sample

    Raises
    ------
    ValueError
        If the shape fits neither form, an index is out of range, or a row is not one-hot.

    Examples
    --------
    >>> class_indices([[0, 1, 0], [1, 0, 0]], shape=(2, 3))
    array([1, 0])
    >>> class_indices([1, 0], shape=(2, 3))
    array([1, 0])
    """
    t = np.asarray(t)
    if t.shape == shape:
        if not np.array_equal(t.sum(axis=-1), np.ones(shape[:-1])) or not np.isin(t, (0, 1)).all():
            raise ValueError(
                f"one-hot labels need exactly one 1 in each row of {shape[-1]} and 0 elsewhere"
            )
        return np.asarray(t.argmax(axis=-1))
    if t.shape != shape[:-1]:
        raise ValueError(
            f"labels of shape {t.shape} do not fit outputs of shape {shape}: give class indices "
            f"of shape {shape[:-1]} or one-hot labels of shape {shape}"
        )
    if t.dtype.kind not in "iu":
        raise ValueError(f"class indices must be integers, got dtype {t.dtype}")
    if t.size and t.astype(np.uintp).max() >= shape[-1]:  # a negative one is huge there
        wrong = t[(t < 0) | (t >= shape[-1])].flat[0]
        raise ValueError(
            f"class index {wrong} is out of range: there are {shape[-1]} classes, "
            f"numbered 0 to {shape[-1] - 1}"
        )
    return t.astype(np.intp)


def sum_squared_error(y: ArrayLike, t: ArrayLike) -> float:
    """Return half the sum of (y - t)**2, averaged over the batch.

    Parameters
    ----------
    y : array of shape (C,) or (N, C)
        Outputs.
    t : array of the same shape
        What the outputs should be, for example one-hot labels.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `y` or `t` is not made of real numbers.
    ValueError
        If the shapes differ: nothing is broadcast.

    Examples
    --------
    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> t = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    >>> round(sum_squared_error(y, t), 6)
    0.0975

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning" (2006), section 5.2.
    """
    y, t = as_float(y, "y"), as_float(t, "t")
    if y.shape != t.shape or y.ndim == 0 or y.size == 0:
        raise ValueError(
            f"sum_squared_error needs y and t of one shape, (C,) or (N, C), got {y.shape} and "
            f"{t.shape}"
        )
    return float(0.5 * np.sum((y - t) ** 2) / (y.size // y.shape[-1]))


def cross_entropy_error(y: ArrayLike, t: ArrayLike) -> float:
    """Return -log of the probability given to the right class, averaged over the batch.

    Nothing is added inside the logarithm: a probability of exactly 0 for the right class is an
    infinite loss. To get loss and gradient from scores, use `nnlib.layers.SoftmaxWithLoss`, which
    never has to take the logarithm of 0.

    Parameters
    ----------
    y : array of shape (C,) or (N, C)
        Probabilities.
    t : integers of shape () or (N,), or one-hot labels of the shape of `y`

    Returns
    -------
    float, 0 or more

    Raises
    ------
    TypeError
        If `y` is not made of real numbers.
    ValueError
        If `y` has an entry outside 0 to 1, or the labels do not fit it.

    Examples
    --------
    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> round(cross_entropy_error(y, 2), 6)
    0.510826

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.2.1.
    """
    y = as_float(y, "y")
    if y.ndim == 0 or y.size == 0:
        raise ValueError(
            f"cross_entropy_error needs probabilities of shape (C,) or (N, C), got {y.shape}"
        )
    if not (y.min() >= 0 and y.max() <= 1 + 1e-6):
        raise ValueError(
            "cross_entropy_error needs probabilities from 0 to 1, got "
            f"{y.min():.6g} to {y.max():.6g}; turn scores into probabilities with softmax first"
        )
    t = class_indices(t, y.shape)
    right = np.take_along_axis(y, t[..., np.newaxis], axis=-1)
    with np.errstate(divide="ignore"):  # log(0) is -inf, as documented
        return max(0.0, float(-np.log(right).mean()))
