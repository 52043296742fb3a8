# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "conv_output_size", "solution": true}
def conv_output_size(size, kernel_size, stride=1, padding=0):
    padded = size + padding + padding
    if kernel_size > padded:
        raise ValueError(f"{kernel_size} pixels don't fit into {padded}")
    places, start = 0, 0
    while start + kernel_size <= padded:
        places += 1
        start += stride
    return places


# %% nbgrader={"grade_id": "conv2d", "solution": true}
@primitive
def conv2d(x, weight, stride=1, padding=0):
    x = pad2d(x, padding)
    rows = conv_output_size(x.shape[2], weight.shape[2], stride)
    columns = conv_output_size(x.shape[3], weight.shape[3], stride)
    out = np.zeros((x.shape[0], weight.shape[0], rows, columns), dtype=x.dtype)
    for r in range(rows):
        for c in range(columns):
            top, left = r * stride, c * stride
            patch = x[:, :, top : top + weight.shape[2], left : left + weight.shape[3]]
            for o in range(weight.shape[0]):
                out[:, o, r, c] = (patch * weight[o]).sum(axis=(1, 2, 3))
    return out


# %% nbgrader={"grade_id": "conv2d_rule", "solution": true}
@rule("conv2d")
def conv2d_rule(grad, out, x, weight, stride=1, padding=0, wanted=(True, True)):
    padded = pad2d(x, padding)
    dx, dw = np.zeros(padded.shape), np.zeros(weight.shape)
    height, width = weight.shape[2], weight.shape[3]
    for r in range(grad.shape[2]):
        for c in range(grad.shape[3]):
            down, right = slice(r * stride, r * stride + height), slice(c * stride, c * stride + width)
            for o in range(weight.shape[0]):
                blame = grad[:, o, r, c][:, None, None, None]
                dx[:, :, down, right] += blame * weight[o]
                dw[o] += (blame * padded[:, :, down, right]).sum(axis=0)
    if padding:
        dx = dx[:, :, padding:-padding, padding:-padding]
    return (dx if wanted[0] else None), (dw if wanted[1] else None)


# %% nbgrader={"grade_id": "max_pool2d", "solution": true}
@primitive
def max_pool2d(x, kernel_size):
    k = kernel_size
    out = np.empty((x.shape[0], x.shape[1], x.shape[2] // k, x.shape[3] // k), dtype=x.dtype)
    for r in range(out.shape[2]):
        for c in range(out.shape[3]):
            out[:, :, r, c] = x[:, :, r * k : (r + 1) * k, c * k : (c + 1) * k].max(axis=3).max(axis=2)
    return out


# %% nbgrader={"grade_id": "conv2d_macs", "solution": true}
def conv2d_macs(x_shape, weight_shape, stride=1, padding=0):
    n, fan_in, height, width = x_shape
    out, _, kh, kw = weight_shape
    places = 0
    for top in range(0, height + 2 * padding - kh + 1, stride):
        for left in range(0, width + 2 * padding - kw + 1, stride):
            places += 1
    return n * places * out * fan_in * kh * kw
