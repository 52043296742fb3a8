"""Operations, activations and a model's forward pass compared with PyTorch, one thread each; and the cost of importing.

Both run in one child process (numpy reads its thread count when it is loaded), in turns; the shortest of many rounds
counts. Activations have no limit: numpy makes several passes where PyTorch makes one, which module 02 teaches.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator

from tests.benchmarks.bench_training import ONE_THREAD, in_turns
from tests.benchmarks.report import Report

IMPORT_ROUNDS = 5


def run(report: Report) -> None:
    """Measure the core in a child process with one thread, and imports in separate processes."""
    child = subprocess.run(
        [sys.executable, "-m", __name__], env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
    )
    for label, ours, peer, wanted in json.loads(child.stdout):
        report.ratio(label, ours, peer, "ms", wanted=wanted)
    ours, peer = cpu_seconds("from tinytorch.nn import Linear"), cpu_seconds("import numpy")
    report.ratio("import Linear against import numpy, CPU", ours, peer, "s", wanted="<= 2")
    report.ratio("import tinytorch alone against import json, CPU", *both("import tinytorch", "import json"), "s")


def both(ours: str, peer: str) -> tuple[float, float]:
    return cpu_seconds(ours), cpu_seconds(peer)


def cpu_seconds(statement: str) -> float:
    """Return the CPU time of a Python process that runs one statement: the least of several."""
    found = []
    for _ in range(IMPORT_ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement], check=True, env=os.environ | ONE_THREAD)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def pairs() -> Iterator[tuple[str, Callable, Callable, str]]:
    """Yield label, ours, PyTorch's, and the limit of the ratio."""
    import numpy as np
    import torch

    from tinytorch import Tensor, nn
    from tinytorch.nn import functional as ours

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    theirs = torch.nn.functional
    rng = np.random.default_rng(0)
    small, large = rng.normal(size=(4, 4)).astype("float32"), rng.normal(size=(512, 512)).astype("float32")
    a, b, ta, tb = Tensor(small), Tensor(large), torch.tensor(small), torch.tensor(large)
    yield "multiply 4x4: what one call costs", lambda: a * a, lambda: ta * ta, "<= 5"
    yield "add a row to 512x512", lambda: b + b[0], lambda: tb + tb[0], "<= 3"
    yield "matrix product 512x512", lambda: b @ b, lambda: tb @ tb, "<= 1.5"
    yield "mean along a dimension, 512x512", lambda: b.mean(dim=1), lambda: tb.mean(dim=1), "<= 5"
    for name in ("relu", "sigmoid", "gelu", "softmax"):
        options = {"dim": -1} if name == "softmax" else {}
        f, g = getattr(ours, name), getattr(theirs, name)
        yield f"{name} of 512x512", lambda f=f, o=options: f(b, **o), lambda g=g, o=options: g(tb, **o), ""
    images = rng.normal(size=(64, 784)).astype("float32")
    x, tx = Tensor(images), torch.tensor(images)
    mine, peer = (m.Sequential(m.Linear(784, 128), m.ReLU(), m.Linear(128, 10)) for m in (nn, torch.nn))
    yield "forward of MLP 784-128-10, batch 64", lambda: mine(x), lambda: peer(tx), "<= 2"


if __name__ == "__main__":
    print(json.dumps([(label, *in_turns(mine, peer), wanted) for label, mine, peer, wanted in pairs()]))
