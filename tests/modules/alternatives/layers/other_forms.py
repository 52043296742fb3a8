# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "linear", "solution": true}
def linear(x, weight, bias=None):
    product = x @ weight.transpose(0, 1)
    if bias is None:
        return product
    return product + bias


# %% nbgrader={"grade_id": "kaiming_uniform", "solution": true}
def kaiming_uniform(shape, fan_in, gain=math.sqrt(2)):
    deviation = gain / math.sqrt(fan_in)
    return np.float32(generator().uniform(-1, 1, shape) * deviation * math.sqrt(3))


# %%
def walk(module, path):
    for name, value in vars(module).items():
        yield [*path, name], value
        if isinstance(value, Module):
            yield from walk(value, [*path, name])


# %% nbgrader={"grade_id": "named_tensors", "solution": true}
def named_tensors(module, kind=Tensor, prefix=""):
    return [(prefix + ".".join(path), value) for path, value in walk(module, []) if isinstance(value, kind)]


# %% nbgrader={"grade_id": "load_state_dict", "solution": true}
def load_state_dict(module, state):
    tensors = dict(named_tensors(module))
    if wrong := tensors.keys() ^ state.keys():
        raise ValueError(f"these names are on one side only: {sorted(wrong)}")
    copies = {name: np.array(array) for name, array in state.items()}
    wrong = [name for name in tensors if copies[name].shape != tensors[name].data.shape]
    if wrong:
        raise ValueError(f"other shapes: {wrong}")
    for name in tensors:
        tensors[name].data = copies[name].astype(tensors[name].data.dtype)


# %% nbgrader={"grade_id": "dropout", "solution": true}
def dropout(x, p=0.5, training=True):
    if not (p >= 0 and p < 1):
        raise ValueError(f"a probability below 1 is needed, got p={p}")
    if training:
        keep = generator().random(x.shape) > p
        return x * keep.astype(x.dtype) * (1 / (1 - p))
    return x
