"""THIRD_PARTY.md lists the packages that a class runs with their licences; none is GPL, which would bind additions."""

import re

from tests import third_party


def test_the_page_says_what_the_locks_say():
    assert third_party.PAGE.read_text(encoding="utf-8") == third_party.page(), (
        "run .venv/bin/python -m tests.third_party after the locks have changed, and look at what is new"
    )


def test_each_package_has_a_licence_that_fits():
    rows = re.findall(r"^\| ([\w.-]+) \| [^|]+ \| ([^|]*) \| [^|]+ \|$", third_party.page(), re.MULTILINE)
    found = {package: licence.strip() for package, licence in rows if package not in ("package", "---")}
    assert len(found) > 100
    assert {p for p, licence in found.items() if not licence or licence == "UNKNOWN"} == set()
    assert {p for p, licence in found.items() if re.search(r"(?<!L)GPL", licence)} == set()
