"""Whether tensors are equal, quite or nearly; products of vectors and matrices under their other names."""

import numpy as np

from tinytorch.bound import beside, is_tensor


def equal(x, y):
    """Tell whether two tensors have the same shape and the same numbers."""
    _check("equal", x, y)
    return x.shape == y.shape and bool((x.data == y.data).all())


def isclose(x, y, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Tell where two tensors nearly agree."""
    _check("isclose", x, y)
    return beside(x)["Tensor"](np.asarray(np.isclose(x.data, y.data, rtol, atol, equal_nan)))


def allclose(x, y, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Tell whether two tensors nearly agree everywhere."""
    _check("allclose", x, y)
    return bool(np.allclose(x.data, y.data, rtol, atol, equal_nan))


def _check(name, x, y):
    if not (is_tensor(x) and is_tensor(y)):
        raise TypeError(f"{name} takes two Tensors, got {type(x).__name__} and {type(y).__name__}: use tensor(data)")


def _product(name, dims):
    def function(x, y):
        _check(name, x, y)
        if (x.ndim, y.ndim) != dims:
            raise ValueError(
                f"{name} takes tensors of {dims[0]} and {dims[1]} dimensions, got {x.shape} and {y.shape}: use @"
            )
        return x @ y

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Multiply as @ does, tensors of {dims[0]} and {dims[1]} dimensions."
    return function


mm, bmm = _product("mm", (2, 2)), _product("bmm", (3, 3))
mv, dot = _product("mv", (2, 1)), _product("dot", (1, 1))


def outer(x, y):
    """Multiply each number of a vector with each of another."""
    _check("outer", x, y)
    return x.reshape(-1, 1) * y.reshape(1, -1)


def addmm(x, a, b):
    """Add a matrix product to x."""
    return x + a @ b
