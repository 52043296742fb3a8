"""README.md, docs/ and the other documents form one site, with no dead links and nothing loaded from other servers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.service

CHECKOUT = Path(__file__).parents[1]
LOADED = re.compile(r'<(?:script|img|iframe|link rel="(?:stylesheet|icon|preload)")[^>]*(?:src|href)="(https?:[^"]*)"')


def sphinx(source: Path, out: Path) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", CHECKOUT / "docs", source, out]
    return subprocess.run(line, cwd=source, capture_output=True, text=True)


def test_the_site_has_every_page_and_loads_nothing_from_elsewhere(tmp_path: Path):
    done = sphinx(CHECKOUT, tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")
    first = (tmp_path / "site" / "index.html").read_text("utf-8")
    pages = sorted((tmp_path / "site").rglob("*.html"))
    for document in (CHECKOUT / "docs").glob("*.md"):
        assert f'href="docs/{document.stem}.html"' in first, document.name
    assert {page.name: LOADED.findall(page.read_text("utf-8")) for page in pages} == {page.name: [] for page in pages}


def test_a_dead_link_and_a_page_without_a_place_are_errors(tmp_path: Path):
    (tmp_path / "README.md").write_text("# Title\n\n[where](docs/nowhere.md)\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lost.md").write_text("# Lost\n")
    done = sphinx(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert "README.md:3: WARNING: 'myst' cross-reference target not found: 'docs/nowhere.md'" in done.stderr
    assert re.search(r"lost\.md: WARNING: document isn't included in any toctree", done.stderr)
