"""Pictures of operations show what the operation computes, and refuse what would be illegible."""

import numpy as np
import pytest

from tinytorch import viz

PNG = b"\x89PNG"


def texts(picture) -> list[str]:
    return [text.get_text() for ax in picture.figure.axes for text in ax.texts]


def test_a_matrix_product_writes_out_the_marked_cell():
    picture = viz.matmul(np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4), row=1, column=2)
    assert "[1, 2]:  3·2 + 4·6 + 5·10 = 80" in texts(picture)
    assert {"a: (2, 3)", "b: (3, 4)", "a @ b: (2, 4)"} <= set(texts(picture))
    assert picture.png().startswith(PNG)


def test_a_reduction_shows_both_sums():
    shown = texts(viz.reduction(np.array([[1, 2], [3, 40]])))
    assert {"4", "42", "3", "43"} <= set(shown)
    assert {"dim=0: (2,)", "dim=1: (2,)"} <= set(shown)


def test_steps_name_every_box_and_the_one_aside():
    picture = viz.steps([("in", "a"), ("out", "b")], aside=(1, "seen by", "c"))
    assert texts(picture) == ["in", "a", "out", "b", "seen by", "c"]
    assert repr(picture) == "<Picture: in -> out>"


def test_slopes_stand_beside_values():
    x = np.linspace(-1, 1, 5)
    figure = viz.slopes(x, {"square": (x**2, 2 * x)}).figure
    left, right = ([line for line in ax.lines if len(line.get_xdata()) == 5] for ax in figure.axes)
    assert left[0].get_ydata().tolist() == (x**2).tolist()
    assert right[0].get_ydata().tolist() == (2 * x).tolist()


def test_the_plane_moves_points_as_the_stages_say():
    points = np.array([[1.0, 2.0], [-1.0, 0.5]])
    figure = viz.plane({"input": lambda a: a, "doubled": lambda a: 2 * a}, points, [0, 1]).figure
    drawn = [[offset for kind in ax.collections for offset in kind.get_offsets().tolist()] for ax in figure.axes]
    assert drawn == [points.tolist(), (2 * points).tolist()]
    circle, square = figure.axes[0].collections  # colour is never the only difference
    assert len(circle.get_paths()[0]) != len(square.get_paths()[0])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: viz.matmul(np.zeros((9, 2)), np.zeros((2, 2))), "up to 8 rows"),
        (lambda: viz.matmul(np.zeros(3), np.zeros(3)), "two matrices"),
        (lambda: viz.matmul("a", "b"), "a must be numbers or an array, got str"),
        (lambda: viz.reduction(np.zeros(3)), "a matrix"),
        (lambda: viz.steps([]), "at least one box"),
        (lambda: viz.slopes([1, 2], {}), "at least one function"),
        (lambda: viz.slopes([1, 2], {"f": ([1, 2], [1])}), r"slopes of 'f': one for each x is needed, got \(1,\)"),
        (lambda: viz.plane({"input": lambda a: a}, np.zeros((2, 3))), r"shape \(n, 2\)"),
        (lambda: viz.plane({"sum": lambda a: a.sum(1)}, np.zeros((2, 2))), "'sum' must give one point"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(draw, message):
    with pytest.raises((TypeError, ValueError), match=message):
        draw()
