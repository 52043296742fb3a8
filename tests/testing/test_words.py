"""Questions that plain values can't answer; gradients; fixtures. `test_handles` tests the same in a worker."""

import numpy as np
import pytest

from tinytorch.testing import (
    check_gradient,
    clone,
    fixtures,
    is_contiguous,
    raises,
    remote,
    same,
    saved_and_loaded,
    shares_memory,
    unchanged,
)
from tinytorch.testing.compare import Difference


def test_a_remote_array_is_an_array_whose_present_value_can_be_read():
    array = remote([1.0, 2.0])
    array += 1
    assert array.read().tolist() == [2.0, 3.0]
    assert type(array.read()) is np.ndarray and type(array + 1) is np.ndarray and type(array.sum()) is np.float64


def test_a_modified_argument_is_noticed():
    array = remote([1.0, np.nan])
    with unchanged(array):
        array + 1
    with pytest.raises(Difference, match="modified"), unchanged(array):
        array[0] = 7
    with pytest.raises(TypeError, match="remote array"), unchanged(np.ones(2)):
        pass


def test_memory_layout_copies_and_saving():
    array = np.zeros((2, 3))
    assert shares_memory(array, array.T) and not shares_memory(array, array.copy())
    assert is_contiguous(array) and not is_contiguous(array.T)
    with pytest.raises(TypeError, match="an array or a tensor was expected"):
        is_contiguous([1, 2])
    state = {"w": array, "steps": [1, 2]}
    for twin in (clone(state), saved_and_loaded(state)):
        assert twin is not state and not shares_memory(twin["w"], array) and twin["steps"] == [1, 2]


class Tensor:
    def __init__(self, data, dtype="float64", requires_grad=False):
        self.data, self.grad = np.asarray(data, dtype=dtype), None


def operation(forward, backward):
    def apply(*tensors, **options):
        out = Tensor(forward(*[t.data for t in tensors], **options))

        def run_backward(gradient):
            for tensor, g in zip(tensors, backward(gradient.data, *[t.data for t in tensors]), strict=True):
                tensor.grad = None if g is None else Tensor(g)

        out.backward = run_backward
        return out

    return apply


def test_right_gradients_pass():
    product = operation(lambda a, b: a @ b, lambda g, a, b: (g @ b.T, a.T @ g))
    check_gradient(product, lambda a, b: a @ b, [(2, 3), (3, 4)])
    power = operation(lambda a, n: a**n, lambda g, a: (g * 3 * a**2,))
    check_gradient(power, lambda a, n: a**n, [(3,)], n=3)
    check_gradient(operation(np.sum, lambda g, a: (g * np.ones_like(a),)), np.sum, [(2, 2)])


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda g, a: (g * 2,), "the gradient of input 0: "),
        (lambda g, a: (None,), "no gradient reached input 0"),
        (lambda g, a: (np.sum(g),), "the shapes differ"),
        (lambda g, a: (g * np.cos(a) * (1 + 1e-4),), "differ by more than rounding"),
    ],
)
def test_wrong_gradients_are_said(backward, words):
    with pytest.raises(Difference, match=words):
        check_gradient(operation(np.sin, backward), np.sin, [(3, 2)])


def test_values_come_before_gradients():
    with pytest.raises(Difference, match="the value, before any gradient"):
        check_gradient(operation(np.cos, lambda g, a: (g,)), np.sin, [(3,)])


def test_fixtures_take_the_students_classes():
    class Module:
        def __init__(self):
            self.parts = []

        def __call__(self, x):
            return self.forward(x)

    class Linear(Module):
        def __init__(self, n, m):
            super().__init__()
            self.w = np.ones((n, m))

        def forward(self, x):
            return x @ self.w

    model = fixtures.mlp(Module, Linear, (2, 3, 1), activation=lambda x: x * 2)
    same(model(np.ones((4, 2))), np.full((4, 1), 12.0))
    same(fixtures.doubling_module(Module)(3), 6)
    assert fixtures.module_with(Module, a=1).a == 1
    data = fixtures.counting_dataset(object, 3)
    assert len(data) == 3 and data[2][0].tolist() == [2.0, 2.0] and data.asked == [2]
    raises(IndexError, lambda: data[3])
    values = fixtures.scripted([3, 1])
    assert [values(), values("whatever")] == [3, 1] and values.calls == 2
    with pytest.raises(IndexError, match="called 3 times"):
        values()
    seen = fixtures.recording()
    assert seen(1, 2) == 1 and seen.seen == [(1, 2)]
    batch = fixtures.stack_collate([fixtures.array_dataset(object, np.arange(4), np.ones(4))[i] for i in (1, 3)])
    same([part.tolist() for part in batch], [[1, 3], [1.0, 1.0]])
