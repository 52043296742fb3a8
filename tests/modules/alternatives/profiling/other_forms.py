# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "time_call", "solution": true}
def time_call(run, repeats=7, warm_up=1, clock=time.perf_counter):
    if not repeats >= 1:
        raise ValueError(f"there is nothing to measure with repeats={repeats}")

    def once():
        start = clock()
        run()
        return clock() - start

    times = np.array([once() for _ in range(warm_up + repeats)][warm_up:])
    return Seconds(np.median(times), *np.percentile(times, [25, 75]))


# %% nbgrader={"grade_id": "flops_of_call", "solution": true}
def flops_of_call(call):
    out, first, *rest = result_of(call), *call.arrays
    terms = {"matmul": lambda: first.shape[-1], "conv2d": lambda: rest[0][0].size}
    if call.operation in terms:
        return int(2 * terms[call.operation]() * out.size)
    return 0 if call.operation in MOVES else sorted(int(np.prod(a.shape)) for a in arrays_of(call))[-1]


# %% nbgrader={"grade_id": "profile_calls", "solution": true}
from collections import Counter


@contextmanager
def listening(watch):
    before = RECORDER.record, RECORDER.backward

    def both(call, out):
        if before[0]:
            before[0](call, out)
        watch(call)

    set_recorder(both, before[1])
    try:
        yield
    finally:
        set_recorder(*before)


def profile_calls(run, clock=time.perf_counter):
    heard = []
    with clocked(clock) as stopwatch, listening(lambda call: heard.append((call, stopwatch.seconds))):
        run()
    calls, flops, seconds = Counter(), Counter(), Counter()
    for call, took in heard:
        calls[call.operation] += 1
        flops[call.operation] += flops_of_call(call)
        seconds[call.operation] += took
    names = sorted(calls, key=lambda name: (-seconds[name], name))
    return [Row(name, calls[name], flops[name], seconds[name]) for name in names]


# %% nbgrader={"grade_id": "peak_bytes", "solution": true}
@contextmanager
def tracing():
    if tracemalloc.is_tracing():
        yield
        return
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def peak_bytes(run):
    with tracing():
        tracemalloc.reset_peak()
        held, _ = tracemalloc.get_traced_memory()
        result = run()
        return tracemalloc.get_traced_memory()[1] - held


# %% nbgrader={"grade_id": "amdahl", "solution": true}
def amdahl(fraction, speedup):
    if fraction != min(max(fraction, 0), 1) or speedup <= 0:
        raise ValueError(f"amdahl({fraction}, {speedup}): a fraction of 0 to 1, and a speedup above 0")
    return speedup / (speedup + fraction * (1 - speedup)) if speedup < math.inf else 1 / (1 - fraction)
