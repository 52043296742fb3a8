"""Layer norm, blocks and sampling of module 13: PyTorch's numbers, right gradients, and no influence of the future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch import nn
from tinytorch.core.attention import causal_mask
from tinytorch.core.tensor import Tensor
from tinytorch.core.transformers import Block, generate, held_out_loss, sample_next
from tinytorch.datasets import shakespeare, trained_transformer
from tinytorch.nn import functional
from tinytorch.testing import check_gradient

SEEDS = st.integers(0, 2**32 - 1)
some = settings(max_examples=examples(25), deadline=None)


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


@pytest.mark.torch
@some
@given(seed=SEEDS, axes=st.integers(1, 3), affine=st.booleans(), scale=st.sampled_from([0.01, 1.0, 300.0]))
def test_layer_norm_and_its_gradients_are_pytorchs(torch, seed, axes, affine, scale):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(3, 2, 4)) * scale).astype("float32")
    shape = x.shape[-axes:]
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    params = [rng.normal(size=shape).astype("float32") for _ in range(2)] if affine else [None, None]
    our_params = [p if p is None else Tensor(p, requires_grad=True) for p in params]
    their_params = [p if p is None else torch.tensor(p, requires_grad=True) for p in params]
    out = functional.layer_norm(ours, shape, *our_params)
    expected = torch.nn.functional.layer_norm(theirs, shape, *their_params)
    np.testing.assert_allclose(out.data, expected.detach(), rtol=1e-4, atol=1e-4)
    out.backward(Tensor(np.cos(np.arange(24.0, dtype="float32")).reshape(3, 2, 4)))
    expected.backward(torch.cos(torch.arange(24.0)).reshape(3, 2, 4))
    np.testing.assert_allclose(ours.grad.data * scale, theirs.grad * scale, rtol=1e-3, atol=1e-4)
    for p, q in zip(our_params, their_params, strict=True):
        if p is not None:
            np.testing.assert_allclose(p.grad.data, q.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.torch
def test_layer_norm_has_pytorchs_names_and_arguments(torch):
    for arguments, options in [((4,), {}), (((2, 4),), {"bias": False}), ((4,), {"elementwise_affine": False})]:
        ours, theirs = nn.LayerNorm(*arguments, **options), torch.nn.LayerNorm(*arguments, **options)
        assert {n: a.shape for n, a in ours.state_dict().items()} == {
            n: tuple(t.shape) for n, t in theirs.state_dict().items()
        }
    with pytest.raises(ValueError, match=r"\(3,\) must be the last sizes of the input, whose shape is \(2, 4\)"):
        nn.LayerNorm(3)(Tensor(np.ones((2, 4))))


def test_the_gradient_of_a_block_is_right():
    block = Block(4, heads=2)

    def in_float64(x):
        return Tensor(x).data

    weights = {name: p.data.astype("float64") for name, p in block.named_parameters()}
    for name, p in block.named_parameters():
        p.data = weights[name]
    check_gradient(block, lambda x: block(Tensor(in_float64(x))).data, [(1, 3, 4)], tensor=Tensor, rtol=1e-4, atol=1e-6)


@some
@given(seed=SEEDS, place=st.integers(0, 7))
def test_nothing_comes_from_the_future(seed, place):
    rng = np.random.default_rng(seed)
    model = nn.Transformer(10, 8, dim=8, heads=2, layers=2)
    ids = rng.integers(0, 10, size=(2, 8))
    changed = ids.copy()
    changed[:, place] = (changed[:, place] + 1 + rng.integers(9)) % 10
    before, after = model(Tensor(ids)).data, model(Tensor(changed)).data
    np.testing.assert_array_equal(before[:, :place], after[:, :place])
    assert (before[:, place] != after[:, place]).any()


@some
@given(seed=SEEDS, temperature=st.floats(0.2, 5.0), top_k=st.integers(1, 9))
def test_tokens_are_drawn_as_often_as_they_are_likely(seed, temperature, top_k):
    logits = np.random.default_rng(seed).normal(size=8)
    allowed = logits >= np.sort(logits)[-min(top_k, 8)]
    p = np.where(allowed, np.exp(logits / temperature), 0.0)
    drawn = [sample_next(logits, (i + 0.5) / 400, temperature, top_k) for i in range(400)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=8) / 400, p / p.sum(), atol=1.01 / 400)


def test_the_kept_model_is_what_its_notes_say():
    trained = trained_transformer()
    text = shakespeare()
    ids = np.array([trained.characters.index(c) for c in text[len(text) * 9 // 10 :]])
    model = nn.Transformer(**trained.sizes)
    model.load_state_dict(trained.state)
    last = max(trained.held_out)
    assert held_out_loss(model, ids) == pytest.approx(trained.held_out[last], abs=0.01)
    assert sorted(trained.samples) == [0, 100, 400, 1500]
    assert trained.characters == "".join(sorted(set(text)))
    assert f"{last} steps" in trained.recipe
    assert len(trained.losses) == last
    written = generate(model, [trained.characters.index(c) for c in "ROMEO:"], 80, temperature=0)
    assert len(written) == 86


@pytest.mark.torch
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("masked", ["none", "future", "padding"])
def test_the_encoder_layer_is_pytorchs_and_takes_its_state(torch, norm_first, batch_first, masked):
    options = {"dim_feedforward": 16, "dropout": 0.0, "norm_first": norm_first, "batch_first": batch_first}
    ours, theirs = nn.TransformerEncoderLayer(8, 2, **options), torch.nn.TransformerEncoderLayer(8, 2, **options)
    ours.load_state_dict({name: array.numpy() for name, array in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(2, 5, 8) if batch_first else (5, 2, 8)).astype("float32")
    masks = {}
    if masked == "future":
        masks["src_mask"] = causal_mask(5)
    if masked == "padding":
        masks["src_key_padding_mask"] = np.arange(5) >= np.array([[3], [5]])
    our_x, their_x = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, expected = ours(our_x, **masks), theirs(their_x, **{name: torch.tensor(m) for name, m in masks.items()})
    np.testing.assert_allclose(out.data, expected.detach(), rtol=1e-4, atol=1e-5)
    (out * out * out).sum().backward()
    (expected * expected * expected).sum().backward()
    np.testing.assert_allclose(our_x.grad.data, their_x.grad, rtol=1e-3, atol=1e-3)
    for name, parameter in theirs.named_parameters():
        np.testing.assert_allclose(dict(ours.named_parameters())[name].grad.data, parameter.grad, rtol=1e-3, atol=1e-3)


def test_the_encoder_layer_takes_its_activation_by_name_and_a_causal_hint_with_its_mask():
    layers = [nn.TransformerEncoderLayer(8, 2, 16, activation=a, dropout=0.0) for a in ("gelu", functional.gelu)]
    layers[1].load_state_dict(layers[0].state_dict())
    x = Tensor(np.random.default_rng(0).normal(size=(5, 2, 8)))
    np.testing.assert_array_equal(*(layer(x, causal_mask(5), is_causal=True).data for layer in layers))
    with pytest.raises(ValueError, match="give the mask, too"):
        layers[0](x, is_causal=True)
