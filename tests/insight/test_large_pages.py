"""Insight's pages, the class page and a student's page send the databases as many statements for a large class as for a
small one."""

import pytest

from tests.benchmarks.bench_crowd import home_at_once
from tests.home.beside_exchange import HOME, Visitor
from tests.insight.large_pages import PAGES, a_ta, counted, served

pytestmark = [pytest.mark.service, pytest.mark.timeout(900)]
MOST_STATEMENTS = 22  # the home page: eleven questions to the exchange, among them whether the course is over


def statements(folder, students: int, modules: int) -> dict[str, float]:
    found: dict[str, float] = {}
    with served(folder, students, modules) as pages:
        ta = a_ta(pages)
        for page in (*PAGES, "class"):
            found[page] = min(_said(ta, HOME + page) for _ in range(3))  # other threads may send some too
        found["home"] = home_at_once(pages, at_once=6).statements
    return found


def _said(ta: Visitor, address: str) -> int:
    with counted() as said:
        ta.get(address).raise_for_status()
    return len(said)


def test_ten_modules_of_thirty_students_cost_as_many_statements_as_two_of_six(tmp_path):
    many, few = statements(tmp_path / "many", 30, 10), statements(tmp_path / "few", 6, 2)
    assert many == few
    assert 0 < max(many.values()) <= MOST_STATEMENTS
