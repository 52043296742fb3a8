"""A submission is stored completely or not at all, within the limits on time, attempts, names and sizes."""

import hashlib
from dataclasses import replace

import httpx
import pytest

from exchange.client.transfer import Outgoing
from exchange.protocol.bundle import MEDIA_TYPE, encode_manifest
from exchange.protocol.models import (
    AssignmentSettings,
    CourseSettings,
    Extension,
    FileInfo,
    Refused,
    Result,
    UploadLimits,
)
from exchange.service import fsck
from tests.exchange.live import COURSE, DUE, Live, later
from tests.harness.plain import PLAIN

NOTEBOOK = {"tensor.ipynb": "mine"}


def raw_submit(live: Live, token: str, body: bytes, key: str = "key-12345678", **headers: str) -> httpx.Response:
    """Send bytes as a submission, without the client's own checks."""
    url = f"{live.url}/api/v1/courses/{COURSE}/assignments/tensor/submissions"
    given = {"Authorization": f"token {token}", "Content-Type": MEDIA_TYPE, "Idempotency-Key": key, **headers}
    return httpx.post(url, content=body, headers=given, **PLAIN)


def test_receipt_names_what_was_sent(course: Live) -> None:
    """The receipt lists exactly the files that arrived, with the server's time and the token's student."""
    receipt = course.submit(course.student("ada"), "work").receipt
    digest = hashlib.sha256(b"work").hexdigest()
    assert receipt.files == [FileInfo("tensor.ipynb", 4, digest)]
    assert (receipt.student, receipt.attempt, receipt.late) == ("ada", 1, False)
    assert (receipt.received_at, receipt.due_at) == ("2026-11-19T12:00:00.000000Z", DUE)


def test_files_come_back_byte_for_byte(course: Live) -> None:
    """The downloaded files equal the submitted ones, including empty and binary files."""
    ada = course.student("ada")
    files = {"tensor.ipynb": b"\x00\xff" * 300_000, "data.csv": b""}
    receipt = ada.submit(COURSE, "tensor", course.outgoing(files)).receipt
    target = course.scratch / "back"
    ada.fetch_files(COURSE, receipt.submission, target)
    assert {p.name: p.read_bytes() for p in target.iterdir()} == files


def test_same_key_gives_the_same_receipt(course: Live) -> None:
    """An upload that is sent several times with one key is one submission."""
    ada = course.student("ada")
    first = course.submit(ada, key="same-key-1")
    assert [course.submit(ada, key="same-key-1") for _ in range(3)] == [first] * 3
    assert [s.id for s in ada.submissions(COURSE)] == [first.receipt.submission]


def test_same_key_with_other_files_is_refused(course: Live) -> None:
    """A key stands for one upload only."""
    ada = course.student("ada")
    course.submit(ada, "one", key="same-key-1")
    with pytest.raises(Refused, match="Idempotency-Key") as refused:
        course.submit(ada, "two", key="same-key-1")
    assert refused.value.status == 409


def test_keys_of_two_students_do_not_meet(course: Live) -> None:
    """Two students may use the same key without affecting each other."""
    a = course.submit(course.student("ada"), key="same-key-1").receipt
    b = course.submit(course.student("bob"), key="same-key-1").receipt
    assert (a.student, b.student, a.submission == b.submission) == ("ada", "bob", False)


@pytest.mark.parametrize(
    ("seconds", "lateness"), [(0, 0), (600, 0), (601, 601), (3600, 3600), (86400, 86400)], ids=lambda v: str(v)
)
def test_lateness(course: Live, seconds: int, lateness: int) -> None:
    """A submission is on time until due + grace; after that, lateness counts from the due time."""
    settings = AssignmentSettings(due_at=DUE, grace_seconds=600, late_seconds=86400)
    course.semester().put_assignment(COURSE, "tensor", settings)
    course.clock.at(DUE, seconds=seconds)
    receipt = course.submit(course.student("ada")).receipt
    assert (receipt.lateness_seconds, receipt.late) == (lateness, lateness > 0)


def test_closed_after_the_late_window(course: Live) -> None:
    """One microsecond after the late window a submission is refused, and the answer says when it closed."""
    settings = AssignmentSettings(due_at=DUE, grace_seconds=600, late_seconds=86400)
    course.semester().put_assignment(COURSE, "tensor", settings)
    course.clock.at(DUE, seconds=86400, microseconds=1)
    with pytest.raises(Refused, match="closed at 2026-11-21T12:00:00") as refused:
        course.submit(course.student("ada"))
    assert refused.value.status == 409


def test_extension_moves_one_student(course: Live) -> None:
    """An extension applies only to its student, and their receipt names it as the due date."""
    due = later(DUE, days=2)
    course.staff().put_extension(COURSE, "tensor", "ada", Extension(due_at=due, reason="ill"))
    course.clock.at(DUE, days=1)
    assert course.submit(course.student("ada")).receipt.due_at == due
    with pytest.raises(Refused, match="closed"):
        course.submit(course.student("bob"))


def test_attempts_are_counted(course: Live) -> None:
    """More attempts than allowed are refused; an extension can add some."""
    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, attempts=2))
    ada = course.student("ada")
    assert [course.submit(ada, str(i)).receipt.attempt for i in range(2)] == [1, 2]
    with pytest.raises(Refused, match="allows 2 attempt"):
        course.submit(ada, "3")
    course.staff().put_extension(COURSE, "tensor", "ada", Extension(extra_attempts=1))
    assert course.submit(ada, "4").receipt.attempt == 3


def test_repeated_upload_after_closing_still_gives_its_receipt(course: Live) -> None:
    """Retrying after the assignment has closed still returns the first receipt."""
    ada = course.student("ada")
    first = course.submit(ada, key="same-key-1")
    course.clock.at(DUE, days=30)
    assert course.submit(ada, key="same-key-1") == first


@pytest.mark.parametrize(
    ("counts", "expected"), [("last", 3), ("last_on_time", 2), ("best", 1)], ids=["last", "last_on_time", "best"]
)
def test_which_attempt_counts(course: Live, counts: str, expected: int) -> None:
    """`last`, `last_on_time` and `best` choose different ones of the same three attempts."""
    settings = AssignmentSettings(due_at=DUE, late_seconds=None, counts=counts)  # type: ignore[arg-type]
    course.semester().put_assignment(COURSE, "tensor", settings)
    ada, staff = course.student("ada"), course.staff()
    for number, (day, score) in enumerate(
        [("2026-11-19T13", 90.0), ("2026-11-19T14", 50.0), ("2026-11-25T12", 60.0)], 1
    ):
        course.clock.at(f"{day}:00:00Z")
        receipt = course.submit(ada, str(number)).receipt
        staff.put_result(COURSE, receipt.submission, Result("full", "passed", score=score, max_score=100))
    assert [(s.attempt, s.counts) for s in ada.submissions(COURSE)] == [(n, n == expected) for n in (1, 2, 3)]
    assert [s.attempt for s in staff.collection(COURSE, "tensor")] == [expected]


@pytest.mark.parametrize(
    "moved", [AssignmentSettings(due_at=later(DUE, hours=2)), Extension(due_at=later(DUE, hours=2), reason="ill")]
)
def test_lateness_is_by_the_schedule_that_holds_now_and_the_receipt_says_what_was(course: Live, moved) -> None:
    """An extension or a later due date makes a late submission count as on time everywhere but in its receipt."""
    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, late_seconds=86400))
    course.clock.at(DUE, minutes=80)
    ada, staff = course.student("ada"), course.staff()
    receipt = course.submit(ada).receipt
    before = ada.submission(COURSE, receipt.submission)
    assert (before.late, before.lateness_seconds, ada.assignment(COURSE, "tensor").late) == (True, 4800, True)
    if isinstance(moved, Extension):
        staff.put_extension(COURSE, "tensor", "ada", moved)
    else:
        course.semester().put_assignment(COURSE, "tensor", moved)
    found = [*ada.submissions(COURSE), *staff.collection(COURSE, "tensor"), ada.submission(COURSE, receipt.submission)]
    assert {(s.late, s.lateness_seconds, s.due_at) for s in found} == {(False, 0, moved.due_at)}
    assert not ada.assignment(COURSE, "tensor").late
    assert not staff.progress(COURSE)[0].assignments[0].late
    kept = ada.receipt(COURSE, receipt.submission).receipt
    assert (kept.late, kept.lateness_seconds, kept.due_at) == (True, 4800, DUE)


def test_which_attempt_is_the_last_on_time_is_by_the_schedule_that_holds_now(course: Live) -> None:
    """An extension makes a late attempt count; when it is revoked, the earlier one counts again."""
    settings = AssignmentSettings(due_at=DUE, late_seconds=86400, counts="last_on_time")
    course.semester().put_assignment(COURSE, "tensor", settings)
    ada, staff = course.student("ada"), course.staff()
    course.submit(ada, "on time")
    course.clock.at(DUE, minutes=80)
    course.submit(ada, "ill")

    def counting() -> list[int]:
        return [s.attempt for s in staff.collection(COURSE, "tensor")]

    assert counting() == [1]
    staff.put_extension(COURSE, "tensor", "ada", Extension(due_at=later(DUE, hours=2)))
    assert counting() == [s.attempt for s in ada.submissions(COURSE) if s.counts] == [2]
    staff.delete_extension(COURSE, "tensor", "ada")
    assert counting() == [1]


def test_a_quick_score_stays_beside_a_full_one_and_never_replaces_it(course: Live) -> None:
    """An attempt is graded 80; a later one with a better quick score counts until it is graded lower.

    Repeating a quick check after grading does not change the grade.
    """
    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, counts="best"))
    ada, staff = course.student("ada"), course.staff()

    def result(kind: str, submission: str, score: float) -> None:
        most = 27 if kind == "quick" else 100
        staff.put_result(COURSE, submission, Result(kind, "passed", score=score, max_score=most))  # type: ignore[arg-type]

    def counting() -> list[int]:
        return [s.attempt for s in staff.collection(COURSE, "tensor")]

    first, second = (course.submit(ada, text).receipt.submission for text in ("one", "two"))
    result("quick", first, 20)
    result("full", first, 80)
    assert counting() == [1]
    result("quick", second, 27)
    assert counting() == [2]
    result("full", second, 70)
    assert counting() == [1]
    result("quick", first, 20)
    kept = ada.submission(COURSE, first).result
    assert kept is not None
    assert (kept.kind, kept.score, counting()) == ("full", 80, [1])


DANGEROUS = [
    "../tensor.ipynb",
    "/etc/passwd",
    "a/../../b.ipynb",
    "a\\b.ipynb",
    "C:evil.ipynb",
    "./tensor.ipynb",
    "a//b.ipynb",
    ".hidden",
    "nbgrader_config.py",
    "jupyter_server_config.py",
    "NBGRADER_CONFIG.PY",
    "sitecustomize.py",
    "timestamp.txt",
    "receipt.json",
    "feedback/tensor.html",
    "bad\nname.ipynb",
    "nul\x00.ipynb",
    "right\u202eleft.ipynb",
    "cafe\u0301.ipynb",
    "a\u2215b/c.ipynb",
    "trailing.ipynb.",
    " space.ipynb",
    "x" * 300 + ".ipynb",
    "",
]


def test_dangerous_names_are_refused(course: Live) -> None:
    """Names that could leave their folder, run automatically or look like another name are refused."""
    token, taken = course.hub.student("ada", COURSE), {}
    for path in DANGEROUS:
        manifest = encode_manifest([FileInfo(path, 1, hashlib.sha256(b"x").hexdigest())])
        answer = raw_submit(course, token, manifest + b"x")
        if answer.status_code != 422 or set(answer.json()) != {"rule", "value", "remedy"}:
            taken[path] = answer.text
    assert taken == {}


def test_undeclared_files_are_refused(course: Live) -> None:
    """Only the release's names and declared patterns are accepted, and the answer lists them."""
    ada = course.student("ada")
    accepts = r"not part of the assignment, which accepts data\.csv, tensor\.ipynb: extra\.png; leave them out"
    with pytest.raises(Refused, match=accepts):
        ada.submit(COURSE, "tensor", course.outgoing({**NOTEBOOK, "extra.png": "x"}))
    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, files=["*.png"]))
    assert ada.submit(COURSE, "tensor", course.outgoing({**NOTEBOOK, "extra.png": "x"})).receipt.attempt == 1


def test_without_its_notebook_nothing_is_submitted(course: Live) -> None:
    """A data file without the notebook is refused."""
    with pytest.raises(Refused, match=r"the assignment's notebook, tensor\.ipynb, is not among the files: data\.csv"):
        course.student("ada").submit(COURSE, "tensor", course.outgoing({"data.csv": "x"}))


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        (UploadLimits(max_files=1), "at most 1 files"),
        (UploadLimits(max_file_bytes=3), "a file is larger than 3 bytes"),
        (UploadLimits(max_submission_bytes=4), "the files are larger than 4 bytes in all"),
        (UploadLimits(student_quota_bytes=4), "can store at most 4 bytes"),
    ],
    ids=["files", "file bytes", "submission bytes", "quota"],
)
def test_limits(course: Live, limits: UploadLimits, rule: str) -> None:
    """A submission above any limit of the course is refused with 413, and nothing is stored."""
    course.semester().put_course(COURSE, CourseSettings(limits=limits))
    with pytest.raises(Refused, match=rule) as refused:
        course.student("ada").submit(COURSE, "tensor", course.outgoing({**NOTEBOOK, "data.csv": "x"}))
    assert refused.value.status == 413
    check_nothing_is_stored(course)


def test_quota_counts_all_attempts(course: Live) -> None:
    """The quota covers everything that a student has stored in the course."""
    course.semester().put_course(COURSE, CourseSettings(limits=UploadLimits(student_quota_bytes=10)))
    ada = course.student("ada")
    course.submit(ada, "123456")
    with pytest.raises(Refused, match="with 4 left"):
        course.submit(ada, "12345")
    assert course.submit(ada, "1234").receipt.attempt == 2


def _manifest(*files: tuple[str, bytes]) -> bytes:
    return encode_manifest([FileInfo(p, len(c), hashlib.sha256(c).hexdigest()) for p, c in files])


GOOD = _manifest(("tensor.ipynb", b"12345"))
BROKEN = {
    "empty": (b"", 400),
    "no declaration": (b"12345", 400),
    "not JSON": (b"hello\n12345", 400),
    "JSON of another kind": (b"[1, 2]\n12345", 400),
    "deep JSON": (b"[" * 100_000 + b"\n", 400),
    "endless line": (b"x" * 300_000, 413),
    "cut short": (GOOD + b"1234", 400),
    "too long": (GOOD + b"123456", 400),
    "other content": (GOOD + b"54321", 409),
    "no file": (b'{"files": []}\n', 422),
    "negative size": (GOOD.replace(b'"size":5', b'"size":-5') + b"12345", 400),
    "size as text": (GOOD.replace(b'"size":5', b'"size":"5"') + b"12345", 400),
    "huge size": (GOOD.replace(b'"size":5', b'"size":99999999999999999999') + b"12345", 400),
    "wrong hash form": (GOOD.replace(b'"sha256":"', b'"sha256":"zz') + b"12345", 400),
    "twice the same": (_manifest(("tensor.ipynb", b"1"), ("tensor.ipynb", b"2")) + b"12", 422),
    "same but for capitals": (_manifest(("tensor.ipynb", b"1"), ("Tensor.ipynb", b"2")) + b"12", 422),
    "file as folder": (_manifest(("tensor.ipynb", b"1"), ("tensor.ipynb/x", b"2")) + b"12", 422),
}


def test_broken_uploads_leave_nothing(course: Live) -> None:
    """A malformed or incomplete upload gets the right status, and leaves no row, blob or partial file."""
    token = course.hub.student("ada", COURSE)
    statuses = {name: raw_submit(course, token, body).status_code for name, (body, _) in BROKEN.items()}
    assert statuses == {name: status for name, (_, status) in BROKEN.items()}
    check_nothing_is_stored(course)


def check_nothing_is_stored(course: Live) -> None:
    """Check that ada's refused uploads have left no row, blob or partial file."""
    assert course.student("ada").submissions(COURSE) == []
    assert list((course.settings.data / "incoming").iterdir()) == []
    report = fsck.check(course.service.database, course.service.blobs)
    assert (report.damage, report.orphans) == ([], [])


def test_upload_needs_its_media_type_and_key(course: Live) -> None:
    """A JSON post is refused, and so is a key that is too short: the key tells a retry from a new attempt."""
    token = course.hub.student("ada", COURSE)
    assert raw_submit(course, token, b"{}", **{"Content-Type": "application/json"}).status_code == 415
    assert raw_submit(course, token, GOOD + b"12345", key="short").status_code == 422


def test_file_that_changes_while_it_is_sent(course: Live) -> None:
    """If a file shrinks after it was hashed, the upload is refused and no submission is made."""
    outgoing = course.outgoing({"tensor.ipynb": "x" * 1000})
    outgoing.places[0].write_text("short")
    with pytest.raises(Refused, match=r"a file changed during the upload: tensor\.ipynb"):
        course.student("ada").submit(COURSE, "tensor", outgoing)
    wrong = Outgoing([replace(outgoing.files[0], size=5)], outgoing.places)
    with pytest.raises(Refused, match="a file differs from its declaration"):
        course.student("ada").submit(COURSE, "tensor", wrong)
    assert course.student("ada").submissions(COURSE) == []


def test_attempts_of_one_student_at_once(course: Live) -> None:
    """Twenty concurrent uploads get the numbers 1 to 20, each once."""
    from concurrent.futures import ThreadPoolExecutor

    ada = course.student("ada")
    uploads = [course.outgoing({"tensor.ipynb": str(i)}) for i in range(20)]
    with ThreadPoolExecutor(10) as pool:
        receipts = list(pool.map(lambda o: ada.submit(COURSE, "tensor", o).receipt, uploads))
    assert sorted(r.attempt for r in receipts) == list(range(1, 21))


def test_limited_attempts_hold_against_uploads_at_once(course: Live) -> None:
    """If two attempts are allowed, exactly two of ten concurrent uploads are accepted."""
    from concurrent.futures import ThreadPoolExecutor

    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, attempts=2))
    ada = course.student("ada")
    uploads = [course.outgoing({"tensor.ipynb": str(i)}) for i in range(10)]

    def attempt(outgoing: Outgoing) -> int:
        try:
            return ada.submit(COURSE, "tensor", outgoing).receipt.attempt
        except Refused as refused:
            return refused.status

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(attempt, uploads)) == [1, 2] + [409] * 8
    report = fsck.check(course.service.database, course.service.blobs)
    assert (report.damage, report.orphans) == ([], [])


def test_new_submissions_wake_a_poller(course: Live) -> None:
    """A long poll returns only the submission that arrives while it waits."""
    from concurrent.futures import ThreadPoolExecutor

    staff, ada = course.staff(), course.student("ada")
    first = course.submit(ada, "1").receipt
    seen = staff.submissions(COURSE)
    assert [s.id for s in seen] == [first.submission]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(staff.submissions, COURSE, after=seen[-1].seq, wait_seconds=20)
        second = course.submit(ada, "2").receipt
        assert [s.id for s in waiting.result(25)] == [second.submission]
