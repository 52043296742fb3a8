"""Other dtypes: the gradient comes back in the dtype of what was converted."""

from tinytorch.autograd import Function
from tinytorch.bound import beside
from tinytorch.explaining import check_dtype


class Convert(Function):
    """The same numbers in another dtype."""

    @staticmethod
    def forward(ctx, x, dtype):
        return beside(x)["Tensor"](x.data.astype(dtype))

    @staticmethod
    def backward(ctx, grad):
        return grad, None


def converted(x, dtype):
    """Return x itself if it has that dtype already."""
    if x.dtype == dtype:
        return x
    check_dtype(dtype)
    if x.requires_grad and str(dtype).startswith("float"):
        return Convert.apply(x, dtype)
    return beside(x)["Tensor"](x.data.astype(dtype))


def to(x, *targets, dtype=None, device=None, non_blocking=False, copy=False):
    """Return x with another dtype, like another tensor, or on another device; the only device is the CPU."""
    for target in (*targets, dtype, device):
        target = getattr(target, "dtype", target)
        if target is None or isinstance(target, bool):
            continue
        kind = str(target).partition(":")[0]
        if kind in ("cuda", "mps"):
            raise RuntimeError(
                f"there is no GPU here, got to({kind!r}): leave the line out. On a GPU the numbers would lie in its "
                "own memory and thousands of small cores would compute; the results are the same"
            )
        if kind != "cpu":
            x = converted(x, target)
    return x.clone() if copy else x
