"""People with names as universities assign them, each correctly identified from login to the table of grades.

One person with a generated name is enough for every run: tests/exchange/test_names.py tests how names are generated,
and all names are treated alike afterwards. `E2E_NAMES=all` takes all of that file's names, more than thirty; half of
the people leave an exercise unsolved.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from exchange.protocol.names import name_of
from tests.e2e.hub import RunningHub
from tests.e2e.solving import solutions, solved
from tests.exchange.test_names import OF_A_UNIVERSITY
from tests.security.shell import shell_of, token_of

pytestmark = [pytest.mark.e2e, pytest.mark.live, pytest.mark.timeout(3600)]
SLUG, WEAK = "tensor", "infer_shape"  # every second person leaves one exercise unsolved
ONE = "Zoë.李@Example.ORG"
FULL = 90.0  # points for exercises; nobody here writes an answer


@dataclass(frozen=True)
class Somebody:
    """What a person types to log in, their name, and whether they solve every exercise."""

    typed: str
    name: str
    solves_all: bool


def people() -> list[Somebody]:
    chosen = OF_A_UNIVERSITY if os.environ.get("E2E_NAMES") == "all" else (ONE,)
    by_name = {name_of(identity): identity for identity in chosen if name_of(identity) != "ada"}
    return [Somebody(typed, name, number % 2 == 0) for number, (name, typed) in enumerate(sorted(by_name.items()))]


@pytest.fixture
def university(hub: RunningHub) -> Iterator[list[Somebody]]:
    """Add these people to the Hub's class through its roster; restore the class afterwards."""
    roster = Path(hub.extra["HUB_SEMESTER"]).with_name("roster.csv")
    before, found = roster.read_text(), people()
    roster.write_text(before + "".join(f"{each.typed},Last,First,\n" for each in found))
    try:
        apply(hub)
        yield found
    finally:
        roster.write_text(before)
        apply(hub, "--yes", "drops")


def apply(hub: RunningHub, *yes: str) -> None:
    done = hub.run("tito", "semester", "apply", *yes)
    assert done.returncode == 0, done.stdout + done.stderr


def hand_in(hub: RunningHub, who: Somebody) -> dict:
    """Log in with the typed name, solve and submit from the person's own server; return the receipt in their home."""
    shell = shell_of(hub.url, who.name, hub.passwords()[who.name], who.typed)
    path = f"/user/{who.name}/api/contents/{SLUG}/{SLUG}.ipynb"
    model = shell.request("GET", path).json()
    answers = {name: text for name, text in solutions(SLUG).items() if who.solves_all or name != WEAK}
    content = solved(model["content"], answers)
    saved = shell.request("PUT", path, json={"type": "notebook", "format": "json", "content": content})
    assert saved.status_code == 200, saved.text
    said = shell.run(f"tito submit {SLUG} && tito receipt verify {SLUG} && tito receipt show {SLUG} --json", 120)
    assert "Your work has arrived" in said and f"Valid: {who.name} submitted {SLUG}" in said, said
    shell.request("DELETE", f"/hub/api/users/{who.name}/server")
    return json.loads(said[said.index("\n{") :])["receipt"]


def grading(hub: RunningHub, token: str, method: str, path: str, **more) -> dict:
    headers = {"Authorization": f"token {token}"}
    answer = httpx.request(method, f"{hub.url}/services/grading/api/v1/{path}", headers=headers, timeout=60, **more)
    assert answer.status_code < 300, answer.text
    return answer.json()


def work(hub: RunningHub, token: str, kind: str, **options: bool) -> list[dict]:
    """Run a job of the grading service on the module; return its tasks."""
    job = grading(hub, token, "POST", "jobs", json={"kind": kind, "assignment": SLUG, **options})["id"]
    hub.wait(lambda: grading(hub, token, "GET", f"jobs/{job}")["done"], 1800, kind)
    return grading(hub, token, "GET", f"jobs/{job}")["tasks"]


def test_everybody_hands_in_is_graded_and_stands_in_the_table_as_themselves(
    hub: RunningHub, university: list[Somebody]
) -> None:
    receipts = {who.name: hand_in(hub, who) for who in university}
    assert {name: receipt["student"] for name, receipt in receipts.items()} == {name: name for name in receipts}
    ida = token_of(hub.url, "ida", hub.passwords()["ida"])
    for kind, options in (("collect", {}), ("autograde", {}), ("feedback", {}), ("release_feedback", {"unread": True})):
        failed = [task for task in work(hub, ida, kind, **options) if task["state"] == "failed"]
        assert failed == []
    table = json.loads(hub.run("tito", "grade", "export", "--module", SLUG, "--json").stdout)[SLUG]
    scores = {row["student"]: row["score"] for row in table if row["student"] in receipts}
    assert {name: score == FULL for name, score in scores.items()} == {who.name: who.solves_all for who in university}
    for who in university:
        own = grading(hub, token_of(hub.url, who.name, hub.passwords()[who.name]), "GET", "me")
        assert own["student"] == who.name
        assert (own["modules"][SLUG]["feedback"]["score"] == FULL) == who.solves_all
        assert (hub.var / "course" / "feedback" / who.name / SLUG / f"{SLUG}.html").is_file()
