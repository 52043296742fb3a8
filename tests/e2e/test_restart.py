"""Programs die in the middle of a student's session: nothing is lost, and the browser needs no new login."""

import json

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e import lab, life
from tests.e2e.browser import Person, chromium, person
from tests.e2e.hub import RunningHub
from tests.e2e.solving import solutions

pytestmark = [pytest.mark.e2e, pytest.mark.live, pytest.mark.timeout(900)]


@pytest.fixture
def chen(hub: RunningHub):
    """A student with an open notebook."""
    with chromium() as browser:
        chen = person(browser, "chen", hub.url)
        chen.log_in(hub.passwords()["chen"])
        life.open_the_notebook(chen)
        yield chen


def calculate(student: Person, text: str) -> None:
    """Run a line in a new cell and see its result."""
    page = student.page
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(text)
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output", has_text=str(eval(text))).first).to_be_visible(timeout=60_000)


def test_killed_programs_lose_nothing_and_the_browser_goes_on(hub: RunningHub, chen: Person):
    calculate(chen, "6 * 7000001")
    server = hub.command("run", "--", "true")
    assert server.returncode == 0, server.stderr

    hub.kill("hub")
    calculate(chen, "6 * 7000002")  # the same kernel, over the same web socket
    life.write_one_exercise(chen, "tensor", "infer_shape")

    hub.kill("proxy")
    chen.page.reload()
    chen.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=lab.START_MILLISECONDS)
    calculate(chen, "6 * 7000003")

    hub.kill_and_go_on("exchange")
    lab.terminal(chen)
    said = lab.type_command(chen, "tito submit tensor")
    assert "Your work has arrived: tensor, attempt 1" in said, said

    hub.kill_and_go_on("grading")
    words = life.quick_result(chen, "tensor")
    assert "visible checks" in words
    assert chen.page.url.endswith("/services/home/modules/tensor")


def test_a_second_start_finds_everything(hub: RunningHub):
    """After Ctrl-C and a new start, passwords, work, submissions and logins are unchanged."""
    passwords = hub.passwords()
    with chromium() as browser:
        ben = person(browser, "ben", hub.url)
        ben.log_in(passwords["ben"])
        life.open_the_notebook(ben)
        life.write_one_exercise(ben, "tensor", "infer_shape")
        lab.terminal(ben)
        assert "attempt 1" in lab.type_command(ben, "tito submit tensor")

        assert hub.stop() == 0
        assert hub.strays() == []
        hub.start()

        assert hub.passwords() == passwords
        assert ben.go("/services/home/modules/tensor") == 200
        expect(ben.page.get_by_role("link", name="Download the receipt of attempt 1")).to_be_visible()
        lab.open_notebook(ben, "tensor/tensor.ipynb")
        model = lab.contents(ben, "tensor/tensor.ipynb")
        assert model is not None
        written = {
            cell["metadata"].get("nbgrader", {}).get("grade_id"): cell["source"] for cell in model["content"]["cells"]
        }
        assert written["infer_shape"].strip() == solutions("tensor")["infer_shape"].strip()


def test_a_page_to_which_there_is_no_way_yet_comes_by_itself(hub: RunningHub):
    """A student arrives between the Hub's first answer and the proxy's routes: the page appears without a reload."""
    port = json.loads((hub.var / "hub" / "ports.json").read_text())["proxy-api"]
    secret = (hub.var / "secrets" / "proxy-token").read_text().strip()
    with (
        chromium() as browser,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/routes", headers={"Authorization": f"token {secret}"}
        ) as api,
    ):
        ada = person(browser, "ada", hub.url)
        ada.log_in(hub.passwords()["ada"])
        route = api.get("").json()["/services/home"]
        assert api.delete("/services/home").status_code == 204
        assert ada.go("/services/home/modules/tensor") == 404
        expect(ada.page.get_by_role("heading", name="Starting again in a moment")).to_be_visible()
        ada.page.wait_for_timeout(2500)  # its requests fail, and it keeps trying
        expect(ada.page.get_by_role("heading", name="Starting again in a moment")).to_be_visible()
        api.post("/services/home", json=route)
        ada.page.get_by_role("heading", name="Tensor").wait_for()
        assert ada.page.url == f"{hub.url}/services/home/modules/tensor"
        assert ada.go("/services/nobody/") == 404
        ada.page.wait_for_timeout(500)
        assert ada.page.get_by_role("heading", name="There is no such page").is_visible()
