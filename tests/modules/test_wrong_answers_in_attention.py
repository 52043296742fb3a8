"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 12."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

HIDE = "hidden = scores.masked_fill(mask, -1e9)\n    return softmax(hidden, dim=-1).masked_fill(mask, 0.0)"
HEADS = "q, k, v = (split_heads(layer(x), heads) for layer in (query, key, value))"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("causal_mask", "hides the diagonal", "np.arange(keys) > places", "np.arange(keys) >= places", "values differ"),
    ("causal_mask", "says what is seen", "np.arange(keys) > places", "np.arange(keys) <= places", "values differ"),
    ("causal_mask", "counts from the first place", "np.arange(keys - queries, keys)", "np.arange(queries)", "differ"),
    ("causal_mask", "knows squares only", "np.arange(keys - queries, keys)", "np.arange(keys)", "shapes differ"),
    ("causal_mask", "gives numbers", "np.arange(keys) > places[:, None]",
     "(np.arange(keys) > places[:, None]).astype(float)", "float64"),
    ("attention_weights", "has no root", " / math.sqrt(q.shape[-1])", "", "by more than rounding"),
    ("attention_weights", "divides by the size", "math.sqrt(q.shape[-1])", "q.shape[-1]", "by more than rounding"),
    ("attention_weights", "takes the root of the number of keys", "math.sqrt(q.shape[-1])", "math.sqrt(k.shape[-2])",
     "by more than rounding"),
    ("attention_weights", "runs over the queries", "softmax(scores, dim=-1)", "softmax(scores, dim=-2)", "1.0"),
    ("attention_weights", "hides with 0", HIDE, "return softmax(scores.masked_fill(mask, 0.0), dim=-1)", "differ"),
    ("attention_weights", "gives nan", HIDE, "return softmax(scores.masked_fill(mask, -math.inf), dim=-1)", "nan"),
    ("attention_weights", "shares what is hidden", ".masked_fill(mask, 0.0)", "", "came back"),
    ("attention_weights", "hides after the softmax", HIDE,
     "return softmax(scores, dim=-1).masked_fill(mask, 0.0)", "came back"),
    ("attention_weights", "works on arrays", "q @ k.transpose(-2, -1)", "Tensor(q.data @ k.data.swapaxes(-2, -1))",
     "from .data"),
    ("attention", "asks whether the cache is true", "if cache is not None:", "if cache:", "30.0 came back"),
    ("attention", "leaves the cache alone", "if cache is not None:", "if False:", "came back"),
    ("attention", "forgets the mask", "attention_weights(q, k, mask)", "attention_weights(q, k)", "came back"),
    ("attention", "mixes the keys", "@ v", "@ k", "shapes differ"),
    ("split_heads", "reshapes at once", "x.reshape(*front, time, heads, dim // heads).transpose(-3, -2)",
     "x.reshape(*front, heads, time, dim // heads)", "values differ"),
    ("split_heads", "does not swap", ".transpose(-3, -2)", "", "differ"),
    ("split_heads", "leaves the refusal to numpy", "if dim % heads:", "if False:", "64"),
    ("split_heads", "knows no batches", "*front, time, dim = x.shape", "(time, dim), front = x.shape, ()", "unpack"),
    ("merge_heads", "does not swap", "x.transpose(-3, -2)", "x", "values differ"),
    ("merge_heads", "swaps time and size", "x.transpose(-3, -2)", "x.transpose(-2, -1)", "values differ"),
    ("multi_head_attention", "has no output layer", "output(merge_heads(attention(q, k, v, mask, cache)))",
     "merge_heads(attention(q, k, v, mask, cache))", "by more than rounding"),
    ("multi_head_attention", "makes keys of the queries", HEADS,
     "asked = query(x)\n    q, k, v = (split_heads(y, heads) for y in (asked, key(asked), value(x)))", "rounding"),
    ("multi_head_attention", "has one head",
     f"{HEADS}\n    return output(merge_heads(attention(q, k, v, mask, cache)))",
     "return output(attention(query(x), key(x), value(x), mask, cache))", "by more than rounding"),
    ("multi_head_attention", "forgets the mask", "attention(q, k, v, mask, cache)", "attention(q, k, v, None, cache)",
     "came back"),
    ("multi_head_attention", "forgets the cache", "attention(q, k, v, mask, cache)", "attention(q, k, v, mask)", "dif"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "attention") == []
