"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 17."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

PLACES = 'places = np.round(x / scale) + zero_point\n    return np.clip(places, first, last).astype("int8")'
WIDENED = "low, high = min(low, 0.0), max(high, 0.0)"
ALL = "values = np.concatenate([np.ravel(batch) for batch in batches])"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("scale_for", "takes the largest, not the largest in size", "np.abs(x)", "x", "differ"),
    ("scale_for", "divides by 128", "/ last)", "/ (last + 1))", "came back"),
    ("scale_for", "leaves a scale of 0", "np.where(scale > 0, scale, np.float32(1))", "scale", "0.0 came back"),
    ("scale_for", "drops the dimension of the columns", "keepdims=per_row", "keepdims=False", "shapes differ"),
    ("scale_for", "takes columns for rows", "tuple(range(1, x.ndim))", "tuple(range(x.ndim - 1))", "differ"),
    ("scale_for", "knows matrices only", "tuple(range(1, x.ndim))", "(1,)", "differ"),
    ("scale_for", "gives float64", '.astype("float32")', '.astype("float64")', "float64"),
    ("quantize", "cuts instead of rounding", "np.round(x / scale)", "np.trunc(x / scale)", "16 came back, 17"),
    ("quantize", "makes a byte before it clips", "np.clip(places, first, last).astype(\"int8\")",
     'np.clip(places.astype("int32").astype("int8"), first, last)', "-56 came back, 127"),
    ("quantize", "clips before the zero point", PLACES,
     'places = np.clip(np.round(x / scale), first, last)\n'
     '    return (places + zero_point).astype("int32").astype("int8")', "came back, -128"),
    ("quantize", "multiplies by the scale", "x / scale", "x * scale", "0 came back, 17"),
    ("quantize", "subtracts the zero point", "+ zero_point", "- zero_point", "came back"),
    ("quantize", "gives floats", '.astype("int8")', "", "float"),
    ("dequantize", "subtracts bytes", '(q.astype("float32") - zero_point)',
     '(q - np.int8(zero_point)).astype("float32")', "-14.0 came back, 114.0"),
    ("dequantize", "forgets the zero point", " - zero_point", "", "came back"),
    ("dequantize", "divides", "* scale", "/ scale", "came back"),
    ("quantized_linear", "makes all rows floats at once", "parts = []", "parts, rows = [], len(q)",
     "less than half of the whole weight"),
    ("quantized_linear", "keeps all blocks as floats", "return out",
     "kept = dequantize(q, scale)\n    return out", "less than half of the whole weight"),
    ("quantized_linear", "takes the first scales for each block", "scale[block]", "scale[: len(q[block])]", "rounding"),
    ("quantized_linear", "loses the last block", "range(0, len(q), rows)", "range(0, len(q) - len(q) % rows, rows)",
     "shapes differ"),
    ("quantized_linear", "joins along the first axis", "axis=-1", "axis=0", "dimension"),
    ("quantized_linear", "forgets the bias", "return out if bias is None else out + bias", "return out", "came back"),
    ("affine_parameters", "clips the zero point", f"{WIDENED}\n    scale = (high - low) / (last - first)",
     "scale = (high - low) / (last - first)\n    if scale and not first <= first - round(low / scale) <= last:\n"
     "        return scale, min(max(first - round(low / scale), first), last)", "came back"),
    ("affine_parameters", "widens only below", "max(high, 0.0)", "high", "came back"),
    ("affine_parameters", "divides by 0", "if scale == 0:", "if False:", "ZeroDivisionError"),
    ("affine_parameters", "counts places, not steps", "(last - first)", "(last - first + 1)", "came back"),
    ("affine_parameters", "has the sign of the zero point wrong", "first - round(low / scale)",
     "first + round(low / scale)", "came back"),
    ("affine_parameters", "leaves a fraction", "round(low / scale)", "low / scale", "came back"),
    ("calibrate", "takes the mean of the batches", f"{ALL}\n    rest = (1 - keep) / 2\n"
     "    low, high = np.quantile(values, [rest, 1 - rest])",
     "rest = (1 - keep) / 2\n    low, high = np.mean([np.quantile(b, [rest, 1 - rest]) for b in batches], axis=0)",
     "came back"),
    ("calibrate", "leaves all of the rest out at each end", "(1 - keep) / 2", "1 - keep", "came back"),
    ("calibrate", "looks at the last batch only", ALL, "values = [np.ravel(b) for b in batches][-1]", "came back"),
    ("calibrate", "takes shares for per cent", "np.quantile", "np.percentile", "came back"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "quantization") == []
