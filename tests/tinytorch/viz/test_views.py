"""Confusion matrices count right, graphs are laid out legibly, and optimizer paths follow their points."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch import viz
from tinytorch.viz.graph_layout import layers


def test_rows_are_true_classes_and_columns_predicted_ones():
    found = viz.ConfusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 0], ["cat", "dog", "owl"])
    assert found.counts.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 1]]
    assert found.accuracy == 0.5
    assert found.precision().tolist() == [1 / 3, 0.5, 1.0]
    assert found.recall().tolist() == [0.5, 1.0, 1 / 3]
    assert found.most_confused() == [("owl", "cat", 2), ("cat", "dog", 1)]
    assert "50.0% correct" in found.picture("pets").figure.axes[0].get_title()


def test_a_class_never_predicted_has_no_precision():
    found = viz.ConfusionMatrix([0, 1], [0, 0])
    assert found.precision().tolist()[0] == 0.5
    assert np.isnan(found.precision()[1])
    assert found.picture().png().startswith(b"\x89PNG")


def test_labels_are_checked():
    with pytest.raises(ValueError, match="2 targets and 1 predictions"):
        viz.ConfusionMatrix([0, 1], [0])
    with pytest.raises(ValueError, match=r"0\.\.1, one for each class; found 0\.\.2"):
        viz.ConfusionMatrix([0, 1], [0, 2], ["a", "b"])
    with pytest.raises(TypeError, match="one integer per example, got float64"):
        viz.ConfusionMatrix([0, 1], np.eye(2))


@settings(max_examples=examples(50))
@given(st.integers(1, 12).flatmap(lambda n: st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))))
def test_every_arrow_points_right(pairs):
    edges = [(a, b) for a, b in pairs if a < b]
    nodes = sorted({n for pair in pairs for n in pair})
    layer = {node: i for i, members in enumerate(layers(nodes, edges)) for node in members}
    assert sorted(layer) == nodes
    assert all(layer[a] < layer[b] for a, b in edges)


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="no circles"):
        layers([0, 1], [(0, 1), (1, 0)])
    with pytest.raises(ValueError, match="not in the graph"):
        layers([0], [(0, 1)])


def test_a_leaf_stands_just_before_its_use():
    assert layers("xabw", [("x", "a"), ("a", "b"), ("w", "b")]) == [["x"], ["a", "w"], ["b"]]


def _chain(n):
    nodes = [{"id": i, "label": f"n{i}", "kind": "operation", "note": "(2, 3)"} for i in range(n)]
    return nodes, [(i, i + 1) for i in range(n - 1)]


def test_a_graph_shows_each_label_and_note():
    picture = viz.GraphView(*_chain(4), "chain").picture()
    texts = [text.get_text() for text in picture.figure.axes[0].texts]
    assert texts == ["n0", "(2, 3)", "n1", "(2, 3)", "n2", "(2, 3)", "n3", "(2, 3)"]


def test_boxes_never_overlap():
    nodes = [{"id": i, "label": str(i), "kind": "input"} for i in range(9)]
    places = viz.GraphView(nodes, [(i, 8) for i in range(8)]).positions()
    assert len(set(places.values())) == 9


def test_a_graph_too_large_to_read_is_refused():
    with pytest.raises(ValueError, match="more than 60 nodes"):
        viz.GraphView(*_chain(61))
    with pytest.raises(ValueError, match="kind must be one of input"):
        viz.GraphView([{"id": 0, "label": "x", "kind": "leaf"}], [])


def _bowl(x, y):
    return x**2 + y**2


def test_a_path_has_its_losses_and_steps():
    path = viz.OptimizerPath(_bowl, {"a": [(1, 0), (0, 0)], "b": [(2, 0), (1, 1), (0, 1)]}, (-2, 2), (-2, 2))
    assert path.steps == 2
    assert path.losses["b"].tolist() == [4.0, 2.0, 1.0]


def test_a_picture_at_a_step_shows_the_path_so_far():
    path = viz.OptimizerPath(_bowl, {"a": [(1, 0), (0.5, 0), (0, 0)]}, (-2, 2), (-2, 2))
    line = path.picture(1).figure.axes[0].lines[0]
    assert line.get_xydata().tolist() == [[1.0, 0.0], [0.5, 0.0]]


def test_a_diverging_path_is_drawn_beside_the_others():
    away = [(10.0**i, np.nan if i > 100 else 0.0) for i in range(200)]
    path = viz.OptimizerPath(_bowl, {"away": away, "near": [(1, 1), (0.5, 0.5)]}, (-2, 2), (-2, 2))
    assert path.picture().png().startswith(b"\x89PNG")
    assert path.line(199) == "step 199 of 199: away at (1e+199, nan), loss nan; near at (0.5, 0.5), loss 0.5"


def test_the_slider_redraws_the_picture():
    path = viz.OptimizerPath(_bowl, {"a": [(1, 0), (0.5, 0), (0, 0)]}, (-2, 2), (-2, 2))
    shown = []
    _, told = path.controls(shown.append).children
    slider, said = told.children
    slider.value = 0
    assert "step 0 of 2: a at (1, 0), loss 1" in said.value
    assert [repr(picture) for picture in shown] == [repr(path.picture(0))]
    assert shown[0].figure.axes[0].lines[0].get_xydata().tolist() == [[1.0, 0.0]]


def test_points_are_checked():
    with pytest.raises(ValueError, match=r"path 'a' needs points \(x, y\)"):
        viz.OptimizerPath(_bowl, {"a": [1, 2, 3]}, (-1, 1), (-1, 1))
    with pytest.raises(ValueError, match="at least one path"):
        viz.OptimizerPath(_bowl, {}, (-1, 1), (-1, 1))


def test_no_widget_is_left_out_of_the_browser():
    in_a_browser = Path(__file__).with_name("test_live_in_jupyterlab.py").read_text()
    movable = [name for name in dir(viz) if hasattr(getattr(viz, name), "controls")]
    assert len(movable) > 10
    assert [name for name in movable if f"viz.{name}(" not in in_a_browser] == []
