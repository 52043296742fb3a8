"""1998: a convolutional network reads digits, also where nobody taught it to expect them.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", Proceedings of the IEEE
86. The two-layer network of 1986 and a convolutional one with fewer weights learn from the same images for the same
number of steps; then both are shown the images shifted by one and two pixels.

Run it with `tito milestone run cnn`, on CIFAR-10 with `--full`, or as a script. CIFAR-10 takes a deeper network, images
of which half are mirrored while it learns, and `tinytorch.fast` if the course has given it out: your own
convolution arrives at the same accuracy, later.
"""

import contextlib
import importlib.util

import numpy as np

from tinytorch import Tensor, datasets, manual_seed, nn, no_grad, optim, viz
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.optim.lr_scheduler import CosineAnnealingLR
from tinytorch.random import generator
from tinytorch.training import Trainer

# images, steps of 64 images for each model, learning rate
SETS = {False: (datasets.Digits, 700, 0.01), True: (datasets.CIFAR10, 4700, 0.002)}
MEAN, SPREAD = np.float32(0.47), np.float32(0.25)  # of CIFAR-10's numbers, which lie between 0 and 1


def two_layers(channels: int, size: int) -> nn.Sequential:
    """The network of 1986."""
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, 128), nn.ReLU(), nn.Linear(128, 10))


def convolutional(channels: int, size: int) -> nn.Sequential:
    """Two convolutions, each followed by pooling; of a digit one number for each map remains."""
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
        nn.Flatten(), nn.Linear(32 * (size // 8) ** 2, 10),
    )  # fmt: skip


def deeper(channels: int, size: int) -> nn.Sequential:
    """Three convolutions, for photographs; still fewer weights than the network of 1986."""
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128 * (size // 8) ** 2, 10),
    )  # fmt: skip


class Mirrored(TensorDataset):
    """Images of which each is mirrored with a chance of one half, anew in each batch: what it shows stays the same."""

    def take(self, indices):
        pixels, labels = super().take(indices)
        chosen = generator().random(len(pixels)) < 0.5
        pixels.data[chosen] = pixels.data[chosen][..., ::-1]
        return pixels, labels


def loader_of(images, shuffle: bool, kind=TensorDataset) -> DataLoader:
    pixels, labels = images.arrays()
    pixels = pixels.reshape(len(pixels), -1, *pixels.shape[-2:])
    if pixels.shape[1] == 3:  # photographs are never all black: without their mean, learning begins sooner
        pixels = (pixels - MEAN) / SPREAD
    return DataLoader(kind(pixels, labels), batch_size=64, shuffle=shuffle, drop_last=shuffle)


def fastest(full: bool) -> contextlib.AbstractContextManager:
    """Compute 50,000 photographs with `tinytorch.fast` where it is; digits always with the student's own."""
    if not full or importlib.util.find_spec("tinytorch.fast") is None:
        return contextlib.nullcontext()
    from tinytorch import fast

    print("computed with tinytorch.fast", flush=True)
    return fast.enabled()


def train(model, train_loader, test_loader, steps: int, lr: float, name: str) -> None:
    """Train for whole epochs, about `steps` steps in all."""
    epochs = max(1, round(steps / len(train_loader)))
    optimizer = optim.Adam(model.parameters(), lr=lr)
    schedule = CosineAnnealingLR(optimizer, T_max=epochs * len(train_loader))
    trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=schedule, max_norm=1.0)
    for epoch in range(1, epochs + 1):
        entry = trainer.fit(train_loader, test_loader, epochs=epoch)[-1]
        right = entry["validation_accuracy"]
        print(
            f"{name}, epoch {epoch:2}: loss {entry['train_loss']:.4f}, {right:.2%} right on unseen images", flush=True
        )


def shifted(pixels, down: int, right: int):
    """Move images; what comes in at the border is black."""
    moved = np.roll(pixels, (down, right), axis=(2, 3))
    for axis, pixel in ((2, down), (3, right)):
        border = [slice(None)] * 4
        border[axis] = slice(0, pixel) if pixel >= 0 else slice(pixel, None)
        moved[tuple(border)] = 0
    return moved


def right_when_shifted(model, loader: DataLoader, by: int) -> float:
    """Return the share of images that are read right, moved by some pixels into each of the four directions."""
    ways = [(by, 0), (-by, 0), (0, by), (0, -by)] if by else [(0, 0)]
    right = count = 0
    with no_grad():
        for pixels, labels in loader:
            for way in ways:
                answers = model(Tensor(shifted(pixels.data, *way))).data.argmax(axis=1)
                right, count = right + int((answers == labels.data).sum()), count + len(answers)
    return right / count


def weights(model) -> int:
    return sum(p.numel() for p in model.parameters())


def run(seed: int, full: bool = False) -> dict:
    """Train both models, and measure both on shifted images."""
    with fastest(full):
        return compare(seed, full)


def compare(seed: int, full: bool) -> dict:
    """Do so with the operations that are switched on."""
    make, steps, lr = SETS[full]
    train_loader = loader_of(make(train=True), shuffle=True, kind=Mirrored if full else TensorDataset)
    test_loader = loader_of(make(train=False), shuffle=False)
    channels, size = train_loader.dataset.tensors[0].shape[1:3]
    results = {}
    builds = {"MLP": two_layers, "CNN": deeper if full else convolutional}
    models = {name: build(channels, size) for name, build in builds.items()}
    for name, build in builds.items():
        manual_seed(seed)
        models[name] = build(channels, size)
        train(models[name], train_loader, test_loader, steps, lr, name)
        results[name] = [right_when_shifted(models[name], test_loader, by) for by in (0, 1, 2)]
        shares = ", ".join(f"{share:.1%}" for share in results[name])
        print(f"{name}: {weights(models[name]):,} weights; shifted by 0, 1, 2 pixels {shares} right", flush=True)
    title = f"1998: {make.__name__}, not where they were expected"
    axes = {"xlabel": "shifted by (pixels)", "ylabel": "share right", "ylim": (0, 1)}
    picture = viz.lines([0, 1, 2], results, title, **axes)
    picture.figure.axes[0].set_xticks([0, 1, 2])
    return {"value": verdict(models, results, full), "picture": picture}


def verdict(models: dict, results: dict, full: bool) -> float:
    """The CNN's accuracy; 0 if it lost to the MLP in what 1998 was about."""
    mlp, cnn = results["MLP"], results["CNN"]
    better = cnn[0] >= mlp[0] and weights(models["CNN"]) < weights(models["MLP"])
    if not full:  # a photograph is hardly another one for two pixels; a digit of eight is
        better = better and cnn[2] >= 2 * mlp[2]
    return cnn[0] if better else 0.0


if __name__ == "__main__":
    print(f"accuracy {run(seed=1998)['value']:.2%}")
