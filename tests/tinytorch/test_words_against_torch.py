"""Values and gradients of the words that no module teaches are PyTorch's: random shapes, extremes, empty, one."""

import numpy as np
import pytest

import tinytorch
from tinytorch.nn import functional

pytestmark = pytest.mark.torch

# Words of one tensor: name -> what is computed, with the framework `t` and its functional `f`.
SMOOTH = {
    "sin": lambda t, f, x: t.sin(x),
    "cos": lambda t, f, x: x.cos(),
    "square": lambda t, f, x: x.square(),
    "floor": lambda t, f, x: x.floor() + x,
    "sign": lambda t, f, x: x.sign() * x,
    "cumsum": lambda t, f, x: x.cumsum(-1),
    "prod of all": lambda t, f, x: (x / (1 + x.abs())).prod(),
    "prod": lambda t, f, x: (x / (1 + x.abs())).prod(dim=0),
    "sort": lambda t, f, x: x.sort(dim=-1).values * 2,
    "flip": lambda t, f, x: t.flip(x, [0]),
    "roll": lambda t, f, x: t.roll(x, 1, 0) * x,
    "tril": lambda t, f, x: t.tril(x.reshape(1, -1), 1),
    "triu": lambda t, f, x: t.triu(x.reshape(-1, 1)),
    "repeat": lambda t, f, x: x.flatten().repeat(3),
    "tile": lambda t, f, x: t.tile(x.flatten(), (2,)),
    "norm": lambda t, f, x: x.norm(),
    "norm 1": lambda t, f, x: x.norm(p=1, dim=-1),
    "std of two": lambda t, f, x: t.stack([x.flatten(), x.flatten() + 1]).std(dim=0),
    "var": lambda t, f, x: t.stack([x.flatten(), x.flatten() * 2]).var(dim=0, unbiased=False),
    "double": lambda t, f, x: x.double() * 2,
    "normalize": lambda t, f, x: f.normalize(x.reshape(1, -1)),
    "elu": lambda t, f, x: f.elu(x),
    "relu6": lambda t, f, x: f.relu6(x),
    "logsigmoid": lambda t, f, x: f.logsigmoid(x),
    "gelu by tanh": lambda t, f, x: f.gelu(x, approximate="tanh"),
    "l1": lambda t, f, x: f.l1_loss(x, x.detach() * 0.5 + 1),
    "smooth l1": lambda t, f, x: f.smooth_l1_loss(x, x.detach() * 0.5 + 1),
    "huber": lambda t, f, x: f.huber_loss(x, x.detach() + 0.25, delta=0.7),
    "nll": lambda t, f, x: f.nll_loss(x.reshape(-1, 1), t.zeros(x.numel()).long()),
    "bce": lambda t, f, x: f.binary_cross_entropy(t.sigmoid(x), t.ones_like(x)),
    "bce with pos_weight": lambda t, f, x: f.binary_cross_entropy_with_logits(
        x, t.ones_like(x), pos_weight=t.tensor(2.0)
    ),
    "smoothed": lambda t, f, x: f.cross_entropy(
        t.stack([x.flatten(), -x.flatten()], dim=1), t.zeros(x.numel()).long(), label_smoothing=0.1
    ),
    "weighted": lambda t, f, x: f.cross_entropy(
        t.stack([x.flatten(), -x.flatten()], dim=1), t.ones(x.numel()).long(), weight=t.tensor([1.0, 3.0])
    ),
}  # fmt: skip


def inputs(seed: int) -> list[np.ndarray]:
    """Draw shapes; add extremes, one element and none."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, size=rng.integers(1, 4)))
    drawn = (rng.normal(size=shape) * 3).astype("float32")
    extreme = np.array([[1e4, -1e4], [0.5, -2.0]], dtype="float32")
    return [drawn, extreme, np.array([1.5], dtype="float32"), np.zeros((0, 2), dtype="float32")]


def of(framework, functions, word, array):
    """Return value and gradient, as arrays."""
    x = framework.tensor(array, requires_grad=True)
    out = SMOOTH[word](framework, functions, x)
    out.sum().backward()
    return np.array(out.detach().numpy()), np.array(x.grad.numpy())


@pytest.mark.filterwarnings("ignore:.*degrees of freedom")  # PyTorch's, of no numbers
@pytest.mark.parametrize("word", SMOOTH)
def test_value_and_gradient_are_pytorchs(word):
    import torch

    for seed in range(2):
        for array in inputs(seed):
            ours = of(tinytorch, functional, word, array)
            theirs = of(torch, torch.nn.functional, word, array)
            for one, other in zip(ours, theirs, strict=True):
                assert one.shape == other.shape
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4, err_msg=f"{word} of {array}")


@pytest.mark.parametrize("seed", range(4))
def test_choices_are_pytorchs(seed):
    import torch

    array = np.random.default_rng(seed).integers(0, 6, size=(4, 5)).astype("float32")  # with ties
    ours, theirs = tinytorch.tensor(array), torch.tensor(array)
    for word in ("sort", "argsort"):
        for descending in (False, True):
            found = getattr(ours, word)(dim=1, descending=descending, stable=True)
            wanted = getattr(theirs, word)(dim=1, descending=descending, stable=True)
            pairs = [(found, wanted)] if word == "argsort" else zip(found, wanted, strict=True)
            for one, other in pairs:
                np.testing.assert_array_equal(one.numpy(), other.numpy())
    np.testing.assert_array_equal(ours.topk(3).values.numpy(), theirs.topk(3).values.numpy())
    np.testing.assert_array_equal(ours.median(dim=1).values.numpy(), theirs.median(dim=1).values.numpy())
    np.testing.assert_array_equal(ours.unique().numpy(), theirs.unique().numpy())
    np.testing.assert_array_equal((ours > 3).nonzero().numpy(), (theirs > 3).nonzero().numpy())
    np.testing.assert_array_equal(ours.cumprod(1).numpy(), theirs.cumprod(1).numpy())
    np.testing.assert_array_equal(((ours > 1) & (ours < 4)).numpy(), ((theirs > 1) & (theirs < 4)).numpy())
