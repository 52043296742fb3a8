"""Export: it follows the structure, repeats to the byte, is atomic, and leads back to the source."""

import os
import traceback
from pathlib import Path

import pytest
from tito.atomic import write_atomically
from tito.curriculum import Curriculum, load_curriculum
from tito.errors import FindingsError
from tito.source.export import export_all, export_cells, export_module
from tito.source.percent import parse_percent, read_percent


def test_exporting_twice_writes_the_same_bytes_and_touches_nothing(course: Path, tmp_path: Path):
    core = tmp_path / "core"
    first = export_all(course, core)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in core.iterdir()}
    assert sorted(path.name for path in first) == sorted(before)
    assert export_all(course, core) == []
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in core.iterdir()} == before


def test_the_first_line_says_where_to_edit(curriculum: Curriculum):
    text = export_module(curriculum.find("scale")).text
    assert text.split("\n")[0] == (
        "# Generated from scale_dev.py by `tito export scale`: edit it there, this file is overwritten."
    )


def test_exported_are_the_marked_cells_without_marks(curriculum: Curriculum):
    exported = export_module(curriculum.find("scale"))
    assert exported.names == ("scale", "halve")
    for unwanted in ("#|", "SOLUTION", "unit_test", "measured"):
        assert unwanted not in exported.text


def test_the_export_runs_and_says_its_names(curriculum: Curriculum):
    namespace: dict = {}
    exec(export_module(curriculum.find("scale")).text, namespace)
    assert namespace["__all__"] == ["scale", "halve"]
    assert namespace["halve"](4.0) == 2.0


def test_every_line_leads_back_to_its_source(curriculum: Curriculum):
    module = curriculum.find("affine")
    exported, source = export_module(module), module.source.read_text().split("\n")
    lines = exported.text.split("\n")
    led = [(line, exported.origin(number)) for number, line in enumerate(lines, start=1) if exported.origin(number)]
    assert len(led) > 20
    assert [line for line, _ in led] == [source[origin.file_line - 1].rstrip() for _, origin in led]


def test_a_traceback_leads_to_the_line_of_the_source(course: Path, tmp_path: Path):
    """The comment above a cell names file and line, and `origin` finds the exact line."""
    source = course / "modules" / "01_scale" / "scale_dev.py"
    source.write_text(source.read_text().replace("secret_product = x * factor", "secret_product = x * missing_name"))
    exported = export_module(load_curriculum(course).find("scale"))
    path = tmp_path / "scale.py"
    path.write_text(exported.text)
    namespace: dict = {}
    exec(compile(exported.text, str(path), "exec"), namespace)
    with pytest.raises(NameError) as raised:
        namespace["scale"](1.0, 2.0)
    frame = [each for each in traceback.extract_tb(raised.tb) if each.filename == str(path)][-1]
    origin = exported.origin(frame.lineno)
    assert "missing_name" in source.read_text().split("\n")[origin.file_line - 1]
    assert origin.name == "scale"
    comments = [line for line in exported.text.split("\n")[: frame.lineno] if line.startswith("# scale_dev.py:")]
    first = int(comments[-1].split(":")[1].split(" ")[0])
    assert source.read_text().split("\n")[first - 1] == "def scale(x, factor):"


def test_nothing_is_executed(course: Path, tmp_path: Path):
    source = course / "modules" / "01_scale" / "scale_dev.py"
    source.write_text(f"{source.read_text()}\n# %%\n#| export\nopen({str(tmp_path / 'ran')!r}, 'w')\n")
    export_all(course, tmp_path / "core")
    assert not (tmp_path / "ran").exists()


def test_one_module_with_an_error_leaves_all_files_alone(course: Path, tmp_path: Path):
    core = tmp_path / "core"
    export_all(course, core)
    before = {path.name: path.read_bytes() for path in core.iterdir()}
    for label, slug in (("01_scale", "scale"), ("02_shift", "shift")):
        source = course / "modules" / label / f"{slug}_dev.py"
        source.write_text(source.read_text() + "\n# %%\n#| export\ndef broken(:\n    pass\n")
    with pytest.raises(FindingsError) as raised:
        export_all(course, core)
    assert [finding.path.name for finding in raised.value.findings] == ["scale_dev.py", "shift_dev.py"]
    line = raised.value.findings[0].line
    assert raised.value.findings[0].path.read_text().split("\n")[line - 1] == "def broken(:"
    assert {path.name: path.read_bytes() for path in core.iterdir()} == before


def test_files_of_modules_that_are_gone_are_removed_and_others_left(course: Path, tmp_path: Path):
    core = tmp_path / "core"
    export_all(course, core)
    (core / "__init__.py").write_text('"""By hand."""\n')
    (core / "old.py").write_text("# Generated from old_dev.py by `tito export old`: edit it there.\n")
    assert export_all(course, core) == [core / "old.py"]
    assert (core / "__init__.py").exists()


def test_the_target_must_be_the_slug(course: Path):
    source = course / "modules" / "01_scale" / "scale_dev.py"
    source.write_text(source.read_text().replace("core.scale\n", "core.skale\n", 1))
    with pytest.raises(FindingsError, match=r"must be core.scale like the folder's name, not core.skale"):
        export_module(load_curriculum(course).find("scale"))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("# %%\n#| export\na = 1\n", "core.NAME', but 0 do"),
        ("# %%\n#| default_exp core.a\n# %%\n#| default_exp core.b\n", "core.NAME', but 2 do"),
        ("# %%\n#| default_exp ../evil\n", "must be core.NAME, not '../evil'"),
    ],
)
def test_a_missing_or_strange_target_is_told(text: str, rule: str):
    with pytest.raises(FindingsError, match=rule.replace(".", r"\.")):
        export_cells(parse_percent(text, Path("x_dev.py")), Path("x_dev.py"), "")


def test_a_missing_export_is_told(course: Path):
    path = course / "modules" / "01_scale" / "module.yaml"
    path.write_text(path.read_text().replace("exports: [scale, halve]", "exports: [scale, halve, third]"))
    with pytest.raises(
        FindingsError, match=r"module.yaml.*'exports' lists third, but no cell with '#| export' defines it"
    ):
        export_module(load_curriculum(course).find("scale"))


def test_future_imports_stay_first_statements():
    cells = parse_percent(
        "# %%\n#| default_exp core.a\n#| export\nfrom __future__ import annotations\na = 1\n", Path("a_dev.py")
    )
    compile(export_cells(cells, Path("a_dev.py"), "").text, "a.py", "exec")


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_check_names_what_is_out_of_date_and_writes_nothing(course: Path, tmp_path: Path, tito):
    core = tmp_path / "core"
    assert tito("export", "--all", "--into", str(core)).code == 0
    assert tito("export", "--all", "--check", "--into", str(core)).code == 0
    (core / "scale.py").write_text("changed by hand")
    answer = tito("export", "--all", "--check", "--into", str(core))
    assert answer.code == 1
    assert "out of date" in answer.err and "scale.py" in answer.err
    assert (core / "scale.py").read_text() == "changed by hand"


def test_the_real_course_exports(tmp_path: Path, tito):
    core = str(tmp_path / "core")
    assert tito("export", "--all", "--into", core).code == 0
    assert tito("export", "--all", "--check", "--into", core).code == 0


def test_the_reference_of_every_module_is_exported_from_cells_that_read_the_same():
    """A percent source and the same cells of a notebook export the same code."""
    course = Path(__file__).resolve().parents[1] / "tiny_course"
    for module in load_curriculum(course).written:
        cells = read_percent(module.source)
        as_notebook = [type(cell)(cell.kind, cell.source, 0, cell.number, metadata=cell.metadata) for cell in cells]
        one, other = export_module(module), export_cells(as_notebook, Path("x.ipynb"), "")
        code = [
            [line for line, origin in zip(e.text.split("\n"), e.origins, strict=False) if origin] for e in (one, other)
        ]
        assert code[0] == code[1]
