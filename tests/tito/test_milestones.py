"""`tito milestone`: it measures thresholds with the student's own package, in a new process, within a time budget."""

import importlib
import os
import re
import runpy
import select
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tito.curriculum import load_curriculum
from tito.curriculum.milestones import load_milestones, read_milestone
from tito.errors import FindingsError
from tito.source.export import export_all
from tito.staff.package import build_student

from tinytorch import manual_seed

pytestmark = pytest.mark.modules

ROOT = Path(__file__).resolve().parents[2]
NAMES = [folder.name for folder in sorted((ROOT / "course" / "milestones").glob("*_*"))]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    core = tmp_path_factory.mktemp("reference") / "core"
    export_all(ROOT / "course", core)
    return core


@pytest.fixture
def completed(reference: Path, workspace):
    """A home in which all modules are complete."""
    shutil.copytree(reference, workspace.core)
    return workspace


@pytest.fixture
def own_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The real modules with one milestone, whose script a test writes."""
    course = tmp_path / "course"
    for part in ("modules", "semesters"):
        shutil.copytree(ROOT / "course" / part, course / part, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("TITO_COURSE", str(course))

    def write(script: str, **facts) -> None:
        folder = course / "milestones" / "01_1999_trial"
        folder.mkdir(parents=True)
        settings = {"title": "Trial", "summary": "A trial.", "needs": "[tensor]", "metric": "m", "threshold": 0.5}
        settings |= {"seed": 7, "time_budget_seconds": 60, "points": 0} | facts
        (folder / "milestone.yaml").write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
        (folder / "trial.py").write_text(script)

    return write


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_reaches_it_and_result_and_figure_are_kept(completed, tito, name):
    milestone = next(each for each in load_milestones() if each.name == name)
    answer = tito("milestone", "run", milestone.slug, "--json")
    result = answer.json
    assert (answer.code, result["reached"], result["why"]) == (0, True, "")
    assert milestone.threshold <= result["value"] <= 1
    assert result["seconds"] < milestone.time_budget_seconds
    assert Path(result["picture"]).parent == completed.memory / "milestones"
    assert Path(result["picture"]).read_bytes().startswith(b"\x89PNG")
    assert (Path(result["film"]).suffix == ".gif") if milestone.slug == "xor" else result["film"] == ""
    kept = next(row for row in tito("milestone", "status", "--json").json if row["milestone"] == name)["result"]
    assert kept == result | {"first_reached": result["when"]}
    assert re.search(rf"^{name} +reached ", tito("milestone", "status").out, re.MULTILINE)


def test_the_same_seed_gives_the_same_value_to_the_last_bit(completed, tito):
    values = [tito("milestone", "run", "perceptron", "--json").json["value"] for _ in range(2)]
    assert values[0] == values[1]


# A fault in a student's module, and the milestone that it makes fail.
FAULTS = {
    "perceptron": ("layers", "def linear(x, weight, bias=None):\n    return x.sum(dim=1, keepdim=True) - 20.0"),
    "xor": ("activations", "def tanh(x):\n    return x"),
    "mlp": ("optimizers", "Optimizer.step = lambda self: None"),
    "cnn": ("spatial", "rule('conv2d')(lambda *call, **options: (None, None))"),
    "transformer": (
        "transformers",
        "def transformer_block(x, norm1, attention, norm2, mlp):\n    return x + mlp(norm2(x))",
    ),
    "mobile": ("compression", "def drop_units(first, second, keep):\n    return first, second"),
}


@pytest.mark.parametrize("slug", FAULTS)
def test_a_framework_with_a_fault_does_not_reach_it(completed, tito, slug):
    module, fault = FAULTS[slug]
    with (completed.core / f"{module}.py").open("a") as file:
        file.write(f"\n\n{fault}\n")
    answer = tito("milestone", "run", slug, "--json")
    assert (answer.code, answer.json["reached"]) == (1, False)
    assert answer.json["value"] < answer.json["threshold"]
    assert "not reached" in tito("milestone", "status").out


def test_missing_modules_are_named_with_the_command_and_nothing_is_kept(workspace, reference, tito):
    workspace.core.mkdir(parents=True)
    for slug in ("tensor", "activations"):
        shutil.copy(reference / f"{slug}.py", workspace.core)
    answer = tito("milestone", "run", "xor")
    assert answer.code == 1
    assert "03_layers: tito module complete layers" in answer.err
    assert "01_tensor" not in answer.err
    assert not (workspace.memory / "milestones").exists()
    listed = {row["slug"]: row["missing"] for row in tito("milestone", "list", "--json").json}
    assert listed["perceptron"] == ["layers"]
    assert "still needs: layers" in tito("milestone", "list").out


def test_an_unknown_milestone_lists_the_known_ones(workspace, tito):
    assert "there is no milestone 'gpt'. Available: perceptron, xor, mlp, cnn" in tito("milestone", "run", "gpt").err


def test_the_time_budget_ends_it_and_whatever_it_started(completed, own_course, tito, tmp_path):
    note = tmp_path / "pid"
    script = f"""
import subprocess, sys
def run(seed):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    open({str(note)!r}, "w").write(str(child.pid))
    while True:
        pass
"""
    own_course(script, time_budget_seconds=20)
    answer = tito("milestone", "run", "trial", "--json")
    assert (answer.code, answer.json["value"]) == (1, None)
    assert answer.json["why"] == "it did not finish within its time budget of 20 seconds"
    assert has_ended(int(note.read_text()), within_seconds=60)


def has_ended(pid: int, within_seconds: float) -> bool:
    """Wait until a process has ended: a killed one may still need a moment to end."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    readable, _, _ = select.select([process], [], [], within_seconds)
    os.close(process)
    return bool(readable)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("def run(seed):\n    raise ValueError('a shape is wrong')", "ValueError: a shape is wrong (/"),
        ("import sys\ndef run(seed):\n    sys.exit(0)", "it ended without a result (exit code 0)"),
        (
            "from tinytorch import viz\ndef run(seed):\n"
            "    return {'value': float('nan'), 'picture': viz.lines(None, {'a': [1, 2]})}",
            "it returned no finite number",
        ),
    ],
    ids=["raises", "exits", "not a number"],
)
def test_what_went_wrong_is_the_answer(completed, own_course, tito, script, why):
    own_course(script)
    answer = tito("milestone", "run", "trial", "--json")
    assert (answer.code, answer.json["reached"], answer.json["value"]) == (1, False, None)
    assert answer.json["why"].startswith(why)


def test_a_later_failure_does_not_take_back_that_it_was_reached(completed, own_course, tito):
    own_course(
        "import pathlib\nfrom tinytorch import viz\n"
        "def run(seed):\n"
        "    mark = pathlib.Path(__file__).with_name('ran')\n"
        "    value = 0.0 if mark.exists() else 1.0\n"
        "    mark.touch()\n"
        "    return {'value': value, 'picture': viz.lines(None, {'a': [1, 2]})}\n"
    )
    first, second = (tito("milestone", "run", "trial", "--json").json for _ in range(2))
    assert [first["reached"], second["reached"]] == [True, False]
    kept = tito("milestone", "status", "--json").json[0]["result"]
    assert (kept["first_reached"], kept["value"]) == (first["when"], 0.0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("threshold: 0.99", "threshold: high", "threshold is missing or of the wrong type: 'high'"),
        ("seed: 1969\n", "", "seed is missing"),
        ("points: 5", "points: 5\ncolour: red", "unknown key 'colour'. Known: title,"),
    ],
)
def test_a_mistake_in_milestone_yaml_names_file_and_key(tmp_path, old, new, says):
    folder = tmp_path / "02_1969_xor"
    shutil.copytree(ROOT / "course" / "milestones" / "02_1969_xor", folder)
    path = folder / "milestone.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(FindingsError, match=r"milestone\.yaml") as told:
        read_milestone(folder)
    assert says in str(told.value)


def test_needs_are_modules_of_the_course_and_a_semester_knows_the_names():
    curriculum = load_curriculum(ROOT / "course")
    for milestone in load_milestones():
        needed = [curriculum.find(slug) for slug in milestone.needs]
        assert [module.slug for module in needed] == list(milestone.needs)
        assert {other.slug for module in needed for other in curriculum.before(module)} <= set(milestone.needs)
    assert [each.name for each in load_milestones()] == NAMES
    assert [each.slug for each in load_milestones()][:4] == ["perceptron", "xor", "mlp", "cnn"]


def test_the_student_wheel_lists_them(tmp_path):
    wheel = build_student(ROOT / "course", tmp_path, ["foundation"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "TINYTORCH_HOME": str(tmp_path / "home")}
    environment.pop("TITO_COURSE", None)
    code = "import sys; sys.argv = ['tito', 'milestone', 'list']; from tito.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    years = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert years == [name.split("_")[1] for name in NAMES]
    assert years[:4] == ["1958", "1969", "1986", "1998"]


def test_photographs_are_computed_fast_and_mirrored_by_chance_while_digits_stay_with_one_s_own(capsys):
    cnn = runpy.run_path(str(ROOT / "course" / "milestones" / "04_1998_cnn" / "cnn.py"))
    importlib.import_module("tinytorch.core.spatial")
    in_use = importlib.import_module("tinytorch.core.tensor").IN_USE
    names = {}
    for full in (False, True):
        with cnn["fastest"](full):
            names[full] = in_use["conv2d"]
    assert names == {False: "default", True: "fast"} and in_use["conv2d"] == "default"
    assert capsys.readouterr().out == "computed with tinytorch.fast\n"
    images = np.arange(2 * 3 * 2 * 4, dtype="float32").reshape(2, 3, 2, 4)
    data = cnn["Mirrored"](images, np.array([0, 1]))
    manual_seed(0)
    seen = {tuple(data.take([0, 1])[0].data[..., 0, 0, 0].tolist()) for _ in range(40)}
    assert seen == {(0.0, 24.0), (3.0, 24.0), (0.0, 27.0), (3.0, 27.0)}
    assert data.take([0, 1])[0].data.sum() == images.sum() and data.tensors[0].data.tolist() == images.tolist()
