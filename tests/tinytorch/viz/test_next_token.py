"""The next token's probabilities: a table that follows temperature and beginning, and survives a broken function."""

import numpy as np
import pytest

from tinytorch import viz

NAMES = ["a", " ", "\n", "<"]


def shares(beginning, temperature):
    p = np.exp(np.array([2.0, 1.0, 0.0, 1.5 if beginning == "x" else 5.0]) / temperature)
    return p / p.sum()


def test_rows_are_sorted_named_and_add_up_to_all():
    rows = viz.NextToken(shares, ["x", "y"], NAMES).rows("x", 1.0)
    assert [name for name, _ in rows] == ["a", "<", "blank", "new line", "all others"]
    assert sum(share for _, share in rows) == pytest.approx(1.0)
    many = viz.NextToken(lambda beginning, temperature: np.full(65, 1 / 65), ["x"], [str(i) for i in range(65)])
    assert many.rows("x", 1.0)[-1] == ("all others", pytest.approx(55 / 65))


def test_moving_the_slider_and_choosing_change_line_and_table():
    widget = viz.NextToken(shares, ["x", "y"], NAMES).controls()
    choice, slider, table = widget.children
    seen = [table.value]
    slider.value = 0.2
    seen.append(table.value)
    choice.value = "y"
    seen.append(table.value)
    assert len(set(seen)) == 3
    assert all('aria-live="polite"' in each and len(each) < 60_000 for each in seen)
    assert "likeliest &#x27;&lt;&#x27; with 100%" in seen[2]


def test_what_stays_without_widgets_is_one_small_picture_with_its_text():
    picture = viz.NextToken(shares, ["x", "y"], NAMES).picture()
    assert len(picture.png()) < 60_000
    assert [ax.get_title() for ax in picture.figure.axes] == [f"temperature {t}" for t in (0.3, 1.0, 2.0)]
    assert picture.figure.axes[1].get_yticklabels()[0].get_text() == "a"
    assert "after 'x' at temperature 1.0: likeliest 'a' with 47%" in picture.description


def test_a_function_that_breaks_later_leaves_the_slider_usable():
    def brittle(beginning, temperature):
        if temperature > 1:
            raise RuntimeError("too <hot>")
        return shares(beginning, temperature)

    _, slider, table = viz.NextToken(brittle, ["x"], NAMES).controls().children
    slider.value = 2.0
    assert "RuntimeError: too &lt;hot&gt;" in table.value
    slider.value = 0.5
    assert "<table" in table.value


def test_what_is_wrong_from_the_beginning_fails_in_its_cell():
    with pytest.raises(ValueError, match=r"one share for each of 4 tokens is needed, got the shape \(3,\)"):
        viz.NextToken(lambda beginning, temperature: np.ones(3), ["x"], NAMES)
    with pytest.raises(ValueError, match="at least one beginning"):
        viz.NextToken(shares, [], NAMES)
