"""Watching a model: what is counted, and that it changes nothing."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "activations", "layers", "losses", "autograd", "optimizers", "profiling")
def a_watched_training_goes_to_the_same_bits() -> None:
    """Training with profiled steps ends at exactly the weights of training that nobody watches"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.profiling import profile_calls

    def trained(watch) -> np.ndarray:
        tt.manual_seed(9)
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
        optimizer, x, y = optim.Adam(model.parameters(), lr=0.01), tt.randn(16, 3), tt.randn(16, 2)

        def step() -> None:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()

        for _ in range(3):
            watch(step)
        return np.concatenate([p.data.reshape(-1) for p in model.parameters()])

    apart = float(np.abs(trained(profile_calls) - trained(lambda step: step())).max())
    assert apart == 0, f"the weights differ by {apart}"


@integration_test("tensor", "activations", "layers", "autograd", "profiling")
def a_model_costs_what_its_shapes_say() -> None:
    """The products of a network take 2 flops for each weight and row, even in a layer that is used twice"""
    import tinytorch as tt
    from tinytorch import nn
    from tinytorch.profiling import profile_calls

    tt.manual_seed(10)
    shared = nn.Linear(6, 6)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), shared, nn.ReLU(), shared)
    x = tt.randn(5, 4)
    row = next(row for row in profile_calls(lambda: model(x)) if row.operation == "matmul")
    expected = 2 * 5 * (4 * 6 + 6 * 6 + 6 * 6)
    assert (row.calls, row.flops) == (3, expected), f"{row.calls} products with {row.flops} flops, not {expected}"
