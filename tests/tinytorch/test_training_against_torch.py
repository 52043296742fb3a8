"""Losses, gradients, optimizers and schedules of modules 04 to 06 equal PyTorch's, step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.examples import examples
from tinytorch import nn, optim
from tinytorch.core.tensor import Tensor
from tinytorch.nn import functional
from tinytorch.optim import lr_scheduler

pytestmark = pytest.mark.torch

SEEDS = st.integers(0, 2**32 - 1)
some = settings(max_examples=examples(25))


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


def agree(ours, theirs, rtol=1e-5, atol=1e-6):
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=rtol, atol=atol)


def both(torch, array):
    return Tensor(array.copy(), requires_grad=True), torch.tensor(array, requires_grad=True)


@some
@given(seed=SEEDS, n=st.integers(1, 6), classes=st.integers(1, 8), scale=st.sampled_from([0.1, 3.0, 300.0]))
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_and_their_gradients(torch, seed, n, classes, scale, reduction):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, classes)) * scale).astype("float32")
    cases = {
        "cross_entropy": rng.integers(0, classes, n),
        "mse_loss": rng.normal(size=(n, classes)).astype("float32"),
        "binary_cross_entropy_with_logits": rng.integers(0, 2, (n, classes)).astype("float32"),
    }
    for name, target in cases.items():
        ours, theirs = both(torch, x)
        our_loss = getattr(functional, name)(ours, Tensor(target), reduction=reduction)
        their_loss = getattr(torch.nn.functional, name)(theirs, torch.tensor(target), reduction=reduction)
        agree(our_loss, their_loss, rtol=1e-4, atol=1e-4)
        our_loss.sum().backward()
        their_loss.sum().backward()
        agree(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)


@some
@given(seed=SEEDS, dim=st.integers(-3, 2))
def test_log_softmax_and_softplus(torch, seed, dim):
    x = (np.random.default_rng(seed).normal(size=(2, 3, 4)) * 30).astype("float32")
    for our_function, their_function in (
        (lambda t: functional.log_softmax(t, dim=dim), lambda t: torch.nn.functional.log_softmax(t, dim=dim)),
        (functional.softplus, torch.nn.functional.softplus),
    ):
        ours, theirs = both(torch, x)
        a, b = our_function(ours), their_function(theirs)
        agree(a, b, rtol=1e-4, atol=1e-4)
        (a * a).sum().backward()
        (b * b).sum().backward()
        agree(ours.grad, theirs.grad, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("name", ["MSELoss", "CrossEntropyLoss", "BCEWithLogitsLoss"])
def test_loss_objects(torch, name):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3)).astype("float32")
    target = rng.integers(0, 3, 4) if name == "CrossEntropyLoss" else rng.random((4, 3)).astype("float32")
    agree(
        getattr(nn, name)()(Tensor(x), Tensor(target)), getattr(torch.nn, name)()(torch.tensor(x), torch.tensor(target))
    )


def network(library, torch_or_ours, weights):
    model = library.Sequential(
        library.Linear(6, 5), library.GELU(), library.Linear(5, 4), library.Tanh(), library.Linear(4, 3)
    )
    model.load_state_dict({name: torch_or_ours(value) for name, value in weights.items()})
    return model


@pytest.fixture
def weights(torch):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(6, 5), torch.nn.GELU(), torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)
    )
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def gradients_of(model, loss):
    loss.backward()
    return {name: p.grad for name, p in model.named_parameters()}


def test_gradients_of_a_whole_network(torch, weights):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 6)).astype("float32"), rng.integers(0, 3, 7)
    ours, theirs = network(nn, lambda a: a, weights), network(torch.nn, torch.tensor, weights)
    a = gradients_of(ours, functional.cross_entropy(ours(Tensor(x)), Tensor(y)))
    b = gradients_of(theirs, torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y)))
    assert sorted(a) == sorted(b)
    for name in a:
        agree(a[name], b[name], rtol=1e-4, atol=1e-6)


OPTIMIZERS = {
    "SGD": ("SGD", {"lr": 0.1}),
    "SGD with decay": ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    "momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}),
    "momentum with decay": ("SGD", {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.05}),
    "Adam": ("Adam", {"lr": 0.02}),
    "Adam with decay": ("Adam", {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    "AdamW": ("AdamW", {"lr": 0.02}),
    "AdamW with much decay": ("AdamW", {"lr": 0.02, "betas": (0.8, 0.95), "weight_decay": 0.5}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimizer_step_by_step(torch, weights, name):
    """The weights are equal after each of twenty steps, in a network with new data in each step."""
    kind, options = OPTIMIZERS[name]
    rng = np.random.default_rng(2)
    ours, theirs = network(nn, lambda a: a, weights), network(torch.nn, torch.tensor, weights)
    our_optimizer = getattr(optim, kind)(ours.parameters(), **options)
    their_optimizer = getattr(torch.optim, kind)(theirs.parameters(), **options)
    for _ in range(20):
        x, y = rng.normal(size=(7, 6)).astype("float32"), rng.integers(0, 3, 7)
        our_optimizer.zero_grad()
        their_optimizer.zero_grad()
        functional.cross_entropy(ours(Tensor(x)), Tensor(y)).backward()
        torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y)).backward()
        our_optimizer.step()
        their_optimizer.step()
        for (_, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            agree(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_adam_step_by_step_in_float64(torch, name):
    """They agree on Rosenbrock's valley for 200 steps, to ten digits."""
    ours, theirs = both(torch, np.array([-1.5, 2.0]))
    our_optimizer = getattr(optim, name)([ours], lr=0.1)
    their_optimizer = getattr(torch.optim, name)([theirs], lr=0.1)
    for _ in range(200):
        for place, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            optimizer.zero_grad()
            ((1 - place[0]) ** 2 + 100 * (place[1] - place[0] ** 2) ** 2).backward()
            optimizer.step()
        agree(ours, theirs, rtol=1e-10, atol=1e-10)


def test_parameters_without_gradient_and_groups_of_their_own(torch):
    arrays = [np.array([1.0, 2.0], "float32"), np.array([3.0], "float32")]
    (a, c), (b, d) = both(torch, arrays[0]), both(torch, arrays[1])
    ours = optim.SGD([{"params": [a]}, {"params": [b], "lr": 1.0}], lr=0.1)
    theirs = torch.optim.SGD([{"params": [c]}, {"params": [d], "lr": 1.0}], lr=0.1)
    (a * 2.0).sum().backward()
    (c * 2.0).sum().backward()
    ours.step()
    theirs.step()
    agree(a, c)
    agree(b, d)
    assert [group["lr"] for group in ours.param_groups] == [group["lr"] for group in theirs.param_groups]


SCHEDULES = {
    "LambdaLR": {"lr_lambda": lambda step: 1 / (1 + step)},
    "StepLR": {"step_size": 3, "gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 12, "eta_min": 0.01},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_step_by_step(torch, name):
    (a, c), (b, d) = both(torch, np.zeros(1, "float32")), both(torch, np.zeros(1, "float32"))
    ours = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    theirs = torch.optim.SGD([{"params": [c]}, {"params": [d], "lr": 0.5}], lr=0.1)
    our_schedule = getattr(lr_scheduler, name)(ours, **SCHEDULES[name])
    their_schedule = getattr(torch.optim.lr_scheduler, name)(theirs, **SCHEDULES[name])
    for _ in range(12):
        np.testing.assert_allclose(our_schedule.get_last_lr(), their_schedule.get_last_lr(), rtol=1e-6)
        theirs.step()
        our_schedule.step()
        their_schedule.step()
    assert our_schedule.last_epoch == their_schedule.last_epoch == 12


def test_a_training_script_runs_under_both_by_changing_the_imports(torch):
    """A script of twelve lines is the same for both libraries; the losses are equal."""

    def train(library, nn, functional, optim, tensor):
        library.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        for name, p in model.named_parameters():
            p.data = tensor(start[name]).data
        optimizer = optim.AdamW(model.parameters(), lr=0.05)
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50)
        x = tensor(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32"))
        y = tensor(np.array([[0], [1], [1], [0]], "float32"))
        losses = []
        for _ in range(50):
            optimizer.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(model(x), y)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        with library.no_grad():
            return losses, (model(x) > 0).tolist()

    rng = np.random.default_rng(0)
    shapes = {"0.weight": (8, 2), "0.bias": (8,), "2.weight": (1, 8), "2.bias": (1,)}
    start = {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}
    ours = train(tinytorch, nn, functional, optim, Tensor)
    theirs = train(torch, torch.nn, torch.nn.functional, torch.optim, torch.tensor)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-3)
    assert ours[1] == theirs[1] == [[False], [True], [True], [False]]
