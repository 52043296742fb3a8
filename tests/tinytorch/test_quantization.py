"""Quantization: errors of half a step at most, PyTorch's grids and gradients, layers in bytes, and what is refused."""

import copy
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.examples import examples
from tinytorch import nn, no_grad
from tinytorch.core import quantization as core
from tinytorch.core.tensor import Tensor

SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.sampled_from([(5,), (3, 4), (4, 2, 3, 3)])
BITS = st.integers(2, 8)
some = settings(deadline=None, max_examples=examples(25))
HALF_A_STEP = 0.5 * 1.0001  # in steps; float32 rounds, too


def drawn(rng, *shape):
    return (rng.normal(size=shape) * rng.uniform(0.01, 50)).astype("float32")


def off_ties(rng, shape, scale):
    """Draw numbers that are clearly nearer to one place than to another, since ties can be rounded in two ways."""
    places = rng.integers(-200, 200, size=shape) + rng.uniform(-0.49, 0.49, size=shape)
    return (places * scale).astype("float32")


@some
@given(seed=SEEDS, shape=SHAPES, bits=BITS, per_row=st.booleans())
def test_there_and_back_no_number_moves_by_more_than_half_a_step(seed, shape, bits, per_row):
    x = drawn(np.random.default_rng(seed), *shape)
    last, per_row = core.last_place(bits), per_row and x.ndim > 1
    scale = core.scale_for(x, last, per_row)
    places = core.quantize(x, scale, first=-last, last=last)
    back = core.dequantize(places, scale)
    assert (places.dtype, back.dtype, places.shape, back.shape) == ("int8", "float32", x.shape, x.shape)
    assert (abs(back - x) <= HALF_A_STEP * scale).all()
    np.testing.assert_array_equal(core.quantize(back, scale, first=-last, last=last), places)
    np.testing.assert_array_equal(core.quantize(-x, scale, first=-last, last=last), -places)
    assert abs(places.astype(int)).max() == last and places.min() >= -last


# Dequantized numbers are float32, which can't represent a range below its smallest numbers.
WIDTHS = st.just(0.0) | st.floats(1e-30, 100)


@some
@given(seed=SEEDS, width=WIDTHS, bits=BITS, side=st.sampled_from(["around", "above", "below", "constant"]))
def test_on_a_range_no_number_moves_by_more_than_half_a_step_and_0_stays(seed, width, bits, side):
    rng = np.random.default_rng(seed)
    start = {"around": -width * rng.uniform(), "above": rng.uniform(0, 50), "below": -width - rng.uniform(0, 50)}
    low = start.get(side, rng.normal())
    high = low if side == "constant" else low + width
    first, last = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    scale, zero_point = core.affine_parameters(low, high, first, last)
    assert scale > 0 and type(zero_point) is int and first <= zero_point <= last
    x = np.append(rng.uniform(low, high, size=50), [low, high])

    def back(numbers):
        return core.dequantize(core.quantize(numbers, scale, zero_point, first, last), scale, zero_point)

    assert (abs(back(x) - x) <= HALF_A_STEP * scale + 1e-5 * abs(x)).all()
    assert back(np.zeros(1))[0] == 0
    if side == "constant":
        np.testing.assert_allclose(back(x), x, rtol=1e-5)


@some
@given(seed=SEEDS, rows=st.integers(1, 12), front=st.lists(st.integers(1, 3), max_size=2).map(tuple))
def test_blocks_of_any_size_give_what_the_whole_layer_gives(seed, rows, front):
    rng = np.random.default_rng(seed)
    q, scale, bias = rng.integers(-127, 128, (9, 4)).astype("int8"), drawn(rng, 9, 1), drawn(rng, 9)
    x = drawn(rng, *front, 4)
    whole = x.astype("float64") @ (q * scale.astype("float64")).T + bias
    out = core.quantized_linear(x, q, scale, bias, rows)
    np.testing.assert_allclose(out, whole, rtol=1e-4, atol=1e-5 * abs(whole).max())
    assert out.dtype == "float32"


def test_one_block_at_a_time_is_made_floats():
    q, scale = np.ones((2048, 256), dtype="int8"), np.ones((2048, 1), dtype="float32")
    x = np.ones((1, 256), dtype="float32")
    tracemalloc.start()
    core.quantized_linear(x, q, scale, rows=32)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < q.size * 4 / 8


# PyTorch 2.13's values
NUMBERS = np.array([[-1.3, 0.42, 0.0, 2.0], [0.073, -0.6, 0.916, -3.1]], dtype="float32")
PER_TENSOR = [[-1.3, 0.42, 0.0, 2.0], [0.08, -0.6, 0.92, -1.76]]
PER_ROW = [[-1.27, 0.42, 0.0, 1.27], [0.08, -0.6, 0.92, -2.54]]
OBSERVED = {
    (-1.0, 4.1): (0.019999999552965164, -78),
    (5.0, 6.0): (0.0235294122248888, -128),
    (-6.0, -5.0): (0.0235294122248888, 127),
    (-0.3, 0.1): (0.0015686274273321033, 63),
    (7.0, 7.0): (0.027450980618596077, -128),
}


def test_numbers_and_gradients_are_those_that_pytorch_gave():
    x = Tensor(NUMBERS, requires_grad=True)
    out = tinytorch.fake_quantize_per_tensor_affine(x, 0.02, -40, -128, 127)
    np.testing.assert_allclose(out.data, PER_TENSOR, atol=1e-6)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[1, 1, 1, 1], [1, 1, 1, 0]])
    x.grad = None
    scale, zeros = Tensor([0.01, 0.02]), Tensor([0, 0])
    out = tinytorch.fake_quantize_per_channel_affine(x, scale, zeros, 0, -127, 127)
    np.testing.assert_allclose(out.data, PER_ROW, atol=1e-6)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[0, 1, 1, 0], [1, 1, 1, 0]])
    places = core.quantize(NUMBERS, 0.02, -40, -128, 127)
    np.testing.assert_array_equal(places, [[-105, -19, -40, 60], [-36, -70, 6, -128]])


@pytest.mark.parametrize(("bounds", "expected"), OBSERVED.items())
def test_grids_of_ranges_are_those_that_pytorchs_observer_gave(bounds, expected):
    scale, zero_point = core.affine_parameters(*bounds)
    assert (scale, zero_point) == (pytest.approx(expected[0], rel=1e-6), expected[1])


@pytest.mark.torch
@some
@given(seed=SEEDS, per_row=st.booleans())
def test_fake_quantization_and_its_gradients_are_pytorchs(seed, per_row):
    import torch

    rng = np.random.default_rng(seed)
    first, last = -int(rng.integers(1, 129)), int(rng.integers(1, 128))
    scale = rng.uniform(0.01, 1, size=3 if per_row else ()).astype("float32")
    x = off_ties(rng, (3, 20), scale[:, None] if per_row else scale)
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    if per_row:
        zeros = np.zeros(3, dtype="int32")
        out = tinytorch.fake_quantize_per_channel_affine(ours, scale, zeros, 0, first, last)
        expected = torch.fake_quantize_per_channel_affine(
            theirs, torch.tensor(scale), torch.tensor(zeros), 0, first, last
        )
    else:
        zero_point = int(rng.integers(first, last + 1))
        out = tinytorch.fake_quantize_per_tensor_affine(ours, float(scale), zero_point, first, last)
        expected = torch.fake_quantize_per_tensor_affine(theirs, float(scale), zero_point, first, last)
    np.testing.assert_allclose(out.data, expected.detach(), rtol=1e-5, atol=1e-6)
    start = rng.normal(size=x.shape).astype("float32")
    out.backward(Tensor(start))
    expected.backward(torch.tensor(start))
    np.testing.assert_array_equal(ours.grad.data, theirs.grad)


@pytest.mark.torch
@some
@given(seed=SEEDS, bits=BITS)
def test_scales_and_zero_points_are_those_of_pytorchs_observers(seed, bits):
    import torch
    from torch.ao.quantization import MinMaxObserver, PerChannelMinMaxObserver

    rng = np.random.default_rng(seed)
    x = drawn(rng, 3, 7) + np.float32(rng.normal() * 10)
    low, high = float(x.min()), float(x.max())
    first, last = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    observer = MinMaxObserver(torch.qint8, torch.per_tensor_affine, quant_min=first, quant_max=last)
    observer(torch.tensor(x))
    scale, zero_point = (t.item() for t in observer.calculate_qparams())
    our_scale, our_zero_point = core.affine_parameters(low, high, first, last)
    np.testing.assert_allclose(our_scale, scale, rtol=1e-5)
    if abs(min(low, 0) / scale % 1 - 0.5) > 1e-3:  # otherwise float32 and float64 may round in different directions
        assert our_zero_point == zero_point
    rows = PerChannelMinMaxObserver(0, torch.qint8, torch.per_channel_symmetric, quant_min=-last, quant_max=last)
    rows(torch.tensor(x))
    np.testing.assert_allclose(core.scale_for(x, last, per_row=True)[:, 0], rows.calculate_qparams()[0], rtol=1e-5)


@some
@given(seed=SEEDS, keep=st.floats(0.1, 1), cuts=st.lists(st.integers(1, 20), min_size=1, max_size=4))
def test_the_range_is_that_of_all_numbers_however_they_come_in_batches(seed, keep, cuts):
    numbers = drawn(np.random.default_rng(seed), sum(cuts))
    batches = np.split(numbers, np.cumsum(cuts)[:-1])
    low, high = core.calibrate((batch for batch in batches), keep)
    np.testing.assert_allclose((low, high), np.quantile(numbers, [(1 - keep) / 2, (1 + keep) / 2]), rtol=1e-5)
    assert core.calibrate(batches) == (numbers.min(), numbers.max())


@pytest.fixture
def model():
    tinytorch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 40), nn.ReLU(), nn.Sequential(nn.Linear(40, 5, bias=False), nn.Identity()))


@pytest.mark.parametrize("per_row", [True, False])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_a_model_in_bytes_computes_with_the_rounded_weights(model, bits, per_row):
    x = Tensor(drawn(np.random.default_rng(0), 6, 12))
    before, small = model.state_dict(), core.quantize_model(model, bits, per_row)
    assert {name: tensor.data.tobytes() for name, tensor in model.state_dict().items()} == {
        name: tensor.data.tobytes() for name, tensor in before.items()
    }
    rounded = copy.deepcopy(model)
    for layer in (rounded[0], rounded[2][0]):
        last = core.last_place(bits)
        scale = core.scale_for(layer.weight.data, last, per_row)
        layer.weight.data = core.dequantize(core.quantize(layer.weight.data, scale, 0, -last, last), scale)
    with no_grad():
        np.testing.assert_allclose(small(x).data, rounded(x).data, rtol=1e-4, atol=1e-4)
    assert [small[0].weight.dtype, small[2][0].weight.dtype] == ["int8", "int8"]
    assert list(small.parameters()) == [] and small[2][0].bias is None


def test_a_state_in_bytes_is_saved_loaded_and_computes_the_same_bits(model, tmp_path):
    small = core.quantize_model(model)
    kinds = {name: tensor.dtype for name, tensor in small.state_dict().items()}
    assert kinds == {
        "0.weight": "int8", "0.scale": "float32", "0.bias": "float32", "2.0.weight": "int8", "2.0.scale": "float32"
    }  # fmt: skip
    tinytorch.save(small.state_dict(), tmp_path / "small.npz")
    other = core.quantize_model(nn.Sequential(*copy.deepcopy(list(model))))
    for parameter in model.parameters():
        parameter.data = parameter.data + 1
    other = core.quantize_model(model)
    other.load_state_dict(tinytorch.load(tmp_path / "small.npz"))
    x = Tensor(drawn(np.random.default_rng(0), 6, 12))
    np.testing.assert_array_equal(other(x).data, small(x).data)
    assert other[0].weight.dtype == "int8"


def test_a_transformer_in_bytes_says_nearly_the_same():
    from tinytorch.core.transformers import Transformer

    tinytorch.manual_seed(0)
    model = Transformer(vocabulary=11, context=8, dim=32, heads=4, layers=2)
    ids = Tensor(np.random.default_rng(0).integers(0, 11, size=(2, 8)))
    small = core.quantize_model(model)
    with no_grad():
        difference = abs(small(ids).data - model(ids).data).max()
    assert 0 < difference < 0.02
    kinds = {type(module).__name__ for module in small.modules()}
    assert "QuantizedLinear" in kinds and "Linear" not in kinds and "Embedding" in kinds


def test_a_layer_that_stands_in_two_places_stays_one():
    layer = nn.Linear(4, 4)
    small = core.quantize_model(nn.Sequential(layer, nn.ReLU(), layer))
    assert small[0] is small[2]
    assert isinstance(core.quantize_model(layer), core.QuantizedLinear)


def test_kernels_of_a_convolution_have_a_scale_each():
    kernels = drawn(np.random.default_rng(0), 4, 2, 3, 3)
    scale = core.scale_for(kernels, per_row=True)
    assert scale.shape == (4, 1, 1, 1)
    np.testing.assert_allclose(scale[:, 0, 0, 0], abs(kernels).max(axis=(1, 2, 3)) / 127, rtol=1e-6)


def test_what_is_refused_says_what_would_fit():
    layer = nn.Linear(2, 2)
    for bits in (1, 9):
        with pytest.raises(ValueError, match=f"2 to 8 bits, got {bits}"):
            core.QuantizedLinear(layer, bits)
    small = core.QuantizedLinear(layer)
    with pytest.raises(ValueError, match="no_grad"):
        small(Tensor(np.ones((1, 2)), requires_grad=True))
    layer.weight.data = np.full((2, 2), np.nan)
    with pytest.raises(ValueError, match="no place on a grid"):
        core.QuantizedLinear(layer)
    x = Tensor([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"got 0, 3, 255; subtract 128"):
        tinytorch.fake_quantize_per_tensor_affine(x, 0.1, 3, 0, 255)
    with pytest.raises(ValueError, match=r"zero_point=\[0, 1\]"):
        tinytorch.fake_quantize_per_channel_affine(x, Tensor([0.1, 0.1]), Tensor([0, 1]), 1, -128, 127)


def test_pytorchs_words_and_the_layer_call_what_the_exercises_define(monkeypatch):
    called = []
    for name in ("scale_for", "quantize", "dequantize", "quantized_linear"):
        function = getattr(core, name)
        monkeypatch.setattr(core, name, lambda *a, n=name, f=function, **o: called.append(n) or f(*a, **o))
    layer = core.QuantizedLinear(nn.Linear(3, 2))
    assert called == ["scale_for", "quantize"]
    called.clear()
    layer(Tensor(np.ones((1, 3), dtype="float32")))
    assert called == ["quantized_linear", "dequantize"]
    called.clear()
    tinytorch.fake_quantize_per_tensor_affine(Tensor([1.0]), 0.1, 0, -128, 127)
    assert called == ["quantize", "dequantize"]
