"""A value that a layer, loss, optimizer, schedule or loader cannot have is an error in our words when it is made."""

import inspect
import math

import pytest

import tinytorch
from tinytorch import data, nn, optim
from tinytorch.nn import functional
from tinytorch.optim import lr_scheduler
from tinytorch.settings import KINDS

PLACES = [nn, optim, lr_scheduler, data]
CLASSES = {
    name: kind for place in PLACES for name in dir(place) if inspect.isclass(kind := getattr(place, name))
}  # fmt: skip
# checked where it is used, with its own message; or an object, not a setting
ELSEWHERE = {
    "data": "Tensor", "params": "optimizers: listed()", "defaults": "Optimizer", "options": "losses",
    "mode": "a choice", "threshold_mode": "a choice", "layers": "of a Transformer",
    "tensors": "equally_long()",
}  # fmt: skip


def settings():
    """List the class and name of all settings."""
    return [(kind, name) for kind, found in CLASSES.items() for name in inspect.signature(found).parameters]


def test_each_setting_has_a_kind_or_is_checked_elsewhere():
    named = {name for _, name in settings()}
    assert sorted(named - KINDS.keys() - ELSEWHERE.keys()) == []
    assert sorted(ELSEWHERE.keys() - named) == [] and ELSEWHERE.keys().isdisjoint(KINDS)


def an_sgd():
    return optim.SGD([tinytorch.zeros(2, requires_grad=True)], lr=0.1)


def numbers():
    return data.TensorDataset(tinytorch.arange(10))


NEEDED = {
    "in_features": 2, "out_features": 3, "in_channels": 1, "out_channels": 2, "kernel_size": 3, "num_features": 2,
    "num_embeddings": 4, "embedding_dim": 2, "embed_dim": 4, "num_heads": 2, "d_model": 4, "nhead": 2, "dim": 4,
    "normalized_shape": 4, "unflattened_size": (2, 2), "output_size": 1, "vocabulary": 5, "context": 4, "heads": 2,
    "layers": 1, "step_size": 1, "gamma": 0.5, "T_max": 5, "milestones": [1], "lr_lambda": float, "num_samples": 2,
    "lr": 0.1, "indices": [0], "weights": [1.0], "datasets": (),
}  # fmt: skip


def made(kind, **other):
    """Make an object of this class with the arguments it needs."""
    needed = NEEDED | {"optimizer": an_sgd(), "dataset": numbers(), "data_source": numbers()}
    needed |= {"params": an_sgd().param_groups[0]["params"]}
    wanted = inspect.signature(CLASSES[kind]).parameters.values()
    given = {p.name: needed[p.name] for p in wanted if p.default is p.empty and p.name in needed}
    return CLASSES[kind](**(given | other))


NOT_ALONE = ("Optimizer", "LRScheduler", "Parameter", "TensorDataset")


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind not in NOT_ALONE])
def test_what_is_needed_is_enough(kind):
    assert type(made(kind)).__name__ == kind
    own = inspect.signature(CLASSES[kind]).parameters.values()
    assert type(made(kind, **{p.name: p.default for p in own if p.default is not p.empty})).__name__ == kind


TEXT_IS_NO = [
    (kind, name) for kind, name in settings()
    if name in KINDS.keys() - {"dataset", "data_source", "modules", "padding"}
    and kind not in ("Subset", "LRScheduler", "ParameterList", "Optimizer", "ModuleDict", "Dataset")
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), TEXT_IS_NO, ids=lambda part: part)
def test_text_is_no_number_size_truth_or_list(kind, name):
    with pytest.raises((TypeError, ValueError), match=rf"^{kind} takes .+ as {name}, got str: '4'"):
        made(kind, **{name: "4"})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: nn.Linear("a", 2), "Linear takes a whole number from 0 on as in_features, got str: 'a'"),
        (lambda: nn.Linear(2.5, 2), "as in_features, got float: 2.5"),
        (lambda: nn.Linear(2, -1), "as out_features, got int: -1"),
        (lambda: nn.Linear(2, 3, bias="False"), "Linear takes True or False as bias, got str: 'False'"),
        (lambda: nn.Conv2d(1, 2, (3, "3")), r"or a tuple of them, as kernel_size, got tuple: \(3, '3'\)"),
        (lambda: nn.Dropout("0.5"), "Dropout takes a number as p, got str: '0.5'"),
        (lambda: nn.Dropout(None), "Dropout takes a number as p, got NoneType"),
        (lambda: nn.CrossEntropyLoss(reduction="average"), "one of 'mean', 'sum', .* as reduction, got str: 'average'"),
        (lambda: nn.CrossEntropyLoss(weight=[1.0, 2.0]), "a Tensor, .* as weight, got list"),
        (lambda: nn.AdaptiveAvgPool2d(None), "as output_size, got NoneType"),
        (lambda: optim.SGD(nn.Linear(1, 1).parameters(), lr="a"), "SGD takes a number as lr, got str: 'a'"),
        (lambda: made("SGD", momentum=-1), "a number from 0 on as momentum, got int: -1"),
        (lambda: made("Adam", betas=0.9), "two numbers from 0 to below 1 as betas, got float: 0.9"),
        (lambda: lr_scheduler.StepLR(0.1, 5), "StepLR takes an optimizer as optimizer, got float: 0.1"),
        (
            lambda: data.DataLoader(numbers(), "4"),
            "DataLoader takes a whole number from 1 on, or None, as batch_size, got str",
        ),
        (lambda: data.DataLoader(5), "DataLoader takes examples that are asked for by number as dataset, got int"),
        (lambda: data.DataLoader(numbers(), collate_fn=3), "DataLoader takes a function as collate_fn, got int"),
    ],
)
def test_the_error_names_class_setting_and_value(wrong, says):
    with pytest.raises((TypeError, ValueError), match=says) as caught:
        wrong()
    assert caught.type is (ValueError if "int: -1" in says or "average" in says else TypeError)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda x: functional.dropout(x, "a"), "^dropout takes a number as p, got str: 'a'"),
        (lambda x: functional.conv2d(x, x, stride="a"), "^conv2d takes .* as stride, got str: 'a'"),
        (lambda x: functional.max_pool2d(x, "a"), "^max_pool2d takes .* as kernel_size, got str: 'a'"),
        (lambda x: functional.huber_loss(x, x, delta="a"), "^huber_loss takes a number from 0 on as delta"),
        (lambda x: functional.cross_entropy(x[0, 0], x[0, 0], label_smoothing="a"), "as label_smoothing, got str"),
    ],
)
def test_a_function_that_fails_over_text_says_where_it_stands(wrong, says):
    with pytest.raises(TypeError, match=says):
        wrong(tinytorch.ones(1, 1, 4, 4))


def test_what_pytorch_takes_is_taken():
    nn.AdaptiveAvgPool2d((None, 1)), nn.MaxPool2d(2, stride=None), nn.Linear(2, 3, bias=0)
    assert nn.Linear(2, 0)(tinytorch.ones(1, 2)).shape == (1, 0)
    nn.Linear(tinytorch.tensor([2, 3]).max().item(), 3), nn.LayerNorm([2, 3])
    data.DataLoader([1, 2, 3], batch_size=None), data.DataLoader("abc", sampler=[2, 0])
    made("SGD", lr=tinytorch.tensor(0.1))
    assert math.isnan(made("ELU", alpha=float("nan")).alpha)


def test_a_class_of_ones_own_may_mean_something_else_by_a_name():
    class Mine(nn.Module):
        def __init__(self, p, bias):
            self.p, self.bias = p, bias

    assert (Mine("text", bias="text").p, Mine("text", "none").bias) == ("text", "none")
