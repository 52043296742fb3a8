"""Mistakes that students make cost points: for each exercise of module 09, solutions that are almost right."""

import pytest

from tests.modules.judging import each_of, judge_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

# (exercise, what is wrong, the text of the reference, what replaces it)
MISTAKES = [
    ("conv_output_size", "forgets the place at the start", "room // stride + 1", "room // stride"),
    ("conv_output_size", "takes any window", "if room < 0:", "if False:"),
    ("conv2d", "forgets the stride",
     "met_by(padded, i, j, rows, columns, stride)", "met_by(padded, i, j, rows, columns)"),
    ("conv2d", "overwrites instead of adding", "out += weight", "out[:] = weight"),
    ("conv2d", "mixes up channels and kernels", "weight[:, :, i, j] @", "weight[:, ::-1, i, j] @"),
    ("conv2d_rule", "gives the mean over images", ".sum(axis=0)", ".mean(axis=0)"),
    ("conv2d_rule", "works for nothing", "for_x if wanted[0] else None", "for_x"),
    ("max_pool2d", "takes the mean", ".max(axis=3).max(axis=4)", ".mean(axis=(3, 5))"),
    ("max_pool2d", "mixes up rows and columns",
     "kernel_size, columns, kernel_size)", "columns, kernel_size, kernel_size)"),
    ("conv2d_macs", "forgets the batch", "x_shape[0] * rows", "rows"),
    ("conv2d_macs", "forgets the padding",
     "x_shape[2], weight_shape[2], stride, padding", "x_shape[2], weight_shape[2], stride"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points(mistake):
    judge_mistake(*mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "spatial") == []
