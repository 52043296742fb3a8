"""Modules compose in order: a model applies its layers one after another, and its whole state can be moved."""

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed, nn, no_grad
from tinytorch.data import DataLoader, TensorDataset


@pytest.fixture
def layers() -> list:
    manual_seed(0)
    return [nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3)]


X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def test_a_model_is_its_layers_one_after_another(layers):
    value = Tensor(X)
    for layer in layers:
        value = layer(value)
    assert np.array_equal(nn.Sequential(*layers)(Tensor(X)).data, value.data)


def test_the_order_of_layers_matters(layers):
    changed = [layers[0], layers[3], layers[2], layers[1], layers[4]]
    assert not np.allclose(nn.Sequential(*layers)(Tensor(X)).data, nn.Sequential(*changed)(Tensor(X)).data)


def test_models_of_models_are_the_same_model(layers):
    flat, nested = nn.Sequential(*layers), nn.Sequential(nn.Sequential(*layers[:2]), nn.Sequential(*layers[2:]))
    assert np.array_equal(flat(Tensor(X)).data, nested(Tensor(X)).data)
    assert [p is q for p, q in zip(flat.parameters(), nested.parameters(), strict=True)] == [True] * 6


def test_parameters_are_listed_in_the_order_of_the_layers(layers):
    shapes = [p.shape for p in nn.Sequential(*layers).parameters()]
    assert shapes == [(6, 4), (6,), (6, 6), (6,), (3, 6), (3,)]


def test_a_state_makes_another_model_the_same(layers):
    one = nn.Sequential(*layers)
    other = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3))
    assert not np.allclose(one(Tensor(X)).data, other(Tensor(X)).data)
    other.load_state_dict(one.state_dict())
    assert np.array_equal(one(Tensor(X)).data, other(Tensor(X)).data)


def test_a_model_gives_each_row_the_same_answer_in_any_batch(layers):
    model = nn.Sequential(*layers)
    with no_grad():
        whole = model(Tensor(X)).data
        parts = [model(rows).data for (rows,) in DataLoader(TensorDataset(Tensor(X)), batch_size=2)]
    assert [len(part) for part in parts] == [2, 2, 1]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5, atol=1e-6)
