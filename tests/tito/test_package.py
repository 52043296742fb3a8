"""Wheels contain only what their environment may have; `pip install .` gives a whole framework on numpy alone."""

import re
import shutil
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from tito.commands import COMMANDS
from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.source.percent import read_percent
from tito.staff.fast_wheel import answers, closed_in_semester, require_closed
from tito.staff.image import STAFF_HAS
from tito.staff.interpreter import is_reachable, reachable_python
from tito.staff.lint_exercises import solution_lines
from tito.staff.package import FAST, build_student, build_worker, contents

from tests.docker.scan import STAFF_FOLDERS, Scan
from tests.docker.secrets_of_course import SHORTEST, fragments, lines_of

ROOT = Path(__file__).resolve().parents[2]
COURSE = ROOT / "course"


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def text(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        code = [name for name in archive.namelist() if name.endswith((".py", ".json"))]
        return "\n".join(archive.read(name).decode() for name in code)


def secrets(module) -> set[str]:
    """Solution lines that are nowhere outside a solution, so that finding one means that it leaked."""
    cells = read_percent(module.source)
    solved, given = set(), set()
    for cell in cells:
        marked = set(solution_lines(cell)) if cell.kind == "code" else set()
        for number, line in enumerate(cell.source.splitlines(), start=1):
            (solved if number in marked else given).add(line.strip())
    return {line for line in solved - given if len(line) > 25}


@pytest.fixture(scope="module")
def student_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiers = [tier.name for tier in load_curriculum(COURSE).tiers]
    return build_student(COURSE, tmp_path_factory.mktemp("student"), tiers)


@pytest.fixture(scope="module")
def worker_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_worker(COURSE, tmp_path_factory.mktemp("worker"))


@pytest.mark.service
def test_the_student_wheel_has_no_line_of_a_solution(student_wheel: Path):
    inside = text(student_wheel)
    for module in load_curriculum(COURSE).written:
        looked_for = secrets(module)
        assert len(looked_for) >= 3, f"{module.label}: nothing to look for"
        assert {line for line in looked_for if line in inside} == set()


@pytest.mark.service
def test_the_student_wheel_has_no_staff_command_service_or_hidden_test(student_wheel: Path):
    inside = names(student_wheel)
    folders = {"/".join(name.split("/")[:2]) for name in inside}
    assert folders & set(STAFF_FOLDERS) == set()
    assert {name.split("/")[0] for name in inside} == {"tinytorch", "tito", "exchange"}
    assert "hidden=True)\ndef" not in text(student_wheel)
    for command in COMMANDS:
        place = command.target.partition(":")[0].replace(".", "/")
        if command.who == "staff":
            assert f"{place}.py" not in inside
        elif command.is_here():
            assert f"{place}.py" in inside


@pytest.mark.service
def test_the_student_wheel_has_the_curriculum_and_no_core_module(student_wheel: Path):
    core = {name for name in names(student_wheel) if name.startswith("tinytorch/core/")}
    assert core == {"tinytorch/core/__init__.py", "tinytorch/core/curriculum.json"}


@pytest.mark.service
def test_the_worker_wheel_has_only_what_runs_student_code(worker_wheel: Path):
    inside = names(worker_wheel)
    assert {name for name in inside if name.startswith("tinytorch/core/")} == {
        "tinytorch/core/__init__.py",
        "tinytorch/core/curriculum.json",
    }
    assert {"/".join(name.split("/")[:2]) for name in inside if not name.startswith("tinytorch")} == {
        "tito/__init__.py",
        "tito/worker",
    }


@pytest.mark.service
def test_no_wheel_has_a_row_of_the_page_of_wrong_answers(student_wheel: Path, worker_wheel: Path):
    """docs/wrong-answers.md quotes solutions, and mistakes that students should hear about only once they make them."""
    lines = lines_of((ROOT / "docs" / "wrong-answers.md").read_bytes())
    rows = dict.fromkeys((x for x in lines if x.startswith(b"| ") and len(x) >= SHORTEST), "row of wrong answers")
    assert len(rows) > 100
    scan = Scan(rows, frozenset())
    for wheel in (student_wheel, worker_wheel):
        scan.content(wheel.name, wheel.read_bytes())
    assert scan.found == []
    scan.content("planted", b"\n".join(list(rows)[-1:]))
    assert scan.found == ["planted has a row of wrong answers"]


def test_no_wheel_and_no_server_of_a_person_has_docs():
    inside = [path for kind in ("student", "worker") for path in contents(kind, ROOT).values()]
    assert len(inside) > 100
    assert [path for path in inside if path.is_relative_to(ROOT / "docs")] == []
    assert "docs" not in STAFF_HAS


@pytest.mark.service
def test_skipped_tiers_come_prebuilt_and_others_do_not(course: Path, tmp_path: Path):
    wheel = build_student(course, tmp_path, ["layers"])
    core = {Path(name).name for name in names(wheel) if name.startswith("tinytorch/core/")}
    assert core == {"__init__.py", "curriculum.json", "scale.py", "shift.py"}
    assert "secret_product" in text(wheel) and "secret_layer" not in text(wheel)


@pytest.mark.service
def test_single_modules_may_come_prebuilt(course: Path, tmp_path: Path):
    wheel = build_student(course, tmp_path, ["arrays", "layers"], ["shift"])
    core = {Path(name).name for name in names(wheel) if name.startswith("tinytorch/core/")}
    assert core == {"__init__.py", "curriculum.json", "shift.py"}


@pytest.mark.service
def test_a_semester_file_says_what_comes_prebuilt(course: Path, tmp_path: Path, tito):
    """What its modules build on comes prebuilt; tests/semester tests the tiny course's own semesters."""
    semester, roster = tmp_path / "semester.yaml", tmp_path / "roster.csv"
    roster.write_text("username,last_name,first_name,email\nada,Lovelace,Ada,ada@example.org\n")
    semester.write_text(
        "course: tiny-2026\ntitle: Tiny\ntime_zone: UTC\ntiers: [layers]\nroster: roster.csv\n"
        "schedule:\n"
        "  affine: {release: 2026-10-05 08:00, due: 2026-10-18 23:59}\n"
        "  stack: {release: 2026-10-12 08:00, due: 2026-10-25 23:59}\n"
        "staff: {instructors: [ida]}\n"
    )
    answer = tito("package", "build", "--semester", str(semester), "--output", str(tmp_path / "out"), "--json")
    assert answer.code == 0, answer
    (wheel,) = answer.json["wheels"]
    core = {Path(name).name for name in names(Path(wheel)) if name.startswith("tinytorch/core/")}
    assert core == {"__init__.py", "curriculum.json", "scale.py", "shift.py"}


PREBUILT = {"2027-fall": ["foundation", "architecture"]}  # semester -> tiers that are given, not built, in it


@pytest.mark.service
@pytest.mark.parametrize("semester", sorted(COURSE.glob("semesters/20*.yaml")), ids=lambda path: path.stem)
def test_what_the_servers_of_a_real_semester_get_has_no_answers(semester: Path, tmp_path: Path, monkeypatch, tito):
    """The wheel is what images and environments of the semester contain; tests/docker looks into the images."""
    monkeypatch.setenv("TITO_COURSE", str(COURSE))
    answer = tito("package", "build", "--semester", str(semester), "--output", str(tmp_path / "out"), "--json")
    assert answer.code == 0, answer
    (wheel,) = map(Path, answer.json["wheels"])
    curriculum = load_curriculum(COURSE)
    given = PREBUILT.get(semester.stem, [])
    prebuilt = [module.slug for module in curriculum.of_tiers(given)] if given else []
    core = {Path(name).name for name in names(wheel) if name.startswith("tinytorch/core/")}
    assert core == {"__init__.py", "curriculum.json", *(f"{slug}.py" for slug in prebuilt)}
    secret = fragments(curriculum, prebuilt)
    scan = Scan(secret, frozenset())
    scan.content(wheel.name, wheel.read_bytes())
    assert scan.found == []
    planted = next(iter(secret))
    scan.content("planted", planted)
    assert len(scan.found) == 1


def fast_files(names) -> set[str]:
    return {name for name in names if name.startswith(f"{FAST}/")}


@pytest.mark.parametrize("kind", ["student", "worker"])
def test_what_computes_fast_is_in_no_wheel_unless_asked_for(kind: str):
    assert fast_files(contents(kind, ROOT)) == set()
    assert f"{FAST}/__init__.py" in fast_files(contents(kind, ROOT, fast=True))


def test_what_computes_fast_answers_modules_of_the_course():
    named = [module.slug for module in load_curriculum(COURSE).modules if module.slug in answers(ROOT)]
    assert sorted(named) == sorted(answers(ROOT)) and named[-1] == "acceleration"


@pytest.mark.parametrize("semester", sorted(COURSE.glob("semesters/20*.yaml")), ids=lambda path: path.stem)
def test_a_semester_has_what_computes_fast_only_after_the_last_module_that_it_answers(semester: Path):
    from tito.semester.read import read

    curriculum = load_curriculum(COURSE)
    valid = read(semester, curriculum)
    answered = [slug for slug in answers(ROOT) if slug in valid.selection.built]
    last = max((valid.semester.closes(slug) for slug in answered), default=None)
    for when, closed in ((last - timedelta(seconds=1), False), (last, True)):
        done = {*closed_in_semester(semester, curriculum, when), *valid.selection.prebuilt}
        if closed and set(answers(ROOT)) <= {*valid.selection.built, *valid.selection.prebuilt}:
            require_closed(ROOT, done)
        else:
            with pytest.raises(TitoError, match="neither prebuilt nor closed"):
                require_closed(ROOT, done)


def test_a_semester_that_leaves_acceleration_to_a_later_one_never_has_what_computes_fast():
    curriculum, later = load_curriculum(COURSE), 100 * 365
    without = [
        path
        for path in sorted(COURSE.glob("semesters/20*.yaml"))
        if "acceleration" not in path.read_text(encoding="utf-8")
    ]
    assert without
    for semester in without:
        from tito.semester.times import now

        with pytest.raises(TitoError, match="acceleration"):
            require_closed(ROOT, closed_in_semester(semester, curriculum, now() + timedelta(days=later)))


@pytest.mark.service
def test_a_wheel_with_what_computes_fast_is_refused_until_its_modules_are_closed(tmp_path: Path):
    curriculum = load_curriculum(COURSE)
    tiers = [tier.name for tier in curriculum.tiers]
    with pytest.raises(TitoError, match=r"tinytorch\.fast answers exercises of activations"):
        build_student(COURSE, tmp_path, tiers, fast=True)
    built = names(build_student(COURSE, tmp_path, tiers, fast=True, closed=answers(ROOT)))
    assert fast_files(built) == fast_files(contents("student", ROOT, fast=True))


@pytest.mark.service
def test_a_skipped_tier_that_is_not_written_is_an_error(course: Path, tmp_path: Path):
    last = course / "modules" / "07_last"
    last.mkdir()
    text = (course / "modules" / "06_later" / "module.yaml").read_text()
    (last / "module.yaml").write_text(text.replace("tier: models", "tier: arrays").replace("[measure]", "[later]"))
    with pytest.raises(TitoError, match="a tier can be skipped only if its modules are written; not yet: 06_later"):
        build_student(course, tmp_path, ["arrays"])


@pytest.mark.service
@pytest.mark.parametrize(
    "build", [lambda out: build_student(COURSE, out, ["foundation"]), lambda out: build_worker(COURSE, out)]
)
def test_building_twice_gives_the_same_bytes(tmp_path: Path, build):
    assert build(tmp_path / "one").read_bytes() == build(tmp_path / "two").read_bytes()


@pytest.mark.service
def test_pip_install_gives_a_framework_on_numpy_alone(tmp_path: Path):
    """The tree has no generated file, like a fresh clone: the build hook generates core, and the wheel contains it."""
    tree = tmp_path / "tree"
    unwanted = shutil.ignore_patterns(
        "__pycache__", ".venv", ".git", "build", "var", "tests", "core", ".*_cache", "*.egg-info"
    )
    shutil.copytree(ROOT, tree, ignore=unwanted)
    (tree / "tinytorch" / "core").mkdir()
    shutil.copy(ROOT / "tinytorch" / "core" / "__init__.py", tree / "tinytorch" / "core")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), cwd=tree)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        needs = [line for line in archive.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
    assert [line for line in needs if "extra ==" not in line] == ["Requires-Dist: numpy>=2.2"]
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    packages = Path(__import__("numpy").__file__).parent.parent
    for name in ("numpy", "numpy.libs"):
        (site / name).symlink_to(packages / name)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "from tinytorch.nn import Linear; import tinytorch\n"
        "print(Linear(3, 2)(tinytorch.ones(4, 3)).shape, tinytorch.__file__)"
    )
    base = getattr(sys, "_base_executable", sys.executable)
    said = run(base, "-I", "-S", "-c", code, cwd=tmp_path)
    assert said.startswith("(4, 2) ") and str(site) in said


def run(*command: str, cwd: Path) -> str:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_an_environment_stands_on_a_python_that_everybody_can_reach(tmp_path: Path):
    python = reachable_python(tmp_path / "copy")
    version = subprocess.run(
        [python, "-I", "-c", "import ssl, sqlite3, sys; print(sys.version_info[:2])"], capture_output=True
    )
    assert re.match(rb"\(3, 1\d\)", version.stdout)


def test_a_folder_that_others_may_not_enter_is_not_reachable(tmp_path: Path):
    program = tmp_path / "closed" / "python"
    program.parent.mkdir(mode=0o700)
    program.touch(mode=0o755)
    assert not is_reachable(program)
