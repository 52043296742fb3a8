"""Cached keys and values: PyTorch's numbers, the same scores and texts as without a cache, and correct byte counts."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.examples import examples
from tinytorch import nn
from tinytorch.core.attention import attention, causal_mask
from tinytorch.core.kvcaching import KVCache, append, cache_bytes, empty_caches, generate_cached, read_on, tokens_read
from tinytorch.core.tensor import RECORDER, Tensor, set_recorder
from tinytorch.core.transformers import generate
from tinytorch.datasets import trained_transformer

SEEDS = st.integers(0, 2**32 - 1)
CUTS = st.lists(st.integers(1, 4), min_size=1, max_size=5)
some = settings(deadline=None, max_examples=examples(25))


def drawn(rng, *shape):
    return rng.normal(size=shape).astype("float32")


def small_model(seed, context, layers=2):
    tinytorch.manual_seed(seed)
    return nn.Transformer(11, context, dim=12, heads=3, layers=layers)


@pytest.mark.torch
@some
@given(seed=SEEDS, cuts=CUTS, batch=st.integers(1, 3))
def test_attention_in_pieces_is_pytorchs_of_the_whole(seed, cuts, batch):
    import torch

    q, k, v = (drawn(np.random.default_rng(seed), batch, 2, sum(cuts), 4) for _ in range(3))
    whole = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), is_causal=True)
    cache, end = KVCache(batch, 2, sum(cuts), 4), 0
    for count in cuts:
        start, end = end, end + count
        parts = (Tensor(x[:, :, start:end]) for x in (q, k, v))
        out = attention(*parts, causal_mask(count, end), cache)
        np.testing.assert_allclose(out.data, whole[:, :, start:end], rtol=1e-4, atol=1e-5)


@pytest.mark.torch
def test_the_trained_model_scores_token_by_token_as_written_in_pytorch():
    trained = trained_transformer()
    model = nn.Transformer(**trained.sizes)
    model.load_state_dict(trained.state)
    ids = np.random.default_rng(0).integers(0, len(trained.characters), size=(3, model.context))
    expected, caches = _pytorchs_scores(trained, ids), empty_caches(model, batch=3)
    for end in (1, 2, 30, *range(31, model.context + 1)):
        held = len(caches[0])
        np.testing.assert_allclose(
            read_on(model, ids[:, :end], caches).data, expected[:, held:end], rtol=1e-3, atol=1e-4
        )


def _pytorchs_scores(trained, ids):
    """Compute the scores of the whole text with PyTorch's functions and the trained weights."""
    import torch
    from torch.nn import functional as F

    w = {name: torch.tensor(array) for name, array in trained.state.items()}

    def linear(name, x):
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name, x):
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])

    x = w["tokens.weight"][torch.tensor(ids)] + w["positions.weight"][: ids.shape[1]]
    for block in (f"blocks.{i}" for i in range(trained.sizes["layers"])):
        y = norm(f"{block}.norm1", x)
        parts = (linear(f"{block}.attention.{part}", y) for part in ("query", "key", "value"))
        heads = (part.unflatten(-1, (trained.sizes["heads"], -1)).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(*heads, is_causal=True).transpose(1, 2).flatten(2)
        x = x + linear(f"{block}.attention.output", mixed)
        x = x + linear(f"{block}.mlp.down", F.gelu(linear(f"{block}.mlp.up", norm(f"{block}.norm2", x))))
    return linear("head", norm("norm", x)).numpy()


@some
@given(seed=SEEDS, cuts=CUTS, batch=st.integers(1, 3), spare=st.integers(0, 2))
def test_scores_with_caches_are_those_without(seed, cuts, batch, spare):
    model = small_model(seed, context=sum(cuts) + spare)
    ids = np.random.default_rng(seed).integers(0, 11, size=(batch, sum(cuts)))
    whole, caches = model(Tensor(ids)).data, empty_caches(model, batch)
    pieces = [read_on(model, ids[:, :end], caches).data for end in np.cumsum(cuts)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, rtol=1e-4, atol=1e-5)


@some
@given(seed=SEEDS, keep=st.integers(0, 6))
def test_going_back_and_reading_other_tokens_is_reading_that_text(seed, keep):
    rng, model = np.random.default_rng(seed), small_model(seed, context=7)
    ids, caches = rng.integers(0, 11, size=(2, 7)), empty_caches(model, batch=2)
    read_on(model, ids, caches)
    for cache in caches:
        cache.used = keep
    ids[:, keep:] = rng.integers(0, 11, size=(2, 7 - keep))
    np.testing.assert_allclose(
        read_on(model, ids, caches).data, model(Tensor(ids)).data[:, keep:], rtol=1e-4, atol=1e-5
    )


@some
@given(
    seed=SEEDS, context=st.integers(1, 8), length=st.integers(1, 10), steps=st.integers(0, 12),
    options=st.sampled_from([{}, {"temperature": 0}, {"temperature": 3.0}, {"top_k": 2}]),
)  # fmt: skip
def test_a_cache_changes_no_token_within_the_context_and_beyond(seed, context, length, steps, options):
    model, texts = small_model(seed, context, layers=1), []
    start = np.random.default_rng(seed).integers(0, 11, size=length).tolist()
    for write in (generate, generate_cached):
        tinytorch.manual_seed(seed)
        texts.append(write(model, start, steps, **options))
    assert texts[0] == texts[1]


@some
@given(context=st.integers(1, 8), length=st.integers(1, 10), steps=st.integers(0, 12))
def test_tokens_read_is_what_the_recorder_counts(context, length, steps):
    model = small_model(0, context, layers=1)
    for write, cached in ((generate, False), (generate_cached, True)):
        looked_up, before = [], (RECORDER.record, RECORDER.backward)
        set_recorder(
            lambda call, out, seen=looked_up: call.operation == "embedding" and seen.append(call.arrays[0].size), None
        )
        try:
            write(model, list(range(length)), steps)
        finally:
            set_recorder(*before)
        assert sum(looked_up[::2]) == tokens_read(length, steps, context, cached)  # every second call is for positions


@pytest.mark.parametrize("sizes", [(2, 4, 16, 64, 1), (3, 2, 5, 7, 4)])
def test_bytes_are_those_of_the_arrays(sizes):
    layers, heads, size, tokens, batch = sizes
    model = nn.Transformer(5, tokens, dim=heads * size, heads=heads, layers=layers)
    caches = empty_caches(model, batch)
    assert sum(c.keys.nbytes + c.values.nbytes for c in caches) == cache_bytes(layers, heads, size, tokens, batch)
    assert len({id(c.keys) for c in caches} | {id(c.values) for c in caches}) == 2 * layers


def test_appending_makes_no_new_memory():
    cache, new = KVCache(1, 8, 4096, 64), Tensor(np.ones((1, 8, 1, 64), dtype="float32"))
    cache.used = 4000
    append(cache, new, new)
    tracemalloc.start()
    append(cache, new, new)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000 < cache.keys.nbytes


def test_no_graph_hangs_on_a_cache():
    model = small_model(0, context=4)
    caches = empty_caches(model)
    assert not read_on(model, np.array([[1, 2]]), caches).requires_grad
    k, v = caches[0].append(*(Tensor(np.ones((1, 3, 1, 4), dtype="float32"), requires_grad=True) for _ in range(2)))
    assert not k.requires_grad and not v.requires_grad


def test_what_is_refused_leaves_the_caches_as_they_were():
    model = small_model(0, context=4)
    caches, ids = empty_caches(model), np.array([[1, 2, 3, 4, 5]])
    read_on(model, ids[:, :3], caches)
    before = [(cache.used, cache.keys.copy()) for cache in caches]
    for text, message in (
        (ids, "4 places"),
        (ids[:, :3], "the caches hold 3 tokens, the text has 3"),
        (ids[:, :2], "has 2"),
    ):
        with pytest.raises(ValueError, match=message):
            read_on(model, text, caches)
    new = Tensor(np.ones((1, 3, 2, 4), dtype="float32"))
    with pytest.raises(ValueError, match=r"the cache has 4 places, 3 are filled and 2 more don't fit"):
        caches[0].append(new, new)
    for cache, (used, keys) in zip(caches, before, strict=True):
        assert cache.used == used
        np.testing.assert_array_equal(cache.keys, keys)
    assert repr(caches[0]) == "<KVCache: 3 of 4 places used, 384 bytes>"
