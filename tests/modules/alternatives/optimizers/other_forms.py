# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "sgd_step", "solution": true}
def sgd_step(p, g, lr):
    return np.add(p, np.multiply(g, -lr))


# %% nbgrader={"grade_id": "momentum_step", "solution": true}
def momentum_step(p, g, velocity, lr, momentum):
    velocity = np.add(np.multiply(velocity, momentum), g)
    return sgd_step(p, velocity, lr), velocity


# %%
def blend(old, new, share):
    return share * old + (1 - share) * new


# %% nbgrader={"grade_id": "adam_step", "solution": true}
@composed
def adam_step(p, g, m, v, t, lr, betas, eps):
    wide = np.asarray(g, dtype="float64")
    m, v = blend(m, wide, betas[0]), blend(v, wide**2, betas[1])
    step = m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return (p - lr * step).astype(p.dtype), m.astype(g.dtype), v.astype(g.dtype)


# %% nbgrader={"grade_id": "adamw_step", "solution": true}
def adamw_step(p, g, m, v, t, lr, betas, eps, weight_decay):
    stepped, m, v = adam_step(p, g, m, v, t, lr, betas, eps)
    return stepped - lr * weight_decay * p, m, v


# %% nbgrader={"grade_id": "warmup_cosine", "solution": true}
def warmup_cosine(step, warmup, total):
    if step < warmup:
        return 1 / warmup + step / warmup
    if step >= total:
        return 0
    return math.cos(0.5 * math.pi * (step - warmup) / (total - warmup)) ** 2
