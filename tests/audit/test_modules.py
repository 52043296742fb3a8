"""No module is released with a hole: its record is current and has no problem, and judging a sample confirms it.

The commit chooses the sample, which is printed; TITO_AUDIT_SEED chooses another. 'make audit' judges everything.
"""

import os
import re
import subprocess
import sys

import pytest
from tito.curriculum import load_curriculum
from tito.staff.audit import alternatives_of
from tito.staff.auditing.record import read_record, record_path, stale, text_of
from tito.staff.auditing.schedule import Scene, sample_modules
from tito.staff.auditing.table import page

from tests.audit.conftest import CHECKOUT

COURSE = CHECKOUT / "course"
CURRICULUM = load_curriculum(COURSE)
SCENE = Scene(COURSE, CURRICULUM, alternatives_of(COURSE))
each_module = pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)


@pytest.fixture(scope="session")
def samples(worker_environment, pytestconfig):
    seed = os.environ.get("TITO_AUDIT_SEED") or commit()
    lines = [f"the audit's sample is drawn by {seed}; to repeat it: tito module audit --all --sample {seed}"]
    found = {sample.slug: sample for sample in sample_modules(CURRICULUM.written, SCENE, seed, say=lines.append)}
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("", *lines, sep="\n", file=sys.stderr)
    return found


def commit() -> str:
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True)
    if git.returncode != 0:
        pytest.fail(f"no commit can draw the sample: name a seed in TITO_AUDIT_SEED ({git.stderr.strip()})")
    return git.stdout.strip()


@pytest.mark.audit
@pytest.mark.timeout(1800)  # the first of these tests waits until all modules are judged
@each_module
def test_a_sample_of_the_record_holds(module, samples):
    sample = samples[module.slug]
    assert sample.problems == [], f"to repeat it: tito module audit {module.slug} --sample {sample.seed}"
    assert sample.judged >= 40


@each_module
def test_the_record_is_of_this_module_and_shows_no_hole(module):
    record = read_record(module)
    assert stale(module, record) == ""
    audit = record.audit
    assert audit.problems == []
    assert (audit.whole.reference, audit.whole.release) == (90, 0)
    assert len(audit.mutants) >= 100 and audit.score >= 0.95
    assert audit.by_heart <= 0.45


@each_module
def test_the_record_is_as_it_is_written_with_one_mutant_on_each_line(module):
    text, record = record_path(module).read_text(encoding="utf-8"), read_record(module)
    assert text == text_of(record)
    assert len([line for line in text.splitlines() if '"becomes": ' in line]) == len(record.mutants)
    assert str(CHECKOUT) not in text


def test_the_page_and_the_readme_say_what_the_records_say():
    assert (CHECKOUT / "docs" / "audit.md").read_text(encoding="utf-8") == page(CURRICULUM), (
        "docs/audit.md is behind the records: run 'tito module audit NAME' for a module that has changed"
    )
    count = sum(len(read_record(module).mutants) for module in CURRICULUM.written)
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"([\d,]+) faulty variants of the reference", readme) == [f"{count:,}"]
