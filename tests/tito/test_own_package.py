"""`tito package export|import`: a student's own framework at home with numpy alone, and in next semester's home.

An imported file may be hostile; modules of this semester, and modules that were worked on, are never changed.
"""

import io
import json
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from tito.curriculum import load_curriculum
from tito.source.export import generate
from tito.student import package_import
from tito.student.exported_files import MOST_MEMBERS, MOST_MODULE_BYTES
from tito.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
SCALE = "def scale(x, factor):\n    return x * factor\n\n\ndef halve(x):\n    return scale(x, 0.5)\n"
SHIFT = "from tinytorch.core.scale import scale\n\n\ndef shift(x, by):\n    return scale(x, 1) + by\n"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
DESCRIBED = f"tinytorch-{VERSION}+own.dist-info"


@pytest.fixture
def built(workspace: Workspace, course: Path) -> Workspace:
    """A home with two modules of the student's own."""
    return put(workspace, scale=SCALE, shift=SHIFT)


@pytest.fixture
def next_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The home of another semester, which becomes the current one."""
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "next" / "tinytorch"))
    return Workspace.here()


def put(workspace: Workspace, **modules: str) -> Workspace:
    workspace.core.mkdir(parents=True, exist_ok=True)
    for slug, text in modules.items():
        workspace.exported(slug).write_text(text, encoding="utf-8")
    return workspace


def archive(path: Path, modules: dict[str, str], change: Callable[[zipfile.ZipFile], None] = lambda _: None) -> Path:
    """Write a file that looks like an export, as far as an import checks it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for slug, text in modules.items():
            file.writestr(f"tinytorch/core/{slug}.py", text)
        file.writestr(f"{DESCRIBED}/own_modules.json", json.dumps({"modules": list(modules)}))
        change(file)
    return path


def whats(answer) -> dict[str, str]:
    return {step["module"]: step["what"] for step in answer.json["plan"]}


def test_an_export_has_what_is_one_s_own_and_the_rooms_and_the_same_bytes_again(built: Workspace, tito, tmp_path: Path):
    put(built, secret="PRIVATE = 1\n")  # not a module of the course
    wheels = []
    for folder in ("one", "two"):
        answer = tito("package", "export", "--output", str(tmp_path / folder), "--json")
        assert (answer.code, answer.json["modules"], answer.json["prebuilt"]) == (0, ["scale", "shift"], [])
        wheels.append(Path(answer.json["wheel"]).read_bytes())
    assert wheels[0] == wheels[1]
    with zipfile.ZipFile(io.BytesIO(wheels[0])) as wheel:
        names = set(wheel.namelist())
        assert wheel.read("tinytorch/core/scale.py").decode() == SCALE
        assert b"Requires-Dist: numpy>=2.2\n" in wheel.read(f"{DESCRIBED}/METADATA")
    core = {name.removeprefix("tinytorch/core/") for name in names if name.startswith("tinytorch/core/")}
    assert core == {"__init__.py", "curriculum.json", "scale.py", "shift.py"}, "the checkout's reference stays here"
    assert {"tinytorch/__init__.py", "tinytorch/nn/__init__.py"} < names


def test_without_a_module_there_is_nothing_to_export(workspace: Workspace, course: Path, tito):
    answer = tito("package", "export")
    assert (answer.code, answer.out) == (1, "") and "has no module of yours to export" in answer.err


@pytest.mark.service
def test_what_was_exported_is_imported_once_and_planned_before(built: Workspace, tito, next_home: Workspace, tmp_path):
    put(next_home)
    wheel = archive(tmp_path / "own.whl", {"scale": SCALE, "shift": SHIFT})
    plan = tito("package", "import", str(wheel), "--plan", "--json")
    assert (plan.code, whats(plan), plan.json["imported"]) == (0, {"scale": "new", "shift": "new"}, [])
    assert not next_home.exported("scale").exists()
    refused = tito("package", "import", str(wheel))
    assert refused.code == 1 and "read the plan with --plan, then use --yes" in refused.err
    done = tito("package", "import", str(wheel), "--yes", "--json")
    assert (done.code, done.json["imported"]) == (0, ["scale", "shift"])
    assert next_home.exported("shift").read_text() == SHIFT
    again = tito("package", "import", str(wheel), "--yes", "--json")
    assert set(whats(again).values()) == {"the same already"} and again.json["imported"] == []
    later = archive(tmp_path / "later.whl", {"scale": SCALE + "\nLATER = True\n"})
    assert tito("package", "import", str(later), "--yes").code == 0
    assert next_home.previous("scale").read_text() == SCALE and "LATER" in next_home.exported("scale").read_text()


def test_what_the_semester_builds_or_was_worked_on_is_left_alone(
    course, next_home: Workspace, tito, tmp_path, monkeypatch
):
    put(next_home, shift="# completed here\n")
    monkeypatch.setattr(package_import, "built_by_semester", lambda: {"scale"})
    next_home.release("affine").parent.mkdir(parents=True)
    next_home.release("affine").write_text("{}")
    wheel = archive(tmp_path / "own.whl", {"scale": SCALE, "shift": SHIFT, "affine": "", "nothing": "", "stack": ""})
    answer = tito("package", "import", str(wheel), "--yes", "--json")
    assert {step["module"]: step["why"].partition(" Sequence")[0] for step in answer.json["plan"]} == {
        "scale": "your semester builds it",
        "shift": "you are working on it in this home",
        "affine": "you are working on it in this home",
        "stack": "it lacks stack, which this course's module has",
        "nothing": "not a module of this course",
    }
    assert answer.code == 0 and [path.name for path in next_home.core.iterdir()] == ["shift.py"]


@pytest.mark.service
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise OSError('no')\n" + SCALE, "scale.py, line 1: OSError: no"),
        ("import os\nos._exit(3)\n" + SCALE, "ended the Python process (exit code 3)"),
        ("while True:\n    pass\n" + SCALE, "did not finish within 3 seconds"),
    ],
)
def test_nothing_is_changed_by_modules_that_cannot_be_imported(
    course, next_home: Workspace, tito, tmp_path, text, says
):
    wheel = archive(tmp_path / "own.whl", {"scale": text, "shift": SHIFT})
    limit = ["--time-limit", "3"] if "while" in text else []
    answer = tito("package", "import", str(wheel), "--yes", *limit)
    assert answer.code == 1 and says in answer.err and "Nothing was imported" in answer.err
    assert str(tmp_path) not in answer.err.partition("Nothing")[0]
    assert not next_home.core.exists()


def link(file: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("tinytorch/core/link.py")
    entry.external_attr = 0o120777 << 16
    file.writestr(entry, "/etc/passwd")


def named(name: str) -> Callable[[zipfile.ZipFile], None]:
    return lambda file: file.writestr(name, "")


def many(file: zipfile.ZipFile) -> None:
    for number in range(MOST_MEMBERS):
        file.writestr(f"tinytorch/{number}", "")


HOSTILE = {
    "a link": ({}, link, "is a link or a folder"),
    "a way up": ({}, named("tinytorch/../../.bashrc"), "is not a name that an export contains"),
    "an absolute name": ({}, named("/etc/cron.d/x"), "is not a name that an export contains"),
    "another package": ({}, named("numpy/__init__.py"), "is not a name that an export contains"),
    "a name with colours": ({}, named("tinytorch/\x1b[31m.py"), "is not a name that an export contains"),
    "a second list": ({}, named("tinytorch-9.dist-info/own_modules.json"), "the file has 2 own_modules.json"),
    "far too many": ({}, many, f"contains {MOST_MEMBERS + 1:,} files"),
    "a bomb": ({"scale": "#" * 50_000_000}, None, f"has more than {MOST_MODULE_BYTES:,} bytes"),
    "not Python": ({"scale": "def ("}, None, "tinytorch/core/scale.py is not Python (SyntaxError"),
    "deep code": ({"scale": "(" * 100_000}, None, "is not Python"),
    "a zero byte": ({"scale": "x = 1\0"}, None, "is not Python"),
    "a path for a module": ({"../../../.profile": ""}, None, "is not a name that an export contains"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_with_the_reason_and_changes_nothing(
    kind: str, course, next_home: Workspace, tito, tmp_path: Path
):
    modules, change, says = HOSTILE[kind]
    wheel = archive(tmp_path / "own.whl", modules, change or (lambda _: None))
    answer = tito("package", "import", str(wheel), "--yes")
    assert answer.code == 1 and says in answer.err and "tito package export" in answer.err
    assert "\x1b" not in answer.err and not next_home.package.exists()


@pytest.mark.parametrize(
    "listed",
    ['{"modules": ["../../x"]}', '{"modules": 3}', "[" * 9_000, "\xff", '{"modules": ["shift"]}', " " * 20_000],
)
def test_a_damaged_list_of_modules_is_refused(listed: str, course, next_home: Workspace, tito, tmp_path: Path):
    path = tmp_path / "own.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{DESCRIBED}/own_modules.json", listed.encode("latin-1"))
    answer = tito("package", "import", str(path))
    assert answer.code == 1 and "own_modules.json" in answer.err and "internal error in tito" not in answer.err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7", b"\x00" * 16_000_001])
def test_what_is_no_archive_is_refused(content: bytes, course, next_home: Workspace, tito, tmp_path: Path):
    path = tmp_path / "own.whl"
    path.write_bytes(content)
    answer = tito("package", "import", str(path), "--yes", "--json")
    assert answer.code == 1 and "make it again with 'tito package export'" in answer.json["error"]


TRAINED = """
import sys; sys.path.insert(0, sys.argv[1])
import tinytorch
from tinytorch import datasets, nn, optim
from tinytorch.nn import functional
assert "matplotlib" not in sys.modules and tinytorch.__file__.startswith(sys.argv[1]), tinytorch.__file__
tinytorch.manual_seed(0)
pixels, labels = map(tinytorch.tensor, datasets.Digits(train=True).arrays())
x, y = pixels.reshape(len(labels), 64), labels
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
adam = optim.Adam(model.parameters(), lr=0.01)
for step in range(150):
    adam.zero_grad()
    loss = functional.cross_entropy(model(x[:500]), y[:500])
    loss.backward()
    adam.step()
print(tinytorch.__version__, "%.4f" % loss.item(), sorted(m for m in sys.modules if m.startswith("tito")))
"""


@pytest.mark.service
def test_the_whole_framework_trains_at_home_on_numpy_alone(workspace: Workspace, tito, tmp_path: Path, monkeypatch):
    """It is installed by an installer that compares each file with the wheel's record."""
    monkeypatch.setenv("TITO_COURSE", str(ROOT / "course"))
    curriculum = load_curriculum(ROOT / "course")
    texts = {name.removesuffix(".py"): text for name, text in generate(curriculum).items() if name.endswith(".py")}
    put(workspace, **texts)
    answer = tito("package", "export", "--output", str(tmp_path), "--json")
    assert (answer.code, answer.json["modules"]) == (0, [module.slug for module in curriculum.written])
    site, packages = tmp_path / "site", Path(numpy.__file__).parents[1]
    command = [sys.executable, "-m", "uv", "pip", "install", "-q", "--offline", "--no-deps", "--target", str(site)]
    subprocess.run([*command, answer.json["wheel"]], check=True)
    for name in ("numpy", "numpy.libs"):
        (site / name).symlink_to(packages / name)
    base = getattr(sys, "_base_executable", sys.executable)
    trained = subprocess.run([base, "-I", "-S", "-c", TRAINED, str(site)], capture_output=True, text=True, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    version, loss, others = trained.stdout.split(maxsplit=2)
    assert (version, others.strip()) == (f"{VERSION}+own", "[]") and float(loss) < 0.1
