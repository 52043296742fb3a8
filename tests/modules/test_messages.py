"""docs/wrong-answers.md has a row for each declared mistake of modules 01 to 08, and a check catches each of them."""

from tests.modules.messages import PAGE, declared, modules, start_of

PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_has_every_declared_mistake_once():
    rows = [line for line in PAGE_TEXT.splitlines() if line.startswith("| ")]
    starts = [start_of(*each) for module in modules() for each in declared(module)]
    missing = [start for start in starts if sum(row.startswith(start) for row in rows) != 1]
    assert missing == [], "run 'python -m tests.modules.messages'"
    assert len(starts) >= 60


def test_every_exercise_declares_a_mistake():
    assert [e.name for module in modules() for e in module.exercises if not e.mistakes] == []


def test_no_mistake_passes_every_visible_check():
    assert "| none |" not in PAGE_TEXT
