"""Nothing by a student runs in a grader's browser, contacts another server, or imitates a part of the page."""

from urllib.parse import quote

import pytest
from tito.gradebook.feedback import generate_feedback
from tito.rendering.sanitize import clean

from tests.formgrader.hostile import FILES, MARKUP, OUTPUTS, RUN

PAST_THE_FIRST_WALL = """run => {
    const markup = `<img src="x" onerror="${run}"><a id="j" href="javascript:${run}">j</a>`;
    document.body.insertAdjacentHTML("beforeend", markup);
    const inline = document.createElement("script"), file = document.createElement("script");
    inline.textContent = run;
    file.src = location.origin + "/hub/static/components/jquery/dist/jquery.min.js";
    file.onload = () => { window.pwned = 1; };
    document.body.append(inline, file);
    document.getElementById("j").click();
}"""

pytestmark = [pytest.mark.live, pytest.mark.security]


def unharmed(visitor) -> None:
    assert visitor.page.evaluate("window.pwned") is None
    assert visitor.dialogs == []
    assert visitor.elsewhere == []


def test_a_hostile_submission_runs_nothing(visit, submissions):
    tom = visit("tom")
    tom.open(f"submissions/{submissions['ben']}/")
    tom.page.wait_for_function("window.formgrader && formgrader.grades && formgrader.grades.loaded")
    unharmed(tom)
    assert (
        tom.page.locator("main script, main iframe, main object, main embed, main form, main svg, main style").count()
        == 0
    )


def test_links_of_a_student_run_nothing_when_they_are_clicked(visit, submissions):
    tom = visit("tom")
    tom.open(f"submissions/{submissions['ben']}/")
    clicked = tom.page.locator("main .rendered_html a")
    assert clicked.count() > 0
    for number in range(clicked.count()):
        clicked.nth(number).click(force=True)
    unharmed(tom)


def test_an_answer_cannot_pose_as_a_score_field(visit, submissions):
    """The page contains only its own score fields and cells, each once."""
    tom = visit("tom")
    tom.open(f"submissions/{submissions['ben']}/")
    assert tom.page.locator("#memory").count() == 1
    assert tom.page.locator("input.score").count() == 2
    assert tom.page.locator(".nbgrader_cell").count() == 3


@pytest.mark.parametrize(
    "path", ["manage_students", "manage_students/ben", "manage_students/ben/tensor", "manage_submissions/tensor",
             "gradebook", "gradebook/tensor", "gradebook/tensor/tensor", "manage_assignments"],
)  # fmt: skip
def test_a_hostile_name_runs_nothing_in_lists(visit, path):
    ida = visit("ida")
    ida.open(path)
    ida.page.wait_for_selector("#main-table tr")
    unharmed(ida)
    assert ida.errors == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_submitted_file_is_a_download_or_a_picture(visit, submissions, name):
    tom = visit("tom")
    url = f"{tom.hub.url}/services/formgrader/formgrader/submissions/{submissions['ben']}/{quote(name)}"
    answer = tom.context.request.get(url)
    assert answer.status == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    if name.endswith(".png"):
        assert answer.headers["content-type"] == "image/png"
    else:
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    "path", ["../../../gradebook.db", "..%2f..%2f..%2fgradebook.db", "/etc/passwd", "%2fetc%2fpasswd"]
)
def test_only_files_of_the_submission_are_served(visit, submissions, path):
    tom = visit("tom")
    url = f"{tom.hub.url}/services/formgrader/formgrader/submissions/{submissions['ben']}/{path}"
    assert tom.context.request.get(url).status in (400, 404)


@pytest.mark.parametrize(
    "path", ["manage_submissions/{}", "gradebook/{}", "gradebook/tensor/{}", "manage_students/{}", "submissions/{}/"]
)
@pytest.mark.parametrize("attack", [f'";{RUN};//', f"</script><script>{RUN}</script>", f"'-({RUN})-'", "{{7*7}}"])
def test_an_address_runs_nothing(visit, path, attack):
    """nbgrader's templates put parts of the address into scripts; here nothing from such an address runs."""
    tom = visit("tom")
    tom.open(path.format(quote(attack, safe="")))
    unharmed(tom)
    assert "49" not in tom.page.inner_text("body")


def test_every_page_blocks_scripts_that_it_does_not_name(visit, submissions):
    """The second defence works alone: markup that got past the first would still not run."""
    tom = visit("tom")
    for path in ("gradebook", f"submissions/{submissions['ada']}/", "manage_students"):
        tom.open(path)
        tom.page.evaluate(PAST_THE_FIRST_WALL, RUN)
        tom.page.wait_for_timeout(200)
        assert tom.page.evaluate("window.pwned") is None


def test_feedback_of_a_hostile_submission_runs_nothing(course, hub, browser):
    page_file = generate_feedback(course, "tinytorch-test", "tensor", "ben")
    assert sorted(path.name for path in page_file.parent.iterdir()) == ["tensor.html", "timestamp.txt"]
    text = page_file.read_text()
    assert "1363" not in text  # the hidden test's expected value
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert page.evaluate("window.pwned") is None
    assert page.locator("script, iframe, object, embed, form, svg").count() == 0
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()


@pytest.mark.parametrize("markup", [*MARKUP, *(output["text/html"] for output in OUTPUTS if "text/html" in output)])
def test_cleaned_markup_has_no_way_to_run(markup):
    cleaned = clean(markup).lower()
    for word in ("<script", "onerror=", "onload=", "<style", "<iframe", "<svg", "<form", "<input", "style=", "id="):
        assert word not in cleaned.replace("&lt;", "")


def test_what_answers_are_made_of_stays():
    kept = '<p>A <em>view</em> has <code>strides</code>, see <a href="https://numpy.org">numpy</a>.</p>'
    assert clean(kept) == kept
    assert clean("<table><tr><td>1</td></tr></table>") == "<table><tbody><tr><td>1</td></tr></tbody></table>"
    assert (
        clean('<img src="data:image/png;base64,AAAA" alt="plot">')
        == '<img src="data:image/png;base64,AAAA" alt="plot">'
    )
