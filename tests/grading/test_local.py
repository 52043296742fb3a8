"""`tito module test` and the judge agree: students see the same results of the visible checks as the judge finds."""

import os
from pathlib import Path

import pytest
from tito.checks.link import Budget
from tito.checks.local import run_tests, start_plain_worker
from tito.judge.predecessors import reference_predecessors
from tito.judge.submission import judge_submission

from exchange.protocol.verdicts import ModuleResult
from tests.grading.conftest import COURSE
from tests.grading.corpus.honest import CELLS, CODE, PARTS
from tests.grading.corpus.submission import SLUG, Case

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("worker_environment")]
FAIR = Budget(request_seconds=6.0, check_seconds=20.0, total_seconds=100.0)
# Every third case: test_corpus judges all of them in full.
EACH_THIRD = [case for case in (*CELLS, *CODE, *PARTS) if "memory" not in case.name][::3]
# A package that the worker lacks may be installed here, so only the judge reports such an import.
CASES = [case for case in EACH_THIRD if "import that works" not in case.name]


@pytest.fixture
def home(tmp_path: Path, curriculum, monkeypatch) -> Path:
    """A student's home whose earlier modules are the reference's."""
    monkeypatch.setenv("TINYTORCH_HOME", str(reference_predecessors(curriculum.find(SLUG), curriculum).folder()))
    return tmp_path


def checks(result: ModuleResult) -> list[tuple]:
    return [(e.name, c.title, c.passed, c.kind, c.called, c.got) for e in result.exercises for c in e.checks]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_local_run_and_judge_agree(case: Case, home: Path, release: str, curriculum):
    case.draft(release, {}).write(home / SLUG)
    local = run_tests(home / SLUG / f"{SLUG}.ipynb", SLUG, seed=4, budget=FAIR, curriculum=curriculum)
    graded = judge_submission(
        home / SLUG, SLUG, course=COURSE, seed=4, mode="reference", visible_only=True, budget=FAIR
    )
    assert checks(local) == checks(graded)
    assert (local.points, local.max_points) == (graded.points, graded.max_points)
    assert [note.cell for note in local.notes] == [note.cell for note in graded.notes]


def test_a_release_without_hidden_tests_is_enough(home: Path, release: str, curriculum, monkeypatch):
    """On a student's server the plan is read from the untouched release."""
    place = home / "tinytorch"
    (place / ".releases" / SLUG).mkdir(parents=True)
    (place / ".releases" / SLUG / f"{SLUG}.ipynb").write_text(release)
    (place / "core").symlink_to(Path(os.environ["TINYTORCH_HOME"]) / "core")
    monkeypatch.setenv("TINYTORCH_HOME", str(place))
    case = next(case for case in CODE if case.name == "a lambda")
    case.draft(release, {}).write(home / SLUG)
    result = run_tests(home / SLUG / f"{SLUG}.ipynb", SLUG, curriculum=curriculum)
    assert (result.points, result.max_points, result.passed) == (25, 25, True)


def test_processes_that_student_code_starts_end_with_the_run():
    worker = start_plain_worker()
    from tito.checks.link import Link

    source = "import subprocess\nchild = subprocess.Popen(['sleep', '1000']).pid\n"
    with Link(lambda: worker, lambda link: link.request("cell", "c", source, ""), Budget()) as link:
        child = link.request("names", ["child"])["child"]
        assert Path(f"/proc/{child}").exists()
    status = Path(f"/proc/{child}/status")
    for _ in range(1000):
        if not status.exists() or "zombie" in status.read_text():
            break
        os.sched_yield()
    else:
        pytest.fail(f"process {child} is still alive")
