"""`tito fetch|submit|feedback`, `tito receipt`, `tito module unlock` against the real service."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tito.cli import main

from exchange.protocol.models import AssignmentSettings, Result
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, DUE, Live, free_port, in_thread, make_settings

pytestmark = pytest.mark.service
TINY = Path(__file__).resolve().parent.parent / "tiny_course"


@dataclass(frozen=True)
class Said:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def live(hub: FakeHub, tmp_path: Path) -> Iterator[Live]:
    """The service, with the first module of the tiny course released."""
    with in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        live.clock.at("2026-11-19T12:00:00Z")
        live.open_course(assignment="scale")
        yield live


@pytest.fixture
def home(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's home on a server of the Hub."""
    home = tmp_path / "home"
    (home / "tinytorch").mkdir(parents=True)
    monkeypatch.setenv("TITO_COURSE", str(shutil.copytree(TINY, tmp_path / "course")))
    monkeypatch.setenv("TINYTORCH_HOME", str(home / "tinytorch"))
    monkeypatch.setenv("EXCHANGE_URL", live.url)
    monkeypatch.setenv("EXCHANGE_COURSE", COURSE)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", live.hub.student("ada", COURSE))
    for name in ("COURSE_TOKEN", "EXCHANGE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def tito(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Return a function that runs a command as the console script does."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["tito", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run


def data(said: Said) -> dict:
    assert said.code == 0, said
    return json.loads(said.out)


def test_fetch_submit_feedback(live: Live, home: Path, tito: Callable[..., Said]) -> None:
    """A student fetches, submits and gets feedback with three commands."""
    assert data(tito("fetch", "scale", "--json"))["fetched"]["scale"]["written"] == ["data.csv", "scale.ipynb"]
    assert (home / "tinytorch" / ".releases" / "scale" / "scale.ipynb").is_file()
    (home / "scale" / "scale.ipynb").write_text("my work")
    (home / "scale" / "notes.txt").write_text("not for the course")
    done = data(tito("submit", "scale", "--json"))
    assert (done["attempt"], done["late"], done["left_out"]) == (1, False, ["notes.txt"])
    assert Path(done["receipt"]).is_file()
    assert "no feedback yet" in tito("feedback", "scale").out
    live.staff().put_feedback(COURSE, done["submission"], live.folder({"scale.html": "well done"}))
    pages = data(tito("feedback", "--json"))["feedback"]["scale"]
    assert [Path(page).read_text() for page in pages] == ["well done"]


def test_fetch_released_is_safe_to_repeat(live: Live, home: Path, tito: Callable[..., Said]) -> None:
    """Each server start runs this: it adds new modules, changes no existing file, and prints nothing."""
    assert tito("fetch", "--released", "--quiet") == Said(0, "", "")
    (home / "scale" / "scale.ipynb").write_text("my work")
    live.open_course(assignment="shift")
    assert tito("fetch", "--released", "--quiet") == Said(0, "", "")
    assert (home / "shift" / "shift.ipynb").is_file()
    assert (home / "scale" / "scale.ipynb").read_text() == "my work"
    assert "you already have it" in tito("fetch", "scale").out


def test_corrected_release_is_told(live: Live, home: Path, tito: Callable[..., Said]) -> None:
    """The student's notebook stays, and the message says which command takes the new version."""
    tito("fetch", "scale")
    (home / "scale" / "scale.ipynb").write_text("my work")
    live.staff().release(COURSE, "scale", live.folder({"scale.ipynb": "v2", "data.csv": "1"}), force=True)
    assert "tito module update scale" in tito("fetch", "scale").out
    assert (home / "scale" / "scale.ipynb").read_text() == "my work"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("fetch", "nothing"), 1, "scale"),
        (("fetch",), 2, "--released"),
        (("fetch", "shift"), 1, "not released"),
        (("submit", "scale"), 1, "tito fetch scale"),
        (("receipt", "show", "scale"), 1, "tito receipt list"),
        (("receipt", "verify", "absent.json"), 1, "absent.json"),
        (("module", "unlock", "scale"), 1, "no solution is available"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, tuple) else "",
)
def test_errors_say_what_to_do(tito: Callable[..., Said], arguments: tuple[str, ...], code: int, word: str) -> None:
    """An error gives a message with a remedy, no traceback, and the right exit code."""
    said = tito(*arguments)
    assert (said.code, "Traceback" in said.err) == (code, False)
    assert word in said.err


def test_without_a_hub(tito: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an exchange, as on a student's own computer, the message names the missing variable."""
    monkeypatch.delenv("EXCHANGE_COURSE")
    assert "EXCHANGE_COURSE" in tito("fetch", "--released").err


@pytest.fixture
def submitted(live: Live, home: Path, tito: Callable[..., Said]) -> dict:
    """A student's first submission."""
    tito("fetch", "scale")
    (home / "scale" / "scale.ipynb").write_text("my work")
    return data(tito("submit", "scale", "--json"))


def test_receipts_are_listed_and_shown(live: Live, home: Path, tito: Callable[..., Said], submitted: dict) -> None:
    """The list says which submission counts, `show` what the quick check found; a lost receipt is fetched again."""
    live.staff().put_result(COURSE, submitted["submission"], Result("quick", "passed", 3, 9, "3 checks"))
    Path(submitted["receipt"]).unlink()
    rows = data(tito("receipt", "list", "--json"))["receipts"]
    assert [(r["assignment"], r["attempt"], r["counts"]) for r in rows] == [("scale", 1, True)]
    assert Path(submitted["receipt"]).is_file()
    shown = tito("receipt", "show", "scale")
    assert "quick check passed, 3 of 9 points: 3 checks" in shown.out
    assert tito("receipt", "list", "--offline").out.count("scale") == 1


def test_receipt_is_verified_with_the_key_alone(
    live: Live, home: Path, tito: Callable[..., Said], submitted: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works without the exchange; a changed receipt and changed files are reported."""
    keys = home / "exchange.pub"
    keys.write_text(json.dumps([vars(key) for key in live.student("bob").keys()]))  # noqa: SIM118
    monkeypatch.delenv("EXCHANGE_URL")
    monkeypatch.delenv("EXCHANGE_COURSE")
    verify = ("receipt", "verify", submitted["receipt"], "--key", str(keys))
    assert "Valid: ada submitted scale" in tito(*verify).out
    assert tito(*verify, "--folder", str(home / "scale")).code == 0
    (home / "scale" / "scale.ipynb").write_text("changed")
    changed = tito(*verify, "--folder", str(home / "scale"))
    assert (changed.code, "changed since it was submitted" in changed.out) == (1, True)
    receipt = json.loads(Path(submitted["receipt"]).read_text())
    receipt["receipt"]["late"] = True
    (home / "forged.json").write_text(json.dumps(receipt))
    forged = tito("receipt", "verify", str(home / "forged.json"), "--key", str(keys))
    assert (forged.code, "NOT valid" in forged.err) == (1, True)


def test_keys_are_fetched_once_and_kept(
    live: Live, home: Path, tito: Callable[..., Said], submitted: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receipt can still be verified after the exchange has rotated its key, and while it can't be reached."""
    assert "Valid" in tito("receipt", "verify", "scale").out
    live.service.keyring.rotate(live.service.now())
    assert "Valid" in tito("receipt", "verify", "scale").out
    monkeypatch.setenv("EXCHANGE_URL", f"http://127.0.0.1:{free_port()}")
    assert "Valid" in tito("receipt", "verify", "scale").out


def test_unlock_after_the_deadline(live: Live, home: Path, tito: Callable[..., Said], submitted: dict) -> None:
    """The reference replaces the student's export, of which a copy is kept."""
    live.semester().put_solution(COURSE, "scale", live.folder({"core/scale.py": "answer = 42\n"}))
    mine = home / "tinytorch" / "core" / "scale.py"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine = 1\n")
    early = tito("module", "unlock", "scale")
    assert (early.code, "nobody can submit any more" in early.err, mine.read_text()) == (1, True, "mine = 1\n")
    live.clock.at(DUE, seconds=1)
    done = data(tito("module", "unlock", "scale", "--json"))
    assert (done["granted_by"], mine.read_text()) == ("time", "answer = 42\n")
    assert (home / "tinytorch" / ".tito" / "previous" / "scale.py").read_text() == "mine = 1\n"


def test_closing_needs_the_name(live: Live, home: Path, tito: Callable[..., Said], submitted: dict) -> None:
    """Without the right confirmation nothing happens; with it, the student can't submit any more."""
    live.semester().put_solution(COURSE, "scale", live.folder({"core/scale.py": "answer = 42\n"}))
    wrong = tito("module", "unlock", "scale", "--close", "--confirm", "shift")
    assert (wrong.code, "nothing was unlocked" in wrong.err) == (1, True)
    assert data(tito("submit", "scale", "--json"))["attempt"] == 2
    done = data(tito("module", "unlock", "scale", "--close", "--confirm", "scale", "--json"))
    assert done["granted_by"] == "student"
    assert "takes no more submissions" in tito("submit", "scale").err
    assert tito("module", "unlock", "scale").code == 0


def test_late_submission_says_how_late(live: Live, home: Path, tito: Callable[..., Said], submitted: dict) -> None:
    """The output says how late in words."""
    live.semester().put_assignment(COURSE, "scale", AssignmentSettings(due_at=DUE, late_seconds=None))
    live.clock.at(DUE, days=1, hours=2, minutes=3)
    assert "late by 1 d 2 h 3 min" in tito("submit", "scale").out


def test_a_question_is_asked_with_the_notebook_and_its_answer_is_read(
    live: Live, home: Path, tito: Callable[..., Said]
) -> None:
    (home / "scale").mkdir(exist_ok=True)
    notebook = home / "scale" / "scale.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    name = _first_exercise()
    assert "Your question was sent" in tito("ask", name, "--text", "Why?", "--notebook").out
    (asked,) = live.staff("grace").questions(COURSE, waiting=True)
    assert (asked.student, asked.exercise, [info.path for info in asked.notebook]) == ("ada", name, ["scale.ipynb"])
    live.staff("grace").answer(COURSE, asked.id, "Because.", for_all="Why is it so?")
    assert "Because." in tito("questions").out
    assert json.loads(tito("questions", "scale", "--json").out)[0]["seen_at"]
    assert "Why is it so?" in tito("questions", "scale", "--for-all").out


def test_a_notebook_goes_only_with_a_yes_and_without_large_outputs(
    live: Live, home: Path, tito: Callable[..., Said]
) -> None:
    notebook = home / "scale" / "scale.ipynb"
    name = _first_exercise()
    assert tito("ask", name, "--text", "Why?", "--notebook").code == 1, "there is none to attach"
    notebook.parent.mkdir(exist_ok=True)
    outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * 3_000_000}]
    cell = {"cell_type": "code", "metadata": {}, "source": "mine", "outputs": outputs, "execution_count": 1}
    notebook.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert tito("ask", name, "--text", "First", "--json").code == 0
    assert tito("ask", name, "--text", "Second", "--notebook").code == 0
    first, second = live.staff("grace").questions(COURSE)
    assert first.notebook == []
    assert second.notebook[0].size < 2_000_000
    assert tito("questions", "--take-back", first.id).code == 0
    assert [row.text for row in live.staff("grace").questions(COURSE)] == ["Second"]
    assert tito("ask", name, "--text", " ").code == 1


def _first_exercise() -> str:
    from tito.curriculum import load_curriculum

    return load_curriculum().find("scale").exercises[0].name
