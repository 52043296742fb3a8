# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "calculate_threshold", "solution": true}
def calculate_threshold(weights, sparsity):
    if sparsity < 0 or sparsity >= 1:
        raise ValueError("sparsity must be in [0, 1), not " + str(sparsity))
    numbers = []
    for weight in weights:
        for number in weight.flatten():
            numbers.append(abs(float(number)))
    numbers.sort()
    place = sparsity * (len(numbers) - 1)
    below = int(place)
    if below + 1 == len(numbers):
        return numbers[below]
    return numbers[below] + (place - below) * (numbers[below + 1] - numbers[below])


# %% nbgrader={"grade_id": "pruning_mask", "solution": true}
def pruning_mask(weight, sparsity):
    flat = [abs(float(number)) for number in weight.flatten()]
    places = sorted(range(len(flat)), key=lambda i: flat[i])
    mask = np.full(len(flat), True)
    for i in places[: int(sparsity * len(flat) + 0.5)]:
        mask[i] = False
    return np.reshape(mask, weight.shape)


# %% nbgrader={"grade_id": "drop_units", "solution": true}
def drop_units(first, second, keep):
    if keep < 1 or keep > first.out_features:
        raise ValueError(f"keep={keep}, but there are {first.out_features} units")
    importance = list(row_importance(first.weight.data))
    chosen = []
    for _ in range(keep):
        best = int(np.argmax(importance))
        chosen.append(best)
        importance[best] = -1.0
    one, two = Linear(first.in_features, keep), Linear(keep, second.out_features)
    one.weight.data = np.stack([first.weight.data[i] for i in chosen])
    one.bias.data = np.stack([first.bias.data[i] for i in chosen])
    two.weight.data = np.stack([second.weight.data[:, i] for i in chosen], axis=1)
    two.bias.data = np.array(second.bias.data)
    return one, two


# %% nbgrader={"grade_id": "low_rank_factors", "solution": true}
def low_rank_factors(layer, rank):
    u, s, v = np.linalg.svd(layer.weight.data)
    root = np.sqrt(s[:rank])
    inner = Linear(layer.in_features, rank, bias=False)
    outer = Linear(rank, layer.out_features)
    inner.weight.data = root[:, None] * v[:rank, :]
    outer.weight.data = u[:, :rank] @ np.diag(root)
    outer.bias.data = np.array(layer.bias.data)
    return inner, outer


# %% nbgrader={"grade_id": "distillation_loss", "solution": true}
def distillation_loss(student, teacher, targets, temperature=2.0, share=0.5):
    soft = softmax(teacher.detach() / temperature, dim=1)
    mine = log_softmax(student / temperature, dim=1)
    theirs = log_softmax(teacher.detach() / temperature, dim=1)
    kl = (soft * theirs - soft * mine).sum() / student.shape[0]
    hard = cross_entropy(student, targets)
    return kl * (share * temperature * temperature) + hard * (1 - share)


# %%
#| export
from tinytorch.core.activations import softmax
