"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 14."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

GIVEN_BACK = "return Tensor(cache.keys[..., :end, :]), Tensor(cache.values[..., :end, :])"
WRITES = "cache.keys[..., start:end, :] = k.data\n    cache.values[..., start:end, :] = v.data"
GROWS = "cache.keys = np.concatenate([cache.keys[..., :start, :], k.data], axis=-2)\n    " + (
    "cache.values = np.concatenate([cache.values[..., :start, :], v.data], axis=-2)"
)

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("tokens_read", "forgets the prefill", "or length == prompt ", "", "4 came back, 6 was expected"),
    ("tokens_read", "knows no limit", "min(length, context)", "length", "18 came back, 15 was expected"),
    ("tokens_read", "moves the window too early", "length > context", "length >= context", "15 came back, 12"),
    ("tokens_read", "trusts the cache past the limit", " or length > context", "", "6 came back, 12 was expected"),
    ("append", "gives back the empty places", GIVEN_BACK, "return Tensor(cache.keys), Tensor(cache.values)", "shapes"),
    ("append", "gives back the new ones", GIVEN_BACK, "return k, v", "shapes differ"),
    ("append", "hides the new ones from themselves", GIVEN_BACK,
     GIVEN_BACK.replace(":end", ":start"), "shapes differ"),
    ("append", "does not count on", "cache.used = end", "pass", "shapes differ"),
    ("append", "loses a token in silence", "if end > capacity:", "if False:", "no ValueError was raised"),
    ("append", "counts before it refuses", "if end > capacity:",
     "cache.used = end\n    if end > capacity:", "came back"),
    ("append", "has one memory for both", "cache.values[..., start:end, :] = v.data",
     "cache.values = cache.keys", "came back"),
    ("append", "makes new memory each time", WRITES, GROWS, "view of the memory"),
    ("append", "gives copies", GIVEN_BACK, GIVEN_BACK.replace(":end, :]", ":end, :].copy()"), "view of the memory"),
    ("read_on", "begins at place 0 again", ", start=held", "", "0 came back, 3 was expected"),
    ("read_on", "hands on the whole text", "ids[:, held:]", "ids", "shapes differ"),
    ("read_on", "hands on the last token only", "ids[:, held:]", "ids[:, -1:]", "1 came back, 3 was expected"),
    ("read_on", "starts one place too far", "start=held", "start=held + 1", "came back"),
    ("read_on", "reads nothing", "if held >= ids.shape[-1]:", "if False:", "no ValueError was raised"),
    ("read_on", "keeps a graph", "with no_grad():", "if True:", "True came back"),
    ("generate_cached", "begins anew in each step", "if len(ids) > model.context:", "if True:", "0 came back, 3 was"),
    ("generate_cached", "never begins anew", "if len(ids) > model.context:", "if False:", "nothing is left to read"),
    ("generate_cached", "begins anew once", "> model.context:", "== model.context + 1:", "nothing is left to read"),
    ("generate_cached", "begins anew too early", "len(ids) > model.context", "len(ids) >= model.context", "came back"),
    ("generate_cached", "looks at the first place", ".data[0, -1]", ".data[0, 0]", "came back"),
    ("generate_cached", "forgets top k", "temperature, top_k))", "temperature))", "came back"),
    ("cache_bytes", "forgets the values", "2 * layers", "layers", "32768 came back, 65536 was expected"),
    ("cache_bytes", "counts 4 bytes twice", "* bytes_each", "* bytes_each * 4", "262144 came back"),
    ("cache_bytes", "shares caches like weights", "batch * heads", "heads", "came back"),
    ("cache_bytes", "knows one kind of number", "* bytes_each", "* 4", "came back"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "kvcaching") == []
