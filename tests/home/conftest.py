"""A class in its second week on a real Hub: ada is working, ben is stuck, tom is a TA, ida an instructor."""

import shutil
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tito.curriculum import load_curriculum
from tito.semester import times
from tito.semester.demo import COURSE, write_demo

from exchange.client.exchange_client import ExchangeClient
from exchange.client.transfer import pack
from tests.proxies import Proxy, named, recording_proxy
from tests.semester.campus import Campus, running_campus, wait_for

TINY = Path(__file__).parents[1] / "tiny_course"


@pytest.fixture(scope="session")
def proxy():
    """The proxy in the environment while these tests run; none of the course's requests may go through it."""
    with recording_proxy() as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _proxy_is_named(proxy: Proxy):
    with named(proxy):
        yield


@pytest.fixture(scope="session")
def campus(proxy: Proxy, tmp_path_factory: pytest.TempPathFactory):
    with ExitStack() as stack:
        with named(proxy):
            campus = stack.enter_context(class_in_its_second_week(tmp_path_factory.mktemp("home")))
        yield campus


@contextmanager
def class_in_its_second_week(folder: Path):
    """Run a class whose semester is in force; scale and shift have been open for six days."""
    shutil.copytree(TINY, folder / "tree")
    curriculum = load_curriculum(folder / "tree")
    write_demo(folder / "semester.yaml", curriculum, times.now() - timedelta(days=6), ZoneInfo("Europe/Berlin"))
    docs = folder / "docs"
    docs.mkdir()
    (docs / "student.md").write_text("# For students\n\n<script>alert(1)</script>\n\n| a | b |\n| - | - |\n| 1 | 2 |\n")
    (docs / "ta.md").write_text("# For TAs\n")
    with running_campus(folder, COURSE, lambda: load_curriculum(folder / "tree"), docs) as campus:
        put_in_force(campus, COURSE)
        _work(campus)
        yield campus


def put_in_force(campus: Campus, course: str) -> None:
    """Let ida apply the semester, and wait until all due releases are done."""
    campus.hub("POST", "/users", json={"usernames": ["ida"]})
    campus.hub("POST", f"/groups/instructor-{course}/users", json={"users": ["ida"]})
    token = campus.token("ida")
    assert campus.ask("semester", "POST", "apply", token, json={}).status_code == 202

    def ready() -> bool:
        run = campus.ask("semester", "GET", "apply", token).json()
        assert (run["error"], [change for change in run["changes"] if change["error"]]) == ("", [])
        actions = campus.ask("semester", "GET", "status", token).json()["actions"]
        past = [a for a in actions if a["kind"] == "release" and a["at"] <= times.now().isoformat()]
        return run["finished"] and bool(past) and all(a["state"] == "done" for a in past)

    wait_for(ready, "the class to begin", 240)


def _work(campus: Campus) -> None:
    homes = campus.folder / "homes"
    with ExchangeClient(campus.service_url("exchange"), campus.token("ada")) as exchange:
        for module in ("scale", "shift"):
            exchange.fetch_release(COURSE, module, homes / "ada" / module)
            exchange.report_event(COURSE, module, "tested")
        exchange.report_event(COURSE, "scale", "completed")
        exchange.submit(COURSE, "scale", pack(homes / "ada" / "scale", ["scale.ipynb"]))
    with ExchangeClient(campus.service_url("exchange"), campus.token("ben")) as exchange:
        for _ in range(9):
            exchange.report_event(COURSE, "scale", "tested", {"points": 15, "points_possible": 30})
