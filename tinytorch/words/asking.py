"""What a program asks of a value."""

from numpy import finfo, iinfo

from tinytorch.bound import is_tensor

__all__ = ["Size", "finfo", "iinfo", "is_floating_point", "is_tensor", "numel", "set_default_dtype"]


Size = tuple  # shapes are plain tuples here


def numel(x):
    """Count the numbers."""
    return x.numel()


def is_floating_point(x):
    """Tell whether these are floats."""
    return x.is_floating_point()


def set_default_dtype(dtype):
    """Accept float32, which is the default here."""
    if dtype != "float32":
        raise ValueError(f"Python's floats become float32 here, got {dtype}: pass dtype={dtype!r} where you want it")
