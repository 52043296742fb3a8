"""The leaderboard's page: a table has the same numbers as the picture, and nothing in a name runs."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from hub_config.home.board_view import picture, read_events, read_line
from hub_config.home.course_map import Record, milestone_map
from hub_config.home.moments import Clock
from hub_config.home.session import Viewer
from hub_config.home.settings import NEEDED, load_settings
from hub_config.home.views import environment

CLOCK = Clock("Europe/Berlin", datetime(2029, 6, 2, tzinfo=UTC))
COURSE = {"title": "C", "time_zone": "UTC", "board": True}


def row(pseudonym, accuracy, stored, **more):
    measures = {"accuracy": accuracy, "stored_bytes": stored, "work": 9.0}
    return {"pseudonym": pseudonym, "own": False, "measures": measures, "received_at": "2029-06-01T12:00:00Z", **more}


def shown():
    rows = [row("<script>alert(1)</script>", 0.97, 800.0, rank=1), row("Otter", 0.96, 9000.0, rank=2)]
    event = {"name": "accuracy", "title": "As right", "by": "accuracy", "better": "higher", "rows": rows}
    own = row("Otter", 0.96, 9000.0, own=True, attempt=2, submission="s2", withdrawn=False, counts=True)
    return {
        "frozen": False, "due": None,
        "events": [{**event, "at_least": {"accuracy": 0.95}, "at_most": {"stored_bytes": 65536}}],
        "points": [{**each, "front": i == 0, "student": f"u{i}"} for i, each in enumerate(rows)],
        "mine": {"pseudonym": "", "removed": False, "entries": [own]},
    }  # fmt: skip


def page(viewer):
    here = load_settings(dict.fromkeys(NEEDED, "http://hub"))
    board = shown()
    points = [read_line(each, CLOCK) for each in board["points"]]
    return environment().get_template("board.html").render(
        viewer=viewer, settings=here, prefix=here.prefix, form_token="token", section=lambda: "board", help_pages={},
        course_title="C", note=None, absent=[], course=COURSE, board=board, due=None, points=points, size=(640, 320),
        events=read_events(board, CLOCK), picture=picture(points),
        own=[read_line(each, CLOCK) for each in board["mine"]["entries"]],
    )  # fmt: skip


STUDENT = Viewer("ada", frozenset({"access:services!service=exchange"}), frozenset(), "")
TA = Viewer("tom", frozenset({"custom:semester:read", "custom:grading:grade"}), frozenset(), "")


def test_every_number_of_the_picture_stands_in_a_table_and_a_name_is_text_only():
    html = page(STUDENT)
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html
    assert html.count("<circle") == 2 and 'role="img"' in html and "aria-describedby" in html
    table = html.partition("All entries in the picture")[2]
    assert all(number in table for number in ("800", "9,000", "97.00%", "96.00%"))
    for name in re.findall(r'<label for="(\w+)"', html):
        assert f'id="{name}"' in html
    assert 'tabindex="0"' in html and "onclick" not in html and "style=" not in html


def test_students_join_and_withdraw_and_staff_remove():
    student, staff = page(STUDENT), page(TA)
    assert "board/join" in student and "board/withdraw" in student and "board/remove" not in student
    assert "board/remove" in staff and "board/join" not in staff and 'value="u0"' in staff


def test_dots_stand_within_the_field_the_smaller_more_to_the_left_the_righter_above():
    lines = [
        read_line(row("a", accuracy, stored), CLOCK) for accuracy, stored in ((0.0, 1.0), (1.0, 262144.0), (0.5, 10.0))
    ]
    drawn = picture(lines)
    places = [(dot.x, dot.y) for dot in drawn.dots]
    assert all(0 < x < 640 and 0 < y < 320 for x, y in places)
    assert places[0][0] < places[2][0] < places[1][0] and places[1][1] < places[2][1] < places[0][1]
    assert picture([]) is None


def test_one_entry_alone_is_a_picture_too():
    assert picture([read_line(row("a", 0.95, 1000.0), CLOCK)]).dots[0].x > 0


MILESTONE = {"slug": "mlp", "assignment": "milestone_mlp", "year": 1986, "title": "Two layers", "summary": "s",
             "points": 5, "due": "2029-06-10T12:00:00Z", "closes": "2029-06-12T12:00:00Z"}  # fmt: skip


def module_page(found):
    here = load_settings(dict.fromkeys(NEEDED, "http://hub"))
    return environment().get_template("module.html").render(
        viewer=STUDENT, settings=here, prefix="/", form_token="", note=None, section=lambda: "", help_pages={},
        course_title="C", absent=[], course=COURSE, module=found, questions=[], answers=[], may_ask=True, about=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words"),
    [({"waiting": True, "running": False, "ahead": 3, "about_seconds": 480.0}, "Waiting: 3 other runs are ahead of it"),
     ({"waiting": True, "running": True, "ahead": 0, "about_seconds": 120.0}, "It is running now")],
)  # fmt: skip
def test_a_milestones_page_says_when_ones_own_is_due(told, words):
    assignment = {"id": "milestone_mlp", "due_at": None, "closes_at": None, "open": True, "attempts_used": 1,
                  "attempts_allowed": 50, "release_version": 1, "submitted_at": "2029-06-01T12:00:00Z",
                  "state": "submitted"}  # fmt: skip
    record = Record([assignment], grading={"milestone_mlp": {"milestone": told}})
    found = milestone_map({"milestones": {"mlp": MILESTONE}}, record, CLOCK)[0]
    assert (found.turn.words, found.state, found.points) == (words, "submitted", 5)
    assert found.turn.ready.at > CLOCK.now
    html = module_page(found)
    assert words in html and "Milestone of 1986" in html and "Open the notebook" not in html


def test_a_module_shows_how_its_newest_entry_was_measured():
    record = Record([], grading={"milestone_mlp": {"entry": {"waiting": True, "accepted": True, "message": "97 %"}}})
    html = module_page(milestone_map({"milestones": {"mlp": MILESTONE}}, record, CLOCK)[0])
    assert "97 %." in html and "is being measured" in html


def test_a_milestone_that_nobody_handed_in_says_how():
    record = Record([], grading={})
    found = milestone_map({"milestones": {"mlp": MILESTONE}}, record, CLOCK)[0]
    html = module_page(found)
    assert "tito milestone submit mlp" in html
    assert SimpleNamespace(**MILESTONE).points == found.points
