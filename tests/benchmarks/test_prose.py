"""The text of modules 01 to 08 has each figure that `make bench BENCH=prose` measures, and no other "I measured"."""

import re

import pytest
from tito.source.percent import read_percent

from tests.benchmarks.prose import CLAIMS, first_modules, text_of

MODULES = {module.slug: module for module in first_modules()}


def texts(slug: str) -> list[str]:
    return [text_of(cell) for cell in read_percent(MODULES[slug].source) if cell.kind == "markdown"]


@pytest.mark.parametrize("slug", MODULES)
def test_what_is_measured_is_what_the_text_says(slug):
    stand = {claim.says: sum(claim.says in text for text in texts(slug)) for claim in CLAIMS[slug]}
    assert {says: times for says, times in stand.items() if times != 1} == {}


@pytest.mark.parametrize("slug", MODULES)
def test_whoever_measured_is_measured_again(slug):
    told = [match[0] for text in texts(slug) for match in re.finditer(r"I measured[^.]*", text)]
    cited = [claim.says for claim in CLAIMS[slug]]
    assert [words for words in told if not any(words in says or says in words for says in cited)] == []
    assert cited


def test_no_figure_is_asked_to_be_another_than_the_text_says():
    numbers = {
        claim.says: [float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", claim.says)]
        for claims in CLAIMS.values() for claim in claims
    }  # fmt: skip
    own = [claim for claims in CLAIMS.values() for claim in claims if claim.says.startswith("I measured")]
    assert [claim.says for claim in own if not any(claim.cited == pytest.approx(n) for n in numbers[claim.says])] == []
    assert len(own) == 7
