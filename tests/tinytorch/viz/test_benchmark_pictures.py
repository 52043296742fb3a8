"""Pictures of measurements: a dot per run, fronts as given, and intervals whose slider changes picture and text."""

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MESSAGE = 60_000  # most bytes for one change of a widget
RUNS = {"new": [0.002] * 7 + [0.05], "old": [0.004] * 8}
EVIDENCE = {6: (0.4, 1.2, "can't tell"), 8: (0.45, 0.6, "faster")}


def test_runs_are_dots_at_their_places_with_claims_beside_them():
    picture = viz.runs(
        {"one": {"A": ([0, 2], [5, 7]), "B": ([1], [6])}, "two": {"A": ([0], [1])}}, claims={"one": {"A": 6.5}}
    )
    one, two = picture.figure.axes
    dots = [line for line in one.lines if line.get_marker() not in ("", "None", None)]
    assert [line.get_xydata().tolist() for line in dots] == [[[0, 5], [2, 7]], [[1, 6]]]
    assert len({line.get_marker() for line in dots}) == 2
    assert [text.get_text() for text in one.texts] == ["6.5"] and not two.texts
    assert one.get_ylim()[0] == 0 and one.get_ylim()[1] > 7
    assert [text.get_text() for text in picture.figure.legends[0].get_texts()] == ["A", "B"]
    assert picture.png().startswith(b"\x89PNG")


def test_runs_that_are_no_numbers_or_have_no_place_are_named():
    with pytest.raises(ValueError, match=r"one, 'A': one place for each run, got \(1,\) and \(2,\)"):
        viz.runs({"one": {"A": ([0], [1, 2])}})
    with pytest.raises(TypeError, match="one, 'A' must be numbers"):
        viz.runs({"one": {"A": ([0], object())}})
    assert viz.runs({"one": {"A": ([0, 1], [np.nan, np.inf])}}).png()
    assert viz.runs({"one": {"A": ([0, 1], [0.1, 100])}}, log=True).figure.axes[0].get_yscale() == "log"


def test_a_trade_off_shows_the_front_that_it_was_told():
    picture = viz.trade_off({"a": (10, 8), "b": (20, 5), "c": (30, 6)}, ["b", "a"], "t", xlabel="kB")
    (ax,) = picture.figure.axes
    assert ax.lines[0].get_xydata().tolist() == [[10, 8], [20, 5]]
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    assert picture.description == "t: on the front b, a"
    assert viz.trade_off({"a": (1, 2)}, []).png()
    with pytest.raises(ValueError, match=r"the front names \['z'\]"):
        viz.trade_off({"a": (1, 2)}, ["z"])
    with pytest.raises(ValueError, match="choose two"):
        viz.trade_off({"a": (1, 2, 3)}, ["a"])


def test_the_slider_changes_the_picture_and_the_line():
    view, shown = viz.EvidenceByRuns(RUNS, EVIDENCE, "Faster?"), []
    slider, said = view.controls(shown.append).children
    assert "after 8 pairs: new takes 0.450 to 0.600 times as long as old: faster" in said.value
    assert 'aria-live="polite"' in said.value
    slider.value = 6
    assert "after 6 pairs: new takes 0.400 to 1.200 times as long as old: can&#x27;t tell" in said.value
    runs, intervals = shown[0].figure.axes
    assert [len(line.get_xdata()) for line in runs.lines] == [6, 6]
    assert intervals.lines[0].get_xydata().tolist() == [[6, 0.4], [6, 1.2]]
    assert intervals.get_title() == "new / old: can't tell"
    assert view.picture().figure.axes[0].get_title() == "runs (1 lie above)"


def test_axes_stand_still_while_the_slider_moves():
    view = viz.EvidenceByRuns(RUNS, EVIDENCE)
    few, all_of_them = view.picture(6).figure.axes, view.picture().figure.axes
    assert [(ax.get_xlim(), ax.get_ylim()) for ax in few] == [(ax.get_xlim(), ax.get_ylim()) for ax in all_of_them]


def test_one_huge_interval_does_not_hide_the_others():
    evidence = {6: (0.1, 60.0, "can't tell"), 7: (0.8, 0.95, "faster"), 8: (0.85, 0.9, "faster")}
    low, high = viz.EvidenceByRuns(RUNS, evidence).picture().figure.axes[1].get_ylim()
    assert low < 0.85 and 1.0 < high < 2.0


@pytest.mark.parametrize("pairs", [12, 100])
def test_one_change_sends_little(pairs):
    rng, shown = np.random.default_rng(0), []
    times = {"a": rng.lognormal(size=pairs), "b": rng.lognormal(size=pairs)}
    counts = np.unique(np.geomspace(6, pairs, 10).astype(int))
    view = viz.EvidenceByRuns(times, {n: (1 - n**-0.5, 1 + n**-0.5, "can't tell") for n in counts}, "Much noise")
    view.controls(shown.append).children[0].value = int(counts[-2])
    assert len(shown[0].png()) * 4 / 3 < LARGEST_MESSAGE


@pytest.mark.parametrize("broken", [None, (np.nan, 2.0, "faster"), (1.0, 2.0), ("x", 2.0, "faster"), 5])
def test_an_interval_that_is_none_gets_its_picture_and_is_told(broken):
    view = viz.EvidenceByRuns(RUNS, {6: broken, 8: EVIDENCE[8]})
    assert "not a pair of finite numbers" in view.line(6)
    assert view.picture(6).png() and view.picture().png()
    assert viz.EvidenceByRuns({"a": [np.nan], "b": [np.inf]}, {1: broken}).picture().png()


def test_names_cannot_become_markup():
    said = viz.EvidenceByRuns({"<b>": [1.0], "b": [1.0]}, {1: (1, 1, "<i>")}).controls(lambda picture: None).children[1]
    assert "<b>" not in said.value and "<i>" not in said.value and "&lt;b&gt;" in said.value


def test_what_is_no_pair_of_candidates_is_refused():
    with pytest.raises(ValueError, match="takes the runs of two"):
        viz.EvidenceByRuns({"a": [1.0]}, {1: (1, 1, "")})
    with pytest.raises(ValueError, match=r"got \[\(1,\), \(2,\)\]"):
        viz.EvidenceByRuns({"a": [1.0], "b": [1.0, 2.0]}, {1: (1, 1, "")})
    with pytest.raises(ValueError, match=r"after 1 to 1 pairs, got \[6\]"):
        viz.EvidenceByRuns({"a": [1.0], "b": [2.0]}, {6: (1, 1, "")})
    with pytest.raises(TypeError, match="runs of 'a' must be numbers"):
        viz.EvidenceByRuns({"a": object(), "b": [1.0]}, {1: (1, 1, "")})
