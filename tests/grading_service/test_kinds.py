"""The table of grading work is the only list of its kinds: a kind in it is known everywhere, any other nowhere."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tito.formgrader.lifecycle import lifecycle_routes
from tito.grading import kinds, tasks
from tito.grading.api import make_app
from tito.grading.queue import Queue, QueueError, Work
from tito.grading.records import open_database
from tito.grading.rights import READ, RUN
from tito.grading.settings import GradingSettings
from tito.grading.work import perform

from exchange.hub.identity import Caller
from hub_config.home.class_sections import Part
from hub_config.home.session import Viewer
from hub_config.home.settings import NEEDED, load_settings
from hub_config.home.views import environment

TAKEN_OUT = "feedback"
DOOR = "access:services!service=grading"
IDA = Caller("ida", scopes=frozenset({DOOR, READ, RUN}))
TOM = Caller("tom", scopes=frozenset({DOOR, READ}))


@pytest.fixture
def settings(tmp_path: Path) -> GradingSettings:
    return GradingSettings(course_dir=tmp_path / "course", database_url=f"sqlite:///{tmp_path}/grading.db")


@pytest.fixture
def queue(settings: GradingSettings) -> Iterator[Queue]:
    queue = Queue(open_database(settings.database_url))
    yield queue
    queue.engine.dispose()


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> kinds.Kind:
    """Take one kind out of the table; return that kind."""
    taken = kinds.find_kind(TAKEN_OUT)
    assert taken is not None
    monkeypatch.setattr(kinds, "KINDS", tuple(kind for kind in kinds.KINDS if kind is not taken))
    return taken


def ask(settings: GradingSettings, queue: Queue, method: str, path: str, token: str = "ida", **options: Any) -> Any:
    """Ask the service's application as a person whose identity is given, not checked."""

    async def caller(token: str) -> Caller:
        return {"ida": IDA, "tom": TOM}[token]

    identity: Any = SimpleNamespace(caller=caller)
    headers = {"Authorization": f"token {token}"}

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(settings, queue, identity))
        async with httpx.AsyncClient(transport=transport, base_url="http://grading", headers=headers) as http:
            return await http.request(method, path, **options)

    return asyncio.run(answer())


def where_it_is(settings: GradingSettings, queue: Queue) -> dict[str, bool]:
    """Tell which parts know TAKEN_OUT: the queue, the API, its description, the formgrader, the home page."""
    known = {}
    try:
        queue.submit(TAKEN_OUT, "tensor")
        known["queue"] = True
    except QueueError as error:
        assert "choose one of quick, generate" in str(error)
        known["queue"] = False
    body = {"kind": TAKEN_OUT, "assignment": "tensor"}
    asked = ask(settings, queue, "POST", "/api/v1/jobs", json=body)
    assert asked.status_code in (202, 422)
    known["interface"] = asked.status_code == 202
    description = ask(settings, queue, "GET", "/openapi.json").json()["components"]["schemas"]["JobRequest"]
    known["description"] = TAKEN_OUT in description["properties"]["kind"]["enum"]
    routes = [pattern for pattern, *_ in lifecycle_routes()]
    known["formgrader"] = any(re.fullmatch(route, "/formgrader/api/assignment/a/generate_feedback") for route in routes)
    known["page of formgrader"] = "Make feedback pages" in str(kinds.buttons())
    known["home"] = "modules/tensor/feedback" in class_page(kinds.buttons())
    return known


def class_page(buttons: list[dict[str, Any]]) -> str:
    """Return the home page's class page as an instructor sees it."""
    due = SimpleNamespace(iso="", exact="", zone_name="", words="soon")
    row = SimpleNamespace(
        slug="tensor", label="01 Tensor", title="Tensor", release=due, due=due, students=1, fetched=[], tested=[],
        completed=[], submitted=[], late=[], missing=[], grading=None, next="", is_released=True,
    )  # fmt: skip
    orders = {each["kind"]: each["order"] for each in buttons if each["said"]}
    viewer = Viewer("ida", frozenset({"custom:semester:read", "custom:semester:manage"}), frozenset(), "")
    here = load_settings(dict.fromkeys(NEEDED, "http://hub"))
    data = {
        "course": {"title": "Course"},
        "rows": [row],
        "stuck": [],
        "hints": [],
        "orders": orders,
        "absent": [],
        "note": None,
        "part": Part(),
    }
    return environment().get_template("class.html").render(
        viewer=viewer, settings=here, prefix=here.prefix, form_token="", section=lambda: "class", help_pages={},
        course_title="Course", **data,
    )  # fmt: skip


def test_a_kind_is_everywhere_when_it_is_in_the_table(settings, queue):
    assert set(where_it_is(settings, queue).values()) == {True}


def test_and_nowhere_when_it_is_not(settings, queue, without):
    assert set(where_it_is(settings, queue).values()) == {False}


def test_a_new_kind_is_one_file_and_one_line(settings, queue, monkeypatch, tmp_path):
    (tmp_path / "praise.py").write_text(
        "from tito.grading.work import Outcome\n"
        "def praise(work, settings, queue): return Outcome('done', f'well done, {work.student}')\n"
    )
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    line = kinds.Kind("praise", "praise:praise", 1, scope=READ, after=kinds.JUDGED)
    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, line))

    (settings.course_dir / "autograded" / "ada" / "tensor").mkdir(parents=True)
    queue.submit("autograde", "tensor", ["ada"])
    body = {"kind": "praise", "assignment": "tensor", "students": ["ada"]}
    assert ask(settings, queue, "POST", "/api/v1/jobs", "tom", json=body).status_code == 202
    assert [job["kind"] for job in ask(settings, queue, "GET", "/api/v1/jobs", "tom").json()][:1] == ["praise"]
    work = queue.claim("worker")
    assert work is not None and work.kind == "praise"  # before the task that was queued first
    assert perform(work, settings, queue).message == "well done, ada"


def test_what_a_right_is_needed_for_stands_in_the_line(settings, queue):
    body = {"kind": "autograde", "assignment": "tensor"}
    answer = ask(settings, queue, "POST", "/api/v1/jobs", "tom", json=body)
    assert (answer.status_code, RUN in answer.text) == (403, True)


def test_what_the_service_asks_of_itself_nobody_else_may_ask(settings, queue):
    body = {"kind": "quick", "assignment": "tensor"}
    answer = ask(settings, queue, "POST", "/api/v1/jobs", json=body)
    assert answer.status_code == 422


def test_every_line_names_a_function_and_words_that_fit():
    for kind in kinds.KINDS:
        assert callable(kind.load())
        assert not kind.waits_for or kinds.find_kind(kind.waits_for)
        if kind.button and kind.button.said:
            assert "Tensor" in kind.button.said.format(module="Tensor")


def test_a_task_of_a_kind_that_is_gone_fails_with_a_word(settings, queue):
    with pytest.raises(QueueError, match="any more"):
        perform(Work(1, 1, "gone", "tensor", ""), settings, queue)
