# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "relu", "solution": true}
@primitive
def relu(a):
    return np.where(a > 0, a, np.zeros_like(a))


# %% nbgrader={"grade_id": "numerical_derivative", "solution": true}
def numerical_derivative(function, x, step=1e-5):
    numbers = np.asarray(x).astype(np.float64)
    values = [np.asarray(function(Tensor(numbers + sign * step)).data) for sign in (1, -1)]
    return np.subtract(*values) / (step + step)


# %%
def small_power(a):
    return np.exp(-np.abs(a))


# %% nbgrader={"grade_id": "sigmoid", "solution": true}
@primitive
def sigmoid(a):
    below = 1 + small_power(a)
    return np.where(a >= 0, 1 / below, small_power(a) / below)


# %% nbgrader={"grade_id": "gelu", "solution": true}
@primitive
def gelu(a):
    wide = a.astype("float64")
    return (wide / 2 + wide / 2 * erf(wide / math.sqrt(2))).astype(a.dtype)


# %% nbgrader={"grade_id": "softmax", "solution": true}
@primitive
def softmax(a, dim=-1):
    wide = a.astype("float64")
    wide = wide - np.max(wide, axis=dim, keepdims=True)
    return np.exp(wide - np.log(np.exp(wide).sum(axis=dim, keepdims=True))).astype(a.dtype)
