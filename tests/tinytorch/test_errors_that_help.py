"""What a beginner writes as in PyTorch works, or is an error in our words instead of numpy's."""

import numpy as np
import pytest

import tinytorch
from tinytorch import data
from tinytorch.core.tensor import Tensor


def test_no_rows_have_no_mean():
    assert tinytorch.zeros(0, 3).mean(dim=1).shape == (0,)
    assert np.isnan(tinytorch.zeros(0, 3).mean(dim=0).data).all()


def test_an_identity_may_be_wide_and_a_shape_is_no_dtype():
    assert tinytorch.eye(2, 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    with pytest.raises(TypeError, match=r"the second argument is the dtype, got 3: .*zeros\(2, 3\)"):
        Tensor(2, 3)


def test_data_takes_what_is_a_tensor():
    w = Tensor([1.0, 2.0], requires_grad=True)
    w.data -= 0.5 * tinytorch.ones(2)
    assert (w.tolist(), w.requires_grad) == ([0.5, 1.5], True)
    w.data = w.data + tinytorch.ones(2)
    assert (w.tolist(), type(w.data)) == ([1.5, 2.5], np.ndarray)


def test_numpy_is_refused_in_our_words():
    with pytest.raises(TypeError, match=r"numpy works on arrays, got a Tensor: pass x\.data"):
        np.array(tinytorch.ones(2))
    with pytest.raises(TypeError, match=r"numpy\.exp works on arrays.*tinytorch\.exp"):
        np.exp(tinytorch.ones(2))


def test_workers_are_accepted_with_a_word():
    with pytest.warns(UserWarning, match="this process"):
        loader = data.DataLoader(data.TensorDataset(tinytorch.arange(4)), batch_size=2, num_workers=2)
    assert [batch[0].tolist() for batch in loader] == [[0, 1], [2, 3]]


class Counted(data.TensorDataset):
    """Counts how often it is called."""

    asked = 0

    def take(self, indices):
        self.asked += 1
        return super().take(indices)


def test_a_subset_takes_whole_batches():
    counted = Counted(tinytorch.arange(10))
    loader = data.DataLoader(data.Subset(counted, [7, 5, 3, 1]), batch_size=2)
    assert [batch[0].tolist() for batch in loader] == [[7, 5], [3, 1]]
    assert counted.asked == 2


class Described(data.Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return {"name": f"picture {index}", "size": index}


def test_samples_may_be_dicts_of_words_and_numbers():
    first, second = data.DataLoader(Described(), batch_size=2)
    assert (first["name"], first["size"].tolist()) == (["picture 0", "picture 1"], [0, 1])
    assert (second["name"], second["size"].tolist()) == (["picture 2"], [2])


@pytest.mark.parametrize(
    ("wrong", "kind", "says"),
    [
        (lambda x: x + "a", TypeError, "add takes Tensors, arrays and numbers, got str: 'a'"),
        (lambda x: None * x, TypeError, "mul takes Tensors, arrays and numbers, got NoneType: None"),
        (lambda x: x @ {}, TypeError, "matmul takes Tensors, arrays and numbers, got dict"),
        (lambda x: [1.0, 2.0] @ x, TypeError, r"matmul takes Tensors and arrays, got a list: use tensor\(data\)"),
        (lambda x: tinytorch.exp("a"), TypeError, "exp takes Tensors, arrays and numbers, got str"),
        (lambda x: x + np.array(["a"]), TypeError, "add takes Tensors, arrays and numbers, got <U1"),
        (lambda x: x[5], IndexError, r"index 5 is outside dimension 0 of shape \(2, 3\): use -2 to 1"),
        (lambda x: x[..., -4], IndexError, r"index -4 is outside dimension 1 of shape \(2, 3\): use -3 to 2"),
        (lambda x: x[None, tinytorch.tensor([0, 7])], IndexError, "index 7 is outside dimension 0"),
        (lambda x: x[0, 0, 0], IndexError, r"shape \(2, 3\) has 2 dimensions, got 3 indices"),
        (lambda x: x["a"], IndexError, "an index must be an integer, .* got 'a'"),
        (lambda x: x[1.5], IndexError, "an index must be an integer, .* got 1.5"),
        (lambda x: x[tinytorch.ones(3) > 0], IndexError, r"a mask must have the shape of .* \(2,\); got \(3,\)"),
        (lambda x: x[::0], ValueError, "the step of a slice must be at least 1, got 0"),
        (lambda x: x.sum(dim="a"), TypeError, "a dimension must be a whole number, got 'a'"),
        (lambda x: tinytorch.nn.functional.softmax(x, dim=7), IndexError, "dim must be in -2..1 here, got 7"),
        (lambda x: x.transpose(0, 5), IndexError, "dim must be in -2..1 here, got 5"),
        (lambda x: x.permute(0, 0), ValueError, r"permute must name each of the 2 dimensions once, got \(0, 0\)"),
        (lambda x: x.view(2, "a"), TypeError, "sizes and dimensions must be whole numbers, got 'a'"),
        (lambda x: x.clamp("a"), TypeError, "takes Tensors, arrays and numbers, got str"),
        (lambda x: x.masked_fill(tinytorch.ones(5) > 0, 1), ValueError, r"where needs shapes .* got \(5,\)"),
        (lambda x: -(x > 0), TypeError, "a truth value has no sign: write ~x"),
        (lambda x: x > "a", TypeError, "not supported between instances of 'Tensor' and 'str'"),
        (lambda x: tinytorch.zeros(2.5), TypeError, "sizes and dimensions must be whole numbers, got 2.5"),
        (lambda x: tinytorch.zeros(2, dtype="foo"), TypeError, "there is no dtype 'foo' here: use 'float32'"),
        (lambda x: Tensor([1], dtype="U3"), TypeError, "there is no dtype 'U3' here"),
        (lambda x: x.to("foo"), TypeError, "there is no dtype 'foo' here"),
        (lambda x: x.masked_fill(x > 0, "a"), TypeError, "masked_fill takes numbers, got str: 'a'"),
        (lambda x: tinytorch.where(x > 0, "a", x), TypeError, "where takes numbers, got str: 'a'"),
        (lambda x: tinytorch.where("a", x, x), TypeError, "where takes numbers, got str: 'a'"),
        (lambda x: tinytorch.arange("a"), TypeError, "arange takes numbers, got str: 'a'"),
        (lambda x: tinytorch.linspace("a", 2, 3), TypeError, "linspace takes numbers, got str: 'a'"),
        (lambda x: tinytorch.randint(0, "a", (2,)), TypeError, "randint takes numbers, got str: 'a'"),
        (lambda x: x.__setitem__(9, 1), IndexError, "index 9 is outside dimension 0"),
        (lambda x: x.__setitem__(0, tinytorch.ones(5)), ValueError, r"of shape \(5,\) doesn't fit the shape \(3,\)"),
        (lambda x: x.__setitem__(0, "a"), TypeError, "takes Tensors, arrays and numbers, got str"),
        (lambda x: tinytorch.nn.functional.mse_loss(x, 3), TypeError, "mse_loss takes Tensors, got int: 3"),
        (lambda x: tinytorch.nn.functional.cross_entropy(x, [0, 1]), TypeError, "cross_entropy takes Tensors, got"),
        (lambda x: tinytorch.optim.SGD(3, lr=1), TypeError, "a list of parameters, got int: pass model.parameters()"),
    ],
)  # fmt: skip
def test_what_an_operation_cannot_take_is_said_in_our_words(wrong, kind, says):
    with pytest.raises(kind, match=says) as caught:
        wrong(tinytorch.ones(2, 3))
    assert caught.type is kind  # numpy's own exception classes are unknown to students


def test_a_comparison_with_what_is_no_number_is_false_as_in_python():
    assert (tinytorch.ones(2) == "a", tinytorch.ones(2) != "a") == (False, True)


def test_the_fault_of_a_function_stays_its_own():
    @tinytorch.core.tensor.primitive
    def of_a_student(a, dim=None):
        return a + np.array(["text"])

    with pytest.raises((TypeError, ValueError)) as caught:
        of_a_student(tinytorch.ones(2), dim=0)
    assert "of_a_student takes" not in str(caught.value)
