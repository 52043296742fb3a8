# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "relu", "solution": true}
@primitive
def relu(a):
    out = a.copy()
    out[out < 0] = 0
    return out


# %% nbgrader={"grade_id": "numerical_derivative", "solution": true}
def numerical_derivative(function, x, step=1e-5):
    x = np.array(x, dtype="float64")
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        right = function(Tensor(np.array(x[place] + step))).data
        left = function(Tensor(np.array(x[place] - step))).data
        slopes[place] = (right - left) / 2 / step
    return slopes


# %% nbgrader={"grade_id": "sigmoid", "solution": true}
@primitive
def sigmoid(a):
    out = np.empty_like(a)
    right = a >= 0
    out[right] = 1 / (1 + np.exp(-a[right]))
    out[~right] = np.exp(a[~right]) / (1 + np.exp(a[~right]))
    return out


# %% nbgrader={"grade_id": "gelu", "solution": true}
@primitive
def gelu(a):
    return np.vectorize(lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2)), otypes=[a.dtype])(a)


# %% nbgrader={"grade_id": "softmax", "solution": true}
@primitive
def softmax(a, dim=-1):
    rows = np.moveaxis(a, dim, -1)
    out = np.empty_like(rows)
    for place in np.ndindex(rows.shape[:-1]):
        powers = np.exp(rows[place] - max(rows[place]))
        out[place] = powers / powers.sum()
    return np.moveaxis(out, -1, dim)
