"""`tinytorch.fast`: the numbers and gradients of what it replaces, within 1e-5; switched back, the same bits again."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch import Tensor, fast, manual_seed, nn, no_grad, optim
from tinytorch.core import attention as heads  # the module, not its functions: these get a name when first switched
from tinytorch.core import kvcaching, optimizers
from tinytorch.core.kvcaching import KVCache
from tinytorch.core.tensor import IN_USE
from tinytorch.fast.blocks import LINE, PIECE, views
from tinytorch.fast.switching import found, switch
from tinytorch.profiling import as_built, profile_calls

F = nn.functional
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 5)
LONG = st.sampled_from([1, 2, 7, 64, 200])  # two of these make several pieces
FEW = st.sampled_from([1, 2, 7, 40])
some = settings(deadline=None, max_examples=examples(15))


def normal(seed, *shape, dtype="float32"):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def with_gradients(function, *arrays):
    """Return the result of a function of tensors, and the gradients of its product with random numbers."""
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    out = function(*tensors)
    (out * Tensor(normal(99, *out.shape, dtype=out.dtype))).sum().backward()
    return [out.data, *[tensor.grad.data for tensor in tensors]]


def agree(ours, theirs, tolerance=1e-5):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(b).max(initial=0.0))))


class usual:
    """Switch everything to what the student built, whatever is switched on."""

    def __enter__(self):
        self.before = switch(dict.fromkeys(found(), "default"))

    def __exit__(self, *error):
        switch(self.before)


def same_fast(function, *arrays):
    """Compare a function computed fast with the same function as the student built it."""
    before = [array.copy() for array in arrays]
    with usual():
        expected = with_gradients(function, *arrays)
    with fast.enabled():
        agree(with_gradients(function, *arrays), expected)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@some
@given(seed=SEEDS, shape=st.lists(LONG, max_size=2), name=st.sampled_from(["gelu", "sigmoid", "relu", "silu"]))
def test_curves(seed, shape, name):
    same_fast(getattr(F, name), 3 * normal(seed, *shape))


@some
@given(seed=SEEDS, shape=st.lists(LONG, min_size=1, max_size=2), last=st.booleans())
def test_softmax(seed, shape, last):
    same_fast(lambda a: F.softmax(a, dim=-1 if last else 0), 5 * normal(seed, *shape))


def test_curves_far_out_and_in_other_orders():
    for function in (F.gelu, F.sigmoid, F.relu, F.softmax):
        far = np.array([-1e4, -100.0, -1e-30, 0.0, 1e-30, 100.0, 1e4], dtype="float32")
        same_fast(function, far)
        same_fast(lambda a, f=function: f(a.transpose(0, 1)), normal(0, 30, 20))
        same_fast(lambda a, f=function: f(a[:, ::2]), normal(1, 30, 20))
        same_fast(function, normal(2, 4, 5, dtype="float64"))
        same_fast(function, normal(3, 0, 5))


@some
@given(seed=SEEDS, front=st.lists(SIZES, max_size=3), inside=LONG, out=LONG, biased=st.booleans())
def test_linear(seed, front, inside, out, biased):
    arrays = normal(seed, *front, inside), normal(seed + 1, out, inside), normal(seed + 2, out)
    same_fast(F.linear, *arrays[: 2 + biased])


@some
@given(seed=SEEDS, front=st.lists(SIZES, max_size=3), stacked=st.booleans(), sizes=st.tuples(SIZES, LONG, SIZES))
def test_matmul(seed, front, stacked, sizes):
    n, k, m = sizes
    same_fast(lambda a, b: a @ b, normal(seed, *front, n, k), normal(seed + 1, *(front if stacked else []), k, m))


@some
@given(seed=SEEDS, front=st.lists(LONG, max_size=1), dim=LONG, parameters=st.integers(0, 2))
def test_layer_norm(seed, front, dim, parameters):
    arrays = 2 + 3 * normal(seed, *front, dim), normal(seed + 1, dim), normal(seed + 2, dim)
    # eps is as large as a small variance, so that rounding does not decide the slope of a row of one or two numbers
    same_fast(lambda x, *p: F.layer_norm(x, (dim,), *p, eps=0.1), *arrays[: 1 + parameters])


def test_layer_norm_over_two_axes_and_in_float64():
    same_fast(lambda x: F.layer_norm(x, (3, 4)), normal(0, 5, 3, 4))
    same_fast(lambda x: F.layer_norm(x, (4,)), normal(1, 5, 3, 4, dtype="float64"))


@some
@given(
    seed=SEEDS, front=st.lists(SIZES, max_size=2), queries=FEW, keys=FEW, d=SIZES,
    kind=st.sampled_from(["none", "causal", "random", "all"]),
)  # fmt: skip
def test_attention(seed, front, queries, keys, d, kind):
    mask = {
        "none": None,
        "causal": np.arange(keys) > np.arange(keys - queries, keys)[:, None],
        "random": np.random.default_rng(seed).random((queries, keys)) < 0.4,
        "all": np.ones((queries, keys), dtype=bool),
    }[kind]
    q, k, v = normal(seed, *front, queries, d), normal(seed + 1, *front, keys, d), normal(seed + 2, *front, keys, d)
    same_fast(lambda q, k, v: heads.attention(q, k, v, mask), q, k, v)


def test_attention_that_broadcasts_and_that_has_a_cache():
    same_fast(lambda q, k, v: heads.attention(q, k, v), normal(0, 2, 3, 4), normal(1, 5, 4), normal(2, 5, 4))
    results = []
    for way in (fast.enabled, usual):
        with way(), no_grad():
            cache = KVCache(2, 2, 8, 4)
            parts = [Tensor(normal(3 + i, 2, 2, 3, 4)) for i in range(6)]
            results.append([heads.attention(*parts[i : i + 3], cache=cache).data for i in (0, 3)])
    agree(*results)


@some
@given(
    seed=SEEDS, count=st.integers(1, 9), channels=SIZES, out=SIZES, stride=st.integers(1, 3), padding=st.integers(0, 2),
    biased=st.booleans(),
)  # fmt: skip
def test_convolution(seed, count, channels, out, stride, padding, biased):
    arrays = normal(seed, count, channels, 6, 5), normal(seed + 1, out, channels, 3, 2), normal(seed + 2, out)
    same_fast(lambda *given: F.conv2d(*given, stride=stride, padding=padding), *arrays[: 2 + biased])


def test_many_large_images_in_groups(monkeypatch):
    monkeypatch.setattr("tinytorch.fast.windows.NUMBERS", 5000)
    same_fast(lambda x, w, b: F.conv2d(x, w, b, padding=1), normal(0, 7, 3, 9, 8), normal(1, 4, 3, 3, 3), normal(2, 4))


@some
@given(seed=SEEDS, count=SIZES, rows=st.integers(2, 9), columns=st.integers(2, 9), size=st.integers(1, 3))
def test_pooling_with_ties(seed, count, rows, columns, size):
    x = np.random.default_rng(seed).integers(0, 3, (count, 2, rows, columns)).astype("float32")
    if min(rows, columns) >= size:
        same_fast(lambda a: F.max_pool2d(a, size), x)


def test_layers_of_a_convolutional_network_one_after_the_other():
    def network(x, w, v):
        return F.conv2d(F.max_pool2d(F.relu(F.conv2d(x, w, padding=1)), 2), v, padding=1).reshape(6, -1)

    same_fast(network, normal(0, 6, 3, 8, 8), normal(1, 5, 3, 3, 3), normal(2, 4, 5, 3, 3))


@some
@given(seed=SEEDS, rows=st.sampled_from([1, 3, 64, 600]), classes=st.sampled_from([1, 2, 10, 32, 33, 65]))
def test_cross_entropy(seed, rows, classes):
    y = np.random.default_rng(seed).integers(0, classes, rows)
    for reduction in ("mean", "sum", "none"):
        same_fast(lambda z, r=reduction: F.cross_entropy(z, Tensor(y), reduction=r), 10 * normal(seed, rows, classes))


@some
@given(seed=SEEDS, shape=st.lists(SIZES, min_size=1, max_size=2), tokens=st.sampled_from([1, 7, 256, 257, 900]))
def test_embedding(seed, shape, tokens):
    ids = Tensor(np.random.default_rng(seed).integers(0, min(tokens, 9), shape))
    same_fast(lambda table: F.embedding(ids, table), normal(seed, tokens, 6))
    same_fast(lambda table: F.embedding(ids, table, padding_idx=0), normal(seed, tokens, 6))


@pytest.mark.parametrize("kind", [optim.Adam, optim.AdamW])
def test_adam_and_what_was_kept_of_the_parameter(kind):
    ends = []
    for way in (fast.enabled, usual):
        with way():
            w = Tensor(normal(0, 200, 150), requires_grad=True)
            optimizer, kept = kind([w], lr=0.01, weight_decay=0.1), w.data
            for step in range(5):
                w.grad = Tensor(normal(step, 200, 150))
                optimizer.step()
            np.testing.assert_array_equal(kept, normal(0, 200, 150))
            ends.append([w.data])
    agree(*ends)


def test_adam_whose_averages_are_one_array():
    zero, one = np.zeros(3, dtype="float32"), np.ones(3, dtype="float32")
    with fast.enabled():
        moved = optimizers.adam_step(one, one, zero, zero, 1, 0.1, (0.9, 0.999), 1e-8)[0]
    np.testing.assert_allclose(moved, 0.9, rtol=1e-5)


def make_training(seed=0):
    """Build a model with everything that can be computed fast; return (its weights in one row, a training step)."""
    manual_seed(seed)
    images = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 8))
    texts = nn.Transformer(9, 6, dim=8, heads=2, layers=1)
    parameters = [*images.parameters(), *texts.parameters()]
    # The gradient of a key's bias is 0 but for rounding: with a small eps Adam would turn it into whole steps.
    optimizer = optim.Adam(parameters, lr=0.01, eps=1e-3)
    x, ids = Tensor(normal(seed, 12, 1, 8, 8)), Tensor(np.random.default_rng(seed).integers(0, 9, (3, 6)))

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(F.gelu(images(x)), Tensor(np.arange(12) % 8))
        loss = loss + F.cross_entropy(texts(ids).reshape(18, 9), ids.reshape(-1)) + F.sigmoid(images(x)).mean()
        loss.backward()
        optimizer.step()

    return lambda: np.concatenate([p.data.ravel() for p in parameters]), step


def trained(*ways):
    """Train one step in each way; return the weights."""
    weights, step = make_training()
    for way in ways:
        with way():
            step()
    return weights()


def test_a_training_is_the_same_within_rounding_and_bit_for_bit_after_switching_back():
    plain = trained(usual, usual, usual)
    np.testing.assert_allclose(trained(fast.enabled, fast.enabled, fast.enabled), plain, rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(trained(usual, fast.enabled, usual), plain, rtol=1e-3, atol=2e-4)
    with fast.enabled():
        make_training(seed=1)[1]()
    np.testing.assert_array_equal(trained(usual, usual, usual), plain)


def texts_of(model, beginning, steps, **options):
    """Write a text in the usual way and fast; return both."""
    texts = []
    for way in (usual, fast.enabled):
        with way():
            manual_seed(1)
            texts.append(kvcaching.generate_cached(model, beginning, steps, **options))
    return texts


def reads_of(model, monkeypatch):
    """Return a list that grows with each call of the model."""
    reads, forward = [], type(model).forward
    monkeypatch.setattr(type(model), "forward", lambda *given, **named: reads.append(1) or forward(*given, **named))
    return reads


@pytest.mark.parametrize(("length", "steps"), [(3, 4), (1, 11), (3, 20), (11, 5), (12, 3), (14, 3), (3, 1), (3, 0)])
def test_generating_with_a_cache_writes_the_same_text(length, steps):
    manual_seed(0)
    model = nn.Transformer(20, 12, dim=16, heads=2, layers=2)
    for options in ({}, {"temperature": 0}, {"temperature": 2.0, "top_k": 5}):
        before, now = texts_of(model, list(range(length)), steps, **options)
        assert now == before and len(now) == length + steps


def test_generating_asks_the_model_once_where_all_fits(monkeypatch):
    model = nn.Transformer(20, 64, dim=16, heads=2, layers=2)
    with no_grad():
        for parameter in model.parameters():  # so that biases, scales and shifts are not 0 or 1
            parameter += Tensor(0.1 * normal(parameter.data.size, *parameter.shape))
    reads = reads_of(model, monkeypatch)
    before, now = texts_of(model, [1, 2, 3], 60)
    assert now == before and len(reads) == 60 + 1


def test_a_model_that_computes_something_else_reads_on_itself(monkeypatch):
    manual_seed(0)
    model = nn.Transformer(20, 64, dim=16, heads=2, layers=2)
    mlp = model.blocks[1].mlp
    monkeypatch.setattr(mlp, "forward", lambda x: 30 * mlp.down(F.relu(mlp.up(x))), raising=False)
    reads = reads_of(model, monkeypatch)
    before, now = texts_of(model, [1, 2, 3], 20)
    assert now == before and len(reads) == 2 * 20


def test_powers_of_rows_that_lie_far_apart_and_of_hidden_ones():
    far = normal(0, 40, 16) + 300 * normal(1, 40, 1)
    same_fast(lambda a: F.softmax(a, dim=-1), far)
    mask = np.random.default_rng(0).random((3, 40, 16)) < 0.3
    mask[..., 0] = False
    q, k, v = 30 * normal(2, 3, 40, 4), 30 * normal(3, 3, 16, 4), normal(4, 3, 16, 5)
    same_fast(lambda v: heads.attention(Tensor(q), Tensor(k), v, mask), v)
    same_fast(lambda v: heads.attention(Tensor(q), Tensor(k), v, mask[:1]), v)


def in_use():
    return {IN_USE[name] for name in found()}


def test_it_is_switched_on_and_off_also_inside_itself_and_after_an_error():
    was_on = fast.is_enabled()
    fast.disable()
    with usual():
        names = fast.enable()
        assert fast.is_enabled() and in_use() == {"fast"} and names == tuple(sorted(found()))
        assert fast.enable() == names
        with fast.enabled():
            pass
        assert in_use() == {"fast"}
        fast.disable()
        assert not fast.is_enabled() and in_use() == {"default"}
        fast.disable()
        with pytest.raises(RuntimeError), fast.enabled():
            assert in_use() == {"fast"}
            raise RuntimeError
        assert in_use() == {"default"}
    if was_on:
        fast.enable()


def test_a_result_goes_back_by_the_rule_of_the_implementation_that_made_it():
    x, w, b = (Tensor(normal(i, *shape), requires_grad=True) for i, shape in enumerate([(4, 6), (6,), (6,)]))
    gradients = []
    for way in (fast.enabled, usual):
        x.grad = w.grad = b.grad = None
        with way():
            out = F.sigmoid(F.gelu(F.layer_norm(x, (6,), w, b)))
        with usual():
            out.sum().backward()
        gradients.append([each.grad.data for each in (x, w, b)])
    agree(*gradients)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: F.linear(Tensor(normal(0, 2, 3)), Tensor(normal(1, 4, 5))), ValueError),
        (lambda: F.conv2d(Tensor(normal(0, 2, 3, 4)), Tensor(normal(1, 4, 3, 2, 2))), ValueError),
        (lambda: F.conv2d(*(Tensor(normal(0, *s)) for s in [(1, 3, 2, 2), (4, 3, 5, 5), (4,)])), ValueError),
        (lambda: F.cross_entropy(Tensor(normal(0, 2, 3)), Tensor(np.array([0, 3]))), ValueError),
        (lambda: F.layer_norm(Tensor(normal(0, 2, 3)), (4,)), ValueError),
        (lambda: F.embedding(Tensor(np.array([9])), Tensor(normal(0, 3, 2))), IndexError),
        (lambda: heads.attention(*(Tensor(normal(i, *s)) for i, s in enumerate([(2, 3), (4, 5), (4, 3)]))), ValueError),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_student_s_own_functions(call, error):
    with usual(), pytest.raises(error) as expected:
        call()
    with fast.enabled(), pytest.raises(error) as found:
        call()
    assert str(found.value) == str(expected.value)


def branching(x, w, b):
    """Use each of three leaves several times, and one result twice in one operation."""
    hidden = F.layer_norm(F.gelu(F.linear(x, w, b)), (4,), b, b)
    return F.linear(hidden, w, b) + hidden * hidden + F.sigmoid(F.linear(x, w)) + x


def gradients_of_branching(*ways):
    """Go backward once with each of these ways of backpropagate; return the leaves, the gradient given, the result."""
    leaves = [Tensor(normal(seed, *shape), requires_grad=True) for seed, shape in enumerate([(3, 4), (4, 4), (4,)])]
    with fast.enabled():
        out, start = branching(*leaves), normal(9, 3, 4)
        for way in ways:
            switch({"backpropagate": way})
            out.backward(Tensor(start))
    return leaves, start, out


def test_the_way_back_gives_what_the_student_s_gives_bit_for_bit():
    (ours, *_), (theirs, *_) = (gradients_of_branching(way, way) for way in ("fast", "default"))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a.grad.data, b.grad.data)


@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_tensor_that_is_used_three_times_gets_all_three_gradients(shape):
    with fast.enabled():
        x = Tensor(np.full(shape, 3, "float32"), requires_grad=True)
        (x * x + x).backward(Tensor(np.ones(shape, "float32")))
    np.testing.assert_array_equal(x.grad.data, np.full(shape, 7, "float32"))


def test_what_is_counted_as_built_is_the_same_and_what_is_switched_on_stays_so():
    layer, x = nn.Linear(3, 4), Tensor(normal(0, 2, 3))
    with usual():
        wanted = [(row.operation, row.flops) for row in sorted(profile_calls(lambda: layer(x)))]
    with fast.enabled():
        with as_built():
            counted = [(row.operation, row.flops) for row in sorted(profile_calls(lambda: layer(x)))]
        assert [row.operation for row in profile_calls(lambda: layer(x))] == ["linear_in_one"]
    assert counted == wanted
    assert ("matmul", 48) in counted


def test_a_leaf_s_gradient_is_nobody_else_s():
    """Changing one changes no other, no given gradient, and nothing that a second backward pass reads."""
    leaves, start, out = gradients_of_branching("fast")
    gradients = [leaf.grad.data for leaf in leaves]
    kept, expected = [gradient.copy() for gradient in gradients], start.copy()
    for place, gradient in enumerate(gradients):
        gradient[...] = np.nan
        for other, copy in list(zip(gradients, kept, strict=True))[place + 1 :]:
            np.testing.assert_array_equal(other, copy)
    np.testing.assert_array_equal(start, expected)
    with fast.enabled():
        for leaf in leaves:
            leaf.grad = None
        out.backward(Tensor(start))
        x = Tensor(start, requires_grad=True)
        x.backward(same := Tensor(start))
        assert not np.may_share_memory(x.grad.data, same.data)
    for leaf, copy in zip(leaves, kept, strict=True):
        np.testing.assert_array_equal(leaf.grad.data, copy)


@some
@given(size=st.sampled_from([1, 4095, 4096, 65_535, 65_537, 131_073, 200_000]))
def test_pieces_cover_an_array_once_and_begin_with_a_line_of_the_cache(size):
    array = np.arange(size, dtype="float32")
    pieces = [piece for (piece,) in views(array)]
    np.testing.assert_array_equal(np.concatenate(pieces), array)
    assert all(piece.size % LINE == 0 for piece in pieces[:-1]) and max(piece.size for piece in pieces) <= PIECE


def test_what_changed_in_place_before_the_way_back_is_refused():
    x = Tensor(normal(0, 3, 4), requires_grad=True)
    weight = Tensor(normal(1, 2, 4), requires_grad=True)
    with fast.enabled():
        out = F.linear(x * 1, weight)
    with no_grad():
        weight += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        out.sum().backward()


def test_importing_it_changes_nothing_and_it_passes_over_what_is_not_built():
    code = (
        "import sys\n"
        "sys.modules['tinytorch.core.transformers'] = None\n"  # as if module 13 did not exist
        "from tinytorch import fast\n"
        "from tinytorch.core.tensor import IN_USE\n"
        "assert 'fast' not in IN_USE.values()\n"
        "names = fast.enable()\n"
        "assert 'gelu' in names and 'layer_norm' not in names, names\n"
        "fast.disable()\n"
        "print({name for name in IN_USE.values()})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "{'default'}", done.stderr


def test_a_function_that_a_script_imported_before_is_switched_too():
    code = (
        "from tinytorch import Tensor, fast\n"
        "from tinytorch.core.layers import linear\n"
        "x = Tensor([[1.0]], requires_grad=True)\n"
        "with fast.enabled():\n"
        "    print(linear(x, x).grad_fn.operation)\n"
        "print(linear(x, x).grad_fn.operation)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["linear_in_one", "matmul"], done.stderr


SUBSET = ("test_gradients.py", "test_embeddings.py", "test_spatial.py", "test_transformers.py")


@pytest.mark.service
def test_earlier_tests_pass_when_it_is_switched_on():
    """Only some of them; for all: `python -m pytest --with-fast tests/tinytorch`."""
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "--with-fast", *(str(here / name) for name in SUBSET)]
    done = subprocess.run(command, cwd=here.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "computed by tinytorch.fast" in done.stdout
