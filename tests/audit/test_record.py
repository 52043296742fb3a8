"""A record lists its inputs: one changed byte in any is noticed; only the module's own inputs make it stale."""

import shutil
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.staff.auditing.digests import elsewhere_digests, own_digests
from tito.staff.auditing.exercise import ExerciseAudit
from tito.staff.auditing.record import Record, read_record, record_path, stale, write_record
from tito.staff.auditing.report import module_audit
from tito.staff.auditing.sample import choose
from tito.staff.auditing.verdict import MutantVerdict
from tito.staff.auditing.whole import WholeAudit

from tests.audit.conftest import CHECKOUT
from tests.audit.planted import plant

WITHOUT = shutil.ignore_patterns("__pycache__", "service", "formgrader", "milestones", "semesters")


def made_up(module) -> Record:
    verdicts = [
        MutantVerdict("halve", "operator", ["return x / 2"], ["return x * 2"], "halve", "two numbers", 12.0, "error"),
        MutantVerdict("spread", "axis", ["a | b", 'say("ß")'], []),
    ]
    exercises = [ExerciseAudit(name, 40.0, 12.5, {"None": 12.0}, [m for m in verdicts if m.exercise == name])
                 for name in ("halve", "spread")]  # fmt: skip
    whole = WholeAudit(90.0, 90.0, 0.0, {"halve": 40.0, "spread": 50.0}, [90.0] * 10, {"halve": 2})
    return Record(module_audit(module, whole, exercises), own_digests(module), {"judge": "1" * 32})


@pytest.fixture
def module(tmp_path):
    return load_curriculum(plant(tmp_path)).find("halves")


def test_a_record_reads_as_it_was_written_and_is_written_as_it_was_read(module):
    record = made_up(module)
    assert write_record(module, record)
    text = record_path(module).read_bytes()
    again = read_record(module)
    assert (again.audit, again.own, again.elsewhere) == (record.audit, record.own, record.elsewhere)
    assert not write_record(module, again) and record_path(module).read_bytes() == text


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"mutants": [{}]}', "<<<<<<< HEAD\n"])
def test_a_damaged_record_says_how_to_get_another(module, damage):
    record_path(module).write_text(damage, encoding="utf-8")
    with pytest.raises(TitoError, match="run 'tito module audit halves'"):
        read_record(module)


@pytest.mark.parametrize("name", ["halves_dev.py", "module.yaml", "equivalent_mutants.yaml"])
def test_one_byte_of_the_modules_own_makes_the_record_stale(module, name):
    (module.folder / "equivalent_mutants.yaml").write_text("[]\n# none", encoding="utf-8")
    write_record(module, made_up(module))
    assert stale(module, read_record(module)) == ""
    change(module.folder / name)
    assert stale(module, read_record(module)) == (
        f"01_halves/audit.json is out of date ({name} changed): "
        "run 'tito module audit halves' and commit what it writes"
    )
    record = read_record(module)
    (module.folder / name).unlink()
    assert f"out of date ({name} changed):" in stale(module, record)


def test_a_module_without_a_record_is_stale(module):
    assert stale(module, read_record(module)).startswith("01_halves has no audit.json: run 'tito module audit halves'")


def change(path: Path) -> None:
    """Change the last byte."""
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


ELSEWHERE = {
    "course/tito/source/percent.py": {"judge"},
    "course/tito/errors.py": {"judge"},
    "course/tito/curriculum/model.py": {"judge"},
    "course/tito/curriculum/files.py": {"judge"},
    "course/tito/source/export.py": {"judge"},
    "course/tito/checks/plan.py": {"judge"},
    "course/tito/judge/submission.py": {"judge"},
    "course/tito/judge/sandbox/bubblewrap.py": {"judge"},
    "course/tito/source/release.py": {"judge", "notebooks"},
    "course/tito/staff/auditing/operators.py": {"audit"},
    "course/tito/worker/obey.py": {"worker"},
    "course/tito/__init__.py": {"judge", "worker"},
    "tinytorch/__init__.py": {"worker"},
    "tinytorch/core/__init__.py": {"worker"},
    "tinytorch/nn/__init__.py": {"worker"},
    "tinytorch/optim/__init__.py": {"worker"},
    "tinytorch/data/__init__.py": {"worker"},
    "tinytorch/datasets/__init__.py": {"worker"},
    "tinytorch/profiling/__init__.py": {"worker"},
    "tinytorch/testing/exercise.py": {"worker"},
    "requirements/worker.lock": {"locks"},
    "requirements/dev.lock": {"locks"},
    "course/modules/01_tensor/tensor_dev.py": {"predecessors"},
    "course/modules/02_activations/activations_dev.py": {"predecessors"},
    "tests/modules/alternatives/layers": {"alternatives"},
    # No mutant's verdict depends on these.
    "course/modules/03_layers/layers_dev.py": set(),
    "course/modules/08_training/training_dev.py": set(),
    "tinytorch/viz/__init__.py": set(),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A checkout whose files tests may change."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("tinytorch", "course", "requirements", "tests/modules/alternatives"):
        shutil.copytree(CHECKOUT / folder, root / folder, ignore=None if folder == "course" else WITHOUT)
    return root


@pytest.mark.parametrize("name", ELSEWHERE)
def test_one_byte_elsewhere_is_seen_by_its_kind_and_makes_nothing_stale(copy, name):
    course = copy / "course"
    curriculum = load_curriculum(course)
    module = curriculum.find("layers")

    def now() -> dict[str, str]:
        return elsewhere_digests(module, curriculum, course, copy / "tests/modules/alternatives", copy)

    path = copy / name if (copy / name).is_file() else next((copy / name).glob("*.py"))
    before, own, content = now(), own_digests(module), path.read_bytes()
    try:
        change(path)
        assert {kind for kind, digest in now().items() if before[kind] != digest} == ELSEWHERE[name]
        assert (own_digests(module) == own) == ("03_layers" not in name)
    finally:
        path.write_bytes(content)


def test_another_module_s_data_is_seen_since_the_worker_carries_the_curriculum(copy):
    course = copy / "course"
    before = elsewhere_digests(load_curriculum(course).find("layers"), load_curriculum(course), course, None, copy)
    data = course / "modules" / "01_tensor" / "module.yaml"
    data.write_text(data.read_text().replace("title: ", "title: A "), encoding="utf-8")
    after = elsewhere_digests(load_curriculum(course).find("layers"), load_curriculum(course), course, None, copy)
    assert {kind for kind in before if before[kind] != after[kind]} == {"worker"}


def verdicts() -> list[MutantVerdict]:
    return [
        MutantVerdict(f"e{n % 5}", f"kind {n % 7}", [str(n)], [], f"e{n % 5}" * (n % 50 > 0), f"check {n % 11}", 1.0)
        for n in range(300)
    ]


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_a_sample_has_every_killer_every_survivor_and_every_kind_of_each_exercise(seed):
    every = verdicts()
    chosen = choose(every, seed)
    assert chosen == [m for m in every if m in chosen], "in the record's order"
    for stratum in (lambda m: (m.caught_by, m.check), lambda m: (m.exercise, m.kind), lambda m: m.caught_by == ""):
        assert {stratum(m) for m in chosen} == {stratum(m) for m in every}
    assert all(m in chosen for m in every if not m.caught_by)
    assert len(chosen) < 100


def test_the_seed_alone_draws_the_sample():
    assert choose(verdicts(), "a") == choose(verdicts(), "a") != choose(verdicts(), "b")
