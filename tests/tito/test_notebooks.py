"""Notebooks: repeatable, complete for nbgrader, and a release that reveals no solution."""

import ast
import functools
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator
from tito.curriculum import Curriculum, Module, load_curriculum
from tito.errors import FindingsError, TitoError
from tito.source.declared import declared_checks
from tito.source.export import export_module
from tito.source.percent import read_percent
from tito.source.release import generate_notebooks, release_notebook, staff_notebook
from tito.staff.lint_exercises import solution_lines

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = Path(__file__).parent / "goldens" / "scale"
REAL = load_curriculum(ROOT / "course")
every_module = pytest.mark.parametrize("module", REAL.written, ids=lambda module: module.slug)


@functools.cache  # what is asked of them is asked of the same texts; that making them twice is the same is a test below
def of_real(module: Module) -> tuple[str, str]:
    """The staff notebook and the release of a module of the course."""
    return staff_notebook(module, REAL), release_notebook(module, REAL)


def cells_of(text: str) -> dict[str, dict]:
    return {cell["id"]: cell for cell in json.loads(text)["cells"]}


def made(curriculum: Curriculum) -> dict[str, str]:
    module = curriculum.find("scale")
    return {
        "staff.ipynb": staff_notebook(module, curriculum),
        "release.ipynb": release_notebook(module, curriculum),
        "core_scale.py": export_module(module).text,
    }


@pytest.mark.service
def test_golden_folder(curriculum: Curriculum, request: pytest.FixtureRequest):
    """What is generated from the smallest module is what was reviewed; `make goldens` rewrites it."""
    found = made(curriculum)
    if request.config.getoption("--rewrite-goldens", default=False):
        GOLDENS.mkdir(parents=True, exist_ok=True)
        for name, text in found.items():
            (GOLDENS / name).write_text(text, encoding="utf-8")
    assert sorted(found) == sorted(path.name for path in GOLDENS.iterdir())
    for name, text in found.items():
        assert text == (GOLDENS / name).read_text(encoding="utf-8"), (
            f"{name} differs: 'make goldens', then review the diff"
        )


def test_generating_twice_writes_the_same_bytes(curriculum: Curriculum, tmp_path: Path):
    modules = curriculum.written[:2]
    for folder in ("one", "two"):
        generate_notebooks(modules, curriculum, tmp_path / folder, record=False)
    generate_notebooks(modules, curriculum, tmp_path / "two", record=False)
    files = [
        {str(p.relative_to(tmp_path / folder)): p.read_bytes() for p in (tmp_path / folder).rglob("*.ipynb")}
        for folder in ("one", "two")
    ]
    assert files[0] == files[1]
    assert sorted(files[0]) == sorted(
        f"{kind}/{m.slug}/{m.slug}.ipynb" for kind in ("source", "release") for m in modules
    )


@pytest.mark.service
def test_a_release_is_made_without_a_jupyter_server():
    """jsonschema's parser of all IRIs is not loaded either: together they cost more than the release itself."""
    program = (
        "import sys; from pathlib import Path; from tito.curriculum import load_curriculum\n"
        "from tito.source.release import release_notebook\n"
        "curriculum = load_curriculum(Path(sys.argv[1]))\n"
        "release_notebook(curriculum.find('scale'), curriculum)\n"
        "print({'nbgrader', 'jupyter_server', 'lark'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, str(ROOT / "tests" / "tiny_course")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "{'nbgrader'}\n"


@pytest.mark.service
def test_the_gradebook_learns_points_and_hidden_tests(curriculum: Curriculum, tmp_path: Path):
    generate_notebooks([curriculum.find("scale")], curriculum, tmp_path)
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_notebook("scale", "scale")
        assert {cell.name: cell.max_score for cell in notebook.grade_cells} == {
            "test_scale": 50.0,
            "test_halve": 40.0,
            "checkpoint_cost": 10.0,
        }
        assert "hidden=True" in gradebook.find_source_cell("test_scale", "scale", "scale").source


@pytest.mark.service
@every_module
def test_notebooks_are_valid_for_jupyter_and_nbgrader(module):
    for text in of_real(module):
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        ids = [cell.id for cell in notebook.cells]
        assert sorted(set(ids)) == sorted(ids)


@pytest.mark.service
@every_module
def test_points_add_up_to_100(module):
    points = [
        cell["metadata"]["nbgrader"]["points"]
        for cell in cells_of(of_real(module)[0]).values()
        if cell["metadata"].get("nbgrader", {}).get("grade")
    ]
    assert sum(points) == 100


@pytest.mark.service
@every_module
def test_the_release_has_no_line_of_a_solution_and_no_hidden_check(module):
    """A line of a solution may be in a release only if the same line is also outside every solution."""
    cells = read_percent(module.source)
    given, secret = set(), set()
    for cell in cells:
        lines = cell.source.splitlines()
        solved = set(solution_lines(cell)) if cell.kind == "code" else set()
        hidden = _between(lines, "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
        answers = _between(lines, "### BEGIN SOLUTION", "### END SOLUTION") if cell.kind == "markdown" else set()
        for number, line in enumerate(lines, start=1):
            (secret if number in solved | hidden | answers else given).add(line.strip())
    release = cells_of(of_real(module)[1]).values()
    there = {line.strip() for cell in release for line in "".join(cell["source"]).splitlines()}
    assert len(secret) > 10
    assert {line for line in (secret - given) & there if line} == set()
    assert not any("hidden=True" in line or "SOLUTION" in line or "HIDDEN TESTS" in line for line in there)


@pytest.mark.service
@every_module
def test_the_release_names_every_hidden_check_and_its_points(module):
    """What hidden checks ask for is no secret; only their inputs are."""
    released = cells_of(of_real(module)[1])
    for cell in read_percent(module.source):
        if not cell.name.startswith("test_"):
            continue
        checks = declared_checks(cell.source)
        source = "".join(released[cell.name]["source"])
        told = [
            (call.args[0].value, float(call.keywords[0].value.value), True)
            for call in ast.walk(ast.parse(source))
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "test.on_submission"
        ]
        assert told == [check for check in checks if check[2]]
        assert declared_checks(source) == [check for check in checks if not check[2]]
        assert source.endswith("\ntest.report()")


def _between(lines: list[str], begin: str, end: str) -> set[int]:
    found, inside = set(), False
    for number, line in enumerate(lines, start=1):
        inside = (inside or begin in line) and end not in line
        if inside and begin not in line:
            found.add(number)
    return found


@pytest.mark.service
@every_module
def test_signatures_docstrings_and_given_cells_survive(module):
    released = cells_of(of_real(module)[1])
    for identity, cell in cells_of(of_real(module)[0]).items():
        source, kept = "".join(cell["source"]), "".join(released[identity]["source"])
        told = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and told.get("solution"):
            assert _face(kept) == _face(source)
            assert f"exercise '{identity}' is not solved yet" in kept
        elif not told.get("grade"):
            assert kept == source


def _face(source: str) -> list[tuple[str, str, str | None]]:
    """Return name, arguments and docstring of everything that a cell defines at its top level."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            arguments = ast.unparse(node.args) if isinstance(node, ast.FunctionDef) else ""
            found.append((node.name, arguments, ast.get_docstring(node)))
    return found


def test_the_header_says_what_module_yaml_says(curriculum: Curriculum):
    first = cells_of(staff_notebook(curriculum.find("affine"), curriculum))["cell-001"]
    expected = "**Module 03_affine** · Layers tier · about 1 hours · prerequisites: 01_scale, 02_shift\n"
    assert expected.replace("1 hours", "1 hour") in first["source"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"grade_id": "test_halve"',
            '"grade_id": "test_scale"',
            r"scale_dev.py:\d+: grade_id 'test_scale' is already used at line",
        ),
        (
            '"grade_id": "test_halve"',
            '"grade_id": "test half"',
            r"grade_id must have only letters, digits, _ and -, not 'test half'",
        ),
        (
            '"grade_id": "test_halve"',
            '"grade_id": "test_third"',
            r"graded cell 'test_third' has no points: name the exercise",
        ),
        ('"grade_id": "checkpoint_cost"', '"grade_id": "other"', r"has no graded cell 'checkpoint_cost'"),
    ],
)
def test_metadata_that_nbgrader_could_not_grade_are_told(course: Path, old: str, new: str, message: str):
    path = course / "modules" / "01_scale" / "scale_dev.py"
    path.write_text(path.read_text().replace(old, new))
    curriculum = load_curriculum(course)
    with pytest.raises(FindingsError, match=message):
        staff_notebook(curriculum.find("scale"), curriculum)


@pytest.mark.service
def test_what_nbgrader_refuses_is_told_with_its_words(course: Path, tmp_path: Path):
    path = course / "modules" / "01_scale" / "scale_dev.py"
    path.write_text(path.read_text().replace("    ### END SOLUTION\n", "", 1))
    curriculum = load_curriculum(course)
    with pytest.raises(TitoError, match=r"could not make the release of scale: No end solution statement found"):
        generate_notebooks([curriculum.find("scale")], curriculum, tmp_path)
    assert not (tmp_path / "release" / "scale").exists()


@pytest.mark.service
def test_the_command_generates_all(course: Path, tmp_path: Path, tito):
    answer = tito("nbgrader", "generate", "--all", "--course-dir", str(tmp_path / "nb"), "--json")
    assert [Path(path).stem for path in answer.json["releases"]] == ["scale", "shift", "affine", "stack", "measure"]
    assert all(Path(path).is_file() for path in answer.json["releases"])
    assert tito("nbgrader", "generate").code == 2
