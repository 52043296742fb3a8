"""A loss curve records exactly, redraws seldom, and draws what it recorded."""

import csv
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tinytorch import viz
from tinytorch.viz import loss_curve
from tinytorch.viz.loss_history import MOST_POINTS, averaged, thinned
from tinytorch.viz.loss_svg import loss_svg, ticks

PNG = b"\x89PNG"


class Clock:
    """A clock that only a test moves."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def shown(monkeypatch):
    """Replace the notebook's front end by one that collects what would be shown."""
    seen = []

    class View:
        def __init__(self, curve):
            pass

        def show(self, svg):
            seen.append(svg)

        def keep(self, picture):
            seen.append(picture)

    monkeypatch.setattr(loss_curve, "in_a_notebook", lambda: True)
    monkeypatch.setattr(loss_curve, "_NotebookView", View)
    return seen


def test_series_come_back_as_recorded():
    history = viz.LossHistory()
    history.add(1, train=2.0, learning_rate=0.1)
    history.add(5, train=1.0, validation=np.float32(1.5))
    assert [line.tolist() for line in history.series("train")] == [[1.0, 5.0], [2.0, 1.0]]
    assert [line.tolist() for line in history.series("validation")] == [[5.0], [1.5]]
    assert history.last("learning_rate") == (1.0, 0.1)
    with pytest.raises(KeyError, match="train, validation, learning_rate"):
        history.series("accuracy")


def test_what_is_not_a_number_is_refused_and_not_recorded():
    history = viz.LossHistory()
    with pytest.raises(TypeError, match=r"train must be a plain number, got list: pass float\(loss.data\)"):
        history.add(0, train=[1.0, 2.0])
    assert history.last("train") is None


def test_csv_has_one_row_per_step(tmp_path):
    history = viz.LossHistory()
    history.add(0, train=2.5)
    history.add(1, train=0.1 + 0.2)
    history.add(1, validation=3.0)
    rows = list(csv.reader(history.write_csv(tmp_path / "loss.csv").read_text().splitlines()))
    assert rows == [
        ["step", "train", "validation", "learning_rate"],
        ["0", "2.5", "", ""],
        ["1", "0.30000000000000004", "3", ""],
    ]


def test_thinning_keeps_ends_and_extremes():
    values = np.random.default_rng(0).normal(size=100_000)
    values[[777, 50_001]] = [99.0, -99.0]
    steps, kept = thinned(np.arange(100_000.0), values)
    assert len(kept) <= MOST_POINTS + 2
    assert (steps[0], steps[-1], kept.max(), kept.min()) == (0.0, 99_999.0, 99.0, -99.0)
    assert np.array_equal(values[steps.astype(int)], kept)


def test_thinning_leaves_short_lines_alone_and_drops_what_is_not_finite():
    steps, values = thinned(np.arange(4.0), np.array([1.0, np.nan, np.inf, 4.0]))
    assert (steps.tolist(), values.tolist()) == ([0.0, 3.0], [1.0, 4.0])


def test_averages_are_means_of_stretches():
    values = np.random.default_rng(1).normal(size=4000)
    steps, means = averaged(np.arange(4000.0), values, stretches=40)
    assert np.allclose(means, values.reshape(40, 100).mean(axis=1))
    assert np.allclose(steps, np.arange(4000).reshape(40, 100).mean(axis=1))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 17), (0.00012, 0.00013), (5, 1_000_000)])
def test_ticks_are_round_and_inside(low, high):
    marks = ticks(low, high)
    assert 2 <= len(marks) <= 8
    assert all(low <= mark <= high * (1 + 1e-12) for mark in marks)
    step = marks[1] - marks[0]
    assert round(step / 10 ** np.floor(np.log10(step) + 1e-9)) in (1, 2, 5)


def test_it_redraws_at_most_ten_times_a_second(shown):
    clock = Clock()
    curve = viz.LossCurve(clock=clock)
    for step in range(1000):
        curve.add(step, train=1.0 / (step + 1))
        clock.seconds += 0.003
    assert curve.redraws == len(shown) == 30


def test_where_redrawing_is_slow_it_redraws_less_often(shown, monkeypatch):
    """A redraw that takes 30 ms is followed by a pause of 2 seconds, so redrawing takes 1.5 % of the time."""
    clock = Clock()

    def slow(*args):
        clock.seconds += 0.03
        return "<svg/>"

    monkeypatch.setattr(loss_curve, "loss_svg", slow)
    curve = viz.LossCurve(clock=clock)
    while clock.seconds < 20.0:
        curve.add(0, train=1.0)
        clock.seconds += 0.01
    assert 9 <= curve.redraws <= 11


def test_the_end_is_drawn_and_a_plain_picture_kept(shown):
    clock = Clock()
    with viz.LossCurve("run", clock=clock) as curve:
        curve.add(0, train=3.0)
        curve.add(1, train=1.2345)
    assert "1.234" in shown[-2]
    assert shown[-1].png().startswith(PNG)


def test_an_error_in_training_still_leaves_the_picture(shown):
    with pytest.raises(ZeroDivisionError), viz.LossCurve() as curve:
        curve.add(0, train=1.0)
        _ = 1 / 0
    assert isinstance(shown[-1], viz.Picture)


def test_in_a_script_nothing_is_shown(capsys):
    with viz.LossCurve() as curve:
        for step in range(10):
            curve.add(step, train=step)
    assert (curve.redraws, capsys.readouterr().out) == (0, "")


def _svg(history, **options):
    return ElementTree.fromstring(loss_svg(history, "a < b", **options))


def test_the_svg_is_well_formed_from_the_first_moment():
    history = viz.LossHistory()
    assert _svg(history).get("aria-label") == "a < b: no loss yet"
    history.add(0, train=1.0)
    _svg(history)
    history.add(0, train=float("nan"), validation=float("inf"))
    _svg(history, log_scale=True)
    history.add(1, train=-2.0, learning_rate=0.1)
    drawn = _svg(history, log_scale=True)
    texts = [element.text for element in drawn.iter("text")]
    assert "a < b" in texts
    assert "learning rate 0.1" in texts


def test_hovering_shows_the_values_of_that_step():
    history = viz.LossHistory()
    for step in range(5):
        history.add(step, train=10.0 + step, validation=20.0 if step == 2 else None)
    tips = [t.text for t in _svg(history).iter("text") if t.text.startswith("step ")]
    assert tips[0] == "step 0: train 10, validation 20"
    assert tips[4] == "step 4: train 14, validation 20"
    assert _svg(history).get("aria-label") == "a < b: train 14 at step 4, validation 20 at step 2"


def test_the_points_of_the_line_are_the_recorded_ones():
    history = viz.LossHistory()
    for step, loss in enumerate([4.0, 2.0, 3.0]):
        history.add(step, train=loss)
    (line,) = _svg(history).iter("polyline")
    xs, ys = np.array([point.split(",") for point in line.get("points").split()], float).T
    assert np.diff(xs)[0] == pytest.approx(np.diff(xs)[1], abs=0.2)
    assert (ys[0] - ys[1]) / (ys[2] - ys[1]) == pytest.approx(2.0, abs=0.02)  # 4 -> 2 is twice 3 -> 2 and downwards


def test_the_kept_picture_says_when_the_loss_broke(tmp_path):
    curve = viz.LossCurve("run")
    for step, loss in enumerate([1.0, 2.0, float("nan")]):
        curve.add(step, train=loss, learning_rate=0.1)
    titles = [ax.get_title() for ax in curve.picture().figure.axes]
    assert "train is not finite from step 2 on" in titles[0]
    assert curve.save(tmp_path / "run.png").read_bytes().startswith(PNG)
    assert curve.save(tmp_path / "run.csv").read_text().splitlines()[3] == "2,nan,,0.1"
