"""A student whose home is full uses a browser: they can read, learn why nothing is saved, and make room.

It runs after test_life.py, which counts the class's submissions: here one more attempt is submitted.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from tests.docker.conftest import HOME_MB
from tests.e2e import lab
from tests.e2e.browser import chromium, person
from tests.e2e.hub import RunningHub
from tests.security.shell import Shell, shell_of

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]
NOTEBOOK = "tensor/tensor.ipynb"
FILL = f"cd; dd if=/dev/zero of=filler bs=1M count={HOME_MB + 100}; cat /dev/zero > rest; df --output=avail . | tail -1"


@pytest.fixture
def chen(hub: RunningHub):
    """The student chen, with a full home and a stopped server."""
    chen = shell_of(hub.url, "chen", hub.passwords()["chen"])
    try:
        assert int(chen.run(f"ls ~/{NOTEBOOK}; {FILL}").split()[-1]) < 500  # kB: the server deletes a file of its own
        stop(hub, chen)
        yield chen
    finally:
        shell_of(hub.url, "chen", hub.passwords()["chen"]).run("rm -f ~/filler ~/rest")


def stop(hub: RunningHub, student: Shell) -> None:
    assert student.request("DELETE", "/hub/api/users/chen/server").status_code in (202, 204)
    hub.wait(lambda: student.request("GET", "/hub/api/users/chen").json()["servers"] == {}, 60, "stop chen's server")


def test_a_full_home_opens_read_only_and_room_is_made(hub: RunningHub, chen: Shell):
    with chromium() as browser:
        student = person(browser, "chen", hub.url)
        page = student.page
        student.log_in(hub.passwords()["chen"])
        page.goto(f"{hub.url}/hub/user-redirect/lab/tree/{NOTEBOOK}")
        page.get_by_role("heading", name="Your home is full").wait_for(timeout=lab.START_MILLISECONDS)
        page.get_by_role("link", name="Continue to JupyterLab, read-only").click()
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=lab.START_MILLISECONDS)
        lab.wait_for_idle(page)  # its kernel starts nevertheless
        expect(page.get_by_text("notebook is read-only", exact=True)).to_be_visible()

        with ThreadPoolExecutor(1) as aside:  # the browser's event loop runs in this thread
            said = aside.submit(chen.run, "cd; tito submit tensor", 120).result()
        assert "Your work has arrived: tensor" in said

        page.goto(f"{hub.url}/user/chen/full-home")
        largest = page.get_by_role("row").nth(1)  # below the header row
        assert re.match(r"[\d.]+ MB\s+filler", largest.inner_text())
        page.get_by_role("button", name="Delete filler").click()
        expect(page.get_by_role("heading", name="Your home has space again")).to_be_visible()
        page.get_by_role("link", name="Continue to JupyterLab").click()
        lab.open_notebook(student, NOTEBOOK)
        expect(page.get_by_text("notebook is read-only", exact=True)).to_have_count(0)
        lab.type_into_cell(page, "import", "import numpy as np  # saved again")
        lab.save(page)
        model = lab.contents(student, NOTEBOOK)
        assert model is not None and "saved again" in str(model["content"])
