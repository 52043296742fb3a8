"""A timeline gives each operation a row, its slider changes picture and text, and it refuses what is not a span."""

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget
STEP = [
    ("matmul", "forward", 0.0, 0.002),
    ("gelu", "forward", 0.002, 0.001),
    ("between", "between", 0.003, 0.001),
    ("matmul", "backward", 0.004, 0.004),
    ("adam_step", "update", 0.008, 0.002),
]


def rows(picture):
    return [text.get_text() for text in picture.figure.axes[0].get_yticklabels()]


def test_what_takes_most_stands_on_top_and_what_is_no_operation_below():
    picture = viz.Timeline(STEP, "A step").picture()
    assert rows(picture) == ["matmul 60%", "adam_step 20%", "gelu 10%", "between 10%"]
    assert picture.description == "A step: 4 calls; most time: matmul 60%"
    assert [text.get_text() for text in picture.figure.legends[0].texts] == [
        "forward",
        "backward",
        "update",
        "between",
    ]


def test_bars_stand_where_and_as_long_as_the_calls_were():
    bars = viz.Timeline(STEP).picture().figure.axes[0].patches
    assert sorted((round(bar.get_x(), 6), round(bar.get_width(), 6)) for bar in bars) == [
        (1000 * start, 1000 * seconds) for _, _, start, seconds in STEP
    ]
    looks = {(round(bar.get_y() % 1, 2), round(bar.get_height(), 2)) for bar in bars}
    assert len(looks) == 4, "phases can be told by place and height, without their colours"


def test_the_slider_walks_through_the_calls_in_picture_and_words():
    view, shown = viz.Timeline(STEP), []
    slider, line = view.controls(shown.append).children
    assert "call 1 of 4: matmul, forward, starts at 0 µs, takes 2 ms, 20.0% of 10 ms" in line.value
    assert 'aria-live="polite"' in line.value and slider.max == 3
    slider.value = 2
    assert "call 3 of 4: matmul, backward, starts at 4 ms, takes 4 ms, 40.0% of 10 ms" in line.value
    mark = shown[0].figure.axes[0].lines[0]
    assert mark.get_xdata()[0] == pytest.approx(6.0)
    assert "call 3 of 4" in shown[0].description


def test_many_operations_share_the_last_row():
    spans = [(f"operation {i}", "forward", float(i), 20.0 - i) for i in range(15)]
    picture = viz.Timeline(spans).picture()
    assert len(rows(picture)) == 10
    assert rows(picture)[-1] == "6 others 26%"


def test_one_change_sends_little():
    rng, start, spans = np.random.default_rng(0), 0.0, []
    for i in range(200):
        phase, seconds = ["forward", "backward", "update", "between"][i % 4], float(rng.uniform(0, 1e-3))
        spans.append((phase if phase == "between" else f"operation {i % 9}", phase, start, seconds))
        start += seconds
    shown = []
    viz.Timeline(spans, "A long step").controls(shown.append).children[0].value = 70
    assert len(shown[0].png()) * 4 / 3 < LARGEST_MESSAGE


def test_a_run_without_operations_and_names_that_are_markup():
    idle = viz.Timeline([("between", "between", 0.0, 0.0)])
    assert idle.line(0) == "no operation was called" and idle.picture().png()
    line = viz.Timeline([("<b>", "forward", 0.0, 1.0)]).controls(lambda picture: None).children[1]
    assert "<b>" not in line.value and "&lt;b&gt;" in line.value


def test_what_is_no_span_is_refused():
    with pytest.raises(ValueError, match="got 0: run one step only"):
        viz.Timeline([])
    with pytest.raises(ValueError, match=r"one of forward, backward, update, between; got 'sideways'"):
        viz.Timeline([("matmul", "sideways", 0.0, 1.0)])
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="both must be 0 or more"):
            viz.Timeline([("matmul", "forward", 0.0, seconds)])
    with pytest.raises(TypeError, match=r"tensor\.data"):
        viz.Timeline([("matmul", "forward", object(), 1.0)])


def test_a_roofline_has_its_ridge_and_every_operation():
    picture = viz.roofline(1e11, 1e10, {"add": (0.1, 1e9), "matmul": (100.0, 5e10)}, "Roof")
    roof = picture.figure.axes[0].lines[0]
    assert (roof.get_xdata()[1], roof.get_ydata()[1]) == pytest.approx((10.0, 100.0))
    assert roof.get_ydata()[2] == roof.get_ydata()[1]
    assert [text.get_text() for text in picture.figure.legends[0].texts] == ["add", "matmul"]
    assert picture.description == ("Roof: add 100% of what the memory allows; matmul 50% of what the processor allows")
    assert len({line.get_marker() for line in picture.figure.axes[0].lines[1:]}) == 3, "dots differ in form"


def test_what_has_no_place_on_a_roofline_is_refused():
    with pytest.raises(ValueError, match=r"copy has 0\.0 flops per byte"):
        viz.roofline(1e9, 1e9, {"copy": (0, 0)})
    with pytest.raises(ValueError, match="bytes_per_second of a machine must be a number above 0, got 0"):
        viz.roofline(1e9, 0, {})
    assert viz.roofline(1e9, 1e9, {}).description == "roofline: no operations"
