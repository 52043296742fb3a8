"""People log in at a running provider: OpenID Connect, and providers that behave like GitHub and Google."""

import re
from contextlib import ExitStack
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from exchange.protocol.names import name_of
from tests.proxies import forwarding_proxy, named
from tests.sign_in.door import Door, person, running_door, send, words
from tests.sign_in.provider import CLIENT_ID, CLIENT_SECRET, PASSWORD, Provider, running_provider

pytestmark = pytest.mark.live
HOME = "/services/home/"
OIDC = {
    "ada@example.org": {"sub": "1", "email": "ada@example.org", "email_verified": True},
    "dora@example.org": {"sub": "2", "email": "dora@example.org", "email_verified": True},
    "eve@example.org": {"sub": "3", "email": "eve@example.org", "email_verified": True},
    "unverified": {"sub": "4", "email": "ada@example.org", "email_verified": False},
    "elsewhere": {"sub": "5", "email": "ada@example.com", "email_verified": True},
    "nameless": {"sub": "6"},
    "hostile": {"sub": "8", "email": "<img/src=x/onerror=alert(1)>@example.org", "email_verified": True},
    "blanks": {"sub": "9", "email": "<img src=x onerror=alert(1)>@example.org", "email_verified": True},
    "hostile-elsewhere": {"sub": "10", "email": "<img/src=x>@example.com", "email_verified": True},
}
GITHUB = {
    "ada": {"login": "Ada", "id": 1, "name": "Ada L", "email": None},
    "eve": {"login": "eve", "id": 2, "email": None},
}
GOOGLE = {
    "ada": {"id": "1", "email": "ada@example.org", "verified_email": True, "hd": "example.org"},
    "private": {"id": "2", "email": "ada@gmail.example", "verified_email": True},
    "unverified": {"id": "3", "email": "ada@example.org", "verified_email": False, "hd": "example.org"},
}


@pytest.fixture(scope="module")
def provider():
    with running_provider("oidc", OIDC) as provider:
        yield provider


@pytest.fixture(scope="module")
def door(provider: Provider, tmp_path_factory):
    variables = {
        "HUB_SIGN_IN__CLIENT_ID": CLIENT_ID,
        "HUB_SIGN_IN__LOGIN_SERVICE": "Example University",
        "HUB_SIGN_IN__AUTHORIZE_URL": f"{provider.url}/authorize",
        "HUB_SIGN_IN__TOKEN_URL": f"{provider.url}/token",
        "HUB_SIGN_IN__USERDATA_URL": f"{provider.url}/userinfo",
        "HUB_SIGN_IN__USERNAME_CLAIM": "email",
        "HUB_SIGN_IN__HOSTED_DOMAIN": "example.org",
    }
    folder = tmp_path_factory.mktemp("oauth")
    # The provider is reached through the network's proxy, the Hub's own services without it.
    with forwarding_proxy(lambda url: url.startswith(f"{provider.url}/")) as proxy, ExitStack() as stack:
        with named(proxy):
            door = stack.enter_context(running_door(folder, "oauth", secret=CLIENT_SECRET, **variables))
        provider.redirect_uri = f"{door.url}/hub/oauth_callback"
        yield door


def log_in(client: httpx.Client, account: str, then: str = HOME, **fields: str) -> httpx.Response:
    page = client.get(f"/hub/oauth_login?next={then}")
    return send(client, page, account=account, password=PASSWORD, **fields)


def test_the_login_page_names_the_provider(door: Door):
    with person(door.url) as somebody:
        page = somebody.get("/")
        assert page.url.path == "/hub/login"
        assert "Sign in with Example University" in words(page)


def test_somebody_on_the_roster_logs_in_and_lands_where_she_wanted(door: Door, provider: Provider):
    with person(door.url) as ada:
        page = log_in(ada, "ada@example.org")
        assert (page.status_code, page.url.path) == (200, HOME)
        assert "ada" in words(page)
        assert provider.asked[-1]["scope"] == "openid profile email"
        assert provider.asked[-1]["redirect_uri"] == f"{door.url}/hub/oauth_callback"


def test_an_unknown_person_is_told_her_name_and_whom_to_ask(door: Door):
    with person(door.url) as eve:
        page = log_in(eve, "eve@example.org")
        assert page.status_code == 403
        assert "You are not on the roster of this course" in words(page)
        assert "You logged in as eve" in words(page)
        assert "tell the course staff exactly this name, eve" in words(page)
        assert eve.get(HOME).url.path == "/hub/login"
    assert "Login as 'eve' refused: the Hub knows no such person" in door.log()


def test_whom_the_hub_knows_and_no_roster_sees_a_page_that_helps_and_nothing_of_the_course(door: Door):
    with person(door.url) as dora:
        for path in (HOME, f"{HOME}modules/tensor", f"{HOME}help/student", f"{HOME}class"):
            page = log_in(dora, "dora@example.org") if path == HOME else dora.get(path)
            assert page.status_code == 403
            assert "You are not on the roster of this course" in words(page)
            assert "You are logged in as dora" in words(page)
            for forbidden in ("Tensor", "JupyterLab", "Class", "For students"):
                assert forbidden not in words(page)


def test_looking_again_after_joining_the_roster_opens_the_course(door: Door):
    door.know("fay")
    OIDC["fay@example.org"] = {"sub": "7", "email": "fay@example.org", "email_verified": True}
    with person(door.url) as fay:
        assert log_in(fay, "fay@example.org").status_code == 403
        door.join("fay", "student")
        assert fay.get(HOME).status_code == 200


@pytest.mark.parametrize(
    ("account", "title"),
    [
        ("unverified", "Your mail address is not verified"),
        ("elsewhere", "This is not an account of example.org"),
        ("nameless", "You could not be let in"),
    ],
)
@pytest.mark.security
def test_a_name_that_the_provider_does_not_vouch_for_lets_nobody_in(door: Door, account: str, title: str):
    with person(door.url) as somebody:
        page = log_in(somebody, account)
        assert page.status_code == 403
        assert title in words(page)
        assert somebody.get("/hub/home").url.path == "/hub/login"


@pytest.mark.security
@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("hostile", f"You logged in as {name_of('<img/src=x/onerror=alert(1)>')}"),
        ("blanks", "did not give a user name that this course can use"),
        ("hostile-elsewhere", "You logged in as <img/src=x>@example.com"),
    ],
)
def test_a_hostile_name_is_shown_as_text(door: Door, account: str, said: str):
    with person(door.url) as somebody:
        page = log_in(somebody, account)
    assert page.status_code == 403
    assert not re.search(r"<img[ /]src=x", page.text)
    assert said in words(page)


@pytest.mark.security
def test_an_answer_to_a_question_of_another_browser_is_refused(door: Door, provider: Provider):
    with person(door.url) as attacker, person(door.url, cookies={}) as victim:
        page = attacker.get("/hub/oauth_login")
        attacker.follow_redirects = False
        link = send(attacker, page, account="eve@example.org", password=PASSWORD).headers["location"]
        for begin in (False, True):
            if begin:
                victim.get("/hub/oauth_login")
            page = victim.get(link)
            assert page.status_code == 400
            assert "This login was not finished" in words(page)
            assert "log in again" in words(page)
    assert "OAuth state mismatch" in door.log()


@pytest.mark.security
def test_a_code_works_once(door: Door):
    with person(door.url) as ada:
        page = ada.get("/hub/oauth_login")
        ada.follow_redirects = False
        link = send(ada, page, account="ada@example.org", password=PASSWORD).headers["location"]
        assert ada.get(link).status_code == 302
        assert ada.get(link).status_code == 400


def test_declining_at_the_provider_is_said(door: Door):
    with person(door.url) as ada:
        page = log_in(ada, "ada@example.org", declined="yes")
        assert page.status_code == 400
        assert "you declined, or it refused" in words(page)
    assert "The person declined" in door.log()


@pytest.mark.security
def test_where_a_login_leads_is_always_this_hub(door: Door):
    with person(door.url) as ada:
        page = log_in(ada, "ada@example.org", then="https://evil.example/")
        assert urlsplit(str(page.url)).netloc == urlsplit(door.url).netloc


@pytest.mark.parametrize("trouble", ["down", "broken"])
def test_a_provider_out_of_order_is_told_apart_from_a_mistake_of_hers(door: Door, provider: Provider, trouble: str):
    with person(door.url) as ada:
        ada.follow_redirects = False
        begun = ada.get("/hub/oauth_login").headers["location"]
        state = parse_qs(urlsplit(begun).query)["state"][0]
        with getattr(provider, trouble)():
            page = ada.get("/hub/oauth_callback", params={"state": state, "code": "anything"})
    assert page.status_code == 502
    assert "The login service is not working" in words(page)
    assert "This is not your fault" in words(page)
    assert provider.url not in words(page)
    assert f"Login failed at the provider, {provider.url}/token" in door.log()


def test_github_logins_in_lower_case_are_the_rosters_names(tmp_path):
    with running_provider("github", GITHUB) as provider:
        fragment = f"c = get_config()\nc.GitHub.github_url = {provider.url!r}\n"
        variables = {"HUB_SIGN_IN__CLIENT_ID": CLIENT_ID}
        with running_door(tmp_path, "github", fragment, CLIENT_SECRET, **variables) as door:
            provider.redirect_uri = f"{door.url}/hub/oauth_callback"
            with person(door.url) as ada, person(door.url) as eve:
                assert "Sign in with GitHub" in words(ada.get("/hub/login"))
                assert log_in(ada, "ada").url.path == HOME
                assert "You logged in as eve" in words(log_in(eve, "eve"))
            _wrong_secret(door, provider)


def _wrong_secret(door: Door, provider: Provider) -> None:
    """If the provider rejects the secret, the page blames the login service, and the log names the secret's file."""
    with pytest.MonkeyPatch.context() as patch, person(door.url) as ada:
        patch.setattr("tests.sign_in.provider.CLIENT_SECRET", "another by now")
        page = log_in(ada, "ada")
    assert page.status_code == 502
    assert "The login service is not working" in words(page)
    assert "invalid_client" in door.log()
    assert "var/secrets/oauth-client-secret" in door.log()


def test_google_takes_verified_accounts_of_one_domain(tmp_path):
    with running_provider("google", GOOGLE) as provider:
        fragment = f"c = get_config()\nc.Google.google_api_url = {provider.url!r}\n"
        fragment += f"c.Google.authorize_url = {provider.url + '/o/oauth2/v2/auth'!r}\n"
        variables = {"HUB_SIGN_IN__CLIENT_ID": CLIENT_ID, "HUB_SIGN_IN__HOSTED_DOMAIN": "example.org"}
        with running_door(tmp_path, "google", fragment, CLIENT_SECRET, **variables) as door:
            provider.redirect_uri = f"{door.url}/hub/oauth_callback"
            with person(door.url) as ada:
                assert log_in(ada, "ada").url.path == HOME
                assert provider.asked[-1]["scope"] == "openid email"
            for account in ("private", "unverified"):
                with person(door.url) as somebody:
                    assert log_in(somebody, account).status_code == 403
                    assert somebody.get("/hub/home").url.path == "/hub/login"
            _wrong_secret(door, provider)
