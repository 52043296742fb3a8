"""Words that PyTorch has as methods and as functions, each made of the method; tensors by the names of their kinds."""

from tinytorch.bound import core
from tinytorch.words.elementwise import named

absolute, multiply, subtract, divide = (named(word) for word in ("absolute", "multiply", "subtract", "divide"))
true_divide, negative, ravel, select = (named(word) for word in ("true_divide", "negative", "ravel", "select"))
t, swapdims, moveaxis, detach, lerp = (named(word) for word in ("t", "swapdims", "moveaxis", "detach", "lerp"))
clamp_min, clamp_max, masked_fill, relu_ = (named(w) for w in ("clamp_min", "clamp_max", "masked_fill", "relu_"))
amax, amin, argmax, argmin = (named(word) for word in ("amax", "amin", "argmax", "argmin"))
greater, greater_equal, less, less_equal = (named(word) for word in ("gt", "ge", "lt", "le"))
not_equal = named("ne")


def of_kind(name, dtype):
    """Make PyTorch's old name of a kind of tensor: of numbers, or of a shape, then zeros."""

    def function(*data):
        if len(data) == 1 and not isinstance(data[0], int):
            return core("tensor").tensor(data[0], dtype)
        return core("tensor").zeros(*data, dtype=dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Make a Tensor of {dtype}: of numbers, or zeros of a shape."
    return function


FloatTensor, DoubleTensor = of_kind("FloatTensor", "float32"), of_kind("DoubleTensor", "float64")
LongTensor, IntTensor = of_kind("LongTensor", "int64"), of_kind("IntTensor", "int32")
BoolTensor = of_kind("BoolTensor", "bool")
