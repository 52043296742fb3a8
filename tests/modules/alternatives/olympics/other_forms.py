# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "validate_entry", "solution": true}
def fault_of(wanted, array):
    shape, kinds = wanted
    if str(array.dtype) not in kinds:
        return "kind"
    if np.shape(array) != tuple(shape):
        return "shape"
    if array.dtype != np.int8 and not np.isfinite(array.astype("float64").sum()):
        return "not finite"
    return ""


def validate_entry(wanted, arrays):
    names = dict.fromkeys([*wanted, *arrays])
    told = {
        name: "missing"
        if name not in arrays
        else "unknown"
        if name not in wanted
        else fault_of(wanted[name], arrays[name])
        for name in names
    }
    return {name: fault for name, fault in told.items() if fault}


# %% nbgrader={"grade_id": "score", "solution": true}
def score(measured, event):
    signs = {"higher": 1.0, "lower": -1.0}
    if event["better"] not in signs:
        raise ValueError(f"{event['better']}?")

    def kept(name, least=-np.inf, most=np.inf):
        return name in measured and bool(least <= measured[name] <= most)

    broken = [n for n, bound in (event.get("at_least") or {}).items() if not kept(n, least=bound)]
    broken.extend(n for n, bound in (event.get("at_most") or {}).items() if not kept(n, most=bound))
    return (-float("inf") if broken else signs[event["better"]] * measured[event["by"]]), broken


# %% nbgrader={"grade_id": "recipe", "solution": true}
def recipe(model, order, steps, seed=0):
    if not all(name in steps for name, _ in order):
        raise ValueError(f"unknown: {sorted({name for name, _ in order} - set(steps))}")
    stages, before = [copy.deepcopy(model)], {}
    for name, amount in order:
        before[name] = before.get(name, -1) + 1
        start = copy.deepcopy(stages[-1])
        manual_seed(seed_of(seed, name, before[name]))
        stages += [steps[name](start, amount)]
    return stages


# %% nbgrader={"grade_id": "ablation", "solution": true}
def ablation(order, run):
    rests = [[step for place, step in enumerate(order) if place != left_out] for left_out, _ in enumerate(order)]
    without = list(map(run, rests))
    whole = run(order)
    return [{name: value - less[name] for name, value in whole.items()} for less in without]
