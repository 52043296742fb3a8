# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "mul_rule", "solution": true}
@rule("mul")
def mul_rule(grad, out, a, b):
    for_a = b * grad
    for_b = a * grad
    return for_a, for_b


# %% nbgrader={"grade_id": "unbroadcast", "solution": true}
def unbroadcast(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


# %% nbgrader={"grade_id": "matmul_rule", "solution": true}
def matmul_rule(grad, out, a, b, wanted=(True, True)):
    for_a = for_b = None
    if wanted[0]:
        for_a = np.matmul(grad, np.swapaxes(b, -1, -2))
    if wanted[1]:
        for_b = np.matmul(np.swapaxes(a, -1, -2), grad)
    return for_a, for_b


# %% nbgrader={"grade_id": "topological_order", "solution": true}
def topological_order(tensor):
    seen, order, stack = {id(tensor)}, [], [(tensor, iter(parents(tensor)))]
    while stack:
        current, waiting = stack[-1]
        for parent in waiting:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, iter(parents(parent))))
                break
        else:
            order.insert(0, current)
            stack.pop()
    return order


# %% nbgrader={"grade_id": "backpropagate", "solution": true}
def backpropagate(tensor, gradient=None):
    order = topological_order(tensor)
    sums = {id(tensor): np.array(first_gradient(tensor, gradient))}
    for current in order:
        if current.grad_fn is not None:
            for parent, part in input_gradients(current.grad_fn, sums[id(current)]):
                sums[id(parent)] = sums.get(id(parent), 0) + part
    for current in order:
        if current.grad_fn is None:
            old = 0 if current.grad is None else current.grad.data
            current.grad = Tensor(np.array(old + sums[id(current)]))


# %% nbgrader={"grade_id": "log_softmax_rule", "solution": true}
@rule("log_softmax")
def log_softmax_rule(grad, out, a, dim=-1):
    total = np.expand_dims(grad.sum(axis=dim), dim)
    return grad - total * np.exp(out)
