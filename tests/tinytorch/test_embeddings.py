"""Embeddings: gradients on drawn shapes, agreement with PyTorch, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.examples import examples
from tinytorch import nn
from tinytorch.core.embeddings import PositionalEncoding, context_windows, nearest, sinusoidal_positions
from tinytorch.core.tensor import Tensor
from tinytorch.nn import functional
from tinytorch.testing import check_gradient

SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)
some = settings(deadline=None, max_examples=examples(25))


@some
@given(seed=SEEDS, shape=SHAPES, rows=st.integers(1, 6), dim=st.integers(1, 4))
def test_the_gradient_of_a_table_is_its_slope(seed, shape, rows, dim):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, rows, size=shape)
    check_gradient(lambda w: functional.embedding(ids, w), lambda w: w[ids], [(rows, dim)], tensor=Tensor, rng=rng)


@some
@given(seed=SEEDS, shape=SHAPES, rows=st.integers(1, 6))
def test_looking_up_is_the_product_with_one_hot_rows_and_so_is_its_gradient(seed, shape, rows):
    rng = np.random.default_rng(seed)
    ids, weight = rng.integers(0, rows, size=shape), rng.normal(size=(rows, 3))
    tables = [Tensor(weight.copy(), requires_grad=True) for _ in range(2)]
    hot = Tensor(functional.one_hot(Tensor(ids), rows).data.astype("float64"))
    outs = [functional.embedding(Tensor(ids), tables[0]), hot @ tables[1]]
    np.testing.assert_allclose(outs[0].data, outs[1].data)
    start = Tensor(rng.normal(size=(*shape, 3)))
    for out in outs:
        out.backward(start)
    np.testing.assert_allclose(tables[0].grad.data, tables[1].grad.data, atol=1e-12)


@pytest.mark.torch
@some
@given(seed=SEEDS, shape=SHAPES, rows=st.integers(1, 6), padding=st.none() | st.integers(-6, 5))
def test_the_layer_is_pytorchs(seed, shape, rows, padding):
    import torch

    rng = np.random.default_rng(seed)
    padding = None if padding is None else padding % rows - rows * (padding < 0)
    ours, theirs = nn.Embedding(rows, 3, padding_idx=padding), torch.nn.Embedding(rows, 3, padding_idx=padding)
    assert (repr(ours), ours.padding_idx) == (repr(theirs), theirs.padding_idx)
    if padding is not None:
        assert ours.weight.data[padding].tolist() == theirs.weight[padding].tolist() == [0.0] * 3
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    ids = rng.integers(0, rows, size=shape)
    our_out, their_out = ours(Tensor(ids)), theirs(torch.tensor(ids))
    assert our_out.shape == tuple(their_out.shape)
    np.testing.assert_array_equal(our_out.data, their_out.detach().numpy())
    weights = rng.normal(size=our_out.shape).astype("float32")
    (our_out * Tensor(weights)).sum().backward()
    (their_out * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(ours.weight.grad.data, theirs.weight.grad.numpy(), atol=1e-5)


@pytest.mark.torch
def test_one_hot_and_functional_embedding_are_pytorchs():
    import torch

    ids = np.array([[0, 3], [1, 1]])
    for classes in (-1, 4, 7):
        ours, theirs = functional.one_hot(Tensor(ids), classes), torch.nn.functional.one_hot(torch.tensor(ids), classes)
        assert (ours.dtype, ours.tolist()) == ("int64", theirs.tolist())
    weight = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")
    ours, theirs = Tensor(weight, requires_grad=True), torch.tensor(weight, requires_grad=True)
    functional.embedding(Tensor(ids), ours, padding_idx=1).sum().backward()
    torch.nn.functional.embedding(torch.tensor(ids), theirs, padding_idx=1).sum().backward()
    assert ours.grad.tolist() == theirs.grad.tolist()


@pytest.mark.torch
def test_a_table_starts_as_spread_as_pytorchs():
    import torch

    tinytorch.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = nn.Embedding(300, 40).weight.data, torch.nn.Embedding(300, 40).weight.detach().numpy()
    np.testing.assert_allclose((ours.mean(), ours.std()), (theirs.mean(), theirs.std()), atol=0.02)


def test_ids_that_are_in_no_table_are_named():
    table = nn.Embedding(27, 2)
    for wrong in (27, -1):
        with pytest.raises(IndexError, match=rf"27 rows, 0 to 26, got the id {wrong}"):
            table(Tensor([[0, 5], [wrong, 3]]))
    with pytest.raises(TypeError, match="float32"):
        table(Tensor([1.0]))
    with pytest.raises(ValueError, match=r"0\.\.2, got 0\.\.3"):
        functional.one_hot(Tensor([0, 3]), 3)
    with pytest.raises(ValueError, match="one of 3 rows, got 3"):
        nn.Embedding(3, 2, padding_idx=3)


def test_the_padding_learns_nothing_in_training():
    tinytorch.manual_seed(0)
    table = nn.Embedding(4, 3, padding_idx=0)
    optimizer = tinytorch.optim.Adam(table.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        table(Tensor([[0, 1], [2, 0]])).sum().backward()
        optimizer.step()
    assert table.weight.data[0].tolist() == [0.0] * 3


def test_a_row_longer_than_there_are_positions_is_refused_and_a_shorter_one_gets_its_part():
    place = PositionalEncoding(5, 4)
    zeros = tinytorch.zeros(2, 3, 4)
    np.testing.assert_array_equal(place(zeros).data[1], sinusoidal_positions(3, 4))
    with pytest.raises(ValueError, match="there are 5 positions, got a row of 6"):
        place(tinytorch.zeros(6, 4))


@some
@given(ids=st.lists(st.integers(0, 30), max_size=12), k=st.integers(1, 5))
def test_windows_and_what_follows_are_pieces_of_the_text(ids, k):
    windows, following = context_windows(ids, k)
    assert [[*window, after] for window, after in zip(windows.tolist(), following.tolist(), strict=True)] == [
        ids[i : i + k + 1] for i in range(len(ids) - k)
    ]


@some
@given(seed=SEEDS)
def test_the_nearest_of_all_is_a_stretched_copy(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(6, 4))
    vectors[4] = vectors[1] * rng.uniform(0.01, 100)
    assert nearest(vectors, 1, k=1).tolist() == [4]
