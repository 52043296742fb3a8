"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 18."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

THRESHOLD = (
    "magnitudes = np.concatenate([np.abs(w).ravel() for w in weights])\n"
    "    return float(np.percentile(magnitudes, 100 * sparsity))"
)
COUNTED = (
    "order = np.argsort(np.abs(weight).ravel())\n"
    "    mask = np.ones(weight.size, dtype=bool)\n"
    "    mask[order[: round(sparsity * weight.size)]] = False\n"
    "    return mask.reshape(weight.shape)"
)
KL = "(wanted.exp() * (wanted - log_softmax(student / temperature)))"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("calculate_threshold", "forgets the magnitude", "np.abs(w)", "w", "0.62 was expected"),
    ("calculate_threshold", "takes a percentile below 1", "100 * sparsity", "sparsity", "0.6"),
    ("calculate_threshold", "keeps what should go", "100 * sparsity", "100 * (1 - sparsity)", "0.6"),
    ("calculate_threshold", "takes the mean of thresholds", THRESHOLD,
     "return float(np.mean([np.percentile(np.abs(w), 100 * sparsity) for w in weights]))", "5.0"),
    ("calculate_threshold", "takes a share of the largest", "np.percentile(magnitudes, 100 * sparsity)",
     "sparsity * magnitudes.max()", "5.0 was expected"),
    ("calculate_threshold", "refuses nothing", "if not 0 <= sparsity < 1:", "if False:", "ValueError"),
    ("pruning_mask", "takes a threshold", COUNTED,
     "return np.abs(weight) >= np.percentile(np.abs(weight), 100 * sparsity)", "71"),
    ("pruning_mask", "says what goes", "return mask.reshape", "return ~mask.reshape", "differ"),
    ("pruning_mask", "cuts off", "round(", "int(", "71"),
    ("pruning_mask", "forgets the magnitude", "np.abs(weight)", "weight", "values differ"),
    ("pruning_mask", "sorts in each row", COUNTED,
     "ranks = np.argsort(np.argsort(np.abs(weight), axis=-1), axis=-1)\n"
     "    return ranks >= round(sparsity * weight.shape[-1])", "71 was expected"),
    ("pruning_mask", "gives numbers", "return mask", "return mask.astype('float32')", "float32"),
    ("drop_units", "takes the first columns", "second.weight.data[:, chosen]", "second.weight.data[:, :keep]",
     "more than rounding"),
    ("drop_units", "takes the first biases", "first.bias.data[chosen]", "first.bias.data[:keep]", "more than rounding"),
    ("drop_units", "keeps the weakest", "[-keep:]", "[:keep]", "more than rounding"),
    ("drop_units", "leaves 0 to numpy", "if not 1 <= keep <= first.out_features:", "if keep > first.out_features:",
     "ZeroDivisionError"),
    ("drop_units", "sets to 0 and removes nothing",
     "smaller, behind = Linear(first.in_features, keep), Linear(keep, second.out_features)",
     "mask = np.isin(np.arange(first.out_features), chosen)\n"
     "    first.weight.data = first.weight.data * mask[:, None]\n"
     "    first.bias.data = first.bias.data * mask\n"
     "    return first, second", "shapes differ"),
    ("drop_units", "shares a bias", "second.bias.data.copy()", "second.bias.data", "copy"),
    ("low_rank_factors", "loses the singular values", "u[:, :rank] * s[:rank]", "u[:, :rank]", "more than rounding"),
    ("low_rank_factors", "has two biases", "rank, bias=False)", "rank)", "more than rounding"),
    ("low_rank_factors", "transposes once more", "vt[:rank]", "vt.T[:rank]", "more than rounding"),
    ("low_rank_factors", "takes the last values", "s[:rank]", "s[-rank:]", "more than rounding"),
    ("low_rank_factors", "has no bias at all", "    second.bias.data = layer.bias.data.copy()\n", "", "more than"),
    ("distillation_loss", "has no square of T", "temperature**2 *", "", "more than rounding"),
    ("distillation_loss", "has T once", "temperature**2", "temperature", "more than rounding"),
    ("distillation_loss", "teaches the teacher", "teacher.detach()", "teacher", "no gradient goes into the teacher"),
    ("distillation_loss", "is a mean over classes", ".sum(dim=-1).mean()", ".mean()", "more than rounding"),
    ("distillation_loss", "is the other way round", KL,
     "(log_softmax(student / temperature).exp() * (log_softmax(student / temperature) - wanted))", "more than"),
    ("distillation_loss", "warms the targets' part", "cross_entropy(student, targets)",
     "cross_entropy(student / temperature, targets)", "was expected"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake, in_what_was_expected=True)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "compression") == []
