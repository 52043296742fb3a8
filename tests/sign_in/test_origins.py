"""A page on a student's server attacks staff who open it; on its own subdomain it gets nothing."""

import json
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Page, Response
from sqlalchemy.exc import SAWarning
from tito.running_nbgrader import put_programs_on_path

from hub_config.secret_files import read_passwords
from tests.e2e.browser import Person, chromium, person
from tests.e2e.names import HOST
from tests.security.hostile_page import SCRIPT, plant
from tests.sign_in.door import Door
from tests.sign_in.secure import given_certificate, logged_in, server_address, start_server

pytestmark = [pytest.mark.live, pytest.mark.security]
# What the same script gets on the Hub's own origin, and what a student's page would get if servers shared that origin.
SHARED_ORIGIN_GIVES = {
    "read without asking for leave",
    "read the form token of the formgrader",
    "change a grade with the page's token",
    "make a token in the victim's name",
    "look into a window",
    "read what the Hub's pages keep",
    "read the Hub's cookies",
}
TOSSED = ["home-session", "service-formgrader", "jupyterhub-hub-login", "jupyterhub-session-id", "_xsrf"]
TOSS = """({ host, names }) => {
  for (const name of names) {
    for (const path of ["/", "/hub/", "/services/home/", "/services/formgrader/"]) {
      document.cookie = `${name}=tossed; path=${path}; domain=${host}; secure`;
      document.cookie = `__Host-${name}=tossed; path=${path}; domain=${host}; secure`;
      document.cookie = `__Host-${name}=tossed; path=${path}; secure`;
    }
  }
}"""


@dataclass
class Attack:
    """A staff member's browser, logged in everywhere, and the address of a student's hostile page."""

    door: Door
    victim: Person
    grade: str
    gradebook: str
    sent: list[tuple[str, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.victim.context.on("response", self._note)

    def _note(self, answer: Response) -> None:
        """Record requests that reached the Hub and could change something, with their status."""
        if answer.url.startswith(self.door.url) and answer.request.method not in ("GET", "HEAD", "OPTIONS"):
            self.sent.append((answer.request.method, answer.url, answer.status))

    @property
    def page(self) -> Page:
        return self.victim.page

    @property
    def evil(self) -> str:
        return f"{server_address(self.door, 'eve')}/shown/page.html"

    def go(self, path: str) -> None:
        assert self.victim.go(path) == 200

    def run(self) -> dict[str, str]:
        """Run the hostile script on the open page."""
        aims = {"hub": self.door.url, "grade": self.grade, "victim": self.victim.name, "toss": f"Domain={HOST}"}
        aims["neighbour"] = server_address(self.door, "tom")
        return self.page.evaluate(f"{SCRIPT}\nattack({json.dumps(aims)})")

    def points(self) -> float | None:
        with Gradebook(self.gradebook) as gradebook:
            return gradebook.find_grade_by_id(self.grade).manual_score


def graded(gradebook: str) -> str:
    """Write a graded submission by ben; return the id of the grade of its written answer."""
    put_programs_on_path()
    with Gradebook(gradebook) as book, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # from nbgrader, when it adds rows
        book.update_or_create_assignment("tensor")
        book.update_or_create_notebook("tensor", "tensor")
        book.update_or_create_grade_cell("why", "tensor", "tensor", max_score=10, cell_type="markdown")
        book.update_or_create_solution_cell("why", "tensor", "tensor")
        book.update_or_create_student("ben")
        book.update_or_create_submission("tensor", "ben")
        grade = book.find_grade("why", "tensor", "tensor", "ben")
        grade.manual_score = None
        book.db.commit()
        return grade.id


@pytest.fixture(scope="module")
def hub(https) -> Door:
    """A Hub with a TA and an instructor, where eve's server shows a page."""
    door, cert = https
    door.know("tom", "ta")
    door.know("eve", "student")
    plant(door.settings.var / "homes" / "eve", door.settings.first_uid + 500)
    with logged_in(door, ssl.create_default_context(cafile=str(cert)), "eve") as eve:
        start_server(eve, door, "eve")
    return door


@pytest.fixture(scope="module", params=["tom", "ida"])
def attack(request, hub: Door) -> Iterator[Attack]:
    """The victim, the TA tom or the instructor ida, has visited the Hub, the home page and the formgrader."""
    gradebook = f"sqlite:///{hub.settings.var / 'course' / 'gradebook.db'}"
    grade = graded(gradebook)
    with chromium("--ignore-certificate-errors") as browser:
        victim = person(browser, request.param, hub.url)
        victim.log_in(read_passwords(hub.settings.secrets)[victim.name])
        victim.go("/hub/home")
        victim.go("/services/formgrader/")
        victim.page.evaluate("localStorage.setItem('kept', 'secret'); document.cookie = 'kept=1; path=/'")
        yield Attack(hub, victim, grade, gradebook)


@pytest.mark.parametrize("https", [given_certificate], indirect=True, ids=lambda made: made.__name__)
class TestAPageOfAStudentsServer:
    def test_gets_nothing_on_a_domain_of_its_own(self, attack: Attack):
        attack.page.goto(attack.evil)
        assert attack.page.get_by_text("Please look at this.").is_visible()
        got = attack.run()
        assert {name: said for name, said in got.items() if not said.startswith("refused")} == {}
        assert [done for done in attack.sent if done[2] < 400] == []
        assert {method for method, _, _ in attack.sent} == {"POST"}  # forms did arrive; the browser blocked the rest
        assert attack.points() is None

    def test_is_told_no_login_by_the_browser(self, attack: Attack):
        attack.page.goto(attack.evil)
        sent = (attack.door.settings.var / "homes" / "eve" / "www" / "cookies.txt").read_text().splitlines()[-1]
        assert {cookie.partition("=")[0] for cookie in sent.split("; ")} == {"jupyterhub-session-id"}

    def test_makes_nobody_somebody_else_by_cookies_of_its_own(self, attack: Attack):
        """Eve's page tries to set cookies for the Hub's domain; three pages still show the victim's own name."""
        attack.page.goto(attack.evil)
        attack.page.evaluate(TOSS, {"host": HOST, "names": TOSSED})
        for path in ("/hub/home", "/services/home/", "/services/formgrader/"):
            attack.go(path)
            assert attack.page.url.startswith(attack.door.url + path)
            assert attack.page.get_by_text(attack.victim.name, exact=False).first.is_visible()
        assert attack.page.evaluate("navigator.serviceWorker.controller") is None

    def test_would_get_all_this_on_the_hubs_own(self, attack: Attack):
        attack.go("/services/formgrader/")
        got = attack.run()
        more = {"start the judge with the page's token"} if attack.victim.name == "ida" else set()
        assert {name: got[name] for name in SHARED_ORIGIN_GIVES | more if got[name].startswith("refused")} == {}
        assert attack.points() == 10
