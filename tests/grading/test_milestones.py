"""A milestone runs in the sandbox with the submitted package, its own script and its own seed, within a budget that
the reference sets; a run that is stopped has no result.
"""

import dataclasses
from pathlib import Path

import pytest
from tito.checks.run import NotJudgedNow
from tito.curriculum import load_curriculum
from tito.curriculum.milestones import find_milestone, load_milestones
from tito.grading import milestone_figure
from tito.judge import milestones
from tito.judge.predecessors import reference_of
from tito.judge.sandbox.bubblewrap import Bubblewrap
from tito.source.export import export_module

from tests.grading.conftest import CHECKOUT

pytestmark = pytest.mark.service
CURRICULUM = load_curriculum(CHECKOUT / "course")
TENSOR = export_module(CURRICULUM.find("tensor")).text
TRIAL = """
from tinytorch import Tensor, viz

def run(seed):
    total = Tensor([float(seed)])
    for _ in range(20):
        total = total + Tensor([1.0])
    picture = viz.lines(None, {"total": [1.0, 2.0]}, "costs $5", xlabel="step")
    picture.figure.axes[0].set(xscale="log")
    return {"value": float(total.data[0]), "picture": picture}
"""


@pytest.fixture(scope="module")
def sandbox(worker_environment):
    return Bubblewrap(worker_environment, milestones.LIMITS)


@pytest.fixture
def trial(tmp_path: Path):
    """A milestone that needs module 01 alone and whose threshold is 27."""
    folder = tmp_path / "01_1999_trial"
    folder.mkdir()
    (folder / "trial.py").write_text(TRIAL)
    known = find_milestone("perceptron", CHECKOUT / "course")
    return dataclasses.replace(known, slug="trial", folder=folder, needs=("tensor",), threshold=27.0, seed=7)


def own(added: str = "") -> dict[str, str]:
    return {"tensor": f"{TENSOR}\n{added}\n"}


def test_the_value_what_it_took_and_the_figure_come_back_as_plain_data(trial, sandbox):
    found = milestones.measure(trial, own(), CURRICULUM, sandbox)
    assert (found.value, found.why, found.operations, found.steps) == (27.0, "", 20, 0)
    assert found.picture["lines"] == {"total": [1.0, 2.0]} and found.picture["title"] == "costs $5"


def test_what_is_run_is_the_package_that_was_handed_in(trial, sandbox):
    wrong = "_add = register_implementation('add', 'wrong', lambda a, b: a)\nuse_implementation('add', 'wrong')"
    assert milestones.measure(trial, own(wrong), CURRICULUM, sandbox).value == 7.0


@pytest.mark.parametrize(
    ("added", "why"),
    [
        ("raise ValueError('mine')", "mine"),
        ("def _no(a, b): raise ZeroDivisionError('by mine')\nregister_implementation('add', 'no', _no)\n"
         "use_implementation('add', 'no')", "by mine"),
        ("def _more(a, b):\n    for _ in range(9): neg(Tensor([1.0]))\n    return a + b\n"
         "register_implementation('add', 'more', _more)\nuse_implementation('add', 'more')",
         "60 operations, its budget"),
        ("def _nan(a, b): return a * float('nan')\nregister_implementation('add', 'nan', _nan)\n"
         "use_implementation('add', 'nan')", "no finite number"),
    ],
)  # fmt: skip
def test_errors_and_spent_budgets_are_results_with_a_reason(trial, sandbox, added, why):
    found = milestones.measure(trial, own(added), CURRICULUM, sandbox)
    assert found.value is None and why in found.why


def test_a_run_that_is_stopped_is_not_measured_and_costs_its_own_budget_only(trial, sandbox, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(milestones, "LEAST_STOP_SECONDS", 1.5)
        for added in ("while True: pass", "import time; time.sleep(1000)", "import os; os._exit(0)"):
            with pytest.raises(NotJudgedNow, match="not measured"):
                milestones.measure(trial, own(added), CURRICULUM, sandbox)
    assert milestones.measure(trial, own(), CURRICULUM, sandbox).value == 27.0, "the next one is as if nothing was"


def test_a_forged_answer_brings_nothing_but_bounded_plain_data(trial, sandbox):
    forge = (
        "import sys\n"
        "def _lie(*a, **o): return {'value': 27.0, 'operations': 'x', 'steps': -1,\n"
        "    'picture': {'kind': 'lines', 'title': 'a\\x1b[31m' + 'b' * 10_000, 'xlabel': 3, 'x': 'no',\n"
        "                'lines': {str(i): [float('inf')] * 600 for i in range(50)}}}\n"
        "sys.modules['notebook'].__dict__['measured'] = _lie\n"
    )
    found = milestones.measure(trial, own(forge), CURRICULUM, sandbox)
    assert len(found.picture["title"]) <= milestones.MOST_WORDS and "\x1b" not in found.picture["title"]
    assert len(found.picture["lines"]) == milestones.MOST_LINES
    assert all(row == [0.0] * milestones.MOST_POINTS for row in found.picture["lines"].values())


# What is appended to each script to make it short; the rest runs unchanged.
FEW = """
class Few(datasets.Digits):
    def arrays(self):
        return tuple(part[:128] for part in super().arrays())

datasets.Digits = Few
"""
SHORT = {
    "xor": "STEPS = 2",
    "mlp": FEW + "SETS = {False: (Few, 8, 0.02, 1)}",
    "cnn": FEW + "SETS = {False: (Few, 1, 0.01)}",
    "transformer": "REVERSING_STEPS, EXACT_ENOUGH, SAMPLE_LENGTH = 1, 0.0, 3\nrun.__defaults__ = (1,)",
    "mobile": FEW + "EPOCHS, TUNING, FEWER = 1, 1, (16,)",
}


def test_every_milestone_is_among_those_that_are_tried():
    assert {each.slug for each in load_milestones(CHECKOUT / "course")} == {"perceptron", *SHORT}


@pytest.mark.parametrize("slug", SHORT)
def test_every_script_runs_behind_walls_to_its_figure(slug, sandbox, tmp_path):
    milestone = find_milestone(slug, CHECKOUT / "course")
    folder = tmp_path / milestone.name
    folder.mkdir()
    (folder / f"{slug}.py").write_text(f"{milestone.script.read_text('utf-8')}\n{SHORT[slug]}\n")
    reference = reference_of([CURRICULUM.find(name) for name in milestone.needs])
    found = milestones.run_once(dataclasses.replace(milestone, folder=folder), reference, sandbox, {}, 120.0)
    assert found.why == "" and found.value is not None and found.steps > 0 and found.operations > 10
    assert milestone_figure.png(found.picture).startswith(b"\x89PNG")


def test_a_real_milestone_is_reached_by_the_reference(sandbox):
    perceptron = find_milestone("perceptron", CHECKOUT / "course")
    modules = {slug: export_module(CURRICULUM.find(slug)).text for slug in perceptron.needs}
    found = milestones.measure(perceptron, modules, CURRICULUM, sandbox)
    assert found.value >= perceptron.threshold and found.operations > 1000
    assert len(found.picture["lines"]["accuracy"]) == 10
