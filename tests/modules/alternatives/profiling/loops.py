# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "time_call", "solution": true}
import statistics


def time_call(run, repeats=7, warm_up=1, clock=time.perf_counter):
    if repeats <= 0:
        raise ValueError("repeats must be at least 1, not " + str(repeats))
    i = 0
    while i < warm_up:
        run()
        i += 1
    times = []
    for i in range(repeats):
        before = clock()
        run()
        after = clock()
        times.append(after - before)
    if repeats == 1:
        return Seconds(times[0], times[0], times[0])
    low, median, high = statistics.quantiles(times, n=4, method="inclusive")
    return Seconds(median, low, high)


# %% nbgrader={"grade_id": "flops_of_call", "solution": true}
def flops_of_call(call):
    if call.operation in MOVES:
        return 0
    numbers = 1
    for n in result_of(call).shape:
        numbers *= n
    if call.operation == "matmul":
        inner = call.arrays[1].shape[0] if call.arrays[1].ndim == 1 else call.arrays[1].shape[-2]
        return numbers * (inner + inner)
    if call.operation == "conv2d":
        _, channels, height, width = call.arrays[1].shape
        return 2 * channels * height * width * numbers
    most = 0
    for array in arrays_of(call):
        if array.size > most:
            most = array.size
    return most


# %% nbgrader={"grade_id": "profile_calls", "solution": true}
def profile_calls(run, clock=time.perf_counter):
    calls, flops, seconds = {}, {}, {}
    old = RECORDER.record
    with clocked(clock) as stopwatch:

        def watch(call, out):
            name = call.operation
            if name not in calls:
                calls[name] = 0
                flops[name] = 0
                seconds[name] = 0.0
            calls[name] += 1
            flops[name] += flops_of_call(call)
            seconds[name] += stopwatch.seconds
            if old:
                old(call, out)

        RECORDER.record = watch
        try:
            run()
        finally:
            RECORDER.record = old
    rows = []
    for name in sorted(calls):
        rows.append(Row(name, calls[name], flops[name], seconds[name]))
    rows.sort(key=lambda row: row.seconds * -1)
    return rows


# %% nbgrader={"grade_id": "peak_bytes", "solution": true}
def peak_bytes(run):
    was_on = tracemalloc.is_tracing()
    if not was_on:
        tracemalloc.start()
    try:
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        run()
        _, peak = tracemalloc.get_traced_memory()
    except BaseException:
        if not was_on:
            tracemalloc.stop()
        raise
    if not was_on:
        tracemalloc.stop()
    return peak - now


# %% nbgrader={"grade_id": "amdahl", "solution": true}
def amdahl(fraction, speedup):
    if fraction < 0 or fraction > 1:
        raise ValueError(f"fraction {fraction}")
    if speedup <= 0:
        raise ValueError(f"speedup {speedup}")
    rest = 1.0 - fraction
    part = fraction / speedup
    return 1.0 / (rest + part)
