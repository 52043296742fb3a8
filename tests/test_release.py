"""The package's version is the one in the changelog and in the commands of the documents and the help."""

import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
VERSION = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
NAMED = re.compile(r"tinytorch-(\d+\.\d+\.\d+)")


def test_the_newest_heading_of_the_changelog_is_this_version_or_the_next():
    headings = re.findall(r"^## (.*)$", (CHECKOUT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    newest, *others = headings
    assert re.fullmatch(rf"{re.escape(VERSION)} \(\d{{4}}-\d\d-\d\d\)", newest if newest != "Unreleased" else others[0])


def test_documents_and_help_name_files_of_this_version():
    texts = [*(CHECKOUT / "docs").glob("*.md"), *(CHECKOUT / "course" / "tito").rglob("*.py")]
    named = {(path.name, found) for path in texts for found in NAMED.findall(path.read_text("utf-8"))}
    assert {found for _, found in named} == {VERSION}, sorted(named)
