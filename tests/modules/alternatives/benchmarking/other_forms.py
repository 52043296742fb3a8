# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "summary", "solution": true}
def summary(times):
    times = np.array(times, dtype=float)
    if not times.size:
        raise ValueError(f"got {times.size} runs")
    return dict(
        runs=int(times.size),
        median=float(np.median(times)),
        p90=float(np.percentile(times, 90)),
        p99=float(np.percentile(times, 99)),
    )


# %% nbgrader={"grade_id": "bootstrap_interval", "solution": true}
def bootstrap_interval(times, level=0.95, resamples=1000):
    if len(times) in (0, 1):
        raise ValueError("too few runs")
    draws = generator().choice(np.array(times), size=(len(times), resamples))
    medians = np.sort(np.median(draws, axis=0))
    # counts instead of quantiles: drops as many whole medians at each end
    drop = int(round(resamples * (1 - level) / 2))
    drop = min(drop, (resamples - 1) // 2)
    return float(medians[drop]), float(medians[len(medians) - 1 - drop])


# %% nbgrader={"grade_id": "interleave", "solution": true}
def interleave(candidates, rounds, clock=time.perf_counter):
    def seconds(run):
        start = clock()
        run()
        return clock() - start

    [run() for run in candidates.values()]
    there = list(candidates.items())
    times = {name: [] for name, _ in there}
    for number in range(2 * rounds):
        for name, run in there if number % 2 == 0 else there[::-1]:
            times[name] += [seconds(run)]
    return times


# %% nbgrader={"grade_id": "verdict", "solution": true}
def verdict(times, baseline, worth=0.01, level=0.95):
    times, baseline = np.array(times, dtype=float), np.array(baseline, dtype=float)
    if times.shape != baseline.shape:
        raise ValueError(f"shapes {times.shape} and {baseline.shape} differ")
    if times.size < 6:
        return "can't tell"
    low, high = bootstrap_interval(times / baseline, level)
    return "faster" if high < 1 - worth else "slower" if low > 1 + worth else "can't tell"


# %% nbgrader={"grade_id": "pareto_front", "solution": true}
def pareto_front(costs):
    names = list(costs)
    if not names:
        return []
    table = np.array([costs[name] for name in names], dtype=float)
    keep = []
    for i, row in enumerate(table):
        beats = np.all(table <= row, axis=1) & np.any(table < row, axis=1)
        if not beats.any():
            keep.append(names[i])
    return keep
