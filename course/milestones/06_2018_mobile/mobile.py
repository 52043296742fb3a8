"""2018: a network for a phone is a fourth as large, multiplies half as much, and gives the same answers.

Jacob and others, "Quantization and training of neural networks for efficient integer-arithmetic-only inference", CVPR
2018, brought the networks of photographs into phones, a byte for each weight. Here it's the network of 1986: units are
dropped, what is left is tuned and stored in bytes. Nets that were small from the beginning are the rivals.

What is kept is chosen on images that were set aside; the unseen writers are asked once, at the end. Bytes and
multiplications are counted. Times are shown only.

Run it with `tito milestone run mobile`, or as a script.
"""

from dataclasses import dataclass

import numpy as np

from tinytorch import Tensor, datasets, manual_seed, nn, no_grad, optim, viz
from tinytorch.core.benchmarking import as_table, benchmark, pareto_front
from tinytorch.core.compression import drop_units
from tinytorch.core.profiling import profile_calls
from tinytorch.core.quantization import quantize_model
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.optim.lr_scheduler import CosineAnnealingLR
from tinytorch.profiling import as_built
from tinytorch.training import Trainer

HIDDEN, FEWER = 128, (32, 24, 16)  # units of the large network, and of smaller ones
EPOCHS, TUNING = 10, 5
LEARNING_RATE, TUNING_RATE = 0.02, 0.005
SET_ASIDE = 0.2  # of the training images, to choose by
SMALLER, FEWER_MULTIPLICATIONS, LOST = 4, 2, 0.01  # at least, at least, at most


@dataclass
class Candidate:
    """A network, what it costs, and how many of the images that were set aside it reads wrong."""

    name: str
    model: nn.Module
    bytes: int
    multiplications: int
    wrong: float


def run(seed: int) -> dict:
    """Train the large network, make it smaller in several ways, choose one, and ask the unseen writers."""
    learn, choose = split(*rows_of(datasets.Digits(train=True)))
    manual_seed(seed)
    large_model = train(two_layers(HIDDEN), learn, EPOCHS, LEARNING_RATE)
    large = candidate("as trained", large_model, choose)
    smaller, rivals = [candidate(f"{HIDDEN} in bytes", large_model, choose, in_bytes=True)], []
    for units in FEWER:
        dropped = train(with_fewer_units(large_model, units), learn, TUNING, TUNING_RATE)
        smaller.append(candidate(f"{units} kept", dropped, choose, in_bytes=True))
        rival = train(two_layers(units), learn, EPOCHS + TUNING, LEARNING_RATE)
        rivals.append(candidate(f"{units} from scratch", rival, choose, in_bytes=True))
    for each in (large, *smaller, *rivals):
        print(f"{each.name:>16}: {each.bytes:6,} bytes, {each.multiplications:6,} multiplications for an image, "
              f"{1 - each.wrong:.1%} of the images set aside are right", flush=True)  # fmt: skip
    chosen = choice(large, smaller)
    show_times(large, chosen, choose)
    return {"value": verdict(large, chosen, rivals), "picture": picture([large, *smaller, *rivals], chosen)}


def rows_of(images) -> tuple[np.ndarray, np.ndarray]:
    """Give the images as rows of 64 numbers, and their labels."""
    pixels, labels = images.arrays()
    return pixels.reshape(len(pixels), -1), labels


def split(pixels, labels) -> tuple[TensorDataset, TensorDataset]:
    """Split the training writers' images: to learn from, and to choose by."""
    cut = round((1 - SET_ASIDE) * len(pixels))
    return TensorDataset(pixels[:cut], labels[:cut]), TensorDataset(pixels[cut:], labels[cut:])


def two_layers(units: int) -> nn.Sequential:
    """The network of 1986."""
    return nn.Sequential(nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10))


def with_fewer_units(model, units: int) -> nn.Sequential:
    first, second = drop_units(model[0], model[2], units)
    return nn.Sequential(first, nn.ReLU(), second)


def train(model, images: TensorDataset, epochs: int, lr: float):
    loader = DataLoader(images, batch_size=64, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    schedule = CosineAnnealingLR(optimizer, T_max=epochs * len(loader))
    trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=schedule, max_norm=1.0)
    for _ in range(epochs):
        for pixels, labels in loader:
            trainer.train_batch(pixels, labels)
    return model


def candidate(name: str, model, images: TensorDataset, in_bytes: bool = False) -> Candidate:
    """Count and measure a network, as it is or in bytes."""
    stored = quantize_model(model) if in_bytes else model
    size = sum(array.nbytes for array in stored.state_dict().values())
    count = products(model) + (whole_numbers(stored) if in_bytes else 0)
    return Candidate(name, stored, size, count, wrong(stored, *(tensor.data for tensor in images.tensors)))


def products(model) -> int:
    """Count the multiplications of inputs and weights for one image, by one's own profiler."""
    with as_built():
        calls = profile_calls(lambda: model(Tensor(np.zeros((1, 64), dtype="float32"))))
    return sum(row.flops for row in calls if row.operation == "matmul") // 2  # the other half are additions


def whole_numbers(model) -> int:
    """Count the weights in bytes: each is multiplied by its scale before it's used."""
    return sum(array.size for array in model.state_dict().values() if array.dtype == np.int8)


def wrong(model, pixels, labels) -> float:
    """Return the share of images that a network reads wrong."""
    with no_grad():
        return float((model(Tensor(pixels)).data.argmax(axis=1) != labels).mean())


def fits(large: Candidate, each: Candidate) -> bool:
    """Say whether a network is small enough, in bytes and in work."""
    small = each.bytes * SMALLER <= large.bytes
    return small and each.multiplications * FEWER_MULTIPLICATIONS <= large.multiplications


def choice(large: Candidate, smaller: list[Candidate]) -> Candidate:
    """Choose what fits and reads most of the images set aside; of equally good ones the smallest."""
    fitting = [each for each in smaller if fits(large, each)] or smaller
    return min(fitting, key=lambda each: (each.wrong, each.bytes))


def show_times(large: Candidate, chosen: Candidate, images: TensorDataset) -> None:
    """Show what numpy makes of it: whole numbers have no fast product there."""
    one = Tensor(images.tensors[0].data[:1])

    def runs(model):
        def once():
            with no_grad():
                model(one)

        return once

    candidates = {each.name: runs(each.model) for each in (large, chosen)}
    print("an image's time in numpy, which isn't judged:", as_table(benchmark(candidates, large.name)), sep="\n")


def verdict(large: Candidate, chosen: Candidate, rivals: list[Candidate]) -> float:
    """The chosen network's accuracy on unseen writers; 0 unless it's small enough and as good."""
    unseen = rows_of(datasets.Digits(train=False))
    before, after = (1 - wrong(each.model, *unseen) for each in (large, chosen))
    print(f"{chosen.name}, in bytes: {large.bytes / chosen.bytes:.1f} times smaller, "
          f"{large.multiplications / chosen.multiplications:.1f} times fewer multiplications; "
          f"of unseen writers' digits {after:.2%} are right, {before:.2%} before", flush=True)  # fmt: skip
    for rival in rivals:
        if rival.bytes == chosen.bytes:
            print(f"{rival.name}, as long trained, as small: {1 - wrong(rival.model, *unseen):.2%}", flush=True)
    return after if fits(large, chosen) and before - after <= LOST else 0.0


def picture(entries: list[Candidate], chosen: Candidate) -> viz.Picture:
    """Keep what each costs, and the front that nothing beats."""
    costs = {each.name: (each.bytes / 1000, 100 * each.wrong) for each in entries}
    title = f"2018: {chosen.name} of {HIDDEN} units, in bytes, {entries[0].bytes / chosen.bytes:.1f} times smaller"
    drawn = viz.trade_off(
        costs,
        pareto_front(costs),
        title,
        xlabel="kB (each step ten times)",
        ylabel="% of the images set aside read wrong",
    )
    drawn.figure.axes[0].set(xscale="log", xlim=(1, 100))
    return drawn


if __name__ == "__main__":
    print(f"accuracy {run(seed=2018)['value']:.2%}")
