"""The audit as a table, for the terminal and for docs/audit.md."""

from tito.curriculum import Curriculum
from tito.staff.auditing.record import read_record
from tito.staff.auditing.report import ModuleAudit, faults_by_kind

HEADS = [
    "module", "reference", "untouched", "one left out", "mutants", "caught", "equivalent", "score", "by heart",
    "seeds", "other solutions",
]  # fmt: skip

INTRODUCTION = """# Do students get points only for right answers?

`tito module audit NAME` judges a module, lists the problems, and writes its findings to `audit.json` in the module's
folder and to this page; `make audit` does this for every module. A test checks that each record matches its module,
and judges a sample of it again, drawn by the commit.

- **reference, untouched, one left out**: the points of the reference, the points of the release as it was handed out,
  and whether leaving out one exercise costs exactly that exercise's points; judged in the sandbox, in mode `best`.
- **mutants, caught, equivalent, score**: mutants are wrong solutions that differ from the reference by one small
  mistake. The table shows how many there are, how many lost points, how many behave like the reference (each recorded
  with its reason in the module's `equivalent_mutants.yaml`), and the share caught of those that behave differently.
- **by heart**: the largest share of an exercise's points that a solution gets by returning the literal answers of its
  visible checks.
- **seeds**: the number of different scores that the reference gets with ten seeds (it should be 1).
- **other solutions**: the number of other right solutions that each exercise is tried with, at least; all of them get
  full points (`tests/modules/alternatives`).
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
    """The findings about some modules, as a page."""
    lines = [INTRODUCTION, _line(HEADS), _line(["---"] * len(HEADS))]
    lines += [_line(row) for row in rows(audits, curriculum)]
    lines += ["", "## What a student reads", ""]
    lines += [
        "For each kind of mistake, the faults that feedback names for the check that caught it, and how often.",
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
