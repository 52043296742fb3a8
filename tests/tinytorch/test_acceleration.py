"""Acceleration: PyTorch's numbers and gradients, equal to the slow versions', in limited memory, and reversible."""

import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch import nn, optim
from tinytorch.core import acceleration as core
from tinytorch.core.acceleration import FAST, accelerated
from tinytorch.core.activations import gelu
from tinytorch.core.losses import cross_entropy
from tinytorch.core.spatial import conv2d
from tinytorch.core.tensor import IMPLEMENTATIONS, IN_USE, Tensor, use_implementation
from tinytorch.testing import check_gradient

F = nn.functional
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 4)
some = settings(deadline=None, max_examples=examples(15))
SETTINGS = (1e-2, (0.9, 0.999), 1e-8)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def with_gradients(function, *arrays):
    """Return the result of a function of tensors, and the gradients of its sum of squares."""
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    out = function(*tensors)
    (out * out).sum().backward()
    return [out.data, *[tensor.grad.data for tensor in tensors]]


def agree(ours, theirs, tolerance=1e-5):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(b).max(initial=0.0))))


@some
@given(
    seed=SEEDS, count=st.integers(1, 18), channels=SIZES, out=SIZES, stride=st.integers(1, 3), padding=st.integers(0, 2)
)
def test_im2col_convolves_as_the_loops_do_forwards_and_backwards(seed, count, channels, out, stride, padding):
    x, w = normal(seed, count, channels, 6, 5), normal(seed + 1, out, channels, 3, 2)

    def convolve(a, b):
        return conv2d(a, b, stride=stride, padding=padding)

    expected = with_gradients(convolve, x, w)
    with accelerated(conv2d="im2col"):
        agree(with_gradients(convolve, x, w), expected)


def by_row(a):
    """Compute what the fused loss computes, from the formula."""
    picked = a[np.arange(len(a)), np.arange(len(a)) % a.shape[1]]
    return np.log(np.exp(a).sum(axis=1)) - picked


# name: (a function of tensors, numpy's, shapes): the slope is measured in float64, independently of any rule
BY_DIFFERENCES = {
    "cross_entropy_fused": (
        lambda z: core.cross_entropy_fused(z, np.arange(z.shape[0]) % z.shape[1]), by_row, [(5, 3)],
    ),
    "gelu_in_blocks": (gelu, lambda a: IMPLEMENTATIONS["gelu"]["default"](a), [(3, 4)]),
    "conv2d_im2col": (
        lambda x, w: conv2d(x, w, stride=2, padding=1),
        lambda x, w: IMPLEMENTATIONS["conv2d"]["default"](x, w, stride=2, padding=1),
        [(9, 2, 4, 3), (3, 2, 3, 2)],
    ),
    "unfold": (
        lambda x: core.unfold(x, (2, 3), padding=1, stride=2),
        lambda x: core.im2col(x, (2, 3), stride=2, padding=1),
        [(2, 2, 4, 3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_DIFFERENCES)
def test_gradients_are_those_of_central_differences(name):
    ours, numpys, shapes = BY_DIFFERENCES[name]
    with accelerated():
        check_gradient(ours, numpys, shapes, tensor=Tensor, rng=np.random.default_rng(16))


@some
@given(seed=SEEDS, kernel=st.tuples(SIZES, SIZES), stride=st.integers(1, 3), padding=st.integers(0, 2))
def test_col2im_is_the_adjoint_of_im2col(seed, kernel, stride, padding):
    x = normal(seed, 2, 3, 6, 5).astype("float64")
    columns = core.im2col(x, kernel, stride, padding)
    other = normal(seed + 1, *columns.shape).astype("float64")
    back = core.col2im(other, x.shape, kernel, stride, padding)
    assert math.isclose(float((columns * other).sum()), float((x * back).sum()), rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.torch
@some
@given(seed=SEEDS, kernel=st.tuples(SIZES, SIZES), stride=st.integers(1, 3), padding=st.integers(0, 2))
def test_unfold_is_pytorchs(seed, kernel, stride, padding):
    import torch

    x = normal(seed, 2, 3, 6, 5)
    theirs = torch.tensor(x, requires_grad=True)
    out = torch.nn.functional.unfold(theirs, kernel, padding=padding, stride=stride)
    (out * out).sum().backward()
    ours = with_gradients(lambda a: F.unfold(a, kernel, padding=padding, stride=stride), x)
    agree(ours, [out.detach().numpy(), theirs.grad.numpy()])


@some
@given(seed=SEEDS, rows=SIZES, classes=st.integers(2, 6), reduction=st.sampled_from(["mean", "sum", "none"]))
def test_the_fused_loss_is_the_one_of_small_operations(seed, rows, classes, reduction):
    z, y = normal(seed, rows, classes), np.random.default_rng(seed).integers(0, classes, size=rows)
    expected = with_gradients(lambda a: cross_entropy(a, Tensor(y), reduction=reduction), z)
    with accelerated(cross_entropy="fused"):
        agree(with_gradients(lambda a: cross_entropy(a, Tensor(y), reduction=reduction), z), expected)


@pytest.mark.torch
@some
@given(seed=SEEDS, rows=SIZES, classes=st.integers(2, 6), reduction=st.sampled_from(["mean", "sum", "none"]))
def test_the_fused_loss_is_pytorchs(seed, rows, classes, reduction):
    import torch

    z, y = normal(seed, rows, classes), np.random.default_rng(seed).integers(0, classes, size=rows)
    theirs = torch.tensor(z, requires_grad=True)
    out = torch.nn.functional.cross_entropy(theirs, torch.tensor(y), reduction=reduction)
    (out * out).sum().backward()
    with accelerated(cross_entropy="fused"):
        ours = with_gradients(lambda a: F.cross_entropy(a, Tensor(y), reduction=reduction), z)
    agree(ours, [out.detach().numpy(), theirs.grad.numpy()])


# PyTorch 2.13's values for the logits (2, 1, 0), class 0, and for gelu at -1, 0, 1; they are checked without PyTorch.
def test_recorded_numbers():
    z = Tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    with accelerated():
        loss = cross_entropy(z, Tensor([0]))
        loss.backward()
        a = Tensor([-1.0, 0.0, 1.0], requires_grad=True)
        out = gelu(a)
        out.sum().backward()
    agree([loss.data, z.grad.data], [0.40760598, np.array([[-0.3347591, 0.24472848, 0.09003057]])])
    agree([out.data, a.grad.data], [np.array([-0.15865526, 0, 0.8413447]), np.array([-0.08331543, 0.5, 1.0833154])])


@pytest.mark.torch
def test_adam_in_place_goes_where_pytorchs_adam_goes():
    import torch

    w, x = normal(1, 4, 3), normal(2, 8, 4)
    ours, theirs = nn.Parameter(w.copy()), torch.nn.Parameter(torch.tensor(w))
    mine, other = optim.Adam([ours], lr=0.01), torch.optim.Adam([theirs], lr=0.01)
    for _ in range(5):
        for optimizer, parameter, data in ((mine, ours, Tensor(x)), (other, theirs, torch.tensor(x))):
            optimizer.zero_grad()
            ((data @ parameter) ** 2).mean().backward()
            with accelerated(adam_step="in_place"):
                optimizer.step()
    agree([ours.data], [theirs.detach().numpy()])


@some
@given(
    seed=SEEDS,
    shape=st.sampled_from([(), (1,), (7, 3), (40_000,), (300, 100), (2, 3, 4), (0, 3)]),
    t=st.integers(1, 50),
)
def test_adam_in_place_has_the_bits_of_adam_step(seed, shape, t):
    p, g, m = (normal(seed + i, *shape) for i in range(3))
    v = np.square(m)
    expected = IMPLEMENTATIONS["adam_step"]["default"](p, g, m, v, t, *SETTINGS)
    given_arrays = [np.array(a) for a in (p, m, v)]
    core.adam_in_place(given_arrays[0], g, *given_arrays[1:], t, *SETTINGS)
    for array, other in zip(given_arrays, expected, strict=True):
        assert array.tobytes() == np.asarray(other, dtype="float32").tobytes()


def trained(*names_by_step):
    """Train a layer with other implementations in each step; return its weights."""
    layer = nn.Linear(4, 3)
    layer.weight.data, layer.bias.data = normal(3, 3, 4), normal(4, 3)
    optimizer, x, y = optim.Adam(layer.parameters(), lr=0.01), Tensor(normal(5, 8, 4)), Tensor(np.arange(8) % 3)
    for names in names_by_step:
        with accelerated(**names):
            optimizer.zero_grad()
            F.cross_entropy(F.gelu(layer(x)), y).backward()
            optimizer.step()
    return layer.weight.data


@pytest.mark.as_built
def test_names_switched_during_a_training_leave_its_bits_or_differ_by_rounding():
    usual = dict.fromkeys(FAST, "default")
    plain = trained(*[usual] * 6)
    assert trained(*[{"adam_step": "in_place"}, usual] * 3).tobytes() == plain.tobytes()
    agree([trained(*[FAST, usual] * 3), trained(*[FAST] * 6)], [plain, plain])


@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_are_views_whose_rows_are_all_rows(order):
    array = np.asarray(normal(0, 501, 97), order=order)
    parts = [part for (part,) in core.in_blocks(array)]
    assert len(parts) == math.ceil(501 / (core.BLOCK * 501 // array.size))
    assert all(np.shares_memory(part, array) for part in parts)
    assert np.concatenate(parts).tobytes() == np.ascontiguousarray(array).tobytes()


@some
@given(seed=SEEDS, shape=st.sampled_from([(), (5,), (40_000,), (3, 0), (2, 3, 4)]))
def test_gelu_in_blocks_is_gelu_with_its_gradient(seed, shape):
    a = 3 * normal(seed, *shape)
    expected = with_gradients(gelu, a)
    with accelerated(gelu="blocks"):
        agree(with_gradients(gelu, a), expected)


def peak(run):
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_peaks_are_bounded():
    x, w = normal(0, 64, 8, 14, 14), normal(1, 8, 8, 3, 3)
    assert peak(lambda: core.conv2d_im2col(x, w, padding=1)) < 3.5 * x.nbytes
    z, y = normal(2, 600, 300), np.zeros(600, dtype="int64")
    assert peak(lambda: core.cross_entropy_fused(Tensor(z), y)) < 1.2 * z.nbytes
    p, g, m, v = (np.ones((1000, 500), dtype="float32") for _ in range(4))
    assert peak(lambda: core.adam_in_place(p, g, m, v, 1, *SETTINGS)) < 0.3 * p.nbytes
    assert peak(lambda: core.gelu_in_blocks(p)) < 2.6 * p.nbytes


def test_names_are_given_back_also_after_an_error_and_for_a_name_that_nobody_has():
    before = dict(IN_USE)
    with accelerated():
        assert {operation: IN_USE[operation] for operation in FAST} == FAST
        with accelerated(conv2d="default"):
            assert IN_USE["conv2d"] == "default"
        assert IN_USE["conv2d"] == "im2col"
    assert before == IN_USE
    with pytest.raises(RuntimeError), accelerated(gelu="blocks"):
        raise RuntimeError
    with pytest.raises(KeyError, match="winograd"), accelerated(gelu="blocks", conv2d="winograd"):
        pass
    assert before == IN_USE


def test_a_result_goes_back_by_the_rule_of_the_implementation_that_made_it():
    a = Tensor(normal(0, 50), requires_grad=True)
    with accelerated(gelu="blocks"):
        out = gelu(a)
    out.sum().backward()
    kept = a.grad.data
    a.grad = None
    before = use_implementation("gelu", "default")
    try:
        gelu(a).sum().backward()
    finally:
        use_implementation("gelu", before)
    agree([kept], [a.grad.data])


def test_importing_it_changes_nothing_whatever_comes_first():
    code = (
        "import tinytorch.core.acceleration, tinytorch.core.optimizers\n"
        "from tinytorch.core.tensor import IN_USE\nprint({name for name in IN_USE.values()})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "{'default'}", done.stderr
