"""People on the roster choose a password; nobody can log in before the operator has let them in."""

import httpx
import pytest

from hub_config.sign_in.kinds import how_to_log_in
from hub_config.sign_in.native_sign_up import NOT_YET, TOO_MANY
from hub_config.sign_in.passwords import OPERATOR_PASSWORD
from tests.e2e.axe import grave_violations
from tests.e2e.browser import chromium
from tests.sign_in.door import Door, person, running_door, send, words

pytestmark = pytest.mark.live
HOME = "/services/home/"
PASSWORD = "three green lanterns"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with running_door(tmp_path_factory.mktemp("native"), "native") as door:
        for name in ("ben", "fay", "gil", "hal", "kim"):
            door.know(name, "student")
        yield door


def sign_up(client: httpx.Client, name: str, password: str = PASSWORD, again: str = "") -> httpx.Response:
    fields = {"username": name, "signup_password": password, "signup_password_confirmation": again or password}
    return send(client, client.get("/hub/signup"), **fields)


def log_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return send(client, client.get(f"/hub/login?next={HOME}"), username=name, password=password)


def operators_password(door: Door) -> str:
    return (door.settings.secrets / OPERATOR_PASSWORD).read_text().strip()


def let_in(operator: httpx.Client, name: str) -> httpx.Response:
    page = operator.get("/hub/authorize")
    xsrf = operator.cookies.get("_xsrf", path="/hub/")
    assert name in words(page)
    return operator.post(f"/hub/authorize/{name}", data={"_xsrf": xsrf})


def test_sign_up_wait_for_the_operator_and_log_in(door: Door):
    with person(door.url) as ada, person(door.url) as operator:
        assert "Sign up" in words(ada.get("/hub/login"))
        assert "You can log in as soon as the operator has let you in" in words(sign_up(ada, "ada"))
        page = log_in(ada, "ada")
        assert page.url.path == "/hub/login"
        assert NOT_YET in words(page)
        assert log_in(operator, "operator", operators_password(door)).url.path.startswith(HOME)
        assert let_in(operator, "ada").status_code == 200
        assert log_in(ada, "ada").url.path == HOME
        assert let_in(operator, "ada").status_code == 200  # revoke it again
    with person(door.url) as ada:
        assert NOT_YET in words(log_in(ada, "ada"))


def test_login_and_sign_up_are_usable_enlarged_by_ear_and_by_keyboard(door: Door):
    with chromium() as somebody:
        page = somebody.new_page(viewport={"width": 640, "height": 450})  # a window 1280 wide, zoomed to 200 %
        for path, fields in (("login", ["username", "password"]), ("signup", ["username", "signup_password"])):
            page.goto(f"{door.url}/hub/{path}")
            assert grave_violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 640
            page.locator(f"[name={fields[0]}]").focus()
            page.keyboard.type("ada")
            page.keyboard.press("Tab")
            assert page.locator(":focus").get_attribute("name") == fields[1]


@pytest.mark.security
@pytest.mark.parametrize("name", ["ida", "dora"])
def test_the_first_to_take_a_name_of_the_staff_is_not_let_in_by_that(door: Door, name: str):
    with person(door.url) as eve:
        sign_up(eve, name)
        assert NOT_YET in words(log_in(eve, name))


@pytest.mark.parametrize(
    ("name", "password", "again", "rule"),
    [
        ("eve", PASSWORD, "", "The course knows nobody named eve"),
        ("operator", PASSWORD, "", "Somebody has signed up as operator already"),
        ("fay", "too short", "", "must have 10 to 72 characters"),
        ("fay", "x" * 73, "", "must have 10 to 72 characters"),
        ("fay", "1234567890", "", "must not be a common one"),
        ("fay", PASSWORD, "three green lantern", "The two passwords are different"),
    ],
)
def test_a_sign_up_that_is_refused_says_the_rule(door: Door, name: str, password: str, again: str, rule: str):
    with person(door.url) as somebody:
        assert rule in words(sign_up(somebody, name, password, again))
        assert somebody.get("/hub/home").url.path == "/hub/login"


@pytest.mark.security
def test_a_link_that_the_operator_follows_lets_nobody_in(door: Door):
    with person(door.url) as gil, person(door.url) as operator:
        sign_up(gil, "gil")
        log_in(operator, "operator", operators_password(door))
        for path in ("/hub/authorize/gil", "/hub/discard/gil"):
            assert operator.get(path).status_code == 405
            assert operator.post(path).status_code == 403
        assert NOT_YET in words(log_in(gil, "gil"))


@pytest.mark.security
def test_nobody_but_the_operator_decides_who_comes_in(door: Door):
    with person(door.url) as ben, person(door.url) as operator:
        sign_up(ben, "ben")
        log_in(operator, "operator", operators_password(door))
        let_in(operator, "ben")
        log_in(ben, "ben")
        assert ben.get("/hub/authorize").status_code == 403
        xsrf = ben.cookies.get("_xsrf", path="/hub/")
        assert ben.post("/hub/authorize/ida", data={"_xsrf": xsrf}).status_code == 403
    with person(door.url) as ida:
        sign_up(ida, "ida")
        assert NOT_YET in words(log_in(ida, "ida"))


@pytest.mark.security
def test_the_operator_lets_people_in_and_opens_nobodys_server(door: Door):
    assert door.registrar("GET", "/users/operator").json()["admin"] is False


def test_a_false_sign_up_is_deleted_and_the_person_can_sign_up_herself(door: Door):
    with person(door.url) as eve, person(door.url) as hal, person(door.url) as operator:
        sign_up(eve, "hal", "a password of eve's")
        assert "Somebody has signed up as hal already" in words(sign_up(hal, "hal"))
        log_in(operator, "operator", operators_password(door))
        operator.get("/hub/authorize")
        operator.post("/hub/discard/hal", data={"_xsrf": operator.cookies.get("_xsrf", path="/hub/")})
        assert "You have signed up as hal" in words(sign_up(hal, "hal"))


@pytest.mark.security
def test_guessing_ends_after_five_failures(door: Door):
    with person(door.url) as kim, person(door.url) as operator:
        sign_up(kim, "kim")
        log_in(operator, "operator", operators_password(door))
        let_in(operator, "kim")
        for _ in range(5):
            assert "Invalid username or password" in words(log_in(kim, "kim", "not this one"))
        assert TOO_MANY in words(log_in(kim, "kim"))


def test_the_operator_is_told_where_to_begin(door: Door):
    said = "\n".join(how_to_log_in(door.settings))
    assert operators_password(door) in said
    assert f"{door.url}/hub/signup" in said
