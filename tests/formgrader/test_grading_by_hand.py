"""A TA reads a written answer and gives points and a comment, which the gradebook, the record and other staff see."""

import pytest
import sqlalchemy
from tito.gradebook.lock import gradebook_lock

from tests.formgrader.course_folder import SAMPLE, gradebook

ROW = """INSERT INTO tito_grade_changes (at, person, student, assignment, cell, field)
VALUES ('2026-01-01', 'a', 'b', 'c', 'd', 'e')"""

pytestmark = pytest.mark.live


def open_submission(visitor, submission: str) -> None:
    visitor.open(f"submissions/{submission}/")
    visitor.page.wait_for_function("window.formgrader && formgrader.grades && formgrader.grades.loaded")
    visitor.page.wait_for_function("formgrader.comments && formgrader.comments.loaded")


def saved(page):
    """Wait until a change has been answered with success."""
    return page.expect_response(lambda answer: answer.request.method == "PUT" and answer.status == 200)


def changes(ida, **where) -> list[dict]:
    query = "&".join(f"{name}={value}" for name, value in where.items())
    return ida.context.request.get(f"{ida.hub.url}/services/formgrader/formgrader/api/audit?{query}").json()["changes"]


def test_points_and_comment_reach_the_gradebook_and_the_record(visit, course, submissions):
    tom = visit("tom")
    tom.open("gradebook")
    tom.page.click("#main-table a:has-text('tensor')")
    tom.page.wait_for_load_state("networkidle")
    assert "tensor" in tom.page.inner_text("#main-table")
    open_submission(tom, submissions["ada"])
    with saved(tom.page):
        tom.page.fill("#memory", "7.5")
        tom.page.press("#memory", "Tab")
    with saved(tom.page):
        tom.page.fill("#memory-comment", "Say what the strides are.")
        tom.page.press("#memory-comment", "Tab")
    with gradebook(course) as book:
        notebook = book.find_submission_notebook_by_id(submissions["ada"])
        assert (notebook.score, notebook.needs_manual_grade) == (97.5, False)
        assert book.find_comment("memory", "tensor", "tensor", "ada").manual_comment == "Say what the strides are."
    with saved(tom.page):
        tom.page.fill("#memory", "10")
        tom.page.press("#memory", "Tab")
    ida = visit("ida")
    scores = [(c["person"], c["old"], c["new"]) for c in changes(ida, student="ada") if c["field"] == "manual_score"]
    assert scores == [("tom", "7.5", "10.0"), ("tom", None, "7.5")]
    ida.open("audit?student=ada")
    assert "Say what the strides are." in ida.page.inner_text("#main-table")
    assert tom.errors == []


def test_rubric_and_sample_answer_are_beside_the_answer(visit, submissions):
    tom = visit("tom")
    open_submission(tom, submissions["cleo"])
    tom.page.click("summary:has-text('Sample answer')")
    assert SAMPLE in tom.page.inner_text(".guidance >> nth=0") + tom.page.inner_text(".guidance >> nth=1")
    tom.page.click("summary:has-text('rubric')")
    assert "10 also the buffer" in tom.page.inner_text(".guidance:has-text('rubric')")


def test_a_comment_is_offered_again_on_the_same_answer_of_another(visit, course, submissions):
    with gradebook(course) as book:
        book.find_comment("memory", "tensor", "tensor", "ada").manual_comment = "Name the buffer."
        book.db.commit()
    tom = visit("tom")
    open_submission(tom, submissions["cleo"])
    with saved(tom.page):
        tom.page.click(".panel-footer[data-cell=memory] .bank button:has-text('Name the buffer.')")
    with gradebook(course) as book:
        assert book.find_comment("memory", "tensor", "tensor", "cleo").manual_comment == "Name the buffer."


@pytest.mark.parametrize("score", ['"abc"', "-1", "10.5", "NaN", "1e999", "[]", '{"a": 1}'])
def test_points_that_a_part_cannot_have_are_refused(visit, course, submissions, score):
    tom = visit("tom")
    open_submission(tom, submissions["cleo"])
    with gradebook(course) as book:
        before = book.find_grade("memory", "tensor", "tensor", "cleo")
        grade_id, points = before.id, before.manual_score
    assert tom.fetch("PUT", f"api/grade/{grade_id}", f'{{"manual_score": {score}}}') == 400
    with gradebook(course) as book:
        assert book.find_grade_by_id(grade_id).manual_score == points


def test_a_flag_is_recorded(visit, submissions):
    tom = visit("tom")
    open_submission(tom, submissions["ada"])
    assert tom.fetch("POST", f"api/submitted_notebook/{submissions['ada']}/flag") == 200
    newest = changes(visit("ida"), student="ada")[0]
    assert (newest["field"], newest["new"]) == ("flagged", "true")


def test_the_record_cannot_be_altered(course, visit):
    visit("ida").open("audit")
    with gradebook(course) as book:
        for statement in ("DELETE FROM tito_grade_changes", "UPDATE tito_grade_changes SET person = 'x'"):
            book.db.execute(sqlalchemy.text(ROW))
            with pytest.raises(sqlalchemy.exc.IntegrityError, match="append-only"):
                book.db.execute(sqlalchemy.text(statement))
            book.db.rollback()


def test_next_and_previous_walk_through_the_submissions(visit, submissions):
    tom = visit("tom")
    order = sorted(submissions.values())
    open_submission(tom, order[0])
    tom.page.click("li.next a")
    tom.page.wait_for_url(f"**/{order[1]}/*")
    tom.page.click("li.previous a")
    tom.page.wait_for_url(f"**/{order[0]}/*")


def test_grading_goes_on_after_a_restart_of_the_gateway(visit, hub, course, submissions):
    tom = visit("tom")
    open_submission(tom, submissions["cleo"])
    hub.stop("formgrader")
    hub.bring_back("formgrader")
    with saved(tom.page):
        tom.page.fill("#memory", "5")
        tom.page.press("#memory", "Tab")
    with gradebook(course) as book:
        assert book.find_grade("memory", "tensor", "tensor", "cleo").manual_score == 5.0


def test_changes_wait_while_grading_writes(visit, course, submissions):
    """The gateway uses the same lock as the grading service, so a change made meanwhile is saved afterwards."""
    tom = visit("tom")
    open_submission(tom, submissions["ada"])
    with saved(tom.page), gradebook_lock(course):
        tom.page.evaluate("document.getElementById('test_add').value = '80'; $('#test_add').trigger('change')")
        tom.page.wait_for_timeout(300)
        with gradebook(course) as book:
            assert book.find_grade("test_add", "tensor", "tensor", "ada").manual_score is None
    with gradebook(course) as book:
        assert book.find_grade("test_add", "tensor", "tensor", "ada").manual_score == 80.0
