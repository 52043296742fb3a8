"""Comparisons: exact means exact, shapes count, and a message describes the difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinytorch.testing import close, raises, same, true
from tinytorch.testing.compare import Difference

any_array = hnp.arrays(
    st.sampled_from([np.dtype("float32"), np.dtype("float64"), np.dtype("int32"), np.dtype("bool")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)


@given(any_array)
def test_every_array_is_the_same_as_itself_and_as_its_list(array):
    same(array, array.copy())
    same(array, array.tolist() if array.size else array)
    close(array, array.copy())


@given(any_array, st.data())
def test_one_changed_element_is_noticed_by_both(array, data):
    if array.size == 0:
        return
    changed = array.copy().reshape(-1)
    place = data.draw(st.integers(0, changed.size - 1))
    changed[place] = (
        not changed[place]
        if array.dtype == bool
        else 1
        if changed[place] != changed[place]
        else np.nan
        if array.dtype.kind == "f"
        else changed[place] ^ 1
    )
    changed = changed.reshape(array.shape)
    for compare in (same, lambda a, e: close(a, e, rtol=0, atol=0.5)):
        with pytest.raises(Difference):
            compare(changed, array)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (1, 1.0),
        ((2, 3), [2, 3]),
        ([2, 3], (2, 3)),
        ("a", "a"),
        (None, None),
        ({"a": np.ones(2)}, {"a": [1, 1]}),
        ([np.ones(2), "x", None], [[1.0, 1.0], "x", None]),
        (np.float32(0.5), 0.5),
        (float("nan"), float("nan")),
        ([[1, 2], [3]], [[1, 2], [3]]),
        ({1, 2}, {2, 1}),
        (True, True),
        ([], []),
        (b"x", b"x"),
    ],
)
def test_the_same(actual, expected):
    same(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected", "kind", "words"),
    [
        (np.ones((2, 1)), np.ones(2), "wrong shape", "shape (2, 1) came back, shape (2,) was expected"),
        (np.ones(1), 1.0, "wrong shape", "shape (1,) came back, a single number"),
        (5, 6, "wrong value", "5 came back, 6 was expected"),
        (
            [1, 2, 3],
            [1, 2, 4],
            "wrong value",
            "1 of 3 values differ, the first at index 2: 3 came back, 4 was expected",
        ),
        (np.zeros((2, 2)), [[0, 0], [0, 1]], "wrong value", "the first at index (1, 1)"),
        (True, 1, "wrong kind", "True or False came back"),
        (1, True, "wrong kind", "an integer came back"),
        ("1", 1, "wrong kind", "'1' came back"),
        (None, 1.0, "wrong kind", "None came back"),
        (1, None, "wrong value", "differ"),
        (np.ones(2), "text", "wrong kind", "an array came back"),
        ([1, 2], ["a", "b"], "wrong value", "at index 0"),
        (["a"], ["a", "b"], "wrong length", "1 item came back, 2 were expected"),
        ((1, 2, 3, 4), (1, 2, 3), "wrong length", "4 numbers came back, 3 were expected"),
        ([1, 2], [1], "wrong length", "2 numbers came back, 1 was expected"),
        (np.ones(4), [1, 1, 1], "wrong shape", "shape (4,) came back"),
        ({(1, 2): 3}, [(1, 2), (3, 4)], "wrong kind", "a list of pairs was expected"),
        ([(1,), (2, 3)], [1, 2, 3], "wrong kind", "a list of integers was expected"),
        (None, [[1, 2]], "wrong kind", "an array of integers was expected: is a `return` missing?"),
        (None, {"a": 1}, "wrong kind", "a dict was expected: is a `return` missing?"),
        ({"a": 1}, {"a": 1, "b": 2}, "wrong value", "missing keys: ['b']"),
        ({"a": 1, "c": 1}, {"a": 1}, "wrong value", "unexpected keys: ['c']"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "wrong value", "at key 'a': at key 'b'"),
        (object(), 1, "not a plain value", "an object of class object came back"),
        (np.ones(2).data, [1, 1], "not a plain value", "was a Tensor expected, and an array returned?"),
        (np.array([None, 1]), [0, 1], "not a plain value", "dtype object"),
        ([object()], [1], "not a plain value", "the list holds objects"),
    ],
)
def test_differences_are_said_in_words(actual, expected, kind, words):
    with pytest.raises(Difference) as caught:
        same(actual, expected)
    assert (caught.value.kind, words in caught.value.why) == (kind, True), caught.value.why


class Liar(float):
    """Claims to equal everything."""

    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


@pytest.mark.parametrize("compare", [same, close])
def test_an_object_that_claims_to_be_equal_is_compared_by_its_number(compare):
    with pytest.raises(Difference):
        compare([Liar(1), Liar(2)], [3.0, 4.0])
    with pytest.raises(Difference):
        compare(Liar(1), 3.0)


def test_the_expected_value_must_be_plain():
    with pytest.raises(TypeError, match="compare plain values"):
        same(1, object())


def test_close_allows_rounding_and_no_more():
    close(np.float32(0.1) + np.float32(0.2), 0.3)
    close(1 + 1e-6, 1.0)
    close(np.inf, np.inf)
    for actual in (1 + 1e-4, np.nan, np.inf, -1.0):
        with pytest.raises(Difference):
            close(actual, 1.0)
    with pytest.raises(Difference):
        close(np.inf, -np.inf)


def test_true_takes_truth_alone():
    true(True, "x")
    true(np.bool_(True), "x")
    with pytest.raises(Difference, match="too large"):
        true(False, "too large")
    for value in (1, "yes", [1], np.ones(2), None):
        with pytest.raises(Difference, match="True or False was expected"):
            true(value, "x")


def test_raises_wants_the_kind_and_the_word():
    assert raises(ValueError, int, "x", says="INVALID") == "invalid literal for int() with base 10: 'x'"
    with pytest.raises(Difference, match="no ValueError was raised"):
        raises(ValueError, int, "1")
    with pytest.raises(Difference, match="does not say 'shape'") as caught:
        raises(ValueError, int, "x", says="shape")
    assert caught.value.called == 'int("x")' and caught.value.expected == "ValueError whose message says 'shape'"
    with pytest.raises(Difference, match="ZeroDivisionError was raised, ValueError was expected") as caught:
        raises(ValueError, lambda: 1 / 0)
    assert caught.value.got == "ZeroDivisionError: division by zero"
    with pytest.raises(Difference, match="1 came back, 2 was expected"):
        raises(ValueError, lambda: same(1, 2))


@pytest.mark.parametrize("actual", [[0] * 300_000, [range(10**9)], {i: i for i in range(300_000)}, [[[0] * 200_000]]])
@pytest.mark.parametrize("compare", [same, close])
def test_what_is_far_longer_than_expected_is_not_walked_through(compare, actual):
    with pytest.raises(Difference, match="more than 100008 items") as told:
        compare(actual, [1, 2, 4, 5])
    assert told.value.kind == "wrong length" and len(told.value.got) < 400


def test_what_is_nested_far_deeper_than_expected_is_not_walked_through():
    deep: list = list(range(1000))
    for _ in range(60):
        deep = [deep]
    with pytest.raises(Difference, match="over 32 levels deep"):
        close(deep, [[1.0, 2.0]])
    with pytest.raises(Difference, match="3 items came back, 2 were expected"):
        same(np.zeros((3, 0)), [np.zeros(0), "text"])
