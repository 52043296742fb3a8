"""A three-tier course small enough to read at a glance, and a semester for it."""

from pathlib import Path

import pytest
from tito.curriculum import Curriculum, load_curriculum
from tito.semester.read import Sources, Valid, validate

MODULE = "title: {title}\ntier: {tier}\nhours: 1\nprerequisites: [{needs}]\nsummary: A tiny module.\n"
WRITTEN = "exports: []\nexercises: []\nwritten: []\n"
# number_slug: (tier, prerequisites, written)
COURSE = {
    "01_scalar": ("foundation", "", True),
    "02_sum": ("foundation", "scalar", True),
    "03_image": ("architecture", "sum", True),
    "04_fast": ("optimization", "sum", True),
    "05_later": ("olympics", "fast", False),
}
SEMESTER = """course: tiny-2026
title: A tiny course
time_zone: Europe/Berlin
tiers: [foundation]
schedule:
  scalar: {release: 2026-10-05 08:00, due: 2026-10-18 23:59}
  sum:
    release: 2026-10-12 08:00
    due: 2026-10-26 23:59
late: {grace_minutes: 15, window_hours: 48}
staff:
  instructors: [ida]
  tas: [tom]
roster: roster.csv
extensions:
  - {student: ada, module: sum, due: 2026-11-05 12:00}
"""
ROSTER = "username,last_name,first_name,email\nada,Lovelace,Ada,ada@example.org\nben,Rosen,Ben,\n"


@pytest.fixture(scope="session")
def course_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course tree on disk: three tiers that are written and one that is not."""
    course = tmp_path_factory.mktemp("course")
    tiers = dict.fromkeys(tier for tier, _, _ in COURSE.values())
    (course / "semesters").mkdir()
    rows = "".join(f"  - {{name: {tier}, title: {tier.title()}}}\n" for tier in tiers)
    (course / "semesters" / "tiers.yaml").write_text("tiers:\n" + rows)
    for label, (tier, needs, is_written) in COURSE.items():
        folder = course / "modules" / label
        folder.mkdir(parents=True)
        text = MODULE.format(title=label[3:].title(), tier=tier, needs=needs)
        (folder / "module.yaml").write_text(text + WRITTEN * is_written)
        if is_written:
            (folder / f"{label[3:]}_dev.py").write_text(f"#| default_exp core.{label[3:]}\n")
    return course


@pytest.fixture(scope="session")
def curriculum(course_dir: Path) -> Curriculum:
    return load_curriculum(course_dir)


@pytest.fixture
def valid(curriculum: Curriculum) -> Valid:
    return validate(Sources(SEMESTER, ROSTER), curriculum)
