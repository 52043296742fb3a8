"""What optimizers and schedules can do that no module teaches."""

from typing import Any

from tinytorch.options import with_options


class OptimizerBase:
    """The base of Optimizer; it moves nothing itself."""

    param_groups: list[dict[str, Any]]
    state: list[dict[str, Any]]
    parameters: Any

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        with_options(cls, "tinytorch.optim")

    def add_param_group(self, group):
        """Move these parameters, too, with settings of their own."""
        parameter_groups = type(self).parameters.__globals__["parameter_groups"]  # beside Optimizer, in a notebook too
        defaults = {name: value for name, value in self.param_groups[0].items() if name != "params"}
        self.param_groups += parameter_groups([group], defaults)
        self.state += [{} for _ in self.param_groups[-1]["params"]]


class ScheduleBase:
    """The base of LRScheduler; it knows no rate itself."""

    optimizer: Any
    last_epoch: int
    base_lrs: list[float]
    lr_at: Any
    set_lrs: Any

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        with_options(cls, "tinytorch.optim.lr_scheduler")

    def next_lr(self, lr, base_lr):
        """Return the rate after `lr`, which somebody may have changed by hand."""
        return self.lr_at(self.last_epoch, base_lr)

    def get_last_lr(self):
        """Return the rate of each group of parameters."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        """Give what is needed to go on, as plain numbers."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, saved):
        """Take over what state_dict() gave."""
        self.last_epoch, self.base_lrs = saved["last_epoch"], list(saved["base_lrs"])
        self.set_lrs()
