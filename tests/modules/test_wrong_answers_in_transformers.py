"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 13."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

DIVIDED = 'scores = np.asarray(logits, dtype="float64") / temperature'
TOP = "scores = np.where(scores < np.sort(scores)[-top_k], -np.inf, scores)"
DRAWN = 'return int(np.searchsorted(edges, u * edges[-1], side="right"))'
HALVES = "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))"
READ = "model(Tensor([ids[-model.context :]]))"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("layer_norm", "divides by n - 1", "correction=0", "correction=1", "by more than rounding"),
    ("layer_norm", "takes one mean for all", "centered = x - x.mean(dim=-1, keepdim=True)", "centered = x - x.mean()",
     "by more than rounding"),
    ("layer_norm", "goes over the batch", "dim=-1", "dim=0", "by more than rounding"),
    ("layer_norm", "forgets the root", "(variance + eps).sqrt()", "(variance + eps)", "by more than rounding"),
    ("layer_norm", "adds eps outside of the root", "(variance + eps).sqrt()", "(variance.sqrt() + eps)", "rounding"),
    ("layer_norm", "does not keep the axis", "keepdim=True", "keepdim=False", "broadcast"),
    ("layer_norm", "asks whether the weight is true", "if weight is not None:", "if weight:", "write `is not None`"),
    ("layer_norm", "works on arrays", "centered = x - x.mean(dim=-1, keepdim=True)",
     "centered = Tensor(x.data) - x.mean(dim=-1, keepdim=True)", "gradient"),
    ("layer_norm", "adds no bias without a weight", "return out if bias is None else out + bias",
     "return out if bias is None or weight is None else out + bias", "by more than rounding"),
    ("feed_forward", "has no activation", "down(activation(up(x)))", "down(up(x))", "by more than rounding"),
    ("feed_forward", "has an activation at the end", "down(activation(up(x)))", "activation(down(activation(up(x))))",
     "by more than rounding"),
    ("feed_forward", "takes its own activation", "activation(up(x))", "relu(up(x))", "by more than rounding"),
    ("feed_forward", "swaps the layers", "down(activation(up(x)))", "up(activation(down(x)))", "inner sizes"),
    ("transformer_block", "normalises the sum", "x = x + attention(norm1(x))", "x = norm1(x + attention(x))",
     "by more than rounding"),
    ("transformer_block", "has no residual", HALVES, "return mlp(norm2(attention(norm1(x))))", "by more than rounding"),
    ("transformer_block", "starts both halves at the input", HALVES, "return x + attention(norm1(x)) + mlp(norm2(x))",
     "by more than rounding"),
    ("transformer_block", "uses one norm twice", "norm2(x)", "norm1(x)", "by more than rounding"),
    ("transformer_block", "adds the normalised stream", HALVES,
     "y = norm1(x)\n    x = y + attention(y)\n    return x + mlp(norm2(x))", "by more than rounding"),
    ("transformer_block", "changes its input", "x = x + attention(norm1(x))", "x.data += attention(norm1(x)).data",
     "an argument was modified"),
    ("sample_next", "divides probabilities", DIVIDED,
     'scores = np.asarray(logits, dtype="float64")\n    scores = np.log(np.exp(scores - scores.max()) / temperature)',
     "came back"),
    ("sample_next", "multiplies by the temperature", "/ temperature", "* temperature", "came back"),
    ("sample_next", "does not know temperature 0", "if temperature == 0:", "if False:", "came back"),
    ("sample_next", "keeps the ends as they were", DRAWN,
     'full = np.exp(np.asarray(logits, dtype="float64") / temperature - scores.max()).sum()\n'
     '    return int(np.searchsorted(edges, u * full, side="right"))', "came back"),
    ("sample_next", "begins with a token that has no room", 'side="right"', 'side="left"', "came back"),
    ("sample_next", "overflows", "np.exp(scores - scores.max())", "np.exp(scores)", "came back"),
    ("sample_next", "sets what is left out to 0", "-np.inf, scores)", "0.0, scores)", "came back"),
    ("sample_next", "keeps one too many", "np.sort(scores)[-top_k]", "np.sort(scores)[-top_k - 1]", "came back"),
    ("sample_next", "keeps the first k of equals", TOP,
     "left_out = np.argsort(-scores, kind='stable')[top_k:]\n        scores[left_out] = -np.inf", "came back"),
    ("sample_next", "changes the scores that it was given", DIVIDED,
     "scores = np.asarray(logits)\n    scores /= temperature", "an argument was modified"),
    ("sample_next", "gives numpy's integer", 'int(np.searchsorted(edges, u * edges[-1], side="right"))',
     'np.searchsorted(edges, u * edges[-1], side="right")', "Python int"),
    ("sample_next", "draws its own number", "u * edges[-1]", "generator().random() * edges[-1]", "came back"),
    ("generate", "hands on all of the text", "ids[-model.context :]", "ids", "with T from 1 to 4, got (1, 7)"),
    ("generate", "hands on the beginning", "ids[-model.context :]", "ids[: model.context]", "came back"),
    ("generate", "hands on too little", "ids[-model.context :]", "ids[-model.context + 1 :]", "came back"),
    ("generate", "reads the first place", "logits.data[0, -1]", "logits.data[0, 0]", "came back"),
    ("generate", "appends to the list it was given", "ids = list(ids)", "ids = ids", "append"),
    ("generate", "gives the new ones only", "return ids", "return ids[-steps:]", "came back"),
    ("generate", "keeps the graph", f"with no_grad():\n            logits = {READ}", f"logits = {READ}", "came back"),
    ("generate", "draws once for all", "generator().random()", "0.5", "came back"),
    ("generate", "forgets the temperature", "generator().random(), temperature, top_k", "generator().random()",
     "came back"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "transformers") == []
