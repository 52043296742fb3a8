"""The audit finds every hole that is planted in a sound module."""

import json
import sys

import pytest
import yaml
from tito.cli import main
from tito.curriculum import load_curriculum
from tito.staff.auditing.bench import bench_of
from tito.staff.auditing.exercise import alone, unseen
from tito.staff.auditing.record import FILE_NAME, read_record, write_record
from tito.staff.auditing.schedule import Scene, audit_modules, sample_modules

from tests.audit.planted import SOURCE, forge, plant, replant

pytestmark = [pytest.mark.audit, pytest.mark.usefixtures("worker_environment")]


def recorded(course, alternatives=None, **options):
    curriculum = load_curriculum(course)
    scene = Scene(course, curriculum, alternatives)
    (record,) = audit_modules(curriculum.written, scene, jobs=1, **options)
    return record


def audited(course, alternatives=None):
    return recorded(course, alternatives).audit


def sampled(course, seed: str):
    """What CI finds in the module."""
    curriculum = load_curriculum(course)
    (sample,) = sample_modules(curriculum.written, Scene(course, curriculum), seed, jobs=1)
    return sample


def cell(name: str) -> str:
    """The text of a test cell between its first line and its report."""
    return SOURCE.partition(f'test = unit_test("{name}")\n')[2].partition("test.report()")[0]


def test_a_module_without_a_hole_has_no_problem(tmp_path):
    audit = audited(plant(tmp_path))
    assert audit.problems == []
    assert (audit.whole.reference, audit.whole.possible, audit.whole.release) == (90, 90, 0)
    assert audit.whole.left_out == {"halve": 40, "spread": 50}
    assert audit.whole.by_seed == [90] * 10
    assert audit.score == 1.0 and len(audit.mutants) > 30
    assert audit.by_heart == max(12 / 40, 15 / 50)
    assert {"operator", "changes its argument", "axis", "wrong reduction"} <= {m.kind for m in audit.mutants}


CHANGED = (
    "    x = remote(test.rng.normal(size=(3, 4)))\n    with unchanged(x):\n        close(halve(x), x.read() / 2)\n",
    "    x = test.rng.normal(size=(3, 4))\n    close(halve(x), x / 2)\n",
)
HOLES = {
    "a graded cell that only defines its test": (
        (cell("spread"), "\ndef check():\n    same(spread(np.array([[1.0, 5.0, 2.0]])), [2.0])\n\n"),
        "the test of spread has no check",
    ),
    "a test that compares a thing with itself": (
        ("close(spread(x), np.ptp(x.read(), axis=1) / 2)", "close(spread(x), spread(x))"),
        "survives: spread: axis",
    ),
    "a missing hidden check": (
        ("points=20, hidden=True", "points=20"),
        "visible checks have 32 of 40 points",
    ),
    "a wiped import cell": (
        ("#| export\nimport numpy as np\n", "#| export\n"),
        "name 'np' is not defined",
    ),
    "a loop over nothing": (
        ("close(spread(x), np.ptp(x.read(), axis=1) / 2)", "for row in []:\n            close(spread(x), row)"),
        "the untouched release gets 35 points, not 0",
    ),
    "a check that an answer learnt by heart passes": (
        (
            'raises(ValueError, halve, np.zeros(0), says="empty")\n    same(halve(np.array([6.0])), [3.0])\n',
            "raises(ValueError, halve, np.zeros(0))\n",
        ),
        "halve: answers learned by heart (otherwise an error) get 20 points, the visible checks have only 12",
    ),
    "a check that some seeds pass": (
        ("same(halve(np.array([6.0])), [3.0])", 'true(test.rng.random() < 0.5, "luck")'),
        "the reference's score depends on the seed",
    ),
    "an exercise that nothing marks as using another": (
        ("    same(spread(np.array([[1.0, 5.0, 2.0]])), [2.0])\n", "    same(halve(np.array([2.0])), [1.0])\n"),
        "leaving out spread costs 35, not its 50 points",
    ),
    "an argument that may be changed": (CHANGED, "survives: halve: changes its argument"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLES)
def test_a_planted_hole_is_found(name, tmp_path):
    hole, said = HOLES[name]
    holes = [hole]
    if name == "a missing hidden check":  # a check outside the marks is visible
        holes.append(('### BEGIN HIDDEN TESTS\n@test.check("random numbers', '@test.check("random numbers'))
        holes.append(('@test.check("an empty array', '### BEGIN HIDDEN TESTS\n@test.check("an empty array'))
    problems = audited(plant(tmp_path, *holes)).problems
    assert any(said in problem for problem in problems), problems


MISTAKES = {
    "divides by four": ("return x / 2", "return x / 4", ""),
    "changes its argument": ("return x / 2", "x /= 2\nreturn x", "fails no visible check"),
    "is no mistake of a student's": (
        "return x / 2",
        "return y / 2",
        "is declared wrongly, its variant fails: NameError",
    ),
    "is of another solution": ("return x / 3", "return x / 2", "can't be inserted: 'return x / 3' must occur once"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_declared_mistake_that_loses_no_visible_check_is_found(name, tmp_path):
    replace, by, said = MISTAKES[name]
    course = plant(tmp_path)
    path = course / "modules" / "01_halves" / "module.yaml"
    data = yaml.safe_load(path.read_text())
    data["exercises"][0]["mistakes"] = [{"warns": f"Nobody {name}.", "replace": replace, "by": by}]
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    found = list(unseen(bench_of(course, "halves"), "halve"))
    assert [said in problem for problem in found] == ([True] if said else []), found
    assert list(unseen(bench_of(course, "halves"), "spread")) == []


def test_a_right_solution_that_a_check_refuses_is_found(tmp_path):
    course = plant(tmp_path, ("same(halve(np.array([6.0])), [3.0])", 'same(str(halve(np.ones(2)).dtype), "float64")'))
    folder = tmp_path / "alternatives" / "halves"
    folder.mkdir(parents=True)
    right = 'if not len(x):\n        raise ValueError("empty")\n    return x.astype("float32") * 0.5'
    for name in ("single.py", "double.py"):
        (folder / name).write_text(
            f'# %% nbgrader={{"grade_id": "halve", "solution": true}}\ndef halve(x):\n    {right}\n', encoding="utf-8"
        )
        right = right.replace('.astype("float32")', "")
    problems = audited(course, tmp_path / "alternatives").problems
    assert [p for p in problems if "single.py, a right solution, fails halve" in p]
    assert not [p for p in problems if "double.py" in p]
    assert "spread is tested with 0 other right solutions; it needs 2" in problems


def test_a_survivor_is_explained_beside_the_module_and_a_stale_entry_is_an_error(tmp_path):
    course = plant(tmp_path, CHANGED)
    entry = {
        "exercise": "halve",
        "was": ["return x / 2"],
        "becomes": ["return _then_change(x, x / 2)"],
        "reason": "its argument is nobody else's",
    }
    stale = {"exercise": "halve", "was": ["return x / 3"], "becomes": ["return x"], "reason": "was so once"}
    caught = {"exercise": "halve", "was": ["return x / 2"], "becomes": ["return x * 2"], "reason": "is thought equal"}
    path = course / "modules" / "01_halves" / "equivalent_mutants.yaml"
    path.write_text(yaml.safe_dump([entry]), encoding="utf-8")
    audit = audited(course)
    assert audit.problems == []
    assert [mutant.kind for mutant in audit.equivalent] == ["changes its argument"]
    path.write_text(yaml.safe_dump([entry, stale, caught]), encoding="utf-8")
    assert audited(course).problems == [
        "equivalent_mutants.yaml: there is no mutant halve: return x / 3 -> return x any more: delete the entry",
        "equivalent_mutants.yaml: halve: return x / 2 -> return x * 2 is caught after all (is thought equal): "
        "delete the entry",
    ]


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> str:
    """The text of the record of the sound module."""
    course = plant(tmp_path_factory.mktemp("honest"))
    module = load_curriculum(course).find("halves")
    write_record(module, recorded(course))
    return (module.folder / FILE_NAME).read_text(encoding="utf-8")


def test_a_record_that_is_true_holds_and_a_second_audit_writes_the_same_bytes(tmp_path, honest):
    course = plant(tmp_path)
    module = load_curriculum(course).find("halves")
    (module.folder / FILE_NAME).write_text(honest, encoding="utf-8")
    assert not write_record(module, recorded(course)), "with the known killers first"
    assert not write_record(module, recorded(course, fresh=True)), "looking for them anew"
    sample = sampled(course, "any")
    assert (sample.problems, sample.elsewhere) == ([], [])
    assert 0 < sample.judged <= sample.recorded == len(read_record(module).mutants)


ITSELF = ("close(spread(x), np.ptp(x.read(), axis=1) / 2)", "close(spread(x), spread(x))")
VISIBLE_ITSELF = (
    "same(spread(np.array([[1.0, 5.0, 2.0]])), [2.0])",
    "same(spread(np.array([[1.0, 5.0, 2.0]])), spread(np.array([[1.0, 5.0, 2.0]])))",
)


@pytest.mark.parametrize("seed", ["0", "1"])
@pytest.mark.parametrize("hole", [ITSELF, VISIBLE_ITSELF], ids=["hidden", "visible"])
def test_ci_finds_a_check_that_compares_a_thing_with_itself_whatever_the_record_claims(tmp_path, honest, hole, seed):
    course = plant(tmp_path)
    module = load_curriculum(course).find("halves")
    (module.folder / FILE_NAME).write_text(honest, encoding="utf-8")
    replant(course, hole)
    (stale,) = sampled(course, seed).problems
    assert "audit.json is out of date (halves_dev.py changed): run 'tito module audit halves'" in stale
    forge(module)
    title = "'random rows, which stay what they are'" if hole is ITSELF else "'one row'"
    problems = sampled(course, seed).problems
    assert [p for p in problems if f"says killed by spread, {title}" in p and "judged again, it is killed by" in p], (
        problems
    )


def test_a_record_that_claims_too_much_or_too_little_is_found(tmp_path, honest):
    course = plant(tmp_path)
    path = load_curriculum(course).find("halves").folder / FILE_NAME
    data = json.loads(honest)
    gone, survivor, other = data["mutants"][0], data["mutants"][1], data["mutants"][-1]
    data["mutants"].remove(gone)
    survivor |= {"caught_by": "", "check": "", "points": 0, "fault": ""}
    other["points"] += 1
    data["exercises"][0]["by_heart"] = dict.fromkeys(data["exercises"][0]["by_heart"], 40)
    data["whole"]["left_out"]["halve"] = 39
    path.write_text(json.dumps(data), encoding="utf-8")
    problems = "\n".join(sampled(course, "any").problems)
    for said in (
        "1 mutants are not in audit.json, and 0 of its mutants can't be made any more",
        "says killed by no check; judged again, it is killed by halve",
        "get 12 points, audit.json has 40",
        "left out: {'halve': 40.0, 'spread': 50.0}, audit.json has {'halve': 39, 'spread': 50}",
    ):
        assert said in problems


COUNTING = """
seen = []


def count():
    seen.append(1)
    return len(seen)
"""


def test_a_check_that_needs_one_before_it_is_a_problem_since_mutants_are_judged_without(tmp_path):
    course = plant(
        tmp_path,
        ("#| export\nimport numpy as np\n", f"#| export\nimport numpy as np\n{COUNTING}"),
        ("[2.0, 4.0])), [1.0, 2.0])\n", "[2.0, 4.0])), [1.0, 2.0])\n    count()\n"),
        ("[6.0])), [3.0])\n", "[6.0])), [3.0])\n    same(count(), 2)\n"),
    )
    bench = bench_of(course, "halves")
    assert bench.judge({}).points == 90
    (problem,) = alone(bench, "halve")
    assert "'an empty array is refused, others are not', when the checks before it are not run" in problem


def test_the_command_lists_what_is_wrong_and_ends_with_1(tmp_path, monkeypatch, capsys):
    course = plant(tmp_path, HOLES["a check that an answer learnt by heart passes"][0])
    monkeypatch.setenv("TITO_COURSE", str(course))
    for arguments, code in (
        (["halves", "--dry-run", "--jobs", "1"], 1),
        (["--all", "--json", "--jobs", "1"], 1),
        (["halves", "--sample", "0", "--jobs", "1"], 0),
        ([], 2),
        (["halves", "--sample", "0", "--fresh"], 2),
    ):
        monkeypatch.setattr(sys, "argv", ["tito", "module", "audit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == code
        out = capsys.readouterr().out
        if "--dry-run" in arguments:
            assert "01_halves: halve: answers learned by heart" in out
            assert not list(tmp_path.rglob(FILE_NAME)) and not (tmp_path / "docs").exists()
        elif "--json" in arguments:
            (found,) = json.loads(out)
            assert (found["module"], found["reference"], found["release"], found["score"]) == ("halves", 90, 0, 1.0)
        elif "--sample" in arguments and code == 0:
            assert out == "01_halves: the record is confirmed\n"
    assert "| 01_halves | 90 of 90 | 0 | exact |" in (tmp_path / "docs" / "audit.md").read_text(encoding="utf-8")
