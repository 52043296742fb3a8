"""Gradient walk: what each turn says and shows, how the slider changes picture, text and table, and what is refused."""

import pytest

from tinytorch import Tensor, viz
from tinytorch.core.autograd import graph_of, topological_order

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget
NODES = [
    {"id": "a", "label": "a", "kind": "parameter", "note": "3"},
    {"id": "x", "label": "x", "kind": "input", "note": "2"},
    {"id": "p", "label": "mul", "kind": "operation", "note": "6"},
    {"id": "s", "label": "add", "kind": "operation", "note": "9"},
]
EDGES = [("a", "p"), ("x", "p"), ("p", "s"), ("a", "s")]
WALK = [("s", 1.0), ("p", 1.0), ("a", 3.0)]


def test_each_turn_is_told():
    view = viz.GradientWalk(NODES, EDGES, WALK)
    assert view.text(0) == "before the walk: all values are known, no gradient; 3 turns to come"
    assert view.text(1) == "turn 1 of 3: add has the gradient 1, passes blame on to mul and a"
    assert view.text(2) == "turn 2 of 3: mul has the gradient 1, passes blame on to a"
    assert view.text(3) == view.text() == "turn 3 of 3: a has the gradient 3, is a leaf and keeps it"


def test_boxes_show_gradients_of_those_that_had_their_turn():
    view = viz.GradientWalk(NODES, EDGES, WALK)
    assert [row[2] for row in view.rows(0)] == ["", "", "", ""]
    assert view.rows(2) == [("a", "3", ""), ("x", "2", ""), ("mul", "6", "1"), ("add", "9", "1")]
    words = [text.get_text() for text in view.picture(2).figure.axes[0].texts]
    assert "▶ mul" in words and "6   grad 1" in words and "add" in words and "3" in words


def test_the_slider_changes_picture_line_and_table():
    view, shown = viz.GradientWalk(NODES, EDGES, WALK), []
    slider, said = view.controls(shown.append).children
    assert "turn 3 of 3" in said.value and 'aria-live="polite"' in said.value and "<table>" in said.value
    slider.value = 1
    assert "turn 1 of 3: add has the gradient 1" in said.value
    assert shown[0].description.endswith(view.text(1))
    assert len(shown[0].png()) * 4 / 3 < LARGEST_MESSAGE


def test_it_takes_what_module_05_knows_of_a_tensor():
    a = Tensor(3.0, requires_grad=True)
    d = a * a + a
    drawn, order = graph_of(d, a=a), topological_order(d)
    for t in order:
        t.retain_grad()
    d.backward()
    view = viz.GradientWalk(*drawn, [(id(t), t.grad.item()) for t in order])
    assert view.text() == "turn 3 of 3: a has the gradient 7, is a leaf and keeps it"


def test_the_largest_graph_fits_and_a_larger_is_refused():
    chain = [{"id": i, "label": f"step {i}", "kind": "operation", "note": f"{i}.5"} for i in range(11)]
    edges = [(i, i + 1) for i in range(9)]
    view = viz.GradientWalk(chain[:10], edges, [(i, -12.5) for i in range(9, -1, -1)], "A chain")
    assert len(view.picture().png()) * 4 / 3 < LARGEST_MESSAGE
    with pytest.raises(ValueError, match="more than 10 nodes"):
        viz.GradientWalk(chain, edges, [])
    with pytest.raises(ValueError, match="a walk must go through the nodes of its graph, got 99"):
        viz.GradientWalk(chain[:10], edges, [(99, 1.0)])
