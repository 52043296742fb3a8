"""Which answers share what few have: planted copies are found, look-alikes are not, and hostile texts cost little."""

import random

import pytest
from tito.insight.similarity import LEAST_TOKENS, compare
from tito.judge.compared import take_fingerprints
from tito.judge.fingerprints import MOST_CHARACTERS, WINDOW, K, fingerprints
from tito.judge.sandbox.find import find_sandbox

from tests.insight.written_answers import IDEAS, REFERENCE, STUB, class_of_answers

RELEASE, SOLVED = fingerprints(STUB), fingerprints(STUB + REFERENCE)


def prints_of(answers: dict[str, str], semester: str = "") -> dict:
    return {(semester, name): fingerprints(text) for name, text in answers.items()}


def pairs_of(answers: dict) -> list[tuple[str, str]]:
    found = compare(answers, RELEASE, SOLVED)
    assert found.excluded == ""
    return sorted((pair.one[1], pair.other[1]) for pair in found.pairs)


def test_three_pairs_of_copies_are_found_in_a_class_of_200_and_none_of_ten_look_alikes():
    answers, copies, alike = class_of_answers([f"s{n:03d}" for n in range(200)])
    assert (len(copies), len(alike)) == (3, 10)
    assert pairs_of(prints_of(answers)) == copies


@pytest.mark.parametrize("seed", range(4))
def test_other_classes_of_the_same_size_give_the_same(seed):
    names = [f"s{n:03d}" for n in range(200)]
    answers, copies, _ = class_of_answers(names, seed)
    assert pairs_of(prints_of(answers)) == copies


@pytest.mark.parametrize("size", [14, 34, 74])
def test_in_smaller_classes_no_copy_is_missed_and_no_look_alike_is_accused(size):
    """Some ordinary students may be paired there: in a small class it is not yet known which rare ways are usual."""
    answers, copies, alike = class_of_answers([f"s{n:03d}" for n in range(size)])
    pairs = pairs_of(prints_of(answers))
    assert set(copies) <= set(pairs) and not {name for pair in pairs for name in pair} & set(alike)


def test_a_copy_from_an_earlier_semester_is_found_and_earlier_ones_are_not_compared_with_each_other():
    now, before = {"ada": STUB + IDEAS[0]}, {"old": STUB + IDEAS[0], "older": STUB + IDEAS[0], "ada": STUB + IDEAS[0]}
    found = compare({**prints_of(now), **prints_of(before, "2025-fall")}, RELEASE, SOLVED)
    said = [(pair.one, pair.other, pair.share) for pair in found.pairs]
    assert said == [(("", "ada"), ("2025-fall", "old"), 1.0), (("", "ada"), ("2025-fall", "older"), 1.0)]


def test_a_short_exercise_is_not_compared_and_the_reason_is_said():
    short = fingerprints("def scale(values, factor):\n    return np.asarray(values) * factor\n")
    found = compare(prints_of({"ada": STUB + IDEAS[0], "ben": STUB + IDEAS[0]}), RELEASE, short)
    assert found.pairs == [] and str(short[0][0]) in found.excluded and str(LEAST_TOKENS) in found.excluded


def test_what_the_release_and_the_reference_have_tells_nothing():
    assert pairs_of(prints_of({"ada": STUB + REFERENCE, "ben": STUB + REFERENCE})) == []
    hinted = fingerprints(STUB + IDEAS[0])
    same = prints_of({"ada": STUB + IDEAS[0], "ben": STUB + IDEAS[0]})
    assert compare(same, hinted, SOLVED).pairs == []


def test_lines_are_those_that_both_have():
    one, other = STUB + IDEAS[1], "# mine\n\n" + STUB + IDEAS[1]
    [pair] = compare(prints_of({"ada": one, "ben": other}), RELEASE, SOLVED).pairs
    assert [line + 2 for line in pair.lines_of_one] == list(pair.lines_of_other)
    assert one.splitlines()[pair.lines_of_one[-1] - 1].strip().startswith("return")


def test_names_comments_strings_and_blank_lines_make_no_difference():
    first = "def f(x):\n    total = sum(x)  # adds\n    return {'a': total / len(x), 'b': [y * 2 for y in x]}\n"
    second = '\ndef g(values):\n    "Adds."\n    s = sum(values)\n\n    return'
    second += ' {"k": s / len(values), "z": [v * 2 for v in values]}\n'
    assert [row[0] for row in fingerprints(first)] == [row[0] for row in fingerprints(second)]
    assert [row[0] for row in fingerprints(first.replace("* 2", "* 3"))] != [row[0] for row in fingerprints(first)]


def test_equal_passages_of_k_plus_window_tokens_are_always_found():
    rng = random.Random(1)
    words = [str(rng.randrange(1000)) for _ in range(K + WINDOW - 1)]
    for before in range(12):
        around = " ".join(str(rng.randrange(10**6)) for _ in range(before)), " ".join(["77"] * before)
        one, other = (fingerprints(f"{' '.join([*side.split(), *words])}\n") for side in around)
        assert {row[0] for row in one[1:]} & {row[0] for row in other[1:]}, before


@pytest.mark.parametrize(
    "text",
    ["", "def f(:\n", "((((" * 2000, "x = '''never\n" * 50, "\tx\n  y\n z", "\x00\ud800", "lambda: " * 2000, "💥" * 99],
)
def test_whatever_a_text_is_it_has_fingerprints_or_none(text):
    assert fingerprints(text)[0][0] >= 0


@pytest.mark.service
def test_behind_walls_the_same_comes_out_and_a_text_without_end_is_told():
    ada, ben, eve, half = ((("", name, "smooth")) for name in ("ada", "ben", "eve", "half"))
    texts = {ada: STUB + IDEAS[0], ben: "x" * (MOST_CHARACTERS + 1), eve: "(" * 9999, half: "x = '\ud800'\n"}
    found, failed = take_fingerprints(texts, find_sandbox())
    assert found[ada] == fingerprints(texts[ada])
    assert failed == {ben: f"is longer than {MOST_CHARACTERS} characters"}
    assert set(found) == {ada, eve, half}
