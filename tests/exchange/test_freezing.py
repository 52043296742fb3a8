"""A frozen course: no route changes anything in it, all of it can be read, and unfreezing makes it usable again."""

import re
import shutil
from pathlib import Path

import httpx
import pytest

from exchange.protocol.models import CourseSettings, Refused
from exchange.service.freezing import READING, STAYS_OPEN
from tests.exchange.live import COURSE, Live
from tests.harness.plain import PLAIN

pytestmark = pytest.mark.service
SAID = f"{COURSE} is over, frozen since 2026-11-19T12:00Z by ida: nothing is released, fetched to work on, handed in, "
SAID += "asked or graded any more"


@pytest.fixture
def database_url(sqlite_file: Path, tmp_path: Path) -> str:
    """SQLite only: a refusal depends on a single table, so one kind of database is enough."""
    (tmp_path / "data").mkdir()
    shutil.copy(sqlite_file, tmp_path / "data" / "exchange.db")
    return ""


@pytest.fixture
def frozen(course: Live) -> Live:
    """A course with a submission and its feedback, frozen by the instructor ida."""
    receipt = course.submit(course.student("ada")).receipt
    course.staff().put_feedback(COURSE, receipt.submission, course.folder({"tensor.html": "well done"}))
    course.client(course.hub.service("semester"), acting_for="ida").freeze(COURSE)
    return course


def addresses(live: Live) -> list[tuple[str, str]]:
    """Return every route that could change the course, with its parameters filled in."""
    [one] = live.staff().all_submissions(COURSE)
    words = {"course": COURSE, "assignment": "tensor", "student": "ada", "submission": one.id, "question": "q" * 32}
    found = []
    for path, methods in httpx.get(f"{live.url}/openapi.json", **PLAIN).json()["paths"].items():
        filled = re.sub(r"{(\w+)}", lambda match: words[match[1]], path)
        found += [(m.upper(), filled) for m in methods if "{course}" in path and m.upper() not in READING]
    return found


def test_every_route_that_changes_something_is_closed_to_everybody_and_says_since_when(frozen: Live) -> None:
    asked = addresses(frozen)
    assert len(asked) >= 20
    closed = [each for each in asked if (each[0], each[1].rsplit("/", 1)[1]) not in STAYS_OPEN]
    hub, base = frozen.hub, frozen.url.rsplit("/services", 1)[0]
    with httpx.Client(verify=False, trust_env=False) as http:
        for token in (hub.student("ada", COURSE), hub.staff("ida", COURSE), hub.service("grading")):
            headers = {"Authorization": f"token {token}", "Idempotency-Key": "a" * 32}
            for method, path in closed:
                answer = http.request(method, base + path, headers=headers, content=b"{}")
                assert (answer.status_code, answer.json()["rule"]) == (409, SAID), (method, path, answer.text)


def test_who_is_not_in_the_course_does_not_learn_that_it_is_frozen(frozen: Live) -> None:
    with pytest.raises(Refused) as refused:
        frozen.client(frozen.hub.student("eve", "another")).put_course(COURSE, CourseSettings())
    assert refused.value.status == 403


def test_students_hand_in_and_fetch_nothing_and_read_and_download_what_is_theirs(frozen: Live, tmp_path) -> None:
    ada, bob = frozen.student("ada"), frozen.student("bob")
    with pytest.raises(Refused, match="is over"):
        frozen.submit(ada, "once more")
    with pytest.raises(Refused, match="is over"):
        bob.fetch_release(COURSE, "tensor", tmp_path / "fetched")
    [mine] = ada.submissions(COURSE)
    assert ada.receipt(COURSE, mine.id).receipt.submission == mine.id
    ada.fetch_files(COURSE, mine.id, tmp_path / "mine")
    assert (tmp_path / "mine" / "tensor.ipynb").read_text() == "mine"
    ada.fetch_feedback(COURSE, mine.id, tmp_path / "feedback")
    assert (tmp_path / "feedback" / "tensor.html").read_text() == "well done"
    about = ada.course(COURSE)
    assert about.frozen is not None and about.frozen.frozen_by == "ida"
    assert [each.open for each in ada.assignments(COURSE)] == [False]
    assert [row.student for row in frozen.staff().collection(COURSE, "tensor")] == ["ada"]


def test_an_upload_that_began_before_is_refused_when_it_would_be_stored(course: Live) -> None:
    ada = course.student("ada")
    service = course.service
    commit = service.blobs.put

    def freeze_meanwhile():
        course.semester().freeze(COURSE)
        return commit()

    service.blobs.put = freeze_meanwhile  # called after the declaration was admitted
    with pytest.raises(Refused, match="is over"):
        course.submit(ada)
    service.blobs.put = commit
    assert course.staff().all_submissions(COURSE) == []
    assert course.fsck().damage == []


def test_unfreezing_lets_the_course_go_on_and_both_are_in_the_audit_once(frozen: Live) -> None:
    semester = frozen.semester()
    assert semester.freeze(COURSE).frozen_by == "ida"
    semester.unfreeze(COURSE)
    semester.unfreeze(COURSE)
    assert frozen.submit(frozen.student("ada"), "again").receipt.attempt == 2
    verbs = [row.verb for row in semester.audit(COURSE)]
    assert (verbs.count("freeze"), verbs.count("unfreeze")) == (1, 1)


def test_students_and_tas_may_not_freeze(course: Live) -> None:
    with pytest.raises(Refused) as refused:
        course.student("ada").freeze(COURSE)
    assert refused.value.status == 403
    assert course.student("ada").course(COURSE).frozen is None
