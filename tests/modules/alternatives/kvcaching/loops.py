# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "tokens_read", "solution": true}
def tokens_read(prompt, steps, context, cached):
    read = 0
    for i in range(steps):
        there = prompt + i
        if there > context:
            read += context
        elif i == 0:
            read += prompt
        elif cached:
            read += 1
        else:
            read += there
    return read


# %% nbgrader={"grade_id": "append", "solution": true}
def append(cache, k, v):
    new = k.shape[2]
    room = cache.keys.shape[2] - cache.used
    if new > room:
        raise ValueError(f"room for {cache.keys.shape[2]} places, {cache.used} are used, got {new} more")
    for i in range(new):
        cache.keys[:, :, cache.used] = k.data[:, :, i]
        cache.values[:, :, cache.used] = v.data[:, :, i]
        cache.used += 1
    keys = cache.keys[:, :, : cache.used]
    values = cache.values[:, :, : cache.used]
    return Tensor(keys), Tensor(values)


# %% nbgrader={"grade_id": "read_on", "solution": true}
def read_on(model, ids, caches):
    start = caches[-1].used
    new = np.array(ids)[:, start:]
    if new.shape[1] == 0:
        raise ValueError(f"all {start} tokens were read before")
    with no_grad():
        scores = model(Tensor(new), caches, start)
    return scores


# %% nbgrader={"grade_id": "generate_cached", "solution": true}
def generate_cached(model, ids, steps, temperature=1.0, top_k=None):
    text = [int(i) for i in ids]
    caches = empty_caches(model)
    for step in range(steps):
        if len(text) <= model.context:
            window = text
        else:
            window = text[len(text) - model.context :]
            for cache in caches:
                cache.used = 0
        scores = read_on(model, np.array(window).reshape(1, len(window)), caches)
        last = scores.data[0][-1]
        u = generator().random()
        text.append(sample_next(last, u, temperature=temperature, top_k=top_k))
    return text


# %% nbgrader={"grade_id": "cache_bytes", "solution": true}
def cache_bytes(layers, heads, size, tokens, batch=1, bytes_each=4):
    total = 0
    for _ in range(layers):
        keys = batch * heads * tokens * size * bytes_each
        values = keys
        total += keys + values
    return total
