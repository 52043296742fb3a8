"""Optimizers that no module teaches, and PyTorch's options of those that one does.

Promises: the student's steps do the arithmetic of SGD and Adam.
"""

import numpy as np

from tinytorch.core import optimizers
from tinytorch.core.optimizers import Optimizer


class SGD(optimizers.SGD):
    """Gradient descent with momentum; `nesterov` looks where the momentum will lead (Nesterov 1983).

    Attributes:
        param_groups: as in Optimizer; the settings are "lr", "momentum", "weight_decay" and "nesterov".
        state: "velocity", an array of the parameter's shape, once a step with momentum was taken.
    """

    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        if nesterov and (momentum <= 0 or dampening):
            raise ValueError(f"nesterov needs momentum above 0 and no dampening, got {momentum} and {dampening}")
        if dampening:
            raise NotImplementedError("dampening is not built here: leave it out, and lower the learning rate instead")
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)
        for group in self.param_groups:
            group.setdefault("nesterov", nesterov)

    def update(self, p, g, state, group):
        if not group.get("nesterov"):
            return super().update(p, g, state, group)
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        before = state.get("velocity", np.zeros_like(p))
        _, state["velocity"] = optimizers.momentum_step(p, g, before, group["lr"], group["momentum"])
        return optimizers.sgd_step(p, g + group["momentum"] * state["velocity"], group["lr"])


class RMSprop(Optimizer):
    """Divide each gradient by the root of a running average of its squares (Hinton 2012)."""

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False):
        settings = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, momentum=momentum, centered=centered, **settings)

    def update(self, p, g, state, group):
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        state["square"] = _towards(state.get("square", np.zeros_like(p)), g * g, group["alpha"])
        size = state["square"]
        if group["centered"]:
            state["mean"] = _towards(state.get("mean", np.zeros_like(p)), g, group["alpha"])
            size = size - state["mean"] ** 2
        step = g / (np.sqrt(size) + group["eps"])
        if group["momentum"]:
            step = state["step"] = group["momentum"] * state.get("step", 0) + step
        return p - group["lr"] * step


def _towards(average, new, kept):
    return kept * average + (1 - kept) * new


class Adagrad(Optimizer):
    """Divide each gradient by the root of the sum of all its squares so far (Duchi, Hazan and Singer 2011)."""

    def __init__(self, params, lr=1e-2, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10):
        start = initial_accumulator_value
        super().__init__(params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, start=start, eps=eps)

    def update(self, p, g, state, group):
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        lr = group["lr"] / (1 + state.get("t", 0) * group["lr_decay"])
        state["t"] = state.get("t", 0) + 1
        state["sum"] = state.get("sum", np.full_like(p, group["start"])) + g * g
        return p - lr * g / (np.sqrt(state["sum"]) + group["eps"])
