"""No module ships with a hole: the audit of every written module has nothing to say, and the page shows them all.

Slow where nothing is known yet; what has not changed since the last run comes from build/audit.
"""

import re

import pytest
from tito.curriculum import load_curriculum
from tito.staff.audit import alternatives_of
from tito.staff.auditing.cache import Cache
from tito.staff.auditing.schedule import audit_modules

from tests.audit.conftest import CHECKOUT

COURSE = CHECKOUT / "course"
CURRICULUM = load_curriculum(COURSE)


@pytest.fixture(scope="session")
def audits(worker_environment):
    cache = Cache(CHECKOUT / "build" / "audit")
    found = audit_modules(
        CURRICULUM.written, CURRICULUM, COURSE, alternatives=alternatives_of(COURSE), cache=cache, jobs=2
    )
    return {audit.slug: audit for audit in found}


@pytest.mark.slow
@pytest.mark.timeout(1800)  # all modules are judged before the first of these begins: 15 minutes on two cores
@pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)
def test_a_module_has_no_hole(module, audits):
    audit = audits[module.slug]
    assert audit.problems == []
    assert (audit.whole.reference, audit.whole.release) == (90, 0)
    assert len(audit.mutants) >= 100 and audit.score >= 0.95
    assert audit.by_heart <= 0.45


@pytest.mark.unit
def test_the_page_lists_every_written_module():
    page = (CHECKOUT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d\d_\w+) \| \d+ of", page, flags=re.M) == [m.label for m in CURRICULUM.written], (
        "docs/audit.md is behind: run 'tito module audit --all --write-docs'"
    )
