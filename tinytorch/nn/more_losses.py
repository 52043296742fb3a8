"""Losses that no module teaches, and PyTorch's options of those that one does.

Promises: `mse_loss`, `cross_entropy` and `binary_cross_entropy_with_logits` are the student's; options are added around
them. Values and gradients are PyTorch's; shapes that differ are refused, where PyTorch would broadcast them.
"""

import numpy as np

from tinytorch.bound import beside
from tinytorch.core import losses
from tinytorch.core.losses import Loss, check_same_shape, reduced
from tinytorch.words.along import last

SMALLEST_LOG = -100.0  # PyTorch's bound: a probability of 0 costs 100, not infinity


def l1_loss(input, target, reduction="mean"):
    """Average the distance |input - target|."""
    check_same_shape("l1_loss", input, target)
    return reduced((input - target).abs(), reduction)


def huber_loss(input, target, reduction="mean", delta=1.0):
    """Average a distance that is squared where it is small (up to delta), and straight where it is large."""
    check_same_shape("huber_loss", input, target)
    distance = (input - target).abs()
    near, far = distance * distance * 0.5, (distance - 0.5 * delta) * delta
    return reduced(beside(distance)["where"](distance.data < delta, near, far), reduction)


def smooth_l1_loss(input, target, reduction="mean", beta=1.0):
    """Average the Huber loss, divided by beta."""
    return l1_loss(input, target, reduction) if beta == 0 else huber_loss(input, target, reduction, beta) / beta


def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """Average minus the log-probability of the right class; `input` are log-probabilities (N, C)."""
    input, target = _as_rows(input, target)
    kept, counted = _kept(input, target, ignore_index)
    picked = -input[np.arange(len(kept)), kept]
    return _weighted(picked, _weights(weight, kept, counted, input), reduction)


def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Average the surprise of a classifier: the student's, with PyTorch's options around it."""
    shape = input.shape
    if target.data.dtype.kind == "f":
        return _against_probabilities(input, target, weight, reduction, label_smoothing)
    rows, classes = _as_rows(input, target)
    simple = weight is None and not label_smoothing and not (classes.data == ignore_index).any()
    if simple:
        out = losses.cross_entropy(rows, classes, reduction)
    else:
        out = _with_options(rows, classes, weight, ignore_index, reduction, label_smoothing)
    return out.reshape(*target.shape) if reduction == "none" and len(shape) != 2 else out


def _with_options(input, target, weight, ignore_index, reduction, label_smoothing):
    log_probs = losses.log_softmax(input, dim=1)
    kept, counted = _kept(input, target, ignore_index)
    weights = _weights(weight, kept, counted, input)
    picked = losses.cross_entropy(input, beside(input)["Tensor"](kept), "none")
    right = _weighted(picked, weights, reduction)
    if not label_smoothing:
        return right
    each = -log_probs if weight is None else -log_probs * weight
    spread = (each.sum(dim=1) / input.shape[1]) * counted.astype(input.dtype)
    others = reduced(spread, "none" if reduction == "none" else "sum")
    if reduction == "mean":
        others = others / _or_nan(weights.sum())
    return right * (1 - label_smoothing) + others * label_smoothing


def _against_probabilities(input, target, weight, reduction, label_smoothing):
    check_same_shape("cross_entropy", input, target)
    dim = 1 if input.ndim > 1 else 0
    classes = input.shape[dim]
    wanted = target * (1 - label_smoothing) + label_smoothing / classes
    each = -losses.log_softmax(input, dim=dim) * wanted
    each = each if weight is None else each * weight.reshape(*[-1 if d == dim else 1 for d in range(input.ndim)])
    out = each.sum(dim=dim)
    return out.sum() / (input.numel() // classes) if reduction == "mean" else reduced(out, reduction)


def _as_rows(input, target):
    """Make (N, C) of scores of other shapes: (C,) is one row, (N, C, ...) has its classes moved to the end."""
    if input.ndim == 1:
        return input.reshape(1, -1), target.reshape(1)
    if input.ndim > 2:
        return last(input, 1).reshape(-1, input.shape[1]), target.reshape(-1)
    return input, target


def _kept(input, target, ignore_index):
    """Give the classes, 0 where one is ignored, and where one counts."""
    counted = target.data != ignore_index
    kept = losses.checked_targets(input, beside(input)["Tensor"](np.where(counted, target.data, 0)))
    return kept, counted


def _weights(weight, classes, counted, input):
    """Give each row its class's weight, 0 if it is ignored."""
    own = np.ones(len(classes), dtype=input.dtype) if weight is None else weight.data[classes]
    return own * counted.astype(input.dtype)


def _weighted(each, weights, reduction):
    """Reduce by weights: a mean is divided by the sum of the weights."""
    each = beside(each)["where"](weights == 0, np.zeros_like(weights), each * weights)
    return each.sum() / _or_nan(weights.sum()) if reduction == "mean" else reduced(each, reduction)


def _or_nan(total):
    """Give a total to divide by; a mean of nothing is nan, without a warning of numpy's."""
    return float(total) or np.nan


def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    """Average the surprise at yes-or-no answers; `input` are probabilities. On logits use the one with_logits."""
    check_same_shape("binary_cross_entropy", input, target)
    if input.numel() and not ((input.data >= 0) & (input.data <= 1)).all():
        raise ValueError("binary_cross_entropy takes probabilities from 0 to 1: for logits use the one with_logits")
    each = -(target * _bounded_log(input) + (1 - target) * _bounded_log(1 - input))
    return reduced(each if weight is None else each * weight, reduction)


def _bounded_log(p):
    zero = p.data == 0
    return beside(p)["where"](zero, np.asarray(SMALLEST_LOG, dtype=p.dtype), beside(p)["where"](zero, 1.0, p).log())


def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    """Average the surprise at yes-or-no answers: the student's, with PyTorch's weights around it."""
    if weight is None and pos_weight is None:
        return losses.binary_cross_entropy_with_logits(input, target, reduction)
    each = losses.binary_cross_entropy_with_logits(input, target, "none")
    if pos_weight is not None:  # the share of a yes counts so much more
        each = each + (pos_weight - 1) * target * losses.softplus(-input)
    return reduced(each if weight is None else each * weight, reduction)


def kl_div(input, target, reduction="mean", log_target=False):
    """Measure how far the distribution `target` is from exp(input)."""
    check_same_shape("kl_div", input, target)
    known = target.exp() if log_target else target
    logs = target if log_target else beside(target)["where"](target.data == 0, 1.0, target).log()
    each = known * (logs - input)
    return each.sum() / len(input) if reduction == "batchmean" else reduced(each, reduction)


class Remembering(Loss):
    """A loss as an object: it remembers the options of its function."""

    def __init__(self, reduction="mean", **options):
        super().__init__(reduction)
        for name, value in options.items():
            if hasattr(value, "requires_grad"):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)
        self._options = list(options)

    def forward(self, input, target):
        options = {name: getattr(self, name) for name in self._options}
        return type(self).function(input, target, reduction=self.reduction, **options)


class L1Loss(Remembering):
    """l1_loss as an object."""

    function = staticmethod(l1_loss)


class SmoothL1Loss(Remembering):
    """smooth_l1_loss as an object."""

    function = staticmethod(smooth_l1_loss)

    def __init__(self, reduction="mean", beta=1.0):
        super().__init__(reduction, beta=beta)


class HuberLoss(Remembering):
    """huber_loss as an object."""

    function = staticmethod(huber_loss)

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction, delta=delta)


class NLLLoss(Remembering):
    """nll_loss as an object."""

    function = staticmethod(nll_loss)

    def __init__(self, weight=None, ignore_index=-100, reduction="mean"):
        super().__init__(reduction, weight=weight, ignore_index=ignore_index)


class CrossEntropyLoss(Remembering):
    """cross_entropy as an object."""

    function = staticmethod(cross_entropy)

    def __init__(self, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction, weight=weight, ignore_index=ignore_index, label_smoothing=label_smoothing)


class BCELoss(Remembering):
    """binary_cross_entropy as an object."""

    function = staticmethod(binary_cross_entropy)

    def __init__(self, weight=None, reduction="mean"):
        super().__init__(reduction, weight=weight)


class BCEWithLogitsLoss(Remembering):
    """binary_cross_entropy_with_logits as an object."""

    function = staticmethod(binary_cross_entropy_with_logits)

    def __init__(self, weight=None, reduction="mean", pos_weight=None):
        super().__init__(reduction, weight=weight, pos_weight=pos_weight)


class KLDivLoss(Remembering):
    """kl_div as an object."""

    function = staticmethod(kl_div)

    def __init__(self, reduction="mean", log_target=False):
        super().__init__(reduction, log_target=log_target)
