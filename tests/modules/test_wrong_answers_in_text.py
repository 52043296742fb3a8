"""Mistakes that students make cost points, and a message says what is wrong: exercises of modules 10 and 11."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("build_vocabulary", "numbers by first occurrence", "sorted(set(text))", "dict.fromkeys(text)", "at key 'e'"),
    ("build_vocabulary", "counts from 1", "enumerate(sorted(set(text)))", "enumerate(sorted(set(text)), 1)", "at key"),
    ("count_pairs", "counts each word once", "+ times", "+ 1", "2 came back, 5 was expected"),
    ("count_pairs", "goes by steps of two", "pairwise(word)", "zip(word[::2], word[1::2])", "missing keys"),
    ("merge_pair", "goes one place further", "place += 2", "place += 1", "4 numbers came back, 3 were expected"),
    ("merge_pair", "merges from the right",
     "return tuple(merged)", "return tuple(merged) if word[:1] * 3 != word else (word[0], new_id)", "values differ"),
    ("merge_pair", "gives a list", "return tuple(merged)", "return merged", "the result is a tuple"),
    ("learn_merges", "takes the pair it met first",
     "min(counts, key=lambda pair: (-counts[pair], pair))", "max(counts, key=counts.get)", "came back"),
    ("learn_merges", "takes the largest pair of equals", "(-counts[pair], pair))", "(-counts[pair], -pair[0]))", "at"),
    ("learn_merges", "never stops", "if not counts:\n            break", "pass", "empty"),
    ("learn_merges", "crosses words",
     "count_words(text)", "{tuple(text.encode()): 1}", "came back"),
    ("encode", "crosses words", "split_words(text)", "[text]", "came back"),
    ("encode", "learns nothing from the order",
     "in enumerate(merges, start=256)", "in reversed(list(enumerate(merges, start=256)))", "came back"),
    ("encode", "takes characters for bytes",
     'tuple(piece.encode("utf-8"))', "tuple(ord(character) for character in piece)", "numbers came back"),
    ("embedding", "takes -1 for the last row",
     "(ids < 0) | (ids >= len(weight))", "ids >= len(weight)", "no IndexError was raised"),
    ("embedding", "takes floats", 'ids.dtype.kind not in "iu"', "False", "IndexError"),
    ("embedding_rule", "counts a repeated id once",
     "np.add.at(for_weight, ids, grad)", "for_weight[ids] += grad", "came back"),
    ("embedding_rule", "keeps the last one", "np.add.at(for_weight, ids, grad)", "for_weight[ids] = grad", "came back"),
    ("embedding_rule", "knows flat ids only",
     "np.add.at(for_weight, ids, grad)", "for i, g in zip(ids, grad):\n        for_weight[i] += g", "values differ"),
    ("context_windows", "loses the last window", "len(ids) - k, 0", "len(ids) - k - 1, 0", "shapes differ"),
    ("context_windows", "gives the last letter seen", "ids[k:]", "ids[k - 1 : -1]", "values differ"),
    ("nearest", "takes products",
     "vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)", "vectors", "values differ"),
    ("nearest", "finds itself", "    similarity[row] = -np.inf\n", "", "values differ"),
    ("nearest", "sorts the wrong way", "np.argsort(-similarity)", "np.argsort(similarity)", "values differ"),
    ("sinusoidal_positions", "has halves",
     "table[:, 0::2] = np.sin(angles)\n    table[:, 1::2] = np.cos(angles)",
     "table[:, : dim // 2] = np.sin(angles)\n    table[:, dim // 2 :] = np.cos(angles)", "values differ"),
    ("sinusoidal_positions", "forgets the 2 of 2i", "np.arange(0, dim, 2) / dim", "np.arange(dim // 2) / dim", "dif"),
    ("sinusoidal_positions", "is float64", ', dtype="float32"', "", "'float64'"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "tokenization", "embeddings") == []
