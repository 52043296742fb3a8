# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "layer_norm", "solution": true}
def layer_norm(x, weight=None, bias=None, eps=1e-5):
    n = x.shape[-1]
    mean = x.sum(dim=-1, keepdim=True) / n
    distance = x - mean
    squares = (distance * distance).sum(dim=-1, keepdim=True) / n
    result = distance * (squares + eps) ** -0.5
    if weight is not None and bias is not None:
        return result * weight + bias
    if weight is not None:
        return result * weight
    if bias is not None:
        return result + bias
    return result


# %% nbgrader={"grade_id": "feed_forward", "solution": true}
def feed_forward(x, up, down, activation=gelu):
    hidden = up(x)
    hidden = activation(hidden)
    return down(hidden)


# %% nbgrader={"grade_id": "transformer_block", "solution": true}
def transformer_block(x, norm1, attention, norm2, mlp):
    heard = attention(norm1(x))
    middle = x + heard
    thought = mlp(norm2(middle))
    return middle + thought


# %% nbgrader={"grade_id": "sample_next", "solution": true}
def sample_next(logits, u, temperature=1.0, top_k=None):
    scores = [float(s) for s in logits]
    if temperature == 0:
        return scores.index(max(scores))
    smallest = min(scores)
    if top_k is not None:
        smallest = sorted(scores, reverse=True)[: int(top_k)][-1]
    best = max(scores)
    weights = []
    for score in scores:
        if score >= smallest:
            weights.append(math.exp((score - best) / temperature))
        else:
            weights.append(0.0)
    place, end, last = u * sum(weights), 0.0, 0
    for i, weight in enumerate(weights):
        end += weight
        if weight > 0:
            last = i
        if end > place:
            return i
    return last


# %% nbgrader={"grade_id": "generate", "solution": true}
def generate(model, ids, steps, temperature=1.0, top_k=None):
    written = []
    for _ in range(steps):
        text = list(ids) + written
        if len(text) > model.context:
            text = text[len(text) - model.context :]
        with no_grad():
            scores = model(Tensor(np.array([text]))).data
        u = generator().random()
        written.append(sample_next(scores[0][len(text) - 1], u, temperature=temperature, top_k=top_k))
    return list(ids) + written
