"""Functions that no module teaches have PyTorch's values and gradients: random shapes, extremes, empty, one element."""

import numpy as np
import pytest

import tinytorch
from tinytorch.nn import functional

pytestmark = pytest.mark.torch

# Functions of one tensor: name -> what is computed, with the framework `t` and its functional `f`.
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
    "tan": lambda t, f, x: (x / (1 + x.abs())).tan(),
    "logarithms": lambda t, f, x: x.abs().log1p() + (x.abs() + 1).log2() + t.log10(x.abs() + 1),
    "expm1": lambda t, f, x: (x / (1 + x.abs())).expm1(),
    "fractions": lambda t, f, x: (x.abs() + 1).reciprocal() + (x.abs() + 1).rsqrt(),
    "remainder": lambda t, f, x: x % 3.0,
    "pow": lambda t, f, x: x.pow(2) + x.abs().pow(1.5),
    "cumprod": lambda t, f, x: (x / (1 + x.abs())).cumprod(0),
    "logsumexp": lambda t, f, x: t.cat([x.flatten(), x.new_ones(1)]).logsumexp(0),
    "median": lambda t, f, x: t.cat([x.flatten(), x.new_ones(1)]).median() * 2,
    "topk": lambda t, f, x: t.cat([x.flatten(), x.new_ones(1) * 0.3, x.new_ones(1) * 0.7]).topk(2).values,
    "max": lambda t, f, x: t.cat([x.flatten(), x.new_ones(1) * 0.3]).max(dim=0).values * 2,
    "min": lambda t, f, x: t.cat([x.flatten(), x.new_ones(1) * 0.3]).min() * 2,
    "split": lambda t, f, x: t.cat([part * i for i, part in enumerate(x.flatten().split(2))] + [x.new_ones(1)]),
    "chunk": lambda t, f, x: t.cat([part * i for i, part in enumerate(x.flatten().unsqueeze(1).chunk(2, dim=1))]),
    "unbind": lambda t, f, x: t.stack([*t.stack([x, x * 3]).unbind(0)]),
    "narrow": lambda t, f, x: t.stack([x, x * 2, x * 3]).narrow(0, 1, 2),
    "select": lambda t, f, x: t.stack([x, x * 2]).select(0, 1),
    "index_select": lambda t, f, x: t.stack([x, x * 2]).index_select(0, t.tensor([1, 1, 0])),
    "masked_select": lambda t, f, x: x.masked_select(x > 0) * 2,
    "masked_fill": lambda t, f, x: x.masked_fill(x > 0, 7.0) * 2,
    "where": lambda t, f, x: t.where(x > 0, x, x * x),
    "gather": lambda t, f, x: t.stack([x.flatten(), -x.flatten()]).gather(0, t.ones(1, x.numel()).long()),
    "scatter": lambda t, f, x: t.zeros(2, x.numel()).scatter(0, t.ones(1, x.numel()).long(), x.reshape(1, -1)),
    "repeat_interleave": lambda t, f, x: x.repeat_interleave(2, dim=0) * 2,
    "movedim": lambda t, f, x: t.stack([x, x * 2]).movedim(0, -1),
    "expand": lambda t, f, x: x.unsqueeze(0).expand(3, *x.shape),
    "squeeze": lambda t, f, x: x.unsqueeze(0).squeeze() * 2,
    "unflatten": lambda t, f, x: x.reshape(1, -1).unflatten(0, (1, 1)),
    "diag": lambda t, f, x: x.flatten().diag(),
    "lerp": lambda t, f, x: x.lerp(x * x, 0.25),
    "products": lambda t, f, x: t.mm(x.reshape(-1, 1), x.reshape(1, -1)).sum() + t.dot(x.flatten(), x.flatten()),
    "outer": lambda t, f, x: t.outer(x.flatten(), x.flatten()),
    "mv": lambda t, f, x: t.mv(x.reshape(-1, 1), x.new_ones(1)),
    "bmm": lambda t, f, x: t.bmm(x.reshape(1, -1, 1), x.new_ones(1, 1, 2)),
    "addmm": lambda t, f, x: t.addmm(x.new_ones(1), x.reshape(-1, 1), x.new_ones(1, 2)),
    "log_softmax": lambda t, f, x: f.log_softmax(t.stack([x.flatten(), -x.flatten()]), dim=0),
    "softplus": lambda t, f, x: f.softplus(x),
    "prelu": lambda t, f, x: f.leaky_relu(x, 0.2),
    "cosine": lambda t, f, x: f.cosine_similarity(x.reshape(1, -1), x.detach().reshape(1, -1) + 1),
    "kl": lambda t, f, x: f.kl_div(x, t.ones_like(x) * 0.5, reduction="sum"),
    "bce with logits": lambda t, f, x: f.binary_cross_entropy_with_logits(x, t.ones_like(x) * 0.3, reduction="sum"),
    "ignored": lambda t, f, x: f.cross_entropy(
        t.stack([x.flatten(), -x.flatten()], dim=1), t.ones(x.numel()).long(), ignore_index=0, reduction="sum"
    ),
    "in place": lambda t, f, x: (x * 2).add_(1).mul_(x.detach()),
    "set": lambda t, f, x: t.zeros(2, x.numel()).index_select(0, t.tensor([0])).add_(x.reshape(1, -1)),
    "weighted": lambda t, f, x: f.cross_entropy(
        t.stack([x.flatten(), -x.flatten()], dim=1), t.ones(x.numel()).long(), weight=t.tensor([1.0, 3.0])
    ),
}  # fmt: skip


def inputs(seed: int) -> list[np.ndarray]:
    """Draw an array; add extremes, one element and none."""
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


@pytest.mark.filterwarnings("ignore:.*degrees of freedom")  # PyTorch's warning, for empty arrays
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
