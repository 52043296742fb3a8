"""Models on grids of whole numbers."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "activations", "layers", "losses", "autograd", "optimizers", "quantization")
def a_layer_on_a_grid_learns_through_the_rounding() -> None:
    """A layer whose weights are rounded in each step still learns, and they stay on the grid"""
    import tinytorch as tt
    from tinytorch import nn, optim

    tt.manual_seed(7)
    rng = np.random.default_rng(7)
    wanted = rng.integers(-3, 4, size=(2, 5)).astype("float32")
    x = tt.tensor(rng.normal(size=(64, 5)).astype("float32"))
    answers = tt.tensor(x.data @ wanted.T)
    weight = nn.Parameter(np.zeros((2, 5), dtype="float32"))
    optimizer = optim.Adam([weight], lr=0.1)

    def rounded():
        return tt.fake_quantize_per_tensor_affine(weight, 1.0, 0, -8, 7)

    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.mse_loss(nn.functional.linear(x, rounded()), answers).backward()
        optimizer.step()
    got = rounded().data
    assert (got == np.round(got)).all(), "weights on a grid of whole numbers are whole numbers"
    assert (got == wanted).mean() >= 0.9, f"the weights {got.tolist()} came out, {wanted.tolist()} were wanted"


@integration_test("tensor", "layers", "quantization")
def a_model_in_bytes_is_smaller_and_says_nearly_the_same() -> None:
    """A model in bytes has less than a third of the bytes, and its answers differ by little"""
    import tinytorch as tt
    from tinytorch import nn
    from tinytorch.core.quantization import quantize_model

    tt.manual_seed(7)
    model = nn.Sequential(nn.Linear(32, 64), nn.Linear(64, 8))
    small = quantize_model(model)
    sizes = [sum(tensor.nbytes for tensor in each.state_dict().values()) for each in (model, small)]
    assert sizes[0] / 5 < sizes[1] < sizes[0] / 3, f"{sizes[0]} bytes became {sizes[1]}"
    x = tt.tensor(np.random.default_rng(7).normal(size=(16, 32)).astype("float32"))
    before, after = model(x).data, small(x).data
    assert abs(after - before).max() < 0.05 * abs(before).max(), "the answers are no longer those of the model"
