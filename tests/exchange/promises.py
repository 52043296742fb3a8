"""What an nbgrader exchange should promise; each promise is a function that fails if the promise is broken.

Each function runs nbgrader's own commands as the people concerned, on a separate assignment.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbformat import v4
from nbgrader.utils import parse_utc

from exchange.protocol.models import utc_text
from tests.exchange.exchanges import Scene, Unsupported
from tests.exchange.people import Outcome, Person

PROMISES: dict[str, Callable[[Scene], None]] = {}
RELEASED = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def promise(text: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Name a promise."""

    def add(check: Callable[[Scene], None]) -> Callable[[Scene], None]:
        PROMISES[text] = check
        return check

    return add


def new(scene: Scene, release: bool = True) -> str:
    """Write a new assignment's release folder, and release it."""
    name = f"a{next(scene.numbers):02d}"
    for step in ("source", "release"):
        folder = scene.grace.home / step / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_bytes(RELEASED)
        (folder / "data.csv").write_bytes(b"1,2\n")
    scene.grace.must("db", "assignment", "add", name)
    if release:
        scene.grace.must("release_assignment", name)
    return name


def work(person: Person, name: str, text: str) -> Path:
    """Fetch if necessary, and write some text into the notebook."""
    path = person.home / name / f"{name}.ipynb"
    if not path.exists():
        person.must("fetch_assignment", name)
    path.write_text(text)
    return path


def submit(person: Person, name: str, text: str | None = None, **options: float) -> Outcome:
    """Write the text, or a default one, and submit."""
    work(person, name, text or f"work of {person.name}")
    return person.must(*person.student("submit", name), **options)


def collected(scene: Scene, student: str, name: str) -> Path:
    """Return the folder of a collected submission."""
    return scene.grace.home / "submitted" / student / name


def notebook(folder: Path) -> str:
    """Read the notebook in a folder."""
    return (folder / f"{folder.name}.ipynb").read_text()


def timestamp(folder: Path) -> datetime:
    """Read when a collected submission was made, as nbgrader does."""
    return parse_utc((folder / "timestamp.txt").read_text().strip())


def listed(person: Person, *options: str) -> str:
    """Run `nbgrader list` and return its log."""
    return person.must("list", *options).log


@promise("a release is listed and fetched byte for byte")
def release_and_fetch(scene: Scene) -> None:
    name = new(scene)
    assert name in listed(scene.ada)
    scene.ada.must("fetch_assignment", name)
    files = {p.name: p.read_bytes() for p in (scene.ada.home / name).iterdir() if p.is_file()}
    assert files == {f"{name}.ipynb": RELEASED, "data.csv": b"1,2\n"}


@promise("a fetch never overwrites a student's work")
def fetch_keeps(scene: Scene) -> None:
    name = new(scene)
    path = work(scene.ada, name, "hours of work")
    again = scene.ada.run("fetch_assignment", name)
    assert (again.code != 0, path.read_text()) == (True, "hours of work")


@promise("missing files can be fetched again, and only those")
def fetch_missing(scene: Scene) -> None:
    name = new(scene)
    path = work(scene.ada, name, "hours of work")
    (path.parent / "data.csv").unlink()
    scene.ada.must("fetch_assignment", name, "--ExchangeFetchAssignment.replace_missing_files=True")
    assert (path.read_text(), (path.parent / "data.csv").read_bytes()) == ("hours of work", b"1,2\n")


@promise("a release is replaced by --force only, and then whole")
def release_force(scene: Scene) -> None:
    name = new(scene)
    (scene.grace.home / "release" / name / f"{name}.ipynb").write_text("corrected")
    assert scene.grace.run("release_assignment", name).code != 0
    scene.grace.must("release_assignment", name, "--force")
    scene.ada.must("fetch_assignment", name)
    assert notebook(scene.ada.home / name) == "corrected"


@promise("`nbgrader list --remove` withdraws a release")
def withdraw(scene: Scene) -> None:
    name = new(scene)
    scene.grace.must("list", "--remove", f"--assignment={name}")
    assert name not in listed(scene.ada)


@promise("submissions are listed for the student and for the instructor")
def list_submissions(scene: Scene) -> None:
    name = new(scene)
    submit(scene.ada, name)
    assert f"ada {name}" in listed(scene.ada, "--cached")
    inbound = listed(scene.grace, "--inbound")
    assert f"ada {name}" in inbound
    assert f"bob {name}" not in inbound


@promise("collecting gives what was submitted, with its time")
def collect(scene: Scene) -> None:
    name = new(scene)
    submit(scene.ada, name)
    submit(scene.bob, name)
    scene.grace.must("collect", name)
    assert [notebook(collected(scene, s, name)) for s in ("ada", "bob")] == ["work of ada", "work of bob"]
    assert abs((timestamp(collected(scene, "ada", name)) - _now()).total_seconds()) < 120


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@promise("collecting again takes newer work with --update only")
def collect_update(scene: Scene) -> None:
    name = new(scene)
    submit(scene.ada, name, "first")
    scene.grace.must("collect", name)
    submit(scene.ada, name, "second")
    scene.grace.must("collect", name)
    kept = notebook(collected(scene, "ada", name))
    scene.grace.must("collect", name, "--update")
    assert (kept, notebook(collected(scene, "ada", name))) == ("first", "second")


@promise("--strict refuses a submission without a released notebook")
def strict(scene: Scene) -> None:
    name = new(scene)
    work(scene.ada, name, "x").rename(scene.ada.home / name / "renamed.ipynb")
    assert scene.ada.run(*scene.ada.student("submit", name), "--strict").code != 0
    assert f"ada {name}" not in listed(scene.grace, "--inbound")


@promise("feedback reaches its student, and newer feedback shows as newer")
def feedback(scene: Scene) -> None:
    name = new(scene)
    for person in (scene.ada, scene.bob):
        submit(person, name)
    scene.grace.must("collect", name)
    for text in ("first", "second"):
        for person in (scene.ada, scene.bob):
            _write_feedback(scene, person.name, name, f"{text} for {person.name}")
        scene.grace.must("release_feedback", name)
        if text == "second":
            assert "ready to be fetched" in _line(listed(scene.ada, "--cached"), name)
        scene.ada.must("fetch_feedback", name)
        pages = [p.read_text() for p in (scene.ada.home / name / "feedback").rglob("*.html")]
        assert pages == [f"{text} for ada"]
    assert "already fetched" in _line(listed(scene.ada, "--cached"), name)


def _write_feedback(scene: Scene, student: str, name: str, text: str) -> None:
    """Do what `nbgrader generate_feedback` does: write a page next to the collected files."""
    folder = scene.grace.home / "feedback" / student / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in collected(scene, student, name).glob("*"):
        if path.suffix != ".ipynb":
            (folder / path.name).write_bytes(path.read_bytes())
    (folder / f"{name}.html").write_text(text)


def _line(log: str, name: str) -> str:
    return next(line for line in log.splitlines() if f" {name} " in line)


@promise("the whole way of an assignment: generate, grade, feedback")
def whole_way(scene: Scene) -> None:
    name = f"w{next(scene.numbers):02d}"
    folder = scene.grace.home / "source" / name
    folder.mkdir(parents=True)
    (folder / f"{name}.ipynb").write_text(_source())
    scene.grace.must("generate_assignment", name, "--create")
    scene.grace.must("release_assignment", name)
    scene.ada.must("fetch_assignment", name)
    path = scene.ada.home / name / f"{name}.ipynb"
    path.write_text(path.read_text().replace("raise NotImplementedError()", "return 42"))
    scene.ada.must(*scene.ada.student("submit", name))
    scene.grace.must("collect", name)
    scene.grace.must("autograde", name, "--create")
    scene.grace.must("generate_feedback", name)
    scene.grace.must("release_feedback", name)
    scene.ada.must("fetch_feedback", name)
    pages = [p.read_text() for p in (scene.ada.home / name / "feedback").rglob("*.html")]
    assert ["Score: 3.0 / 3.0" in page for page in pages] == [True]


def _source() -> str:
    import nbformat

    def cell(text: str, **metadata: object) -> object:
        flags = {"schema_version": 3, "solution": False, "grade": False, "locked": False, "task": False, **metadata}
        return v4.new_code_cell(text, metadata={"nbgrader": flags})

    answer = cell("def f():\n    ### BEGIN SOLUTION\n    return 42\n    ### END SOLUTION", grade_id="f", solution=True)
    test = cell("assert f() == 42", grade_id="test_f", grade=True, locked=True, points=3)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.writes(v4.new_notebook(cells=[answer, test], metadata=kernel))


@promise("JupyterLab's Assignment List fetches, submits and shows feedback")
def assignment_list(scene: Scene) -> None:
    if scene.ada.student_option:
        raise Unsupported("with one uid for all the list submits as nobody in particular")
    name = new(scene)

    def row(status: str) -> dict:
        rows = scene.ada.assignment_list("list_assignments")["value"]
        return next(r for r in rows if r["assignment_id"] == name and r["status"] == status)

    assert [n["notebook_id"] for n in row("released")["notebooks"]] == [name]
    assert scene.ada.assignment_list("fetch_assignment", _course(row("released")), name)["success"]
    assert row("fetched")["path"] == name
    (scene.ada.home / name / f"{name}.ipynb").write_text("from the list")
    assert scene.ada.assignment_list("submit_assignment", _course(row("fetched")), name)["success"]
    assert len(row("submitted")["submissions"]) == 1
    scene.grace.must("collect", name)
    assert notebook(collected(scene, "ada", name)) == "from the list"
    _write_feedback(scene, "ada", name, "well done")
    scene.grace.must("release_feedback", name)
    assert row("submitted")["submissions"][0]["has_exchange_feedback"] is True
    assert scene.ada.assignment_list("fetch_feedback", _course(row("fetched")), name)["success"]
    local = scene.ada.home / row("submitted")["submissions"][0]["local_feedback_path"]
    assert [p.read_text() for p in local.glob("*.html")] == ["well done"]


def _course(row: dict) -> str:
    return row["course_id"]


@promise("a student reads nobody else's submission")
def private_submission(scene: Scene) -> None:
    name = new(scene)
    submit(scene.bob, name, "Bob's idea")
    assert scene.read_as(scene.ada, name, "bob") == []


@promise("a student reads nobody else's feedback")
def private_feedback(scene: Scene) -> None:
    name = new(scene)
    submit(scene.bob, name)
    scene.grace.must("collect", name)
    _write_feedback(scene, "bob", name, "for Bob alone")
    scene.grace.must("release_feedback", name)
    assert scene.read_feedback_as(scene.ada, name, "bob") == []


@promise("a student neither changes nor makes a submission of another")
def no_forgery(scene: Scene) -> None:
    name = new(scene)
    submit(scene.bob, name, "Bob's work")
    scene.overwrite_as(scene.ada, name, "bob")
    scene.grace.must("collect", name)
    assert notebook(collected(scene, "bob", name)) == "Bob's work"


@promise("a student changes no release")
def release_is_safe(scene: Scene) -> None:
    name = new(scene)
    scene.replace_release_as(scene.ada, name)
    scene.bob.must("fetch_assignment", name)
    assert notebook(scene.bob.home / name).encode() == RELEASED


@promise("links in a student's folder are not followed")
def links(scene: Scene) -> None:
    name = new(scene)
    secret = scene.scratch / f"secret-{name}"
    secret.write_text("another's secret")
    work(scene.ada, name, "x")
    data = scene.ada.home / name / "data.csv"
    data.unlink()
    data.symlink_to(secret)
    scene.ada.run(*scene.ada.student("submit", name))
    scene.grace.run("collect", name)
    found = [p for p in collected(scene, "ada", name).rglob("*") if p.is_file()]
    assert [p.name for p in found if p.is_symlink() or "secret" in p.read_text()] == []


@promise("only declared files reach the grader, and no configuration")
def declared_only(scene: Scene) -> None:
    name = new(scene)
    folder = work(scene.ada, name, "x").parent
    (folder / "nbgrader_config.py").write_text("raise SystemExit('run in the grader')")
    (folder / "numpy.py").write_text("shadows the real one")
    scene.ada.run(*scene.ada.student("submit", name))
    scene.grace.run("collect", name)
    names = {p.name for p in collected(scene, "ada", name).glob("*.py")}
    assert names == set()


@promise("the server's clock decides, not the student's")
def server_time(scene: Scene) -> None:
    name = new(scene)
    submit(scene.ada, name, ahead_seconds=-5 * 86400)
    scene.grace.must("collect", name)
    assert abs((timestamp(collected(scene, "ada", name)) - _now()).total_seconds()) < 3600


@promise("a release is not visible before its time")
def release_time(scene: Scene) -> None:
    name = new(scene, release=False)
    scene.set_policy(name, release_at=_in(days=1))
    scene.grace.must("release_assignment", name)
    assert name not in listed(scene.ada)
    assert scene.ada.run("fetch_assignment", name).code != 0


def _in(**delta: float) -> str:
    return utc_text(datetime.now(UTC) + timedelta(**delta))


@promise("nothing is accepted after an assignment has closed")
def closing(scene: Scene) -> None:
    name = new(scene)
    scene.set_policy(name, due_at=_in(hours=-1), late_seconds=0)
    work(scene.ada, name, "too late")
    outcome = scene.ada.run(*scene.ada.student("submit", name))
    assert outcome.code != 0
    assert "NOT arrived" in outcome.log


@promise("a late fix does not replace work done on time, if so decided")
def late_fix(scene: Scene) -> None:
    name = new(scene)
    scene.set_policy(name, due_at=_in(hours=1), late_seconds=86400, counts="last_on_time")
    submit(scene.ada, name, "on time")
    scene.set_policy(name, due_at=_in())  # between the two: lateness follows the current schedule
    submit(scene.ada, name, "late")
    scene.grace.must("collect", name)
    assert notebook(collected(scene, "ada", name)) == "on time"


@promise("nbgrader's lateness heeds grace and extensions")
def lateness(scene: Scene) -> None:
    name = new(scene)
    scene.set_policy(name, due_at=_in(hours=-2), late_seconds=86400)
    scene.extend(name, "ada", _in(hours=1))
    submit(scene.ada, name)
    submit(scene.bob, name)
    scene.grace.must("collect", name)
    due = _due(scene, name)
    late = {s: (timestamp(collected(scene, s, name)) - due).total_seconds() for s in ("ada", "bob")}
    assert (late["ada"] <= 0, 7200 <= late["bob"] < 7500) == (True, True)
    scene.extend(name, "bob", _in(hours=1))  # granted after the work was submitted and collected
    for _ in range(2):
        scene.grace.must("collect", name)
        assert timestamp(collected(scene, "bob", name)) <= due
    assert notebook(collected(scene, "bob", name)) == "work of bob"


def _due(scene: Scene, name: str) -> datetime:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{scene.grace.home / 'gradebook.db'}") as gradebook:
        due = gradebook.find_assignment(name).duedate
    assert due is not None
    return due


@promise("a retry after a lost answer is one submission")
def retry(scene: Scene) -> None:
    name = new(scene)
    work(scene.ada, name, "once")
    scene.submit_twice_unknowingly(scene.ada, name)
    assert listed(scene.grace, "--inbound").count(f"ada {name} ") == 1


@promise("a student holds a proof that others can verify")
def proof(scene: Scene) -> None:
    name = new(scene)
    submit(scene.ada, name)
    assert scene.proof(scene.ada, name)


@promise("no submission is ever removed by a command")
def evidence(scene: Scene) -> None:
    name = new(scene)
    submit(scene.ada, name)
    scene.grace.run("list", "--inbound", "--remove", f"--assignment={name}")
    assert f"ada {name}" in listed(scene.grace, "--inbound")


@promise("feedback without its submission harms nobody else's")
def feedback_alone(scene: Scene) -> None:
    name = new(scene)
    submit(scene.bob, name)
    scene.grace.must("collect", name)
    # Folders are read in any order: among so many without a submission, Bob's is hardly ever the first.
    for number in range(20):
        folder = scene.grace.home / "feedback" / f"ghost{number}" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.html").write_text("made by hand, without a submission")
    _write_feedback(scene, "bob", name, "for Bob")
    outcome = scene.grace.run("release_feedback", name)
    scene.bob.must("fetch_feedback", name)
    assert [p.read_text() for p in (scene.bob.home / name / "feedback").rglob("*.html")] == ["for Bob"]
    assert (outcome.code != 0, "ghost0" in outcome.log) == (True, True)
