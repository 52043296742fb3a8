"""What a call costs besides arithmetic: a tiny addition with and without tape, and an MLP step, compared with PyTorch.

Both run in one child process with one thread, in turns, by the CPU time of the process, so that a busy machine favours
neither. The figure is the median of the alternations; its interval contains their middle half.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from time import process_time

from tests.benchmarks.bench_training import ONE_THREAD, our_step, torch_step
from tests.benchmarks.report import Report

ALTERNATIONS = 9
WANTED = {"without tape": "<= 1.5", "with tape": "<= 2", "MLP step with Adam": "<= 1.1"}


def run(report: Report) -> None:
    """Measure in a child process with one thread."""
    child = subprocess.run(
        [sys.executable, "-m", __name__], env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
    )
    for label, (ours, peer, low, high) in json.loads(child.stdout).items():
        wanted = next(wanted for key, wanted in WANTED.items() if key in label)
        report.ratio(f"{label} (middle half {low:.2f} to {high:.2f})", ours, peer, "us", wanted=wanted)


def in_turns(ours: Callable[[], object], peer: Callable[[], object], calls: int) -> tuple[float, float, float, float]:
    """Return the microseconds of one call of each at the median ratio, and the quartiles of the ratio."""
    pairs = [(_microseconds(ours, calls), _microseconds(peer, calls)) for _ in range(ALTERNATIONS)]
    ratios = [one / other for one, other in pairs]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    theirs = statistics.median(other for _, other in pairs)
    return middle * theirs, theirs, low, high


def _microseconds(function: Callable[[], object], calls: int) -> float:
    start = process_time()
    for _ in range(calls):
        function()
    return 1e6 * (process_time() - start) / calls


def measure() -> dict:
    """Measure all pairs."""
    import numpy as np
    import torch

    import tinytorch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(64, 784)).astype("float32"), rng.integers(0, 10, 64)
    a, b, c, d = tinytorch.ones(3), tinytorch.ones(3), torch.ones(3), torch.ones(3)
    found = {"x + y of three numbers, without tape": in_turns(lambda: a + b, lambda: c + d, 4000)}
    a.requires_grad = c.requires_grad = True
    found["x + y of three numbers, with tape"] = in_turns(lambda: a + b, lambda: c + d, 4000)
    steps = our_step(images, labels, "Adam"), torch_step(images, labels, "Adam")
    for step in steps:
        step()
    found["MLP step with Adam"] = in_turns(*steps, 100)
    return found


if __name__ == "__main__":
    print(json.dumps(measure()))
