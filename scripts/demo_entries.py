"""Make the demo class's entries of the Olympics: FOLDER/NAME-1.npz, NAME-2.npz and so on, in the order of attempts.

Run it in a checkout after `tito export --all`:  python scripts/demo_entries.py FOLDER
It takes some seconds on one core. Each net learns only from the published training digits, as a student's does.
"""

import sys
from pathlib import Path

from tinytorch import datasets, manual_seed, nn, optim
from tinytorch.core.olympics import entry_bytes
from tinytorch.core.quantization import quantize_model
from tinytorch.data import DataLoader, TensorDataset

EPOCHS, LEARNING_RATE = 20, 0.005
HIDDEN = {"ada": 48, "ben": 24, "chen": 12}


def trained(hidden: int, epochs: int):
    """Train a net of two layers."""
    manual_seed(hidden)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    optimizer, loss = optim.Adam(model.parameters(), lr=LEARNING_RATE), nn.CrossEntropyLoss()
    loader = DataLoader(TensorDataset(*datasets.Digits(train=True).arrays()), batch_size=64, shuffle=True)
    for epoch in range(epochs):
        optimizer.lr = LEARNING_RATE * (1 - epoch / epochs)
        for images, labels in loader:
            optimizer.zero_grad()
            loss(model(images), labels).backward()
            optimizer.step()
    return model


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, hidden in HIDDEN.items():
        model = trained(hidden, EPOCHS)
        (folder / f"{name}-1.npz").write_bytes(entry_bytes(model))
        if name != "chen":  # whose first one is what it stays at
            (folder / f"{name}-2.npz").write_bytes(entry_bytes(quantize_model(model)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
