"""A deep-learning framework that students build with numpy, module by module, in PyTorch's words.

>>> import tinytorch
>>> x = tinytorch.tensor([[1.0, 2.0]], requires_grad=True)     # built in 01_tensor
>>> from tinytorch.nn import Linear                            # built in 03_layers

Promises: importing it runs none of the students' code and needs numpy alone; a word that is not built yet says which
module builds it.
"""

import importlib

from tinytorch.faces import make_face, same_words

# Dtypes are strings; the names let PyTorch's spelling work.
float32, float64 = "float32", "float64"
int8, int32, int64, uint8 = "int8", "int32", "int64", "uint8"

SUBMODULES = ("data", "datasets", "nn", "optim", "profiling", "testing", "training", "viz")
RANDOM = ("get_rng_state", "manual_seed", "set_rng_state")

# PyTorch's words; core says some of them otherwise, where a notebook's own name would hide one of Python's.
WORDS = same_words(
    "Tensor", "tensor", "full", "zeros", "ones", "zeros_like", "ones_like", "arange", "eye", "rand", "randn", "randint",
    "add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "maximum", "minimum", "clamp", "where",
    "mean", "var", "amax", "amin", "argmax", "argmin",
    "reshape", "permute", "transpose", "squeeze", "unsqueeze", "broadcast_to", "clone", "cat", "stack", "matmul",
    "relu", "sigmoid", "tanh", "softmax", "log_softmax",
    "no_grad", "is_grad_enabled", "save", "load",
    "fake_quantize_per_tensor_affine", "fake_quantize_per_channel_affine",
) | {"sum": "reduce_sum", "abs": "absolute", "pow": "power", "concatenate": "cat"}  # fmt: skip

_find, __dir__ = make_face(__name__, WORDS)


def __getattr__(name: str) -> object:
    if name in SUBMODULES:
        return importlib.import_module(f"tinytorch.{name}")
    if name in RANDOM:  # numpy is imported when it is first needed
        return getattr(importlib.import_module("tinytorch.random"), name)
    if name == "bool":
        return "bool"
    return _find(name)
