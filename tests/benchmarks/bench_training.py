"""A training step of our framework compared with PyTorch's: MLP 784-128-10, batch 64, Adam, one thread each.

Both run in one child process (numpy reads its thread count when it is loaded), in turns, so that a busy
machine disturbs both; the shortest of many rounds counts.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

from tests.benchmarks.report import Report

BATCH, SIZES = 64, (784, 128, 10)
ROUNDS, STEPS = 15, 40
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
LEARNING_RATES = {"Adam": 1e-3, "SGD": 0.3}


def run(report: Report) -> None:
    """Measure in a child process with one thread."""
    child = subprocess.run(
        [sys.executable, "-m", __name__], env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
    )
    figures = json.loads(child.stdout)
    for label, ours, peer, wanted in figures["ratios"]:
        report.ratio(label, ours, peer, "ms", wanted=wanted)
    for label, value, unit in figures["measures"]:
        report.measure(label, value, unit)


def in_turns(
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int = ROUNDS,
    steps: int = STEPS,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """Return the milliseconds of one call of each: the shortest mean of several rounds."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for side, function in enumerate((ours, peer)):
            start = clock()
            for _ in range(steps):
                function()
            best[side] = min(best[side], 1000 * (clock() - start) / steps)
    return best[0], best[1]


def our_step(images, labels, kind: str) -> Callable[[], float]:
    """Make a training step with the reference of modules 01 to 06."""
    from tinytorch import Tensor, manual_seed, nn, optim
    from tinytorch.nn import functional

    manual_seed(0)
    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:]))
    optimizer = getattr(optim, kind)(model.parameters(), lr=LEARNING_RATES[kind])
    x, y = Tensor(images), Tensor(labels)

    def step() -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_step(images, labels, kind: str) -> Callable[[], float]:
    """Make the same step with PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:]))
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=LEARNING_RATES[kind])
    x, y = torch.from_numpy(images), torch.from_numpy(labels)

    def step() -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def chain_seconds(operations: int = 10_000) -> float:
    """Return the time of backward over a chain of operations."""
    from tinytorch import Tensor

    x = Tensor(1.0, requires_grad=True)
    out = x
    for _ in range(operations):
        out = out * 1.0001
    start = time.perf_counter()
    out.backward()
    return time.perf_counter() - start


def measure_here() -> dict:
    """Measure everything in this process."""
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.normal(size=(BATCH, SIZES[0])).astype("float32")
    labels = rng.integers(0, SIZES[-1], BATCH)
    ratios = []
    for kind, wanted in (("Adam", "<= 1.5"), ("SGD", "")):
        ours, peer = our_step(images, labels, kind), torch_step(images, labels, kind)
        first, last = ours(), [ours() for _ in range(50)][-1]
        if not last < first / 2:
            raise AssertionError(f"the loss did not fall, so this was no training: {first} then {last}")
        ratios.append(
            [f"training step MLP {'-'.join(map(str, SIZES))}, batch {BATCH}, {kind}", *in_turns(ours, peer), wanted]
        )
    chain = min(chain_seconds() for _ in range(3))
    return {"ratios": ratios, "measures": [["backward of a 10,000-operation chain", 1000 * chain, "ms"]]}


if __name__ == "__main__":
    print(json.dumps(measure_here()))
