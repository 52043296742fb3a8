"""Cases that used to give a wrong number silently now give PyTorch's value, or an error that says why not."""

import numpy as np
import pytest

import tinytorch
from tinytorch import nn, optim
from tinytorch.core.tensor import Tensor, gather
from tinytorch.nn import functional


@pytest.fixture
def w():
    return Tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_a_leaf_steps_in_place_under_no_grad_and_keeps_its_gradient(w):
    for _ in range(2):
        (w * w).sum().backward()
        with tinytorch.no_grad():
            same = w
            w -= 0.25 * w.grad
            w.grad.zero_()
        assert w is same and w.requires_grad and w.grad_fn is None
    np.testing.assert_allclose(w.data, [0.25, 0.5, 0.75])


def test_parameters_change_in_a_loop():
    model = nn.Linear(2, 1)
    before = model.weight.data.copy()
    with tinytorch.no_grad():
        for p in model.parameters():
            p -= 1
    np.testing.assert_allclose(model.weight.data, before - 1)


def test_a_recorded_leaf_is_not_changed(w):
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        w += 1
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        w[0] = 1.0
    assert w.tolist() == [1.0, 2.0, 3.0]


def test_what_a_backward_pass_reads_must_not_have_changed(w):
    x = Tensor([1.0, 2.0, 3.0])
    y, z = w + x, w * x
    x.add_(1)
    y.sum().backward()  # the backward pass of a sum reads nothing
    with pytest.raises(RuntimeError, match=r"needs an input of 'mul'.*changed in place"):
        z.sum().backward()
    e = w.exp()
    e += 1
    with pytest.raises(RuntimeError, match="needs the result of 'exp'"):
        e.sum().backward()
    (w * x).sum().backward()  # recorded after the change


PICKED = {
    "getitem": lambda table, ids: table[ids],
    "gather": lambda table, ids: tinytorch.gather(table, 0, ids),
    "where": lambda table, ids: tinytorch.where(ids == 1, table, 0.0),
    "embedding": lambda table, ids: nn.functional.embedding(ids, table.reshape(3, 1)),
}


@pytest.mark.parametrize("operation", PICKED)
def test_what_was_picked_by_must_not_have_changed_and_what_was_picked_may(w, operation):
    ids, pick = Tensor([0, 1, 1]), PICKED[operation]
    picked = pick(w, ids).sum()
    with tinytorch.no_grad():
        w -= 1
    picked.backward()  # this reads only the ids
    assert w.grad.sum().item() == (2 if operation == "where" else 3)
    picked = pick(w, ids).sum()
    ids.add_(1)
    if operation == "where":
        picked.backward()  # this reads the condition, which is another tensor
    else:
        with pytest.raises(RuntimeError, match=rf"needs an input of '{operation}'.*changed in place"):
            picked.backward()


def test_a_view_has_the_version_of_its_base(w):
    x = Tensor([1.0, 2.0, 3.0])
    y = w * x
    x[:1].zero_()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


@pytest.mark.parametrize("operator", ["__iadd__", "__isub__", "__imul__", "__itruediv__"])
def test_a_result_changed_in_place_has_the_gradient_of_the_written_out_form(w, operator):
    other = Tensor([2.0, 4.0, 8.0], requires_grad=True)
    x = w * 3
    getattr(x, operator)(other)
    (x * x).sum().backward()
    a, b = Tensor(w.data.copy(), requires_grad=True), Tensor(other.data.copy(), requires_grad=True)
    y = getattr(a * 3, operator.replace("__i", "__"))(b)
    (y * y).sum().backward()
    np.testing.assert_allclose(w.grad.data, a.grad.data)
    np.testing.assert_allclose(other.grad.data, b.grad.data)


def test_a_total_collects_losses_and_a_part_is_set(w):
    total = tinytorch.zeros(3)
    total += w
    total += w * w
    total[0] = w[2] * 10
    total.sum().backward()
    assert w.grad.tolist() == [0.0, 5.0, 17.0]


def test_recorded_changes_whose_gradient_would_be_wrong_are_refused(w):
    h = w * 2
    y = h + 1
    with pytest.raises(RuntimeError, match="went into a recorded operation"):
        h *= 3
    view = (w * 2)[:2]
    with pytest.raises(RuntimeError, match="a recorded view"):
        view += 1
    y.sum().backward()
    assert w.grad.tolist() == [2.0, 2.0, 2.0]


def test_what_does_not_fit_in_place_is_refused():
    with pytest.raises(RuntimeError, match=r"must keep the shape \(3,\)"):
        x = tinytorch.zeros(3)
        x += tinytorch.zeros(2, 3)
    with pytest.raises(RuntimeError, match="float32 does not fit into int32"):
        n = Tensor([1, 2])
        n += 0.5
    with pytest.raises(RuntimeError, match=r"clone\(\) first"):
        stretched = tinytorch.zeros(1).expand(3)
        stretched += 1


@pytest.mark.parametrize("size", [1e4, 1e8, -1e8])
def test_cross_entropy_of_equal_logits_is_log_2(size):
    logits = Tensor([[size, size]], requires_grad=True)
    loss = functional.cross_entropy(logits, Tensor([0]))
    loss.backward()
    np.testing.assert_allclose(loss.item(), np.log(2), rtol=1e-6)
    np.testing.assert_allclose(logits.grad.data, [[-0.5, 0.5]])


def test_the_gradient_of_one_tensor_is_clipped(w):
    w.grad = Tensor([0.0, 3.0, 4.0])
    assert nn.utils.clip_grad_norm_(w, 1.0).item() == pytest.approx(5.0)
    np.testing.assert_allclose(w.grad.data, [0, 0.6, 0.8], rtol=1e-6)


def test_what_forward_leaves_behind_is_no_state():
    class Remembering(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 2)
            self.register_buffer("seen", tinytorch.zeros(1))

        def forward(self, x):
            self.last = self.layer(x)
            self.seen = self.seen + 1
            return self.last

    model = Remembering()
    out = model(tinytorch.ones(1, 2))
    assert model.last is out
    state = model.state_dict()
    assert list(state) == ["layer.weight", "layer.bias", "seen"]
    fresh = Remembering()
    fresh.load_state_dict(state)
    assert fresh.seen.tolist() == [1.0]
    del model.last
    with pytest.raises(AttributeError, match="no 'last'"):
        _ = model.last


@pytest.mark.parametrize("dim", [5, -4])
def test_a_dimension_that_is_not_there_is_refused(dim):
    with pytest.raises(IndexError, match=r"dim must be in .* got"):
        tinytorch.ones(2, 3).unsqueeze(dim)
    with pytest.raises(IndexError, match="dim must be in"):
        tinytorch.ones(2, 3).squeeze(dim)


@pytest.mark.parametrize("dim", [0, 1, -2])
def test_sums_along_many_rows_keep_their_digits(dim):
    rows = np.full((1_000_003, 2) if dim != 1 else (2, 1_000_003), 0.1, "float32")
    mean = Tensor(rows).mean(dim=dim)
    assert mean.dtype == "float32"
    np.testing.assert_allclose(mean.data, [0.1, 0.1], rtol=1e-5)


@pytest.mark.parametrize("dim", [(0, 1), (1, 0), [-3, -2], (0, 2)])
def test_sums_along_two_dimensions_keep_their_digits(dim):
    mean = Tensor(np.full((1000, 1000, 3) if 2 not in dim else (3_000, 3, 400), 0.1, "float32")).mean(dim=dim)
    np.testing.assert_allclose(mean.data, [0.1] * 3, rtol=1e-5)


def test_a_sum_along_a_dimension_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match=r"dim must be in -2\.\.1 here, got 5"):
        tinytorch.ones(2, 3).sum(dim=5)


def test_clamp_at_its_bound_has_gradient_1():
    x = Tensor([-2.0, -1.0, 0.0, 1.0, 2.0], requires_grad=True)
    x.clamp(-1, 1).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    low = Tensor([0.0], requires_grad=True)
    x.clamp(min=low).sum().backward()
    assert low.grad.tolist() == [2.0]


def test_max_along_a_dimension_blames_the_index_that_it_returns():
    x = Tensor([[1.0, 1.0], [0.0, 2.0]], requires_grad=True)
    values, indices = x.max(dim=1)
    values.sum().backward()
    assert (indices.tolist(), x.grad.tolist()) == ([0, 1], [[1.0, 0.0], [0.0, 1.0]])
    assert x.max(dim=0, keepdim=True).values.shape == (1, 2)


def test_a_size_of_1_against_0_keeps_the_shape_of_the_gradient():
    x = Tensor(np.ones((3, 1), "float32"), requires_grad=True)
    (x + tinytorch.zeros(3, 0)).sum().backward()
    assert x.grad.tolist() == [[0.0], [0.0], [0.0]]


def test_a_rate_changed_by_hand_is_multiplied_not_overwritten(w):
    optimizer = optim.SGD([w], lr=1.0)
    schedule = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    optimizer.param_groups[0]["lr"] = 0.1
    rates = [(schedule.step(), optimizer.param_groups[0]["lr"])[1] for _ in range(4)]
    np.testing.assert_allclose(rates, [0.1, 0.05, 0.05, 0.025])


def test_nothing_to_divide_by_is_no_crash():
    assert np.isnan(tinytorch.ones(1, 3).var(dim=0).data).all()
    assert nn.Flatten()(tinytorch.zeros(0, 2, 3)).shape == (0, 6)
    x = Tensor([[1.0, 2.0], [1.0, 4.0]], requires_grad=True)
    x.std(dim=0).sum().backward()
    np.testing.assert_allclose(x.grad.data, [[0, -(0.5**0.5)], [0, 0.5**0.5]], rtol=1e-6)


def test_a_frozen_parameter_stays_where_it_is():
    frozen, free = Tensor([1.0]), Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([frozen, free], lr=0.5)
    (frozen * free).sum().backward()
    optimizer.step()
    assert (frozen.tolist(), free.tolist()) == ([1.0], [0.5])


def test_no_grad_may_be_entered_again(w):
    quiet = tinytorch.no_grad()
    for _ in range(2):
        with quiet, quiet:
            assert not tinytorch.is_grad_enabled()
        assert tinytorch.is_grad_enabled()


def test_no_grad_decorates_without_brackets_and_generators_too(w):
    @tinytorch.no_grad
    def recorded(x):
        return (x * 2).requires_grad

    @tinytorch.no_grad()
    def steps(x):
        yield (x * 2).requires_grad
        yield (yield tinytorch.is_grad_enabled())
        return 5

    assert recorded(w) is False and tinytorch.is_grad_enabled()
    generator = steps(w)
    assert (next(generator), tinytorch.is_grad_enabled(), next(generator)) == (False, True, False)
    assert generator.send(7) == 7
    with pytest.raises(StopIteration, match="5"):
        next(generator)


def test_what_is_made_has_the_kind_of_number_that_was_given():
    assert tinytorch.full((2,), 7).dtype == "int32"
    assert tinytorch.full(size=(2,), fill_value=7.0).dtype == tinytorch.full((2,), 7, "float32").dtype == "float32"
    assert tinytorch.tensor([tinytorch.ones(1), [3.0][0]]).tolist() == [1.0, 3.0]
    assert tinytorch.randn(size=(2, 3)).shape == tinytorch.zeros(size=(2, 3)).shape == (2, 3)
    assert tinytorch.tensor(2.346).round(decimals=2).item() == pytest.approx(2.35)


def test_a_part_of_a_result_is_set_in_a_clone(w):
    y = w * 2
    with pytest.raises(RuntimeError, match=r"write z = y\.clone\(\); z\[0\] = y\[0\] \+ 1"):
        y[0] += 5
    z = y.clone()
    z[0] = y[0] + 5
    (z * z).sum().backward()
    assert (z[0].item(), w.grad.tolist()) == (7.0, [28.0, 16.0, 24.0])


def test_a_device_and_a_shape_compare_as_in_pytorch(w):
    assert w.device.type == w.device == tinytorch.device("cpu") == "cpu"
    assert w.shape == tinytorch.Size([3])


def test_nothing_is_not_a_number(w):
    assert (w == None, w != None) == (False, True)  # noqa: E711


def test_a_part_of_a_sequential_is_one():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert isinstance(model[:2], nn.Sequential)
    assert model[:2](tinytorch.ones(1, 2)).shape == (1, 3)
    assert model[0].weight is model[:1][0].weight


@pytest.mark.parametrize("place", [tinytorch, nn, functional, optim, optim.lr_scheduler, tinytorch.data])
def test_a_word_that_is_not_here_says_what_to_use_instead(place):
    from tinytorch.missing import INSTEAD

    for word, instead in INSTEAD[place.__name__].items():
        with pytest.raises(AttributeError) as error:
            getattr(place, word)
        assert f"which PyTorch has. Use instead: {instead}" in str(error.value)


def test_an_attribute_of_a_tensor_that_is_not_here_says_what_to_use_instead(w):
    with pytest.raises(AttributeError, match=r"Tensor has no 'trace', which PyTorch has\. Use instead: x\.diag\(\)"):
        w.trace()
    with pytest.raises(
        AttributeError, match=r"no 'sin_', which PyTorch has\. Use instead: x\.copy_\(x\.sin\(\.\.\.\)\)"
    ):
        w.sin_()
    with pytest.raises(AttributeError, match="did you mean reshape"):
        w.reshap(1)
    assert not hasattr(w, "nonsense")


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(20))
def test_new_gradients_are_pytorchs_on_random_shapes_and_extreme_inputs(seed):
    import torch

    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 5, size=3))
    a = rng.choice([0.0, 1.0, -1.0, 1e4, -1e4, 0.5], size=shape).astype("float32")
    index = rng.integers(shape[1], size=(shape[0], 3, shape[2]))
    operations = {
        "clamp": (lambda x: x.clamp(-1, 1), lambda x: x.clamp(-1, 1)),
        "max": (lambda x: x.max(dim=1).values, lambda x: x.max(dim=1).values),
        "gather": (lambda x: gather(x, 1, index), lambda x: torch.gather(x, 1, torch.tensor(index))),
        "std": (lambda x: x.std(dim=0, correction=0), lambda x: x.std(dim=0, correction=0)),
        "log_softmax": (lambda x: functional.log_softmax(x, dim=1), lambda x: torch.log_softmax(x, dim=1)),
    }
    for name, (ours, theirs) in operations.items():
        x, y = Tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
        out, expected = ours(x), theirs(y)
        weights = rng.normal(size=out.shape).astype("float32")
        (out * Tensor(weights)).sum().backward()
        (expected * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(out.data, expected.detach().numpy(), rtol=1e-4, atol=1e-4, err_msg=name)
        np.testing.assert_allclose(x.grad.data, y.grad.numpy(), rtol=1e-3, atol=1e-4, err_msg=name)


def test_the_statistics_of_batch_norm_are_saved_and_not_trained():
    norm = nn.BatchNorm1d(2)
    norm(tinytorch.randn(8, 2))
    other = nn.BatchNorm1d(2)
    other.load_state_dict(norm.state_dict())
    np.testing.assert_array_equal(other.running_mean.data, norm.running_mean.data)
    assert list(norm.state_dict()) == ["weight", "bias", "running_mean", "running_var"]
    assert len(list(norm.parameters())) == 2
