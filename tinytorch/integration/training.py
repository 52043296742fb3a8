"""A training step, and data that feeds it."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "activations", "layers", "losses", "autograd", "optimizers")
def training_lowers_the_loss() -> None:
    """Fifty steps of SGD on a small problem lower the loss to less than a tenth"""
    import tinytorch as tt
    from tinytorch import nn, optim

    tt.manual_seed(3)
    x = tt.randn(64, 2)
    y = tt.tensor(x.data @ np.array([[1.5], [-2.0]], dtype="float32") + 0.5)
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(50):
        loss = nn.functional.mse_loss(model(x), y)
        losses.append(float(loss.data))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 10, f"the loss went from {losses[0]:.4f} to {losses[-1]:.4f}"


@integration_test("tensor", "activations", "layers", "losses", "autograd", "optimizers")
def two_layers_learn_exclusive_or() -> None:
    """Two layers with a bend between them learn exclusive or, which one layer cannot"""
    import tinytorch as tt
    from tinytorch import nn, optim

    tt.manual_seed(5)
    x = tt.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = tt.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
        loss.backward()
        optimizer.step()
    answers = (model(x).data[:, 0] > 0).tolist()
    assert answers == [False, True, True, False], f"the answers are {answers}, the loss {float(loss.data):.4f}"


@integration_test("tensor", "layers", "losses", "autograd", "optimizers")
def a_saved_training_continues_to_the_same_bits() -> None:
    """A model and its optimizer, saved and restored, continue to exactly the same weights"""
    import tinytorch as tt
    from tinytorch import nn, optim

    tt.manual_seed(6)
    x, y = tt.randn(16, 3), tt.randn(16, 2)

    def train(model, optimizer, steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()

    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    optimizer, restored = optim.Adam(model.parameters()), optim.Adam(other.parameters())
    train(model, optimizer, 5)
    other.load_state_dict(model.state_dict())
    restored.load_state_dict(optimizer.state_dict())
    train(model, optimizer, 5)
    train(other, restored, 5)
    apart = float(np.abs(model.weight.data - other.weight.data).max())
    assert apart == 0, f"the weights differ by {apart}"


@integration_test("tensor", "losses", "autograd", "optimizers", "dataloader")
def an_epoch_sees_every_sample_once() -> None:
    """One pass of a shuffling DataLoader gives every sample exactly once"""
    import tinytorch as tt
    from tinytorch.data import DataLoader, TensorDataset

    tt.manual_seed(4)
    numbers = tt.tensor(np.arange(10, dtype="float32").reshape(10, 1))
    batches = [batch for (batch,) in DataLoader(TensorDataset(numbers), batch_size=4, shuffle=True)]
    assert [len(batch.data) for batch in batches] == [4, 4, 2], f"batches of {[len(b.data) for b in batches]}"
    seen = sorted(float(value) for batch in batches for value in batch.data[:, 0])
    assert seen == [float(number) for number in range(10)], f"samples seen: {seen}"
