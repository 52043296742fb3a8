"""One real Hub with the formgrader, a course with friendly and hostile submissions, and a browser."""

import warnings

import pytest
from playwright.sync_api import sync_playwright
from sqlalchemy.exc import SAWarning

from tests.formgrader import course_folder, hostile
from tests.formgrader.local_hub import local_hub

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """An nbgrader course with three graded submissions; ben's submission and name attack whoever looks at them."""
    root = course_folder.make_course(tmp_path_factory.mktemp("hub") / "var" / "course")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # from nbgrader, when it adds rows
        friendly = course_folder.answer_notebook(root)
        course_folder.add_output(friendly, {"image/png": course_folder.PNG})
        for student, nb, files in (
            ("ada", friendly, {}),
            ("ben", hostile.notebook(root), hostile.FILES),
            ("cleo", course_folder.answer_notebook(root, written="Other strides."), {}),
        ):
            course_folder.submit(root, student, nb, files)
            course_folder.autograde(root, student)
        with course_folder.gradebook(root) as gradebook:
            gradebook.update_or_create_student("ben", first_name=hostile.NAME, last_name=hostile.NAME)
    return root


@pytest.fixture(scope="session")
def hub(course):
    with local_hub(course.parent) as running:
        yield running


@pytest.fixture(scope="module")  # while it is open its event loop runs, and no other test can run one
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Visitor:
    """A logged-in person's browser window, which records everything suspicious that happens in it."""

    def __init__(self, browser, hub, name: str):
        self.hub, self.name = hub, name
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.context.on("request", self._note_request)

    def _note_request(self, request) -> None:
        if not request.url.startswith((self.hub.url, "data:", "blob:", "about:")):
            self.elsewhere.append(request.url)

    def log_in(self) -> "Visitor":
        self.page.goto(f"{self.hub.url}/hub/login?next=/services/formgrader/")
        self.page.fill("#username_input", self.name)
        self.page.fill("#password_input", self.hub.password)
        self.page.click("#login_submit")
        self.page.wait_for_load_state("networkidle")
        return self

    def open(self, path: str) -> None:
        self.page.goto(f"{self.hub.url}/services/formgrader/formgrader/{path}")
        self.page.wait_for_load_state("networkidle")

    def fetch(self, method: str, path: str, body: str = "{}", xsrf: bool = True) -> int:
        """Send a request as a script on the page could; return the status."""
        return self.page.evaluate(
            """async ([method, url, body, xsrf]) => {
                const headers = {"Content-Type": "application/json"};
                if (xsrf) headers["X-XSRFToken"] = document.documentElement.dataset.xsrf;
                const answer = await fetch(url, {method, headers, body: method === "GET" ? undefined : body});
                return answer.status;
            }""",
            [method, f"{self.hub.url}/services/formgrader/formgrader/{path}", body, xsrf],
        )


@pytest.fixture
def visit(browser, hub):
    visitors: list[Visitor] = []

    def log_in(name: str) -> Visitor:
        visitors.append(Visitor(browser, hub, name).log_in())
        return visitors[-1]

    yield log_in
    for visitor in visitors:
        visitor.context.close()


@pytest.fixture
def submissions(course) -> dict[str, str]:
    """The id of each student's submitted notebook."""
    with course_folder.gradebook(course) as gradebook:
        return {each.student.id: each.id for each in gradebook.notebook_submissions("tensor", "tensor")}
