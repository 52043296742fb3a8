"""The Tensor of module 01: what it accepts, what it returns, and its errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tinytorch
from tinytorch.core.tensor import Tensor, cat, stack, where


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        ([1, 2], "int32"),
        ([[True]], "bool"),
        ([1, 2.5], "float32"),
        (np.float32(1), "float32"),
        (np.array([1.0]), "float64"),
        (np.float64(1), "float64"),  # a single number from an array: whoever has it chose its dtype
        (np.array([1], "uint8"), "uint8"),
        ([], "float32"),
    ],
)
def test_python_numbers_become_float32_or_int32_and_numpy_keeps_its_dtype(data, dtype):
    x = Tensor(data)
    assert x.dtype == dtype
    assert isinstance(x.data, np.ndarray)


def test_an_array_is_shared_by_tensor_and_copied_by_the_function_tensor():
    array = np.zeros(3)
    assert np.shares_memory(Tensor(array).data, array)
    assert not np.shares_memory(tinytorch.tensor(array).data, array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("abc", "holds numbers, got 'abc'"),
        ([None], "holds numbers"),
        ([[1, 2], [3]], "must be equally long"),
        ([2**40], "end at 2147483647"),
        (Tensor([1.0]), r"take x.clone\(\) for a copy"),
        ([Tensor([1.0])], "pass x.data"),
        (1j, "holds numbers"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_with_a_remedy(data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Tensor(data)


def test_only_floats_have_gradients():
    assert Tensor([1.0], requires_grad=True).requires_grad is True
    with pytest.raises(ValueError, match="only floats have gradients, got int32"):
        Tensor([1], requires_grad=True)


def test_data_is_set_by_assignment_and_stays_an_array():
    x = Tensor([1.0, 2.0])
    x.data = np.array([3.0, 4.0], dtype="float32")
    assert x.tolist() == [3.0, 4.0]
    x.data = Tensor([1.0])
    assert isinstance(x.data, np.ndarray) and x.tolist() == [1.0]
    with pytest.raises(TypeError, match=r"take x\.clone"):
        Tensor(Tensor([1.0]))


@pytest.mark.parametrize("operation", [lambda x: x * 2, lambda x: x / 3, lambda x: x**0.5, lambda x: np.sqrt(2) * x])
def test_float32_stays_float32_whatever_number_it_meets(operation):
    assert operation(Tensor([1.0, 2.0])).dtype == "float32"


def test_a_float64_that_nobody_brought_in_becomes_float32():
    integers = Tensor([1, 2, 3, 4])
    assert (integers / 2).dtype == "float32"
    assert integers.mean().dtype == "float32"
    assert (integers * Tensor([0.5])).dtype == "float32"
    assert (Tensor([1.0]) * Tensor(np.array([1.0]))).dtype == "float64"
    assert stack([Tensor(np.array([1.0])), Tensor(np.array([2.0]))]).dtype == "float64"


def test_several_numbers_are_neither_true_nor_false():
    with pytest.raises(ValueError, match=r"neither true nor false, got the shape \(2,\): .*`is not None`"):
        bool(Tensor([1.0, 2.0]))


def test_a_primitive_without_a_return_is_told_so():
    @tinytorch.core.tensor.primitive
    def forgetful(a):
        a + 1

    with pytest.raises(TypeError, match=r"forgetful returned None, an array was expected: is a `return` missing\?"):
        forgetful(Tensor([1.0]))


def test_numpy_does_not_swallow_a_tensor():
    x = Tensor([1.0, 2.0])
    assert isinstance(np.array([1.0, 2.0]) * x, Tensor)
    for call in (lambda: np.exp(x), lambda: np.asarray(x), lambda: np.array([x, x])):
        with pytest.raises(TypeError):
            call()


def test_shapes_that_do_not_fit_are_told_by_the_rule_the_values_and_a_remedy():
    a, b = tinytorch.zeros(3, 4), tinytorch.zeros(3, 4)
    with pytest.raises(ValueError, match=r"inner sizes to match, got \(3, 4\) @ \(3, 4\): 4 is not 3"):
        a @ b
    for operation in ("__add__", "__sub__", "__mul__", "__truediv__", "__lt__"):
        with pytest.raises(ValueError, match=r"shapes \(3, 4\) and \(3,\) do not broadcast"):
            getattr(a, operation)(tinytorch.zeros(3))
    with pytest.raises(ValueError, match="reshape keeps the number of elements, got 12"):
        a.reshape(5, 2)
    with pytest.raises(ValueError, match=r"got \(3, 4\) @ \(\): use \*"):
        a @ 2.0


def test_another_device_is_explained():
    x = Tensor([1.0])
    assert x.to("cpu") is x
    with pytest.raises(RuntimeError, match="there is no GPU here"):
        x.to("cuda")


def test_a_cast_to_other_floats_keeps_the_gradient():
    assert Tensor([1.7]).to("int32").tolist() == [1]
    x = Tensor([1.0], requires_grad=True)
    (x.to("float64") * 3).sum().backward()
    assert (x.grad.tolist(), x.grad.dtype) == ([3.0], "float32")


def test_a_tensor_is_printed_as_one_would_type_it():
    assert repr(Tensor([[1.0, 2.0], [3.0, 4.0]])) == "Tensor([[1., 2.],\n        [3., 4.]])"
    assert repr(Tensor(np.array([1.0]), requires_grad=True)) == "Tensor([1.], dtype='float64', requires_grad=True)"
    assert repr(Tensor([1, 2])) == "Tensor([1, 2])"


def test_a_tensor_is_itself_in_sets_and_compares_element_by_element():
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    assert (x == y).tolist() == [True, False]
    assert len({x, x, y}) == 2


def test_conversions_to_python():
    x = Tensor(2.5)
    assert (float(x), int(x), x.item(), bool(x)) == (2.5, 2, 2.5, True)
    assert [row.tolist() for row in Tensor([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    for convert in (float, int, Tensor.item):
        with pytest.raises(ValueError, match=r"a single number is needed, got the shape \(2,\): reduce it first"):
            convert(Tensor([1.0, 2.0]))


def test_a_change_in_place_is_seen_through_every_name_and_view():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    y, view = x, x[1]
    x[0] = 5.0
    y += 1
    assert (x.tolist(), view.tolist()) == ([[6.0, 6.0], [4.0, 5.0]], [4.0, 5.0])
    view.zero_()
    assert x.tolist() == [[6.0, 6.0], [0.0, 0.0]]


def test_transposing_shares_memory_and_contiguous_copies():
    x = tinytorch.arange(6).reshape(2, 3)
    assert np.shares_memory(x.T.data, x.data)
    assert (x.is_contiguous(), x.T.is_contiguous(), x.T.contiguous().is_contiguous()) == (True, False, True)
    assert x.contiguous() is x


@given(
    arrays.arrays("float32", arrays.array_shapes(max_dims=3, max_side=4), elements=st.floats(-8, 8, width=32)),
    st.data(),
)
def test_parts_put_together_again_are_the_whole(array, data):
    dim = data.draw(st.integers(-array.ndim, array.ndim - 1))
    x = Tensor(array)
    parts = [Tensor(np.take(array, i, axis=dim)) for i in range(array.shape[dim])]
    assert (stack(parts, dim=dim).data == array).all()
    assert (cat([x, x], dim=dim).data == np.concatenate([array, array], axis=dim)).all()
    assert x.unsqueeze(dim).squeeze(dim).shape == array.shape


def test_indexing_by_numbers_slices_truth_values_and_tensors():
    x = tinytorch.arange(12, dtype="float32").reshape(3, 4)
    assert x[1, 2].item() == 6
    assert x[:, -1].tolist() == [3, 7, 11]
    assert x[x > 9].tolist() == [10, 11]
    assert x[Tensor([2, 0])].tolist() == x.data[[2, 0]].tolist()
    assert x[Tensor([0, 1]), Tensor([1, 2])].tolist() == [1, 6]
    assert x[None].shape == (1, 3, 4)


def test_where_and_masked_fill_choose_element_by_element():
    x = Tensor([1.0, -2.0, 3.0])
    assert where(x > 0, x, 0.0).tolist() == [1.0, 0.0, 3.0]
    filled = x.masked_fill(x < 0, float("-inf"))
    assert (filled.tolist(), filled.dtype) == ([1.0, float("-inf"), 3.0], "float32")


def test_a_tensor_made_inside_an_operation_is_refused():
    @tinytorch.core.tensor.primitive
    def wrapped(a):
        return Tensor(a)

    with pytest.raises(
        TypeError, match="wrapped returned a Tensor, an array was expected: inside @primitive are arrays"
    ):
        wrapped(Tensor([1.0]))


def test_a_gradient_is_a_tensor_or_none():
    x = Tensor([1.0], requires_grad=True)
    with pytest.raises(
        TypeError, match=r"a gradient must be a Tensor or None, got ndarray: write Tensor\(...\) around it"
    ):
        x.grad = np.ones(1)
    x.grad = Tensor([2.0])
    assert x.grad.tolist() == [2.0]
    x.grad = None
    assert (x.grad, (x * 2).grad) == (None, None)
