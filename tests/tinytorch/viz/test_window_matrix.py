"""A matrix of windows changes picture and text with its slider, and says where a student's column is another window."""

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget
IMAGE = np.arange(1.0, 13.0).reshape(3, 4)


def columns(image, rows, across):
    places = [(r, c) for r in range(image.shape[0] - rows + 1) for c in range(image.shape[1] - across + 1)]
    return np.stack([image[r : r + rows, c : c + across].ravel() for r, c in places], axis=1)


def test_the_slider_frames_a_window_and_its_column_and_says_the_pixels():
    view, shown = viz.WindowMatrix(IMAGE, (2, 2), columns(IMAGE, 2, 2), "Windows"), []
    slider, line = view.controls(shown.append).children
    assert 'aria-live="polite"' in line.value and slider.max == 5
    slider.value = 4
    assert "column 4 of 6 is the window at (1, 1): 6 7 10 11" in line.value
    left, right = (axes.patches[0] for axes in shown[0].figure.axes)
    assert (left.get_x(), left.get_y(), left.get_width(), left.get_height()) == (0.5, 0.5, 2, 2)
    assert (right.get_x(), right.get_width(), right.get_height()) == (3.5, 1, 4)
    assert shown[0].description == "Windows: column 4 of 6 is the window at (1, 1): 6 7 10 11"


def test_the_same_number_has_the_same_shade_on_both_sides():
    figure = viz.WindowMatrix(IMAGE, (2, 2), columns(IMAGE, 2, 2)).picture().figure
    assert len({axes.images[0].get_clim() for axes in figure.axes}) == 1


def test_a_column_that_is_another_window_is_told():
    wrong = columns(IMAGE, 2, 2)[:, ::-1]
    assert viz.WindowMatrix(IMAGE, (2, 2), wrong).text(0).endswith("1 2 5 6; but the matrix has 7 8 11 12 there")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (columns(IMAGE, 2, 2).T, "should have the shape (4, 6), it has (6, 4)"),
        (None, "no matrix"),
        (object(), "no matrix"),
    ],
)
def test_a_students_broken_result_still_gets_a_picture(given, says):
    view = viz.WindowMatrix(IMAGE, (2, 2), given)
    assert says in view.text() and view.picture().png()


def test_one_change_sends_little():
    image, shown = np.random.default_rng(0).normal(size=(8, 8)), []
    viz.WindowMatrix(image, (3, 3), columns(image, 3, 3), "Many").controls(shown.append).children[0].value = 3
    assert len(shown[0].png()) * 4 / 3 < LARGEST_MESSAGE


def test_what_has_no_windows_is_refused():
    with pytest.raises(ValueError, match=r"up to 8 pixels wide .* got \(9, 9\)"):
        viz.WindowMatrix(np.zeros((9, 9)), (3, 3), None)
    with pytest.raises(ValueError, match=r"a window \(4, 2\) has no place"):
        viz.WindowMatrix(IMAGE, (4, 2), None)
