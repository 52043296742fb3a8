"""A weight's gradient has the same memory layout as the weight, whatever layout the student's rule returns."""

import numpy as np
import pytest

from tinytorch import Tensor, nn
from tinytorch.core.autograd import matmul_rule
from tinytorch.layout import laid_out_alike


def test_the_gradient_of_a_linear_layer_lies_as_its_weight_does():
    layer, x = nn.Linear(7, 5), Tensor(np.ones((3, 7), "float32"), requires_grad=True)
    (layer(x) ** 2).sum().backward()
    assert layer.weight.grad.data.flags.c_contiguous
    assert x.grad.shape == x.shape


@pytest.mark.parametrize("wanted", [(True, True), (False, True), (True, False)])
@pytest.mark.parametrize("transposed", [True, False])
def test_both_gradients_are_those_of_the_rule(wanted, transposed):
    rng = np.random.default_rng(0)
    a, grad = rng.normal(size=(3, 4)), rng.normal(size=(3, 5))
    b = rng.normal(size=(5, 4)).T if transposed else rng.normal(size=(4, 5))
    for found, expected in zip(
        laid_out_alike(matmul_rule)(grad, a @ b, a, b, wanted), matmul_rule(grad, a @ b, a, b, wanted), strict=True
    ):
        assert (found is None) == (expected is None)
        assert found is None or np.allclose(found, expected)


def test_a_rule_that_forgets_a_gradient_is_passed_on():
    a, b = np.ones((3, 4)), np.ones((5, 4)).T
    assert laid_out_alike(lambda grad, out, a, b, wanted: (None, None))(a @ b, a @ b, a, b) == (None, None)
