"""Let a weight's gradient lie in memory like the weight, so that an optimizer reads both straight through."""

import functools
from collections.abc import Callable


def laid_out_alike(rule: Callable) -> Callable:
    """Wrap the rule of a @ b: where b is a transposed matrix, its gradient is taken from the transposed product.

    That is b.T @ a.T, whose first gradient, transposed, is b's: the same sums, in the order in which b lies in memory.
    PyTorch makes the same choice (mm_mat2_backward in torch/csrc/autograd/FunctionsManual.cpp).
    """

    @functools.wraps(rule)
    def alike(grad, out, a, b, wanted=(True, True)):
        if not (wanted[1] and a.ndim == b.ndim == 2 and b.flags.f_contiguous and not b.flags.c_contiguous):
            return rule(grad, out, a, b, wanted)
        for_a = rule(grad, out, a, b, (True, False))[0] if wanted[0] else None
        for_b = rule(grad.T, out.T, b.T, a.T, (True, False))[0]
        return for_a, None if for_b is None else for_b.T

    return alike
