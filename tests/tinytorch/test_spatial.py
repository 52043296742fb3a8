"""Convolution, pooling and batch norm have PyTorch's values and gradients; gradients also equal central differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch import Tensor, manual_seed, nn, no_grad
from tinytorch.core.spatial import conv2d, conv2d_macs, conv_output_size
from tinytorch.nn import functional as F
from tinytorch.testing import check_gradient

SEEDS = st.integers(0, 2**32 - 1)
some = settings(max_examples=examples(15), deadline=None)


@pytest.fixture(scope="module")
def torch():
    import torch

    torch.set_num_threads(1)
    return torch


def both(torch, array):
    return Tensor(array.copy(), requires_grad=True), torch.tensor(array, requires_grad=True)


def agree(ours, theirs, rtol=1e-4, atol=1e-5):
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=rtol, atol=atol)


def agree_with_gradients(ours, theirs, pairs, rng):
    """Compare results, then the gradients for one random gradient of the results."""
    agree(ours, theirs)
    blame = rng.normal(size=ours.shape).astype("float32")
    ours.backward(Tensor(blame))
    theirs.backward(theirs.new_tensor(blame))
    for our_input, their_input in pairs:
        agree(our_input.grad, their_input.grad)


@pytest.mark.torch
@some
@given(
    seed=SEEDS,
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_convolution_is_pytorchs(torch, seed, stride, padding, kernel):
    rng = np.random.default_rng(seed)
    n, fan_in, fan_out, height, width = (int(each) for each in rng.integers(1, 6, 5))
    arrays = [rng.normal(size=shape).astype("float32") for shape in (
        (n, fan_in, height + 2, width + 2), (fan_out, fan_in, *kernel), (fan_out,)
    )]  # fmt: skip
    pairs = [both(torch, array) for array in arrays]
    ours, theirs = zip(*pairs, strict=True)
    options = {"stride": stride, "padding": padding}
    agree_with_gradients(F.conv2d(*ours, **options), torch.nn.functional.conv2d(*theirs, **options), pairs, rng)
    assert conv2d_macs(ours[0].shape, ours[1].shape, **options) == F.conv2d(
        *ours, **options
    ).numel() * fan_in * np.prod(kernel)


@pytest.mark.torch
@some
@given(seed=SEEDS, size=st.integers(1, 3))
def test_pooling_is_pytorchs_also_where_numbers_are_equal(torch, seed, size):
    rng = np.random.default_rng(seed)
    height, width = (int(each) for each in rng.integers(3, 8, 2))
    x = rng.integers(0, 3, size=(2, 3, height, width)).astype("float32")
    for name, options in {
        "max_pool2d": {"kernel_size": size},
        "avg_pool2d": {"kernel_size": size, "stride": 2},
        "adaptive_avg_pool2d": {"output_size": (size, 2)},
    }.items():
        ours, theirs = both(torch, x)
        result = getattr(F, name)(ours, **options)
        agree_with_gradients(result, getattr(torch.nn.functional, name)(theirs, **options), [(ours, theirs)], rng)


@pytest.mark.torch
@some
@given(seed=SEEDS, images=st.booleans())
def test_batch_norm_is_pytorchs_in_training_and_evaluation(torch, seed, images):
    rng = np.random.default_rng(seed)
    kind = "BatchNorm2d" if images else "BatchNorm1d"
    ours, theirs = getattr(nn, kind)(3, momentum=0.3), getattr(torch.nn, kind)(3, momentum=0.3)
    for _ in range(2):
        our_x, their_x = both(torch, rng.normal(2, 3, size=(4, 3, 2, 5) if images else (4, 3)).astype("float32"))
        agree_with_gradients(ours(our_x), theirs(their_x), [(our_x, their_x)], rng)
    agree(ours.weight.grad, theirs.weight.grad)
    agree(ours.bias.grad, theirs.bias.grad)
    agree(ours.running_mean, theirs.running_mean)
    agree(ours.running_var, theirs.running_var)
    agree_with_gradients(ours.eval()(our_x), theirs.eval()(their_x), [], rng)
    assert set(ours.state_dict()) == set(theirs.state_dict()) - {"num_batches_tracked"}


@pytest.mark.torch
def test_one_script_gives_equal_numbers_under_both_frameworks(torch):
    """The frame of an ordinary script: layers with PyTorch's names, the same state, forward, loss, backward."""

    def model(nn):
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=1, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 6, kernel_size=(3, 2)), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten(), nn.Linear(6, 3),
        )  # fmt: skip

    manual_seed(0)
    ours, theirs = model(nn), model(torch.nn)
    state = ours.state_dict()
    theirs.load_state_dict({name: torch.tensor(x.data) for name, x in state.items()}, strict=False)
    x, y = np.random.default_rng(0).normal(size=(5, 1, 12, 12)).astype("float32"), np.array([0, 1, 2, 1, 0])
    our_loss = F.cross_entropy(ours(Tensor(x)), Tensor(y))
    their_loss = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
    agree(our_loss, their_loss)
    our_loss.backward()
    their_loss.backward()
    for our_p, their_p in zip(ours.parameters(), theirs.parameters(), strict=True):
        agree(our_p.grad, their_p.grad)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_gradients_by_central_differences(stride, padding):
    def numpys(x, w):
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        return np.einsum("ncrsij,ocij->nors", windows, w)

    check_gradient(
        lambda x, w: conv2d(x, w, stride=stride, padding=padding), numpys, [(2, 2, 5, 6), (3, 2, 3, 2)], tensor=Tensor
    )  # fmt: skip


def test_positions_and_names_mean_the_same():
    x, w = (
        Tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)
        for shape in ((1, 1, 6, 6), (1, 1, 3, 3))
    )
    F.conv2d(x, w, None, 2, 1).sum().backward()
    by_position, x.grad = x.grad.data, None
    F.conv2d(x, w, bias=None, stride=2, padding=1).sum().backward()
    assert np.array_equal(by_position, x.grad.data)
    assert F.max_pool2d(x, (2, 2), stride=2).shape == (1, 1, 3, 3)


@settings(max_examples=examples(25), deadline=None)
@given(seed=SEEDS, down=st.integers(0, 3), right=st.integers(0, 3))
def test_a_shift_of_the_image_is_a_shift_of_the_map(seed, down, right):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(1, 2, 9, 9)), Tensor(rng.normal(size=(3, 2, 3, 3)))
    with no_grad():
        here, there = conv2d(Tensor(x), w).data, conv2d(Tensor(np.roll(x, (down, right), axis=(2, 3))), w).data
    assert np.allclose(there[..., down:, right:], here[..., : 7 - down, : 7 - right])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nn.Conv2d(3, 4, 3)(Tensor(np.ones((1, 2, 5, 5)))), "channels come second"),
        (lambda: nn.Conv2d(1, 4, 3)(Tensor(np.ones((1, 5, 5)))), r"unsqueeze\(1\) adds the axis"),
        (lambda: nn.Conv2d(1, 4, 7)(Tensor(np.ones((1, 1, 5, 5)))), "got 5 for 7"),
        (lambda: nn.MaxPool2d(3, stride=2)(Tensor(np.ones((1, 1, 5, 5)))), "stride = kernel_size"),
        (lambda: nn.BatchNorm2d(2)(Tensor(np.ones((1, 2, 1, 1)))), "at least 2 numbers"),
        (lambda: nn.BatchNorm1d(2)(Tensor(np.ones((1, 2, 3, 3)))), "takes 2 axes"),
    ],
)
def test_what_does_not_fit_is_told_with_a_remedy(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_places_are_whole():
    assert [conv_output_size(n, 3, stride=2) for n in (3, 4, 5, 6)] == [1, 1, 2, 2]
