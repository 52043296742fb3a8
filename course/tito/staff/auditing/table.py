"""The audit as a table, for the terminal and for docs/audit.md."""

from tito.curriculum import Curriculum
from tito.staff.auditing.record import read_record
from tito.staff.auditing.report import ModuleAudit, faults_by_kind

HEADS = [
    "module", "reference", "untouched", "one left out", "mutants", "caught", "equivalent", "score", "by heart",
    "seeds", "other solutions",
]  # fmt: skip

INTRODUCTION = """# Do the points mean something?

`tito module audit NAME` judges a module, lists what is wrong, and writes `audit.json` beside it and this page;
`make audit` does so for every module. A test compares each record with its module, and judges a sample of it anew that
the commit draws.

- **reference, untouched, one left out**: points of the reference, of the release as it was handed out, and whether each
  exercise left out alone costs exactly its own points; judged behind the walls, in mode `best`.
- **mutants, caught, equivalent, score**: wrong solutions made of the reference by one small mistake each; how many lost
  points; how many behave like the reference, each recorded with its reason in `equivalent_mutants.yaml` beside the
  module; and the share caught of those that behave differently.
- **by heart**: the most that an exercise gives for the literal answers of its visible checks.
- **seeds**: different scores of the reference with ten seeds (1 is wanted).
- **other solutions**: the fewest other right solutions that an exercise is tried with; all score full
  (`tests/modules/alternatives`).
"""


def rows(audits: list[ModuleAudit], curriculum: Curriculum) -> list[list[str]]:
    """One row of text for each module."""
    return [_row(audit, curriculum) for audit in audits]


def _row(audit: ModuleAudit, curriculum: Curriculum) -> list[str]:
    whole = audit.whole
    exact = all(whole.left_out[e.name] == e.points for e in audit.exercises)
    return [
        curriculum.find(audit.slug).label,
        f"{whole.reference:g} of {whole.possible:g}",
        f"{whole.release:g}",
        "exact" if exact else "not exact",
        str(len(audit.mutants)),
        str(len(audit.caught)),
        str(len(audit.equivalent)),
        f"{audit.score:.1%}",
        f"{audit.by_heart:.0%}",
        str(len(set(whole.by_seed))),
        str(min(whole.alternatives.values())) if whole.alternatives else "none",
    ]


def page(curriculum: Curriculum) -> str:
    """The page docs/audit.md, from the records of the written modules."""
    records = [record for module in curriculum.written if (record := read_record(module))]
    return markdown([record.audit for record in records], curriculum)


def markdown(audits: list[ModuleAudit], curriculum: Curriculum) -> str:
    """What was found of some modules, as a page."""
    lines = [INTRODUCTION, _line(HEADS), _line(["---"] * len(HEADS))]
    lines += [_line(row) for row in rows(audits, curriculum)]
    lines += ["", "## What a student reads", ""]
    lines += [
        "For each class of mistake, the kinds of fault that feedback names for the check that killed it, how often.",
        "",
    ]
    lines += [_line(["mistake", "kinds of fault"]), _line(["---", "---"])]
    mutants = [mutant for audit in audits for mutant in audit.mutants]
    for kind, counts in faults_by_kind(mutants).items():
        lines.append(_line([kind, ", ".join(f"{fault} {count}" for fault, count in counts.items())]))
    lines += ["", *_explained(audits, curriculum)]
    return "\n".join(lines).rstrip() + "\n"


def _explained(audits: list[ModuleAudit], curriculum: Curriculum) -> list[str]:
    counted = [(audit, e) for audit in audits for e in audit.explained.values() if e.counts]
    if not counted:
        return []
    lines = ["## Survivors that are accepted", "", _line(["module", "exercise", "mistake", "reason"])]
    lines.append(_line(["---"] * 4))
    for audit, explained in counted:
        exercise, was, becomes = explained.key
        change = f"`{' '.join(was) or 'nothing'}` becomes `{' '.join(becomes) or 'nothing'}`"
        lines.append(_line([curriculum.find(audit.slug).label, exercise, change, explained.reason]))
    return lines


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
