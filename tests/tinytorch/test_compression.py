"""Compression: PyTorch's masks, factors and divergence; exact counts; zeros that stay; outputs of smaller layers."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch import manual_seed, nn
from tinytorch.core import compression as core
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Tensor
from tinytorch.testing import check_gradient

SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
SHARES = st.floats(0, 0.99)
some = settings(deadline=None, max_examples=examples(25))


def drawn(rng, *shape):
    return rng.normal(size=shape).astype("float32")


@pytest.mark.torch
@some
@given(seed=SEEDS, shape=SHAPES, sparsity=SHARES)
def test_the_mask_is_pytorchs(seed, shape, sparsity):
    import torch
    from torch.nn.utils import prune

    weight = drawn(np.random.default_rng(seed), *shape)
    layer = torch.nn.Module()
    layer.weight = torch.nn.Parameter(torch.tensor(weight))
    prune.l1_unstructured(layer, "weight", amount=sparsity)
    np.testing.assert_array_equal(core.pruning_mask(weight, sparsity), layer.weight_mask.numpy() == 1)


@pytest.mark.torch
@some
@given(seed=SEEDS, sparsity=SHARES)
def test_one_threshold_for_all_layers_is_pytorchs_global_pruning(seed, sparsity):
    import torch
    from torch.nn.utils import prune

    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 4))
    theirs = torch.nn.Sequential(torch.nn.Linear(6, 9), torch.nn.ReLU(), torch.nn.Linear(9, 4))
    model.load_state_dict({name: drawn(rng, *array.shape) for name, array in model.state_dict().items()})
    theirs.load_state_dict({name: torch.tensor(t.numpy()) for name, t in model.state_dict().items()})
    masks = core.Pruner(model).prune(sparsity).masks
    # Our threshold lies between two weights, PyTorch rounds the number to remove: they may differ by one weight.
    parts = [(theirs[0], "weight"), (theirs[2], "weight")]
    removed = sum(int((~mask).sum()) for mask in masks.values())
    assert abs(removed - sparsity * 90) <= 1
    prune.global_unstructured(parts, pruning_method=prune.L1Unstructured, amount=removed)
    for mask, (layer, _) in zip(masks.values(), parts, strict=True):
        np.testing.assert_array_equal(mask, layer.weight_mask.numpy() == 1)


@pytest.mark.torch
@some
@given(seed=SEEDS, units=st.integers(2, 9), data=st.data())
def test_the_units_that_stay_are_those_of_pytorchs_structured_pruning(seed, units, data):
    import torch
    from torch.nn.utils import prune

    keep, rng = data.draw(st.integers(1, units)), np.random.default_rng(seed)
    first, second = nn.Linear(4, units), nn.Linear(units, 3)
    first.weight.data = drawn(rng, units, 4)
    theirs = torch.nn.Linear(4, units)
    theirs.weight.data = torch.tensor(first.weight.data)
    if keep < units:
        prune.ln_structured(theirs, "weight", amount=units - keep, n=2, dim=0)
    rows = theirs.weight.detach().numpy()
    smaller, _ = core.drop_units(first, second, keep)
    np.testing.assert_array_equal(
        np.sort(smaller.weight.data, axis=0), np.sort(rows[np.abs(rows).sum(axis=1) > 0], axis=0)
    )


@pytest.mark.torch
@some
@given(seed=SEEDS, temperature=st.floats(0.5, 10), share=st.floats(0, 1))
def test_the_distillation_loss_and_its_gradient_are_pytorchs(seed, temperature, share):
    import torch
    from torch.nn import functional

    rng = np.random.default_rng(seed)
    scores, answers, targets = drawn(rng, 5, 4), 3 * drawn(rng, 5, 4), rng.integers(0, 4, size=5).astype("int32")
    student, theirs = Tensor(scores, requires_grad=True), torch.tensor(scores, requires_grad=True)
    loss = core.distillation_loss(student, Tensor(answers), Tensor(targets), temperature, share)
    soft = functional.kl_div(
        functional.log_softmax(theirs / temperature, dim=-1),
        functional.log_softmax(torch.tensor(answers) / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )
    hard = functional.cross_entropy(theirs, torch.tensor(targets).long())
    expected = share * temperature**2 * soft + (1 - share) * hard
    np.testing.assert_allclose(loss.item(), expected.item(), rtol=1e-4, atol=1e-4)
    loss.backward()
    expected.backward()
    np.testing.assert_allclose(student.grad.data, theirs.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.torch
@some
@given(seed=SEEDS, inputs=st.integers(1, 8), outputs=st.integers(1, 8), data=st.data())
def test_the_factors_are_pytorchs_best_approximation(seed, inputs, outputs, data):
    import torch

    rank, rng = data.draw(st.integers(1, min(inputs, outputs))), np.random.default_rng(seed)
    layer = nn.Linear(inputs, outputs)
    layer.weight.data = drawn(rng, outputs, inputs)
    first, second = core.low_rank_factors(layer, rank)
    u, s, vt = torch.linalg.svd(torch.tensor(layer.weight.data), full_matrices=False)
    expected = (u[:, :rank] * s[:rank] @ vt[:rank]).numpy()
    np.testing.assert_allclose(second.weight.data @ first.weight.data, expected, rtol=1e-2, atol=1e-3)


def test_recorded_numbers_of_pytorch():
    """PyTorch 2.13's values for two rows of scores, temperature 4 and a share of 0.9."""
    student, teacher = Tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), Tensor([[3.0, 2.0, 1.0], [4.0, 0.0, -4.0]])
    loss = core.distillation_loss(student, teacher, Tensor([2, 0]), 4.0, 0.9)
    np.testing.assert_allclose(loss.item(), 2.585904598, rtol=1e-5)


@some
@given(seed=SEEDS, shape=SHAPES, sparsity=st.floats(0, 1), values=st.integers(1, 4))
def test_exactly_so_many_go_and_nobody_who_stays_is_smaller(seed, shape, sparsity, values):
    weight = np.random.default_rng(seed).integers(-values, values + 1, size=shape).astype("float32")
    mask = core.pruning_mask(weight, sparsity)
    assert (mask.shape, mask.dtype) == (shape, bool)
    assert (~mask).sum() == round(sparsity * weight.size)
    if mask.any() and not mask.all():
        assert np.abs(weight[mask]).min() >= np.abs(weight[~mask]).max()


@some
@given(seed=SEEDS, shapes=st.lists(SHAPES, min_size=1, max_size=4), sparsity=SHARES)
def test_below_the_threshold_lies_the_wanted_share(seed, shapes, sparsity):
    rng = np.random.default_rng(seed)
    arrays = [drawn(rng, *shape) for shape in shapes]
    threshold = core.calculate_threshold(arrays, sparsity)
    size = sum(array.size for array in arrays)
    below = sum(int((np.abs(array) < threshold).sum()) for array in arrays)
    assert abs(below - sparsity * size) <= 1
    assert threshold == pytest.approx(
        core.calculate_threshold([-array.ravel() for array in reversed(arrays)], sparsity)
    )


@some
@given(seed=SEEDS, units=st.integers(1, 6), data=st.data())
def test_dropping_is_silencing(seed, units, data):
    keep, rng = data.draw(st.integers(1, units)), np.random.default_rng(seed)
    first, second, x = nn.Linear(3, units), nn.Linear(units, 2), Tensor(drawn(rng, 4, 3))
    first.bias.data, second.bias.data = drawn(rng, units), drawn(rng, 2)
    before = copy.deepcopy((first.state_dict(), second.state_dict()))
    smaller, behind = core.drop_units(first, second, keep)
    heard = np.zeros(units, dtype=bool)
    heard[np.argsort(core.row_importance(first.weight.data))[-keep:]] = True
    expected = second(Tensor(nn.functional.tanh(first(x)).data * heard)).data
    np.testing.assert_allclose(behind(nn.functional.tanh(smaller(x))).data, expected, rtol=1e-4, atol=1e-5)
    for layer, state in zip((first, second), before, strict=True):
        for name, tensor in layer.state_dict().items():
            np.testing.assert_array_equal(tensor.data, state[name].data)


@some
@given(seed=SEEDS, inputs=st.integers(1, 8), outputs=st.integers(1, 8))
def test_full_rank_is_exact(seed, inputs, outputs):
    rng = np.random.default_rng(seed)
    layer, x = nn.Linear(inputs, outputs), Tensor(drawn(rng, 3, inputs))
    first, second = core.low_rank_factors(layer, min(inputs, outputs))
    np.testing.assert_allclose(second(first(x)).data, layer(x).data, rtol=1e-3, atol=1e-4)


def test_the_gradient_of_the_distillation_loss_is_right():
    rng = np.random.default_rng(0)
    teacher, targets = rng.normal(size=(3, 4)), np.array([0, 3, 1], dtype="int32")

    def values(scores):
        return core.distillation_loss(Tensor(scores), Tensor(teacher), Tensor(targets), 3.0, 0.7).data

    check_gradient(
        lambda x: core.distillation_loss(x, Tensor(teacher), Tensor(targets), 3.0, 0.7), values, [(3, 4)], tensor=Tensor
    )


def test_zeros_stay_under_an_optimizer_with_momentum():
    manual_seed(0)
    model, rng = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), np.random.default_rng(0)
    pruner, optimizer = core.Pruner(model), Adam(model.parameters(), lr=0.1)
    x, y = Tensor(drawn(rng, 16, 4)), Tensor(drawn(rng, 16, 3))
    for step in range(6):
        if step == 3:
            pruner.prune(0.75)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        pruner.apply()
    for name, p in pruner.weights.items():
        assert (p.data[~pruner.masks[name]] == 0).all() and (p.data[pruner.masks[name]] != 0).all()
    assert sum(numbers["kept"] for numbers in pruner.statistics.values()) == 14
    again = core.Pruner(model)
    assert {name: mask.tolist() for name, mask in again.masks.items()} == {
        name: mask.tolist() for name, mask in pruner.masks.items()
    }
    pruner.restore()
    for name, p in pruner.weights.items():
        np.testing.assert_array_equal(p.data, pruner.originals[name])
        assert not np.shares_memory(p.data, pruner.originals[name])


def test_biases_and_norms_are_not_pruned():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    assert list(core.prunable_weights(model)) == ["0.weight", "3.weight"]
    pruner = core.Pruner(model).prune(0.5)
    assert sum(numbers["kept"] for numbers in pruner.statistics.values()) == (18 + 24) // 2
    assert (model[1].weight.data == 1).all()


def test_masks_of_another_kind_are_named():
    weights = {"w": np.ones((2, 2))}
    for masks, message in [
        ({}, "one mask for each of"),
        ({"w": np.ones((2, 3), dtype=bool)}, r"a mask of \(2, 3\) for weights of \(2, 2\)"),
        ({"w": np.full((2, 2), 0.5)}, "half a weight can't stay"),
    ]:
        with pytest.raises(AssertionError, match=message):
            core.check_masks(masks, weights)
    core.check_masks({"w": np.ones((2, 2), dtype=bool)}, weights)


def test_what_is_refused_says_what_was_given():
    for sparsity in (-0.1, 1, 70):
        with pytest.raises(ValueError, match=f"got {sparsity}"):
            core.calculate_threshold([np.ones(3)], sparsity)
    for keep in (0, -1, 9):
        with pytest.raises(ValueError, match=f"of 8 units 1 to 8 can stay, got keep={keep}"):
            core.drop_units(nn.Linear(2, 8), nn.Linear(8, 2), keep)


def test_redundancy_of_nine_weights_by_hand():
    nine = np.array([[0.5, 0.1, 0.8], [0.05, 0.9, 0.2], [0.3, 0.02, 0.7]])
    found = core.analyze_weight_redundancy(nine)
    assert found.mean_magnitude == pytest.approx(3.57 / 9)
    assert found.near_zero == pytest.approx(1 / 9)
    assert found.top_tenth == pytest.approx(0.81 / 2.3329)
    times_100 = core.analyze_weight_redundancy(100 * nine)
    assert times_100[1:] == pytest.approx(found[1:])
    assert core.analyze_weight_redundancy(np.zeros((2, 2))) == core.Redundancy(0.0, 0.0, 0.0)


def test_bytes_are_those_of_arrays_that_hold_all_that_is_needed():
    weight = drawn(np.random.default_rng(0), 7, 9)
    mask = core.pruning_mask(weight, 0.8)
    sizes = core.profile_compression_memory(weight, mask)
    assert sizes == {"dense": 63 * 4, "bitmask": 8 + 13 * 4, "indices": 13 * 8}
    bits = np.unpackbits(np.packbits(mask), count=63).astype(bool).reshape(7, 9)
    rebuilt = np.zeros_like(weight)
    rebuilt[bits] = weight[mask]
    np.testing.assert_array_equal(rebuilt, weight * mask)


def test_filters_lose_their_channels_in_the_layer_behind():
    rng = np.random.default_rng(0)
    weight, behind = drawn(rng, 64, 32, 3, 3), drawn(rng, 16, 64, 3, 3)
    weight[5] *= 10
    fewer, narrower = core.prune_conv_filters(weight, behind, 1)
    np.testing.assert_array_equal(fewer, weight[5:6])
    np.testing.assert_array_equal(narrower, behind[:, 5:6])
    assert [a.shape for a in core.prune_conv_filters(weight, behind, 16)] == [(16, 32, 3, 3), (16, 16, 3, 3)]
