"""Plan and apply with a real Hub, the real exchange, nbgrader's gradebook and the real notebook generator."""

import json
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import update
from sqlalchemy.orm import Session
from tito.curriculum import load_curriculum
from tito.semester.service import __main__ as program
from tito.semester.service.database import RELEASE, Action, open_database

from exchange.client.exchange_client import ExchangeClient
from hub_config.run import serve
from tests.semester.campus import Campus, running_campus, wait_for
from tests.semester.conftest import ROSTER, SEMESTER, TINY

pytestmark = pytest.mark.service
COURSE = "tiny-2026"


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("campus")
    folder.joinpath("semester.yaml").write_text(SEMESTER)
    folder.joinpath("roster.csv").write_text(ROSTER)
    shutil.copytree(TINY, folder / "tree")
    with running_campus(folder, COURSE, lambda: load_curriculum(folder / "tree")) as campus:
        yield campus


@pytest.fixture(scope="module")
def instructor(campus: Campus) -> str:
    """The token of ida, whom the operator made the first instructor."""
    campus.hub("POST", "/users", json={"usernames": ["ida", "eve"]})
    campus.hub("POST", f"/groups/instructor-{COURSE}/users", json={"users": ["ida"]})
    return campus.token("ida")


def texts(semester: str = SEMESTER, roster: str = ROSTER) -> dict[str, str]:
    return {"semester": semester, "roster": roster}


def plan(campus: Campus, token: str, body: dict[str, str] | None = None) -> list[str]:
    answer = campus.ask("semester", "POST", "plan", token, json=body or {})
    assert answer.status_code == 200, answer.text
    return [f"{c['sign']} {c['area']} {c['subject']}: {c['detail']}" for c in answer.json()["changes"]]


def apply(campus: Campus, token: str, body: dict[str, str] | None = None, *yes: str) -> dict:
    run = try_to_apply(campus, token, body, *yes)
    assert (run["error"], [c for c in run["changes"] if c["error"]]) == ("", [])
    return run


def try_to_apply(campus: Campus, token: str, body: dict[str, str] | None = None, *yes: str) -> dict:
    answer = campus.ask("semester", "POST", "apply", token, json={**(body or {}), "yes": yes})
    assert answer.status_code == 202, answer.text
    return wait_for(lambda: finished(campus, token), "apply to finish")


def finished(campus: Campus, token: str) -> dict | None:
    run = campus.ask("semester", "GET", "apply", token).json()
    return run if run["finished"] else None


def groups(campus: Campus) -> dict[str, set[str]]:
    return {row["name"]: set(row["users"]) for row in campus.hub("GET", "/groups").json()}


def members(campus: Campus, role: str) -> set[str]:
    return groups(campus)[f"{role}-{COURSE}"]


def test_a_first_apply_does_what_the_plan_showed_and_the_second_plan_is_empty(campus, instructor):
    shown = plan(campus, instructor)
    assert f"+ exchange course {COURSE}: A tiny course (Europe/Berlin)" in shown
    assert "+ people users: ada, ben, tom" in shown
    run = apply(campus, instructor)
    assert [f"{c['sign']} {c['area']} {c['subject']}: {c['detail']}" for c in run["changes"]] == shown
    assert plan(campus, instructor) == []
    assert groups(campus) == {
        **{role: set() for role in ("student", "ta", "instructor")},  # classes made by earlier versions have these
        f"student-{COURSE}": {"ada", "ben"},
        f"ta-{COURSE}": {"tom"},
        f"instructor-{COURSE}": {"ida"},
        f"nbgrader-{COURSE}": {"ada", "ben"},
        f"formgrade-{COURSE}": {"ida", "tom"},
    }


def test_the_gradebook_the_notebooks_and_the_policies_are_there(campus, instructor):
    apply(campus, instructor)
    course_dir = campus.folder / "course"
    with Gradebook(f"sqlite:///{course_dir / 'gradebook.db'}") as gradebook:
        assert [(s.id, s.last_name, s.email) for s in gradebook.students] == [
            ("ada", "Lovelace", "ada@example.org"),
            ("ben", "Rosen", ""),
        ]
        assert {a.name: str(a.duedate) for a in gradebook.assignments} == {
            "scale": "2026-10-18 21:59:00",
            "shift": "2026-10-26 22:59:00",
        }
        assert gradebook.find_assignment("scale").max_score == 100
    assert (course_dir / "release" / "scale" / "scale.ipynb").is_file()
    policies = json.loads((course_dir / "semester.json").read_text())
    assert (policies["late"]["window_hours"], policies["tiers"][0]["modules"][0]["place"]) == (48, "built")


def test_what_was_due_is_released_by_itself_with_its_reference_and_students_may_fetch_it(campus, instructor, tmp_path):
    apply(campus, instructor)

    def released() -> bool:
        rows = campus.ask("semester", "GET", "status", instructor).json()["actions"]
        return all(row["state"] == "done" for row in rows if row["kind"] == "release")

    wait_for(released, "the releases of October")
    with ExchangeClient(campus.service_url("exchange"), campus.token("ada")) as exchange:
        rows = {row.id: (row.state, row.release_version) for row in exchange.assignments(COURSE)}
        assert rows == {"scale": ("released", 1), "shift": ("released", 1)}
        exchange.fetch_release(COURSE, "scale", tmp_path / "scale")
        assert "secret_product" not in (tmp_path / "scale" / "scale.ipynb").read_text()
    with ExchangeClient(campus.service_url("exchange"), instructor) as exchange:
        exchange.fetch_solution(COURSE, "scale", tmp_path / "solution")
        assert "secret_product" in (tmp_path / "solution" / "core" / "scale.py").read_text()


def test_adds_drops_and_a_student_who_becomes_ta(campus, instructor):
    apply(campus, instructor)
    roster = ROSTER.replace("ben,Rosen,Ben,\n", "eva,Noether,Emmy,\n")
    semester = SEMESTER.replace("tas: [tom]", "tas: [tom, ben]")
    shown = plan(campus, instructor, texts(semester, roster))
    assert "+ people users: eva" in shown
    assert f"- people group student-{COURSE}: ben" in shown
    assert f"+ people group ta-{COURSE}: ben" in shown
    assert "+ gradebook student eva: Emmy Noether" in shown
    assert not [line for line in shown if line.startswith("- gradebook")]
    assert "~ gradebook roster: 2 students, without ben" in shown
    apply(campus, instructor, texts(semester, roster), "drops")
    assert (members(campus, "student"), members(campus, "ta")) == ({"ada", "eva"}, {"ben", "tom"})
    apply(campus, instructor, texts(semester, ROSTER), "drops")
    assert (members(campus, "student"), members(campus, "ta")) == ({"ada", "ben"}, {"ben", "tom"})
    apply(campus, instructor, None, "drops")
    assert (members(campus, "student"), members(campus, "ta")) == ({"ada", "ben"}, {"tom"})


CLASS = ROSTER + "".join(f"s{number},Last,First,\n" for number in range(1, 15))
SIXTEEN = {"ada", "ben", *(f"s{number}" for number in range(1, 15))}


@pytest.fixture
def sixteen(campus, instructor):
    """A class of sixteen, applied from the service's own file, which a test may damage."""
    (campus.folder / "roster.csv").write_text(CLASS)
    apply(campus, instructor)
    assert members(campus, "student") == SIXTEEN
    yield campus
    (campus.folder / "semester.yaml").write_text(SEMESTER)
    (campus.folder / "roster.csv").write_text(ROSTER)
    apply(campus, instructor, None, "drops")


def start_again(campus: Campus, instructor: str) -> tuple[str, list[str]]:
    """Apply as a service does when it starts; return why it failed, and what `make serve` prints."""
    why = program._apply_once(campus.servers["semester"].app.state.service, campus.folder / "semester.yaml")
    status = campus.ask("semester", "GET", "status", instructor).json()
    assert serve.missing_of(status) == "", "the start would go on waiting"
    return why, serve.left_as_it_was(status)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text.replace("ben,Rosen", 'ben,"Rosen'), "roster.csv:3: line: has a double quote"),
        (lambda text: text[: text.index("s9,") + 2], "roster.csv:12: line: 's9' ends after 1 of 4 fields"),
    ],
)
def test_a_start_with_a_damaged_roster_changes_nothing_and_says_what_is_wrong(sixteen, instructor, damage, words):
    (sixteen.folder / "roster.csv").write_text(damage(CLASS))
    why, said = start_again(sixteen, instructor)
    assert words in why
    assert words in "".join(said)
    assert members(sixteen, "student") == SIXTEEN


def test_a_roster_that_lost_most_of_its_class_drops_nobody_without_a_yes(sixteen, instructor):
    asked = " students would leave the course: s1, s10, s11, s12, s13, s14, s2, s3, s4, s5 and 4 more"
    (sixteen.folder / "roster.csv").write_text(ROSTER + "eva,Noether,Emmy,\n")
    why, said = start_again(sixteen, instructor)
    assert why == ""
    assert [f"14 of 16{asked}" in each and "tito semester apply --yes drops" in each for each in said] == [True]
    everybody = SIXTEEN | {"eva"}  # the new student is added: this takes nothing from anybody
    assert (members(sixteen, "student"), groups(sixteen)[f"nbgrader-{COURSE}"]) == (everybody, everybody)
    with closing(sixteen.log_in("ida")) as ida:
        assert asked in ida.get("/services/home/semester").text

    run = try_to_apply(sixteen, instructor)
    assert f"14 of 17{asked}" in run["error"]
    assert members(sixteen, "student") == everybody
    apply(sixteen, instructor, None, "drops")
    assert members(sixteen, "student") == {"ada", "ben", "eva"}
    assert start_again(sixteen, instructor) == ("", [])


def test_one_of_a_class_may_leave_without_a_question(sixteen, instructor):
    (sixteen.folder / "roster.csv").write_text(CLASS.replace("s7,Last,First,\n", ""))
    assert start_again(sixteen, instructor) == ("", [])
    assert members(sixteen, "student") == SIXTEEN - {"s7"}


def test_a_semester_file_that_was_cut_takes_nobodys_extension_and_no_staff_away(sixteen, instructor):
    whole = SEMESTER.replace("2026-11-05 12:00", "2099-11-05 12:00")
    apply(sixteen, instructor, texts(whole, CLASS))
    cut = whole[: whole.index("extensions:")].replace("tas: [tom]", "tas: []")
    (sixteen.folder / "semester.yaml").write_text(cut)
    said = "".join(start_again(sixteen, instructor)[1])
    assert "ada would lose the extension for shift until 2099-11-05 12:00" in said
    assert "1 of 2 staff would leave the course: tom" in said
    assert members(sixteen, "ta") == {"tom"}
    with ExchangeClient(sixteen.service_url("exchange"), sixteen.tokens["semester"]) as exchange:
        assert [row.student for row in exchange.extensions(COURSE, "shift")] == ["ada"]


def test_people_of_an_earlier_versions_groups_move_and_those_of_other_courses_stay(campus, instructor):
    apply(campus, instructor)
    campus.hub("POST", "/users", json={"usernames": ["zoe", "tim"]})
    for group, names in {"student": ["ada", "zoe"], "ta": ["tom", "tim"], "instructor": ["ida"]}.items():
        campus.hub("POST", f"/groups/{group}/users", json={"users": names})
    left = ["- people group student: ada", "- people group ta: tom", "- people group instructor: ida"]
    assert plan(campus, instructor) == left
    apply(campus, instructor)
    assert plan(campus, instructor) == []
    assert [groups(campus)[name] for name in ("student", "ta", "instructor")] == [{"zoe"}, {"tim"}, set()]


def test_dates_policies_and_extensions_are_altered_and_taken_back(campus, instructor):
    apply(campus, instructor)
    altered = SEMESTER.replace("2026-11-05 12:00", "2026-11-06 12:00").replace("window_hours: 48", "window_hours: 24")
    altered = altered.replace("due: 2026-10-26 23:59", "due: 2026-10-27 23:59")
    shown = plan(campus, instructor, texts(altered))
    assert "~ exchange scale: late_seconds 172800 → 86400" in shown
    assert "~ exchange shift: due 2026-10-26 23:59 → 2026-10-27 23:59; late_seconds 172800 → 86400" in shown
    assert "~ exchange extension of shift for ada: 2026-11-05 12:00 → 2026-11-06 12:00" in shown
    assert "~ gradebook due date of shift: 2026-10-26 23:59 → 2026-10-27 23:59" in shown
    assert any(line.startswith("~ policies semester.json: late.window_hours 48 → 24") for line in shown)
    apply(campus, instructor, texts(altered))
    assert plan(campus, instructor, texts(altered)) == []
    without = altered[: altered.index("extensions:")]
    assert "- exchange extension of shift for ada: was 2026-11-06 12:00" in plan(campus, instructor, texts(without))
    apply(campus, instructor)
    assert plan(campus, instructor) == []


def test_a_module_that_leaves_the_semester_is_withdrawn(campus, instructor):
    apply(campus, instructor)
    only = SEMESTER.replace("tiers: [arrays]", "modules: [scale]")
    only = only[: only.index("  shift:")] + only[only.index("late:") : only.index("extensions:")]
    assert "- exchange shift: withdrawn; submissions are kept" in plan(campus, instructor, texts(only))


def test_a_broken_file_is_refused_with_its_lines_and_changes_nothing(campus, instructor):
    answer = campus.ask("semester", "POST", "apply", instructor, json=texts(SEMESTER.replace("[arrays]", "[arrys]")))
    assert answer.status_code == 422
    assert [(p["line"], p["key"], p["value"]) for p in answer.json()["problems"]] == [(4, "tiers.0", "'arrys'")]
    assert plan(campus, instructor) == []


def test_what_falls_into_an_outage_is_made_up_once(campus, instructor):
    dates = "  affine: {release: 2029-01-01 12:00, due: 2030-01-01 12:00}\n"
    semester = SEMESTER.replace("tiers: [arrays]", "tiers: [arrays]\nmodules: [affine]")
    apply(campus, instructor, texts(semester.replace("schedule:\n", f"schedule:\n{dates}")))
    assert releases_of(campus, instructor, "affine") == [("pending", 0)]
    campus.stop("semester")
    let_its_time_come(campus, "affine")
    with ExchangeClient(campus.service_url("exchange"), campus.tokens["semester"]) as exchange:
        assert exchange.assignment(COURSE, "affine").release_version == 0
        for _ in range(2):
            campus.start("semester")
            wait_for(lambda: releases_of(campus, instructor, "affine") == [("done", 1)], "the release to be made up")
            campus.stop("semester")
        assert exchange.assignment(COURSE, "affine").release_version == 1
    campus.start("semester")
    apply(campus, instructor)


def let_its_time_come(campus: Campus, module: str) -> None:
    """Make a release that is due in years due a minute ago."""
    engine, past = open_database(f"sqlite:///{campus.folder / 'semester.db'}"), datetime.now(UTC) - timedelta(minutes=1)
    with Session(engine) as session, session.begin():
        wanted = update(Action).where(Action.module == module, Action.kind == RELEASE)
        session.execute(wanted.values(at=past, try_after=past))
    engine.dispose()


def releases_of(campus: Campus, token: str, module: str) -> list[tuple[str, int]]:
    rows = campus.ask("semester", "GET", "status", token).json()["actions"]
    return [(row["state"], row["tries"]) for row in rows if (row["kind"], row["module"]) == ("release", module)]


def test_a_semester_of_another_course_is_refused(campus, instructor):
    body = texts(SEMESTER.replace("course: tiny-2026", "course: other-2026"))
    answer = campus.ask("semester", "POST", "apply", instructor, json=body)
    assert (answer.status_code, answer.json()["rule"]) == (422, f"this service runs the course {COURSE}")
    assert "nbgrader-other-2026" not in groups(campus)


def test_pressing_release_again_gives_out_a_corrected_notebook_as_a_new_version_once(campus, instructor):
    apply(campus, instructor)

    def version() -> int:
        with ExchangeClient(campus.service_url("exchange"), campus.token("ada")) as exchange:
            return exchange.assignment(COURSE, "scale").release_version

    def press() -> None:
        number = campus.ask("semester", "POST", "modules/scale/release", instructor).json()["action"]
        wait_for(lambda: state(campus, instructor, number) == "done", "the release")

    press()
    assert version() == 1
    source = campus.folder / "tree" / "modules" / "01_scale" / "scale_dev.py"
    source.write_text(source.read_text().replace("Let numpy do the loop", "Let numpy do the whole loop"))
    assert plan(campus, instructor) == ["~ notebooks scale: source changed"]
    apply(campus, instructor)
    assert version() == 1
    press()
    press()
    assert version() == 2


def state(campus: Campus, token: str, number: int) -> str:
    rows = campus.ask("semester", "GET", "status", token).json()["actions"]
    return next(row["state"] for row in rows if row["id"] == number)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "plan"), ("POST", "apply"), ("POST", "modules/scale/release"), ("GET", "status"), ("GET", "people")],
)
def test_nobody_but_staff_reaches_staff_routes(campus, instructor, method, path):
    apply(campus, instructor)
    for token, expected in [("nonsense", 401), (campus.token("eve"), 403), (campus.token("ada"), 403)]:
        assert (
            campus.ask("semester", method, path, token, **({"json": {}} if method == "POST" else {})).status_code
            == expected
        )


def test_a_kernels_token_and_a_ta_may_not_apply_and_students_see_the_course(campus, instructor):
    apply(campus, instructor)
    kernel = campus.token("ida", ["access:services!service=semester"])
    assert campus.ask("semester", "POST", "apply", kernel, json={}).status_code == 403
    assert campus.ask("semester", "POST", "apply", campus.token("tom"), json={}).status_code == 403
    assert campus.ask("semester", "GET", "status", campus.token("tom")).status_code == 200
    course = campus.ask("semester", "GET", "course", campus.token("ada")).json()
    assert course["course"] == COURSE
    assert "ben" not in json.dumps(course)


def test_the_terminal_plans_applies_and_tells_the_state(campus, instructor):
    apply(campus, instructor)
    variables = {
        "PATH": "/usr/bin:/bin",
        "TITO_COURSE": str(campus.folder / "tree"),
        "SEMESTER_URL": campus.service_url("semester"),
        "COURSE_TOKEN": instructor,
    }

    def tito(*words: str) -> str:
        command = [sys.executable, "-m", "tito.cli", "semester", *words]
        done = subprocess.run(command, capture_output=True, text=True, env=variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    other = campus.folder / "other.yaml"
    other.write_text(SEMESTER.replace("window_hours: 48", "window_hours: 12"))
    assert "~ exchange   scale " in tito("plan", str(other))
    assert "changes made; the semester is in force" in tito("apply", str(other))
    assert tito("plan", str(other)) == "nothing to change\n"
    assert f"{COURSE}, applied by ida" in tito("status")
    assert f"{campus.folder / 'semester.yaml'} differs from it" in tito("status")
    assert "changes made" in tito("apply")
    assert tito("plan") == "nothing to change\n"


def test_an_unreachable_exchange_is_told_and_nothing_is_recorded(campus, instructor):
    apply(campus, instructor)
    campus.stop("exchange")
    try:
        answer = campus.ask("semester", "POST", "plan", instructor, json={})
        assert (answer.status_code, "exchange" in answer.json()["rule"]) == (503, True)
    finally:
        campus.start("exchange")
    assert plan(campus, instructor) == []
