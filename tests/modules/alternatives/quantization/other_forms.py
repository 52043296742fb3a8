# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "scale_for", "solution": true}
def scale_for(x, last=127, per_row=False):
    axes = None if not per_row else tuple(i for i in range(x.ndim) if i > 0)
    top = np.maximum(x.max(axis=axes, keepdims=per_row), -x.min(axis=axes, keepdims=per_row))
    scale = np.asarray(top / last, dtype=np.float32).copy()
    scale[scale == 0] = 1
    return scale


# %% nbgrader={"grade_id": "quantize", "solution": true}
def quantize(x, scale, zero_point=0, first=-127, last=127):
    # half up instead of half to even: no different but for ties
    return np.minimum(np.maximum(np.floor(x * (1.0 / scale) + 0.5 + zero_point), first), last).astype("int8")


# %% nbgrader={"grade_id": "dequantize", "solution": true}
def dequantize(q, scale, zero_point=0):
    return np.multiply(np.float32(scale), np.subtract(q, zero_point, dtype="float32"))


# %% nbgrader={"grade_id": "quantized_linear", "solution": true}
def quantized_linear(x, q, scale, bias=None, rows=64):
    bias = np.zeros(len(q), dtype="float32") if bias is None else bias
    # the scale goes to the results: a number for each output
    blocks = [
        (x @ dequantize(q[i : i + rows], 1.0).T) * scale[i : i + rows, 0] + bias[i : i + rows]
        for i in range(0, len(q), rows)
    ]
    return np.concatenate(blocks, axis=x.ndim - 1)


# %% nbgrader={"grade_id": "affine_parameters", "solution": true}
def affine_parameters(low, high, first=-128, last=127):
    bounds = np.array([min(low, 0), max(high, 0)], dtype="float64")
    scale = np.ptp(bounds) / (last - first)
    return (1.0, 0) if scale == 0.0 else (scale, int(first - np.rint(bounds[0] / scale)))


# %% nbgrader={"grade_id": "calibrate", "solution": true}
def calibrate(batches, keep=1.0):
    values = np.sort(np.hstack([np.asarray(b, dtype="float64").flatten() for b in batches]))
    places = np.arange(len(values)) / max(len(values) - 1, 1)
    return tuple(float(np.interp(share, places, values)) for share in (0.5 - keep / 2, 0.5 + keep / 2))
