# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "infer_shape", "solution": true}
def infer_shape(size, shape):
    product, unknown = 1, []
    for place, n in enumerate(shape):
        if n == -1:
            unknown.append(place)
        else:
            product *= n
    if len(unknown) > 1:
        raise ValueError(f"only one size may be -1, got {shape} for {size} numbers")
    answer = list(shape)
    if unknown:
        if product == 0 or size % product != 0:
            raise ValueError(f"{size} numbers do not fill the shape {shape}")
        answer[unknown[0]] = size // product
    elif product != size:
        raise ValueError(f"{size} numbers do not fill the shape {shape}")
    return tuple(answer)


# %% nbgrader={"grade_id": "broadcast_shape", "solution": true}
def broadcast_shape(a, b):
    length = max(len(a), len(b))
    left, right = (1,) * (length - len(a)) + tuple(a), (1,) * (length - len(b)) + tuple(b)
    for m, n in zip(left, right):
        if m != n and 1 not in (m, n):
            raise ValueError(f"{a} does not fit {b}")
    return tuple(n if m == 1 else m for m, n in zip(left, right))


# %% nbgrader={"grade_id": "add", "solution": true}
@primitive
def add(a, b):
    try:
        return np.add(a, b)
    except ValueError:
        raise ValueError(f"cannot add {np.shape(a)} and {np.shape(b)}") from None


# %% nbgrader={"grade_id": "mean", "solution": true}
def mean(x, dim=None, keepdim=False):
    if dim is None:
        dims = range(x.ndim)
    else:
        dims = dim if isinstance(dim, tuple) else (dim,)
    count = 1
    for d in dims:
        count *= x.shape[d]
    return reduce_sum(x, dim=dim, keepdim=keepdim) / count


# %% nbgrader={"grade_id": "matmul_loops", "solution": true}
def matmul_loops(a, b):
    product = np.empty((len(a), len(b[0])), a.dtype)
    for i, row in enumerate(a):
        for j, column in enumerate(b.T):
            product[i, j] = sum(float(x) * float(y) for x, y in zip(row, column))
    return product


# %% nbgrader={"grade_id": "matmul", "solution": true}
@primitive
def matmul(a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        raise ValueError("matmul takes no numbers: use *")
    try:
        return a @ b
    except ValueError:
        raise ValueError(f"matmul needs inner sizes to match, got {a.shape} @ {b.shape}") from None
