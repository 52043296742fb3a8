# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "mul_rule", "solution": true}
@rule("mul")
def mul_rule(grad, out, a, b):
    return [np.multiply(grad, factor) for factor in (b, a)][0], np.multiply(grad, a)


# %% nbgrader={"grade_id": "unbroadcast", "solution": true}
def unbroadcast(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i in range(grad.ndim) if padded[i] == 1)
    return grad.sum(axis=axes, keepdims=True).reshape(shape)


# %% nbgrader={"grade_id": "matmul_rule", "solution": true}
def matmul_rule(grad, out, a, b, wanted=(True, True)):
    return (
        np.einsum("...nm,...km->...nk", grad, b) if wanted[0] else None,
        np.einsum("...nm,...nk->...km", grad, a) if wanted[1] else None,
    )


# %%
def all_below(tensor):
    found, waiting = {}, [tensor]
    while waiting:
        current = waiting.pop()
        if id(current) not in found:
            found[id(current)] = current
            waiting.extend(parents(current))
    return found


# %% nbgrader={"grade_id": "topological_order", "solution": true}
def topological_order(tensor):
    tensors = all_below(tensor)
    users = dict.fromkeys(tensors, 0)
    for current in tensors.values():
        for parent in parents(current):
            users[id(parent)] += 1
    order, ready = [], [tensor]
    while ready:
        current = ready.pop()
        order.append(current)
        for parent in parents(current):
            users[id(parent)] -= 1
            if users[id(parent)] == 0:
                ready.append(parent)
    return order


# %% nbgrader={"grade_id": "backpropagate", "solution": true}
def backpropagate(tensor, gradient=None):
    grads = {id(tensor): first_gradient(tensor, gradient)}
    for current in topological_order(tensor):
        grad = grads[id(current)]
        if current.grad_fn:
            for parent, part in input_gradients(current.grad_fn, grad):
                grads[id(parent)] = part + grads[id(parent)] if id(parent) in grads else part
        elif current.grad is None:
            current.grad = Tensor(np.array(grad, copy=True))
        else:
            current.grad = Tensor(grad + current.grad.data)


# %% nbgrader={"grade_id": "log_softmax_rule", "solution": true}
@rule("log_softmax")
def log_softmax_rule(grad, out, a, dim=-1):
    powers = np.exp(a - a.max(axis=dim, keepdims=True))
    probability = powers / powers.sum(axis=dim, keepdims=True)
    return grad - probability * np.sum(grad, axis=dim, keepdims=True)
