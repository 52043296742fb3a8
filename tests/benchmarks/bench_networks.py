"""Training steps of the architecture tier compared with PyTorch's: a CNN with two convolutions, and a small GPT.

Ours is the reference as a student would write it. Both run in one child process, in turns, with one thread each; the
weights and data are the same, so the losses must be too. Processor time counts, because other programs interrupt such
long steps.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

from tests.benchmarks.bench_training import ONE_THREAD, in_turns
from tests.benchmarks.report import Report

LR = 1e-3
IMAGES = (64, 3, 32, 32)
VOCABULARY, TIME, DIM, HEADS, LAYERS, TEXTS = 65, 64, 128, 4, 2, 16
ROUNDS, STEPS = 5, 3
AS_EQUAL = 1e-3  # allowed difference of the losses of two steps, in nats: the sums are added in another order
WANTED = "<= 4"


def run(report: Report) -> None:
    """Measure in a child process with one thread."""
    child = subprocess.run(
        [sys.executable, "-m", __name__], env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True, check=True
    )
    for label, ours, peer in json.loads(child.stdout):
        report.ratio(label, ours, peer, "ms", wanted=WANTED)


def cnn(nn) -> object:
    """Make the network with two convolutions from the layers of either framework."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 8 * 8, 10),
    )  # fmt: skip


def torch_gpt(context: int = TIME) -> object:
    """Make our Transformer from PyTorch's parts, with our names."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value, self.output = (nn.Linear(DIM, DIM) for _ in range(4))

        def forward(self, x):
            layers = self.query, self.key, self.value
            q, k, v = (layer(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for layer in layers)
            found = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.output(found.transpose(1, 2).flatten(2))

    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)

        def forward(self, x):
            return self.down(functional.gelu(self.up(x)))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.attention, self.norm2, self.mlp = nn.LayerNorm(DIM), Attention(), nn.LayerNorm(DIM), MLP()

        def forward(self, x):
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(VOCABULARY, DIM), nn.Embedding(context, DIM)
            self.blocks = nn.ModuleList([Block() for _ in range(LAYERS)])
            self.norm, self.head = nn.LayerNorm(DIM), nn.Linear(DIM, VOCABULARY)

        def forward(self, ids):
            x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x)).flatten(0, 1)

    return GPT()


def step_of(model, optimizer, cross_entropy, x, y) -> Callable[[], float]:
    """Make a training step; its calls exist in both frameworks."""

    def step() -> float:
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def pair_of_steps(ours, theirs, x, y) -> tuple[Callable[[], float], Callable[[], float]]:
    """Give both models the same weights, and return a step of each on the same data; raise if their losses differ."""
    import torch

    from tinytorch import Tensor, optim
    from tinytorch.nn import functional

    theirs.load_state_dict({name: torch.tensor(t.numpy()) for name, t in ours.state_dict().items()})
    our_adam, their_adam = optim.Adam(ours.parameters(), lr=LR), torch.optim.Adam(theirs.parameters(), lr=LR)
    our_step = step_of(ours, our_adam, functional.cross_entropy, Tensor(x), Tensor(y))
    their_step = step_of(
        theirs, their_adam, torch.nn.functional.cross_entropy, torch.from_numpy(x), torch.from_numpy(y)
    )
    for _ in range(2):
        if abs((a := our_step()) - (b := their_step())) > AS_EQUAL:
            raise AssertionError(f"the two must compute the same loss, got {a} and {b}")
    return our_step, their_step


def measure_here() -> list:
    """Measure everything in this process."""
    import numpy as np
    import torch

    from tinytorch import manual_seed, nn

    torch.set_num_threads(1)
    manual_seed(0)
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=IMAGES).astype("float32"), rng.integers(0, 10, IMAGES[0])
    steps = pair_of_steps(cnn(nn), cnn(torch.nn), images, labels)
    rows = [
        [
            f"training step two-conv CNN {IMAGES[1:]}, batch {IMAGES[0]}, Adam",
            *in_turns(*steps, ROUNDS, STEPS, time.process_time),
        ]
    ]
    ids = rng.integers(0, VOCABULARY, (TEXTS, TIME + 1))
    gpt = Flat(nn.Transformer(VOCABULARY, TIME, DIM, HEADS, LAYERS))
    steps = pair_of_steps(gpt, torch_gpt(), ids[:, :-1].copy(), ids[:, 1:].reshape(-1))
    label = f"training step GPT, {LAYERS} layers, d {DIM}, batch {TEXTS}, time {TIME}, Adam"
    return [*rows, [label, *in_turns(*steps, ROUNDS, STEPS, time.process_time)]]


class Flat:
    """Our Transformer with its scores reshaped to rows."""

    def __init__(self, model) -> None:
        self.model, self.parameters, self.state_dict = model, model.parameters, model.state_dict

    def __call__(self, ids):
        return self.model(ids).reshape(-1, VOCABULARY)


if __name__ == "__main__":
    print(json.dumps(measure_here()))
