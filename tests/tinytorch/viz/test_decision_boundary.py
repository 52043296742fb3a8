"""Decision boundary: how it calls a model, what it says and shows about each step, and what it refuses."""

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget
POINTS, LABELS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def xor(places):
    return np.where((places[:, 0] > 0.5) != (places[:, 1] > 0.5), 1.0, -1.0)


def learned():
    view = viz.DecisionBoundary(POINTS, LABELS, "XOR")
    view.add(0, lambda places: places[:, 0] - 0.5)
    view.add(50, xor)
    return view


def test_a_step_says_how_many_points_lie_on_their_side():
    view = learned()
    assert view.text(0) == "step 0: 2 of 4 points lie on their side (50%)"
    assert view.text() == "step 50: 4 of 4 points lie on their side (100%)"
    assert viz.DecisionBoundary(POINTS, LABELS).text().startswith("nothing has been added yet")


def test_a_model_is_asked_over_the_plane_and_the_answers_are_where_they_belong():
    view, seen = viz.DecisionBoundary(POINTS, LABELS), []
    view.add(7, lambda places: seen.append(places) or np.stack([-xor(places), xor(places)], axis=1))
    assert seen[0].dtype == "float32" and seen[0].shape[1] == 2
    step, leads, share = view.steps[0]
    answers = leads.argmax(axis=0)
    assert (step, share) == (7, 1.0)
    assert [answers[0, 0], answers[0, -1], answers[-1, 0], answers[-1, -1]] == [0, 1, 1, 0]


def test_the_slider_changes_picture_line_and_table():
    view, shown = learned(), []
    slider, said = view.controls(shown.append).children
    assert (slider.value, slider.max) == (1, 1)
    assert "step 50: 4 of 4" in said.value and 'aria-live="polite"' in said.value and "<table>" in said.value
    slider.value = 0
    assert "step 0: 2 of 4 points lie on their side (50%)" in said.value
    assert shown[0].description.endswith(view.text(0))


def test_a_film_has_a_picture_for_each_step():
    assert [each.description.split(". ")[1][:7] for each in learned().pictures()] == ["step 0:", "step 50"]


def test_one_change_sends_little():
    rng = np.random.default_rng(0)
    view = viz.DecisionBoundary(rng.normal(size=(200, 2)), rng.integers(0, 3, 200), "Three classes")
    view.add(0, lambda places: np.stack([np.sin(3 * places[:, 0] + k) + places[:, 1] * k for k in range(3)], axis=1))
    assert len(view.picture().png()) * 4 / 3 < LARGEST_MESSAGE


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match=r"points must be \(N, 2\) with N labels, got \(4, 2\) and 3 labels"):
        viz.DecisionBoundary(POINTS, LABELS[:3])
    with pytest.raises(ValueError, match=r"labels must be classes 0 to 2, got \[0, 7\]"):
        viz.DecisionBoundary(POINTS, [0, 7, 0, 0])
    with pytest.raises(ValueError, match="at most 200 points"):
        viz.DecisionBoundary(np.zeros((201, 2)), np.zeros(201))
    with pytest.raises(ValueError, match="scores_of must give a row for each of 3604 places, got"):
        viz.DecisionBoundary(POINTS, LABELS).add(0, lambda places: np.zeros(3))
