"""Attention: PyTorch's numbers and gradients, not a bit that depends on the future, and clear errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch import nn, no_grad
from tinytorch.core import attention as core
from tinytorch.core.tensor import Tensor
from tinytorch.nn import functional
from tinytorch.testing import check_gradient
from tinytorch.testing.fixtures import growing_cache

SEEDS = st.integers(0, 2**32 - 1)
FRONTS = st.lists(st.integers(1, 3), max_size=2).map(tuple)
some = settings(deadline=None, max_examples=examples(25))


def drawn(rng, *shape):
    return rng.normal(size=shape).astype("float32")


def seen_by_someone(rng, *shape):
    """Draw a mask in which every query may look at something."""
    keep = rng.uniform(size=shape) < 0.6
    keep[..., 0] = True
    return keep


@pytest.mark.torch
@some
@given(
    seed=SEEDS, front=FRONTS, queries=st.integers(1, 5), keys=st.integers(1, 5),
    mask=st.sampled_from(["none", "causal", "bools", "numbers"]), scale=st.sampled_from([None, 0.3]),
)  # fmt: skip
def test_the_function_and_its_gradients_are_pytorchs(seed, front, queries, keys, mask, scale):
    import torch

    rng = np.random.default_rng(seed)
    arrays = drawn(rng, *front, queries, 4), drawn(rng, *front, keys, 4), drawn(rng, *front, keys, 3)
    ours, theirs = (
        [Tensor(a, requires_grad=True) for a in arrays],
        [torch.tensor(a, requires_grad=True) for a in arrays],
    )
    keep = seen_by_someone(rng, queries, keys)
    options = {"scale": scale, "is_causal": mask == "causal"}
    our_mask, their_mask = None, None
    if mask in ("bools", "numbers"):
        values = keep if mask == "bools" else np.where(keep, 0.0, -np.inf).astype("float32")
        our_mask, their_mask = Tensor(values) if mask == "numbers" else values, torch.tensor(values)
    out = functional.scaled_dot_product_attention(*ours, our_mask, **options)
    expected = torch.nn.functional.scaled_dot_product_attention(*theirs, their_mask, **options)
    np.testing.assert_allclose(out.data, expected.detach(), rtol=1e-4, atol=1e-5)
    start = drawn(rng, *out.shape)
    out.backward(Tensor(start))
    expected.backward(torch.tensor(start))
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our.grad.data, their.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.torch
@some
@given(seed=SEEDS, batch_first=st.booleans(), bias=st.booleans(), batched=st.booleans(), average=st.booleans(),
       masked=st.sampled_from(["none", "table", "padding", "both", "each head"]))  # fmt: skip
def test_the_layer_and_its_gradients_are_pytorchs(seed, batch_first, bias, batched, average, masked):
    import torch

    rng = np.random.default_rng(seed)
    batch, time, keys, heads = 2, 3, 4, 2
    options = {"bias": bias, "batch_first": batch_first}
    ours, theirs = nn.MultiheadAttention(6, heads, **options), torch.nn.MultiheadAttention(6, heads, **options)
    assert {n: a.shape for n, a in ours.state_dict().items()} == {
        n: tuple(t.shape) for n, t in theirs.state_dict().items()
    }
    ours.load_state_dict({name: drawn(rng, *t.shape) for name, t in theirs.state_dict().items()})
    theirs.load_state_dict({name: torch.tensor(a.data) for name, a in ours.state_dict().items()})
    sizes = [(time,), (keys,), (keys,)]
    if batched:
        sizes = [(batch, *size) if batch_first else (*size, batch) for size in sizes]
    inputs = [drawn(rng, *size, 6) for size in sizes]
    masks = {}
    if masked in ("table", "both"):
        masks["attn_mask"] = ~seen_by_someone(rng, time, keys)
    if masked in ("padding", "both"):
        masks["key_padding_mask"] = ~seen_by_someone(rng, *((batch,) if batched else ()), keys)
    if masked == "each head":
        masks["attn_mask"] = ~seen_by_someone(rng, (batch if batched else 1) * heads, time, keys)
    out, weights = ours(*map(Tensor, inputs), average_attn_weights=average, **masks)
    expected, their_weights = theirs(
        *map(torch.tensor, inputs), average_attn_weights=average, **{n: torch.tensor(m) for n, m in masks.items()}
    )
    assert (out.shape, weights.shape) == (tuple(expected.shape), tuple(their_weights.shape))
    np.testing.assert_allclose(out.data, expected.detach(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(weights.data, their_weights.detach(), rtol=1e-3, atol=1e-5)
    start = drawn(rng, *out.shape)
    out.backward(Tensor(start))
    expected.backward(torch.tensor(start))
    for name, parameter in theirs.named_parameters():
        ours_grad = dict(ours.named_parameters())[name].grad
        np.testing.assert_allclose(ours_grad.data, parameter.grad, rtol=1e-3, atol=1e-3)
    assert ours(*map(Tensor, inputs), need_weights=False, **masks)[1] is None


@pytest.mark.torch
def test_the_layer_starts_as_pytorchs():
    import torch

    import tinytorch

    tinytorch.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = nn.MultiheadAttention(64, 4).state_dict(), torch.nn.MultiheadAttention(64, 4).state_dict()
    for name, tensor in ours.items():
        array, other = tensor.numpy(), theirs[name].numpy()
        np.testing.assert_allclose((array.std(), abs(array).max()), (other.std(), abs(other).max()), rtol=0.05)


def test_the_gradient_of_two_heads_is_right():
    layer = core.MultiHeadAttention(4, 2, causal=True)
    for parameter in layer.parameters():
        parameter.data = parameter.data.astype("float64")

    def values(x):
        with no_grad():
            return layer(Tensor(x)).data

    check_gradient(layer, values, [(2, 3, 4)], tensor=Tensor)


@some
@given(seed=SEEDS, heads=st.sampled_from([1, 2, 4]), time=st.integers(1, 7), front=FRONTS, data=st.data())
def test_nothing_comes_from_the_future_bit_for_bit(seed, heads, time, front, data):
    rng, place = np.random.default_rng(seed), data.draw(st.integers(0, time - 1))
    layer = core.MultiHeadAttention(8, heads, causal=True)
    x = drawn(rng, *front, time, 8)
    changed = x.copy()
    changed[..., place:, :] += 100 * drawn(rng, *front, time - place, 8)
    before, after = layer(Tensor(x)).data, layer(Tensor(changed)).data
    np.testing.assert_array_equal(before[..., :place, :], after[..., :place, :])
    assert (before[..., place, :] != after[..., place, :]).any()


@some
@given(seed=SEEDS, cuts=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_a_cache_gives_what_the_whole_text_gives(seed, cuts):
    layer, x = core.MultiHeadAttention(8, 2, causal=True), drawn(np.random.default_rng(seed), 3, sum(cuts), 8)
    cache, ends = growing_cache(Tensor), np.cumsum(cuts)
    pieces = [layer(Tensor(x[:, end - n : end]), cache=cache).data for n, end in zip(cuts, ends, strict=True)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), layer(Tensor(x)).data, atol=1e-5)


@some
@given(seed=SEEDS, time=st.integers(2, 6))
def test_rows_add_up_to_one_and_rows_that_see_nothing_are_zero_with_finite_gradients(seed, time):
    rng = np.random.default_rng(seed)
    mask = ~seen_by_someone(rng, time, time)
    mask[rng.integers(time)] = True
    q, k, v = (Tensor(30 * drawn(rng, 2, time, 4), requires_grad=True) for _ in range(3))
    weights = core.attention_weights(q, k, mask).data
    np.testing.assert_allclose(weights.sum(axis=-1), np.broadcast_to(~mask.all(axis=-1), (2, time)), atol=1e-5)
    assert (weights[:, mask] == 0).all()
    out = core.attention(q, k, v, mask)
    assert (out.data[:, mask.all(axis=-1)] == 0).all()
    out.sum().backward()
    assert all(np.isfinite(x.grad.data).all() for x in (q, k, v))


@some
@given(seed=SEEDS, heads=st.sampled_from([1, 2, 3, 6]), front=FRONTS)
def test_merging_undoes_splitting(seed, heads, front):
    x = drawn(np.random.default_rng(seed), *front, 4, 6)
    np.testing.assert_array_equal(core.merge_heads(core.split_heads(Tensor(x), heads)).data, x)


@some
@given(seed=SEEDS)
def test_without_a_mask_a_shuffled_text_gives_shuffled_results(seed):
    rng = np.random.default_rng(seed)
    layer, x, order = core.MultiHeadAttention(8, 2), drawn(rng, 5, 8), rng.permutation(5)
    np.testing.assert_allclose(layer(Tensor(x[order])).data, layer(Tensor(x)).data[order], atol=1e-5)


def test_what_is_refused_says_what_would_fit():
    with pytest.raises(ValueError, match=r"6 heads can't share 64 numbers: take one of \[1, 2, 4, 8, 16, 32, 64\]"):
        core.MultiHeadAttention(64, 6)
    with pytest.raises(ValueError, match="0 heads"):
        core.MultiHeadAttention(8, 0)
    q = Tensor(np.ones((2, 4), dtype="float32"))
    attend = functional.scaled_dot_product_attention
    for options, message in [
        ({"attn_mask": np.ones((2, 2))}, "0 and -inf only"),
        ({"dropout_p": 0.1}, "leave them out"),
        ({"attn_mask": np.ones((2, 2), dtype=bool), "is_causal": True}, "exclude each other"),
    ]:
        with pytest.raises(ValueError, match=message):
            attend(q, q, q, **options)
    with pytest.raises(ValueError, match=r"dropout=0\.1"):
        nn.MultiheadAttention(8, 2, dropout=0.1)


@pytest.mark.as_built
def test_pytorchs_words_call_what_the_exercises_define(monkeypatch):
    called = []
    for name in ("attention", "multi_head_attention", "attention_weights", "split_heads", "causal_mask"):
        function = getattr(core, name)
        monkeypatch.setattr(core, name, lambda *a, n=name, f=function, **o: called.append(n) or f(*a, **o))
    x = Tensor(np.ones((1, 3, 4), dtype="float32"))
    functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    assert called == ["causal_mask", "attention", "attention_weights"]
    called.clear()
    nn.MultiheadAttention(4, 2, batch_first=True)(x, x, x, need_weights=False)
    assert called == [
        "multi_head_attention",
        "split_heads",
        "split_heads",
        "split_heads",
        "attention",
        "attention_weights",
    ]
