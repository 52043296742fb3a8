"""For each mistake that a release warns of, a visible check fails, so students notice it before the due date."""

from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.staff.auditing.bench import bench_of
from tito.staff.auditing.exercise import unseen

pytestmark = pytest.mark.modules

COURSE = Path(__file__).resolve().parents[2] / "course"


@pytest.mark.parametrize("module", load_curriculum(COURSE).written, ids=lambda module: module.slug)
def test_declared_mistakes_lose_a_visible_check(module):
    declared = [exercise.name for exercise in module.exercises if exercise.mistakes]
    bench = bench_of(COURSE, module.slug) if declared else None
    assert [problem for name in declared for problem in unseen(bench, name)] == []
