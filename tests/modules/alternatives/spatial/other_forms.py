# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "conv_output_size", "solution": true}
def conv_output_size(size, kernel_size, stride=1, padding=0):
    padded = size + 2 * padding
    if padded < kernel_size:
        raise ValueError(f"kernel_size={kernel_size} is larger than the padded size {padded}")
    return math.floor((padded - kernel_size) / stride) + 1


# %%
def columns_of(x, height, width, stride):
    """im2col by strides: (N, C, rows, columns, height, width)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(2, 3))
    return windows[:, :, ::stride, ::stride]


# %% nbgrader={"grade_id": "conv2d", "solution": true}
@primitive
def conv2d(x, weight, stride=1, padding=0):
    windows = columns_of(pad2d(x, padding), weight.shape[2], weight.shape[3], stride)
    return np.einsum("ncrsij,ocij->nors", windows, weight)


# %% nbgrader={"grade_id": "conv2d_rule", "solution": true}
@rule("conv2d")
def conv2d_rule(grad, out, x, weight, stride=1, padding=0, wanted=(True, True)):
    padded = pad2d(x, padding)
    windows = columns_of(padded, weight.shape[2], weight.shape[3], stride)
    for_weight = np.tensordot(grad, windows, axes=([0, 2, 3], [0, 2, 3])) if wanted[1] else None
    if not wanted[0]:
        return None, for_weight
    # the blame, spread by the stride and framed, meets the kernel turned around
    kh, kw = weight.shape[2:]
    spread = np.zeros((*grad.shape[:2], padded.shape[2] + kh - 1, padded.shape[3] + kw - 1), grad.dtype)
    spread[:, :, kh - 1 :: stride, kw - 1 :: stride][:, :, : grad.shape[2], : grad.shape[3]] = grad
    turned = weight[:, :, ::-1, ::-1]
    for_padded = np.einsum("norsij,ocij->ncrs", columns_of(spread, kh, kw, 1), turned)
    return for_padded[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]], for_weight


# %% nbgrader={"grade_id": "max_pool2d", "solution": true}
@primitive
def max_pool2d(x, kernel_size):
    k, best = kernel_size, None
    for i in range(k):
        for j in range(k):
            candidate = x[:, :, i::k, j::k][:, :, : x.shape[2] // k, : x.shape[3] // k]
            best = candidate if best is None else np.maximum(best, candidate)
    return best


# %% nbgrader={"grade_id": "conv2d_macs", "solution": true}
def conv2d_macs(x_shape, weight_shape, stride=1, padding=0):
    down, across = [(x_shape[axis] + 2 * padding - weight_shape[axis]) // stride + 1 for axis in (2, 3)]
    each = weight_shape[1] * weight_shape[2] * weight_shape[3]
    return each * x_shape[0] * weight_shape[0] * down * across
