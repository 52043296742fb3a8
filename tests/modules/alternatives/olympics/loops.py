# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "validate_entry", "solution": true}
def validate_entry(wanted, arrays):
    faults = {}
    for name in set(wanted) | set(arrays):
        if name not in arrays:
            faults[name] = "missing"
        elif name not in wanted:
            faults[name] = "unknown"
        else:
            shape, kinds = wanted[name]
            array = arrays[name]
            if not any(array.dtype == np.dtype(kind) for kind in kinds):
                faults[name] = "kind"
            elif list(array.shape) != list(shape):
                faults[name] = "shape"
            else:
                for number in np.ravel(array):
                    if math.isnan(number) or math.isinf(number):
                        faults[name] = "not finite"
                        break
    return faults


# %% nbgrader={"grade_id": "score", "solution": true}
def score(measured, event):
    if event["better"] == "higher":
        sign = 1
    elif event["better"] == "lower":
        sign = -1
    else:
        raise ValueError("unknown word in the rules: " + event["better"])
    broken = []
    if "at_least" in event:
        for name in event["at_least"]:
            if name not in measured or math.isnan(measured[name]) or measured[name] < event["at_least"][name]:
                broken.append(name)
    if "at_most" in event:
        for name in event["at_most"]:
            if name not in measured or math.isnan(measured[name]) or measured[name] > event["at_most"][name]:
                broken.append(name)
    if len(broken) > 0:
        return -math.inf, broken
    return float(sign * measured[event["by"]]), broken


# %% nbgrader={"grade_id": "recipe", "solution": true}
def recipe(model, order, steps, seed=0):
    names = [step[0] for step in order]
    unknown = ""
    for name in names:
        if name not in steps:
            unknown += " " + name
    if unknown != "":
        raise ValueError("unknown steps:" + unknown)
    now = copy.deepcopy(model)
    models = [copy.deepcopy(now)]
    for i in range(len(order)):
        name, amount = order[i]
        manual_seed(seed_of(seed, name, names[:i].count(name)))
        now = steps[name](now, amount)
        models.append(copy.deepcopy(now))
    return models


# %% nbgrader={"grade_id": "ablation", "solution": true}
def ablation(order, run):
    rows = []
    everything = run(list(order))
    for i in range(len(order)):
        rest = [order[j] for j in range(len(order)) if j != i]
        result = run(rest)
        row = {}
        for measure in everything:
            row[measure] = everything[measure] - result[measure]
        rows.append(row)
    return rows
