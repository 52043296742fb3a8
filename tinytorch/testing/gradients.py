"""Check a differentiable operation against numpy: its values first, then its gradients by central differences."""

import sys
from collections.abc import Callable, Sequence

import numpy as np

from tinytorch.testing.compare import Difference, close
from tinytorch.testing.show import show, type_name

STEP = 1e-6  # central differences in float64: truncation ~STEP^2, rounding ~1e-16/STEP, both near 1e-10


def check_gradient(
    student_op: Callable,
    numpy_op: Callable,
    shapes: Sequence[tuple[int, ...]],
    *,
    tensor: Callable | None = None,
    rng: np.random.Generator | None = None,
    low: float = -2.0,
    high: float = 2.0,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    inputs: Sequence[np.ndarray] | None = None,
    **options: object,
) -> None:
    """Require of `student_op(*tensors, **options)` the values and the gradients of `numpy_op(*arrays, **options)`.

    Inputs of the given `shapes` are drawn uniformly from [low, high) in float64 (or given as `inputs`, then `shapes` is
    ignored); stay away from kinks, where central differences mean nothing. The output is weighted with random numbers
    and summed; `tensor` makes a tensor (default: the name `Tensor` of the cell).
    """
    make = tensor if tensor is not None else _tensor_of_cell(sys._getframe(1))
    rng = rng or np.random.default_rng(0)
    arrays = list(inputs) if inputs is not None else [rng.uniform(low, high, shape) for shape in shapes]
    arrays = [np.asarray(array, dtype=np.float64) for array in arrays]
    tensors = [make(array, dtype="float64", requires_grad=True) for array in arrays]
    out = student_op(*tensors, **options)
    expected = np.asarray(numpy_op(*arrays, **options), dtype=np.float64)
    _values(out, expected, rtol, atol)
    weights = rng.uniform(0.5, 1.5, expected.shape)
    out.backward(make(weights, dtype="float64"))
    for index, variable in enumerate(tensors):
        _one_gradient(index, variable, arrays, numpy_op, options, weights, rtol, atol)


def central_differences(function: Callable[[np.ndarray], float], x: np.ndarray, step: float = STEP) -> np.ndarray:
    """Return the gradient of a scalar `function` at `x`, element by element: (f(x + h) - f(x - h)) / 2h."""
    gradient = np.zeros_like(x, dtype=np.float64)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / (2 * step)
    return gradient


def _tensor_of_cell(frame) -> Callable:
    if "Tensor" not in frame.f_globals:
        raise NameError("check_gradient needs a Tensor: import it in the notebook, or pass tensor=...")
    return frame.f_globals["Tensor"]


def _values(out, expected: np.ndarray, rtol: float, atol: float) -> None:
    try:
        close(out.data, expected, rtol, atol)
    except Difference as difference:
        raise _retold(difference, "the value, before any gradient") from None


def _one_gradient(index, variable, arrays, numpy_op, options, weights, rtol, atol) -> None:
    def weighted_sum(x: np.ndarray) -> float:
        changed = [x if i == index else array for i, array in enumerate(arrays)]
        return float(np.sum(weights * numpy_op(*changed, **options)))

    expected = central_differences(weighted_sum, arrays[index])
    gradient = _plain_gradient(index, variable.grad)
    try:
        # Central differences are good to about 1e-9 of the function's size; the tolerance must not be finer.
        close(gradient, expected, rtol, atol + 1e-8 * float(np.sum(np.abs(weights))))
    except Difference as difference:
        raise _retold(difference, f"the gradient of input {index}") from None


def _plain_gradient(index: int, gradient):
    if gradient is None:
        raise Difference(f"no gradient reached input {index}", kind="no gradient", got="None", expected="a gradient")
    if isinstance(gradient, np.ndarray):
        return gradient
    data = getattr(gradient, "data", None)
    if not isinstance(data, np.ndarray):
        raise Difference(f"the gradient of input {index} is an object of class {type_name(gradient)}", got=show(data))
    return data


def _retold(difference: Difference, what: str) -> Difference:
    return Difference(
        f"{what}: {difference.why}",
        kind=difference.kind,
        called=what,
        got=difference.got,
        expected=difference.expected,
    )
