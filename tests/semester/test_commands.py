"""`tito semester check|demo|plan|apply|status`, as a person or a script calls them."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tito.curriculum import Curriculum, load_curriculum
from tito.errors import TitoError
from tito.semester.client import SemesterClient
from tito.semester.demo import make_demo, write_demo
from tito.semester.read import Sources, read, validate

from tests.semester.conftest import ROSTER, SEMESTER, TINY

pytestmark = pytest.mark.service

REPOSITORY = Path(__file__).parents[2]


def tito(*words: str, course: Path = TINY, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": "/usr/bin:/bin", "TITO_COURSE": str(course), **environment}
    return subprocess.run(
        [sys.executable, "-m", "tito.cli", "semester", *words], capture_output=True, text=True, env=variables
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "s.yaml").write_text(SEMESTER)
    (tmp_path / "roster.csv").write_text(ROSTER)
    return tmp_path / "s.yaml"


def test_check_shows_dates_in_the_courses_zone_and_who_takes_part(files):
    done = tito("check", str(files))
    assert (done.returncode, done.stderr) == (0, "")
    assert "shift          2026-10-12 08:00 to 2026-10-26 23:59, closes 2026-11-07 12:00" in done.stdout
    assert "2 students, 1 TAs, 1 instructors" in done.stdout


def test_check_tells_every_mistake_with_its_line_and_fails(files):
    files.write_text(SEMESTER.replace("[arrays]", "[arrys]").replace("student: ada", "student: eva"))
    done = tito("check", str(files))
    assert done.returncode == 1
    assert f"{files}:4: tiers.0: 'arrys' is not a tier; did you mean arrays?" in done.stderr
    assert f"{files}:16: extensions.0.student: 'eva' is not on the roster" in done.stderr


def test_check_answers_scripts_in_json(files):
    answer = json.loads(tito("check", str(files), "--json").stdout)
    assert (answer["valid"], answer["modules"], answer["students"]) == (True, ["scale", "shift"], 2)
    files.write_text(SEMESTER.replace("[arrays]", "[arrys]"))
    done = tito("check", str(files), "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["valid"], answer["problems"][0]["line"]) == (1, False, 4)


def test_demo_writes_a_valid_semester_whose_first_modules_are_open(tmp_path):
    done = tito("demo", "--output", str(tmp_path / "demo.yaml"), "--time-zone", "Asia/Tokyo")
    assert done.returncode == 0, done.stderr
    valid = read(tmp_path / "demo.yaml", load_curriculum(TINY))
    now = datetime.now(UTC)
    opened = [slug for slug, dates in valid.semester.schedule.items() if dates.release <= now < dates.due]
    assert opened == ["scale", "shift", "affine"]
    assert len(valid.students) == 3
    assert (valid.semester.staff.tas, valid.semester.staff.instructors) == (["tom"], ["ida"])


def test_demo_overwrites_nothing_unless_told(tmp_path, curriculum: Curriculum):
    path, zone, now = tmp_path / "demo.yaml", ZoneInfo("UTC"), datetime.now(UTC)
    write_demo(path, curriculum, now, zone)
    path.write_text("mine\n")
    with pytest.raises(TitoError, match="may contain your changes"):
        write_demo(path, curriculum, now, zone)
    assert path.read_text() == "mine\n"
    write_demo(path, curriculum, now, zone, force=True)
    assert path.read_text() != "mine\n"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24", "2026-12-31", "2028-02-28"])
def test_a_demo_is_valid_on_every_day_and_in_every_zone(curriculum, day, zone):
    now = datetime.fromisoformat(f"{day}T23:30:00+00:00")
    demo = make_demo(curriculum, "roster.csv", now, ZoneInfo(zone))
    valid = validate(Sources(demo.semester, demo.roster), curriculum)
    assert min(dates.release for dates in valid.semester.schedule.values()) <= now


def test_a_semester_in_the_repository_is_valid():
    for path in sorted((REPOSITORY / "course" / "semesters").glob("20*.yaml")):
        assert read(path, load_curriculum(REPOSITORY / "course")).students


# The semesters that come with the course: which tiers are built, and the last module.
SEMESTERS = {
    "2026-fall": (["foundation"], "training"),
    "2027-spring": (["foundation", "architecture"], "transformers"),
    "2027-fall": (["optimization"], "benchmarking"),
    "2027-28": (["foundation", "architecture", "optimization"], "benchmarking"),
    "2028-29": (["foundation", "architecture", "optimization", "olympics"], "olympics"),
}


@pytest.mark.parametrize("name", SEMESTERS)
def test_check_reads_each_semester_of_the_course(name):
    course = REPOSITORY / "course"
    done = tito("check", str(course / "semesters" / f"{name}.yaml"), "--json", course=course)
    assert (done.returncode, done.stderr) == (0, "")
    answer, (tiers, last) = json.loads(done.stdout), SEMESTERS[name]
    wanted = [module.slug for module in load_curriculum(course).of_tiers(tiers)]
    assert (answer["valid"], answer["warnings"], answer["modules"]) == (True, [], wanted)
    assert wanted[-1] == last


def test_each_semester_of_the_course_is_among_these():
    assert {path.stem for path in (REPOSITORY / "course" / "semesters").glob("20*.yaml")} == set(SEMESTERS)


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_without_an_address_or_a_token_the_remedy_is_told(command):
    done = tito(command)
    assert done.returncode == 1
    assert "SEMESTER_URL is not set: run it as `python -m hub_config run -- tito semester" in done.stderr


def test_an_unreachable_service_is_named():
    done = tito("status", SEMESTER_URL="http://127.0.0.1:9", COURSE_TOKEN="x")
    assert done.returncode == 1
    assert "http://127.0.0.1:9/api/v1" in done.stderr


def test_a_token_of_ones_own_comes_before_the_servers():
    client = SemesterClient({"SEMESTER_URL": "http://h/", "COURSE_TOKEN": "mine", "JUPYTERHUB_API_TOKEN": "server's"})
    assert client._service._http.headers["Authorization"] == "token mine"


@pytest.mark.parametrize("command", ["check", "demo", "plan", "apply", "status"])
def test_help_has_an_example(command):
    assert f"tito semester {command}" in tito(command, "--help").stdout
