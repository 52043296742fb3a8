"""PyTorch's `torch.utils`: its data sets and loaders are in `tinytorch.data`, too."""

import importlib

from tinytorch.missing import explain


def __getattr__(name):
    if name == "data":
        return importlib.import_module("tinytorch.utils.data")
    raise AttributeError(explain(__name__, name, ["data"]))
