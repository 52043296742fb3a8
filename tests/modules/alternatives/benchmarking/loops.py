# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "summary", "solution": true}
def summary(times):
    ordered = sorted(times)
    n = len(ordered)
    if n < 1:
        raise ValueError("no runs")

    def at(q):
        place = q * (n - 1)
        left = int(place)
        if left + 1 == n:
            return float(ordered[left])
        part = place - left
        return float(ordered[left] * (1 - part) + ordered[left + 1] * part)

    result = {}
    result["runs"] = n
    result["median"] = at(0.5)
    result["p90"] = at(0.9)
    result["p99"] = at(0.99)
    return result


# %% nbgrader={"grade_id": "bootstrap_interval", "solution": true}
def bootstrap_interval(times, level=0.95, resamples=1000):
    n = len(times)
    if n <= 1:
        raise ValueError("two runs are the least")
    medians = []
    for _ in range(resamples):
        draw = generator().choice(times, size=n, replace=True)
        medians.append(np.median(draw))
    medians.sort()
    low = np.percentile(medians, 100 * (1 - level) / 2)
    high = np.percentile(medians, 100 - 100 * (1 - level) / 2)
    return low, high


# %% nbgrader={"grade_id": "interleave", "solution": true}
def interleave(candidates, rounds, clock=time.perf_counter):
    times = {}
    for name in candidates:
        candidates[name]()
        times[name] = []
    for _ in range(rounds):
        for name in candidates:
            before = clock()
            candidates[name]()
            after = clock()
            times[name].append(after - before)
        for name in reversed(list(candidates)):
            before = clock()
            candidates[name]()
            after = clock()
            times[name].append(after - before)
    return times


# %% nbgrader={"grade_id": "verdict", "solution": true}
def verdict(times, baseline, worth=0.01, level=0.95):
    n, m = len(times), len(baseline)
    if n != m:
        raise ValueError(f"{n} times but {m} of the baseline")
    ratios = []
    for i in range(n):
        ratios.append(times[i] / baseline[i])
    answer = "can't tell"
    if n >= FEWEST_PAIRS:
        bounds = bootstrap_interval(ratios, level=level)
        if bounds[1] < 1 - worth:
            answer = "faster"
        elif bounds[0] > 1 + worth:
            answer = "slower"
    return answer


# %% nbgrader={"grade_id": "pareto_front", "solution": true}
def pareto_front(costs):
    front = []
    for name in costs:
        beaten = False
        for other in costs:
            no_worse, better = True, False
            for mine, theirs in zip(costs[name], costs[other]):
                if theirs > mine:
                    no_worse = False
                if theirs < mine:
                    better = True
            if no_worse and better:
                beaten = True
        if not beaten:
            front.append(name)
    return front
