# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "layer_norm", "solution": true}
def layer_norm(x, weight=None, bias=None, eps=1e-5):
    mean = x.mean(dim=-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    weight = 1.0 if weight is None else weight
    bias = 0.0 if bias is None else bias
    return weight * ((x - mean) / (variance + eps) ** 0.5) + bias


# %% nbgrader={"grade_id": "feed_forward", "solution": true}
def feed_forward(x, up, down, activation=gelu):
    for step in (up, activation, down):
        x = step(x)
    return x


# %% nbgrader={"grade_id": "transformer_block", "solution": true}
def transformer_block(x, norm1, attention, norm2, mlp):
    for norm, part in [(norm1, attention), (norm2, mlp)]:
        x = part(norm(x)) + x
    return x


# %% nbgrader={"grade_id": "sample_next", "solution": true}
def sample_next(logits, u, temperature=1.0, top_k=None):
    logits = np.array(logits, dtype="float64")
    if temperature == 0:
        return logits.argmax().item()
    if top_k:
        kth = np.partition(logits, -min(top_k, logits.size))[-min(top_k, logits.size)]
        logits[logits < kth] = -np.inf
    p = np.exp((logits - np.max(logits)) / temperature)
    p /= p.sum()
    beyond = np.flatnonzero(np.cumsum(p) > u)
    return int(beyond[0]) if len(beyond) else int(np.flatnonzero(p)[-1])


# %% nbgrader={"grade_id": "generate", "solution": true}
def generate(model, ids, steps, temperature=1.0, top_k=None):
    out = np.array(ids)
    with no_grad():
        for u in generator().random(steps):
            window = out[-model.context :]
            row = model(Tensor(window).reshape(1, -1)).data[0][-1]
            out = np.append(out, sample_next(row, u, temperature, top_k))
    return [int(i) for i in out]
