"""The home page on a real Hub with the real exchange and semester service: who sees what and can do what."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from tito.semester.demo import COURSE

from exchange.client.exchange_client import ExchangeClient
from tests.semester.campus import Campus, Server, wait_for

pytestmark = pytest.mark.live
HOME = "/services/home/"


@pytest.fixture
def person(campus: Campus):
    """Return a function that logs each person in once."""
    clients: dict[str, httpx.Client] = {}

    def log_in(name: str) -> httpx.Client:
        if name not in clients:
            clients[name] = campus.log_in(name)
            clients[name].get(HOME)
        return clients[name]

    yield log_in
    for client in clients.values():
        client.close()


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_who_is_not_logged_in_is_sent_to_the_hub_and_comes_back_to_the_page_she_wanted(campus):
    with httpx.Client(base_url=campus.url, trust_env=False) as stranger:
        answer = stranger.get(HOME + "modules/scale")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/hub/api/oauth2/authorize?client_id=service-home")
    with closing(campus.log_in("ada")) as ada:
        answer = ada.get(HOME + "modules/scale")
        assert (answer.status_code, answer.url.path) == (200, HOME + "modules/scale")


def test_a_student_sees_her_way_through_the_course_and_one_next_step(person):
    page = person("ada").get(HOME).text
    text = text_of(page)
    assert page.count('class="eyebrow">Your next step') == 1
    assert "Continue Shift" in text
    assert "1 of 5 modules handed in" in text
    states = re.findall(r'<li class="card (\w+)">.*?<h3><a[^>]*>(\w+)</a>', page, re.DOTALL)
    assert {title: state for state, title in states} == {
        "Scale": "submitted",
        "Shift": "started",
        "Affine": "released",
        "Stack": "released",
        "Measure": "released",
    }


def test_a_students_page_has_no_word_of_others_and_no_staff_navigation(person):
    page = person("ada").get(HOME).text
    assert "Grading" not in page
    assert "Semester" not in text_of(page).replace("semester service", "")
    assert "chen" not in page


def test_a_module_shows_its_submission_with_a_receipt_that_verifies(person, campus):
    ada = person("ada")
    page = ada.get(HOME + "modules/scale").text
    assert "scale.ipynb" in page
    link = re.search(r'href="(/services/home/receipts/[^"]+)"', page)
    receipt = ada.get(link.group(1)).json()
    assert (receipt["receipt"]["student"], receipt["receipt"]["assignment"]) == ("ada", "scale")
    with ExchangeClient(campus.service_url("exchange"), campus.token("ada")) as exchange:
        assert exchange.receipt(COURSE, receipt["receipt"]["submission"]).signature == receipt["signature"]


def test_a_modules_page_says_what_it_is_about_and_what_gives_points_also_before_it_opens(person):
    ada = person("ada")
    scale = text_of(ada.get(HOME + "modules/scale").text)
    assert "What earns points" in scale and "Leads to 02 Shift , Started" in scale
    measure = text_of(ada.get(HOME + "modules/measure").text)
    assert "Total 100" in measure and "Builds on 04 Stack" in measure
    assert "is not part of this semester" in text_of(ada.get(HOME + "modules/later").text)


@pytest.mark.parametrize("path", ["class", "grading", "semester", "semester/plan", "semester/apply"])
def test_staff_pages_are_closed_to_students(person, path):
    answer = person("ada").get(HOME + path)
    assert answer.status_code == 403
    assert "This page is for" in text_of(answer.text)


def test_a_student_reads_neither_the_receipt_nor_the_feedback_of_another(person):
    link = re.search(r"receipts/([^\"]+)\.json", person("ada").get(HOME + "modules/scale").text)
    ben = person("ben")
    assert ben.get(f"{HOME}receipts/{link.group(1)}.json").status_code in (403, 404)
    assert ben.get(f"{HOME}feedback/{link.group(1)}").status_code in (403, 404)


def test_a_ta_lands_on_grading_and_may_not_run_the_semester(person):
    tom = person("tom")
    page = tom.get(HOME)
    assert page.url.path == HOME + "grading"
    assert "Open the formgrader" in text_of(page.text)
    assert tom.get(HOME + "class").status_code == 200
    assert tom.get(HOME + "semester").status_code == 403


def test_a_ta_who_takes_the_course_too_has_both_sides(campus):
    campus.hub("POST", f"/groups/nbgrader-{COURSE}/users", json={"users": ["tom"]})
    try:
        with closing(campus.log_in("tom")) as tom:
            page = tom.get(HOME)
            assert page.url.path == HOME
            assert re.findall(r"<li><a[^>]*>(\w+)</a></li>", page.text[: page.text.index("</nav>")]) == [
                "Course",
                "Class",
                "Grading",
            ]
    finally:
        campus.hub("DELETE", f"/groups/nbgrader-{COURSE}/users", json={"users": ["tom"]})


def test_an_instructor_sees_counts_and_who_is_stuck(person):
    page = person("ida").get(HOME)
    text = text_of(page.text)
    assert page.url.path == HOME + "class"
    assert "ben Scale 9 test runs, not completed, last 15 of 30 points" in text
    rows = re.findall(r'<th scope="row">.*?</tr>', page.text, re.DOTALL)
    assert text_of(rows[0]).split()[:2] == ["01", "Scale"]
    # fetched, tested, completed, submitted; nobody is late or missing before the due date
    assert re.findall(r'<td class="n">(?:<strong>)?(\d+)<', rows[0])[:4] == ["1", "2", "1", "1"]
    assert rows[0].count('<span class="zero">0</span>') == 2


def test_a_plan_and_an_apply_from_the_page(person, campus):
    ida = person("ida")
    file = campus.folder / "semester.yaml"
    before = file.read_text()
    try:
        file.write_text(before.replace("penalty_percent_per_day: 10", "penalty_percent_per_day: 20"))
        assert "It has changed since it was applied" in text_of(ida.get(HOME + "semester").text)
        plan = ida.get(HOME + "semester/plan").text
        assert "late.penalty_percent_per_day 10.0 → 20.0" in text_of(plan)
        ida.post(HOME + "semester/apply", data={"form_token": form_token(plan)})
        done = wait_for(lambda: "The semester is in force" in ida.get(HOME + "semester/apply").text, "apply")
        assert done
        assert "It is in force as it is" in text_of(ida.get(HOME + "semester").text)
    finally:
        file.write_text(before)


def test_a_plan_that_makes_work_late_has_a_box_to_tick_and_is_refused_without(person, campus):
    ida, file = person("ida"), campus.folder / "semester.yaml"
    before = file.read_text()
    passed = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%d %H:%M")

    def applied(page: str, **ticked: str) -> str:
        ida.post(HOME + "semester/apply", data={"form_token": form_token(page), **ticked})
        return wait_for(lambda: "data-refresh" not in (text := ida.get(HOME + "semester/apply").text) and text, "apply")

    try:
        file.write_text(re.sub(r"(scale: .*due: )[^}]*", rf"\g<1>{passed}", before))
        plan = ida.get(HOME + "semester/plan").text
        assert "work of scale that was on time becomes late: ada (attempt 1)" in text_of(plan)
        assert '<input type="checkbox" name="yes" value="late" required>' in plan
        assert "It stopped: nothing was changed, because this must be confirmed" in text_of(applied(plan))
        assert "Not done, because nobody has confirmed it: work of scale" in text_of(ida.get(HOME + "semester").text)
        assert "late" not in person("ada").get(HOME + "modules/scale").text.partition("Submissions</h2>")[2]
        assert "The semester is in force" in text_of(applied(plan, yes="late"))
        assert 'class="badge late"' in person("ada").get(HOME + "modules/scale").text
    finally:
        file.write_text(before)
        applied(ida.get(HOME + "semester").text)
    assert ", on time" in person("ada").get(HOME + "modules/scale").text


def test_a_file_with_a_mistake_is_told_with_its_line(person, campus):
    file = campus.folder / "semester.yaml"
    before = file.read_text()
    try:
        file.write_text(before.replace("scale, shift", "scael, shift"))
        text = text_of(person("ida").get(HOME + "semester").text)
        assert "It cannot be applied" in text
        assert "did you mean scale?" in text
    finally:
        file.write_text(before)


def test_a_release_from_the_page_is_done_and_noted_once(person, campus):
    ida = person("ida")
    page = ida.get(HOME + "class").text
    answer = ida.post(HOME + "modules/scale/release", data={"form_token": form_token(page)})
    assert "scale is on its way to the students" in text_of(answer.text)
    assert "on its way" not in ida.get(HOME + "class").text
    status = campus.ask("semester", "GET", "status", campus.token("ida")).json()
    assert [a["by"] for a in status["actions"] if a["kind"] == "release" and a["module"] == "scale"][-1] == "ida"


@pytest.mark.parametrize("data", [{}, {"form_token": "forged"}])
def test_a_form_that_is_not_ours_does_nothing(person, campus, data):
    before = len(campus.ask("semester", "GET", "status", campus.token("ida")).json()["actions"])
    assert person("ida").post(HOME + "modules/shift/release", data=data).status_code == 403
    assert len(campus.ask("semester", "GET", "status", campus.token("ida")).json()["actions"]) == before


def test_a_form_from_another_site_does_nothing_even_with_the_token(person):
    ida = person("ida")
    data = {"form_token": form_token(ida.get(HOME + "class").text)}
    answer = ida.post(HOME + "modules/shift/release", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_another_persons_form_token_is_not_mine(person):
    stolen = form_token(person("ida").get(HOME + "class").text)
    page = person("tom").post(HOME + "regrades/1", data={"form_token": stolen, "text": "no"})
    assert page.status_code == 403
    assert "not from this page" in page.text


def test_students_may_not_press_staff_buttons(person, campus):
    ada = person("ada")
    for path in ("semester/apply", "modules/scale/release", "modules/scale/collect", "regrades/1"):
        answer = ada.post(HOME + path, data={"form_token": "x", "text": "x"})
        assert answer.status_code == 403, path


def test_every_answer_forbids_scripts_of_others_and_framing(person):
    for path in ("", "modules/scale", "modules/none", "static/home.css"):
        policy = person("ada").get(HOME + path).headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy


def test_the_page_never_holds_the_viewers_token(person, campus):
    ada = person("ada")
    cookie = ada.cookies.get("home-session", domain="127.0.0.1", path=HOME) if ada.get(HOME) else ""
    assert cookie
    assert cookie not in ada.get(HOME).text


def test_an_exchange_that_is_down_is_told_and_the_rest_of_the_page_works(person, campus):
    ada, ida = person("ada"), person("ida")
    ada.get(HOME), ida.get(HOME)
    campus.stop("exchange")
    try:
        page = ada.get(HOME)
        assert (page.status_code, "The exchange service is unreachable" in page.text) == (200, True)
        assert text_of(page.text).count("Not known now") == 5
        assert "Your next step" not in page.text
        assert "The exchange service is unreachable" in ida.get(HOME + "class").text
        assert ida.get(HOME + "semester").status_code == 200
    finally:
        campus.start("exchange")
    assert "Your next step" in ada.get(HOME).text


def test_without_the_semester_service_the_page_says_what_still_works(person, campus):
    ada = person("ada")
    ada.get(HOME)
    campus.stop("semester")
    try:
        page = ada.get(HOME)
        assert (page.status_code, "Open JupyterLab" in page.text) == (200, True)
        assert "Your course cannot be shown right now" in page.text
    finally:
        campus.start("semester")


def test_a_grading_service_that_is_down_leaves_the_counts_of_the_exchange(person):
    page = person("ida").get(HOME + "class").text
    assert "The grading service is unreachable" in page
    assert "not known now" in page


def test_something_else_at_a_services_address_is_told_in_place(person, campus):
    ada = person("ada")
    campus.stop("exchange")
    stranger = Server(FastAPI(), campus.ports["exchange"])

    @stranger.app.get("/{path:path}")
    def web_page() -> HTMLResponse:
        return HTMLResponse("<h1>It works!</h1>")

    stranger.start()
    try:
        page = ada.get(HOME)
        assert (page.status_code, "something other than the service answers" in page.text) == (200, True)
    finally:
        stranger.stop()
        campus.start("exchange")


def test_a_restart_of_the_home_page_logs_nobody_out(person, campus):
    ada = person("ada")
    ada.get(HOME)
    campus.stop("home")
    campus.start("home")
    answer = ada.get(HOME, follow_redirects=False)
    assert answer.status_code == 200


def test_logging_out_of_the_hub_ends_the_session_here(campus):
    with closing(campus.log_in("chen")) as chen:
        chen.get(HOME)
        kept = chen.cookies.get("home-session", path=HOME)
        chen.get(HOME + "logout")
        with httpx.Client(base_url=campus.url, cookies={"home-session": kept}, trust_env=False) as thief:
            wait_for(lambda: thief.get(HOME).status_code == 303, "the session to end", 20)


def test_a_login_begun_elsewhere_is_refused(person):
    answer = person("ada").get(HOME + "oauth_callback?code=x&state=forged")
    assert answer.status_code == 400
    assert "not begun in this browser" in answer.text


def test_guides_are_rendered_without_their_html_and_staff_guides_are_for_staff(person):
    page = person("ada").get(HOME + "help/student").text
    assert "<script>alert" not in page
    assert "<table>" in page
    assert person("ada").get(HOME + "help/ta").status_code == 404
    assert person("tom").get(HOME + "help/ta").status_code == 200
    for name in ("ada", "tom"):  # docs/ has pages that are not guides, one of which quotes solutions
        assert person(name).get(HOME + "help/wrong-answers").status_code == 404


def test_feedback_is_shown_in_a_frame_that_can_run_nothing(person, campus, tmp_path):
    ada = person("ada")
    submission = re.search(r"receipts/([^\"]+)\.json", ada.get(HOME + "modules/scale").text).group(1)
    (tmp_path / "scale.html").write_text("<script>parent.document.title='x'</script><p>Well done</p>")
    with ExchangeClient(campus.service_url("exchange"), campus.tokens["grading"]) as exchange:
        exchange.put_feedback(COURSE, submission, tmp_path)
    assert "Read feedback" in ada.get(HOME + "modules/scale").text
    page = ada.get(f"{HOME}feedback/{submission}").text
    assert 'sandbox=""' in page
    content = ada.get(f"{HOME}feedback/{submission}/scale.html")
    assert "Well done" in content.text
    assert content.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert ada.get(f"{HOME}feedback/{submission}/other.html").status_code == 404
