"""What was saved can be loaded, from file names, open files and buffers; a file that is no checkpoint is an error."""

import io

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.core.tensor import Tensor

STATE = {
    "weights": Tensor([[1.0, 2.0]]),
    "counts": {0: 3, 1: Tensor([1, 2])},
    "history": [0.5, None, True, ("a", 1)],
    "array": np.arange(3),
}


def same_state(found):
    assert list(found) == list(STATE)
    assert isinstance(found["weights"], Tensor) and found["weights"].tolist() == [[1.0, 2.0]]
    assert list(found["counts"]) == [0, 1] and found["counts"][1].dtype == "int32"
    assert found["history"] == [0.5, None, True, ("a", 1)]
    np.testing.assert_array_equal(found["array"], np.arange(3))


def test_a_state_goes_into_a_file_a_buffer_and_back(tmp_path):
    path = tmp_path / "state.pt"
    tinytorch.save(STATE, path)
    same_state(tinytorch.load(path))
    same_state(tinytorch.load(str(path), map_location="cpu", weights_only=True))
    with path.open("wb") as file:
        tinytorch.save(STATE, file)
    with path.open("rb") as file:
        same_state(tinytorch.load(file))
    buffer = io.BytesIO()
    tinytorch.save(STATE, buffer)
    buffer.seek(0)
    same_state(tinytorch.load(buffer))
    assert [each.name for each in tmp_path.iterdir()] == ["state.pt"]


def test_a_tensor_a_list_and_a_parameter_are_states():
    for state in (Tensor([1.0]), [Tensor([1.0]), Tensor([2])], nn.Parameter(Tensor([1.0]))):
        buffer = io.BytesIO()
        tinytorch.save(state, buffer)
        buffer.seek(0)
        found = tinytorch.load(buffer)
        wanted = state if isinstance(state, list) else [state]
        for one, other in zip(found if isinstance(found, list) else [found], wanted, strict=True):
            assert (one.tolist(), one.requires_grad) == (other.tolist(), other.requires_grad)


def test_what_is_no_checkpoint_says_so(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear reader")
    with pytest.raises(ValueError, match=r"letter\.txt is no checkpoint"):
        tinytorch.load(tmp_path / "letter.txt")
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    with pytest.raises(ValueError, match=r"no checkpoint: save\(\) writes an entry 'structure'"):
        tinytorch.load(tmp_path / "other.npz")
    buffer = io.BytesIO()
    tinytorch.save(Tensor([1.0]), buffer)
    with pytest.raises(ValueError, match=r"a buffer needs seek\(0\) before it is read"):
        tinytorch.load(buffer)


def test_a_model_is_no_state_and_leaves_no_file(tmp_path):
    with pytest.raises(TypeError, match=r"save model\.state_dict\(\), not the model"):
        tinytorch.save(nn.Linear(2, 1), tmp_path / "model.pt")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_before_is_read(tmp_path):
    """Dicts used to be written as JSON objects, until keys could be numbers."""
    structure = '{"dict": {"weight": {"tensor": {"array": 0}}, "step": 3}}'
    np.savez(tmp_path / "old.npz", structure=np.array(structure), array0=np.array([1.5], "float32"))
    found = tinytorch.load(tmp_path / "old.npz")
    assert (found["weight"].tolist(), found["step"]) == ([1.5], 3)
