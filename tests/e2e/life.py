"""A module's whole life, step by step, as people would live it; the test and the screenshots take the same steps."""

import re
import time

from playwright.sync_api import expect

from tests.e2e import lab
from tests.e2e.browser import Person
from tests.e2e.solving import solutions, solved, written_answers

ANSWER = "Broadcasting copies nothing: the stride of a stretched axis is zero."
COMMENT = "Well put. Say also what it costs to write into the result."


def walk(student: Person, ta: Person, instructor: Person) -> None:
    """Take every step of a module's life, in order."""
    apply_the_semester(instructor)
    study(student)
    grade(ta, instructor, students=1)
    read_the_feedback(student, "tensor", score="98")


def study(student: Person, slug: str = "tensor") -> None:
    """Take a student's steps, up to the quick result."""
    first_look(student)
    open_the_notebook(student)
    look_at_the_menus(student)
    run_and_see_a_figure(student)
    write_one_exercise(student, slug, "infer_shape")
    write_the_rest(student, slug)
    complete(student, slug)
    submit(student, slug)
    see_the_quick_result(student, slug)


def grade(ta: Person, instructor: Person, students: int, slug: str = "tensor", title: str = "Tensor") -> None:
    """Take the staff's steps for everyone who has submitted."""
    collect_and_autograde(instructor, slug, title, students=students, class_size=3, to_read=students)
    for number in range(1, students + 1):
        read_the_answers(ta, number)
    wait_for_column(instructor, slug, "To read", "0")
    give_feedback(instructor, slug, title, students=students)


def first_look(student: Person) -> None:
    """The home page shows one next step, the course map and the dates."""
    page = student.page
    expect(page.get_by_text("Your next step")).to_be_visible()
    expect(page.get_by_role("heading", name="Start Tensor")).to_be_visible()
    expect(page.locator(".card", has_text="Tensor").get_by_text("Due")).to_be_visible()
    student.picture("student-home")


def open_the_notebook(student: Person) -> None:
    """One click opens JupyterLab with the released notebook."""
    student.page.get_by_role("link", name="Open the notebook").click()
    student.page.wait_for_url(f"**/user/{student.name}/lab/**", timeout=lab.START_MILLISECONDS)
    student.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=lab.START_MILLISECONDS)
    lab.wait_for_idle(student.page)
    student.picture("student-notebook")


def look_at_the_menus(student: Person) -> None:
    """Students have the assignment list and validation, and no formgrader."""
    page = student.page
    page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
    items = page.locator(".lm-Menu-itemLabel").all_text_contents()
    page.keyboard.press("Escape")
    assert "Assignment List" in items, items
    assert not [item for item in items if "Formgrader" in item or "Create" in item or "Course" in item], items
    assert page.get_by_role("button", name="Validate").count() == 1


def run_and_see_a_figure(student: Person) -> None:
    """All cells run, and a figure appears."""
    lab.run_all(student.page)
    figure = student.page.locator(".jp-OutputArea-output img, .jp-OutputArea-output svg").first
    figure.scroll_into_view_if_needed()
    expect(figure).to_be_visible()
    student.picture("student-lab")


def write_one_exercise(student: Person, slug: str, name: str) -> None:
    """Type a solution into its cell, run it and its test."""
    page = student.page
    lab.type_into_cell(page, f"exercise '{name}' is not solved yet", solutions(slug)[name])
    page.keyboard.press("Shift+Enter")
    lab.wait_for_idle(page)
    lab.save(page)
    model = lab.contents(student, f"{slug}/{slug}.ipynb")
    assert model is not None
    kept = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell["source"] for cell in model["content"]["cells"]}
    assert kept[name].strip() == solutions(slug)[name].strip()


def write_the_rest(student: Person, slug: str) -> None:
    """Fill in the other exercises and the written answers by writing the file, and reload the notebook."""
    model = lab.contents(student, f"{slug}/{slug}.ipynb")
    assert model is not None
    by_hand = written_answers(model["content"])
    texts = solutions(slug) | dict.fromkeys(by_hand, ANSWER)
    content = solved(model["content"], texts)
    lab.write_contents(student, f"{slug}/{slug}.ipynb", {"type": "notebook", "format": "json", "content": content})
    student.page.reload()
    student.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=lab.START_MILLISECONDS)
    lab.wait_for_idle(student.page)
    lab.run_all(student.page)
    lab.save(student.page)
    student.picture("student-solved")


def complete(student: Person, slug: str) -> None:
    """Test and complete the module in the terminal; it becomes the student's own package."""
    lab.terminal(student)
    said = lab.type_command(student, f"tito module complete {slug}")
    assert "is complete" in said, said
    own = lab.contents(student, f"tinytorch/core/{slug}.py")
    assert own is not None and "def " in own["content"]


def submit(student: Person, slug: str) -> None:
    """Submit in the terminal and get a receipt."""
    said = lab.type_command(student, f"tito submit {slug}")
    assert "Your work has arrived" in said, said
    assert "Receipt" in said, said
    student.picture("student-terminal")


def quick_result(student: Person, slug: str, saying: str = "visible checks", seconds: int = 90) -> str:
    """Reload the module's page until the quick result contains `saying`; return its text."""
    page = student.page
    for _ in range(seconds):
        student.go(f"/services/home/modules/{slug}")
        words = page.locator(".quick").all_inner_texts()
        if words and saying in words[0]:
            return words[0]
        page.wait_for_timeout(1000)
    raise AssertionError(f"no quick result in {seconds} s: {page.inner_text('main')}")


def see_the_quick_result(student: Person, slug: str) -> None:
    """The module's page soon shows the receipt and which visible checks passed."""
    page = student.page
    quick_result(student, slug)
    expect(page.locator(".quick.ok")).to_be_visible()
    expect(page.get_by_role("link", name="Download the receipt")).to_be_visible()
    student.picture("student-submitted")
    student.go("/services/home/")
    expect(page.locator(".card", has_text="Tensor").get_by_text("Submitted")).to_be_visible()
    student.picture("student-home-submitted")


def apply_the_semester(instructor: Person) -> None:
    """Look at the plan and apply the semester again; the page says that it is already in force."""
    instructor.go("/services/home/semester")
    instructor.picture("instructor-semester")
    instructor.page.get_by_role("link", name="Show what would change").click()
    instructor.picture("instructor-plan")
    instructor.go("/services/home/semester")
    instructor.page.get_by_role("button", name="Apply").click()
    instructor.page.wait_for_load_state()
    instructor.go("/services/home/semester")
    expect(instructor.page.get_by_text("It is in force as it is.")).to_be_visible()


def act_on_module(instructor: Person, title: str, action: str) -> None:
    """Press one of a module's actions on the class page."""
    instructor.go("/services/home/class")
    row = instructor.page.locator("table.class tbody tr", has_text=title)
    row.locator("summary", has_text="All actions").click()
    row.locator("details").get_by_role("button", name=action, exact=True).click()
    instructor.page.wait_for_load_state()


def wait_for_column(staff: Person, slug: str, column: str, wanted: str, seconds: float = 90) -> None:
    """Reload the grading page until a module's column shows `wanted`."""
    page = staff.page
    seen, deadline = "", time.monotonic() + seconds
    while time.monotonic() < deadline:
        staff.go("/services/home/grading")
        headers = [text.replace("\u00ad", "").strip() for text in page.locator("table thead th").all_text_contents()]
        row = page.locator("table tbody tr", has=page.locator("th", has_text=slug)).first
        if row.count() and column in headers:
            seen = row.locator("th, td").nth(headers.index(column)).inner_text().strip()
            if seen == wanted:
                return
        page.wait_for_timeout(500)
    raise AssertionError(f"{slug}: {column} is {seen!r}, not {wanted!r}")


def collect_and_autograde(
    instructor: Person, slug: str, title: str, students: int, class_size: int, to_read: int
) -> None:
    """Collect submissions and let the judge grade them; `to_read` of them have written answers."""
    act_on_module(instructor, title, "Collect")
    wait_for_column(instructor, slug, "Collected", f"{students} of {class_size}")
    act_on_module(instructor, title, "Autograde")
    wait_for_column(instructor, slug, "To read", str(to_read))
    instructor.go("/services/home/class")
    instructor.picture("instructor-class")


def read_the_answers(ta: Person, number: int = 1, points: str = "4") -> None:
    """The TA opens a submission from the reading page, and gives points and a comment on each of its answers."""
    page = ta.page
    ta.go("/services/home/grading")
    ta.picture("ta-home")
    page.get_by_role("link", name="Read the answers").click()
    page.get_by_role("link", name=re.compile(rf"^#{number}\b")).first.click()
    page.wait_for_load_state("networkidle")  # by then grades are loaded, and edits are saved from now on
    cells = [score.get_attribute("id") for score in page.locator("input.score").all()]
    by_hand = [name for name in cells if name and not name.startswith("test_")]
    assert by_hand, cells
    for name in by_hand:
        with page.expect_response(lambda answer: "/grade/" in answer.url and answer.request.method == "PUT") as saved:
            page.locator(f"input#{name}").fill(points)
            page.locator(f"input#{name}").blur()
        assert saved.value.ok, saved.value.text()
        with page.expect_response(lambda answer: "/comment/" in answer.url and answer.request.method == "PUT") as saved:
            page.locator(f"textarea#{name}-comment").fill(COMMENT)
            page.locator(f"textarea#{name}-comment").blur()
        assert saved.value.ok, saved.value.text()
    page.locator(f"input#{by_hand[0]}").scroll_into_view_if_needed()
    ta.picture("ta-grading")


def give_feedback(instructor: Person, slug: str, title: str, students: int, unread: bool = False) -> None:
    """Make feedback and release it to the students: the two actions are started in turn, and the second waits.

    If answers are `unread`, the page asks for confirmation and the instructor confirms.
    """
    act_on_module(instructor, title, "Make feedback")
    act_on_module(instructor, title, "Release feedback")
    if unread:
        instructor.page.get_by_role("button", name="Release with answers unread").click()
    wait_for_column(instructor, slug, "Feedback released", str(students))


def read_the_feedback(student: Person, slug: str, score: str) -> None:
    """The student sees the score on the course map, and the comment in the feedback."""
    page = student.page
    student.go("/services/home/")
    expect(page.locator(".card", has_text="Tensor").locator(".score")).to_contain_text(score)
    student.picture("student-home-graded")
    student.go(f"/services/home/modules/{slug}")
    student.picture("student-graded")
    page.get_by_role("link", name="Read feedback").click()
    feedback = page.frame_locator("iframe.feedback")
    comment = feedback.get_by_text(COMMENT).first
    expect(comment).to_be_visible()
    comment.scroll_into_view_if_needed()
    student.picture("student-feedback")
