"""The framework with `tinytorch.fast` against PyTorch: steps of training, generating, and single operations.

Both run in one child process with one thread, in turns: ours, PyTorch, ours, ... Each turn gives one ratio of processor
times; their median counts, and the interval in which it lies with 95 % certainty (percentiles of medians of resampled
turns) is shown beside it. A busy machine widens the interval; it cannot favour a side for long.

The steps are measured a second time with both sides kept to AVX2: how much more a processor's longer vectors bring
PyTorch's products than numpy's depends on the processor, and a ratio of one machine says nothing of another.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

from tests.benchmarks import bench_networks as networks
from tests.benchmarks.bench_training import BATCH, ONE_THREAD, SIZES, our_step, torch_step
from tests.benchmarks.report import Report

TURNS = 11
SHORTEST_TURN = 0.05  # seconds of a side's turn: calls are repeated until it is as long
TOKENS, PROMPT, CONTEXT = 128, 8, 256
TOLERANCE = 1e-4
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512_SKX AVX512_ICL AVX512_SPR",
}

Pair = tuple[Callable[[], object], Callable[[], object]]


def run(report: Report) -> None:
    """Measure in child processes with one thread."""
    for row in in_child({}, "steps", "generating", "operations"):
        tell(report, "", *row)
    for row in in_child(AVX2, "steps"):
        tell(report, ", AVX2", *row)


def in_child(settings: dict[str, str], *parts: str) -> list:
    """Measure these parts in a process with such settings."""
    command = [sys.executable, "-m", __name__, *parts]
    environment = os.environ | ONE_THREAD | settings
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)


def tell(report: Report, way: str, label: str, ours: float, peer: float, within: list[float], wanted: str) -> None:
    report.ratio(f"{label}{way} [{within[0]:.2f}, {within[1]:.2f}]", ours, peer, "ms", wanted=wanted)


def alternate(ours: Callable[[], object], peer: Callable[[], object]) -> tuple[float, float, tuple[float, float]]:
    """Return (median ratio times the peer's median, the peer's median, the ratio's interval), in milliseconds."""
    counts = [calls_for(function) for function in (ours, peer)]
    turns = [[spent(f, n) for f, n in zip((ours, peer), counts, strict=True)] for _ in range(TURNS)]
    ratios, theirs = [mine / other for mine, other in turns], median(other for _, other in turns)
    return median(ratios) * theirs, theirs, interval(ratios)


def calls_for(function: Callable[[], object]) -> int:
    """Return how many calls make a turn; the first ones warm up."""
    function()
    return max(1, int(1000 * SHORTEST_TURN / spent(function, 2)))


def spent(function: Callable[[], object], calls: int) -> float:
    """Return milliseconds of processor time for each of some calls."""
    start = time.process_time()
    for _ in range(calls):
        function()
    return 1000 * (time.process_time() - start) / calls


def interval(ratios: list[float]) -> tuple[float, float]:
    """Return where 95 % of medians of resampled ratios lie."""
    import numpy as np

    drawn = np.random.default_rng(0).choice(ratios, size=(2000, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(low), float(high)


def steps() -> Iterator[tuple[str, Pair, str]]:
    """Give the steps of training."""
    import numpy as np
    import torch

    from tinytorch import nn

    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(BATCH, SIZES[0])).astype("float32"), rng.integers(0, SIZES[-1], BATCH)
    yield "MLP step, Adam", tuple(make(images, labels, "Adam") for make in (our_step, torch_step)), "<= 0.7"
    ids = rng.integers(0, networks.VOCABULARY, (networks.TEXTS, networks.TIME + 1))
    gpt = networks.Flat(
        nn.Transformer(networks.VOCABULARY, networks.TIME, networks.DIM, networks.HEADS, networks.LAYERS)
    )
    pair = networks.pair_of_steps(gpt, networks.torch_gpt(), ids[:, :-1].copy(), ids[:, 1:].reshape(-1))
    yield "GPT step, Adam", pair, "<= 1.1"
    images, labels = rng.normal(size=networks.IMAGES).astype("float32"), rng.integers(0, 10, networks.IMAGES[0])
    pair = networks.pair_of_steps(networks.cnn(nn), networks.cnn(torch.nn), images, labels)
    yield f"two-conv CNN step, batch {networks.IMAGES[0]}, Adam", pair, "<= 1.4"


def generating() -> Iterator[tuple[str, Pair, str]]:
    """Give the writing of a text, with a cache on both sides; both always take the likeliest token."""
    import torch

    from tinytorch import nn
    from tinytorch.core.kvcaching import generate_cached

    ours = nn.Transformer(networks.VOCABULARY, CONTEXT, networks.DIM, networks.HEADS, networks.LAYERS)
    theirs = networks.torch_gpt(CONTEXT)
    theirs.load_state_dict({name: torch.tensor(t.numpy()) for name, t in ours.state_dict().items()})
    start = list(range(PROMPT))
    pair = lambda: generate_cached(ours, start, TOKENS, temperature=0), lambda: written(theirs, start)
    if pair[0]() != pair[1]():
        raise AssertionError("the two must write the same text")
    yield f"generating {TOKENS} tokens with cache", pair, "<= 0.5"


def written(model, ids: list[int]) -> list[int]:
    """Continue a text with PyTorch, keys and values kept in memory that is laid out once."""
    import torch

    ids = list(ids)
    room = [torch.zeros(2, 1, networks.HEADS, CONTEXT, networks.DIM // networks.HEADS) for _ in model.blocks]
    with torch.inference_mode():
        scores = read_on(model, torch.tensor([ids]), room, 0)
        for place in range(len(ids), len(ids) + TOKENS):
            ids.append(int(scores[0, -1].argmax()))
            if place + 1 < PROMPT + TOKENS:
                scores = read_on(model, torch.tensor([ids[-1:]]), room, place)
    return ids


def read_on(model, ids, room: list, start: int):
    """Score the next token, where `room` holds keys and values of the `start` tokens before."""
    import torch

    end = start + ids.shape[1]
    x = model.tokens(ids) + model.positions(torch.arange(start, end))
    for block, kept in zip(model.blocks, room, strict=True):
        x = x + attended(block.attention, block.norm1(x), kept, start, end)
        x = x + block.mlp(block.norm2(x))
    return model.head(model.norm(x))


def attended(layer, x, kept, start: int, end: int):
    """Attend to what is kept and to x itself, which is kept, too."""
    from torch.nn import functional

    layers = layer.query, layer.key, layer.value
    q, k, v = (each(x).unflatten(-1, (networks.HEADS, -1)).transpose(1, 2) for each in layers)
    kept[0, :, :, start:end], kept[1, :, :, start:end] = k, v
    out = functional.scaled_dot_product_attention(q, kept[0, :, :, :end], kept[1, :, :, :end], is_causal=start == 0)
    return layer.output(out.transpose(1, 2).flatten(2))


def operations() -> Iterator[tuple[str, Pair, str]]:
    """Give single operations, forwards and backwards."""
    import numpy as np
    import torch

    from tinytorch import nn

    F, T = nn.functional, torch.nn.functional
    for name, shape in (("gelu", (1024, 512)), ("sigmoid", (1024, 512)), ("softmax", (4096, 64))):
        options = {"dim": -1} if name == "softmax" else {}
        yield f"{name} {shape}", both(getattr(F, name), getattr(T, name), options, normal(0, *shape)), "<= 2.6"
    arrays = normal(0, 1024, 128), normal(1, 128), normal(2, 128)
    ways = (lambda f: lambda x, w, b: f.layer_norm(x, (128,), w, b))(F), (lambda x, w, b: T.layer_norm(x, (128,), w, b))
    yield "LayerNorm (1024, 128)", both(*ways, {}, *arrays), "<= 2.6"
    for shape in ((64, 10), (4096, 10), (1024, 65)):
        y = np.random.default_rng(0).integers(0, shape[1], shape[0])
        yield f"cross-entropy {shape}", losses(y, normal(0, *shape)), "<= 2.6"


def normal(seed: int, *shape: int):
    import numpy as np

    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def losses(y, logits) -> Pair:
    """Give the mean surprise of both."""
    import torch

    from tinytorch import Tensor, nn

    ours, theirs = Tensor(y), torch.from_numpy(y)
    return both(
        lambda z: nn.functional.cross_entropy(z, ours),
        lambda z: torch.nn.functional.cross_entropy(z, theirs),
        {},
        logits,
    )


def both(ours, theirs, options: dict, *arrays) -> Pair:
    """Make calls of both that go forwards and backwards; refuse if results or gradients differ."""
    import numpy as np
    import torch

    from tinytorch import Tensor

    mine = [Tensor(array, requires_grad=True) for array in arrays]
    other = [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]
    slope = normal(9, *ours(*mine, **options).shape)
    sides = (
        forth_and_back(ours, options, mine, Tensor(slope)),
        forth_and_back(theirs, options, other, torch.tensor(slope)),
    )
    for a, b in zip(*(side() for side in sides), strict=True):
        np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * max(1.0, float(np.abs(b).max())))
    return sides


def forth_and_back(function, options: dict, inputs: list, slope) -> Callable[[], list]:
    """Make a call that computes and takes gradients; it returns the result and them as arrays, sharing memory."""

    def call() -> list:
        for x in inputs:
            x.grad = None
        out = function(*inputs, **options)
        out.backward(slope)
        return [each.numpy() for each in (out.detach(), *(x.grad for x in inputs))]

    return call


def measure_here(parts: list[str]) -> list:
    """Measure in this process."""
    import torch

    from tinytorch import fast, manual_seed

    torch.set_num_threads(1)
    manual_seed(0)
    rows = []
    with fast.enabled():
        for part in parts:
            for label, pair, wanted in PARTS[part]():
                rows.append([label, *alternate(*pair), wanted])
    return rows


PARTS = {"steps": steps, "generating": generating, "operations": operations}

if __name__ == "__main__":
    print(json.dumps(measure_here(sys.argv[1:])))
