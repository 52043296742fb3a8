"""Models that were made smaller."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "activations", "layers", "losses", "autograd", "optimizers", "compression")
def a_pruned_model_stays_pruned_while_it_learns() -> None:
    """A model pruned to 70 % has as many zeros after training, and its loss has fallen"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.core.compression import Pruner

    tt.manual_seed(7)
    model, rng = nn.Sequential(nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 4)), np.random.default_rng(7)
    x, y = tt.tensor(rng.normal(size=(20, 6)).astype("float32")), tt.tensor(rng.normal(size=(20, 4)).astype("float32"))
    pruner, optimizer = Pruner(model).prune(0.7), optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        pruner.apply()
        losses.append(loss.item())
    zeros = sum(int((model[i].weight.data == 0).sum()) for i in (0, 2))
    assert zeros == 70, f"{zeros} of 100 weights are 0 after training, 70 were removed"
    assert losses[-1] < losses[0], f"the loss was {losses[0]:.3f} and is {losses[-1]:.3f}"


@integration_test("tensor", "activations", "layers", "compression")
def dropping_silent_units_changes_nothing() -> None:
    """Units whose row and bias are 0 can be dropped, and the model's answers stay the same"""
    import tinytorch as tt
    from tinytorch import nn
    from tinytorch.core.compression import drop_units

    tt.manual_seed(7)
    first, second, rng = nn.Linear(5, 8), nn.Linear(8, 3), np.random.default_rng(7)
    heard = np.arange(8) % 2 == 0
    first.weight.data, first.bias.data = first.weight.data * heard[:, None], first.bias.data * heard
    x = tt.tensor(rng.normal(size=(4, 5)).astype("float32"))
    before = nn.Sequential(first, nn.ReLU(), second)(x).data
    narrow, following = drop_units(first, second, 4)
    after = nn.Sequential(narrow, nn.ReLU(), following)(x).data
    gap = float(np.abs(before - after).max())
    assert gap < 1e-5, f"the answers differ by up to {gap:.3g}"
    assert narrow.weight.shape == (4, 5), f"the smaller layer has a weight of the shape {narrow.weight.shape}"
