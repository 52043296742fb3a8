"""Gradients through layers and losses."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "activations", "layers", "losses")
def equal_logits_cost_log_of_classes() -> None:
    """A network that cannot decide between 10 classes has cross-entropy log(10)"""
    import tinytorch as tt
    from tinytorch.nn import functional as F

    loss = F.cross_entropy(tt.zeros(4, 10), tt.tensor([0, 3, 5, 9]))
    assert np.isclose(float(loss.data), np.log(10), rtol=1e-5), f"cross-entropy is {float(loss.data)}, not log(10)"


@integration_test("tensor", "activations", "layers", "losses", "autograd")
def gradients_reach_every_parameter() -> None:
    """After backward every parameter has a gradient of its own shape, and none is all zero"""
    import tinytorch as tt
    from tinytorch import nn

    tt.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    nn.functional.mse_loss(model(tt.randn(16, 3)), tt.randn(16, 2)).backward()
    parameters = list(model.parameters())
    assert len(parameters) == 4, f"{len(parameters)} parameters were found, there are 4"
    for index, p in enumerate(parameters):
        assert p.grad is not None, f"parameter {index} of shape {p.shape} has no gradient"
        assert p.grad.shape == p.shape, f"parameter {index} of shape {p.shape} has a gradient of shape {p.grad.shape}"
        assert np.any(p.grad.data != 0), f"the gradient of parameter {index} of shape {p.shape} is zero everywhere"


@integration_test("tensor", "activations", "layers", "losses", "autograd")
def gradient_of_a_weight_is_its_slope() -> None:
    """A weight's gradient is how fast the loss changes when that weight is moved"""
    import tinytorch as tt
    from tinytorch import nn

    tt.manual_seed(2)
    layer, x, y = nn.Linear(3, 2), tt.randn(8, 3), tt.randn(8, 2)

    def loss():
        return nn.functional.mse_loss(layer(x), y)

    loss().backward()
    gradient = float(layer.weight.grad.data[1, 2])
    start, step = layer.weight.data.copy(), 1e-2
    values = []
    for move in (step, -step):
        moved = start.copy()
        moved[1, 2] += move
        layer.weight.data = moved
        values.append(float(loss().data))
    slope = (values[0] - values[1]) / (2 * step)
    assert np.isclose(gradient, slope, rtol=1e-2, atol=1e-3), f"the gradient is {gradient:.4f}, the slope {slope:.4f}"
