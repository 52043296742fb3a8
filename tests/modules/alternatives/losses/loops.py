# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "mse_loss", "solution": true}
def mse_loss(input, target, reduction="mean"):
    check_same_shape("mse_loss", input, target)
    difference = target - input
    return reduced(difference * difference, reduction)


# %% nbgrader={"grade_id": "logsumexp", "solution": true}
def logsumexp(a, dim=-1):
    rows = np.moveaxis(a, dim, -1)
    out = np.empty((*rows.shape[:-1], 1), dtype=a.dtype)
    for place in np.ndindex(rows.shape[:-1]):
        largest = max(rows[place])
        out[place] = largest + math.log(sum(math.exp(x - largest) for x in rows[place]))
    return np.moveaxis(out, -1, dim)


# %% nbgrader={"grade_id": "log_softmax", "solution": true}
@primitive
def log_softmax(a, dim=-1):
    out = a - np.max(a, axis=dim, keepdims=True)
    out -= logsumexp(out, dim)
    return out


# %% nbgrader={"grade_id": "cross_entropy", "solution": true}
def cross_entropy(input, target, reduction="mean"):
    classes = checked_targets(input, target)
    one_hot = np.zeros(input.shape, dtype=input.dtype)
    for row, k in enumerate(classes):
        one_hot[row, k] = 1
    return reduced(-(log_softmax(input, dim=1) * Tensor(one_hot)).sum(dim=1), reduction)


# %% nbgrader={"grade_id": "softplus", "solution": true}
@primitive
def softplus(a):
    return np.where(a > 0, a + np.log1p(np.exp(-np.abs(a))), np.log1p(np.exp(-np.abs(a))))


# %% nbgrader={"grade_id": "binary_cross_entropy_with_logits", "solution": true}
def binary_cross_entropy_with_logits(input, target, reduction="mean"):
    check_same_shape("binary_cross_entropy_with_logits", input, target)
    yes, no = softplus(-input), softplus(input)
    return reduced(target * yes + (1 - target) * no, reduction)
