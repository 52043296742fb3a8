"""Values of modules 01 to 03 equal PyTorch's on random shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tinytorch
from tests.examples import examples
from tinytorch import nn
from tinytorch.core.tensor import Tensor
from tinytorch.nn import functional

pytestmark = pytest.mark.torch

FLOATS = st.floats(-30, 30, width=32, allow_subnormal=False)
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


def floats(shape, elements=FLOATS):
    return arrays.arrays("float32", shape, elements=elements)


def agree(ours, theirs, rtol=1e-5, atol=1e-6):
    assert ours.dtype == str(theirs.dtype).removeprefix("torch.")
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=rtol, atol=atol)


@settings(max_examples=examples(40))
@given(shapes=arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=5), data=st.data())
@pytest.mark.parametrize("name", ["add", "sub", "mul", "maximum", "minimum", "eq", "lt", "ge"])
def test_two_operands_broadcast(torch, name, shapes, data):
    a, b = (data.draw(floats(shape)) for shape in shapes.input_shapes)
    theirs = getattr(torch, name)(torch.tensor(a), torch.tensor(b))
    special = f"__{name}__"
    ours = (
        getattr(Tensor(a), special)(Tensor(b))
        if hasattr(Tensor, special)
        else getattr(tinytorch, name)(Tensor(a), Tensor(b))
    )
    agree(ours, theirs)


@settings(max_examples=examples(40))
@given(a=floats(SHAPES), b=st.floats(0.5, 20, width=32))
def test_division_and_powers(torch, a, b):
    agree(Tensor(a) / b, torch.tensor(a) / b)
    agree(b / (Tensor(a).abs() + 1), b / (torch.tensor(a).abs() + 1))
    agree(Tensor(a) ** 2, torch.tensor(a) ** 2)
    agree(Tensor(a).abs().sqrt(), torch.tensor(a).abs().sqrt())
    agree((Tensor(a).abs() + 1).log(), (torch.tensor(a).abs() + 1).log())
    agree(Tensor(a).clamp(-1, b), torch.tensor(a).clamp(-1, b))


@settings(max_examples=examples(40))
@given(a=floats(SHAPES), data=st.data())
@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin"])
def test_reductions_over_any_dimensions(torch, name, a, data):
    dim = data.draw(st.one_of(st.integers(-a.ndim, a.ndim - 1), arrays.valid_tuple_axes(a.ndim, min_size=1)))
    keepdim = data.draw(st.booleans())
    theirs = getattr(torch.tensor(a), name)(dim=dim, keepdim=keepdim)
    agree(getattr(Tensor(a), name)(dim=dim, keepdim=keepdim), theirs, atol=1e-4)


@settings(max_examples=examples(40))
@given(a=floats(arrays.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=5)), data=st.data())
def test_variance_and_largest_with_its_place(torch, a, data):
    dim, keepdim = data.draw(st.integers(-a.ndim, a.ndim - 1)), data.draw(st.booleans())
    for correction in (0, 1):
        theirs = torch.tensor(a).var(dim=dim, correction=correction, keepdim=keepdim)
        agree(Tensor(a).var(dim=dim, correction=correction, keepdim=keepdim), theirs, rtol=1e-4, atol=1e-3)
    ours, theirs = Tensor(a).max(dim=dim, keepdim=keepdim), torch.tensor(a).max(dim=dim, keepdim=keepdim)
    agree(ours.values, theirs.values)
    np.testing.assert_array_equal(
        np.take_along_axis(a, _kept(ours.indices.data, dim, keepdim), dim).ravel(), theirs.values.ravel()
    )
    agree(Tensor(a).max(), torch.tensor(a).max())


def _kept(indices, dim, keepdim):
    return indices if keepdim else np.expand_dims(indices, dim)


@settings(max_examples=examples(40))
@given(a=floats(SHAPES), data=st.data())
def test_shapes_move_as_in_pytorch(torch, a, data):
    ours, theirs = Tensor(a), torch.tensor(a)
    dims = data.draw(st.permutations(range(a.ndim)))
    one, other = data.draw(st.integers(-a.ndim, a.ndim - 1)), data.draw(st.integers(-a.ndim, a.ndim - 1))
    agree(ours.permute(*dims), theirs.permute(*dims))
    agree(ours.transpose(one, other), theirs.transpose(one, other))
    agree(ours.permute(dims).reshape(-1), theirs.permute(dims).reshape(-1))
    agree(ours.unsqueeze(one), theirs.unsqueeze(one))
    agree(ours.flatten(one), theirs.flatten(one))
    agree(tinytorch.stack([ours, ours], dim=one), torch.stack([theirs, theirs], dim=one))
    agree(tinytorch.cat([ours, ours], dim=one), torch.cat([theirs, theirs], dim=one))
    assert ours.contiguous().is_contiguous()


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((5, 2, 3), (5, 3, 4)), ((7, 1, 2, 3), (5, 3, 4))],
)
def test_matrix_products(torch, left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left).astype("float32"), rng.normal(size=right).astype("float32")
    agree(Tensor(a) @ Tensor(b), torch.tensor(a) @ torch.tensor(b))


@settings(max_examples=examples(40))
@given(a=floats(SHAPES))
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu"])
def test_activations(torch, name, a):
    theirs = getattr(torch.nn.functional, name)(torch.tensor(a))
    agree(getattr(functional, name)(Tensor(a)), theirs, atol=5e-6 if name == "gelu" else 1e-6)


@settings(max_examples=examples(40))
@given(a=arrays.arrays("float64", SHAPES, elements=st.floats(-30, 30)))
def test_gelu_is_exact_in_float64(torch, a):
    agree(functional.gelu(Tensor(a)), torch.nn.functional.gelu(torch.tensor(a)), rtol=1e-12, atol=1e-14)


@settings(max_examples=examples(40))
@given(a=floats(SHAPES, st.floats(-500, 500, width=32)), data=st.data())
def test_softmax_along_any_dimension(torch, a, data):
    dim = data.draw(st.integers(-a.ndim, a.ndim - 1))
    agree(functional.softmax(Tensor(a), dim=dim), torch.softmax(torch.tensor(a), dim=dim))


def test_a_model_with_pytorchs_state_computes_what_pytorchs_model_computes(torch):
    def build(library):
        return library.Sequential(
            library.Linear(6, 5), library.GELU(), library.Linear(5, 3, bias=False), library.Softmax(dim=-1)
        )

    ours, theirs = build(nn), build(torch.nn)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(4, 2, 6)).astype("float32")
    agree(ours(Tensor(x)), theirs(torch.tensor(x)).detach())


def test_a_linear_layer_starts_as_spread_as_pytorchs(torch):
    tinytorch.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = nn.Linear(400, 300), torch.nn.Linear(400, 300)
    for name in ("weight", "bias"):
        a, b = getattr(ours, name).data, getattr(theirs, name).detach().numpy()
        assert a.shape == b.shape
        np.testing.assert_allclose(a.std(), b.std(), rtol=0.1)
        assert np.abs(a).max() <= 1 / np.sqrt(400)
        np.testing.assert_allclose(np.abs(a).max(), np.abs(b).max(), rtol=0.05)


def test_dropout_keeps_the_share_and_the_mean_of_pytorchs(torch):
    tinytorch.manual_seed(0)
    torch.manual_seed(0)
    ours = functional.dropout(tinytorch.ones(400, 400), 0.3).data
    theirs = torch.nn.functional.dropout(torch.ones(400, 400), 0.3).numpy()
    assert set(np.unique(ours)) == set(np.unique(theirs))
    np.testing.assert_allclose((ours == 0).mean(), (theirs == 0).mean(), atol=0.01)


@pytest.mark.parametrize("word", ["zeros", "ones", "rand", "randn"])
def test_factories_take_sizes_or_a_shape(torch, word):
    for sizes in ((2, 3), ((2, 3),), (4,), ((),)):
        ours, theirs = getattr(tinytorch, word)(*sizes), getattr(torch, word)(*sizes)
        assert (ours.shape, f"torch.{ours.dtype}") == (tuple(theirs.shape), str(theirs.dtype))
    assert tinytorch.full((2,), 1.5).tolist() == torch.full((2,), 1.5).tolist()
    assert tinytorch.eye(3).tolist() == torch.eye(3).tolist()
    assert tinytorch.arange(2, 9, 3).tolist() == torch.arange(2, 9, 3).tolist()
    assert tinytorch.arange(0, 1, 0.25).tolist() == torch.arange(0, 1, 0.25).tolist()
