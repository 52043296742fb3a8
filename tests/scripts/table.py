"""The page docs/pytorch.md: which parts of PyTorch exist here, which differ, and which are missing.

`python -m tests.scripts.table` writes it.
"""

import importlib
from pathlib import Path

from tinytorch.missing import INSTEAD
from tinytorch.options import OPTIONS, described

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pytorch.md"

INTRODUCTION = """# PyTorch's words

A script written for PyTorch runs once you change its imports: `import tinytorch as torch`. This page lists which parts
of PyTorch are there, what differs, and what is missing. `python -m tests.scripts.table` generates it from the code, and
a test compares the two. The scripts in `tests/scripts/ordinary` are run under both.

If you use a name that is not built yet, the error says which module builds it. If you use a name that is missing, the
error says what to use instead. Whatever no module teaches is made of your own operations: if your `add` is wrong, so is
`x += 1`.
"""

DIFFERS = {
    "`x.data`": "a numpy array. `p.data = tensor` and `p.data -= tensor` work; for `p.data.zero_()` write "
    "`with no_grad(): p.zero_()`",
    "`x.numpy()`": "also works for a tensor that requires a gradient, where PyTorch requires `detach()` first",
    "whole numbers": "Python's integers become int32, not int64",
    "dtypes": "text: `x.dtype == 'float32'`; `tinytorch.float32` and `x.dtype == tinytorch.float32` work",
    "float64": "a float64 that you did not bring in yourself becomes float32; there is no table of promotions",
    "`x += 1` on a recorded result": "refused if the result went into an operation, or is a view: write `x = x + 1`",
    "`p.data = array`": "uses new memory: views of the old array don't change",
    "`backward()` twice": "adds the gradients again, even without `retain_graph=True`",
    "gradients of gradients": "none: `create_graph=True` is an error",
    "`autograd.Function`": "one result; what `ctx` keeps is not guarded by versions",
    "rounding, `sign`": "as in PyTorch the gradient is 0; `floor_divide` has none",
    "products and running sums of int32": "stay int32, where PyTorch counts in int64",
    "`unique`": "always sorted",
    "random numbers": "the same seed gives other numbers than in PyTorch; all come from one generator",
    "`randperm`": "module 07 builds what it calls",
    "`state_dict()`": "contains copies, in the order in which they were set; PyTorch's tensors share memory, "
    "and parameters come first",
    "`load_state_dict` of a wrong state": "is a ValueError, and nothing is loaded; PyTorch loads what fits",
    "`super().__init__()`": "may be forgotten",
    "losses of different shapes": "refused, where PyTorch broadcasts with a warning",
    "`inplace=True` of layers": "accepted, but saves no memory",
    "optimizers": "the state is a list in the order of the parameters",
    "shapes": "plain tuples, and shown as such: `(2, 3)`, not `torch.Size([2, 3])`",
    "`DataLoader(num_workers=4)`": "accepted with a warning: this process loads",
    "batches": "tuples where PyTorch gives lists",
    "`save`": "an .npz file, by path or into an open file: tensors, arrays, dicts, lists, numbers, text; not whole "
    "models. PyTorch can't read it",
    "errors": "ValueError in places where PyTorch raises RuntimeError; each says what to do",
    "`numpy.array(x)`": "refused: `x.data`, or `x.numpy()`, is the array",
    "the mean of whole numbers": "a float32; in PyTorch it is an error",
    "`x.data.zero_()` and other methods of a Tensor called on `x.data`": "numpy's AttributeError, followed by what "
    "to write instead",
    "no GPU": "`cuda.is_available()` is False; `.to('cuda')` says so",
}

PLACES = [
    "Tensor", "tinytorch", "tinytorch.nn", "tinytorch.nn.Module", "tinytorch.nn.functional", "tinytorch.nn.init",
    "tinytorch.nn.utils", "tinytorch.optim", "tinytorch.optim.lr_scheduler", "tinytorch.data", "tinytorch.utils",
    "tinytorch.autograd",
]  # fmt: skip


def there(place: str) -> list[str]:
    """List the public names in a place."""
    if place == "Tensor":
        return _public(importlib.import_module("tinytorch.core.tensor").Tensor)
    if place == "tinytorch.nn.Module":
        return _public(importlib.import_module("tinytorch.core.layers").Module)
    module = importlib.import_module(place)
    if hasattr(module, "WORDS"):
        own = [n for n, value in vars(module).items() if getattr(value, "__module__", "") == place]
        return _named({*module.WORDS, *getattr(module, "ROOMS", ()), *own})
    if place == "tinytorch.utils":
        return ["data"]
    return _named(n for n, value in vars(module).items() if getattr(value, "__module__", "") == place)


def _public(kind: type) -> list[str]:
    return _named(dir(kind))


def _named(words) -> list[str]:
    return sorted(word for word in words if not word.startswith("_") and word != "passing")


def page() -> str:
    """Return the page's text."""
    lines = [INTRODUCTION, "## What differs", "", "| here | how |", "| --- | --- |"]
    lines += [f"| {what} | {how} |" for what, how in DIFFERS.items()]
    lines += ["", "## What is there"]
    for place in PLACES:
        lines += ["", f"### {place}", "", ", ".join(f"`{word}`" for word in there(place))]
    lines += ["", "## What is missing, and what to use instead"]
    for place in PLACES:
        if place in INSTEAD:
            lines += ["", f"### {place}", "", "| missing | use instead |", "| --- | --- |"]
            lines += [f"| `{word}` | {instead} |" for word, instead in INSTEAD[place].items()]
    lines += ["", "## Options that are not built here", "", "| of | option | here |", "| --- | --- | --- |"]
    lines += [f"| {of} | `{name}=` | {how} |" for of, name, how in options()]
    return "\n".join(lines) + "\n"


def options() -> list[tuple[str, str, str]]:
    """List each option once: the word it belongs to, its name, and how it is treated here."""
    found = []
    for place, words in OPTIONS.items():
        for word, table in words.items():
            of = f"all of {place}" if word == "*" else f"{place}.{word}"
            found += [(of, name, described(what)) for name, what in table.items()]
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
