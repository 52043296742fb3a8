"""Gradients flow through every layer and every loss, and are the slope of a network's loss."""

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed, nn

SAME_SHAPE = [
    "Identity", "ReLU", "LeakyReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "Softmax", "Dropout",
    "LogSoftmax", "ELU", "ReLU6", "LogSigmoid", "Softplus", "PReLU",
]  # fmt: skip
LAYERS = {name: getattr(nn, name) for name in SAME_SHAPE} | {
    "Linear": lambda: nn.Linear(4, 4),
    "Flatten": nn.Flatten,
    "Unflatten": lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Flatten()),
    "LayerNorm": lambda: nn.LayerNorm(4),
    "Sequential": lambda: nn.Sequential(nn.Linear(4, 4), nn.Tanh()),
}
CONTAINERS = {"Module", "Parameter", "ModuleList", "ModuleDict", "ParameterList"}  # hold layers, compute nothing
# These take images, word numbers or sequences: see test_spatial.py, test_embeddings.py, test_attention.py and
# test_transformers.py in tests/tinytorch.
OF_OTHER_SHAPES = {
    "Conv2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "BatchNorm1d", "BatchNorm2d", "Embedding",
    "MultiheadAttention", "TransformerEncoderLayer", "Transformer",
}  # fmt: skip
LOSSES = {
    "MSELoss": lambda rng: rng.normal(size=(6, 4)).astype("float32"),
    "CrossEntropyLoss": lambda rng: rng.integers(0, 4, size=6).astype("int32"),
    "BCEWithLogitsLoss": lambda rng: rng.integers(0, 2, size=(6, 4)).astype("float32"),
    "NLLLoss": lambda rng: rng.integers(0, 4, size=6).astype("int32"),
    **dict.fromkeys(
        ["L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "KLDivLoss"],
        lambda rng: rng.random(size=(6, 4)).astype("float32"),
    ),
}
TAKE_PROBABILITIES = {"BCELoss"}


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype("float32")


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_flow_through_every_layer_to_what_stands_before_it(name):
    manual_seed(0)
    first = nn.Linear(3, 4)
    model = nn.Sequential(first, LAYERS[name](), nn.Linear(4, 2))
    (model(Tensor(numbers(6, 3))) * Tensor(numbers(6, 2))).sum().backward()
    parameters = dict(model.named_parameters())
    assert len(parameters) >= 4
    for each, p in parameters.items():
        assert p.grad is not None, each
        assert p.grad.shape == p.shape
        assert np.all(np.isfinite(p.grad.data))
        assert np.any(p.grad.data != 0), each


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_flow_from_every_loss(name):
    manual_seed(0)
    model = nn.Linear(3, 4)
    target = LOSSES[name](np.random.default_rng(0))
    out = model(Tensor(numbers(6, 3)))
    getattr(nn, name)()(out.sigmoid() if name in TAKE_PROBABILITIES else out, Tensor(target)).backward()
    assert np.any(model.weight.grad.data != 0)
    assert np.any(model.bias.grad.data != 0)


def test_no_layer_or_loss_is_left_out():
    built = {name for name in {*nn.WORDS, *nn.ROOMS} if isinstance(getattr(nn, name), type)}
    assert built - CONTAINERS - OF_OTHER_SHAPES == set(LAYERS) | set(LOSSES)


def test_the_gradient_of_every_weight_of_a_network_is_the_slope_of_its_loss():
    manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.GELU(), nn.Linear(4, 3))
    for p in model.parameters():
        p.data = p.data.astype("float64")
    x, y = numbers(7, 3).astype("float64"), np.arange(7, dtype="int32") % 3

    def loss() -> Tensor:
        return nn.functional.cross_entropy(model(Tensor(x)), Tensor(y))

    loss().backward()
    parameters = list(model.parameters())
    assert len(parameters) == 6
    for p in parameters:
        start, slopes, step = p.data.copy(), np.zeros_like(p.data), 1e-6
        for place in np.ndindex(start.shape):
            values = []
            for move in (step, -step):
                moved = start.copy()
                moved[place] += move
                p.data = moved
                values.append(loss().item())
            slopes[place] = (values[0] - values[1]) / (2 * step)
        p.data = start
        np.testing.assert_allclose(p.grad.data, slopes, rtol=1e-5, atol=1e-8)


def test_a_parameter_that_is_used_twice_gets_both_gradients():
    manual_seed(2)
    layer, x = nn.Linear(3, 3, bias=False), Tensor(numbers(4, 3))
    layer(layer(x)).sum().backward()
    twice = layer.weight.grad.data
    once, other = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
    once.weight.data, other.weight.data = layer.weight.data.copy(), layer.weight.data.copy()
    other(once(x)).sum().backward()
    np.testing.assert_allclose(twice, once.weight.grad.data + other.weight.grad.data, rtol=1e-5)
