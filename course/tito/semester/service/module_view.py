"""What everybody in the course may read about one module: its subject, what gives points, where it leads."""

import re
from itertools import takewhile
from pathlib import Path
from typing import Any

from tito.curriculum import Curriculum, Module
from tito.curriculum.milestones import Milestone
from tito.semester.checks import milestones_of

FOR_STAFF = "For staff"  # how a paragraph of ABOUT.md that no student may read begins


def module_view(curriculum: Curriculum, module: Module) -> dict[str, Any]:
    """Return the module's page: Markdown, exercises and written answers with points, milestones that need it."""
    return {
        "slug": module.slug,
        "about": about_for_students(module),
        "exercises": [{"name": each.name, "points": each.points} for each in module.exercises],
        "written": [{"name": each.name, "points": each.points} for each in module.written_answers],
        "milestones": [_milestone(each) for each in milestones_of(curriculum) if module.slug in each.needs],
    }


def about_for_students(module: Module) -> str:
    """Return what students may read of ABOUT.md: up to its table of parts, or its first paragraph if it has none.

    Below the table are notes for staff: frequent mistakes, planted faults, results of experiments that students are
    asked to predict. Title and summary are left out, since the page already has them.
    """
    file = module.folder / "ABOUT.md" if module.folder else Path("none")
    blocks = _blocks(file.read_text(encoding="utf-8") if file.is_file() else "")
    table = next((number for number, block in enumerate(blocks) if block.startswith("|")), 0)
    shown = list(takewhile(lambda block: not block.startswith(FOR_STAFF), blocks[: table + 1]))
    return "\n\n".join(block for block in shown if block.split() != module.summary.split())


def _blocks(text: str) -> list[str]:
    """Split Markdown at empty lines, without the title."""
    return [block for block in re.split(r"\n\s*\n", text.strip()) if block and not block.startswith("# ")]


def _milestone(milestone: Milestone) -> dict[str, Any]:
    return {
        "title": milestone.title,
        "year": milestone.year,
        "summary": milestone.summary,
        "needs": list(milestone.needs),
        "command": f"tito milestone run {milestone.slug}",
    }
