"""Every written module runs as a script; in the judge its reference gets all points, its untouched release none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tito.checks.local import run_tests
from tito.curriculum import load_curriculum
from tito.source.release import release_notebook, staff_notebook
from tito.student.visible_tests import points_possible

from tests.modules.judging import judge_text, points

pytestmark = pytest.mark.modules

CURRICULUM = load_curriculum(Path(__file__).resolve().parents[2] / "course")
every_module = pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # more of them burn time while they wait
MOST_CPU_SECONDS = 60  # of a module run whole; longer waits are for milestones
MOST_MEMORY_BYTES = 1.5e9  # a student's server has 2 GB


@every_module
def test_the_source_runs_as_a_script_without_a_warning_in_bounded_time_and_memory(module, tmp_path):
    out, err = tmp_path / "out.txt", tmp_path / "err.txt"
    with out.open("w") as stdout, err.open("w") as stderr:
        command = [sys.executable, "-W", "error", str(module.source)]
        script = subprocess.Popen(command, cwd=tmp_path, stdout=stdout, stderr=stderr, env=os.environ | ONE_THREAD)
        try:
            _, status, used = os.wait4(script.pid, 0)  # what this process has used, not what runs beside it
        except BaseException:
            script.kill()
            script.wait()
            raise
    script.returncode = os.waitstatus_to_exitcode(status)
    assert (script.returncode, err.read_text()) == (0, "")
    for exercise in module.exercises:
        assert f"✅ {exercise.name}: " in out.read_text()
    assert used.ru_utime + used.ru_stime <= MOST_CPU_SECONDS
    assert 1024 * used.ru_maxrss <= MOST_MEMORY_BYTES


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


@every_module
def test_a_student_sees_about_a_third_of_the_points_in_tito_module_test(module, tmp_path):
    path = tmp_path / f"{module.slug}.ipynb"
    path.write_text(staff_notebook(module, CURRICULUM), encoding="utf-8")
    result = run_tests(path, module.slug, curriculum=CURRICULUM)
    assert result.passed
    assert 18 <= points_possible(result) == result.points <= 40
