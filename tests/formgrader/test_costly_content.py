"""However costly an answer is to render, its page arrives in time, it can be read, and other requests are answered."""

import html
import threading
import time
import warnings

import httpx
import nbformat
import pytest
from sqlalchemy.exc import SAWarning
from tito.formgrader.pages import submission_exporter
from tito.gradebook.feedback import generate_feedback
from tito.rendering import Renderer

from tests.formgrader import costly, course_folder
from tests.harness.plain import PLAIN

AT_ONCE = 2.0
SHOWN = 200  # number of an answer's characters that must appear
PAGE = {"base_url": "/x", "submission_id": "s", "notebook_id": "n", "assignment_id": "a", "index": 0, "total": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A course with two graded submissions; eli's notebook is rewritten by each test."""
    root = course_folder.make_course(tmp_path_factory.mktemp("costly"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # from nbgrader, when it adds rows
        for student in ("eli", "fay"):
            course_folder.submit(root, student, course_folder.answer_notebook(root))
            course_folder.autograde(root, student)
    return root


@pytest.fixture(scope="module")
def exporter():
    made = submission_exporter()
    made.environment.globals.update(csp_nonce="n", page={"xsrf": "", "rights": "ta"})
    return made


def put(root, **content):
    """Rewrite eli's graded notebook."""
    path = root / "autograded" / "eli" / "tensor" / "tensor.ipynb"
    nb = nbformat.read(root / "autograded" / "fay" / "tensor" / "tensor.ipynb", as_version=4)
    costly.fill(nb, **content)
    path.chmod(0o600)
    path.write_text(nbformat.writes(nb))
    return path


def both(root, exporter, path) -> tuple[str, str]:
    """Make eli's feedback and page, then the next student's, each within its time limit."""
    made = []
    for student, most in (("eli", costly.SECONDS), ("fay", costly.SECONDS / 4)):
        started = time.monotonic()
        feedback = generate_feedback(root, course_folder.COURSE, "tensor", student).read_text()
        notebook = path if student == "eli" else root / "autograded" / student / "tensor" / "tensor.ipynb"
        names = {"flag": {"flagged": False, "version": "0"}}
        made.append((feedback, exporter.from_filename(str(notebook), resources={**PAGE, **names})[0]))
        assert time.monotonic() - started < most
    for text in made[1]:
        assert "It shares the buffer." in text
        assert "as-written" not in text.replace(".as-written", "")
    return made[0]


@pytest.mark.service
@pytest.mark.parametrize("name", costly.ANSWERS)
def test_a_costly_answer_is_shown_as_it_was_written(place, exporter, name):
    answer = costly.ANSWERS[name]
    for text in both(place, exporter, put(place, answer=answer)):
        assert "Shown as it was written: " in text
        assert html.escape(answer[:SHOWN]) in text


@pytest.mark.service
@pytest.mark.parametrize("name", costly.CODE)
def test_costly_code_is_shown_as_it_was_written(place, exporter, name):
    for text in both(place, exporter, put(place, code=costly.CODE[name])):
        assert html.escape(costly.CODE[name][:SHOWN]) in text


@pytest.mark.service
@pytest.mark.parametrize("name", costly.OUTPUTS)
def test_costly_outputs_leave_the_answers_their_time(place, exporter, name):
    path = put(place, data=costly.OUTPUTS[name], answer="It *shares* the buffer.")
    for text in both(place, exporter, path):
        assert "<em>shares</em>" in text


@pytest.mark.service
def test_a_long_traceback_is_one_text(place, exporter):
    path = put(place, traceback="\x1b[31mline\x1b[0m\n" * 50_000, answer="It *shares* the buffer.")
    for text in both(place, exporter, path):
        assert "more characters are not shown" in text
        assert "<em>shares</em>" in text


@pytest.mark.service
def test_many_costly_cells_share_one_page_s_time(place, exporter):
    path = put(place)
    nb = nbformat.read(path, as_version=4)
    costly.add_cells(nb)
    path.write_text(nbformat.writes(nb))
    for text in both(place, exporter, path):
        assert "had used up the time" in text
        assert "19800 more outputs are not shown" in text


@pytest.mark.service
def test_answers_of_several_pages_are_laid_out(place, exporter):
    paragraph = "A view has *strides* over `x[0]`, see [numpy](https://numpy.org), $x_{i}^2$ and **more** of it.\n\n"
    picture = f"![plot](data:image/png;base64,{course_folder.PNG * 2000})"
    answer = paragraph * 300 + "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 50 + "\n" + picture
    for text in both(place, exporter, put(place, answer=answer)):
        assert "Shown as it was written" not in text
        assert text.count("<em>strides</em>") == 300
        assert course_folder.PNG * 2000 in text


@pytest.mark.service
def test_a_renderer_that_was_ended_is_replaced():
    renderer = Renderer()
    try:
        assert renderer.render("markdown", "*x*") == "<p><em>x</em></p>\n"
        renderer._keeper.kill()
        assert renderer.render("markdown", "*y*") == "<p><em>y</em></p>\n"
    finally:
        renderer.close()


@pytest.mark.live
def test_others_are_answered_while_a_costly_page_is_made(visit, course, submissions):
    """While one costly page is rendered, the health check, another page and a change of points are answered quickly."""
    path = course / "autograded" / "cleo" / "tensor" / "tensor.ipynb"
    before = path.read_text()
    nb = nbformat.reads(before, as_version=4)
    costly.add_cells(nb)
    path.chmod(0o600)
    path.write_text(nbformat.writes(nb))
    tom = visit("tom")
    with course_folder.gradebook(course) as book:
        notebook = book.find_submission_notebook_by_id(submissions["ben"])
        points = f"api/grade/{next(grade for grade in notebook.grades if grade.name == 'memory').id}"
    others = (
        lambda: httpx.get(f"{base}/health", **PLAIN).status_code,
        lambda: client.get(f"{base}/formgrader/gradebook").status_code,
        lambda: tom.fetch("PUT", points, '{"manual_score": 5}'),
    )
    cookies = {cookie["name"]: cookie["value"] for cookie in tom.context.cookies() if "formgrader" in cookie["path"]}
    base = f"{tom.hub.url}/services/formgrader"
    with httpx.Client(cookies=cookies, timeout=120, **PLAIN) as client:
        pages: list[int] = []
        asking = threading.Thread(
            target=lambda: pages.append(client.get(f"{base}/formgrader/submissions/{submissions['cleo']}/").status_code)
        )
        asking.start()
        longest, answered = 0.0, 0
        while asking.is_alive():
            for ask in others:
                started = time.monotonic()
                assert ask() == 200
                longest, answered = max(longest, time.monotonic() - started), answered + 1
            time.sleep(0.05)
        asking.join()
    with course_folder.gradebook(course) as book:
        book.find_grade_by_id(points.removeprefix("api/grade/")).manual_score = None
        book.db.commit()
    path.write_text(before)
    assert pages == [200]
    assert answered > 5
    assert longest < AT_ONCE
