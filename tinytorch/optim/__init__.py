"""Optimizers: PyTorch's `torch.optim`; schedules are in `tinytorch.optim.lr_scheduler`."""

import importlib

from tinytorch.faces import in_room, make_face, same_words

WORDS = same_words("Optimizer", "Adam", "AdamW")

ROOMS = in_room("tinytorch.optim.more_optimizers", "SGD", "RMSprop", "Adagrad")

_find, __dir__ = make_face(__name__, WORDS, ROOMS)


def __getattr__(name: str) -> object:
    if name == "lr_scheduler":
        return importlib.import_module("tinytorch.optim.lr_scheduler")
    return _find(name)
