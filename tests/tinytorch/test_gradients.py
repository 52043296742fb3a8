"""Every gradient is right: each operation of the tier against central differences in float64 on drawn shapes.

Composed computations (reuse, diamonds, long chains) and the rules of `backward` are tested below.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tinytorch
from tinytorch.core import activations, autograd, losses
from tinytorch.core import tensor as ops
from tinytorch.core.autograd import RULES, no_grad, rule
from tinytorch.core.tensor import IMPLEMENTATIONS, Tensor, primitive
from tinytorch.testing import check_gradient

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, max_side=4)
PAIRS = arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4)
SEEDS = st.integers(0, 2**32 - 1)
few = settings(deadline=None, max_examples=15)


def check(ours, numpys, shapes, seed, **options):
    check_gradient(ours, numpys, shapes, tensor=Tensor, rng=np.random.default_rng(seed), **options)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gelu(a):
    return a * 0.5 * (1 + activations.erf(a / np.sqrt(2)))


def log_softmax(a, axis):
    return a - np.log(np.exp(a).sum(axis=axis, keepdims=True))


# operation: (ours, numpy's, options of check_gradient); drawn away from kinks and poles
ONE_OPERAND = {
    "neg": (lambda x: -x, lambda a: -a, {}),
    "exp": (ops.exp, np.exp, {}),
    "log": (ops.log, np.log, {"low": 0.5, "high": 3}),
    "sqrt": (ops.sqrt, np.sqrt, {"low": 0.5, "high": 3}),
    "square": (lambda x: x**2, lambda a: a**2, {}),
    "negative power": (lambda x: x**-1.5, lambda a: a**-1.5, {"low": 0.5, "high": 2}),
    "number to a power": (lambda x: 2.0**x, lambda a: 2.0**a, {}),
    "number minus": (lambda x: 1.5 - x, lambda a: 1.5 - a, {}),
    "number over": (lambda x: 1.5 / x, lambda a: 1.5 / a, {"low": 0.5, "high": 2}),
    "abs": (lambda x: x.abs(), np.abs, {"low": 0.1, "high": 2}),
    "clamp": (lambda x: x.clamp(-1, 1), lambda a: np.clip(a, -1, 1), {"low": 0.1, "high": 0.9}),
    "relu": (activations.relu, lambda a: np.maximum(a, 0), {"low": 0.1, "high": 2}),
    "relu of negatives": (activations.relu, lambda a: np.maximum(a, 0), {"low": -2, "high": -0.1}),
    "leaky_relu": (activations.leaky_relu, lambda a: np.where(a > 0, a, 0.01 * a), {"low": -2, "high": -0.1}),
    "sigmoid": (activations.sigmoid, sigmoid, {}),
    "tanh": (activations.tanh, np.tanh, {}),
    "gelu": (activations.gelu, gelu, {}),
    "silu": (activations.silu, lambda a: a * sigmoid(a), {}),
    "softplus": (losses.softplus, lambda a: np.log1p(np.exp(a)), {}),
    "clone": (ops.clone, np.copy, {}),
    "masked_fill": (lambda x: x.masked_fill(x.data > 0.5, -1.0), lambda a: np.where(a > 0.5, -1, a), {"low": 0.6}),
}
TWO_OPERANDS = {
    "add": (lambda x, y: x + y, np.add, {}),
    "sub": (lambda x, y: x - y, np.subtract, {}),
    "mul": (lambda x, y: x * y, np.multiply, {}),
    "div": (lambda x, y: x / y, np.divide, {"low": 0.5, "high": 2}),
    "power": (lambda x, y: x**y, np.power, {"low": 0.5, "high": 2}),
    "where": (lambda x, y: ops.where(True, x, y * 2.0), lambda a, b: np.where(True, a, b * 2.0), {}),
}


@few
@given(shape=SHAPES, seed=SEEDS)
@pytest.mark.parametrize("name", ONE_OPERAND)
def test_element_by_element(name, shape, seed):
    ours, numpys, options = ONE_OPERAND[name]
    check(ours, numpys, [shape], seed, **options)


@few
@given(shapes=PAIRS, seed=SEEDS)
@pytest.mark.parametrize("name", TWO_OPERANDS)
def test_two_operands_that_broadcast(name, shapes, seed):
    ours, numpys, options = TWO_OPERANDS[name]
    check(ours, numpys, shapes.input_shapes, seed, **options)


@few
@given(shapes=PAIRS, seed=SEEDS)
@pytest.mark.parametrize(("ours", "numpys"), [(ops.maximum, np.maximum), (ops.minimum, np.minimum)])
def test_the_larger_and_the_smaller_of_two(ours, numpys, shapes, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(-2, 2, shapes.input_shapes[0]), rng.uniform(2.1, 4, shapes.input_shapes[1])
    check(ours, numpys, [], seed, inputs=[a, b])
    check(ours, numpys, [], seed, inputs=[b, a])


@few
@given(shape=SHAPES, seed=SEEDS, data=st.data())
@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "var"])
def test_reductions_over_one_several_or_all_axes(name, shape, seed, data):
    dim = data.draw(
        st.one_of(st.none(), st.integers(-len(shape), len(shape) - 1), arrays.valid_tuple_axes(len(shape), min_size=1))
    )
    keepdim = data.draw(st.booleans())
    # Different values, far enough apart that the largest stays the largest when shifted slightly.
    values = np.random.default_rng(seed).permutation(int(np.prod(shape))).reshape(shape) * 0.37 - 1.0
    numpys = {"amax": np.max, "amin": np.min}.get(name) or getattr(np, name)
    check(
        lambda x: getattr(x, name)(dim=dim, keepdim=keepdim, **({"correction": 0} if name == "var" else {})),
        lambda a: numpys(a, axis=dim, keepdims=keepdim),
        [],
        seed,
        inputs=[values],
    )


def test_equal_largest_ones_share_the_gradient():
    x = Tensor([[2.0, 2.0, 1.0]], requires_grad=True)
    x.amax(dim=1).sum().backward()
    assert x.grad.tolist() == [[0.5, 0.5, 0.0]]
    a, b = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    ops.maximum(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([0.5], [0.5])


@few
@given(shape=SHAPES, seed=SEEDS, data=st.data())
def test_rearranging(shape, seed, data):
    dims = tuple(data.draw(st.permutations(range(len(shape)))))
    negative = tuple(d - len(shape) for d in dims)
    check(lambda x: x.permute(*dims), lambda a: a.transpose(dims), [shape], seed)
    check(lambda x: x.permute(*negative), lambda a: a.transpose(dims), [shape], seed)
    check(lambda x: x.reshape(-1), lambda a: a.reshape(-1), [shape], seed)
    check(lambda x: x.unsqueeze(0).transpose(0, -1), lambda a: a[None].swapaxes(0, -1), [shape], seed)
    check(lambda x: ops.broadcast_to(x, shape=(2, *shape)), lambda a: np.broadcast_to(a, (2, *shape)), [shape], seed)


@few
@given(seed=SEEDS, dim=st.integers(-2, 1), widths=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_concatenating_and_stacking(seed, dim, widths):
    shapes = [(w, 3) if dim % 2 == 0 else (3, w) for w in widths]
    check(lambda *xs: ops.cat(list(xs), dim=dim), lambda *xs: np.concatenate(xs, axis=dim), shapes, seed)
    same = [(2, 3)] * len(widths)
    check(lambda *xs: ops.stack(list(xs), dim=dim), lambda *xs: np.stack(xs, axis=dim), same, seed)


def test_concatenating_with_data_that_wants_no_gradient():
    x, data = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0])
    (ops.cat([data, x, data, x]) * Tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).sum().backward()
    assert x.grad.tolist() == [7.0, 9.0]
    assert data.grad is None


KEYS = [
    0,
    -1,
    slice(1, None),
    slice(None, None, -1),
    (slice(None), 1),
    (Ellipsis, 0),
    (None, 1),
    np.array([0, 2, 2, 0]),
    (np.array([0, 1, 1]), np.array([2, 0, 0])),
    (slice(None), np.array([1, 1])),
    np.array([[True, False, True], [False, False, True], [True, True, True]]),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_picking_by_index(key):
    """An element that is picked several times collects several gradients."""
    check(lambda x: x[key], lambda a: a[key], [(3, 3)], seed=0)


def test_picking_by_an_index_tensor():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x[Tensor([1, 1])].sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [2.0, 2.0]]


@few
@given(seed=SEEDS, n=st.integers(1, 4), k=st.integers(1, 4), m=st.integers(1, 4))
@pytest.mark.parametrize(
    "shapes", ["nk,km", "k,km", "nk,k", "k,k", "bnk,bkm", "bnk,km", "nk,bkm", "b1nk,ckm", "k,bkm", "bnk,k"]
)
def test_matrix_products_of_vectors_matrices_and_batches(shapes, seed, n, k, m):
    sizes = {"n": n, "k": k, "m": m, "b": 2, "c": 3, "1": 1}
    left, right = (tuple(sizes[letter] for letter in side) for side in shapes.split(","))
    check(lambda x, y: x @ y, np.matmul, [left, right], seed)


@few
@given(shape=SHAPES, seed=SEEDS, data=st.data())
def test_softmax_and_log_softmax_along_any_axis(shape, seed, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    check(lambda x: activations.softmax(x, dim=dim), lambda a: np.exp(log_softmax(a, dim)), [shape], seed)
    check(lambda x: losses.log_softmax(x, dim=dim), lambda a: log_softmax(a, dim), [shape], seed)
    check(lambda x: losses.log_softmax(x, dim), lambda a: log_softmax(a, dim), [shape], seed)


@few
@given(seed=SEEDS, n=st.integers(1, 5), classes=st.integers(1, 6), reduction=st.sampled_from(["mean", "sum", "none"]))
def test_losses(seed, n, classes, reduction):
    rng = np.random.default_rng(seed)
    right, reduce = rng.integers(0, classes, n), {"mean": np.mean, "sum": np.sum, "none": lambda a: a}[reduction]
    check(
        lambda x: losses.cross_entropy(x, Tensor(right), reduction=reduction),
        lambda a: reduce(-log_softmax(a, 1)[np.arange(n), right]),
        [(n, classes)],
        seed,
    )
    check(
        lambda x, y: losses.mse_loss(x, y, reduction=reduction),
        lambda a, b: reduce((a - b) ** 2),
        [(n, classes)] * 2,
        seed,
    )
    yes = rng.integers(0, 2, (n, classes)).astype("float64")
    check(
        lambda x: losses.binary_cross_entropy_with_logits(x, Tensor(yes), reduction=reduction),
        lambda a: reduce(np.log1p(np.exp(a)) - a * yes),
        [(n, classes)],
        seed,
    )


@few
@given(seed=SEEDS)
def test_layer_norm_from_its_pieces(seed):
    def ours(x, gain, shift):
        centred = x - x.mean(dim=-1, keepdim=True)
        return centred / (x.var(dim=-1, correction=0, keepdim=True) + 1e-5).sqrt() * gain + shift

    def numpys(a, gain, shift):
        return (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + 1e-5) * gain + shift

    check(ours, numpys, [(2, 3, 5), (5,), (5,)], seed)


@few
@given(seed=SEEDS)
def test_attention_from_its_pieces(seed):
    def ours(q, k, v):
        return activations.softmax(q @ k.transpose(-2, -1) * 0.5, dim=-1) @ v

    def numpys(q, k, v):
        return np.exp(log_softmax(q @ k.swapaxes(-2, -1) * 0.5, -1)) @ v

    check(ours, numpys, [(2, 2, 3, 4)] * 3, seed)


@few
@given(seed=SEEDS, size=st.integers(1, 30))
def test_random_computations_with_reuse_and_diamonds(seed, size):
    """Each step combines two of the latest results, so that paths split and join again."""
    rng = np.random.default_rng(seed)
    steps = [(rng.integers(0, 4), *rng.integers(max(0, i - 2), i + 2, 2)) for i in range(size)]

    def run(tanh, exp, *leaves):
        made = list(leaves)
        for kind, i, j in steps:
            a, b = made[i], made[j]
            made.append([tanh(a * b), a + b * 0.5, tanh(a) - b, exp(tanh(a)) * 0.3 + b][kind])
        return made[-1] + leaves[0] * 0.1 + leaves[1]

    check(
        lambda x, y: run(activations.tanh, ops.exp, x, y), lambda a, b: run(np.tanh, np.exp, a, b), [(2,), (3, 1)], seed
    )


def test_every_operation_of_the_tier_has_a_rule():
    here = (ops, activations, losses, tinytorch.nn)
    primitives = {name for name in IMPLEMENTATIONS if any(hasattr(getattr(m, name, None), "__wrapped__") for m in here)}
    composed = {"cross_entropy", "adam_step"}
    assert primitives - composed - set(RULES) == set()


def test_backward_of_ten_thousand_operations_needs_no_recursion():
    x = Tensor(np.array(1.0), requires_grad=True)
    out = x
    for _ in range(10_000):
        out = out * 1.0001
    out.backward()
    np.testing.assert_allclose(x.grad.item(), 1.0001**10_000, rtol=1e-10)
    del out  # freeing the chain must not need recursion either


def test_gradients_add_up_until_they_are_cleared():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for _ in range(3):
        (x * 2.0).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_only_leaves_keep_a_gradient():
    x = Tensor([1.0], requires_grad=True)
    middle = x * 2.0
    (middle * 3.0).sum().backward()
    assert (x.grad.tolist(), middle.grad) == ([6.0], None)


def test_a_gradient_has_memory_dtype_and_order_of_its_own():
    x = Tensor(np.ones((3, 4), "float32"), requires_grad=True)
    start = Tensor(np.ones((4, 3), "float32"))
    x.T.backward(start)
    assert (x.grad.dtype, x.grad.shape, x.grad.is_contiguous()) == ("float32", (3, 4), True)
    assert not np.shares_memory(x.grad.data, start.data)
    y = Tensor(np.ones(3, "float32"), requires_grad=True)
    (y * Tensor(np.ones(3))).sum().backward()
    assert y.grad.dtype == "float32"


def test_nothing_is_recorded_where_nobody_asks():
    x, data = Tensor([1.0], requires_grad=True), Tensor([1.0])
    with no_grad():
        inside = x * 2.0
    assert (inside.requires_grad, (data * 2.0).requires_grad, x.detach().requires_grad) == (False, False, False)
    assert (x * 2.0).requires_grad

    @no_grad()
    def evaluate():
        return autograd.is_grad_enabled(), (x * 2.0).grad_fn

    assert evaluate() == (False, None)
    assert autograd.is_grad_enabled()


def test_recording_goes_on_after_an_error_inside_no_grad():
    with pytest.raises(ZeroDivisionError), no_grad():
        _ = 1 / 0
    assert autograd.is_grad_enabled()


def test_errors_say_what_to_do():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"single number, got shape \(2,\).*\.sum\(\)"):
        (x * 2.0).backward()
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        Tensor(1.0).backward()
    with pytest.raises(ValueError, match=r"got \(3,\) for \(2,\)"):
        (x * 2.0).backward(Tensor([1.0, 2.0, 3.0]))


def test_an_operation_without_a_rule_names_itself_and_a_rule_can_be_added():
    @primitive
    def cube_for_this_test(a):
        return a**3, a * a  # the result, and what its rule needs

    x = Tensor([2.0], requires_grad=True)
    try:
        with pytest.raises(NotImplementedError, match=r"'cube_for_this_test' has no gradient rule.*@rule"):
            cube_for_this_test(x).sum().backward()

        @rule("cube_for_this_test")
        def cube_rule(grad, result, a):
            _, square = result
            return 3 * square * grad

        cube_for_this_test(x).sum().backward()
        assert x.grad.tolist() == [12.0]

        @rule("cube_for_this_test/default")
        def rule_of_the_implementation(grad, result, a):
            return 100 * grad

        x.grad = None
        cube_for_this_test(x).sum().backward()
        assert x.grad.tolist() == [100.0]
    finally:
        for name in ("cube_for_this_test", "cube_for_this_test/default"):
            RULES.pop(name, None)
        IMPLEMENTATIONS.pop("cube_for_this_test")
        ops.IN_USE.pop("cube_for_this_test")


def test_powers_at_zero_have_finite_gradients():
    x = Tensor([0.0, 2.0], requires_grad=True)
    (x**2).sum().backward()
    assert x.grad.tolist() == [0.0, 4.0]
    x.grad = None
    (x**0).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_the_graph_names_leaves_operations_and_gradients():
    w, x = Tensor(2.0, requires_grad=True), Tensor(3.0)
    out = w * x + w
    out.backward()
    nodes, edges = autograd.graph_of(out, w=w, x=x)
    by_label = {node["label"]: node for node in nodes}
    assert sorted(by_label) == ["add", "mul", "w", "x"]
    assert (by_label["w"]["kind"], by_label["x"]["kind"]) == ("parameter", "input")
    assert by_label["w"]["note"] == "2   grad 4"
    names = {node["id"]: node["label"] for node in nodes}
    assert sorted((names[a], names[b]) for a, b in edges) == [("mul", "add"), ("w", "add"), ("w", "mul"), ("x", "mul")]
