# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "sgd_step", "solution": true}
def sgd_step(p, g, lr):
    new = p.copy()
    new -= lr * g
    return new


# %% nbgrader={"grade_id": "momentum_step", "solution": true}
def momentum_step(p, g, velocity, lr, momentum):
    new_velocity = g + velocity * momentum
    return p - new_velocity * lr, new_velocity


# %% nbgrader={"grade_id": "adam_step", "solution": true}
@composed
def adam_step(p, g, m, v, t, lr, betas, eps):
    new_p, new_m, new_v = np.empty_like(p), np.empty_like(m), np.empty_like(v)
    for place in np.ndindex(p.shape):
        new_m[place] = betas[0] * m[place] + (1 - betas[0]) * g[place]
        new_v[place] = betas[1] * v[place] + (1 - betas[1]) * g[place] ** 2
        first = new_m[place] / (1 - betas[0] ** t)
        second = new_v[place] / (1 - betas[1] ** t)
        new_p[place] = p[place] - lr * first / (math.sqrt(second) + eps)
    return new_p, new_m, new_v


# %% nbgrader={"grade_id": "adamw_step", "solution": true}
def adamw_step(p, g, m, v, t, lr, betas, eps, weight_decay):
    return adam_step(p - lr * weight_decay * p, g, m, v, t, lr, betas, eps)


# %% nbgrader={"grade_id": "warmup_cosine", "solution": true}
def warmup_cosine(step, warmup, total):
    if step >= total:
        return 0.0
    if step >= warmup:
        angle = math.pi * (step - warmup) / (total - warmup)
        return (1 + math.cos(angle)) / 2
    return (step + 1) / warmup
