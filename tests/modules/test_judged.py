"""In the judge, every written module's reference gets all points and its untouched release none."""

import pytest
from tito.source.release import release_notebook, staff_notebook

from tests.modules.judging import CURRICULUM, judge_text, points

pytestmark = pytest.mark.modules

every_module = pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)


@every_module
def test_the_reference_passes_every_check_with_any_seed(module, tmp_path):
    for seed in (0, 20261120):
        checks = judge_text(module, staff_notebook(module, CURRICULUM), tmp_path, seed=seed)
        assert [(check.title, check.why) for check in checks if not check.passed] == []
        assert points(checks) == sum(exercise.points for exercise in module.exercises) == 90


@every_module
def test_the_untouched_release_passes_none(module, tmp_path):
    checks = judge_text(module, release_notebook(module, CURRICULUM), tmp_path)
    assert [check.title for check in checks if check.passed] == []
    assert {check.why.partition(" is not solved yet")[0] for check in checks} <= {
        f"exercise '{exercise.name}'" for exercise in module.exercises
    }
