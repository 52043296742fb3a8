# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "scale_for", "solution": true}
def scale_for(x, last=127, per_row=False):
    if not per_row:
        biggest = float(np.abs(x).max())
        scale = np.float32(biggest / last)
        if scale == 0:
            scale = np.float32(1.0)
        return scale
    scales = np.ones((len(x),) + (1,) * (x.ndim - 1), dtype="float32")
    for i in range(len(x)):
        s = np.float32(np.abs(x[i]).max() / last)
        if s > 0:
            scales[i] = s
    return scales


# %% nbgrader={"grade_id": "quantize", "solution": true}
def quantize(x, scale, zero_point=0, first=-127, last=127):
    q = np.rint(np.asarray(x) / scale)
    q = q + zero_point
    q[q < first] = first
    q[q > last] = last
    return q.astype(np.int8)


# %% nbgrader={"grade_id": "dequantize", "solution": true}
def dequantize(q, scale, zero_point=0):
    as_int = q.astype("int32") - zero_point
    return (as_int * scale).astype(np.float32)


# %% nbgrader={"grade_id": "quantized_linear", "solution": true}
def quantized_linear(x, q, scale, bias=None, rows=64):
    n = q.shape[0]
    out = np.zeros(x.shape[:-1] + (n,), dtype="float32")
    start = 0
    while start < n:
        end = min(start + rows, n)
        w = dequantize(q[start:end], scale[start:end])
        out[..., start:end] = np.matmul(x, w.T)
        if bias is not None:
            out[..., start:end] += bias[start:end]
        start = end
    return out


# %% nbgrader={"grade_id": "affine_parameters", "solution": true}
def affine_parameters(low, high, first=-128, last=127):
    if low > 0:
        low = 0
    if high < 0:
        high = 0
    if low == high:
        return 1.0, 0
    scale = (high - low) / (last - first)
    zero_point = int(np.round(first - low / scale))
    return scale, zero_point


# %% nbgrader={"grade_id": "calibrate", "solution": true}
def calibrate(batches, keep=1.0):
    values = []
    for batch in batches:
        values.extend(np.asarray(batch).reshape(-1).tolist())
    cut = 50 * (1 - keep)
    return float(np.percentile(values, cut)), float(np.percentile(values, 100 - cut))
