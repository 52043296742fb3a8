"""People log in from a learning platform with LTI 1.3: its signature says who they are, the roster who is let in."""

import base64
import hmac
import json
import ssl
import time
from contextlib import AbstractContextManager, ExitStack

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from hub_config.sign_in.deep_link import SETTINGS
from hub_config.sign_in.platform_course import MEMBERS
from hub_config.sign_in.tool_form import canvas_key
from tests.e2e.browser import chromium
from tests.proxies import forwarding_proxy, named
from tests.sign_in.certificate import write_pair
from tests.sign_in.door import Door, form, person, running_door, send, words
from tests.sign_in.platform import CLAIM, CLIENT_ID, ROLE, Platform, new_key, running_platform

pytestmark = pytest.mark.live
HOME = "/services/home/"
BEGIN, CALLBACK = "/hub/lti13/oauth_login", "/hub/lti13/oauth_callback"


@pytest.fixture(scope="module")
def platform():
    with running_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def door(platform: Platform, tmp_path_factory):
    variables = {
        "HUB_SIGN_IN__CLIENT_ID": CLIENT_ID,
        "HUB_SIGN_IN__ISSUER": platform.url,
        # A different host name from the Hub's, so that browsers treat it as another site, like a real platform.
        "HUB_SIGN_IN__AUTHORIZE_URL": f"http://localhost:{platform.port}/authorize",
        "HUB_SIGN_IN__JWKS_URL": f"{platform.url}/keys",
        "HUB_SIGN_IN__USERNAME_CLAIM": "custom_login",
    }
    folder = tmp_path_factory.mktemp("lti")
    key, cert = write_pair(folder / "tls")
    variables |= {"HUB_TLS_KEY": str(key), "HUB_TLS_CERT": str(cert)}
    # The platform is reached through the network's proxy, the Hub's own services without it.
    with forwarding_proxy(lambda url: url.startswith(f"{platform.url}/")) as proxy, ExitStack() as stack:
        with named(proxy):
            door = stack.enter_context(running_door(folder, "lti13", **variables))
        platform.tool = door.url
        yield door


def browser(door: Door) -> AbstractContextManager[httpx.Client]:
    """Return a person's browser that trusts this Hub's certificate."""
    return person(door.url, verify=ssl.create_default_context(cafile=str(door.settings.tls_cert)))


def launch(client: httpx.Client, platform: Platform, name: str) -> httpx.Response:
    """Follow the platform's link, and send the form in the platform's answer."""
    return send(client, client.post(BEGIN, data=platform.launch(name)))


def begun(client: httpx.Client, platform: Platform, name: str) -> tuple[str, str]:
    """Start a launch and return its state and nonce."""
    client.post(BEGIN, data=platform.launch(name))
    return platform.asked[-1]["state"], platform.asked[-1]["nonce"]


def test_a_launch_logs_in_the_right_person(door: Door, platform: Platform):
    with browser(door) as ada:
        page = launch(ada, platform, "ada")
        assert (page.status_code, page.url.path) == (200, HOME)
        assert "You are ada" in words(page)


def test_the_link_may_be_a_get_without_the_hubs_name(door: Door, platform: Platform):
    with browser(door) as ada:
        begin = platform.launch("ada")
        del begin["client_id"]
        assert send(ada, ada.get(BEGIN, params=begin)).url.path == HOME


def test_the_cookies_of_a_launch_come_back_with_the_platforms_post(door: Door, platform: Platform):
    """Browsers send a cookie with another site's POST only if its attributes allow that."""
    with browser(door) as ada:
        ada.follow_redirects = False
        given = ada.post(BEGIN, data=platform.launch("ada")).headers.get_list("set-cookie")
    own = [header for header in given if header.startswith("lti13authenticator-")]
    assert len(own) == 2
    for header in own:
        assert {"SameSite=None", "Secure", "HttpOnly"} <= {part.strip() for part in header.split(";")}


def test_a_browser_goes_from_the_platforms_page_to_the_course(door: Door, platform: Platform):
    with chromium() as somebody:
        page = somebody.new_context(ignore_https_errors=True).new_page()
        page.goto(f"http://localhost:{platform.port}/course/ada")
        page.get_by_role("button", name="Open TinyTorch").click()
        page.wait_for_url(f"{door.url}{HOME}")
        assert page.locator(".who .name").inner_text().endswith("ada")


def test_inside_the_platforms_page_a_window_is_offered_that_logs_in(door: Door, platform: Platform):
    with chromium() as somebody:
        page = somebody.new_context(ignore_https_errors=True).new_page()
        page.goto(f"http://localhost:{platform.port}/framed/ada")
        inside = page.frame_locator("iframe")
        inside.get_by_role("button", name="Open TinyTorch").click()
        with page.expect_popup() as opened:
            inside.get_by_role("button", name="Open the course").click()
        opened.value.wait_for_url(f"{door.url}{HOME}")
        assert opened.value.locator(".who .name").inner_text().endswith("ada")


@pytest.mark.security
def test_the_page_in_a_frame_says_back_only_what_begins_a_launch_and_as_text(door: Door, platform: Platform):
    begin = {**platform.launch("ada"), "login_hint": '"><script>alert(1)</script>', "next": "https://evil.example"}
    with browser(door) as eve:
        page = eve.post(BEGIN, data=begin, headers={"Sec-Fetch-Dest": "iframe"})
        address, hidden = form(page)
        outside = eve.get("/hub/login")
    assert (page.status_code, address) == (200, f"{door.url}{BEGIN}")
    assert hidden == {name: value for name, value in begin.items() if name != "next"}
    assert "<script>alert" not in page.text
    assert "frame-ancestors 'none'" in outside.headers["content-security-policy"]


def test_a_launch_tells_where_the_services_of_the_platforms_course_are(door: Door, platform: Platform, monkeypatch):
    """A person whom the campus service knows keeps their name, and nobody gets a name of another account."""
    members = {"context_memberships_url": f"{platform.url}/members"}
    monkeypatch.setitem(platform.altered, f"{CLAIM}context", {"id": "7", "title": "Deep Learning"})
    monkeypatch.setitem(platform.altered, MEMBERS, members)
    folder = door.settings.var / "campus"
    with browser(door) as ada:
        assert launch(ada, platform, "ada").status_code == 200
    (noted,) = [json.loads(path.read_text()) for path in (folder / "launched").glob("*.json")]
    assert (noted["title"], noted["members_url"]) == ("Deep Learning", f"{platform.url}/members")
    people = {"issuer": platform.url, "people": {"platform-id-of-ada": "ada", "another-account": "ida"}}
    (folder / "people.json").write_text(json.dumps(people))
    try:
        with browser(door) as ada:
            monkeypatch.setitem(platform.altered, f"{CLAIM}custom", {"login": "countess"})
            assert "You are ada" in words(launch(ada, platform, "ada"))
        with browser(door) as eve:
            monkeypatch.setitem(platform.altered, f"{CLAIM}custom", {"login": "ida"})
            page = launch(eve, platform, "eve")
            assert page.status_code == 403
            assert "belongs to another of its accounts" in words(page)
    finally:
        (folder / "people.json").unlink()


@pytest.mark.security
def test_the_platforms_roles_give_no_right(door: Door, platform: Platform, monkeypatch):
    monkeypatch.setitem(platform.altered, f"{CLAIM}roles", [f"{ROLE}Instructor", f"{ROLE}Administrator"])
    with browser(door) as ada:
        assert launch(ada, platform, "ada").status_code == 200
        assert ada.get(f"{HOME}class").status_code == 403
    with browser(door) as eve:
        page = launch(eve, platform, "eve")
        assert page.status_code == 403
        assert "You logged in as eve" in words(page)
    assert door.registrar("GET", "/users/ada").json()["groups"] == [f"student-{door.settings.course}"]


def test_an_instructor_of_the_semester_file_is_one_whatever_the_platform_says(door: Door, platform: Platform):
    with browser(door) as ida:
        assert "Class" in words(launch(ida, platform, "ida"))


ATTACKS = {
    "a forged signature": lambda platform: {"key": new_key()},
    "another audience": lambda platform: {"aud": "another tool"},
    "another issuer": lambda platform: {"iss": "https://evil.example"},
    "an expired token": lambda platform: {"iat": int(time.time()) - 120, "exp": int(time.time()) - 60},
    "a token issued long ago": lambda platform: {"iat": int(time.time()) - 3600},
    "no LTI launch": lambda platform: {f"{CLAIM}message_type": "LtiSubmissionReviewRequest"},
    "another nonce": lambda platform: {"nonce": "0" * 64},
    "two audiences and none that is meant": lambda platform: {"aud": [CLIENT_ID, "another tool"]},
    "another version": lambda platform: {f"{CLAIM}version": "1.1"},
    "no deployment": lambda platform: {f"{CLAIM}deployment_id": None},
}


@pytest.mark.security
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_launch_that_is_not_right_lets_nobody_in(door: Door, platform: Platform, attack: str):
    with browser(door) as eve:
        state, nonce = begun(eve, platform, "ida")
        token = platform.token("ida", **({"nonce": nonce} | ATTACKS[attack](platform)))
        page = eve.post(CALLBACK, data={"state": state, "id_token": token})
        assert page.status_code == 400
        assert "This launch was not accepted" in words(page)
        assert "open the course from there again" in words(page)
        assert eve.get("/hub/home").url.path == "/hub/login"
    assert "LTI launch refused" in door.log()


def unsigned(platform: Platform, claims: dict) -> str:
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "platform-key"})


def signed_with_the_public_key(platform: Platform, claims: dict) -> str:
    """Sign with HS256, using the platform's public key as the secret."""
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    secret = platform.key.public_key().public_bytes(*form)
    parts = [json.dumps(each).encode() for each in ({"alg": "HS256", "typ": "JWT", "kid": "platform-key"}, claims)]
    text = b".".join(base64.urlsafe_b64encode(each).rstrip(b"=") for each in parts)
    signature = hmac.digest(secret, text, "sha256")
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def with_a_key_of_its_own(platform: Platform, claims: dict) -> str:
    key = new_key()
    own = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "platform-key", "jwk": own})


@pytest.mark.security
@pytest.mark.parametrize(
    "forge", [unsigned, signed_with_the_public_key, with_a_key_of_its_own], ids=lambda forge: forge.__name__
)
def test_a_launch_that_the_platform_did_not_sign_lets_nobody_in(door: Door, platform: Platform, forge):
    with browser(door) as eve:
        state, nonce = begun(eve, platform, "ida")
        claims = jwt.decode(platform.token("ida", nonce), options={"verify_signature": False})
        assert eve.post(CALLBACK, data={"state": state, "id_token": forge(platform, claims)}).status_code == 400
        assert eve.get("/hub/home").url.path == "/hub/login"


@pytest.mark.security
def test_only_an_instructor_chooses_modules_and_the_answer_goes_nowhere_without_https(
    door: Door, platform: Platform, monkeypatch
):
    asked = {"deep_link_return_url": "https://lms.example.org/chosen", "accept_types": ["ltiResourceLink"]}
    wanted = {f"{CLAIM}message_type": "LtiDeepLinkingRequest", f"{CLAIM}resource_link": None, SETTINGS: asked}
    for name, value in wanted.items():
        monkeypatch.setitem(platform.altered, name, value)
    waiting = door.settings.var / "campus" / "choosing"
    with browser(door) as ada:
        page = launch(ada, platform, "ada")
        assert (page.status_code, "chosen by instructors" in words(page)) == (403, True)
    with browser(door) as ida:
        monkeypatch.setitem(platform.altered, SETTINGS, asked | {"deep_link_return_url": "http://evil.example.org/"})
        page = launch(ida, platform, "ida")
        assert (page.status_code, "asks for something that this Hub does not give" in words(page)) == (400, True)
        assert not waiting.exists()
        monkeypatch.setitem(platform.altered, SETTINGS, asked)
        page = launch(ida, platform, "ida")
    (file,) = waiting.iterdir()
    assert page.url.path == f"{HOME}campus/choose/{file.stem}"
    assert json.loads(file.read_text())["name"] == "ida"


@pytest.mark.security
def test_a_launch_works_once_and_in_its_own_browser_only(door: Door, platform: Platform):
    with browser(door) as ida, browser(door) as eve:
        address, answer = form(ida.post(BEGIN, data=platform.launch("ida")))
        assert ida.post(address, data=answer).status_code == 200
        assert ida.post(address, data=answer).status_code == 400
        assert eve.post(address, data=answer).status_code == 400
        state, _ = begun(eve, platform, "eve")
        assert eve.post(address, data=answer).status_code == 400
        state, _ = begun(eve, platform, "eve")
        page = eve.post(address, data=answer | {"state": state})
        assert page.status_code == 400
        assert eve.get("/hub/home").url.path == "/hub/login"
    assert "OAuth nonce mismatch" in door.log()


@pytest.mark.security
def test_a_launch_without_the_claim_is_refused_and_never_read_from_another_one(
    door: Door, platform: Platform, monkeypatch
):
    monkeypatch.setitem(platform.altered, f"{CLAIM}custom", None)
    monkeypatch.setitem(platform.altered, "sub", "ida")
    with browser(door) as eve:
        page = launch(eve, platform, "eve")
        assert page.status_code == 403
        assert "did not give a user name" in words(page)
    assert "no claim 'custom_login' (HUB_SIGN_IN__USERNAME_CLAIM)" in door.log()


def test_who_comes_without_the_platform_is_told_to_go_there(door: Door):
    with browser(door) as ada:
        assert "Open this course from your learning platform" in words(ada.get("/"))
        page = ada.get(BEGIN)
        assert page.status_code == 400
        assert "Open this course from your learning platform" in words(page)


def test_the_registration_that_canvas_reads_names_this_hub(door: Door):
    with browser(door) as operator:
        told = operator.get("/hub/lti13/config").json()
    assert told == canvas_key(door.url, "TinyTorch")
    assert told["oidc_initiation_url"] == f"{door.url}{BEGIN}"


def test_a_platform_whose_keys_are_out_of_reach_is_said_and_holds_nobody_else_up(door: Door, platform: Platform):
    with browser(door) as ada:
        state, nonce = begun(ada, platform, "ada")
        token = platform.token("ada", nonce)
        assert platform.server is not None
        platform.server.stop()
        page = ada.post(CALLBACK, data={"state": state, "id_token": token})
    assert page.status_code == 502
    assert "Your learning platform is not working" in words(page)
    assert f"can't get the platform's keys, {platform.url}/keys" in door.log()
