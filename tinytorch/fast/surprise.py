"""Cross-entropy in one pass: the loss of each row, and the slope that its gradient needs."""

import numpy as np

from tinytorch.core.autograd import rule
from tinytorch.core.losses import checked_targets
from tinytorch.core.tensor import primitive, register_implementation
from tinytorch.fast.blocks import rows_at_once
from tinytorch.fast.switching import NAME, default
from tinytorch.fast.way_back import gives_new

REDUCTIONS = ("none", "mean", "sum")
FEW = 32  # so many classes are faster as columns: one step for all rows, instead of a short one for each


@primitive
def surprises(logits, classes, reduction):
    """Return the surprise of each row, or their mean or sum; and softmax minus one-hot."""
    losses, slope = np.empty(len(logits), logits.dtype), np.empty(logits.shape, logits.dtype)
    count = rows_at_once(logits.shape[1])
    for start in range(0, len(logits), count):
        some = slice(start, start + count)
        _of_rows(logits[some], classes[some], losses[some], slope[some])
    if reduction == "none":
        return losses, slope
    total = np.add.reduce(losses)
    return total / losses.dtype.type(len(losses)) if reduction == "mean" else total, slope


def _of_rows(logits, classes, losses, slope):
    """Write losses and slopes of a few rows."""
    columns = logits.shape[1] <= FEW
    powers = np.array(logits.T if columns else logits, order="C")
    along, rows = (0 if columns else 1), np.arange(len(classes))
    right = (classes, rows) if columns else (rows, classes)
    powers -= np.maximum.reduce(powers, axis=along, keepdims=True)
    picked = powers[right]
    np.exp(powers, out=powers)
    total = np.add.reduce(powers, axis=along, keepdims=True)
    powers /= total
    powers[right] -= 1
    slope[...] = powers.T if columns else powers
    np.subtract(np.log(total.reshape(-1)), picked, out=losses)


@rule("surprises")
@gives_new
def surprise_gradients(grad, out, logits, classes, reduction):
    """The gradient for the logits: each row's slope, times that row's gradient, or its share of one."""
    if reduction == "none":
        return grad[:, None] * out[1], None
    return out[1] * (grad / len(logits) if reduction == "mean" else grad), None


def cross_entropy(input, target, reduction="mean"):
    """Return the mean surprise of a classifier, or their sum, or each."""
    right = checked_targets(input, target)
    if reduction not in REDUCTIONS or not input.data.size or input.data.dtype.kind != "f":
        return default("cross_entropy")(input, target, reduction)
    return surprises(input, right, reduction=reduction)


register_implementation("cross_entropy", NAME, cross_entropy)
