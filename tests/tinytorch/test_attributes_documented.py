"""A class's docstring lists every attribute that students may read, and only attributes that exist."""

import re

import pytest

from tinytorch import Tensor, nn, optim
from tinytorch.core import layers, optimizers
from tinytorch.core.optimizers import LRScheduler, Optimizer
from tinytorch.core.training import Trainer


class ConstantLR(LRScheduler):
    def lr_at(self, step, base_lr):
        return base_lr


def weight():
    return Tensor([1.0], requires_grad=True)


def stepped(optimizer):
    for p in optimizer.parameters():
        p.grad = Tensor([1.0])
    optimizer.step()
    return optimizer


OBJECTS = [
    (Optimizer, Optimizer([weight()], lr=0.1)),
    (optim.SGD, optim.SGD([weight()])),
    (optimizers.SGD, optimizers.SGD([weight()])),
    (optim.Adam, optim.Adam([weight()])),
    (LRScheduler, ConstantLR(optim.SGD([weight()]))),
    (nn.Linear, nn.Linear(2, 3)),
    (nn.Dropout, nn.Dropout(0.1)),
    (layers.Dropout, layers.Dropout(0.1)),
    (Trainer, Trainer(nn.Linear(2, 3), nn.MSELoss(), optim.SGD([weight()]))),
]


def documented(kind):
    """Return the names before a colon in the lists of a docstring."""
    lists = kind.__doc__.partition("Attributes")[2] + kind.__doc__.partition("Args:")[2]
    return set(re.findall(r"(\w+)(?=[\w, ]*: )", lists))


@pytest.mark.parametrize(("kind", "made"), OBJECTS, ids=lambda x: getattr(x, "__name__", ""))
def test_the_docstring_names_every_attribute(kind, made):
    assert "Attributes" in kind.__doc__
    attributes = {name for name in vars(made) if not name.startswith("_")}
    assert attributes <= documented(kind)


@pytest.mark.parametrize(("kind", "made"), OBJECTS, ids=lambda x: getattr(x, "__name__", ""))
def test_each_line_of_attributes_names_one_that_is_there(kind, made):
    lines = [line for line in kind.__doc__.partition("Attributes")[2].splitlines()[1:] if line.startswith(" " * 8)]
    names = [name for line in lines for name in line.partition(":")[0].split(",")]
    assert names
    for name in names:
        assert hasattr(made, name.strip())


@pytest.mark.parametrize(
    "made", [kind([weight()], momentum=0.9) for kind in (optim.SGD, optimizers.SGD)] + [optim.Adam([weight()])]
)
def test_an_optimizer_tells_its_settings_and_its_memory(made):
    settings = made.param_groups[0].keys() - {"params"}
    for name in settings | stepped(made).state[0].keys():
        assert f'"{name}"' in type(made).__doc__
