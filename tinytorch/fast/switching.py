"""Find what can be computed fast, and switch operations to it and back.

Operations of module 01 are switched by name like any other. Functions that are made of operations (`linear`,
`layer_norm`, `attention`, ...) have no name in the student's notebook; here each gets one, as `composed` gives, in
every module of core that has it. Promises: nothing of that changes what is computed before somebody switches.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType

from tinytorch.bound import core

NAME = "fast"
PLACES = ("tinytorch.", "__main__.")

# module of core -> modules here that compute its operations fast
PIECES = {
    "activations": ("curves",),
    "autograd": ("way_back",),
    "layers": ("products",),
    "losses": ("surprise",),
    "optimizers": ("steps",),
    "spatial": ("images", "pooling"),
    "embeddings": ("tables",),
    "attention": ("attending",),
    "transformers": ("norms",),
    "kvcaching": ("writing",),
}


def found() -> list[str]:
    """Register what there is; return the operations that have a fast implementation."""
    table = core("tensor").IMPLEMENTATIONS
    for slug, pieces in PIECES.items():
        for piece in pieces if _is_built(slug) else ():
            for function, fast in getattr(importlib.import_module(f"tinytorch.fast.{piece}"), "WHOLE", {}).items():
                adopt(slug, function, fast)
    return [operation for operation, names in table.items() if NAME in names]


def _is_built(slug: str) -> bool:
    """Tell whether a module of core is there, and what gradients need."""
    try:
        core("autograd")
        core(slug)
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("tinytorch.core."):
            raise
        return False
    return True


def adopt(slug: str, function: str, fast: Callable) -> None:
    """Let a function of core be replaced by name, wherever the framework or the session has it, under any name."""
    ops, original = core("tensor"), getattr(core(slug), function)
    if not hasattr(original, "__wrapped__"):  # what `composed` made has it; a module that was loaded again has not
        switched = ops.composed(original)
        for holder in (*modules_in_use(), ops.RECORDER):
            for word in [word for word, value in vars(holder).items() if value is original]:
                setattr(holder, word, switched)
    ops.register_implementation(function, NAME, fast)


def modules_in_use() -> list[ModuleType]:
    """List the framework's modules, and the script or notebook, which may have imported a function before."""
    return [m for name, m in list(sys.modules.items()) if m is not None and (name + ".").startswith(PLACES)]


def default(operation: str) -> Callable:
    """Return the implementation that the student built."""
    return core("tensor").IMPLEMENTATIONS[operation]["default"]


def switch(names: Mapping[str, str]) -> dict[str, str]:
    """Switch operations to these implementations; return operation -> the name before."""
    use = core("tensor").use_implementation
    return {operation: use(operation, name) for operation, name in names.items()}
