"""What a beginner of PyTorch writes works, or is an error in our words, not in numpy's."""

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
    with pytest.raises(TypeError, match=r"after the numbers comes their dtype, got 3: .*zeros\(2, 3\)"):
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
    """Counts how often it is asked."""

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
