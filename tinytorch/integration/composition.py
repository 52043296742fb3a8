"""Tensors, activations and layers put together."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "activations")
def activations_keep_shape_and_dtype() -> None:
    """An activation gives a tensor of the shape and dtype that it was given"""
    import tinytorch as tt

    x = tt.tensor([[-1.0, 0.5], [2.0, 0.0], [3.0, -4.0]])
    for name in ("relu", "sigmoid", "tanh"):
        y = getattr(tt, name)(x)
        assert y.shape == x.shape, f"{name} made shape {y.shape} of {x.shape}"
        assert y.dtype == x.dtype, f"{name} made dtype {y.dtype} of {x.dtype}"


@integration_test("tensor", "activations")
def softmax_rows_are_probabilities() -> None:
    """Softmax of a batch gives rows that sum to 1, even for large numbers"""
    import tinytorch as tt

    x = tt.tensor([[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0]])
    sums = tt.softmax(x, dim=-1).data.sum(axis=-1)
    assert np.allclose(sums, 1.0), f"rows sum to {sums}"


@integration_test("tensor", "activations", "layers")
def sequential_is_its_layers_in_order() -> None:
    """Sequential gives what its layers give one after another"""
    import tinytorch as tt
    from tinytorch import nn

    tt.manual_seed(0)
    first, second = nn.Linear(4, 8), nn.Linear(8, 3)
    x = tt.randn(5, 4)
    by_hand = second(tt.relu(first(x)))
    together = nn.Sequential(first, nn.ReLU(), second)(x)
    assert together.shape == (5, 3), f"shape {together.shape} instead of (5, 3)"
    assert np.allclose(together.data, by_hand.data), "the numbers differ from those of the layers by hand"


@integration_test("tensor", "activations", "layers")
def parameters_of_nested_modules_are_found() -> None:
    """A module inside a module adds its parameters, each once"""
    from tinytorch import nn

    model = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Linear(3, 1))
    count = sum(p.numel() for p in model.parameters())
    assert count == 2 * 3 + 3 + 3 * 1 + 1, f"{count} numbers were found, there are 13"
    assert len(list(model.parameters())) == 4, f"{len(list(model.parameters()))} parameters were found, there are 4"


@integration_test("tensor", "activations", "layers")
def state_moves_from_model_to_model() -> None:
    """A model that loads another's state gives the same answers"""
    import tinytorch as tt
    from tinytorch import nn

    one, other = nn.Linear(3, 2), nn.Linear(3, 2)
    x = tt.randn(4, 3)
    other.load_state_dict(one.state_dict())
    assert np.array_equal(one(x).data, other(x).data), "the answers differ after load_state_dict"


@integration_test("tensor", "layers", "autograd", "training", "spatial")
def a_shift_moves_the_map() -> None:
    """A convolution of an image moved by a pixel is its map, moved by a pixel"""
    import tinytorch as tt
    from tinytorch import nn

    tt.manual_seed(9)
    layer, image = nn.Conv2d(2, 3, 3), tt.randn(1, 2, 8, 8)
    moved = tt.tensor(np.roll(image.data, 1, axis=3))
    here, there = layer(image).data, layer(moved).data
    assert here.shape == (1, 3, 6, 6), f"the map has the shape {here.shape} instead of (1, 3, 6, 6)"
    assert np.ptp(here) > 0, "the map is the same everywhere"
    assert np.allclose(there[..., 1:], here[..., :-1], atol=1e-5), "the map of the moved image is another one"
