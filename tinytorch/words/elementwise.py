"""Functions of single numbers that no module needs: sines, roundings, other logarithms."""

import math

import numpy as np

from tinytorch.autograd import Function
from tinytorch.bound import beside


def with_slope(name, compute, slope):
    """Make an operation on tensors of a numpy function and its derivative: slope(x, result)."""

    class Elementwise(Function):
        @staticmethod
        def forward(ctx, x):
            given = x if x.data.dtype.kind == "f" else beside(x)["Tensor"](x.data.astype("float32"))
            out = beside(x)["wrap"](compute(given.data), [given.data])
            ctx.save_for_backward(given.data, out.data)
            return out

        @staticmethod
        def backward(ctx, grad):
            return grad * beside(grad)["Tensor"](slope(*ctx.saved_tensors))

    Elementwise.__name__ = name

    def function(x):
        return Elementwise.apply(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Apply {name} to each number."
    return function


sin = with_slope("sin", np.sin, lambda x, out: np.cos(x))
cos = with_slope("cos", np.cos, lambda x, out: -np.sin(x))
tan = with_slope("tan", np.tan, lambda x, out: 1 + out * out)
log1p = with_slope("log1p", np.log1p, lambda x, out: 1 / (1 + x))
expm1 = with_slope("expm1", np.expm1, lambda x, out: out + 1)
log2 = with_slope("log2", np.log2, lambda x, out: 1 / (x * math.log(2)))
log10 = with_slope("log10", np.log10, lambda x, out: 1 / (x * math.log(10)))


def rounding(name, compute):
    """Make an operation whose slope is 0 wherever it has one; integers stay as they are."""
    step = with_slope(name, compute, lambda x, out: np.zeros_like(x))

    def function(x):
        return step(x) if x.data.dtype.kind == "f" else beside(x)["Tensor"](compute(x.data))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Apply {name} to each number; its slope is 0."
    return function


floor = rounding("floor", np.floor)
ceil = rounding("ceil", np.ceil)
_rounded = rounding("round", np.round)
trunc = rounding("trunc", np.trunc)
sign = rounding("sign", np.sign)


def round(x, decimals=0):
    """Round each number, halves to the even neighbor; its slope is 0."""
    return _rounded(x) if decimals == 0 else _rounded(x * 10**decimals) / 10**decimals


def square(x):
    """Multiply each number by itself."""
    return x * x


def reciprocal(x):
    """Divide 1 by each number."""
    return 1.0 / x


def rsqrt(x):
    """Divide 1 by the square root of each number."""
    return 1.0 / x.sqrt()


def remainder(x, y):
    """Give what is left of x after whole times y; it has the sign of y."""
    if _whole(x) and _whole(y):
        return _of_arrays(np.remainder, x, y)
    return x - floor(x / y) * y


def floor_divide(x, y):
    """Tell how many whole times y goes into x."""
    return _of_arrays(np.floor_divide, x, y)


def _whole(x):
    return isinstance(x, int) or getattr(getattr(x, "data", None), "dtype", np.dtype("f4")).kind in "iu"


def _of_arrays(compute, x, y):
    names = beside(x if hasattr(x, "requires_grad") else y)
    return names["compare"](compute, x, y)


def both(x, y, of_truth, of_bits):
    """Combine truth values, or the bits of whole numbers."""
    arrays = [beside(x)["unwrap"](each) for each in (x, y)]
    if any(np.asarray(array).dtype.kind == "f" for array in arrays):
        raise TypeError(
            "& | ^ ~ combine truth values or whole numbers, got floats: compare first, as in (x > 0) & (y > 0)"
        )
    truth = all(np.asarray(array).dtype == bool for array in arrays)
    return beside(x)["compare"](of_truth if truth else of_bits, x, y)


def logical_and(x, y):
    """Tell where both are true (not 0)."""
    return beside(x)["compare"](np.logical_and, x, y)


def logical_or(x, y):
    """Tell where at least one is true (not 0)."""
    return beside(x)["compare"](np.logical_or, x, y)


def logical_xor(x, y):
    """Tell where one is true, and the other isn't."""
    return beside(x)["compare"](np.logical_xor, x, y)


def logical_not(x):
    """Tell where x is false (0)."""
    return beside(x)["Tensor"](np.logical_not(x.data))


def isnan(x):
    """Tell where x is no number."""
    return beside(x)["Tensor"](np.isnan(x.data))


def isinf(x):
    """Tell where x is infinite."""
    return beside(x)["Tensor"](np.isinf(x.data))


def isfinite(x):
    """Tell where x is a finite number."""
    return beside(x)["Tensor"](np.isfinite(x.data))


def named(method):
    """Make a function of a method that a student's Tensor has."""

    def function(x, *arguments, **options):
        return getattr(x, method)(*arguments, **options)

    function.__name__ = function.__qualname__ = method
    function.__doc__ = f"Do x.{method}(...)."
    return function


eq, ne, lt, le, gt, ge = (named(f"__{word}__") for word in ("eq", "ne", "lt", "le", "gt", "ge"))
