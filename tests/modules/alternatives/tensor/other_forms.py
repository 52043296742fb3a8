# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %%
def refuse(rule, *shapes):
    raise ValueError(f"{rule}, got " + " and ".join(str(shape) for shape in shapes))


# %% nbgrader={"grade_id": "infer_shape", "solution": true}
def infer_shape(size, shape):
    try:
        return np.empty(size).reshape(shape).shape
    except ValueError:
        refuse("the numbers must stay as many", size, shape)


# %% nbgrader={"grade_id": "broadcast_shape", "solution": true}
def broadcast_shape(a, b):
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        refuse("sizes must be equal or 1", a, b)


# %% nbgrader={"grade_id": "add", "solution": true}
@primitive
def add(a, b):
    broadcast_shape(np.shape(a), np.shape(b))
    return b + a


# %% nbgrader={"grade_id": "mean", "solution": true}
def mean(x, dim=None, keepdim=False):
    after = reduce_sum(x, dim=dim, keepdim=keepdim)
    return after * (after.numel() / x.numel())


# %% nbgrader={"grade_id": "matmul_loops", "solution": true}
def matmul_loops(a, b):
    out = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
    for k in range(a.shape[1]):
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                out[i][j] = out[i][j] + a[i][k] * b[k][j]
    return out


# %% nbgrader={"grade_id": "matmul", "solution": true}
@primitive
def matmul(a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        raise ValueError("matmul takes no numbers: use *")
    rows = b.shape[0] if b.ndim == 1 else b.shape[-2]
    if a.shape[-1] != rows:
        refuse("the columns of the first are the rows of the second", a.shape, b.shape)
    wide = np.matmul(a.astype("float64"), b.astype("float64"))
    return wide.astype(np.result_type(a, b))
