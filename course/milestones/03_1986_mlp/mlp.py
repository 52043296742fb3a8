"""1986: back-propagation trains a hidden layer, and a network reads handwriting.

Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323. The two layers of
1969, trained at last: with your own tensors, gradients, Adam, loader and Trainer.

Run it with `tito milestone run mlp`, on all of MNIST with `--full`, or as a script.
"""

from tinytorch import datasets, manual_seed, nn, optim, viz
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.optim.lr_scheduler import CosineAnnealingLR
from tinytorch.training import Trainer

# images, hidden units, learning rate, epochs
SETS = {False: (datasets.Digits, 128, 0.02, 10), True: (datasets.MNIST, 128, 0.002, 5)}


def loader_of(images, shuffle: bool) -> DataLoader:
    pixels, labels = images.arrays()
    return DataLoader(TensorDataset(pixels.reshape(len(pixels), -1), labels), batch_size=64, shuffle=shuffle)


def run(seed: int, full: bool = False) -> dict:
    """Train on the training writers, and measure on others."""
    make, hidden, lr, epochs = SETS[full]
    manual_seed(seed)
    train_loader, unseen = loader_of(make(train=True), shuffle=True), make(train=False)
    test_loader = loader_of(unseen, shuffle=False)
    pixels = train_loader.dataset.tensors[0].shape[1]
    model = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    optimizer = optim.Adam(model.parameters(), lr=lr)
    schedule = CosineAnnealingLR(optimizer, T_max=epochs * len(train_loader))
    trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=schedule, max_norm=1.0)
    for epoch in range(1, epochs + 1):
        entry = trainer.fit(train_loader, test_loader, epochs=epoch)[-1]
        right = entry["validation_accuracy"]
        print(f"epoch {epoch:2}: loss {entry['train_loss']:.4f}, {right:.2%} right on unseen digits", flush=True)
    matrix = viz.ConfusionMatrix(*trainer.predict(test_loader), unseen.classes)
    return {"value": matrix.accuracy, "picture": matrix.picture(f"1986: {make.__name__}, two layers:")}


if __name__ == "__main__":
    print(f"accuracy {run(seed=1986)['value']:.2%}")
