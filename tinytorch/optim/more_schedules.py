"""Schedules that no module teaches: PyTorch's `torch.optim.lr_scheduler` at this level."""

import math

from tinytorch.core.optimizers import LRScheduler
from tinytorch.settings import checking


class ExponentialLR(LRScheduler):
    """The rate, multiplied by gamma after every step."""

    def __init__(self, optimizer, gamma):
        self.gamma = gamma
        super().__init__(optimizer)

    def lr_at(self, step, base_lr):
        return base_lr * self.gamma**step

    def next_lr(self, lr, base_lr):
        return lr * self.gamma


class MultiStepLR(LRScheduler):
    """The rate, multiplied by gamma at each milestone."""

    def __init__(self, optimizer, milestones, gamma=0.1):
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def lr_at(self, step, base_lr):
        return base_lr * self.gamma ** sum(step >= milestone for milestone in self.milestones)

    def next_lr(self, lr, base_lr):
        return lr * self.gamma ** self.milestones.count(self.last_epoch)


class ConstantLR(LRScheduler):
    """The base rate times `factor`, for the first total_iters steps."""

    def __init__(self, optimizer, factor=1 / 3, total_iters=5):
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer)

    def lr_at(self, step, base_lr):
        return base_lr * (self.factor if step < self.total_iters else 1.0)


class LinearLR(LRScheduler):
    """The base rate times a factor that goes in a straight line from start to end."""

    def __init__(self, optimizer, start_factor=1 / 3, end_factor=1.0, total_iters=5):
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def lr_at(self, step, base_lr):
        done = min(step, self.total_iters) / self.total_iters
        return base_lr * (self.start_factor + (self.end_factor - self.start_factor) * done)


class ReduceLROnPlateau:
    """The rate, multiplied by `factor` once a measured number hasn't got better for more than `patience` steps."""

    @checking
    def __init__(
        self, optimizer, mode="min", factor=0.1, patience=10, threshold=1e-4, threshold_mode="rel", cooldown=0,
        min_lr=0.0, eps=1e-8,
    ):  # fmt: skip
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"mode must be 'min' or 'max', threshold_mode 'rel' or 'abs', got {mode!r}, {threshold_mode!r}"
            )
        if factor >= 1:
            raise ValueError(f"the factor must be below 1 to reduce the rate, got {factor}")
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown = threshold, threshold_mode, cooldown
        self.min_lr, self.eps = min_lr, eps
        self.best, self.num_bad_epochs, self.cooldown_counter = math.inf if mode == "min" else -math.inf, 0, 0
        self.last_epoch = 0

    def step(self, metrics):
        """Take the measured number; lower the rate if it is time."""
        self.last_epoch += 1
        value = float(metrics)
        self.best, self.num_bad_epochs = (value, 0) if self._better(value) else (self.best, self.num_bad_epochs + 1)
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _better(self, value):
        sign = -1 if self.mode == "min" else 1
        margin = self.threshold * (abs(self.best) if self.threshold_mode == "rel" else 1)
        return math.isinf(self.best) or sign * value > sign * self.best + margin

    def _reduce(self):
        for group in self.optimizer.param_groups:
            lower = max(group["lr"] * self.factor, self.min_lr)
            if group["lr"] - lower > self.eps:
                group["lr"] = lower

    def get_last_lr(self):
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        """Give what it remembers as plain numbers."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, saved):
        """Load what state_dict() gave."""
        vars(self).update(saved)
