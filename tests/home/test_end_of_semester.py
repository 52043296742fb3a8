"""The end of a semester: points given elsewhere, the freeze, and the work that a student downloads."""

import html
import io
import json
import re
import zipfile
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from tito.errors import TitoError
from tito.semester.archive_commands import archive
from tito.semester.delete_command import delete
from tito.semester.points_commands import points

from tests.home.conftest import COURSE
from tests.home.test_pages import HOME, form_token, text_of
from tests.semester.campus import Campus, wait_for

pytestmark = pytest.mark.live
END = HOME + "semester/end"
PAGE = HOME + "semester/points"


def upload(ida: httpx.Client, content: str, **fields: str) -> str:
    data = {"form_token": form_token(ida.get(PAGE).text), "name": "midterm", "max_score": "40", **fields}
    return ida.post(PAGE + "/plan", data=data, files={"points_list": ("exam.csv", content.encode())}).text


def press(ida: httpx.Client, page: str) -> str:
    entered = re.search(r'name="entered" value="([^"]*)"', page)
    assert entered, page
    data = {"form_token": form_token(page), "name": "midterm", "entered": html.unescape(entered[1])}
    return text_of(ida.post(PAGE + "/apply", data=data).text)


def test_points_are_entered_and_the_course_is_frozen_and_goes_on(
    campus: Campus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One long test, because it needs the whole campus; afterwards the class is unchanged."""
    with closing(campus.log_in("ida")) as ida, closing(campus.log_in("ben")) as ben, campus.grading():
        enter_points(campus, ida, ben, tmp_path, monkeypatch)
        freeze_and_unfreeze(campus, ida, ben, tmp_path)


def enter_points(campus: Campus, ida: httpx.Client, ben: httpx.Client, tmp_path: Path, monkeypatch) -> None:
    """A list of points is planned, entered, corrected, seen by its student, and removed."""
    ida.get(HOME)
    refused = text_of(upload(ida, "username,midterm\nada,12\nben,ill\nchen,41\n"))
    assert "exam.csv:3:" in refused and "exam.csv:4:" in refused and "Upload it again" in refused
    page = upload(ida, "username,midterm\nada,31.5\nben,20\nstranger,7\n")
    said = text_of(page)
    assert "Not on the roster, left out: stranger" in said and "left as they are: chen" in said
    assert "None yet" in text_of(ida.get(PAGE).text)
    assert "midterm: 2 students changed" in press(ida, page)
    assert "have changed since the plan was made" in press(ida, page)
    assert "is the name of the column midterm" in text_of(upload(ida, "username,m\nada,1\n", name="Midterm"))
    assert "is the name of a module" in text_of(upload(ida, "username,m\nada,1\n", name="scale"))
    assert "Nobody's points change" in text_of(upload(ida, "username,midterm\nada,31.5\nben,20\n"))
    assert re.search(r"midterm 20 40", text_of(ben.get(HOME).text))
    assert ben.get(PAGE).status_code == 403

    for name, value in {"COURSE_TOKEN": campus.token("ida"), **campus.environment}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "exam.csv").write_text("username,midterm\nben,21\n")
    words = ["midterm", str(tmp_path / "exam.csv"), "--json"]
    planned = CliRunner().invoke(points, [*words, "--plan"], standalone_mode=False)
    changes = [{"student": "ben", "before": 20, "after": 21}]
    assert json.loads(planned.output)["changes"] == changes
    for changed in (1, 0):
        done = CliRunner().invoke(points, [*words, "--yes"], standalone_mode=False)
        assert json.loads(done.output)["changed"] == changed
    rows = campus.ask("grading", "GET", "assignments/midterm/students", campus.token("ida")).json()
    assert {row["student"]: row["score"] for row in rows if row["score"] is not None} == {"ada": 31.5, "ben": 21}

    data = {"form_token": form_token(ida.get(PAGE).text), "name": "midterm"}
    assert "Removed midterm and the points of 2 students" in text_of(ida.post(PAGE + "/take_back", data=data).text)
    assert "midterm" not in text_of(ben.get(HOME).text)


def freeze_and_unfreeze(campus: Campus, ida: httpx.Client, ben: httpx.Client, folder: Path) -> None:
    """While frozen, people can read and download their own work, and changes are refused; then unfreeze the course."""
    page = ida.get(END).text
    assert "is not frozen" not in page and "What a freeze would affect" in text_of(page)
    press_end = lambda what: text_of(  # noqa: E731
        ida.post(f"{END}/{what}", data={"form_token": form_token(page), "sure": "yes", "unfinished": "true"}).text
    )
    assert ben.get(END).status_code == 403
    # A freeze is refused while grading has work in progress, so retry it.
    frozen = wait_for(
        lambda: "grading is at work on" not in (said := press_end("freeze")) and said, "grading to rest", pause=1.0
    )
    try:
        assert f"{COURSE} has been frozen since" in frozen and "by ida" in frozen, frozen
        said = text_of(ben.get(HOME).text)
        assert "The course has been over since" in said and "Download all your work" in said
        assert "Your due dates" not in said and "Due " not in said
        with closing(campus.log_in("ada")) as ada:
            ada.get(HOME)
            answer = ada.get(HOME + "my-work.zip")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as taken:
            names = taken.namelist()
            assert any(name.endswith("/attempt-01/receipt.json") for name in names), names
            assert any(name.endswith("/files/scale.ipynb") for name in names), names
        token = campus.token("ida")
        for method, path in (("POST", "jobs"), ("POST", "regrades/1/answer")):
            answer = campus.ask("grading", method, path, token, json={"kind": "collect", "assignment": "scale"})
            assert (answer.status_code, "the course is frozen since" in answer.text) == (409, True), answer.text
        campus.ask("semester", "POST", "apply", token, json={})
        run = wait_for(lambda: (r := campus.ask("semester", "GET", "apply", token).json())["finished"] and r, "apply")
        assert "was frozen at" in run["error"]
        assert campus.ask("grading", "GET", "assignments/scale/students", token).status_code == 200
        archive_and_plan_deletion(folder)
    finally:
        said = press_end("unfreeze")
    assert "The course goes on" in said
    assert "The course has been over" not in text_of(ben.get(HOME).text)
    campus.ask("semester", "POST", "apply", token, json={})
    run = wait_for(lambda: (r := campus.ask("semester", "GET", "apply", token).json())["finished"] and r, "apply")
    assert not run["error"], run


def archive_and_plan_deletion(folder: Path) -> None:
    """The archive has no problems, and a planned deletion deletes nothing."""
    target = str(folder / "course.tar")
    made = CliRunner().invoke(archive, ["--output", target, "--json"], standalone_mode=False)
    found = json.loads(made.output)
    assert (found["course"], found["problems"], found["frozen"]["frozen_by"]) == (COURSE, [], "ida")
    assert found["submissions"] > 0
    planned = CliRunner().invoke(delete, [COURSE, "--plan", "--json"], standalone_mode=False)
    plan = json.loads(planned.output)
    assert (plan["exchange"]["submissions"], plan["deleted"]) == (found["submissions"], False)
    with pytest.raises(TitoError, match="--archive FILE"):
        CliRunner().invoke(delete, [COURSE, "--yes"], standalone_mode=False, catch_exceptions=False)
