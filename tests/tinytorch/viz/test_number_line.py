"""A number line takes arrays, changes picture and text with its slider, and says what is wrong with its input."""

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget
VALUES = [-1.0, 0.2, 0.9]
GRIDS = {2: ([-1, 0, 1], [-1, 0, 1]), 3: (np.arange(-3, 4) / 3, [-1, 1 / 3, 1])}


def test_the_line_says_how_fine_the_grid_is_and_what_moves_most():
    view = viz.NumberLine(VALUES, GRIDS)
    assert view.line("2") == "2 bits: 3 places, 1 apart; 0.2 moves most, to 0: by 0.2, half a step is 0.5"
    assert view.line("3").startswith("3 bits: 7 places, 0.333 apart; 0.2 moves most, to 0.333: by 0.13")


def test_the_slider_changes_the_picture_and_the_line():
    shown = []
    slider, line = viz.NumberLine(VALUES, GRIDS, "Three").controls(shown.append).children
    assert "2 bits: 3 places" in line.value and 'aria-live="polite"' in line.value
    slider.value = "3"
    assert "3 bits: 7 places" in line.value
    slider.value = "2"
    three, two = ([line.get_xdata()[1] for line in picture.figure.axes[0].lines[:3]] for picture in shown)
    np.testing.assert_allclose(three, [-1, 1 / 3, 1])
    np.testing.assert_allclose(two, [-1, 0, 1])


def test_the_static_picture_has_all_grids_on_one_scale():
    picture = viz.NumberLine(VALUES, GRIDS, "Three", unit="digits").picture()
    assert [ax.get_yticklabels()[0].get_text() for ax in picture.figure.axes] == ["2 digits", "3 digits"]
    assert len({ax.get_xlim() for ax in picture.figure.axes}) == 1
    assert picture.description.startswith("Three: 2 digits: 3 places") and "3 digits: 7 places" in picture.description


def test_one_change_sends_little():
    rng, shown = np.random.default_rng(0), []
    values = rng.normal(size=50)
    view = viz.NumberLine(values, {7: ([0, 1], values), 8: (np.linspace(-3, 3, 255), values)})
    view.controls(shown.append).children[0].value = "8"
    assert len(shown[0].png()) * 4 / 3 < LARGEST_MESSAGE


def test_broken_numbers_are_drawn_and_told():
    view = viz.NumberLine([np.nan, 1.0], {2: ([np.nan], [0.0, np.inf])})
    assert view.line("2") == "2 bits: numbers that are not finite"
    assert view.picture().png()
    assert viz.NumberLine([1.0], {2: ([1.0], [1.0])}).picture().png()


def test_names_cannot_become_markup():
    line = viz.NumberLine([1.0], {"<b>": ([1.0], [1.0])}).controls(lambda picture: None).children[1]
    assert "<b>" not in line.value and "&lt;b&gt;" in line.value


def test_what_is_no_number_line_is_refused():
    with pytest.raises(ValueError, match=r"1 to 50 numbers in a row, got \(2, 2\)"):
        viz.NumberLine(np.ones((2, 2)), GRIDS)
    with pytest.raises(ValueError, match="at least one grid"):
        viz.NumberLine(VALUES, {})
    with pytest.raises(ValueError, match=r"1 to 300 places in a row, got \(999,\)"):
        viz.NumberLine(VALUES, {8: (np.ones(999), VALUES)})
    with pytest.raises(ValueError, match=r"one rounded number for each value, \(3,\), got \(2,\)"):
        viz.NumberLine(VALUES, {8: ([0.0], [1.0, 2.0])})
    with pytest.raises(TypeError, match=r"tensor\.data"):
        viz.NumberLine(object(), GRIDS)
