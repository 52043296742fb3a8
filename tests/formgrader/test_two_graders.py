"""Two people grade one submission at the same time: neither overwrites the other's grade without seeing it."""

import json
import os
import warnings

import pytest
from playwright.sync_api import expect
from sqlalchemy.exc import SAWarning

from tests.formgrader import course_folder
from tests.formgrader.course_folder import gradebook
from tests.formgrader.test_grading_by_hand import open_submission, saved

pytestmark = pytest.mark.live
SCORE, COMMENT = "manual_score", "manual_comment"


@pytest.fixture(scope="module")
def dora(course):
    """A submission that only these tests grade: the ids of its notebook, and of its answer's grade and comment."""
    course_folder.submit(course, "dora", course_folder.answer_notebook(course, written="Strides."))
    autograde(course)
    with gradebook(course) as book:
        grade, comment = (find("memory", "tensor", "tensor", "dora") for find in (book.find_grade, book.find_comment))
        return {"submission": grade.notebook.id, "grade": grade.id, "comment": comment.id}


@pytest.fixture
def tom(visit, dora):
    """A TA who has the submission open, with nothing graded yet."""
    tom = visit("tom")
    open_submission(tom, dora["submission"])
    for path in (f"grade/{dora['grade']}", f"comment/{dora['comment']}"):
        now = ask(tom, "GET", path)[1]
        empty = {SCORE: None, "extra_credit": None} if "grade" in path else {COMMENT: None}
        assert ask(tom, "PUT", path, {**empty, "version": now["version"]})[0] == 200
    open_submission(tom, dora["submission"])
    return tom


@pytest.fixture
def ida(visit, dora, tom):
    ida = visit("ida")
    open_submission(ida, dora["submission"])
    return ida


def autograde(course) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # from nbgrader, when it adds rows
        course_folder.autograde(course, "dora")


def ask(visitor, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
    """Send an API request as a script on the page would; return status and answer."""
    return tuple(
        visitor.page.evaluate(
            """async ([method, url, body]) => {
                const xsrf = document.documentElement.dataset.xsrf;
                const headers = {"Content-Type": "application/json", "X-XSRFToken": xsrf};
                const answer = await fetch(url, {method, headers, body: method === "GET" ? undefined : body});
                return [answer.status, await answer.json()];
            }""",
            [method, f"{visitor.hub.url}/services/formgrader/formgrader/api/{path}", json.dumps(body or {})],
        )
    )


def type_in(visitor, field: str, text: str) -> None:
    visitor.page.fill(field, text)
    visitor.page.press(field, "Tab")


def state(course) -> tuple:
    with gradebook(course) as book:
        grade, comment = (find("memory", "tensor", "tensor", "dora") for find in (book.find_grade, book.find_comment))
        return grade.manual_score, grade.extra_credit, comment.manual_comment


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({SCORE: 4}, {"extra_credit": 1}),
        ({SCORE: 4}, {SCORE: None, "extra_credit": 1}),
        ({SCORE: 4}, {SCORE: 7}),
        ({SCORE: 4}, {SCORE: None}),
        ({"extra_credit": 2}, {"extra_credit": 1}),
        ({"extra_credit": 2}, {SCORE: 0, "extra_credit": 0}),
        ({COMMENT: "Good."}, {COMMENT: "Name the buffer."}),
        ({COMMENT: "Good."}, {COMMENT: ""}),
    ],
)
def test_a_stale_change_is_refused_and_says_who_gave_what(tom, ida, dora, course, first, second):
    kind = "comment" if COMMENT in first else "grade"
    path = f"{kind}/{dora[kind]}"
    version = ask(ida, "GET", path)[1]["version"]
    assert ask(tom, "PUT", path, {**first, "version": version})[0] == 200
    held = state(course)
    status, answer = ask(ida, "PUT", path, {**second, "version": version})
    assert status == 409
    ((field, value),) = first.items()
    told = [(row["person"], row["field"]) for row in answer["meanwhile"]]
    assert told == [("tom", field)]
    assert answer["theirs"][field] == value
    assert all(answer["yours"][name] == wanted for name, wanted in second.items())
    assert "tom set the" in answer["error"]
    assert state(course) == held
    # After seeing the other person's change, one may overwrite it.
    assert ask(ida, "PUT", path, {**second, "version": answer["theirs"]["version"]})[0] == 200
    assert state(course) != held


@pytest.mark.parametrize("body", [{SCORE: 9}, {SCORE: None, "extra_credit": 1}, {SCORE: None}, {SCORE: ""}])
def test_a_change_without_a_version_overwrites_nothing(tom, dora, course, body):
    """An outdated page or a script that names no version may only fill in an empty grade."""
    path = f"grade/{dora['grade']}"
    assert ask(tom, "PUT", path, {SCORE: 4})[0] == 200
    status, answer = ask(tom, "PUT", path, body)
    assert status == 409
    assert "names no version" in answer["error"]
    assert state(course)[0] == 4.0


def test_a_field_that_is_not_named_stays(tom, dora, course):
    grade, comment = f"grade/{dora['grade']}", f"comment/{dora['comment']}"
    version = ask(tom, "PUT", grade, {SCORE: 4})[1]["version"]
    version = ask(tom, "PUT", grade, {"extra_credit": 1, "version": version})[1]["version"]
    version = ask(tom, "PUT", grade, {"version": version})[1]["version"]
    assert ask(tom, "PUT", grade, {SCORE: 5, "version": version})[0] == 200
    version = ask(tom, "PUT", comment, {COMMENT: "Good."})[1]["version"]
    assert ask(tom, "PUT", comment, {"version": version})[0] == 200
    assert state(course) == (5.0, 1.0, "Good.")


def test_of_changes_from_one_version_one_is_taken(tom, dora, course):
    """Of concurrent changes from the same version, exactly one is accepted; the others get 409."""
    answers = tom.page.evaluate(
        """async ([url, version]) => {
            const xsrf = document.documentElement.dataset.xsrf;
            const headers = {"Content-Type": "application/json", "X-XSRFToken": xsrf};
            const body = points => JSON.stringify({manual_score: points, version});
            const put = points => fetch(url, {method: "PUT", headers, body: body(points)});
            return Promise.all([1, 2, 3, 4, 5, 6].map(async points => [points, (await put(points)).status]));
        }""",
        [
            f"{tom.hub.url}/services/formgrader/formgrader/api/grade/{dora['grade']}",
            ask(tom, "GET", f"grade/{dora['grade']}")[1]["version"],
        ],
    )
    taken = [points for points, status in answers if status == 200]
    assert sorted(status for _, status in answers) == [200, *[409] * 5]
    assert state(course)[0] == taken[0]


def test_points_that_were_meant_for_an_earlier_attempt_are_refused(tom, dora, course):
    version = ask(tom, "GET", f"grade/{dora['grade']}")[1]["version"]
    (course / "submitted" / "dora" / "tensor" / "timestamp.txt").write_text("2026-11-20 09:30:00.000000 UTC")
    autograde(course)
    status, answer = ask(tom, "PUT", f"grade/{dora['grade']}", {SCORE: 4, "version": version})
    assert (status, answer["meanwhile"]) == (409, [])
    assert "graded again meanwhile" in answer["error"]


def test_a_flag_is_not_taken_off_unseen(tom, ida, dora):
    path = f"submitted_notebook/{dora['submission']}/flag"
    assert ask(tom, "POST", path)[1]["flagged"] is True
    status, answer = ask(ida, "POST", path)  # nbgrader's request toggles, which would remove the flag
    assert status == 409
    assert "is already flagged" in answer["error"]
    ida.page.keyboard.press("Control+Shift+F")  # ida's page does not show the flag yet, so this sets it
    expect(ida.page.locator("#statusmessage")).to_have_text("Submission flagged")
    ida.page.keyboard.press("Control+Shift+F")
    expect(ida.page.locator("#statusmessage")).to_have_text("Submission unflagged")


@pytest.mark.parametrize("body", ["[]", "5", "{", '{"manual_comment": []}', '{"manual_comment": 5}'])
def test_what_is_no_comment_is_refused(tom, dora, body):
    assert tom.fetch("PUT", f"api/comment/{dora['comment']}", body) == 400


def test_the_page_shows_both_and_keeps_either(tom, ida, course):
    with saved(tom.page):
        type_in(tom, "#memory", "4")
    type_in(ida, "#memory_extra_credit", "1")
    box = ida.page.locator("dialog.conflict")
    box.wait_for()
    if folder := os.environ.get("SCREENSHOTS"):
        ida.page.screenshot(path=f"{folder}/conflict.png")
    assert "tom set the points to “4.0”, before “nothing”" in said(box)
    assert state(course)[:2] == (4.0, None)
    box.locator("button", has_text="Keep what is there").click()
    expect(ida.page.locator("#memory")).to_have_value("4")
    assert ida.page.input_value("#memory_extra_credit") == ""
    assert state(course)[:2] == (4.0, None)

    with saved(tom.page):
        type_in(tom, "#memory", "5")  # tom's page has its own last change, so no question is asked
    type_in(ida, "#memory", "8")
    ida.page.locator("dialog.conflict").wait_for()
    with saved(ida.page):
        ida.page.click("dialog.conflict button:has-text('Save mine')")
    assert state(course)[:2] == (8.0, None)
    assert (tom.page.locator("dialog.conflict").count(), ida.errors, tom.errors) == (0, [], [])


def test_both_comments_can_be_kept(tom, ida, course):
    with saved(tom.page):
        type_in(tom, "#memory-comment", "Say what strides are.")
    type_in(ida, "#memory-comment", "Name the buffer.")
    ida.page.locator("dialog.conflict").wait_for()
    with saved(ida.page):
        ida.page.click("dialog.conflict button:has-text('Keep both')")
    assert state(course)[2] == "Say what strides are.\n\nName the buffer."
    assert ida.page.input_value("#memory-comment") == "Say what strides are.\n\nName the buffer."


def test_fast_typing_is_no_conflict_with_oneself(tom, course):
    with tom.page.expect_response(lambda answer: answer.request.method == "PUT" and answer.json()["manual_score"] == 6):
        tom.page.evaluate("""() => {
            $("#memory").val("3").trigger("change").trigger("change");
            $("#memory_extra_credit").val("1").trigger("change");
            $("#memory").val("6").trigger("change");
        }""")
    assert state(course)[:2] == (6.0, 1.0)
    assert tom.page.locator("dialog.conflict").count() == 0


def said(locator) -> str:
    """Return the text as it is read, with the quotation marks that the browser adds."""
    quoted = "box => box.querySelectorAll('q').forEach(q => { q.replaceWith('“' + q.textContent + '”'); })"
    locator.evaluate(quoted)
    return " ".join(locator.inner_text().split())
