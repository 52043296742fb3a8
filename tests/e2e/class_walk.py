"""What an instructor of a large class does in the first two weeks, step by step in a browser, with each page timed.

The Hub has a demo class of any size from `large_class`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from playwright.sync_api import expect
from tito.semester.demo import COURSE

from tests.e2e import lab, life
from tests.e2e.browser import Person
from tests.e2e.hub import RunningHub
from tests.e2e.large_class import SLUG, exchange_of, hand_in
from tests.e2e.solving import solutions

CORRECTED = "Corrected: read the error's text first."
MODULE_PAGE = f"/services/home/modules/{SLUG}"
REASON = "It also refused what the text allows."


@dataclass
class Walk:
    """A walk over pages, with the seconds that each took by the name of its screenshot."""

    hub: RunningHub
    seconds: dict[str, float] = field(default_factory=dict)

    def see(self, somebody: Person, name: str, path: str) -> None:
        """Open a page; record its seconds and take a screenshot."""
        self.timed(somebody, name, lambda: somebody.go(path))
        assert "is unreachable" not in somebody.page.inner_text("main"), f"{name}: a service does not answer"

    def timed(self, somebody: Person, name: str, act: Callable[[], object]) -> None:
        """Do what opens a page; record the seconds until it is loaded, and take a screenshot."""
        began = time.monotonic()
        act()
        somebody.page.wait_for_load_state()
        self.seconds[name] = time.monotonic() - began
        somebody.picture(name)

    @property
    def semester(self) -> Path:
        return Path(self.hub.extra["HUB_SEMESTER"])

    @property
    def roster(self) -> Path:
        return self.semester.with_name(f"{self.semester.stem}-roster.csv")


def applied(ida: Person) -> None:
    """Wait until the applied semester is in force."""
    expect(ida.page.get_by_text("The semester is in force")).to_be_visible(timeout=600_000)


def upload_a_roster(walk: Walk, ida: Person) -> None:
    """Upload a list as a spreadsheet in another language saves it, with a new student; see the plan, then apply it."""
    lines = walk.roster.read_text().splitlines()
    heading = "Anmeldename;Nachname;Vorname;E-Mail;Gruppe"
    rows = [heading, *(line.replace(",", ";") for line in lines[1:]), "zoë;Müller;Zoë;zoe@example.org;C"]
    page = ida.page
    walk.see(ida, "semester", "/services/home/semester")
    page.get_by_label("Class list").set_input_files(
        {"name": "class.csv", "mimeType": "text/csv", "buffer": "\r\n".join(rows).encode("cp1252")}
    )
    walk.timed(ida, "roster-plan", page.get_by_role("button", name="Show what the list would change").click)
    expect(page.get_by_text(f"separated by semicolons, {len(rows) - 1} students")).to_be_visible()
    expect(page.get_by_role("region", name="Changes")).to_contain_text("zo")
    walk.timed(ida, "roster-applied", page.get_by_role("button", name="Make it the roster").click)
    applied(ida)


def give_more_time(walk: Walk, ida: Person, student: Person) -> None:
    """Add one line to the semester file; the plan names the student, and the student's page shows other dates."""
    page = student.page
    walk.see(student, "due-before", MODULE_PAGE)
    before = page.locator("dl.facts").inner_text()
    with walk.semester.open("a") as file:
        file.write(f"accommodations:\n  - {{student: {student.name}, factor: 1.5, reason: agreed with the office}}\n")
    walk.see(ida, "accommodation-plan", "/services/home/semester/plan")
    expect(ida.page.get_by_role("region", name="Changes")).to_contain_text(student.name)
    ida.page.get_by_role("button", name="Apply these").click()
    applied(ida)
    walk.see(student, "due-after", MODULE_PAGE)
    expect(page.locator("dl.facts")).to_contain_text("with")
    assert page.locator("dl.facts").inner_text() != before


def correct_the_module(walk: Walk, ida: Person) -> None:
    """Change the text of the staff's release, and release it again from the class page."""
    notebook = walk.hub.var / "course" / "release" / SLUG / f"{SLUG}.ipynb"
    content = json.loads(notebook.read_text())
    given = next(cell for cell in content["cells"] if cell["cell_type"] == "markdown")
    given["source"] = f"{''.join(given['source'])}\n\n{CORRECTED}"
    notebook.write_text(json.dumps(content))
    ida.go("/services/home/class")
    life.act_on_module(ida, "Tensor", "Release again")
    ida.picture("released-again")


def take_the_correction(walk: Walk, ida: Person, student: Person) -> None:
    """While at work, see the notice on the module's page and take the correction with a button; the work stays."""
    page = student.page
    student.go(MODULE_PAGE)
    life.open_the_notebook(student)
    life.write_one_exercise(student, SLUG, "infer_shape")
    correct_the_module(walk, ida)
    walk.see(student, "corrected-told", MODULE_PAGE)
    walk.timed(student, "correction-plan", page.get_by_role("link", name="See and take the correction").click)
    expect(page.locator("pre").first).to_contain_text(CORRECTED)
    walk.timed(student, "correction-taken", page.get_by_role("button", name="Take the correction").click)
    expect(page.get_by_text("Your notebook is corrected")).to_be_visible()
    model = lab.contents(student, f"{SLUG}/{SLUG}.ipynb")
    assert model is not None
    texts = [cell["source"] for cell in model["content"]["cells"]]
    assert any(CORRECTED in text for text in texts)
    assert solutions(SLUG)["infer_shape"].strip() in [text.strip() for text in texts]
    student.go(MODULE_PAGE)
    expect(page.get_by_role("link", name="See and take the correction")).to_have_count(0)


def hand_in_and_grade(walk: Walk, ida: Person, student: Person, others: list[str]) -> None:
    """Submit for these students, collect and autograde; the receipt names the student's own due date."""
    students = [student.name, *others]
    hand_in(walk.hub, students)
    assert due_on_receipt(walk, student.name) > due_on_receipt(walk, others[0])
    life.act_on_module(ida, "Tensor", "Collect")
    of_class = len(walk.roster.read_text().splitlines()) - 1
    life.wait_for_column(ida, SLUG, "Collected", f"{len(students)} of {of_class}", seconds=600)
    life.act_on_module(ida, "Tensor", "Autograde")
    life.wait_for_column(ida, SLUG, "To read", str(len(students)), seconds=3600)
    for name in ("class", "grading", "insight"):
        walk.see(ida, name, f"/services/home/{name}")


def due_on_receipt(walk: Walk, student: str) -> str:
    """Return the due date on a student's newest receipt."""
    with exchange_of(walk.hub, student) as exchange:
        newest = exchange.submissions(COURSE, SLUG, mine=True)[-1]
        return exchange.receipt(COURSE, newest.id).receipt.due_at or ""


def share_the_reading(walk: Walk, ida: Person, readers: tuple[str, ...]) -> None:
    """Share the answers out among some readers, after looking at the plan."""
    page = ida.page
    walk.see(ida, "reading", f"/services/home/reading/{SLUG}")
    for reader in readers:
        page.get_by_role("checkbox", name=reader, exact=True).check()
    walk.timed(ida, "share-plan", page.get_by_role("button", name="Show how it would be").click)
    walk.timed(ida, "shared", page.get_by_role("button", name="Share it out like this").click)


def read_side_by_side(walk: Walk, first: Person, second: Person) -> None:
    """Each gets a different answer; then both open the same one: the first one's points are not overwritten unseen."""
    for number, reader in enumerate((first, second), 1):
        walk.see(reader, f"reading-ta-{number}", f"/services/home/reading/{SLUG}")
        walk.timed(reader, f"answer-{number}", partial(_read_next, reader))
    assert _submission(first) != _submission(second)
    second.page.goto(first.page.url)
    second.page.wait_for_load_state("networkidle")
    cell = _by_hand(first)
    with first.page.expect_response(_is_change) as saved:
        first.page.fill(f"#{cell}", "3")
        first.page.press(f"#{cell}", "Tab")
    assert saved.value.ok
    with second.page.expect_response(_is_change) as refused:
        second.page.fill(f"#{cell}", "1")
        second.page.press(f"#{cell}", "Tab")
    assert refused.value.status == 409
    dialog = second.page.get_by_role("dialog")
    expect(dialog).to_contain_text(first.name)
    second.picture("two-readers")
    first.page.reload()
    first.page.wait_for_load_state("networkidle")
    expect(first.page.locator(f"#{cell}")).to_have_value("3")


def void_and_restore(walk: Walk, ida: Person, exercise: str, changed: int) -> None:
    """Make a check void for everyone, then let it count again; each time the page first shows whose points change."""
    page = ida.page
    checks = f"/services/home/grading/{SLUG}/checks"
    walk.see(ida, "checks", checks)
    row = page.locator("tbody tr", has_text=f"{exercise}:1").first
    row.locator("summary").click()
    row.get_by_role("textbox").fill(REASON)
    walk.timed(ida, "void-plan", row.get_by_role("button", name="Show whose points would change").click)
    expect(page.get_by_role("region", name="Whose points change").locator("tbody tr")).to_have_count(changed)
    walk.timed(ida, "void", page.get_by_role("button", name="Make it void").click)
    row = page.locator("tbody tr", has_text=f"{exercise}:1").first
    expect(row).to_contain_text(REASON)
    walk.timed(ida, "restore-plan", row.get_by_role("button", name="Let it count again").click)
    expect(page.get_by_role("region", name="Whose points change").locator("tbody tr")).to_have_count(changed)
    walk.timed(ida, "restored", page.get_by_role("button", name="Let it count again").click)
    expect(page.get_by_role("heading", name="Once void, now counting again")).to_be_visible()


def _read_next(reader: Person) -> None:
    reader.page.get_by_role("link", name="Read the next answer").click()
    reader.page.wait_for_url("**/submissions/**")
    reader.page.wait_for_load_state("networkidle")  # by then grades are loaded, and edits are saved from now on


def _submission(reader: Person) -> str:
    return reader.page.url.split("/submissions/")[1].split("/")[0]


def _by_hand(reader: Person) -> str:
    cells = [score.get_attribute("id") or "" for score in reader.page.locator("input.score").all()]
    return next(cell for cell in cells if not cell.startswith("test_"))


def _is_change(answer) -> bool:
    return "/grade/" in answer.url and answer.request.method == "PUT"
