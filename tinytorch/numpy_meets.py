"""What happens when numpy meets a Tensor: array + tensor is the student's add, other functions of numpy are refused."""

import numpy as np

from tinytorch.bound import beside

OPERATIONS = {
    np.add: "add", np.subtract: "sub", np.multiply: "mul", np.true_divide: "div", np.power: "power",
    np.matmul: "matmul",
}  # fmt: skip
COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)


def with_numpy(x, ufunc, method, inputs, out, options):
    """Answer for a Tensor x that numpy found among the inputs of one of its functions."""
    names = beside(x)
    if method == "__call__" and not options and ufunc in OPERATIONS:
        if out is None:
            return names[OPERATIONS[ufunc]](*inputs)
        if isinstance(out[0], np.ndarray):  # p.data -= tensor: no history, like everything that is done to .data
            return ufunc(*(names["unwrap"](each) for each in inputs), out=out)
    if method == "__call__" and ufunc in COMPARISONS and out is None:
        return names["compare"](ufunc, *inputs)
    raise TypeError(
        f"numpy.{ufunc.__name__} works on arrays, got a Tensor: use tinytorch.{ufunc.__name__}, or pass x.data"
    )
