# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "im2col", "solution": true}
def im2col(x, kernel_size, stride=1, padding=0):
    n, c, h, w = x.shape
    kr, kc = kernel_size
    down = conv_output_size(h, kr, stride, padding)
    across = conv_output_size(w, kc, stride, padding)
    big = pad2d(x, padding)
    out = np.zeros((n, c * kr * kc, down * across), dtype=x.dtype)
    for r in range(down):
        for q in range(across):
            window = big[:, :, r * stride : r * stride + kr, q * stride : q * stride + kc]
            out[:, :, r * across + q] = window.reshape(n, c * kr * kc)
    return out


# %% nbgrader={"grade_id": "conv2d_im2col", "solution": true}
def conv2d_im2col(x, weight, stride=1, padding=0):
    o, c, kr, kc = weight.shape
    down = conv_output_size(x.shape[2], kr, stride, padding)
    across = conv_output_size(x.shape[3], kc, stride, padding)
    rows = weight.reshape(o, c * kr * kc)
    results = [np.zeros((0, o, down, across), dtype=x.dtype)]
    for i in range(len(x)):
        columns = im2col(x[i : i + 1], (kr, kc), stride, padding)[0]
        results.append((rows @ columns).reshape(1, o, down, across))
    return np.concatenate(results)


# %% nbgrader={"grade_id": "cross_entropy_fused", "solution": true}
@primitive
def cross_entropy_fused(logits, classes):
    slope = np.array(logits)
    losses = np.empty(len(logits), dtype=logits.dtype)
    for i in range(len(logits)):
        row = slope[i]
        row -= row.max()
        right = float(row[classes[i]])
        np.exp(row, out=row)
        total = row.sum()
        losses[i] = np.log(total) - right
        row /= total
        row[classes[i]] -= 1
    return losses, slope


# %% nbgrader={"grade_id": "adam_in_place", "solution": true}
def adam_in_place(p, g, m, v, t, lr, betas, eps):
    for pp, gg, mm, vv in in_blocks(p, g, m, v):
        mm[...] = betas[0] * mm + (1 - betas[0]) * gg
        vv[...] = betas[1] * vv + (1 - betas[1]) * (gg * gg)
        m_corrected = mm / (1 - betas[0] ** t)
        v_corrected = vv / (1 - betas[1] ** t)
        pp[...] = pp - lr * m_corrected / (np.sqrt(v_corrected) + eps)
    return p, m, v


# %% nbgrader={"grade_id": "gelu_in_blocks", "solution": true}
def gelu_in_blocks(a):
    flat = a.ravel()
    out = np.zeros(flat.size, dtype=a.dtype)
    slope = np.zeros(flat.size, dtype=a.dtype)
    start = 0
    while start < flat.size:
        end = start + 8192
        x = flat[start:end]
        phi = (1 + erf(x / math.sqrt(2))) / 2
        bell = np.exp(-(x * x) / 2) / math.sqrt(2 * math.pi)
        out[start:end] = x * phi
        slope[start:end] = phi + x * bell
        start = end
    return out.reshape(a.shape), slope.reshape(a.shape)
