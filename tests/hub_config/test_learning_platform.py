"""A learning platform that registers itself can log people in only after it is approved on the Hub's machine."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from traitlets.config import Config

from hub_config.cli import cli
from hub_config.settings import load_settings
from hub_config.sign_in.kinds import apply_sign_in, how_to_log_in
from hub_config.sign_in.tool_form import SCOPES

FACTS = {
    "issuer": "https://lms.example.org",
    "client_id": "hub-7",
    "authorize_url": "https://lms.example.org/authorize",
    "token_url": "https://lms.example.org/token",
    "jwks_url": "https://lms.example.org/keys",
    "deployment": "",
    "product": "moodle",
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    url = "https://hub.example.org"
    return {"HUB_VAR": str(tmp_path), "HUB_AUTHENTICATOR": "lti13", "HUB_URL": url, "HUB_SUBDOMAIN_HOST": url}


def run(environ: dict[str, str], *words: str) -> Any:
    return CliRunner().invoke(cli, ["platform", *words], env=environ)


def register(environ: dict[str, str], **facts: str) -> None:
    folder = Path(environ["HUB_VAR"]) / "campus"
    folder.mkdir(exist_ok=True)
    (folder / "registered.json").write_text(json.dumps(FACTS | facts))


def test_before_a_platform_is_known_nobody_logs_in_and_one_may_register(environ):
    settings, c = load_settings(environ), Config()
    apply_sign_in(c, settings)
    assert c.JupyterHub.authenticator_class == "hub_config.sign_in.awaiting.NoPlatformYet"
    assert settings.has_campus, "its service publishes the keys, and takes a registration"
    assert "platform --invite" in " ".join(how_to_log_in(settings))


def test_an_invitation_is_kept_as_a_digest_with_its_end(environ):
    told = json.loads(run(environ, "--invite", "--hours", "2", "--json").output)
    token = told["address"].removeprefix("https://hub.example.org/services/campus/register/")
    (file,) = (Path(environ["HUB_VAR"]) / "campus" / "invitations").iterdir()
    assert file.stem == hashlib.sha256(token.encode()).hexdigest()
    assert (list(json.loads(file.read_text())), file.stat().st_mode & 0o777) == (["until"], 0o600)
    assert token not in file.read_text()


@pytest.mark.security
def test_what_registered_holds_only_after_a_yes_and_from_the_next_start_on(environ):
    assert "No platform has registered yet" in str(run(environ).exception)
    register(environ)
    shown = run(environ).output
    assert "https://lms.example.org" in shown and "Is this your platform?" in shown
    assert load_settings(environ).awaits_platform
    assert "It takes effect at the Hub's next start" in run(environ, "--yes").output
    settings, c = load_settings(environ), Config()
    apply_sign_in(c, settings)
    assert c.JupyterHub.authenticator_class == "hub_config.sign_in.lti.Platform"
    assert (c.LTI13Authenticator.issuer, settings.sign_in.username_claim) == (FACTS["issuer"], "custom_login")
    assert json.loads(run(environ, "--json").output)["confirmed"] is True
    register(environ, issuer="https://evil.example.org", token_url="https://evil.example.org/token")
    assert load_settings(environ).sign_in.issuer == FACTS["issuer"], "another one that registers changes nothing"


@pytest.mark.security
def test_a_platform_that_the_settings_name_is_no_other_ones(environ):
    register(environ)
    named = environ | {
        f"HUB_SIGN_IN__{name.upper()}": f"https://own.example.org/{name}" for name in FACTS if "_" in name
    }
    named |= {"HUB_SIGN_IN__ISSUER": "https://own.example.org", "HUB_SIGN_IN__USERNAME_CLAIM": "email"}
    refused = run(named, "--yes")
    assert "remove these variables first" in str(refused.exception)
    assert load_settings(named).sign_in.issuer == "https://own.example.org"


@pytest.mark.parametrize(
    ("change", "words", "why"),
    [
        ({"HUB_AUTHENTICATOR": "native"}, (), "HUB_AUTHENTICATOR=lti13"),
        ({"HUB_URL": "", "HUB_SUBDOMAIN_HOST": ""}, ("--invite",), "https address only"),
        ({}, ("--invite", "--yes"), "give one of them"),
    ],
)
def test_what_can_not_be_is_said_with_the_remedy(environ, change, words, why):
    assert why in str(run(environ | change, *words).exception)


def test_the_form_has_what_the_registration_has_and_canvas_takes_it_as_a_key(environ):
    shown = run(environ, "--form").output
    for address in ("/hub/lti13/oauth_login", "/hub/lti13/oauth_callback", "/services/campus/keys"):
        assert f"https://hub.example.org{address}" in shown
    assert all(scope in shown for scope in SCOPES)
    key = json.loads(run(environ, "--form", "--json").output)
    assert key["scopes"] == list(SCOPES)
    kinds = {each["placement"]: each["message_type"] for each in key["extensions"][0]["settings"]["placements"]}
    assert kinds == {
        "course_navigation": "LtiResourceLinkRequest",
        "assignment_selection": "LtiDeepLinkingRequest",
        "link_selection": "LtiDeepLinkingRequest",
    }
