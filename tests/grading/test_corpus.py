"""The corpus: no hostile submission gains points it did not earn or escapes; every honest one is judged fairly."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tito.checks.link import Budget
from tito.judge.submission import judge_submission

from exchange.protocol.verdicts import ModuleResult
from tests.grading.conftest import COURSE, SECRET, Canaries
from tests.grading.corpus.honest import HONEST
from tests.grading.corpus.hostile import HOSTILE, TIME
from tests.grading.corpus.submission import SLUG, Case

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("worker_environment")]
SHORT = Budget(request_seconds=2.0, check_seconds=5.0, total_seconds=60.0)
SHORTEST = replace(SHORT, request_seconds=1.0)  # code that never ends costs this much in each check
# On a busy machine an honest answer may need this long; code that hangs costs as much in each check that calls it.
FAIR = Budget(request_seconds=6.0, check_seconds=20.0, total_seconds=200.0)
REFERENCE_WORDS = ("SECRET-boxes-words", "HIDDEN_CANARY", "only the judge knows")


def judge(
    case: Case, release: str, canaries: Canaries, folder: Path, *, seed: int = 7, budget: Budget = FAIR
) -> ModuleResult:
    case.draft(release, canaries.places).write(folder / SLUG)
    return judge_submission(folder / SLUG, SLUG, course=COURSE, seed=seed, budget=budget)


@pytest.mark.security
@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_a_hostile_submission_gets_nothing(case: Case, release: str, canaries: Canaries, tmp_path: Path, others):
    verdict = judge(case, release, canaries, tmp_path, budget=SHORTEST if case in TIME else SHORT)
    assert verdict.points <= case.points, [e for e in verdict.exercises if e.points]
    assert bool(verdict.refused) == case.refused, verdict.refused
    assert case.says in verdict.refused
    canaries.assert_alive()
    said = json.dumps(verdict.to_json(), ensure_ascii=False)
    assert SECRET not in said
    assert "root:x:0:0" not in said
    for_student = json.dumps(verdict.for_student().to_json(), ensure_ascii=False)
    assert not [words for words in REFERENCE_WORDS if words in for_student]
    assert "\x1b" not in said
    assert _children() <= others


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_an_honest_submission_gets_its_due(case: Case, release: str, canaries: Canaries, tmp_path: Path):
    verdict = judge(case, release, canaries, tmp_path)
    assert bool(verdict.refused) == case.refused, verdict.refused
    failed = [(c.title, c.kind, c.why) for e in verdict.exercises for c in e.checks if not c.passed]
    assert verdict.points == case.points, (failed, verdict.notes)
    told = verdict.refused + "\n".join(f"{note.cell}: {note.text}" for note in verdict.notes)
    assert case.says in told


def test_the_same_seed_gives_the_same_verdict(release: str, canaries: Canaries, tmp_path: Path):
    case = next(case for case in HONEST if case.name == "one exercise half right")
    first = judge(case, release, canaries, tmp_path / "first", seed=11)
    again = judge(case, release, canaries, tmp_path / "again", seed=11)
    other = judge(case, release, canaries, tmp_path / "other", seed=12)
    assert replace(first, seconds=0) == replace(again, seconds=0)
    assert first.exercise("descend").checks != () and first.points == other.points


def _children() -> set[str]:
    """Name the processes that this process has started and that are still running."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found.update((task / "children").read_text().split())
    return {pid for pid in found if not _is_gone(pid)}


@pytest.fixture
def others() -> set[str]:
    """Processes that tests of other files have started in this process and still use."""
    return _children()


def _is_gone(pid: str) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    return ("bwrap" not in status and "python" not in status) or os.getpid() == int(pid)
