# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "causal_mask", "solution": true}
def causal_mask(queries, keys=None):
    keys = keys or queries
    return np.triu(np.ones((queries, keys)), k=keys - queries + 1).astype(bool)


# %% nbgrader={"grade_id": "attention_weights", "solution": true}
def attention_weights(q, k, mask=None):
    scores = q @ k.transpose(-1, -2) * (1.0 / np.sqrt(q.shape[-1]))
    if mask is None:
        return softmax(scores)
    shown = Tensor((~np.asarray(mask)).astype("float32"))
    top = scores.masked_fill(mask, -1e30).amax(dim=-1, keepdim=True).detach()
    powers = (scores - top).masked_fill(mask, 0.0).exp() * shown
    return powers / powers.sum(dim=-1, keepdim=True).clamp(min=1e-30)


# %% nbgrader={"grade_id": "attention", "solution": true}
def attention(q, k, v, mask=None, cache=None):
    k, v = (k, v) if cache is None else cache.append(k, v)
    # the transposed product, turned back
    return (v.transpose(-2, -1) @ attention_weights(q, k, mask).transpose(-2, -1)).transpose(-2, -1)


# %% nbgrader={"grade_id": "split_heads", "solution": true}
def split_heads(x, heads):
    if x.shape[-1] % heads != 0:
        raise ValueError(f"{heads} heads do not divide {x.shape[-1]}")
    y = x.reshape(*x.shape[:-1], heads, -1)
    order = list(range(y.ndim))
    order[-3], order[-2] = order[-2], order[-3]
    return y.permute(*order)


# %% nbgrader={"grade_id": "merge_heads", "solution": true}
def merge_heads(x):
    swapped = x.transpose(-2, -3).contiguous()
    return swapped.flatten(start_dim=swapped.ndim - 2)


# %% nbgrader={"grade_id": "multi_head_attention", "solution": true}
def multi_head_attention(x, query, key, value, output, heads, mask=None, cache=None):
    def pieces(layer):
        return split_heads(layer(x), heads)

    found = attention(pieces(query), pieces(key), pieces(value), mask, cache)
    return output(merge_heads(found))
