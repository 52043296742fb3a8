# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "linear", "solution": true}
def linear(x, weight, bias=None):
    columns = [(x * weight[o]).sum(dim=-1, keepdim=True) for o in range(weight.shape[0])]
    out = columns[0]
    for column in columns[1:]:
        out = cat_last(out, column)
    if bias is not None:
        out = bias + out
    return out


# %%
from tinytorch.core.tensor import cat


def cat_last(a, b):
    return cat([a, b], dim=-1)


# %% nbgrader={"grade_id": "kaiming_uniform", "solution": true}
def kaiming_uniform(shape, fan_in, gain=math.sqrt(2)):
    bound = gain * math.sqrt(3) / math.sqrt(fan_in)
    unit = generator().random(shape)
    return np.asarray((2 * unit - 1) * bound, dtype=np.float32)


# %% nbgrader={"grade_id": "named_tensors", "solution": true}
def named_tensors(module, kind=Tensor, prefix=""):
    found = []
    for name in module.__dict__:
        member = getattr(module, name)
        if isinstance(member, Module):
            for inner, tensor in named_tensors(member, kind):
                found.append((prefix + name + "." + inner, tensor))
        elif isinstance(member, kind):
            found.append((prefix + name, member))
    return found


# %% nbgrader={"grade_id": "load_state_dict", "solution": true}
def load_state_dict(module, state):
    tensors = named_tensors(module)
    names = [name for name, _ in tensors]
    for name in names:
        if name not in state:
            raise ValueError(f"the state has no {name}")
    for name in state:
        if name not in names:
            raise ValueError(f"the model has no {name}")
    for name, tensor in tensors:
        if tuple(np.shape(state[name])) != tuple(tensor.shape):
            raise ValueError(f"{name} is of another shape")
    for name, tensor in tensors:
        tensor.data = np.asarray(state[name]).astype(tensor.dtype)


# %% nbgrader={"grade_id": "dropout", "solution": true}
def dropout(x, p=0.5, training=True):
    if p < 0 or p >= 1:
        raise ValueError(f"p must be from 0 to below 1, not {p}")
    if not training or p == 0:
        return x
    factors = np.where(generator().random(x.shape) < p, 0.0, 1 / (1 - p))
    return x * Tensor(factors.astype(x.data.dtype))
