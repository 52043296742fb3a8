"""What optimizers and schedules can do that no module teaches."""

import functools
from typing import Any

import numpy as np

from tinytorch.autograd import enable_grad
from tinytorch.bound import AnyTensor, is_tensor
from tinytorch.options import with_options


def listed(params: Any) -> Any:
    """Put the one tensor of a group into a list; refuse one tensor in place of all."""
    if is_tensor(params):
        raise TypeError(f"an optimizer takes a list of parameters, got one Tensor of shape {params.shape}: pass [w]")
    if not hasattr(params, "__iter__"):
        raise TypeError(
            f"an optimizer takes a list of parameters, got {type(params).__name__}: pass model.parameters()"
        )
    params = list(params)
    return [{**group, "params": alone(group["params"])} if isinstance(group, dict) else group for group in params]


def alone(params: Any) -> list[AnyTensor]:
    """List the parameters of a group, which may be a single one."""
    return [params] if is_tensor(params) else list(params)


def taking_lists(make: Any) -> Any:
    """Let Optimizer.__init__ take what PyTorch's takes."""

    @functools.wraps(make)
    def __init__(self, params, **defaults):
        make(self, listed(params), **defaults)

    return __init__


def taking_a_closure(step: Any) -> Any:
    """Let step() first call a function that computes the loss, if one is given, and return that loss."""

    @functools.wraps(step)
    def with_closure(self, closure=None):
        if closure is None:
            return step(self)
        with enable_grad():
            loss = closure()
        step(self)
        return loss

    return with_closure


def copied(state: dict[str, Any]) -> dict[str, Any]:
    """Copy the arrays of one parameter's memory."""
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}


class OptimizerBase:
    """The base of Optimizer; it moves nothing itself."""

    param_groups: list[dict[str, Any]]
    state: list[dict[str, Any]]
    parameters: Any
    step: Any

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        with_options(cls, "tinytorch.optim")
        if cls.__module__.startswith("tinytorch.") and OptimizerBase in cls.__bases__:
            cls.__init__, cls.step = taking_lists(cls.__init__), taking_a_closure(cls.step)

    def state_dict(self):
        """Give settings and memory as plain numbers and arrays, to be saved; parameters are named by their number."""
        numbers = iter(range(len(self.state)))
        groups = [{**group, "params": [next(numbers) for _ in group["params"]]} for group in self.param_groups]
        return {"state": [copied(state) for state in self.state], "param_groups": groups}

    def load_state_dict(self, saved):
        """Load what state_dict() gave, if it has as many parameters."""
        if not isinstance(saved, dict) or not {"state", "param_groups"} <= saved.keys():
            raise TypeError(f"load_state_dict takes what an optimizer's state_dict() gave, got {saved!r:.60}")
        counts, saved_counts = (
            [len(group["params"]) for group in groups] for groups in (self.param_groups, saved["param_groups"])
        )
        if counts != saved_counts:
            raise ValueError(f"this optimizer has parameters {counts} (per group), the saved state {saved_counts}")
        self.state = [copied(state) for state in saved["state"]]
        for group, its_saved in zip(self.param_groups, saved["param_groups"], strict=True):
            group.update({name: value for name, value in its_saved.items() if name != "params"})

    def add_param_group(self, group):
        """Move these parameters, too, with settings of their own."""
        parameter_groups = type(self).parameters.__globals__["parameter_groups"]  # next to Optimizer, in a notebook too
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
        """Load what state_dict() gave."""
        self.last_epoch, self.base_lrs = saved["last_epoch"], list(saved["base_lrs"])
        self.set_lrs()
