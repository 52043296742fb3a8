"""Three exchanges with one interface: nbgrader's shared directory, ngshare, and ours.

An operation that an exchange does not offer raises `Unsupported`; a promise that needs it counts as broken.
"""

import contextlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from exchange.client.transfer import list_folder, pack
from exchange.protocol import scopes
from exchange.protocol.models import AssignmentSettings, CourseSettings, Extension, Refused
from tests.exchange import ngshare
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.exchange.people import Person

STUDENTS = ("ada", "bob")
MALLORY = b"written by Mallory"


class Unsupported(Exception):
    """The exchange does not offer this operation."""


@dataclass
class Scene:
    """A course on an exchange, with an instructor, two students and numbered assignments."""

    scratch: Path
    grace: Person
    ada: Person
    bob: Person
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    name = ""

    @property
    def people(self) -> tuple[Person, ...]:
        return self.grace, self.ada, self.bob

    def set_policy(self, assignment: str, **policy: Any) -> None:
        """Set due_at, late_seconds, release_at, counts."""
        raise Unsupported(f"{self.name} has no schedule")

    def extend(self, assignment: str, student: str, due_at: str) -> None:
        """Give a student more time."""
        raise Unsupported(f"{self.name} has no extensions")

    def read_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        """Read what `owner` submitted, using only the thief's rights; [] if that fails."""
        raise NotImplementedError

    def read_feedback_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        """Read the feedback of `owner`, using only the thief's rights; [] if that fails."""
        raise NotImplementedError

    def overwrite_as(self, thief: Person, assignment: str, owner: str) -> None:
        """Try to change the work of `owner` or to submit in their name, using only the thief's rights."""
        raise NotImplementedError

    def replace_release_as(self, thief: Person, assignment: str) -> None:
        """Try to change a release, using only a student's rights."""
        raise NotImplementedError

    def submit_twice_unknowingly(self, person: Person, assignment: str) -> None:
        """Submit, lose the answer, and retry as the client would."""
        raise NotImplementedError

    def proof(self, person: Person, assignment: str) -> bool:
        """Tell whether the student has proof of their submission that others can verify."""
        return False


@dataclass
class Shared(Scene):
    """nbgrader's own exchange: a directory that everyone can write to, under one uid, as in containers."""

    root: Path = Path()
    name = "default"

    def read_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        found = (self.root / COURSE / "inbound").glob(f"{owner}+{assignment}+*/*.ipynb")
        return [path.read_bytes() for path in found]

    def read_feedback_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        return [path.read_bytes() for path in (self.root / COURSE / "feedback").glob("*.html")]

    def overwrite_as(self, thief: Person, assignment: str, owner: str) -> None:
        for path in (self.root / COURSE / "inbound").glob(f"{owner}+{assignment}+*/*.ipynb"):
            path.chmod(0o644)
            path.write_bytes(MALLORY)

    def replace_release_as(self, thief: Person, assignment: str) -> None:
        for path in (self.root / COURSE / "outbound" / assignment).glob("*.ipynb"):
            path.chmod(0o644)
            path.write_bytes(MALLORY)

    def submit_twice_unknowingly(self, person: Person, assignment: str) -> None:
        raise Unsupported("a directory gives no answer that could be lost")


@contextlib.contextmanager
def shared(scratch: Path) -> Iterator[Shared]:
    """nbgrader's default exchange in a scratch folder."""
    root = scratch / "exchange"
    root.mkdir(parents=True)
    root.chmod(0o777)

    def person(name: str) -> Person:
        home = scratch / name
        config = _config(f"c.Exchange.root = {str(root)!r}\nc.Exchange.cache = {str(home / 'cache')!r}\n")
        return Person(name, home, {}, config, student_option=True)

    scene = Shared(scratch, *(person(n) for n in ("grace", *STUDENTS)), root=root)
    yield scene


def _config(text: str) -> str:
    return f"c = get_config()\nc.CourseDirectory.course_id = {COURSE!r}\n{text}"


@dataclass
class Ours(Scene):
    """This project's exchange."""

    live: Live = field(default=None)  # type: ignore[assignment]
    name = "ours"

    def set_policy(self, assignment: str, **policy: Any) -> None:
        known = self.live.semester().assignment_settings(COURSE, assignment) if self._exists(assignment) else None
        settings = replace(known or AssignmentSettings(title=assignment), **policy)
        self.live.semester().put_assignment(COURSE, assignment, settings)

    def _exists(self, assignment: str) -> bool:
        return assignment in [a.id for a in self.live.semester().assignments(COURSE)]

    def extend(self, assignment: str, student: str, due_at: str) -> None:
        self.live.staff().put_extension(COURSE, assignment, student, Extension(due_at=due_at))

    def _ids(self, assignment: str, owner: str) -> list[str]:
        return [s.id for s in self.live.staff().submissions(COURSE, assignment, owner)]

    def read_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        return self._steal(thief, assignment, owner, "fetch_files")

    def read_feedback_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        return self._steal(thief, assignment, owner, "fetch_feedback")

    def _steal(self, thief: Person, assignment: str, owner: str, method: str) -> list[bytes]:
        client, found = self._client(thief), []
        for submission in self._ids(assignment, owner):
            target = self.scratch / f"stolen-{submission}-{method}"
            with contextlib.suppress(Refused):
                getattr(client, method)(COURSE, submission, target)
                found += [path.read_bytes() for path in target.glob("*")]
        return found

    def _client(self, person: Person):
        return self.live.client(person.environment["JUPYTERHUB_API_TOKEN"])

    def overwrite_as(self, thief: Person, assignment: str, owner: str) -> None:
        forged = {**thief.environment, "JUPYTERHUB_USER": owner}
        _forger(self, thief, forged, assignment)

    def replace_release_as(self, thief: Person, assignment: str) -> None:
        folder = self.live.folder({f"{assignment}.ipynb": MALLORY})
        with contextlib.suppress(Refused):
            self._client(thief).release(COURSE, assignment, folder, force=True)

    def submit_twice_unknowingly(self, person: Person, assignment: str) -> None:
        folder = person.home / assignment
        outgoing = pack(folder, [p for p in list_folder(folder) if p.endswith(".ipynb")])
        for _ in range(2):
            self._client(person).submit(COURSE, assignment, outgoing, key=f"one-{assignment}-upload")

    def proof(self, person: Person, assignment: str) -> bool:
        import base64

        from exchange.client.receipts import ReceiptFolder
        from exchange.protocol.receipt import verify

        folder = ReceiptFolder(person.home / "tinytorch" / ".receipts")
        mine = [signed for _, signed in folder.saved() if signed.receipt.assignment == assignment]
        keys = {key.key_id: base64.b64decode(key.public_key) for key in self._client(person).keys()}  # noqa: SIM118
        for signed in mine:
            verify(signed, keys[signed.receipt.key_id])
        return bool(mine)


def _forger(scene: Scene, thief: Person, environment: dict[str, str], assignment: str) -> None:
    """Run `nbgrader submit` with the thief's token and another student's name."""
    home = scene.scratch / f"forger-{assignment}"
    forger = Person(environment["JUPYTERHUB_USER"], home, environment, thief.config, thief.python)
    (home / assignment).mkdir(parents=True)
    (home / assignment / f"{assignment}.ipynb").write_bytes(MALLORY)
    try:
        forger.run("submit", assignment)
    finally:
        forger.close()


@contextlib.contextmanager
def ours(scratch: Path) -> Iterator[Ours]:
    """Our exchange with the tests' Hub."""
    scratch.mkdir(parents=True, exist_ok=True)
    with FakeHub() as hub, in_thread(hub, make_settings(scratch / "data", hub), scratch) as live:
        live.semester().put_course(COURSE, CourseSettings(title="Tiny"))

        def person(name: str, token: str) -> Person:
            home = scratch / name
            environment = {"EXCHANGE_URL": live.url, "JUPYTERHUB_API_TOKEN": token, "EXCHANGE_COURSE": COURSE}
            environment |= {"TINYTORCH_HOME": str(home / "tinytorch")}
            text = "from exchange.nbgrader_plugin import configure\nconfigure(c)\n"
            return Person(name, home, environment, _config(text))

        students = [person(name, hub.student(name, COURSE)) for name in STUDENTS]
        yield Ours(scratch, person("grace", hub.staff("grace", COURSE)), *students, live=live)


@dataclass
class Ngshare(Scene):
    """ngshare 0.6.0 with its nbgrader plugin."""

    url: str = ""
    name = "ngshare"

    def _ask(self, person: Person, method: str, path: str, data: dict[str, str] | None = None) -> dict[str, Any]:
        return ask_ngshare(self.url, person.environment["JUPYTERHUB_API_TOKEN"], method, path, data)

    def read_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        answer = self._ask(thief, "GET", f"submission/{COURSE}/{assignment}/{owner}")
        return [file["content"].encode() for file in answer.get("files", [])]

    def read_feedback_as(self, thief: Person, assignment: str, owner: str) -> list[bytes]:
        listed = self._ask(self.grace, "GET", f"submissions/{COURSE}/{assignment}/{owner}").get("submissions", [])
        found = []
        for submission in listed:
            time = urllib.request.quote(submission["timestamp"])
            answer = self._ask(thief, "GET", f"feedback/{COURSE}/{assignment}/{owner}?timestamp={time}")
            found += [file["content"].encode() for file in answer.get("files", [])]
        return found

    def overwrite_as(self, thief: Person, assignment: str, owner: str) -> None:
        _forger(self, thief, {**thief.environment, "JUPYTERHUB_USER": owner}, assignment)

    def replace_release_as(self, thief: Person, assignment: str) -> None:
        self._ask(thief, "DELETE", f"assignment/{COURSE}/{assignment}")
        self._ask(thief, "POST", f"assignment/{COURSE}/{assignment}", {"files": "[]"})

    def submit_twice_unknowingly(self, person: Person, assignment: str) -> None:
        for _ in range(2):  # its client cannot mark a retry, so a retry looks like a new attempt
            person.run("submit", assignment)


def ask_ngshare(url: str, token: str, method: str, path: str, data: dict[str, str] | None = None) -> dict[str, Any]:
    """Send one request to ngshare."""
    body = urllib.parse.urlencode(data).encode() if data else None
    request = urllib.request.Request(url + path, body, {"Authorization": f"token {token}"}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return {"success": False, "status": error.code}


@contextlib.contextmanager
def with_ngshare(scratch: Path) -> Iterator[Ngshare]:
    """ngshare in its own environment, with the same kind of Hub."""
    with FakeHub() as hub, ngshare.running(hub, scratch / "ngshare", admin="operator") as url:
        operator = hub.token("operator", scope=[scopes.ACCESS])
        made = [ask_ngshare(url, operator, "POST", f"course/{COURSE}", {"instructors": '["grace"]'})]
        names = {"first_name": "A", "last_name": "Student", "email": "student@example.org"}
        for name in STUDENTS:
            made.append(ask_ngshare(url, operator, "POST", f"student/{COURSE}/{name}", names))
        assert all(answer["success"] for answer in made), made

        def person(name: str) -> Person:
            environment = {"JUPYTERHUB_API_TOKEN": hub.token(name, scope=[scopes.ACCESS])}
            text = f"from ngshare_exchange import configureExchange\nconfigureExchange(c, {url.rstrip('/')!r})\n"
            return Person(name, scratch / name, environment, _config(text), str(ngshare.python()))

        yield Ngshare(scratch, *(person(n) for n in ("grace", *STUDENTS)), url=url)


EXCHANGES = {"default": shared, "ngshare": with_ngshare, "ours": ours}


@contextlib.contextmanager
def scene_of(name: str, scratch: Path) -> Iterator[Scene]:
    """Set up a course on one exchange, and end everyone's session afterwards."""
    os.makedirs(scratch, exist_ok=True)  # noqa: PTH103
    with EXCHANGES[name](scratch) as scene:
        try:
            yield scene
        finally:
            for person in scene.people:
                person.close()
