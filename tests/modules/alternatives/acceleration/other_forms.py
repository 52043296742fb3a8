# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "im2col", "solution": true}
def im2col(x, kernel_size, stride=1, padding=0):
    conv_output_size(x.shape[2], kernel_size[0], stride, padding)
    conv_output_size(x.shape[3], kernel_size[1], stride, padding)
    windows = np.lib.stride_tricks.sliding_window_view(pad2d(x, padding), tuple(kernel_size), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    n, c, down, across = windows.shape[:4]
    places = windows.transpose(0, 1, 4, 5, 2, 3)
    return places.reshape(n, c * kernel_size[0] * kernel_size[1], down * across)


# %% nbgrader={"grade_id": "conv2d_im2col", "solution": true}
def conv2d_im2col(x, weight, stride=1, padding=0):
    down = conv_output_size(x.shape[2], weight.shape[2], stride, padding)
    across = conv_output_size(x.shape[3], weight.shape[3], stride, padding)
    out = np.zeros((len(x), len(weight), down, across), dtype=x.dtype)
    start = 0
    while start < len(x):
        columns = im2col(x[start : start + IMAGES_AT_ONCE], weight.shape[2:], stride, padding)
        product = np.matmul(weight.reshape(weight.shape[0], -1), columns)
        out[start : start + IMAGES_AT_ONCE] = product.reshape(len(columns), len(weight), down, across)
        start += IMAGES_AT_ONCE
    return out


# %% nbgrader={"grade_id": "cross_entropy_fused", "solution": true}
@primitive
def cross_entropy_fused(logits, classes):
    table = np.subtract(logits, np.max(logits, axis=1)[:, None])
    right = (np.arange(len(classes)), classes)
    losses = -table[right]
    np.exp(table, out=table)
    sums = np.sum(table, axis=1)
    losses += np.log(sums)
    np.divide(table, sums[:, None], out=table)
    table[right] -= 1.0
    return losses, table


# %% nbgrader={"grade_id": "adam_in_place", "solution": true}
def adam_in_place(p, g, m, v, t, lr, betas, eps):
    for block in in_blocks(p, g, m, v):
        one_step(*block, t, lr, betas, eps)
    return p, m, v


def one_step(p, g, m, v, t, lr, betas, eps):
    np.multiply(m, betas[0], out=m)
    np.add(m, (1 - betas[0]) * g, out=m)
    np.multiply(v, betas[1], out=v)
    square = g * g
    square *= 1 - betas[1]
    np.add(v, square, out=v)
    step = m / (1 - betas[0] ** t)
    step *= lr
    size = np.sqrt(v / (1 - betas[1] ** t))
    size += eps
    np.subtract(p, step / size, out=p)


# %% nbgrader={"grade_id": "gelu_in_blocks", "solution": true}
def gelu_in_blocks(a):
    out = np.empty_like(a)
    slope = np.empty_like(a)
    for x, o, s in in_blocks(a, out, slope):
        s[...] = erf(x * math.sqrt(0.5))
        s += 1
        s *= 0.5
        np.multiply(x, s, out=o)
        s += x * (np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)))
    return out, slope
