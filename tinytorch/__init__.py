"""A deep-learning framework that students build with numpy, module by module, in PyTorch's words.

>>> import tinytorch
>>> x = tinytorch.tensor([[1.0, 2.0]], requires_grad=True)     # built in 01_tensor
>>> from tinytorch.nn import Linear                            # built in 03_layers

Promises: importing it runs none of the students' code and needs only numpy; a word that is not built yet says which
module builds it.
"""

import importlib
import importlib.metadata
import math

from tinytorch.faces import in_room, make_face, same_words

# Dtypes are strings; the names let PyTorch's spelling work.
float32, float64 = "float32", "float64"
int8, int16, int32, int64, uint8 = "int8", "int16", "int32", "int64", "uint8"
# Those that have the names of Python's own types are looked up, so that this file can still use these.
DTYPES = {"float": "float32", "double": "float64", "short": "int16", "int": "int32", "long": "int64", "bool": "bool"}

inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
newaxis = None
dtype = str  # for hints of types, as in `def f(kind: torch.dtype)`

SUBMODULES = (
    "autograd", "data", "datasets", "nn", "optim", "profiling", "testing", "training", "utils", "viz",
)  # fmt: skip
RANDOM = ("get_rng_state", "manual_seed", "set_rng_state", "Generator")

# PyTorch's words; core says some of them otherwise, where a notebook's own name would hide one of Python's.
WORDS = same_words(
    "Tensor",
    "add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "maximum", "minimum", "clamp",
    "reshape", "permute", "transpose", "unsqueeze", "broadcast_to", "clone", "matmul", "gather",
    "relu", "sigmoid", "tanh", "softmax", "log_softmax",
    "no_grad", "is_grad_enabled",
    "fake_quantize_per_tensor_affine", "fake_quantize_per_channel_affine",
) | {
    "sum": "reduce_sum", "abs": "absolute", "pow": "power", "clip": "clamp",
    "inference_mode": "no_grad", "swapaxes": "transpose",
}  # fmt: skip

ROOMS = {
    **in_room(
        "tinytorch.words.making",
        "tensor", "full", "zeros", "ones", "zeros_like", "ones_like", "arange", "eye",
        "as_tensor", "from_numpy", "linspace", "logspace", "empty", "full_like", "empty_like", "rand", "randn",
        "rand_like", "randn_like", "randint", "randint_like", "randperm", "normal", "bernoulli", "multinomial",
        "meshgrid", "vstack", "hstack",
    ),
    **in_room(
        "tinytorch.words.elementwise",
        "sin", "cos", "tan", "log1p", "expm1", "log2", "log10", "floor", "ceil", "round", "trunc", "sign", "square",
        "reciprocal", "rsqrt", "remainder", "floor_divide", "logical_and", "logical_or", "logical_xor", "logical_not",
        "isnan", "isinf", "isfinite", "eq", "ne", "lt", "le", "gt", "ge",
    ),
    **in_room(
        "tinytorch.words.along",
        "prod", "cumsum", "cumprod", "norm", "any", "all", "count_nonzero", "logsumexp", "median", "mean", "var",
        "std",
    ),
    **in_room("tinytorch.words.ordering", "max", "min", "argsort", "sort", "topk", "unique", "bincount", "nonzero"),
    **in_room(
        "tinytorch.words.shaping",
        "cat", "stack", "concat", "concatenate",
        "flatten", "unflatten", "squeeze", "split", "chunk", "unbind", "narrow", "index_select", "masked_select",
        "tile", "repeat_interleave", "flip", "roll", "movedim", "tril", "triu", "diag", "scatter", "where",
    ),
    **in_room(
        "tinytorch.words.comparing", "equal", "isclose", "allclose", "mm", "bmm", "mv", "dot", "outer", "addmm"
    ),
    **in_room(
        "tinytorch.words.devices",
        "device", "cuda", "mps", "backends", "set_printoptions", "set_num_threads", "compile",
    ),
    **in_room(
        "tinytorch.words.asking",
        "Size", "finfo", "iinfo", "is_tensor", "numel", "is_floating_point", "set_default_dtype",
    ),
    **in_room(
        "tinytorch.words.methods", "amax", "amin", "argmax", "argmin",
        "absolute", "multiply", "subtract", "divide", "true_divide", "negative", "ravel", "select", "t", "swapdims",
        "moveaxis", "detach", "lerp", "clamp_min", "clamp_max", "masked_fill", "relu_", "greater", "greater_equal",
        "less", "less_equal", "not_equal", "FloatTensor", "DoubleTensor", "LongTensor", "IntTensor", "BoolTensor",
    ),
    **in_room("tinytorch.saving", "save", "load"),
    **in_room("tinytorch.autograd", "set_grad_enabled", "enable_grad"),
}  # fmt: skip

_find, __dir__ = make_face(__name__, WORDS, ROOMS)


def __getattr__(name: str) -> object:
    if name in DTYPES:
        return DTYPES[name]
    if name == "__version__":
        return importlib.metadata.version("tinytorch")
    if name in SUBMODULES:
        return importlib.import_module(f"tinytorch.{name}")
    if name in RANDOM:  # numpy is imported when it is first needed
        return getattr(importlib.import_module("tinytorch.random"), name)
    return _find(name)
