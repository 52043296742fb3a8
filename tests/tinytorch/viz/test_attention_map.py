"""Attention maps take arrays, change picture and text with their sliders, and say what is wrong with their input."""

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget
MAPS = {"before": np.full((3, 3), 1 / 3), "after": np.eye(3)[::-1]}


def test_the_line_says_where_a_row_looks():
    view = viz.AttentionMap(MAPS, "abc", "xyz")
    assert view.line("after", 0) == "after, a: looks at z (100%)"
    assert view.line("before", 1) == "before, b: looks at x (33%), y (33%), z (33%)"


def test_sliders_change_the_picture_and_the_line():
    view, shown = viz.AttentionMap(MAPS, "abc", title="Looks"), []
    which, row, line = view.controls(shown.append).children
    assert "after, a: looks at c" in line.value and 'aria-live="polite"' in line.value
    row.value = 2
    assert "after, c: looks at a" in line.value
    which.value = "before"
    assert "before, c: looks at a (33%)" in line.value
    after, before = shown
    np.testing.assert_array_equal(after.figure.axes[0].images[0].get_array(), MAPS["after"])
    np.testing.assert_array_equal(before.figure.axes[0].images[0].get_array(), MAPS["before"])
    assert after.figure.axes[0].patches[0].get_y() == 1.5


def test_the_static_picture_has_all_maps_and_every_name():
    picture = viz.AttentionMap(np.stack([np.eye(4)] * 6), "wxyz").picture()
    maps = [ax for ax in picture.figure.axes if ax.images and ax.get_title()]
    assert [ax.get_title() for ax in maps] == [f"head {i}" for i in range(6)]
    assert [text.get_text() for text in maps[0].get_yticklabels()] == list("wxyz")
    assert "head 5, w: looks at w (100%)" in picture.description


@pytest.mark.parametrize("size", [1, 8, 64])
def test_one_change_sends_little(size):
    rng, shown = np.random.default_rng(0), []
    view = viz.AttentionMap({"a": rng.dirichlet(np.ones(size), size), "b": np.eye(size)})
    view.controls(shown.append).children[0].value = "a"
    assert len(shown[0].png()) * 4 / 3 < LARGEST_MESSAGE


def test_broken_weights_are_drawn_and_told():
    view = viz.AttentionMap(np.full((2, 2), np.nan))
    assert view.line("weights", 0) == "weights, 0: weights that are no finite numbers"
    assert view.picture().png()
    assert viz.AttentionMap(np.zeros((2, 2))).line("weights", 1) == "weights, 1: looks at nothing"


def test_names_cannot_become_markup():
    line = viz.AttentionMap(np.eye(1), ["<b>"]).controls(lambda picture: None).children[2]
    assert "<b>" not in line.value and "&lt;b&gt;" in line.value


def test_what_is_no_map_is_refused():
    with pytest.raises(ValueError, match=r"got \[\(2, 2\), \(3, 3\)\]"):
        viz.AttentionMap({"a": np.eye(2), "b": np.eye(3)})
    with pytest.raises(ValueError, match=r"one row of the batch.*|at most 4096 cells"):
        viz.AttentionMap(np.ones((2, 2, 3, 3)))
    with pytest.raises(ValueError, match="at most 4096 cells"):
        viz.AttentionMap(np.ones((100, 100)))
    with pytest.raises(ValueError, match="one name for each row is needed, 2 in all, got 3"):
        viz.AttentionMap(np.eye(2), "abc")
    with pytest.raises(TypeError, match=r"tensor\.data"):
        viz.AttentionMap(object())
