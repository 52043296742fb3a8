# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "calculate_threshold", "solution": true}
def calculate_threshold(weights, sparsity):
    if not (sparsity >= 0 and sparsity < 1):
        raise ValueError(f"got {sparsity}")
    crowd = np.hstack([w.reshape(-1) for w in weights])
    return np.quantile(np.sqrt(crowd.astype("float64") ** 2), sparsity).item()


# %% nbgrader={"grade_id": "pruning_mask", "solution": true}
def pruning_mask(weight, sparsity):
    # the rank of each weight among all, the last of equal ones first
    magnitudes = np.abs(weight).ravel()
    order = np.argsort(-magnitudes, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return (rank < weight.size - int(np.round(sparsity * weight.size))).reshape(weight.shape)


# %% nbgrader={"grade_id": "drop_units", "solution": true}
def drop_units(first, second, keep):
    if keep not in range(1, first.weight.shape[0] + 1):
        raise ValueError(f"cannot keep {keep} of {first.weight.shape[0]}")
    norms = row_importance(first.weight.data)
    stays = np.zeros(len(norms), dtype=bool)
    stays[np.argpartition(norms, len(norms) - keep)[len(norms) - keep :]] = True
    small, after = Linear(first.weight.shape[1], keep), Linear(keep, second.weight.shape[0])
    small.load_state_dict({"weight": first.weight.data[stays], "bias": first.bias.data[stays]})
    after.load_state_dict({"weight": second.weight.data.T[stays].T, "bias": second.bias.data})
    return small, after


# %% nbgrader={"grade_id": "low_rank_factors", "solution": true}
def low_rank_factors(layer, rank):
    # the directions of the inputs are the eigenvectors of W.T @ W
    w = layer.weight.data
    values, vectors = np.linalg.eigh(w.T.astype("float64") @ w)
    directions = vectors[:, ::-1][:, :rank].astype(w.dtype)
    first = Linear(w.shape[1], rank, bias=False)
    first.load_state_dict({"weight": directions.T})
    second = Linear(rank, w.shape[0])
    second.load_state_dict({"weight": w @ directions, "bias": layer.bias.data})
    return first, second


# %% nbgrader={"grade_id": "distillation_loss", "solution": true}
def distillation_loss(student, teacher, targets, temperature=2.0, share=0.5):
    # cross-entropy with soft targets, less the teacher's own entropy
    log_p = log_softmax(teacher / temperature).detach()
    log_q = log_softmax(student / temperature)
    p = log_p.exp()
    cross, own = -(p * log_q).sum(dim=-1), -(p * log_p).sum(dim=-1)
    soft = (cross - own).mean() * temperature * temperature
    return soft * share + cross_entropy(student, targets) * (1.0 - share)
