"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 16."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

PICK = "picked = slope[rows, classes]\n    np.exp(slope, out=slope)"
PICK_LATE = "np.exp(slope, out=slope)\n    picked = slope[rows, classes]"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("im2col", "puts windows into rows", "down * across)\n", "down * across).swapaxes(1, 2)\n", "shapes differ"),
    ("im2col", "lets channels alternate", "return filled.reshape(",
     "return filled.transpose(0, 2, 3, 1, 4, 5).reshape(", "values differ"),
    ("im2col", "forgets the padding", "pad2d(x, padding)", "x", ""),
    ("conv2d_im2col", "makes the matrix of all images", "slice(start, start + IMAGES_AT_ONCE)",
     "slice(0, len(x))", "96 images stay below 1.5 MB"),
    ("conv2d_im2col", "turns the kernel around", "kernels = weight.reshape",
     "kernels = weight[:, :, ::-1, ::-1].reshape", "values differ"),
    ("cross_entropy_fused", "picks a power", PICK, PICK_LATE, "came back"),
    ("cross_entropy_fused", "works in the logits", "slope = logits - ", "slope = logits; slope -= ", "argument"),
    ("cross_entropy_fused", "makes a second table", "slope /= total", "slope = slope / total", "1.6 arrays"),
    ("cross_entropy_fused", "forgets what was right", "slope[rows, classes] -= 1", "pass", "values differ"),
    ("adam_in_place", "gives old averages a new name", "m_part *= betas[0]", "m_part = m_part * betas[0]",
     "values differ"),
    ("adam_in_place", "squares the gradient in place", "(g_part * g_part)",
     "np.multiply(g_part, g_part, out=g_part)", ""),
    ("adam_in_place", "takes all weights at once", "in in_blocks(p, g, m, v)", "in [(p, g, m, v)]", "half an array"),
    ("gelu_in_blocks", "takes Phi for the slope",
     "below + a_part * np.exp(-0.5 * a_part * a_part) / math.sqrt(2 * math.pi)", "below", "values differ"),
    ("gelu_in_blocks", "takes all numbers at once", "in in_blocks(a, out, slope)", "in [(a, out, slope)]", "4 MB"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake, in_what_was_expected=True)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "acceleration") == []
