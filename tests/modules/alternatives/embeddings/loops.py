# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "embedding", "solution": true}
@primitive
def embedding(ids, weight, padding_idx=None):
    if not np.issubdtype(ids.dtype, np.integer):
        raise TypeError(f"integers are needed, not {ids.dtype}")
    rows = []
    for i in ids.reshape(-1):
        if not 0 <= i < weight.shape[0]:
            raise IndexError(f"no row {i} in a table with {weight.shape[0]} rows")
        rows.append(weight[int(i)])
    return np.array(rows, dtype=weight.dtype).reshape(ids.shape + weight.shape[1:])


# %% nbgrader={"grade_id": "embedding_rule", "solution": true}
def embedding_rule(grad, ids, weight):
    result = np.zeros(weight.shape, dtype=weight.dtype)
    pieces = grad.reshape(-1, weight.shape[1])
    for n, i in enumerate(ids.reshape(-1)):
        result[i] = result[i] + pieces[n]
    return result


# %% nbgrader={"grade_id": "context_windows", "solution": true}
def context_windows(ids, k):
    windows, following = [], []
    for start in range(len(ids) - k):
        windows.append(list(ids[start : start + k]))
        following.append(ids[start + k])
    return np.array(windows, dtype=int).reshape(-1, k), np.array(following, dtype=int)


# %% nbgrader={"grade_id": "nearest", "solution": true}
def nearest(vectors, row, k=5):
    def cosine(other):
        lengths = np.linalg.norm(vectors[row]) * np.linalg.norm(vectors[other])
        return 0.0 if lengths == 0 else float(np.dot(vectors[row], vectors[other]) / lengths)

    others = [i for i in range(len(vectors)) if i != row]
    others.sort(key=cosine, reverse=True)
    return np.array(others[:k])


# %% nbgrader={"grade_id": "sinusoidal_positions", "solution": true}
def sinusoidal_positions(length, dim):
    if dim % 2 == 1:
        raise ValueError(f"dim={dim} is odd")
    table = np.zeros((length, dim), dtype=np.float32)
    for p in range(length):
        for i in range(dim // 2):
            angle = p / 10000 ** (2 * i / dim)
            table[p, 2 * i] = np.sin(angle)
            table[p, 2 * i + 1] = np.cos(angle)
    return table
