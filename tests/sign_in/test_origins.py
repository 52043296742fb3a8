"""A page that a student's server shows to a TA attacks: on a domain of its own it gets nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Page

from hub_config.secret_files import read_passwords
from tests.e2e.browser import chromium, person
from tests.e2e.names import HOST
from tests.security.hostile_page import SCRIPT, plant
from tests.sign_in.door import Door
from tests.sign_in.secure import given_certificate, logged_in, server_address, start_server

pytestmark = [pytest.mark.slow, pytest.mark.security]
# What the same script gets on a page of the Hub's own origin: were servers there too, a student's page would get it.
SHARED_ORIGIN_GIVES = {
    "read students' names",
    "read the form token of the formgrader",
    "change a grade with the page's token",
    "ask the Hub who is here",
    "make a token in the victim's name",
    "look into a window",
    "read what the Hub's pages keep",
    "read the Hub's cookies",
}


@dataclass
class Attack:
    """A TA's browser, logged in everywhere, and a student's page in front of it."""

    door: Door
    page: Page
    grade: str
    gradebook: str

    @property
    def evil(self) -> str:
        return f"{server_address(self.door, 'eve')}/shown/page.html"

    def go(self, path: str) -> Page:
        self.page.goto(self.door.url + path)
        return self.page

    def run(self) -> dict[str, str]:
        """Run the hostile script on the page that is open."""
        aims = {"hub": self.door.url, "grade": self.grade, "victim": "tom", "toss": f"Domain={HOST}"}
        aims["neighbour"] = server_address(self.door, "tom")
        return self.page.evaluate(f"{SCRIPT}\nattack({json.dumps(aims)})")

    def points(self) -> float | None:
        with Gradebook(self.gradebook) as gradebook:
            return gradebook.find_grade_by_id(self.grade).manual_score


def graded(gradebook: str) -> str:
    """Write a graded submission of ben's; return the id of the grade of its written answer."""
    with Gradebook(gradebook) as book:
        book.update_or_create_assignment("tensor")
        book.update_or_create_notebook("tensor", "tensor")
        book.update_or_create_grade_cell("why", "tensor", "tensor", max_score=10, cell_type="markdown")
        book.update_or_create_solution_cell("why", "tensor", "tensor")
        book.update_or_create_student("ben")
        book.update_or_create_submission("tensor", "ben")
        return book.find_grade("why", "tensor", "tensor", "ben").id


@pytest.fixture(scope="module")
def attack(https, tmp_path_factory) -> Iterator[Attack]:
    """Tom is a TA, in the formgrader, on the home page and in the Hub; eve's server runs and shows her page."""
    import ssl

    door, cert = https
    door.know("tom", "ta")
    door.know("eve", "student")
    plant(door.settings.var / "homes" / "eve", door.settings.first_uid + 500)
    with logged_in(door, ssl.create_default_context(cafile=str(cert)), "eve") as eve:
        start_server(eve, door, "eve")
    gradebook = f"sqlite:///{door.settings.var / 'course' / 'gradebook.db'}"
    grade = graded(gradebook)
    with chromium("--ignore-certificate-errors") as browser:
        tom = person(browser, "tom", door.url)
        tom.log_in(read_passwords(door.settings.secrets)["tom"])
        tom.go("/hub/home")
        tom.go("/services/formgrader/")
        tom.page.evaluate("localStorage.setItem('kept', 'secret'); document.cookie = 'kept=1; path=/'")
        yield Attack(door, tom.page, grade, gradebook)


@pytest.mark.parametrize("https", [given_certificate], indirect=True, ids=lambda made: made.__name__)
class TestAPageOfAStudentsServer:
    def test_gets_nothing_on_a_domain_of_its_own(self, attack: Attack):
        attack.page.goto(attack.evil)
        assert attack.page.get_by_text("Please look at this.").is_visible()
        got = attack.run()
        assert {name: said for name, said in got.items() if not said.startswith("refused")} == {}
        assert attack.points() is None

    def test_would_get_all_this_on_the_hubs_own(self, attack: Attack):
        attack.go("/services/formgrader/")
        got = attack.run()
        assert {name for name in SHARED_ORIGIN_GIVES if got[name].startswith("refused")} == set(), got
        assert attack.points() == 10
