"""The tiny course and its semester."""

from pathlib import Path

import pytest
from tito.curriculum import Curriculum, load_curriculum
from tito.semester.read import Sources, Valid, validate

TINY = Path(__file__).parents[1] / "tiny_course"
SEMESTER = (TINY / "semesters" / "2026-tiny.yaml").read_text()
ROSTER = (TINY / "semesters" / "roster.csv").read_text()


@pytest.fixture(scope="session")
def curriculum() -> Curriculum:
    return load_curriculum(TINY)


@pytest.fixture
def valid(curriculum: Curriculum) -> Valid:
    return validate(Sources(SEMESTER, ROSTER), curriculum)
