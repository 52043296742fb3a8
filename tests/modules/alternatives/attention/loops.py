# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "causal_mask", "solution": true}
def causal_mask(queries, keys=None):
    if keys is None:
        keys = queries
    mask = np.zeros((queries, keys), dtype=bool)
    for i in range(queries):
        mask[i, keys - queries + i + 1 :] = True
    return mask


# %% nbgrader={"grade_id": "attention_weights", "solution": true}
def attention_weights(q, k, mask=None):
    scale = 1 / q.shape[-1] ** 0.5
    scores = (q * scale) @ k.mT
    if mask is not None:
        scores = scores.masked_fill(mask, float("-inf"))
    with np.errstate(invalid="ignore"):
        weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(mask, 0)
    return weights


# %% nbgrader={"grade_id": "attention", "solution": true}
def attention(q, k, v, mask=None, cache=None):
    if not cache is None:
        everything = cache.append(k, v)
        k = everything[0]
        v = everything[1]
    weights = attention_weights(q, k, mask=mask)
    mixed = weights.matmul(v)
    return mixed


# %% nbgrader={"grade_id": "split_heads", "solution": true}
def split_heads(x, heads):
    size = x.shape[-1] // heads
    if size * heads != x.shape[-1]:
        raise ValueError(f"dim {x.shape[-1]} is no multiple of {heads}")
    pieces = []
    for head in range(heads):
        pieces.append(x[..., head * size : (head + 1) * size].unsqueeze(-3))
    return cat(pieces, dim=x.ndim - 2)


# %% nbgrader={"grade_id": "merge_heads", "solution": true}
def merge_heads(x):
    return cat([x[..., head, :, :] for head in range(x.shape[-3])], dim=x.ndim - 2)


# %% nbgrader={"grade_id": "multi_head_attention", "solution": true}
def multi_head_attention(x, query, key, value, output, heads, mask=None, cache=None):
    q = query(x)
    k = key(x)
    v = value(x)
    q = split_heads(q, heads)
    k = split_heads(k, heads)
    v = split_heads(v, heads)
    out = attention(q, k, v, mask=mask, cache=cache)
    out = merge_heads(out)
    return output(out)


# %%
#| export
from tinytorch.core.tensor import cat
