# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "mse_loss", "solution": true}
def mse_loss(input, target, reduction="mean"):
    if input.shape != target.shape:
        raise ValueError(f"mse_loss needs equal shapes, got {input.shape} and {target.shape}")
    errors = (target - input) ** 2
    if reduction == "sum":
        return errors.sum()
    return errors.mean() if reduction == "mean" else errors


# %%
def shifted(a, dim):
    top = a.max(axis=dim, keepdims=True)
    return top, a - top


# %% nbgrader={"grade_id": "logsumexp", "solution": true}
def logsumexp(a, dim=-1):
    top, rest = shifted(np.asarray(a, dtype="float64"), dim)
    return (np.log(np.exp(rest).sum(axis=dim, keepdims=True)) + top).astype(a.dtype)


# %% nbgrader={"grade_id": "log_softmax", "solution": true}
@primitive
def log_softmax(a, dim=-1):
    _, rest = shifted(a, dim)
    return rest - np.log(np.exp(rest).sum(axis=dim, keepdims=True))


# %% nbgrader={"grade_id": "cross_entropy", "solution": true}
def cross_entropy(input, target, reduction="mean"):
    classes = checked_targets(input, target)
    surprise = -log_softmax(input, dim=-1)
    return reduced(surprise[range(len(classes)), classes], reduction)


# %% nbgrader={"grade_id": "softplus", "solution": true}
@primitive
def softplus(a):
    return np.logaddexp(a, np.zeros_like(a))


# %% nbgrader={"grade_id": "binary_cross_entropy_with_logits", "solution": true}
def binary_cross_entropy_with_logits(input, target, reduction="mean"):
    if input.shape != target.shape:
        raise ValueError(f"equal shapes are needed, got {input.shape} and {target.shape}")
    return reduced(softplus(-input) + (1 - target) * input, reduction)
