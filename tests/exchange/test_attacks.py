"""Every attack by Mallory, a student, with their own token, forged names or other people's ids fails, and is recorded
in the audit.

Ada is another student of the course; Bob takes another course; Grace teaches. Mallory also has the token of Grace's
notebook kernel, because kernels run code in notebooks that an instructor only opened.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import select

from exchange.protocol import scopes
from exchange.protocol.bundle import MEDIA_TYPE, encode_manifest
from exchange.protocol.models import AssignmentSettings, CourseSettings, FileInfo
from exchange.service.audit import REFUSALS_PER_MINUTE, RefusalLimit
from exchange.service.tables import audit
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.harness.plain import PLAIN

pytestmark = [pytest.mark.service, pytest.mark.security]
OTHER = "other-2026"
REFUSALS = (401, 403, 404)


def bundle(**files: bytes) -> bytes:
    infos = [FileInfo(n.replace("_", "."), len(c), hashlib.sha256(c).hexdigest()) for n, c in files.items()]
    return encode_manifest(infos) + b"".join(files.values())


@dataclass
class Scene:
    """A course with work in it, and the attackers' tokens."""

    live: Live
    ada_submission: str
    tokens: dict[str, str]

    def ask(self, attack: "Attack") -> httpx.Response:
        path = attack.path.format(ada=self.ada_submission)
        headers = dict(attack.headers)
        if attack.who:
            headers["Authorization"] = f"token {self.tokens[attack.who]}"
        content: bytes | None = None
        if isinstance(attack.body, bytes):
            headers |= {"Content-Type": MEDIA_TYPE, "Idempotency-Key": "attack-12345"}
            content = attack.body
        elif attack.body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(attack.body).encode()
        url = f"{self.live.url}/{'' if path.startswith('metrics') else 'api/v1/'}{path}"
        return httpx.request(attack.method, url, content=content, headers=headers, **PLAIN)


@dataclass(frozen=True)
class Attack:
    """One attempt: what Mallory wants, with whose token, and how."""

    aim: str
    who: str
    method: str
    path: str
    body: object = None
    headers: tuple[tuple[str, str], ...] = ()


NB = bundle(tensor_ipynb=b"stolen")
ONE, SUB = f"courses/{COURSE}/assignments/tensor", f"courses/{COURSE}/submissions/{{ada}}"
FAR = f"courses/{OTHER}/assignments/secret"
SETTINGS, EXTENSION = {"due_at": None}, {"due_at": "2030-01-01T00:00:00Z"}
RESULT = {"kind": "full", "status": "passed", "score": 100.0}

ATTACKS = [
    # Ada's data
    Attack("show Ada's submission", "mallory", "GET", SUB),
    Attack("download Ada's files", "mallory", "GET", SUB + "/files"),
    Attack("read Ada's receipt", "mallory", "GET", SUB + "/receipt"),
    Attack("read Ada's feedback", "mallory", "GET", SUB + "/feedback"),
    Attack("list Ada's submissions", "mallory", "GET", f"courses/{COURSE}/submissions?student=ada"),
    Attack("list Ada's events", "mallory", "GET", f"courses/{COURSE}/events?student=ada"),
    Attack("Ada's files under another course", "mallory", "GET", f"courses/{OTHER}/submissions/{{ada}}/files"),
    Attack("Ada's files from another course", "bob", "GET", SUB + "/files"),
    Attack("guess a submission's id", "mallory", "GET", f"courses/{COURSE}/submissions/{'0' * 32}"),
    Attack("everybody's collection", "mallory", "GET", ONE + "/collection"),
    Attack("everybody's progress", "mallory", "GET", f"courses/{COURSE}/progress"),
    # Grades and feedback
    Attack("give herself a result", "mallory", "PUT", SUB + "/result", RESULT),
    Attack("plant feedback", "mallory", "PUT", SUB + "/feedback", bundle(tensor_html=b"<script>")),
    # Time
    Attack("extend herself", "mallory", "PUT", ONE + "/extensions/mallory", EXTENSION),
    Attack("revoke Ada's extension", "mallory", "DELETE", ONE + "/extensions/ada"),
    Attack("list extensions", "mallory", "GET", ONE + "/extensions"),
    Attack("move the due date", "mallory", "PUT", ONE, SETTINGS),
    Attack("read the unpublished settings", "mallory", "GET", ONE + "/settings"),
    # Releases
    Attack("replace the release", "mallory", "PUT", ONE + "/release?force=true", NB),
    Attack("withdraw the release", "mallory", "DELETE", ONE + "/release"),
    Attack("release something new", "mallory", "PUT", f"courses/{COURSE}/assignments/mine/release", NB),
    Attack("plant a solution", "mallory", "PUT", ONE + "/solution", NB),
    Attack("read the solution", "mallory", "GET", ONE + "/solution"),
    Attack("see next week's module", "mallory", "GET", f"courses/{COURSE}/assignments/autograd"),
    Attack("fetch next week's module", "mallory", "GET", f"courses/{COURSE}/assignments/autograd/release"),
    Attack("its solution", "mallory", "GET", f"courses/{COURSE}/assignments/autograd/solution"),
    Attack("submit to it", "mallory", "POST", f"courses/{COURSE}/assignments/autograd/submissions", NB),
    Attack("unlock it", "mallory", "POST", f"courses/{COURSE}/assignments/autograd/unlock", {"close": True}),
    # Other courses
    Attack("show another course", "mallory", "GET", f"courses/{OTHER}"),
    Attack("list another course", "mallory", "GET", f"courses/{OTHER}/assignments"),
    Attack("fetch another course's release", "mallory", "GET", FAR + "/release"),
    Attack("submit in another course", "mallory", "POST", FAR + "/submissions", NB),
    Attack("unlock in another course", "mallory", "POST", FAR + "/unlock", {}),
    Attack(
        "report in another course",
        "mallory",
        "POST",
        f"courses/{OTHER}/events",
        {"kind": "tested", "assignment": "secret"},
    ),
    Attack("another course's events", "mallory", "GET", f"courses/{OTHER}/events"),
    Attack("teach here, collect there", "grace", "GET", FAR + "/collection"),
    Attack("teach here, extend there", "grace", "PUT", FAR + "/extensions/bob", EXTENSION),
    Attack("teach here, release there", "grace", "PUT", FAR + "/release?force=true", NB),
    # Operators' routes
    Attack("configure the course", "mallory", "PUT", f"courses/{COURSE}", {"title": "Mallory's"}),
    Attack("make a course", "mallory", "PUT", "courses/mallory-2026", {"title": "Mallory's"}),
    Attack("instructors make no courses", "grace", "PUT", "courses/grace-2026", {"title": "Grace's"}),
    Attack("read the audit", "mallory", "GET", f"courses/{COURSE}/audit"),
    Attack("read the metrics", "mallory", "GET", "metrics"),
    # An instructor's notebook kernel
    Attack("kernel: release", "kernel", "PUT", ONE + "/release?force=true", NB),
    Attack("kernel: withdraw", "kernel", "DELETE", ONE + "/release"),
    Attack("kernel: collect", "kernel", "GET", ONE + "/collection"),
    Attack("kernel: download", "kernel", "GET", SUB + "/files"),
    Attack("kernel: result", "kernel", "PUT", SUB + "/result", RESULT),
    Attack("kernel: extend", "kernel", "PUT", ONE + "/extensions/mallory", EXTENSION),
    Attack("kernel: progress", "kernel", "GET", f"courses/{COURSE}/progress"),
    Attack("kernel: solution", "kernel", "GET", ONE + "/solution"),
    Attack("kernel: submit as staff", "kernel", "POST", ONE + "/submissions", NB),
    # Forged names and rights
    Attack("name Ada in a header", "mallory", "GET", SUB, headers=(("Exchange-Actor", "ada"),)),
    Attack("proxy headers", "mallory", "GET", SUB, headers=(("X-Forwarded-User", "ada"), ("X-Remote-User", "ada"))),
    Attack("a scope in a header", "mallory", "GET", ONE + "/collection", headers=(("X-Scopes", scopes.COLLECT),)),
    Attack("a group of a like name", "lookalike", "GET", f"courses/{COURSE}"),
    Attack("a scope without the group", "scopeonly", "GET", ONE + "/collection"),
    Attack("the group without a scope", "kernel", "PUT", SUB + "/feedback", bundle(tensor_html=b"x")),
    Attack("a token without access", "noaccess", "GET", f"courses/{COURSE}"),
    Attack("access to another service", "elsewhere", "GET", f"courses/{COURSE}"),
    Attack("a user who calls herself a service", "fakeservice", "GET", f"courses/{COURSE}"),
    Attack("no token", "", "GET", f"courses/{COURSE}"),
    Attack("an invented token", "invented", "GET", f"courses/{COURSE}"),
    Attack("another scheme", "", "GET", f"courses/{COURSE}", headers=(("Authorization", "Basic YWRhOmFkYQ=="),)),
    Attack("a token in the address", "", "GET", f"courses/{COURSE}?token=x"),
    Attack("climb out of the prefix", "", "GET", f"courses/%2e%2e/%2e%2e/{OTHER}"),
    Attack("another name by encoding", "mallory", "GET", f"courses/{COURSE}/submissions?student=%61da"),
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One service for all attacks: each must leave it unchanged."""
    folder = tmp_path_factory.mktemp("attacks")
    with FakeHub() as hub, in_thread(hub, make_settings(folder / "data", hub), folder) as live:
        yield _scene(hub, live)


def _scene(hub: FakeHub, live: Live) -> Scene:
    live.clock.at("2026-11-19T12:00:00Z")
    live.open_course()
    semester = live.semester()
    semester.put_course(OTHER, CourseSettings(title="Other"))
    semester.release(OTHER, "secret", live.folder({"secret.ipynb": "secret"}))
    semester.put_assignment(COURSE, "autograd", AssignmentSettings(release_at="2026-11-30T00:00:00Z"))
    semester.release(COURSE, "autograd", live.folder({"autograd.ipynb": "next week's"}))
    for assignment in ("tensor", "autograd"):
        semester.put_solution(COURSE, assignment, live.folder({f"core/{assignment}.py": "answer = 42"}))
    ada = live.student("ada")
    receipt = live.submit(ada, "Ada's work").receipt
    semester.put_feedback(COURSE, receipt.submission, live.folder({"tensor.html": "Ada's feedback"}))
    access, group = [scopes.ACCESS], scopes.student_group(COURSE)
    tokens = {
        "mallory": hub.student("mallory", COURSE),
        "bob": hub.student("bob", OTHER),
        "grace": hub.staff("grace", COURSE),
        "kernel": hub.kernel("grace", COURSE),
        "lookalike": hub.token("mallory", groups=[f"nbgrader-{COURSE}-x", COURSE, f"xnbgrader-{COURSE}"], scope=access),
        "scopeonly": hub.token("mallory", groups=[group], scope=[*access, scopes.COLLECT]),
        "noaccess": hub.token("mallory", groups=[group], scope=["access:servers!user=mallory", "self"]),
        "elsewhere": hub.token("mallory", groups=[group], scope=["access:services!service=exchange-2"]),
        "fakeservice": hub.token("exchange", groups=["service"], scope=access),
        "invented": "0" * 32,
    }
    return Scene(live, receipt.submission, tokens)


def _state(scene: Scene) -> object:
    semester = scene.live.semester()
    courses = [plain_course.id for plain_course in semester.courses()]
    assignments = {c: semester.assignments(c) for c in courses}
    return courses, assignments, semester.submissions(COURSE), semester.extensions(COURSE, "tensor")


def _audited(scene: Scene) -> list[tuple[str, str, int]]:
    with scene.live.service.database.read() as connection:
        rows = connection.execute(select(audit.c.actor, audit.c.verb, audit.c.status).order_by(audit.c.seq))
        return [(r.actor, r.verb, r.status) for r in rows]


def test_there_are_at_least_forty_attacks() -> None:
    """Each attack has a different name."""
    assert len({a.aim for a in ATTACKS}) == len(ATTACKS) >= 40


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.aim)
def test_attack_fails(scene: Scene, attack: Attack) -> None:
    """The answer is 401, 403 or 404 with a reason, nothing leaks or changes, and the audit records who tried what."""
    before, rows = _state(scene), len(_audited(scene))
    answer = scene.ask(attack)
    assert answer.status_code in REFUSALS, f"{answer.status_code}: {answer.text}"
    assert set(answer.json()) == {"rule", "value", "remedy"}
    assert all(word not in answer.text for word in ("Ada's", "answer = 42", "next week", "stolen"))
    assert _state(scene) == before
    actor, verb, status = _audited(scene)[rows:][-1]
    path = attack.path.format(ada=scene.ada_submission).partition("?")[0]
    assert (verb.startswith(f"{attack.method} "), status) == (True, answer.status_code)
    assert path.rsplit("/", 1)[-1] in verb or "%2e" in path
    known = attack.who and attack.who != "invented"
    assert actor == (scene.live.hub.models[scene.tokens[attack.who]]["name"] if known else "")


def test_mallory_sees_only_her_own(scene: Scene) -> None:
    """Mallory's lists show nothing that belongs to anyone else."""
    mallory = scene.live.client(scene.tokens["mallory"])
    assert [c.id for c in mallory.courses()] == [COURSE]
    assert [a.id for a in mallory.assignments(COURSE)] == ["tensor"]
    assert (mallory.submissions(COURSE), mallory.events(COURSE)) == ([], [])


def test_course_that_is_not_there_looks_like_one_that_is_not_hers(scene: Scene) -> None:
    """The answers are the same, so nobody can find out which courses exist."""

    def said(course: str) -> tuple[int, str]:
        answer = scene.ask(Attack("", "mallory", "GET", f"courses/{course}"))
        return answer.status_code, answer.text.replace(course, "COURSE")

    assert said(OTHER) == said("nothing-2026")


def test_flood_of_refusals_does_not_fill_the_audit() -> None:
    """At most a fixed number of refusals per caller and minute are stored."""
    limit = RefusalLimit()
    # The minute may change once during the test.
    assert sum(limit.allows("mallory") for _ in range(3 * REFUSALS_PER_MINUTE)) <= 2 * REFUSALS_PER_MINUTE
    assert limit.allows("ada")
