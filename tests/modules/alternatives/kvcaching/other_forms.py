# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "tokens_read", "solution": true}
def tokens_read(prompt, steps, context, cached):
    lengths = np.arange(prompt, prompt + steps)
    read = np.minimum(lengths, context)
    if cached:
        read = np.where((lengths > context) | (lengths == prompt), read, 1)
    return int(read.sum())


# %% nbgrader={"grade_id": "append", "solution": true}
def append(cache, k, v):
    places = slice(cache.used, cache.used + k.shape[-2])
    if places.stop > cache.keys.shape[-2]:
        raise ValueError(f"{places.stop} tokens in a cache of {cache.keys.shape[-2]} places")
    filled = []
    for memory, new in ((cache.keys, k), (cache.values, v)):
        np.copyto(memory[:, :, places], new.data)
        filled.append(Tensor(memory[:, :, : places.stop]))
    cache.used = places.stop
    return tuple(filled)


# %% nbgrader={"grade_id": "read_on", "solution": true}
@no_grad()
def read_on(model, ids, caches):
    if len(caches[0]) >= ids.shape[1]:
        raise ValueError(f"nothing is new in {ids.shape[1]} tokens")
    return model(Tensor(ids[..., len(caches[0]) :]), start=len(caches[0]), caches=caches)


# %% nbgrader={"grade_id": "generate_cached", "solution": true}
def generate_cached(model, ids, steps, temperature=1.0, top_k=None):
    out = np.array(ids)
    caches = None
    for _ in range(steps):
        if caches is None or out.size > model.context:
            caches = empty_caches(model)
        scores = read_on(model, out[None, -model.context :], caches).data
        out = np.append(out, sample_next(scores[-1, -1], generator().random(), temperature, top_k))
    return out.tolist()


# %% nbgrader={"grade_id": "cache_bytes", "solution": true}
def cache_bytes(layers, heads, size, tokens, batch=1, bytes_each=4):
    return layers * batch * tokens * (heads * size) * (2 * bytes_each)
