"""Pictures show the numbers they were given, and say what they can't draw."""

import base64
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tinytorch import viz
from tinytorch.viz.array_pictures import memory_order
from tinytorch.viz.charts import levels


def _texts(picture):
    return [text.get_text() for ax in picture.figure.axes for text in ax.texts]


def test_lines_draw_the_values():
    picture = viz.lines([0, 1, 2], {"a": [1, 4, 9], "b": [1, 2, 3]}, "t", notes=[(1, 4, "here")])
    (ax,) = picture.figure.axes
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1, 4, 9], [1, 2, 3]]
    assert len({line.get_linestyle() for line in ax.lines}) == 2  # colour is never the only difference
    assert _texts(picture) == ["here"]
    assert picture.png().startswith(b"\x89PNG")


def test_lines_of_the_wrong_length_are_named():
    with pytest.raises(ValueError, match="line 'a' needs one value for each x"):
        viz.lines([0, 1], {"a": [1, 2, 3]})
    with pytest.raises(ValueError, match="'x', 'y' or 'xy'"):
        viz.lines(None, {"a": [1]}, log="z")


def test_points_alone_have_shapes_of_their_own_and_counted_steps_are_whole():
    picture = viz.lines(None, {"rule": [1, 4, 9], "nudged": [1, 4, 9]}, joined=False)
    (ax,) = picture.figure.axes
    rule, nudged = ax.lines
    assert rule.get_linestyle() == nudged.get_linestyle() == "None"
    assert (rule.get_marker(), nudged.get_marker()) == ("o", "s") and rule.get_markersize() > nudged.get_markersize()
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_bars_stack_their_parts():
    picture = viz.bars(["a", "b"], {"low": [1, 2], "high": [3, 4]}, "t")
    assert [(bar.get_y(), bar.get_height()) for bar in picture.figure.axes[0].patches] == [
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 4),
    ]
    assert _texts(picture) == ["4", "6"]
    with pytest.raises(ValueError, match="one value for each of 2 bars"):
        viz.bars(["a", "b"], {"low": [1]})


def test_the_number_of_a_bar_below_zero_stands_under_it_inside_the_picture():
    picture = viz.bars(["a", "b"], {"points": [-0.4, 6.0]}, "t")
    ax, renderer = picture.figure.axes[0], FigureCanvasAgg(picture.figure).get_renderer()
    picture.figure.draw(renderer)
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in ax.texts}
    bar = ax.patches[0].get_window_extent(renderer)
    assert boxes["-0.4"].y1 < bar.y0 and ax.bbox.y0 < boxes["-0.4"].y0
    assert boxes["6"].y1 < ax.bbox.y1


def test_a_framework_object_is_refused_by_name():
    class Tensor:
        def __array__(self, *args, **options):
            raise TypeError("no")

    with pytest.raises(TypeError, match=r"line 'a' must be numbers or an array, got Tensor: pass the array"):
        viz.lines(None, {"a": Tensor()})


def test_pictures_leave_no_figure_open_and_no_setting_changed():
    before = dict(plt.rcParams)
    for _ in range(3):
        viz.matrix(np.eye(3)).png()
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def test_pictures_are_saved_by_ending(tmp_path):
    picture = viz.surface(lambda x, y: x**2 + y**2, (-1, 1), (-1, 1))
    assert picture.save(tmp_path / "a.svg").read_text().startswith("<?xml")
    assert picture.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_matrix_has_two_colours_only_where_it_has_two_signs():
    for values, colours, low in ([[0.0, 9.0]], "Reds", 0.0), ([[-1.0, 9.0]], "RdBu_r", -9.0):
        (image,) = viz.matrix(values).figure.axes[0].images
        assert (image.get_cmap().name, image.get_clim()[0]) == (colours, low)


def test_a_matrix_writes_its_numbers():
    assert _texts(viz.matrix([[1.0, -2.0]])) == ["1", "-2"]
    with pytest.raises(ValueError, match="2 axes"):
        viz.matrix([1.0])


def test_images_need_a_title_each():
    with pytest.raises(ValueError, match="got 1 titles for 2 pictures"):
        viz.images([np.eye(2), np.eye(2)], ["one"])
    viz.images([np.zeros((3, 3, 3), np.uint8)], ["colour"]).png()


@pytest.mark.parametrize("z", [np.zeros((3, 3)), np.arange(9.0).reshape(3, 3), 10.0 ** np.arange(9.0).reshape(3, 3)])
def test_contour_levels_rise_inside_the_values(z):
    found = levels(z)
    assert (np.diff(found) > 0).all()
    assert z.min() <= found[0] <= found[-1] <= z.max()


def test_memory_order_follows_the_strides():
    array = np.arange(6).reshape(2, 3)
    assert memory_order(array).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert memory_order(array.T).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert memory_order(np.arange(12).reshape(3, 4)[:, ::2]).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_memory_layout_says_whether_cells_are_contiguous():
    array = np.arange(6.0).reshape(2, 3)
    assert "not contiguous" in repr(viz.memory_layout(array.T))
    assert "not" not in repr(viz.memory_layout(array))
    with pytest.raises(ValueError, match="up to 64 cells"):
        viz.memory_layout(np.zeros((9, 9)))


def test_broadcast_writes_operands_and_result():
    texts = _texts(viz.broadcast(np.array([[10], [20]]), np.array([1, 2])))
    assert texts == ["10", "10", "20", "20", "1", "2", "1", "2", "11", "12", "21", "22"]


def test_importing_viz_loads_no_drawing_library():
    code = "import sys, tinytorch.viz; print('matplotlib' in sys.modules, 'ipywidgets' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]


def test_without_matplotlib_the_remedy_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import tinytorch.viz\n"
        "try: tinytorch.viz.lines\n"
        "except ImportError as e: print(e)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs matplotlib: pip install 'tinytorch[viz]'" in found.stdout


def test_a_picture_shows_as_png_with_alternative_text():
    data, metadata = viz.lines(None, {"a": [1, 2]}, "growth")._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata == {"image/png": {"alt": "growth: a"}}
