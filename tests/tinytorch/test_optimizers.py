"""What an optimizer promises beyond its formula: state that can be saved, groups, and errors that help."""

import numpy as np
import pytest

from tinytorch import optim
from tinytorch.core.optimizers import adam_step, warmup_cosine
from tinytorch.core.tensor import Tensor, register_implementation, use_implementation
from tinytorch.optim import lr_scheduler

METHODS = {
    "SGD": lambda params: optim.SGD(params, lr=0.01),
    "momentum": lambda params: optim.SGD(params, lr=0.01, momentum=0.9),
    "Adam": lambda params: optim.Adam(params, lr=0.1),
    "AdamW": lambda params: optim.AdamW(params, lr=0.1),
}


def bowl_step(place, optimizer):
    optimizer.zero_grad()
    (place * place * Tensor([1.0, 20.0])).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("name", METHODS)
def test_each_goes_down(name):
    place = Tensor([2.0, 1.0], requires_grad=True)
    optimizer = METHODS[name]([place])
    for _ in range(500):
        bowl_step(place, optimizer)
    assert np.abs(place.data).max() < 0.01


@pytest.mark.parametrize("name", METHODS)
def test_a_restored_optimizer_continues_to_the_same_bits(name):
    place = Tensor([2.0, 1.0], requires_grad=True)
    optimizer = METHODS[name]([place])
    for _ in range(7):
        bowl_step(place, optimizer)
    saved, at = optimizer.state_dict(), place.data.copy()
    for _ in range(7):
        bowl_step(place, optimizer)
    again = Tensor(at, requires_grad=True)
    restored = METHODS[name]([again])
    restored.load_state_dict(saved)
    for _ in range(7):
        bowl_step(again, restored)
    assert again.data.tobytes() == place.data.tobytes()


def test_saved_state_is_a_copy():
    place = Tensor([2.0, 1.0], requires_grad=True)
    optimizer = optim.Adam([place])
    bowl_step(place, optimizer)
    saved = optimizer.state_dict()
    saved["state"][0]["m"][:] = 99.0
    assert optimizer.state[0]["m"].max() < 99.0
    assert saved["param_groups"][0]["params"] == [0]


def test_state_of_another_model_is_refused():
    one, two = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match=r"has parameters \[1\] \(per group\), the saved state \[2\]"):
        optim.Adam([one]).load_state_dict(optim.Adam([one, two]).state_dict())


def test_parameters_may_come_from_a_generator():
    place = Tensor([2.0, 1.0], requires_grad=True)
    bowl_step(place, optim.SGD((p for p in [place]), lr=0.1))
    assert place.data[0] < 2.0


def test_a_float64_rate_leaves_float32_weights_float32():
    place = Tensor([2.0, 1.0], requires_grad=True)
    bowl_step(place, optim.Adam([place], lr=np.float64(0.1)))
    assert place.dtype == "float32"


def test_what_cannot_be_moved_is_refused():
    with pytest.raises(ValueError, match=r"at least one parameter.*model\.parameters\(\)"):
        optim.SGD([])
    with pytest.raises(TypeError, match="requires_grad=True"):
        optim.SGD([Tensor([1.0], requires_grad=True) * 2])
    with pytest.raises(TypeError, match="requires_grad=True"):
        optim.SGD([np.zeros(3)])
    with pytest.raises(ValueError, match=r"at least 0, got -0\.1"):
        optim.SGD([Tensor([1.0], requires_grad=True)], lr=-0.1)


def test_adam_step_is_a_named_operation_that_can_be_replaced():
    """Module 16 registers a faster one; the one here changes nothing."""
    place = Tensor([2.0, 1.0], requires_grad=True)
    register_implementation("adam_step", "stands still", lambda p, g, m, v, *rest: (p, m, v))
    before = use_implementation("adam_step", "stands still")
    try:
        bowl_step(place, optim.Adam([place], lr=0.1))
        assert place.tolist() == [2.0, 1.0]
    finally:
        use_implementation("adam_step", before)
    zero = np.zeros(1)
    assert adam_step(np.ones(1), np.ones(1), zero, zero, 1, 0.1, (0.9, 0.999), 1e-8)[0][0] == pytest.approx(0.9)


def test_a_schedule_is_saved_and_restored():
    optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=0.4)
    schedule = lr_scheduler.LambdaLR(optimizer, lambda step: warmup_cosine(step, warmup=2, total=10))
    rates = [schedule.get_last_lr()[0]]
    for _ in range(9):
        schedule.step()
        rates.append(schedule.get_last_lr()[0])
    assert rates[:3] == pytest.approx([0.2, 0.4, 0.4])
    assert rates == sorted(rates[:2]) + sorted(rates[2:], reverse=True)
    saved = schedule.state_dict()
    other = optim.SGD([Tensor([1.0], requires_grad=True)], lr=7.0)
    restored = lr_scheduler.LambdaLR(other, lambda step: warmup_cosine(step, warmup=2, total=10))
    restored.load_state_dict(saved)
    assert restored.get_last_lr() == schedule.get_last_lr()
