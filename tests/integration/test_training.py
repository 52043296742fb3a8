"""With a fixed seed, training lowers the loss to a known value, and a continued training gives the same bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinytorch import Tensor, load, manual_seed, nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.datasets import Digits
from tinytorch.training import EarlyStopping, Trainer


def digits(train: bool) -> TensorDataset:
    images, labels = Digits(train=train).arrays()
    return TensorDataset(images.reshape(-1, 64), labels)


def test_linear_regression_arrives_at_the_loss_of_least_squares():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3)).astype("float32")
    y = (x @ np.array([[1.0], [-2.0], [0.5]]) + 0.3 + 0.1 * rng.normal(size=(64, 1))).astype("float32")
    columns = np.hstack([x, np.ones((64, 1))])
    best, *_ = np.linalg.lstsq(columns, y, rcond=None)
    known = float(np.mean((columns @ best - y) ** 2))
    manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.2)
    for _ in range(300):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(Tensor(x)), Tensor(y))
        loss.backward()
        optimizer.step()
    assert loss.item() == pytest.approx(known, rel=1e-4)
    np.testing.assert_allclose(model.weight.data[0], best[:3, 0], rtol=1e-3, atol=1e-4)


# An untrained network's first losses are about log 10 = 2.303; these are the losses for seed 0.
KNOWN_TRAIN_LOSSES = [1.0108, 0.2235, 0.15]
KNOWN_ACCURACIES = [0.8932, 0.9238, 0.9299]


def three_epochs(seed: int) -> list[dict]:
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    trainer = Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01), max_norm=1.0)
    loader = DataLoader(digits(train=True), batch_size=64, shuffle=True)
    return trainer.fit(loader, DataLoader(digits(train=False), batch_size=256), epochs=3)


def test_a_network_decreases_its_loss_to_the_known_value_with_a_fixed_seed():
    history = three_epochs(seed=0)
    np.testing.assert_allclose([entry["train_loss"] for entry in history], KNOWN_TRAIN_LOSSES, rtol=0.02)
    np.testing.assert_allclose([entry["validation_accuracy"] for entry in history], KNOWN_ACCURACIES, atol=0.005)


def test_the_same_seed_gives_the_same_training_and_another_seed_another():
    first, again, other = three_epochs(seed=5), three_epochs(seed=5), three_epochs(seed=6)
    assert first == again
    assert first != other


CONTINUE = """
import sys
from tests.integration.test_training import small_trainer
trainer, loader, unseen = small_trainer(seed=99)
trainer.load(sys.argv[1])
trainer.fit(loader, unseen, epochs=4)
trainer.save(sys.argv[1])
"""


def small_trainer(seed: int):
    """A training in which every part has a state: dropout, Adam, schedule, shuffling, early stopping."""
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 16), nn.Dropout(0.3), nn.ReLU(), nn.Linear(16, 10))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    trainer = Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=240),
        max_norm=0.5,
        early_stopping=EarlyStopping(patience=10),
    )
    return trainer, DataLoader(digits(train=True), 64, shuffle=True), DataLoader(digits(train=False), 256)


@pytest.mark.modules
def test_a_training_continued_in_a_new_process_gives_the_same_bits(tmp_path: Path):
    trainer, loader, unseen = small_trainer(seed=0)
    trainer.fit(loader, unseen, epochs=2)
    trainer.save(tmp_path / "checkpoint.npz")
    trainer.fit(loader, unseen, epochs=4)
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", CONTINUE, str(tmp_path / "checkpoint.npz")], cwd=root, check=True)
    continued = load(tmp_path / "checkpoint.npz")
    assert continued["history"] == trainer.history
    weights = trainer.model.state_dict()
    assert sorted(continued["model"]) == sorted(weights)
    for name, kept in weights.items():
        assert np.array_equal(continued["model"][name].data, kept.data), name
    for name, kept in trainer.best_model.items():
        assert np.array_equal(continued["best_model"][name].data, kept.data), name
