"""What tito's tests share: the course in miniature, a student's home, and the command line in this process."""

import json
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tito.atomic import write_atomically
from tito.cli import main
from tito.curriculum import Curriculum, load_curriculum
from tito.source.percent import read_percent
from tito.source.release import release_notebook
from tito.workspace import Workspace

TESTS = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-goldens", action="store_true", help="write the golden folders anew; review the diff")


@dataclass(frozen=True)
class Answer:
    """The result of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the course in miniature, which a test may damage; TITO_COURSE names it."""
    folder = tmp_path / "course"
    shutil.copytree(TESTS / "tiny_course", folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("TITO_COURSE", str(folder))
    return folder


@pytest.fixture
def curriculum(course: Path) -> Curriculum:
    return load_curriculum(course)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A student's empty home."""
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home" / "tinytorch"))
    monkeypatch.delenv("EXCHANGE_URL", raising=False)
    return Workspace.here()


@pytest.fixture
def tito(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run a command as the console script does."""

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["tito", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Answer(int(ended.value.code or 0), said.out, said.err)

    return run


@dataclass(frozen=True)
class Notebook:
    """A student's notebook file, which a test edits as a student would."""

    path: Path
    source: Path

    def read(self) -> dict:
        return json.loads(self.path.read_text(encoding="utf-8"))

    def write(self, data: dict) -> None:
        self.path.write_text(json.dumps(data), encoding="utf-8")

    def solve(self, *names: str) -> None:
        """Replace stubs by the reference's answers, in all exercises if none is named."""
        solutions = {cell.name: cell.source for cell in read_percent(self.source) if cell.nbgrader.get("solution")}
        for name in names or solutions:
            self.edit(name, lambda _, name=name: solutions[name])

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change the source of the cell with this grade_id."""
        data = self.read()
        cells = [cell for cell in data["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == name]
        assert len(cells) == 1, f"{self.path} has {len(cells)} cells named {name}"
        cells[0]["source"] = change("".join(cells[0]["source"]))
        self.write(data)


@pytest.fixture
def notebook_class() -> type[Notebook]:
    return Notebook


@pytest.fixture(scope="session")
def releases() -> dict[str, str]:
    """The releases of the course in miniature, made once."""
    curriculum = load_curriculum(TESTS / "tiny_course")
    return {module.slug: release_notebook(module, curriculum) for module in curriculum.written}


@pytest.fixture
def started(
    workspace: Workspace, curriculum: Curriculum, releases: dict[str, str], tito: Callable[..., Answer]
) -> Callable[[str], Notebook]:
    """Start a module of the course in miniature."""

    def start(slug: str) -> Notebook:
        write_atomically(workspace.release(slug), releases[slug])
        answer = tito("module", "start", slug, "--json")
        assert answer.code == 0, answer
        return Notebook(workspace.notebook(slug), curriculum.find(slug).source)

    return start


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
