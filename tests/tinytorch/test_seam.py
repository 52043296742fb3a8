"""The seam between operations and later modules: thirty lines of recorder support all that modules 05 to 20 need.

The recorder below is a sketch for this test alone. It has a rule that needs saved values, one for a list input,
options, an integer input, randomness given as an array, an implementation with its own rule, and an operation composed
of others.
"""

import numpy as np
import pytest

from tinytorch.core import tensor as core
from tinytorch.core.tensor import Tensor, composed, primitive, register_implementation, use_implementation
from tinytorch.testing import check_gradient

RULES = {
    "mul": lambda grad, out, a, b: (grad * b, grad * a),
    "reduce_sum": lambda grad, out, a, dim=None, keepdim=False: np.broadcast_to(
        grad if keepdim or dim is None else np.expand_dims(grad, dim), a.shape
    ),
    "exp": lambda grad, out, a: grad * out,
    "matmul": lambda grad, out, a, b: (grad @ b.T, a.T @ grad),
    "cat": lambda grad, out, arrays, dim=0: [np.split(grad, np.cumsum([a.shape[dim] for a in arrays])[:-1], axis=dim)],
    "getitem": lambda grad, out, a, key: (_scatter(grad, a, key), None),
}


def _scatter(grad, a, key):
    whole = np.zeros_like(a)
    np.add.at(whole, key, grad)
    return whole


def tensors_of(call):
    for x in call.inputs:
        yield from (x if isinstance(x, (list, tuple)) else [x])


def record(call, out):
    if any(isinstance(x, Tensor) and x.requires_grad for x in tensors_of(call)):
        out.requires_grad, out.grad_fn = True, call


def backward(tensor, gradient):
    """Good enough for chains and sums of paths: nodes have no order, so shared results are visited once per path."""
    grad = np.ones(tensor.shape) if gradient is None else gradient.data
    call = tensor.grad_fn
    if call is None:
        tensor.grad = Tensor(grad if tensor.grad is None else tensor.grad.data + grad)
        return
    rule = RULES.get(f"{call.operation}/{call.implementation}") or RULES[call.operation]
    found = rule(grad, call.result, *call.arrays, **call.options)
    for x, part in zip(call.inputs, found if isinstance(found, (tuple, list)) else (found,), strict=False):
        pairs = zip(x, part, strict=True) if isinstance(x, (list, tuple)) else [(x, part)]
        for parent, its_part in pairs:
            if isinstance(parent, Tensor) and parent.requires_grad and its_part is not None:
                backward(parent, Tensor(np.asarray(its_part)))


@pytest.fixture(autouse=True)
def sketch():
    """Install the sketch for one test, and remove the operations that the test defines."""
    before = core.RECORDER.record, core.RECORDER.backward
    operations, in_use = {k: dict(v) for k, v in core.IMPLEMENTATIONS.items()}, dict(core.IN_USE)
    rules = dict(RULES)
    core.set_recorder(record, backward)
    yield
    core.set_recorder(*before)
    for operation in [*core.IMPLEMENTATIONS]:
        known = core.IMPLEMENTATIONS[operation] if operation in operations else core.IMPLEMENTATIONS.pop(operation)
        known.clear()  # operations hold a reference to their table, so it is emptied, not replaced
        known.update(operations.get(operation, {}))
    for table, kept in ((core.IN_USE, in_use), (RULES, rules)):
        table.clear()
        table.update(kept)


@pytest.mark.as_built
def test_a_recorder_gets_what_a_gradient_needs():
    x, y = Tensor([[1.0, 2.0]], requires_grad=True), Tensor([[3.0], [4.0]])
    out = x @ y
    call = out.grad_fn
    assert (call.operation, call.implementation, call.options) == ("matmul", "default", {})
    assert call.inputs[0] is x
    assert call.inputs[1] is y
    assert call.arrays[0] is x.data
    assert call.result.tolist() == [[11.0]]


def test_gradients_flow_through_operations_of_the_module():
    check_gradient(
        lambda a, b: (a * b).exp().sum(dim=1), lambda a, b: np.exp(a * b).sum(axis=1), [(2, 3), (2, 3)], tensor=Tensor
    )


def test_a_rule_gets_what_its_operation_saved():
    """An operation may return (out, saved): users see out, the rule sees both."""

    @primitive
    def squash(a, sharpness=1.0):
        e = np.exp(-sharpness * a)
        return 1 / (1 + e), {"slope": sharpness * e / (1 + e) ** 2}

    RULES["squash"] = lambda grad, result, a, sharpness=1.0: grad * result[1]["slope"]
    assert squash(Tensor([0.0])).data.tolist() == [0.5]
    check_gradient(
        squash, lambda a, sharpness: 1 / (1 + np.exp(-sharpness * a)), [(3, 2)], tensor=Tensor, sharpness=2.5
    )


def test_a_list_of_tensors_is_unwrapped_one_level_and_gets_a_list_of_gradients():
    check_gradient(
        lambda a, b: core.cat([a, b], dim=1) * 2.0,
        lambda a, b: np.concatenate([a, b], 1) * 2,
        [(2, 1), (2, 3)],
        tensor=Tensor,
    )


def test_integers_are_inputs_without_a_gradient():
    """An embedding is a lookup: the gradients of a row that is used twice are added."""
    key = Tensor([0, 2, 2])
    check_gradient(lambda table: table[key], lambda table: table[[0, 2, 2]], [(3, 4)], tensor=Tensor)


def test_randomness_comes_in_as_an_array():
    """The array makes it repeatable, and the rule needs nothing but its inputs."""
    mask = np.array([0.0, 2.0, 2.0])
    check_gradient(lambda x: x * mask, lambda x: x * mask, [(3,)], tensor=Tensor)


@pytest.mark.as_built
def test_an_implementation_is_replaced_by_name_and_back():
    a, b = Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])
    called = []
    register_implementation("matmul", "counted", lambda a, b: called.append(1) or np.matmul(a, b))
    before = use_implementation("matmul", "counted")
    assert (a @ b).item() == 11.0
    assert (before, called) == ("default", [1])
    use_implementation("matmul", before)
    assert (a @ b).item() == 11.0
    assert called == [1]


def test_a_replaced_implementation_may_bring_its_own_rule():
    register_implementation("exp", "saving", lambda a: (np.exp(a), "saved"))
    RULES["exp/saving"] = lambda grad, result, a: grad * result[0] if result[1] == "saved" else None
    use_implementation("exp", "saving")
    check_gradient(lambda a: a.exp(), np.exp, [(4,)], tensor=Tensor)


def test_an_operation_made_of_others_is_replaced_by_one_primitive():
    """Module 16 fuses cross-entropy in this way; values and gradients stay the same."""

    @composed
    def energy(x, scale=1.0):
        return (x * x * scale).sum()

    @primitive
    def energy_fused(a, scale=1.0):
        return scale * (a * a).sum()

    RULES["energy_fused"] = lambda grad, out, a, scale=1.0: grad * 2 * scale * a
    register_implementation("energy", "fused", energy_fused)
    for name in ("default", "fused"):
        use_implementation("energy", name)
        check_gradient(energy, lambda a, scale: np.asarray(scale * (a * a).sum()), [(2, 3)], tensor=Tensor, scale=0.7)


def test_running_a_cell_again_replaces_an_operation():
    def define(factor):
        @primitive
        def stretch(a):
            return factor * a

        return stretch

    first = define(2.0)
    second = define(3.0)
    assert second(Tensor([1.0])).item() == 3.0
    assert first(Tensor([1.0])).item() == 3.0  # found by name: the old function gets the new operation too


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(KeyError, match=r"there is no operation 'mat'.*matmul"):
        use_implementation("mat", "default")
    with pytest.raises(KeyError, match=r"'matmul' has no implementation 'magic'\. It has: default"):
        use_implementation("matmul", "magic")


def test_without_a_recorder_backward_says_who_builds_it():
    core.set_recorder(None, None)
    with pytest.raises(NotImplementedError, match="built in module 05_autograd: run `tito module start autograd`"):
        Tensor([1.0], requires_grad=True).backward()
