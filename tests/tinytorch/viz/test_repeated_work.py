"""Repeated work: the tables and their counts, the slider that changes picture and text, and what is refused."""

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget


def test_cells_say_what_is_computed_again():
    view = viz.RepeatedWork("abcd", context=3)
    np.testing.assert_array_equal(view.table(3, cached=False), [[2, 0, 0], [2, 2, 0], [1, 1, 1]])
    np.testing.assert_array_equal(view.table(3, cached=True), [[0, 0, 0], [0, 0, 0], [1, 1, 1]])
    for cached in (False, True):
        np.testing.assert_array_equal(view.table(4, cached), np.tril(np.ones((3, 3))))
        np.testing.assert_array_equal(view.table(1, cached), [[1]])


def test_the_line_counts_what_the_tables_show():
    view = viz.RepeatedWork("abcdef")
    for step in range(1, 7):
        total, before = step * (step + 1) // 2, step * (step - 1) // 2
        said = view.text(step)
        assert said.startswith(f"{step} token")
        assert f"without a cache {total} product" in said and f"with a cache {step}" in said
        assert f"{before or 'none'} of them computed before" in said
    assert "the window has moved" in viz.RepeatedWork("abc", context=2).text(3)
    assert "the window has moved" not in viz.RepeatedWork("abc", context=2).text(2)


def test_the_slider_changes_picture_and_line():
    view, shown = viz.RepeatedWork("a b\nc", context=4), []
    slider, said = view.controls(shown.append).children
    assert "4 tokens: without a cache 10 products" in said.value and 'aria-live="polite"' in said.value
    slider.value = 2
    assert "2 tokens: without a cache 3 products, 1 of them computed before; with a cache 2" in said.value
    slider.value = 5
    assert "the window has moved" in said.value
    two, five = shown
    plain, kept = two.figure.axes
    assert [len(ax.patches) for ax in (plain, kept)] == [3, 2]
    assert [text.get_text() for text in plain.texts] == ["=", "●", "●"]
    assert [text.get_text() for text in five.figure.axes[0].get_xticklabels()] == ["␣", "b", "⏎", "c"]
    assert five.description.endswith(view.text(5))


@pytest.mark.parametrize("tokens", ["a", "abcdefghijklmnop", ["the ", "king", "'s"]])
def test_one_change_sends_little(tokens):
    view = viz.RepeatedWork(tokens)
    for step in {1, len(tokens)}:
        assert len(view.picture(step).png()) * 4 / 3 < LARGEST_MESSAGE


def test_what_cannot_be_shown_is_refused():
    for tokens in ("", "a" * 17):
        with pytest.raises(ValueError, match=f"1 to 16 tokens, got {len(tokens)}"):
            viz.RepeatedWork(tokens)
    with pytest.raises(ValueError, match="at least 1 place, got 0"):
        viz.RepeatedWork("abc", context=0)
