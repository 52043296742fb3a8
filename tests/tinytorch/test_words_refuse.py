"""A call that has no meaning is an error in our words, not a wrong number and not numpy's error."""

import pytest

import tinytorch
from tinytorch import nn
from tinytorch.nn import functional


def square():
    return tinytorch.tensor([[1.0, 2.0], [3.0, 4.0]])


NO_DIM = {
    "amax": lambda x: x.amax(dim=4), "amin": lambda x: tinytorch.amin(x, 4), "argmax": lambda x: x.argmax(dim=4),
    "argmin": lambda x: tinytorch.argmin(x, dim=-3), "max": lambda x: x.max(dim=4), "sort": lambda x: x.sort(dim=4),
    "any": lambda x: (x > 0).any(dim=4), "all": lambda x: (x > 0).all(dim=4), "size": lambda x: x.size(4),
    "count_nonzero": lambda x: x.count_nonzero(dim=4), "unique": lambda x: x.unique(dim=4),
    "logsumexp": lambda x: x.logsumexp(4), "median": lambda x: x.median(dim=4), "flip": lambda x: x.flip(4),
    "roll": lambda x: x.roll(1, 4), "movedim": lambda x: x.movedim(4, 0), "flatten": lambda x: x.flatten(4),
    "cumsum": lambda x: x.cumsum(4), "cumprod": lambda x: x.cumprod(4), "split": lambda x: x.split(1, dim=4),
    "unbind": lambda x: x.unbind(4), "topk": lambda x: x.topk(1, dim=4), "unflatten": lambda x: x.unflatten(4, (1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("word", NO_DIM)
def test_a_dimension_that_is_not_there(word):
    with pytest.raises(IndexError, match=r"dim must be in -2\.\.1 here, got (4|-3): count again"):
        NO_DIM[word](square())


REFUSED = {
    "a list of layers": (TypeError, r"got list: write Sequential\(\*layers\)", lambda: nn.Sequential([nn.ReLU()])),
    "a function among layers": (TypeError, "got relu: write a layer such as", lambda: nn.Sequential(functional.relu)),
    "a function in a list": (TypeError, "ModuleList takes modules", lambda: nn.ModuleList([functional.relu])),
    "half of where": (TypeError, "both values", lambda: tinytorch.where(square() > 0, 1.0)),
    "a share above 1": (ValueError, "from 0 to 1, got 2", lambda: nn.Dropout(2)),
    "too long a part": (IndexError, "5 parts from 0 on", lambda: square().narrow(0, 0, 5)),
    "chances above 1": (ValueError, "probabilities from 0 to 1", lambda: tinytorch.bernoulli(square())),
    "a backward flatten": (ValueError, "from an earlier", lambda: square().flatten(1, 0)),
    "no pieces": (ValueError, "at least 1, got 0", lambda: square().chunk(0)),
    "unlike shapes in cat": (ValueError, r"cat along dim=0: .* got \[\(2, 2\), \(3, 3\)\]",
                             lambda: tinytorch.cat([square(), tinytorch.ones(3, 3)])),
    "unlike shapes in stack": (ValueError, "stack along dim=0: shapes must be equal",
                               lambda: tinytorch.stack([square(), tinytorch.ones(1)])),
    "a number in cat": (TypeError, "cat takes a list of Tensors, got int", lambda: tinytorch.cat([square(), 1])),
    "nothing to join": (TypeError, "got an empty one", lambda: tinytorch.cat([])),
    "expanding 2 to 3": (RuntimeError, "expand stretches sizes of 1", lambda: square().expand(3, 3)),
    "the largest of nothing": (ValueError, "max of an empty tensor is not a number", lambda: tinytorch.zeros(0).max()),
    "the place in nothing": (
        ValueError,
        "argmax of an empty tensor is not a number",
        lambda: tinytorch.zeros(0).argmax(),
    ),
    "a number for a tensor": (TypeError, "allclose takes two Tensors", lambda: tinytorch.allclose(square(), 1.0)),
    "equal to a number": (TypeError, "equal takes two Tensors", lambda: tinytorch.equal(square(), 1.0)),
    "outer of a number": (TypeError, "outer takes two Tensors", lambda: tinytorch.outer(1, square())),
    "a diagonal of a cube": (RuntimeError, "a vector or a matrix", lambda: tinytorch.ones(2, 2, 2).diag()),
    "a path for a state": (TypeError, r"got str: read a file with tinytorch\.load",
                           lambda: nn.Linear(1, 1).load_state_dict("model.pt")),
    "a model's state for an optimizer's": (
        TypeError, r"an optimizer's state_dict\(\) gave, got \{\}",
        lambda: tinytorch.optim.SGD(nn.Linear(1, 1).parameters()).load_state_dict({})),
    "another prefix": (TypeError, "has no prefix='a'", lambda: nn.Linear(1, 1).named_parameters(prefix="a")),
    "counting floats": (TypeError, "whole numbers, got float32", lambda: square().flatten().bincount()),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_what_has_no_meaning_is_refused(fault):
    kind, words, call = REFUSED[fault]
    with pytest.raises(kind, match=words):
        call()


def test_no_dtype_is_the_default():
    for made in (tinytorch.zeros(2, dtype=None), tinytorch.ones(2, dtype=None), tinytorch.full((2,), 1.0, dtype=None)):
        assert made.dtype == "float32"


def test_a_single_number_has_dimensions_0_and_minus_1():
    x = tinytorch.tensor(3.0)
    assert (x.amax(dim=0).item(), x.argmax(dim=-1).item(), (x > 0).any(dim=0).item()) == (3.0, 0, True)
    assert tinytorch.zeros(0, 3).amax(dim=1).shape == (0,)
