"""PyTorch's name for `tinytorch.data`."""

import tinytorch.data


def __getattr__(word):
    return getattr(tinytorch.data, word)


def __dir__():
    return dir(tinytorch.data)
