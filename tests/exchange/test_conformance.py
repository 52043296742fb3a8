"""Our exchange keeps every promise; nbgrader's default exchange breaks exactly the known ones, so the checks can
fail.
"""

from collections.abc import Iterator

import pytest

from tests.exchange.conformance import ABSENT, BROKEN, KEPT, judge
from tests.exchange.exchanges import Scene, scene_of
from tests.exchange.promises import PROMISES

pytestmark = pytest.mark.service

BROKEN_BY_DEFAULT = {
    "a student reads nobody else's submission",
    "a student reads nobody else's feedback",
    "a student neither changes nor makes a submission of another",
    "a student changes no release",
    "links in a student's folder are not followed",
    "only declared files reach the grader, and no configuration",
    "the server's clock decides, not the student's",
    "a student holds a proof that others can verify",
    "no submission is ever removed by a command",
    "feedback without its submission harms nobody else's",
}
ABSENT_IN_DEFAULT = {
    "JupyterLab's Assignment List fetches, submits and shows feedback",
    "a release is not visible before its time",
    "nothing is accepted after an assignment has closed",
    "a late fix does not replace work done on time, if so decided",
    "nbgrader's lateness heeds grace and extensions",
    "a retry after a lost answer is one submission",
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """People on our exchange."""
    with scene_of("ours", tmp_path_factory.mktemp("ours") / "scene") as scene:
        yield scene


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """People on nbgrader's shared directory."""
    with scene_of("default", tmp_path_factory.mktemp("default") / "scene") as scene:
        yield scene


@pytest.mark.parametrize("promise", PROMISES)
def test_ours_keeps(ours: Scene, promise: str) -> None:
    """Ours keeps each promise when nbgrader's own commands are used."""
    PROMISES[promise](ours)


@pytest.mark.parametrize("promise", PROMISES)
def test_default_keeps_or_breaks(default: Scene, promise: str) -> None:
    """The same check on the default exchange gives the documented verdict."""
    expected = BROKEN if promise in BROKEN_BY_DEFAULT else ABSENT if promise in ABSENT_IN_DEFAULT else KEPT
    verdict, reason = judge(default, promise)
    assert verdict == expected, reason
