"""The semesters that come with the course, served with a demo class: a student takes the first and last module.

`E2E_SEMESTERS=all` starts a Hub for each in turn (tests/e2e/semesters.py); without it, only their files are read. For
the modules in between, the student gets the reference code.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.semester.read import Valid

from tests.e2e.hub import CHECKOUT, RunningHub
from tests.e2e.semesters import ASKED_FOR, FOUR, SEMESTERS, valid, with_a_demo_class
from tests.e2e.solving import solutions, solved
from tests.security.shell import Shell, browser_of, shell_of

SECONDS = 900  # for a command in the student's terminal (a module's checks), on a machine that is also busy elsewhere


@pytest.mark.parametrize("name", SEMESTERS)
def test_with_a_demo_class_it_is_the_same_semester_and_open(name: str, tmp_path: Path) -> None:
    theirs, ours = (valid(path) for path in (SEMESTERS[name], with_a_demo_class(SEMESTERS[name], tmp_path / "ours")))
    assert ours.selection == theirs.selection
    assert {*ours.semester.schedule} == {*theirs.semester.schedule} == {*ours.selection.built}
    now = datetime.now(UTC)
    assert all(dates.release <= now < dates.due for dates in ours.semester.schedule.values())


def test_the_four_that_a_class_may_want_build_what_their_names_say() -> None:
    tiers = {name: [*valid(SEMESTERS[stem]).semester.tiers] for name, stem in FOUR.items()}
    three = ["foundation", "architecture", "optimization"]
    assert (tiers["foundation"], tiers["two tiers"], tiers["optimization"]) == (three[:1], three[:2], three[2:])
    assert tiers["all"] == [tier.name for tier in load_curriculum(CHECKOUT / "course").tiers]


@pytest.fixture
def served(request, tmp_path: Path) -> Iterator[tuple[RunningHub, Valid]]:
    """A Hub with one of the course's semesters in force."""
    semester = with_a_demo_class(SEMESTERS[request.param], tmp_path / "semester")
    hub = RunningHub("local", tmp_path / "var", extra={"HUB_SEMESTER": str(semester)})
    hub.prepare()
    try:
        yield hub.start(), valid(semester)
    finally:
        hub.stop()


if ASKED_FOR:

    @pytest.mark.e2e
    @pytest.mark.live
    @pytest.mark.timeout(3 * 3600)
    @pytest.mark.parametrize("served", ASKED_FOR, indirect=True)
    def test_a_student_takes_the_first_and_the_last_module(served: tuple[RunningHub, Valid]) -> None:
        hub, semester = served
        built = list(semester.selection.built)
        shell = shell_of(hub.url, "ada", password := hub.passwords()["ada"])
        for slug in (built[0], built[-1]):
            with closing(browser_of(hub.url, "ada", password)) as browser:
                assert slug in browser.get(f"/services/home/modules/{slug}").raise_for_status().text
            said = shell.run(f"tito module start {slug}", SECONDS)
            assert shell.request("GET", f"/user/ada/api/contents/{slug}/{slug}.ipynb").status_code == 200, said
            for earlier in built[: built.index(slug)]:
                write(
                    shell, f"tinytorch/core/{earlier}.py", {"type": "file", "format": "text", "content": core(earlier)}
                )
            notebook = shell.request("GET", f"/user/ada/api/contents/{slug}/{slug}.ipynb").json()["content"]
            done = {"type": "notebook", "format": "json", "content": solved(notebook, solutions(slug))}
            write(shell, f"{slug}/{slug}.ipynb", done)
            assert "is complete" in (said := shell.run(f"tito module complete {slug}", SECONDS)), said
            assert "Your work has arrived" in (said := shell.run(f"tito submit {slug}", SECONDS)), said
            assert f"Valid: ada submitted {slug}" in (said := shell.run(f"tito receipt verify {slug}", SECONDS)), said


def core(slug: str) -> str:
    return (CHECKOUT / "tinytorch" / "core" / f"{slug}.py").read_text(encoding="utf-8")


def write(shell: Shell, path: str, model: dict) -> None:
    saved = shell.request("PUT", f"/user/ada/api/contents/{path}", json=model)
    assert saved.status_code in (200, 201), saved.text
