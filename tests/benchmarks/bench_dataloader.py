"""Loading images of MNIST's size in shuffled batches of 64: our DataLoader and PyTorch's with zero workers."""

import time

import numpy as np
import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import TensorDataset as TorchTensors

from tinytorch.data import DataLoader, Dataset, TensorDataset

EXAMPLES = 20_000


def run(report) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.random((EXAMPLES, 784), dtype=np.float32), rng.integers(0, 10, EXAMPLES).astype(np.int32)
    ours, theirs = TensorDataset(images, labels), TorchTensors(torch.from_numpy(images), torch.from_numpy(labels))
    report.ratio(
        "an epoch of 784-pixel images in tensors, batch 64, shuffled",
        epoch_ms(DataLoader(ours, batch_size=64, shuffle=True)),
        epoch_ms(TorchLoader(theirs, batch_size=64, shuffle=True)),
        "ms",
        wanted="<= 1.0",
    )
    report.ratio(
        "the same, a data set that gives single arrays",
        epoch_ms(DataLoader(rows(Dataset, images, labels), batch_size=64, shuffle=True)),
        epoch_ms(TorchLoader(rows(TorchDataset, images, labels), batch_size=64, shuffle=True)),
        "ms",
        wanted="<= 1.0",
    )


def rows(Base, images, labels):
    """Return a data set of class `Base` whose example i is (array, int)."""

    class Rows(Base):
        def __len__(self):
            return len(images)

        def __getitem__(self, index):
            return images[index], int(labels[index])

    return Rows()


def epoch_ms(loader) -> float:
    """Return the time of the fastest of three epochs, in milliseconds."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        count = sum(len(batch_labels) for _, batch_labels in loader)
        times.append(1000 * (time.perf_counter() - start))
        if count != EXAMPLES:
            raise AssertionError(f"an epoch has {EXAMPLES} examples, got {count}")
    return min(times)
