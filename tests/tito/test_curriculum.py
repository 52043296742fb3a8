"""The curriculum: what is read, and that every mistake is reported with file, line, key and remedy."""

import json
import re
from pathlib import Path

import pytest
from tito.curriculum import Curriculum, known_curriculum, load_curriculum, read_json
from tito.errors import FindingsError, TitoError

REAL = Path(__file__).resolve().parents[2] / "course"


def change(course: Path, label: str, old: str, new: str) -> Path:
    path = course / "modules" / label / "module.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def mistakes(course: Path) -> list[str]:
    with pytest.raises(FindingsError) as raised:
        load_curriculum(course)
    return [
        f"{finding.path.parent.name}/{finding.path.name}:{finding.line}: {finding.message}"
        for finding in raised.value.findings
    ]


def test_all_twenty_modules_are_listed_in_order():
    curriculum = load_curriculum(REAL)
    assert [module.number for module in curriculum.modules] == list(range(1, 21))
    assert [tier.name for tier in curriculum.tiers] == ["foundation", "architecture", "optimization", "olympics"]
    assert [m.slug for m in curriculum.of_tiers(["olympics"])] == ["olympics"]
    assert all(module.title and module.summary and 2 <= module.hours <= 3 for module in curriculum.modules)


def test_what_is_known_is_read_anew_once_it_has_changed(course: Path):
    known = known_curriculum(course)
    assert known == load_curriculum(course)
    assert known_curriculum(course) is known
    (course / "semesters" / "tiers.yaml").touch()
    assert known_curriculum(course) is not known
    (course / "modules" / "06_later" / "later_dev.py").write_text("")
    with pytest.raises(FindingsError):  # it is written now, but its module.yaml declares no exercises
        known_curriculum(course)


def test_number_and_slug_come_from_the_folder_alone(course: Path):
    (course / "modules" / "06_later").rename(course / "modules" / "09_later")
    assert load_curriculum(course).find("later").number == 9


def test_json_carries_the_same_curriculum(course: Path, tmp_path: Path):
    curriculum = load_curriculum(course)
    path = tmp_path / "curriculum.json"
    path.write_text(json.dumps(curriculum.to_json()))
    assert read_json(path) == curriculum


def test_json_says_what_faces_and_hub_read(curriculum: Curriculum):
    scale = curriculum.to_json()["modules"][0]
    assert scale["slug"] == "scale"
    assert scale["written"] is True
    assert scale["exports"] == ("scale", "halve")
    assert curriculum.to_json()["modules"][-1]["written"] is False
    assert "folder" not in scale


def test_before_lists_indirect_prerequisites_in_order(curriculum: Curriculum):
    assert [m.slug for m in curriculum.before(curriculum.find("stack"))] == ["scale", "shift", "affine"]


@pytest.mark.parametrize("name", ["affine", "03_affine", "3", "03"])
def test_a_module_is_found_by_slug_folder_or_number(curriculum: Curriculum, name: str):
    assert curriculum.find(name).slug == "affine"


def test_an_unknown_module_lists_the_known(curriculum: Curriculum):
    with pytest.raises(TitoError, match=r"no module 'scael'. Available: scale, shift"):
        curriculum.find("scael")


def test_an_unwritten_module_is_an_error_where_a_source_is_needed(curriculum: Curriculum):
    with pytest.raises(TitoError, match=r"06_later is not written yet. Written modules: scale"):
        curriculum.find_written("later")


def test_an_unknown_tier_lists_the_known(curriculum: Curriculum):
    with pytest.raises(TitoError, match=r"no tier 'arays'. Available: arrays, layers, models"):
        curriculum.of_tiers(["arays"])


@pytest.mark.parametrize(
    ("label", "old", "new", "expected"),
    [
        (
            "01_scale",
            "prerequisites: []",
            "prerequisites: [shift]",
            r"01_scale/module.yaml:4: prerequisite 'shift' makes a cycle",
        ),
        ("02_shift", "[scale]", "[measure]", r"02_shift/module.yaml:4: prerequisite 'measure' makes a cycle"),
        (
            "01_scale",
            "prerequisites: []",
            "prerequisites: [later]",
            r"01_scale/module.yaml:4: prerequisite 'later' makes a cycle",
        ),
        (
            "02_shift",
            "[scale]",
            "[skale]",
            r"02_shift/module.yaml:4: prerequisite 'skale' is not a module. Available: scale",
        ),
        (
            "02_shift",
            "exports: [shift]",
            "exports: [shift, halve]",
            r"02_shift/module.yaml:6: 'halve' is already exported by 01_scale",
        ),
        (
            "01_scale",
            "title: Scale",
            "title: Scale\nfiles: entry.npz",
            r"01_scale/module.yaml:2: 'files' must be a list, not 'entry.npz'",
        ),
        (
            "01_scale",
            "tier: arrays",
            "tier: array",
            r"01_scale/module.yaml:2: tier 'array' is not in tiers.yaml. Available: arrays",
        ),
        ("01_scale", "hours: 0.5", "hours: soon", r"01_scale/module.yaml:3: 'hours' must be a number, not 'soon'"),
        ("01_scale", "hours: 0.5", "hours: 0", r"01_scale/module.yaml:3: 'hours' must be above 0"),
        ("01_scale", "title: Scale\n", "", r"01_scale/module.yaml:1: the key 'title' is missing: add it"),
        (
            "01_scale",
            "title: Scale",
            "title: Scale\nnumber: 1",
            r"01_scale/module.yaml:2: unknown key 'number'. Known: title",
        ),
        (
            "01_scale",
            "points: 50",
            "points: 60",
            r"01_scale/module.yaml:7: the points in 'exercises' must add up to 90, they add up to 100",
        ),
        (
            "01_scale",
            "points: 10",
            "points: 5",
            r"01_scale/module.yaml:10: the points in 'written' must add up to 10, they add up to 5",
        ),
        ("01_scale", "uses: [scale]", "uses: [shift]", r"01_scale/module.yaml:9: 'uses' must name other exercises"),
        ("01_scale", "name: halve", "name: scale", r"01_scale/module.yaml:9: 'scale' occurs twice in 'exercises'"),
        (
            "01_scale",
            "hours: 0.5",
            "hours: 0.5\nhours: 5",
            r"01_scale/module.yaml:4: is not valid YAML: the key 'hours' occurs tw",
        ),
        ("01_scale", "title: Scale", "title: [Scale", r"01_scale/module.yaml:\d+: is not valid YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_remedy(course: Path, label: str, old: str, new: str, expected: str):
    change(course, label, old, new)
    assert any(re.search(expected, line) for line in mistakes(course)), mistakes(course)


def test_a_forward_prerequisite_without_a_cycle_is_told(course: Path):
    change(course, "02_shift", "[scale]", "[]")
    change(course, "03_affine", "[scale, shift]", "[scale]")
    change(course, "02_shift", "prerequisites: []", "prerequisites: [stack]")
    assert mistakes(course) == [
        "02_shift/module.yaml:4: prerequisite 'stack' is 04_stack, which comes later: "
        "a module may only need earlier ones"
    ]


def test_two_folders_with_one_number_or_slug_are_told(course: Path):
    (course / "modules" / "06_later").rename(course / "modules" / "05_later")
    assert "modules/05_measure:1: '5' is already used by 05_later: rename this folder" in mistakes(course)


def test_a_folder_of_another_form_is_told(course: Path):
    (course / "modules" / "06_later").rename(course / "modules" / "later")
    assert "modules/later:1: a module's folder must be named NN_slug, such as 01_scale: rename it".replace(
        "01_scale", "01_tensor"
    ) in mistakes(course)


def test_all_mistakes_are_told_at_once(course: Path):
    change(course, "01_scale", "hours: 0.5", "hours: 0")
    change(course, "02_shift", "hours: 0.5", "hours: 0")
    assert len(mistakes(course)) == 2
