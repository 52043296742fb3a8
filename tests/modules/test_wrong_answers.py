"""Mistakes that students make cost points: for each exercise of modules 01 to 03, solutions that are almost right."""

import pytest

from tests.modules.judging import each_of, judge_mistake

pytestmark = pytest.mark.modules

# (exercise, what is wrong, the line or lines of the reference, what replaces them)
MISTAKES = [
    ("infer_shape", "ignores a remainder", "and size % known == 0", ""),
    ("infer_shape", "accepts several -1", "shape.count(-1) == 1 and", "shape.count(-1) >= 1 and"),
    ("infer_shape", "accepts what doesn't fit", "if -1 in shape or known != size:", "if -1 in shape:"),
    ("broadcast_shape", "aligns on the left", "a[-i] if i <= len(a) else 1", "a[i - 1] if i <= len(a) else 1"),
    ("broadcast_shape", "stretches nothing to the left", "max(len(a), len(b)) + 1", "min(len(a), len(b)) + 1"),
    ("broadcast_shape", "takes the larger size without a look", "if m != n and m != 1 and n != 1:", "if False:"),
    ("add", "leaves the message to numpy", "broadcast_shape(np.shape(a), np.shape(b))", "raise"),
    ("add", "goes on where shapes don't fit", "broadcast_shape(np.shape(a), np.shape(b))", "return a"),
    ("add", "is a little off", "return a + b", "return a + b + 1e-4"),
    ("mean", "divides by the first size", "(x.numel() // total.numel())", "x.shape[0]"),
    ("mean", "forgets keepdim", "dim=dim, keepdim=keepdim", "dim=dim"),
    ("mean", "divides by all", "(x.numel() // total.numel())", "x.numel()"),
    ("matmul_loops", "forgets the last product", "for k in range(inner)", "for k in range(inner - 1)"),
    ("matmul_loops", "loses the dtype", ", dtype=a.dtype", ""),
    ("matmul_loops", "takes b transposed", "b[k, j]", "b[j % inner, k % columns]"),
    ("matmul", "compares with the wrong size", "b.shape[-2:][0]", "b.shape[0]"),
    ("matmul", "says nothing of shapes", "got {a.shape} @ {b.shape}: {a.shape[-1]} is not {inner}", "sorry"),
    ("matmul", "multiplies with dot, which mixes batches", "np.matmul(a, b)", "np.dot(a, b)"),
    ("relu", "keeps the size of negatives", "np.maximum(a, 0)", "np.abs(a)"),
    ("relu", "makes nan of infinity", "np.maximum(a, 0)", "a * (a > 0)"),
    ("numerical_derivative", "looks to one side", "function(Tensor(x - step)).data", "function(Tensor(x)).data"),
    ("numerical_derivative", "stays in float32", 'np.asarray(x, dtype="float64")', 'np.asarray(x, dtype="float32")'),
    ("numerical_derivative", "divides by h", "(2 * step)", "step"),
    ("numerical_derivative", "has its own step", "    above = ", "    step = 1e-5\n    above = "),
    ("sigmoid", "overflows", "np.exp(np.minimum(a, 0)) / (1 + np.exp(-np.abs(a)))", "1 / (1 + np.exp(-a))"),
    ("sigmoid", "loses tiny ones", "np.exp(np.minimum(a, 0)) / (1 + np.exp(-np.abs(a)))", "0.5 + np.tanh(a / 2) / 2"),
    ("gelu", "is the approximation", "erf(a / math.sqrt(2))", "np.tanh(0.7978845608 * (a + 0.044715 * a**3))"),
    ("gelu", "forgets to multiply", "return a * probability", "return probability"),
    ("softmax", "overflows", "np.exp(a - a.max(axis=dim, keepdims=True))", "np.exp(a)"),
    ("softmax", "subtracts one maximum for all", "a.max(axis=dim, keepdims=True)", "a.max()"),
    ("softmax", "ignores dim", "powers.sum(axis=dim, keepdims=True)", "powers.sum(axis=-1, keepdims=True)"),
    ("linear", "takes the weight as (in, out)", "x @ weight.T", "x @ weight"),
    ("linear", "needs a bias", "out if bias is None else out + bias", "out + bias"),
    ("kaiming_uniform", "is normal", "uniform(-bound, bound, size", "normal(0, bound / math.sqrt(3), size"),
    ("kaiming_uniform", "ignores the gain", "gain * math.sqrt", "math.sqrt(2) * math.sqrt"),
    ("kaiming_uniform", "is not repeatable", "generator()", "np.random.default_rng()"),
    ("kaiming_uniform", "is all positive", "uniform(-bound, bound", "uniform(0, bound"),
    ("named_tensors", "looks one level deep", "found.extend(named_tensors(value, kind, f\"{prefix}{name}.\"))", "pass"),
    ("named_tensors", "forgets the path", "f\"{prefix}{name}.\"", "f\"{name}.\""),
    ("named_tensors", "forgets the kind below", "named_tensors(value, kind, ", "named_tensors(value, Tensor, "),
    ("load_state_dict", "ignores what is unexpected", "if missing or unexpected:", "if missing:"),
    ("load_state_dict", "checks no shapes", "if np.shape(state[name]) != tensor.shape:", "if False:"),
    ("load_state_dict", "shares the array", "np.array(state[name], dtype=tensor.dtype)", "state[name]"),
    ("dropout", "does not scale", " / (1 - p))", ")"),
    ("dropout", "keeps the share p", ">= p", "< p"),
    ("dropout", "always trains", "if not training:", "if p == 0:"),
    ("dropout", "accepts 1", "if not 0 <= p < 1:", "if not 0 <= p <= 1:"),
    ("dropout", "is not repeatable", "generator()", "np.random.default_rng()"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points(mistake):
    judge_mistake(*mistake)
