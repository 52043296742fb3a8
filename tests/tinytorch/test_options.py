"""PyTorch's other options are accepted if they change no value; otherwise an error says what to do instead."""

import inspect

import pytest

import tinytorch
from tinytorch import nn, optim
from tinytorch.nn import functional
from tinytorch.options import OPTIONS


def weight():
    return tinytorch.zeros(2, requires_grad=True)


REFUSED = {
    "amsgrad": lambda: optim.Adam([weight()], amsgrad=True),
    "maximize": lambda: optim.SGD([weight()], lr=0.1, maximize=True),
    "groups": lambda: nn.Conv2d(2, 4, 3, groups=2),
    "padding": lambda: nn.Conv2d(2, 4, 3, padding="same"),
    "dilation": lambda: nn.MaxPool2d(2, dilation=2),
    "ceil_mode": lambda: nn.AvgPool2d(2, ceil_mode=True),
    "affine": lambda: nn.BatchNorm2d(2, affine=False),
    "max_norm": lambda: nn.Embedding(3, 2, max_norm=1.0),
    "kdim": lambda: nn.MultiheadAttention(4, 2, kdim=3),
    "beta": lambda: nn.Softplus(beta=2),
    "size_average": lambda: nn.MSELoss(size_average=False),
    "reduce": lambda: functional.cross_entropy(tinytorch.ones(1, 2), tinytorch.tensor([0]), reduce=False),
    "weight": lambda: functional.mse_loss(tinytorch.ones(2), tinytorch.ones(2), weight=tinytorch.ones(2)),
    "last_epoch": lambda: optim.lr_scheduler.StepLR(optim.SGD([weight()], lr=0.1), 1, last_epoch=3),
    "device": lambda: nn.Linear(2, 3, device="cuda"),
}


@pytest.mark.parametrize("option", REFUSED)
def test_an_option_that_would_change_values_says_what_to_use_instead(option):
    with pytest.raises(TypeError, match=rf"\w+ has no {option}=.*, which PyTorch has\. Use instead: \w+"):
        REFUSED[option]()


def test_the_error_names_what_was_made():
    with pytest.raises(TypeError, match=r"^MSELoss has no reduce=False"):
        nn.MSELoss(reduce=False)


def test_options_that_change_no_value_are_accepted():
    optim.Adam([weight()], amsgrad=False, foreach=True, fused=None, maximize=False)
    optim.SGD([weight()], lr=0.1, foreach=False, differentiable=False)
    nn.Sequential(nn.SiLU(inplace=True), nn.ReLU6(inplace=True), nn.ELU(inplace=True))
    nn.Conv2d(2, 4, 3, padding=1, dilation=1, groups=1, padding_mode="zeros", device="cpu")
    nn.utils.clip_grad_norm_([weight()], 1.0, error_if_nonfinite=True, foreach=True)
    assert tinytorch.rand(2, 3, pin_memory=True).shape == (2, 3)
    assert functional.dropout(tinytorch.ones(2), 0.0, inplace=True).tolist() == [1.0, 1.0]


def test_a_dtype_is_that_of_what_is_made():
    assert {p.dtype for p in nn.Linear(2, 3, dtype=tinytorch.float64).parameters()} == {"float64"}
    x = tinytorch.ones(2, 3)
    assert x.sum(dtype=tinytorch.float64).dtype == tinytorch.sum(x, dim=0, dtype=tinytorch.float64).dtype == "float64"
    assert functional.softmax(x, dim=1, dtype=tinytorch.float64).dtype == "float64"


def test_a_parameter_may_be_frozen_from_the_start():
    assert not nn.Parameter(tinytorch.ones(2), requires_grad=False).requires_grad
    assert nn.Parameter(tinytorch.ones(2), requires_grad=True).requires_grad


def test_numpys_names_of_a_dimension_are_pytorchs_too():
    x = tinytorch.tensor([[1.0, 2.0, 3.0], [6.0, 5.0, 4.0]])
    assert x.sum(axis=1, keepdims=True).tolist() == [[6.0], [15.0]]
    assert tinytorch.mean(x, axis=0).tolist() == [3.5, 3.5, 3.5]
    assert x.max(axis=1).indices.tolist() == [2, 0]
    assert tinytorch.cat([x, x], axis=1).shape == (2, 6)


def test_a_result_is_written_where_it_is_wanted():
    x, out = tinytorch.ones(2), tinytorch.zeros(2)
    assert tinytorch.mul(x, 3.0, out=out) is out and out.tolist() == [3.0, 3.0]
    with pytest.raises(RuntimeError, match="out= keeps no history"):
        tinytorch.mul(weight(), 3.0, out=out)


def test_a_non_finite_gradient_is_refused_if_asked():
    w = weight()
    w.grad = tinytorch.tensor([1.0, float("nan")])
    with pytest.raises(RuntimeError, match="a gradient is not finite"):
        nn.utils.clip_grad_norm_(w, 1.0, error_if_nonfinite=True)


def test_a_class_of_ones_own_keeps_its_options():
    class Mine(nn.Linear):
        def __init__(self, groups, dtype):
            super().__init__(2, 3)
            self.kept = groups, dtype

    assert Mine(groups=2, dtype="wide").kept == (2, "wide")
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        nn.Linear(2, 3, nonsense=1)


PLACES = {"tinytorch.nn": nn, "tinytorch.nn.functional": functional, "tinytorch.optim": optim}
PLACES["tinytorch.nn.Module"] = nn.Module
PLACES["tinytorch.optim.lr_scheduler"] = optim.lr_scheduler


def test_the_table_speaks_of_words_that_are_there():
    for place, words in OPTIONS.items():
        for word in words.keys() - {"*"}:
            assert hasattr(PLACES.get(place, tinytorch), word), f"{place}.{word}"


@pytest.mark.torch
@pytest.mark.parametrize("place", PLACES)
def test_every_option_of_pytorch_is_taken_or_explained(place):
    import torch

    theirs = {"nn": torch.nn, "functional": torch.nn.functional, "optim": torch.optim}
    theirs["Module"] = torch.nn.Module
    theirs["lr_scheduler"] = torch.optim.lr_scheduler
    unknown = []
    for word in dir(PLACES[place]):
        original, ours = getattr(theirs[place.rpartition(".")[2]], word, None), getattr(PLACES[place], word)
        if original is None or word in (
            "Module",
            "Optimizer",
            "LRScheduler",
            "Transformer",
            "ParameterList",
            "Identity",
        ):
            continue
        try:
            wanted = inspect.signature(original).parameters.values()
        except (TypeError, ValueError):  # written in C
            continue
        own = inspect.signature(ours).parameters
        known = {**own, **OPTIONS[place].get("*", {}), **OPTIONS[place].get(word, {})}
        unknown += [
            f"{word}({p.name}=)" for p in wanted
            if p.default is not p.empty and not p.name.startswith("_") and p.kind is not p.VAR_KEYWORD
            and p.name not in known
        ]  # fmt: skip
    assert unknown == []
