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


@integration_test("tensor", "layers", "losses", "autograd", "training")
def clipping_keeps_the_direction() -> None:
    """Clipped gradients point where they pointed, and are as long as allowed"""
    import tinytorch as tt
    from tinytorch import nn

    tt.manual_seed(7)
    layer = nn.Linear(3, 2)
    nn.functional.mse_loss(layer(tt.randn(8, 3)), tt.randn(8, 2)).backward()
    before = np.concatenate([p.grad.data.reshape(-1) for p in layer.parameters()])
    told = float(nn.utils.clip_grad_norm_(layer.parameters(), 0.01))
    after = np.concatenate([p.grad.data.reshape(-1) for p in layer.parameters()])
    length = float(np.linalg.norm(before))
    assert np.isclose(told, length, rtol=1e-4), f"the length before was {length:.4f}, clip_grad_norm_ said {told:.4f}"
    assert np.allclose(after, before * 0.01 / length, rtol=1e-3), "the direction has changed"


@integration_test("tensor", "activations", "layers", "losses", "autograd", "optimizers", "dataloader", "training")
def a_trainer_learns_and_continues_to_the_same_bits() -> None:
    """A Trainer lowers its loss; saved and loaded by another one, it continues to exactly the same weights"""
    import tempfile
    from pathlib import Path

    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.data import DataLoader, TensorDataset
    from tinytorch.training import Trainer

    tt.manual_seed(8)
    x = tt.randn(120, 2)
    labels = tt.tensor((x.data[:, 0] * x.data[:, 1] > 0).astype("int32"))
    loader = DataLoader(TensorDataset(x, labels), batch_size=20, shuffle=True)

    def new_trainer(seed: int) -> Trainer:
        tt.manual_seed(seed)
        model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
        return Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.05))

    trainer, other = new_trainer(0), new_trainer(1)
    with tempfile.TemporaryDirectory() as folder:
        trainer.fit(loader, loader, epochs=5)
        trainer.save(Path(folder) / "checkpoint.npz")
        history = trainer.fit(loader, loader, epochs=10)
        other.load(Path(folder) / "checkpoint.npz")
        other.fit(loader, loader, epochs=10)
    first, last = history[0]["train_loss"], history[-1]["train_loss"]
    assert last < first / 2, f"the loss went from {first:.4f} to {last:.4f}"
    targets, answers = trainer.predict(loader)
    share = float(np.mean(targets == answers))
    said = history[-1]["validation_accuracy"]
    assert np.isclose(share, said), f"{share:.3f} of the answers are right, the history says {said:.3f}"
    weights = [p.data for p in trainer.model.parameters()], [p.data for p in other.model.parameters()]
    apart = max(float(np.abs(a - b).max()) for a, b in zip(*weights, strict=True))
    assert apart == 0, f"the weights differ by {apart}"
