"""Profiling: PyTorch's flop counts, sums that add up, training steps that are not disturbed, bounded predictions."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.examples import examples
from tinytorch import nn, optim, profiling
from tinytorch.core import profiling as core
from tinytorch.core.attention import MultiHeadAttention
from tinytorch.core.autograd import RULES
from tinytorch.core.tensor import IMPLEMENTATIONS, IN_USE, RECORDER, Tensor, register_implementation, use_implementation
from tinytorch.testing.fixtures import clocked_run, clocked_step

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 7)
some = settings(deadline=None, max_examples=examples(25))


def ones(*shape):
    return np.ones(shape, dtype="float32")


def counted(model, x, *operations):
    return sum(row.flops for row in profiling.profile_calls(lambda: model(x)) if row.operation in operations)


@pytest.mark.as_built
@pytest.mark.torch
@some
@given(sizes=st.lists(SIZES, min_size=2, max_size=4), batch=SIZES)
def test_products_of_linear_layers_are_counted_as_pytorch_counts_them(sizes, batch):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    ours = nn.Sequential(*[nn.Linear(m, n) for m, n in pairwise(sizes)])
    theirs = torch.nn.Sequential(*[torch.nn.Linear(m, n) for m, n in pairwise(sizes)])
    with FlopCounterMode(display=False) as counter:
        theirs(torch.ones(batch, sizes[0]))
    assert counted(ours, Tensor(ones(batch, sizes[0])), "matmul") == counter.get_total_flops()


@pytest.mark.torch
@some
@given(out=SIZES, channels=SIZES, kernel=st.tuples(*[st.integers(1, 3)] * 2), batch=SIZES, stride=st.integers(1, 2))
def test_convolutions_are_counted_as_pytorch_counts_them(out, channels, kernel, batch, stride):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    x, weight = ones(batch, channels, 6, 5), ones(out, channels, *kernel)
    with FlopCounterMode(display=False) as counter:
        torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(weight), stride=stride)
    layer = nn.functional.conv2d
    assert counted(lambda t: layer(t, Tensor(weight), stride=stride), Tensor(x), "conv2d") == counter.get_total_flops()


# The counts of PyTorch 2.13's FlopCounterMode for these shapes; they are checked without PyTorch, too.
RECORDED = [((64, 784), (784, 256), 25_690_112), ((5, 2, 3), (5, 3, 4), 240), ((2, 4, 7, 5), (2, 4, 5, 3), 1680)]


@pytest.mark.torch
def test_the_recorded_counts_are_pytorchs():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    for left, right, flops in RECORDED:
        with FlopCounterMode(display=False) as counter:
            torch.ones(left) @ torch.ones(right)
        assert counter.get_total_flops() == flops


@pytest.mark.parametrize(("left", "right", "flops"), RECORDED)
def test_recorded_counts_of_products(left, right, flops):
    call = (Tensor(ones(*left), requires_grad=True) @ Tensor(ones(*right))).grad_fn
    assert core.flops_of_call(call) == flops
    assert core.bytes_of_call(call) == 4 * (math.prod(left) + math.prod(right) + call.result.size)


@some
@given(takes=st.lists(st.integers(1, 1000), min_size=2, max_size=12), warm_up=st.integers(0, 1))
def test_times_are_median_and_quartiles_of_what_was_not_warm_up(takes, warm_up):
    run = clocked_run(*[take / 64 for take in takes])
    timing = core.time_call(run, len(takes) - warm_up, warm_up, run.clock)
    kept = np.array(takes[warm_up:]) / 64
    assert timing.median == np.median(kept)
    assert (timing.low, timing.high) == (np.quantile(kept, 0.25), np.quantile(kept, 0.75))
    assert run.calls == len(takes) and all(type(value) is float for value in timing)


@some
@given(fraction=st.floats(0, 1), speedup=st.floats(1, 1e6))
def test_the_whole_gains_neither_more_than_the_part_nor_more_than_the_rest_allows(fraction, speedup):
    gain = core.amdahl(fraction, speedup)
    assert 1 - 1e-9 <= gain <= speedup * (1 + 1e-9)
    assert fraction == 1 or gain <= core.amdahl(fraction, math.inf) * (1 + 1e-9)
    assert core.amdahl(fraction, 1) == pytest.approx(1)


@some
@given(names=st.lists(st.sampled_from(["mix", "rest", "fold"]), min_size=1, max_size=8), between=st.integers(0, 3))
def test_a_profile_and_a_timeline_of_the_same_run_agree_and_add_up(names, between):
    script = [(name, (place + 1) / 8) for place, name in enumerate(names)]
    step = clocked_step(Tensor, script, between=between / 4)
    began = step.now
    rows = core.profile_calls(step, step.clock)
    whole = step.now - began
    assert sum(row.seconds for row in rows) + (len(names) + 1) * between / 4 == pytest.approx(whole)
    assert [row.seconds for row in rows] == sorted((row.seconds for row in rows), reverse=True)
    spans = core.timeline(step, step.clock)
    assert sum(span.seconds for span in spans) == pytest.approx(whole)
    ends = [span.start + span.seconds for span in spans]
    assert [span.start for span in spans] == pytest.approx([0.0, *ends[:-1]])
    assert [span.operation for span in spans if span.phase != "between"] == names
    assert {r.operation: r.seconds for r in rows} == {
        name: sum(s.seconds for s in spans if s.operation == name) for name in names
    }


def tables():
    """Copy everything that profiling touches."""
    return {**{o: dict(t) for o, t in IMPLEMENTATIONS.items()}, "rules": dict(RULES), "seats": dict(vars(RECORDER))}


@pytest.fixture(params=["attention", "convolution", "mlp"])
def training_step(request):
    tinytorch.manual_seed(0)
    if request.param == "attention":
        model, x = nn.Sequential(MultiHeadAttention(8, 2, causal=True), nn.LayerNorm(8)), ones(2, 3, 8)
    elif request.param == "convolution":
        model, x = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()), ones(2, 1, 6, 6)
    else:
        model, x = nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 1)), ones(3, 4)
    optimizer = optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        (model(Tensor(x)) ** 2).mean().backward()
        optimizer.step()

    step.weights = lambda: np.concatenate([p.data.reshape(-1) for p in model.parameters()])
    return step


@pytest.mark.parametrize("watch", [core.profile_calls, core.timeline, core.peak_bytes, core.time_call])
def test_a_watch_leaves_everything_as_it_was(training_step, watch):
    before, weights = tables(), training_step.weights()
    watch(training_step)
    assert tables() == before
    assert (training_step.weights() != weights).any()

    def fails():
        training_step()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(fails)
    assert tables() == before


def test_a_timeline_sees_both_ways_and_the_optimizer(training_step):
    spans = core.timeline(training_step)
    phases = [span.phase for span in spans if span.phase != "between"]
    first, last = phases.index("backward"), len(phases) - 1 - phases[::-1].index("backward")
    assert set(phases[:first]) == {"forward"} and set(phases[first : last + 1]) == {"backward"}
    assert {(span.operation, span.phase) for span in spans if span.phase == "update"} == {("adam_step", "update")}
    rows = core.profile_calls(training_step)
    assert sum(row.calls for row in rows) == phases.count("forward")
    assert all(row.seconds >= 0 for row in rows)


@pytest.mark.as_built
def test_an_implementation_that_is_chosen_during_the_run_is_timed_and_what_it_calls_is_its_own():
    clock = clocked_run(2.0)

    def slow(a, b):
        clock()
        return IMPLEMENTATIONS["matmul"]["default"]((Tensor(a) * 1.0).data, b)

    register_implementation("matmul", "slow", slow)
    try:

        def run():
            before = use_implementation("matmul", "slow")
            try:
                Tensor(ones(2, 2, 3)) @ Tensor(ones(3, 4))
            finally:
                use_implementation("matmul", before)

        assert core.profile_calls(run, clock.clock) == [("matmul", 1, 96, 2.0)]
        spans = core.timeline(run, clock.clock)
        assert [tuple(span) for span in spans] == [("matmul", "forward", 0.0, 2.0)]
    finally:
        del IMPLEMENTATIONS["matmul"]["slow"]
        assert IN_USE["matmul"] == "default"


@pytest.mark.as_built
def test_without_a_tape_a_model_is_profiled_too():
    with tinytorch.no_grad():
        rows = core.profile_calls(lambda: nn.Linear(3, 4)(Tensor(ones(2, 3))))
    assert {row.operation: row.flops for row in rows} == {"permute": 0, "matmul": 48, "add": 8}


def test_peak_memory_is_that_of_the_largest_moment():
    def run():
        first = ones(1000, 250)
        del first
        return ones(500, 250), ones(500, 250)

    assert core.peak_bytes(run) == pytest.approx(1_000_000, rel=0.01)
    assert core.peak_bytes(lambda: None) < 10_000


def test_what_is_refused_says_the_number():
    with pytest.raises(ValueError, match="repeats=0"):
        core.time_call(list, repeats=0)
    with pytest.raises(ValueError, match="between 0 and 1, got 25"):
        core.amdahl(25, 2)
    with pytest.raises(ValueError, match="more than 0, got 0"):
        core.amdahl(0.5, 0)


def test_the_face_leads_to_what_students_build():
    for word in ("time_call", "flops_of_call", "profile_calls", "peak_bytes", "amdahl", "timeline", "bytes_of_call"):
        assert getattr(profiling, word) is getattr(core, word)
