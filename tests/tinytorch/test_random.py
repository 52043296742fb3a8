"""One generator: the same seed repeats everything, and a saved state continues with the same bits."""

import pytest

import tinytorch
from tinytorch.random import generator


@pytest.fixture(autouse=True)
def same_state_afterwards():
    state = tinytorch.get_rng_state()
    yield
    tinytorch.set_rng_state(state)


def test_a_seed_repeats_every_kind_of_draw():
    def draw():
        tinytorch.manual_seed(7)
        return [tinytorch.randn(3).tolist(), tinytorch.rand(2).tolist(), tinytorch.randint(0, 9, (4,)).tolist()]

    assert draw() == draw()


def test_the_generator_stays_the_same_object_when_it_is_seeded():
    before = generator()
    assert tinytorch.manual_seed(0) is before


def test_a_state_continues_to_the_same_bits():
    tinytorch.manual_seed(1)
    tinytorch.randn(5)
    state = tinytorch.get_rng_state()
    first = tinytorch.randn(5).tolist()
    tinytorch.set_rng_state(state)
    assert tinytorch.randn(5).tolist() == first


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, None])
def test_a_seed_is_an_integer_from_0_on(seed):
    with pytest.raises(ValueError, match="a seed must be an integer from 0 on, got"):
        tinytorch.manual_seed(seed)
