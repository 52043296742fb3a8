"""The pages of Insight ask databases as often over many students and modules as over few."""

import pytest

from tests.home.beside_exchange import HOME
from tests.insight.large_pages import PAGES, counted, semester

pytestmark = [pytest.mark.service, pytest.mark.timeout(900)]
MOST_STATEMENTS = 12


def statements(folder, students: int, modules: int) -> dict[str, int]:
    found = {}
    with semester(folder, students, modules) as ta:
        for page in PAGES:
            with counted() as said:
                ta.get(HOME + page).raise_for_status()
            found[page] = len(said)
    return found


def test_ten_modules_of_thirty_students_cost_as_many_statements_as_two_of_six(tmp_path):
    many, few = statements(tmp_path / "many", 30, 10), statements(tmp_path / "few", 6, 2)
    assert many == few
    assert 0 < max(many.values()) <= MOST_STATEMENTS
