"""The report of benchmarks: limits are compared with figures, and a limit of another form is an error."""

import pytest

from tests.benchmarks.report import Report, is_as_wanted


@pytest.mark.parametrize(
    ("value", "wanted", "ok"),
    [
        (1.5, "<= 1.5", True),
        (1.6, "<= 1.5", False),
        (2, "> 1", True),
        (1, "> 1", False),
        (0.5, ">=0.5", True),
        (9, "", None),
        (2.5, "2 to 3e+01", True),
        (1.9, "2 to 3", False),
    ],
)
def test_a_wish_is_compared(value: float, wanted: str, ok: bool | None):
    assert is_as_wanted(value, wanted) is ok


@pytest.mark.parametrize("wanted", ["fast", "== 1", "<= x"])
def test_a_wish_of_another_form_is_an_error(wanted: str):
    with pytest.raises(ValueError, match="'wanted' is one of <=, <, >=, > and a number"):
        is_as_wanted(1.0, wanted)


def test_a_ratio_is_ours_to_the_peer_s_and_a_measure_stands_alone():
    report = Report("tito")
    report.ratio("start", 3.0, 2.0, "s", wanted="<= 1.4")
    report.measure("size", 4.0, "MB", wanted="<= 5")
    assert [(row.ratio, row.peer, row.ok) for row in report.rows] == [(1.5, 2.0, False), (None, None, True)]
    assert [row.label for row in report.failed] == ["start"]
    assert report.to_json()[0]["benchmark"] == "tito"


def test_a_peer_that_took_no_time_is_an_error():
    with pytest.raises(ValueError, match="must be above 0"):
        Report().ratio("x", 1.0, 0.0, "s")
