"""Rights: every request that nbgrader offers is in our table or refused; students and forged requests get 403."""

import json

import httpx
import pytest
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from tito.formgrader.access import ELSEWHERE, GRADE, READ, RUN, needed_scope
from tornado.web import RequestHandler, StaticFileHandler

from tests.formgrader.course_folder import gradebook
from tests.formgrader.local_hub import COURSE
from tests.harness.plain import PLAIN

WRITING = ("POST", "PUT", "DELETE", "PATCH")


def nbgraders_verbs() -> list[tuple[str, str]]:
    """Return every (handler, method) that nbgrader's formgrader answers."""
    found = []
    for _, handler, *_ in [*handlers.default_handlers, *apihandlers.default_handlers]:
        if not issubclass(handler, StaticFileHandler):
            answered = [
                m for m in ("GET", *WRITING) if getattr(handler, m.lower()) is not getattr(RequestHandler, m.lower())
            ]
            found += [(handler.__name__, method) for method in answered]
    return found


def test_every_verb_of_nbgrader_is_decided():
    """A new verb in a later nbgrader makes this test fail until it is decided who may use it."""
    expected = {
        (GRADE): {("GradeHandler", "PUT"), ("CommentHandler", "PUT"), ("FlagSubmissionHandler", "POST")},
        (RUN): {
            (f"{name}Handler", "POST")
            for name in ("Assign", "UnRelease", "Release", "Collect", "Autograde", "GenerateAllFeedback",
                         "ReleaseAllFeedback", "GenerateFeedback", "ReleaseFeedback")
        },
        (None): set(ELSEWHERE),
    }  # fmt: skip
    writing = [(name, method) for name, method in nbgraders_verbs() if method in WRITING]
    assert {scope: {verb for verb in writing if needed_scope(*verb) == scope} for scope in expected} == expected
    assert {needed_scope(*verb) for verb in nbgraders_verbs() if verb[1] == "GET"} == {READ}


@pytest.mark.parametrize("method", WRITING)
def test_what_is_not_in_the_table_is_nobodys(method):
    assert needed_scope("SomethingNewHandler", method) is None


@pytest.mark.live
@pytest.mark.security
class TestInTheBrowser:
    def test_a_student_gets_403(self, visit):
        ada = visit("ada")
        ada.open("gradebook")
        assert "403" in ada.page.inner_text("body") or "not for you" in ada.page.inner_text("body")
        assert ada.page.locator("#main-table").count() == 0

    def test_a_students_token_gets_403_from_every_page(self, hub):
        token = hub.token("ada")
        for path in ("gradebook", "manage_assignments", "audit", "api/assignments", "api/students"):
            url = f"{hub.service_url('formgrader')}/formgrader/{path}"
            answer = httpx.get(url, headers={"Authorization": f"token {token}"}, **PLAIN)
            assert answer.status_code == 403, path

    def test_nobody_gets_in_without_login(self, hub):
        url = f"{hub.service_url('formgrader')}/formgrader/api/students"
        assert httpx.get(url, **PLAIN).status_code == 403

    def test_a_ta_has_no_lifecycle(self, visit):
        tom = visit("tom")
        tom.open("manage_assignments")
        assert tom.page.locator("button:visible", has_text="Autograde").count() == 0
        for path in ("assignment/tensor/assign", "assignment/tensor/release", "assignment/tensor/collect",
                     "assignment/tensor/autograde", "submission/tensor/ada/autograde"):  # fmt: skip
            assert tom.fetch("POST", f"api/{path}") == 403
        assert tom.fetch("GET", "api/audit") == 403

    @pytest.mark.parametrize("path", ["api/assignment/tensor", "api/student/ada"])
    def test_dates_and_students_are_nobodys_to_change_here(self, visit, path):
        assert visit("ida").fetch("PUT", path, json.dumps({"first_name": "x"})) in (403, 405)

    def test_a_forged_request_changes_nothing(self, visit, course, submissions):
        """A request without the page's token is refused and changes nothing."""
        tom = visit("tom")
        with gradebook(course) as book:
            grade = next(
                g for g in book.find_submission_notebook_by_id(submissions["cleo"]).grades if g.name == "memory"
            )
            grade_id = grade.id
        assert tom.fetch("PUT", f"api/grade/{grade_id}", '{"manual_score": 10}', xsrf=False) == 403
        with gradebook(course) as book:
            assert book.find_grade_by_id(grade_id).manual_score is None

    def test_nobody_changes_their_own_work_or_that_of_a_declared_conflict(self, visit, course, submissions):
        roster = course / "roster.json"
        roster.write_text(json.dumps({"students": ["cleo", "tom"], "conflicts": {"tom": ["cleo"]}}))
        try:
            tom, flag = visit("tom"), f"api/submitted_notebook/{submissions['cleo']}/flag"
            with gradebook(course) as book:
                notebook = book.find_submission_notebook_by_id(submissions["cleo"])
                grade, comment = (
                    next(each for each in part if each.name == "memory").id
                    for part in (notebook.grades, notebook.comments)
                )
            assert tom.fetch("PUT", f"api/grade/{grade}", '{"manual_score": 10}') == 403
            assert tom.fetch("PUT", f"api/comment/{comment}", '{"manual_comment": "Well."}') == 403
            assert tom.fetch("POST", flag) == 403
            roster.write_text(json.dumps({"students": ["cleo", "tom"]}))
            assert tom.fetch("POST", flag, '{"flagged": false}') == 200
        finally:
            roster.unlink()

    def test_a_path_in_the_address_configures_nothing(self, visit, tmp_path):
        """nbgrader's own formgrader would run this file inside the server."""
        canary = tmp_path / "canary"
        (tmp_path / "nbgrader_config.py").write_text(f"open({str(canary)!r}, 'w').close()\n")
        ida = visit("ida")
        for path in (f"?path={tmp_path}", f"manage_assignments?path={tmp_path}"):
            ida.open(path)
        assert not canary.exists()
        assert COURSE in ida.page.inner_text(".brand")

    @pytest.mark.parametrize(
        "path", ["api/contents", "api/kernels", "api/terminals", "api/sessions", "tree", "lab", "api/config"]
    )
    def test_there_is_no_notebook_server_here(self, visit, hub, path):
        ida = visit("ida")
        for base in (f"{hub.url}/services/formgrader/{path}", f"{hub.url}/services/formgrader/formgrader/{path}"):
            assert ida.context.request.get(base).status == 404
            assert ida.context.request.post(base, data="{}").status in (403, 404)
