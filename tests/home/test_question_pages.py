"""A question on the home page is asked, queued, taken, answered and read; what people write is shown as text."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exchange.protocol.models import CourseSettings, QuestionRequest
from hub_config.home.notebook_view import LONGEST_OUTPUT, MOST_CELLS, shown_cells
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, in_thread, make_settings
from tests.home.beside_exchange import HOME, Pages

pytestmark = pytest.mark.service
HOSTILE = "</pre></blockquote><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}"


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with ExitStack() as stack:
        hub = stack.enter_context(FakeHub())
        live = stack.enter_context(in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path))
        live.open_course(due_at=None)
        yield Pages(live, stack)


def notebook(*sources: str) -> str:
    cell = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "add"}}, "execution_count": 1}
    outputs = [{"output_type": "stream", "name": "stdout", "text": HOSTILE}]
    outputs += [{"output_type": "display_data", "data": {"text/html": HOSTILE}, "metadata": {}}]
    cells = [cell | {"source": source, "outputs": outputs} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_question_goes_from_the_modules_page_to_its_answer(pages: Pages):
    ada, tom, ben = pages.student("ada"), pages.ta("tom"), pages.student("ben")
    assert "Your question was sent" in ada.press("modules/tensor", "modules/tensor/ask", text="Why?", exercise="add")
    assert "<strong>1</strong> question is waiting" in tom.get(HOME + "grading").text
    queue = tom.get(HOME + "questions").text
    assert "Tensor, add" in queue
    (number,) = set(re.findall(r'href="/services/home/questions/([0-9a-f]{32})"', queue))
    assert "It is yours now" in tom.press("questions", f"questions/{number}/take")
    assert "tom" in pages.ta("grace").get(f"{HOME}questions/{number}").text
    sent = tom.press(f"questions/{number}", f"questions/{number}/answer", text="Look at dim.", for_all="What is dim?")
    assert "Your answer was sent" in sent
    assert "was answered" in ada.get(HOME).text
    assert "Look at dim." in ada.get(HOME + "modules/tensor").text
    assert "was answered" not in ada.get(HOME).text, "what was read is no news"
    others = ben.get(HOME + "modules/tensor").text
    assert "What is dim?" in others
    assert "Why?" not in others
    assert not re.search(r"\bada\b", others)


def test_the_queue_is_parted_by_section_where_the_roster_has_some(pages: Pages):
    for name in ("ada", "ben", "chen"):
        pages.live.student(name).ask(COURSE, "tensor", QuestionRequest(f"{name}'s words", "add"))
    tom = pages.ta("tom")
    assert "All sections" not in tom.get(HOME + "questions").text
    pages.sections = {"ada": "B & C", "ben": "A", "chen": ""}
    everybody = tom.get(HOME + "questions").text
    assert [everybody.index(f"{name}&#39;s words") for name in ("ada", "ben", "chen")] == sorted(
        everybody.index(f"{name}&#39;s words") for name in ("ada", "ben", "chen")
    ), "the oldest first"
    (address,) = re.findall(r'href="([^"]+)">B &amp; C</a> 1', everybody)
    one = tom.get(address.replace("&amp;", "&")).text
    assert "ada&#39;s words" in one
    assert "ben&#39;s words" not in one
    assert "chen&#39;s words" not in one
    assert "No question is waiting for an answer in this section" in tom.get(HOME + "questions?section=<b>").text


def test_hostile_questions_and_notebooks_are_text_for_whoever_answers(pages: Pages):
    live = pages.live
    request = QuestionRequest(HOSTILE, "add", HOSTILE, HOSTILE, HOSTILE)
    asked = live.student("ada").ask(COURSE, "tensor", request, live.outgoing({"tensor.ipynb": notebook(HOSTILE)}))
    tom = pages.ta("tom")
    for address in ("questions", f"questions/{asked.id}"):
        answer = tom.get(HOME + address)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text.replace(f'<img src="{HOME}static', "")
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "{{ 7 * 7 }}" in answer.text, "nothing that somebody wrote is a template"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    live.staff("grace").answer(COURSE, asked.id, HOSTILE, for_all=HOSTILE)
    for name in ("ada", "ben"):
        assert "<script>alert" not in pages.student(name).get(HOME + "modules/tensor").text


def test_a_damaged_notebook_is_said_to_be_one(pages: Pages):
    ada, tom = pages.live.student("ada"), pages.ta("tom")
    damaged = ("", "no notebook", "[]", '{"cells": [3, {}, {"source": {}}]}', "{" * 5000)
    for number, content in enumerate(damaged):
        outgoing = pages.live.outgoing({"tensor.ipynb": content})
        asked = ada.ask(COURSE, "tensor", QuestionRequest(f"Why {number}?", "add"), outgoing)
        answer = tom.get(f"{HOME}questions/{asked.id}")
        assert answer.status_code == 200
        assert f"Why {number}?" in answer.text


def test_students_have_no_queue_and_no_form_goes_without_its_token(pages: Pages):
    asked = pages.live.student("ada").ask(COURSE, "tensor", QuestionRequest("secret words", "add"))
    ben, tom = pages.student("ben"), pages.ta("tom")
    for address in ("questions", f"questions/{asked.id}"):
        answer = ben.get(HOME + address)
        assert answer.status_code == 403
        assert "secret words" not in answer.text
    for client, action in ((tom, f"questions/{asked.id}/take"), (ben, "modules/tensor/ask")):
        assert client.post(HOME + action, data={"text": "x"}).status_code == 403
    assert pages.live.student("ada").question(COURSE, asked.id).taken_by is None


def test_a_question_is_taken_back_and_a_course_may_have_none(pages: Pages):
    ada = pages.student("ada")
    ada.press("modules/tensor", "modules/tensor/ask", text="Never mind")
    (row,) = pages.live.student("ada").questions(COURSE)
    assert "was taken back" in ada.press("modules/tensor", "modules/tensor/take_back", number=row.id)
    assert pages.live.student("ada").questions(COURSE) == []
    pages.may_ask = False
    with pages.live.semester() as semester:
        semester.put_course(COURSE, CourseSettings(title="Tiny", questions=False))
    assert "Ask the staff" not in ada.get(HOME + "modules/tensor").text


def test_a_notebook_is_shown_within_bounds():
    cells = shown_cells(notebook(*["x = 1"] * (MOST_CELLS + 5)).encode())
    assert cells is not None
    assert len(cells) == MOST_CELLS
    assert (cells[0].number, cells[0].name, cells[0].kind, cells[0].source) == (1, "add", "code", "x = 1")
    long = json.loads(notebook("x"))
    long["cells"][0]["outputs"] = [{"output_type": "stream", "text": "y" * (2 * LONGEST_OUTPUT)}]
    (cell,) = shown_cells(json.dumps(long).encode()) or []
    assert len(cell.printed) < LONGEST_OUTPUT + 100
    assert "cut here" in cell.printed
