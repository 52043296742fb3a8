# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "embedding", "solution": true}
@primitive
def embedding(ids, weight, padding_idx=None):
    ids = np.asarray(ids)
    if ids.dtype.kind not in ("i", "u"):
        raise TypeError(f"ids must be integers, they are {ids.dtype}")
    if ids.size > 0:
        low, high, n = int(ids.min()), int(ids.max()), len(weight)
        if low < 0:
            raise IndexError(f"id {low} is negative; rows are 0 to {n - 1}, there are {n}")
        if high > n - 1:
            raise IndexError(f"id {high} is too large for {n} rows")
    return np.take(weight, ids, axis=0)


# %% nbgrader={"grade_id": "embedding_rule", "solution": true}
def embedding_rule(grad, ids, weight):
    hot = (ids.reshape(-1, 1) == np.arange(len(weight))).astype(weight.dtype)
    return (hot.T @ grad.reshape(-1, weight.shape[-1])).astype(weight.dtype)


# %% nbgrader={"grade_id": "context_windows", "solution": true}
def context_windows(ids, k):
    ids = np.array(ids)
    if len(ids) <= k:
        return np.zeros((0, k), dtype=ids.dtype), np.zeros(0, dtype=ids.dtype)
    every = np.lib.stride_tricks.sliding_window_view(ids, k + 1)
    return every[:, :-1].copy(), every[:, -1].copy()


# %% nbgrader={"grade_id": "nearest", "solution": true}
def nearest(vectors, row, k=5):
    lengths = np.sqrt((vectors**2).sum(axis=1))
    lengths[lengths == 0] = 1
    cosines = vectors @ vectors[row] / (lengths * lengths[row])
    order = cosines.argsort()[::-1]
    return order[order != row][:k]


# %% nbgrader={"grade_id": "sinusoidal_positions", "solution": true}
def sinusoidal_positions(length, dim):
    if dim % 2 != 0:
        raise ValueError(f"an even dim is needed, got {dim}")
    rates = np.exp(-np.log(10000) * np.arange(dim // 2) * 2 / dim)
    angles = np.outer(np.arange(length), rates)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(length, dim).astype("float32")
