"""docs/pytorch.md matches the code, and nothing is listed both as existing and as missing."""

from tests.scripts.table import PAGE, PLACES, page, there
from tinytorch.missing import INSTEAD


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run 'python -m tests.scripts.table'"


def test_nothing_is_both_there_and_missing():
    assert set(INSTEAD) <= set(PLACES)
    both = {f"{place}.{word}" for place, words in INSTEAD.items() for word in words if word in there(place)}
    assert both == set()
