"""Each service gets its own token, its own scopes, and only named variables of the caller's environment."""

import stat

import pytest
from traitlets.config import Config

from hub_config.roles import CUSTOM_SCOPES
from hub_config.services import (
    CAMPUS,
    SERVICES,
    SUPERVISOR,
    TERMINAL,
    apply_services,
    chosen,
    command_line,
    service_environment,
)
from hub_config.settings import SettingsError

HERE = [service for service in SERVICES if service is not CAMPUS]  # no learning platform is configured


@pytest.fixture
def declared(settings):
    c = Config()
    apply_services(c, settings)
    return {entry["name"]: entry for entry in c.JupyterHub.services}, c.JupyterHub.load_roles


def test_every_service_of_this_checkout_is_here(settings):
    assert [service.name for service in chosen(settings)] == [service.name for service in HERE]


def test_the_campus_service_runs_where_a_platform_gives_tokens(settings):
    platform = settings.sign_in.model_copy(update={"token_url": "https://lms.example.org/token"})
    there = settings.model_copy(update={"authenticator": "lti13", "sign_in": platform})
    assert CAMPUS in chosen(there)
    assert CAMPUS not in chosen(there.model_copy(update={"without": ["campus"]}))
    assert service_environment(CAMPUS, there, {})["CAMPUS_TOKEN_URL"] == "https://lms.example.org/token"
    with pytest.raises(SettingsError, match="campus needs semester"):
        chosen(there.model_copy(update={"without": ["semester", "home"]}))


def test_only_the_semester_service_administers_people_and_groups(declared):
    _, roles = declared
    holders = {role["services"][0] for role in roles for scope in role["scopes"] if scope.startswith("admin:")}
    assert holders == {"semester"}


def test_no_service_is_an_administrator_of_the_hub(declared):
    entries, _ = declared
    assert not any(entry.get("admin") for entry in entries.values())


def test_tokens_differ_and_lie_in_private_files(declared, settings):
    entries, _ = declared
    tokens = [entry["api_token"] for entry in entries.values() if "api_token" in entry]
    assert len(set(tokens)) == len(tokens)
    for file in settings.secrets.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(settings.secrets.stat().st_mode) == 0o700


def test_the_course_itself_is_a_door_for_the_course_list(declared):
    """A service with the course's name leads to the home page's program, has no rights, and is not displayed."""
    entries, roles = declared
    assert entries["tiny-2026"] == {"name": "tiny-2026", "url": entries["home"]["url"], "display": False}
    assert not [role for role in roles if "tiny-2026" in role["services"]]


def test_custom_scopes_that_services_ask_for_are_defined():
    asked = {scope for service in (*SERVICES, SUPERVISOR, TERMINAL) for scope in (*service.scopes, *service.acts_with)}
    assert {scope for scope in asked if scope.startswith("custom:")} <= set(CUSTOM_SCOPES)


def test_what_a_service_may_do_for_a_viewer_is_asked_for_by_browser_services_only():
    assert [service.name for service in SERVICES if service.acts_with and not service.browser] == []


def test_a_service_sees_only_the_named_part_of_the_callers_environment(settings):
    environ = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": "/evil", "LANG": "C.UTF-8"}
    environment = service_environment(SERVICES[0], settings, environ)
    assert {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} & set(environment) == set()
    assert environment["LANG"] == "C.UTF-8"
    assert environment["EXCHANGE_COURSE"] == "tiny-2026"
    assert environment["EXCHANGE_URL"] == f"http://127.0.0.1:{settings.ports['exchange']}/services/exchange"


def test_no_secret_stands_on_a_command_line(settings, declared):
    entries, _ = declared
    tokens = {entry["api_token"] for entry in entries.values() if "api_token" in entry}
    for service in SERVICES:
        assert not tokens & set(command_line(service, settings))


def test_leaving_a_service_out_and_leaving_out_none(settings):
    some = settings.model_copy(update={"without": ["home"], "idle_minutes": 0})
    assert {service.name for service in chosen(settings)} - {service.name for service in chosen(some)} == {
        "home",
        "idle-culler",
    }
    with pytest.raises(ValueError, match="no service is called gradding; the services are exchange, grading"):
        chosen(settings.model_copy(update={"without": ["gradding"]}))


@pytest.mark.parametrize(
    ("without", "said"),
    [
        (["exchange"], "grading needs exchange"),
        (["grading"], "semester needs grading"),
        (["exchange", "grading", "semester"], "formgrader needs exchange and grading"),
        (["exchange", "grading", "semester", "formgrader"], ""),
        (["semester", "home"], ""),
    ],
)
def test_services_that_need_each_other_are_left_out_together(settings, without, said):
    some = settings.model_copy(update={"without": without})
    if said:
        with pytest.raises(SettingsError, match=said):
            chosen(some)
    else:
        assert {service.name for service in HERE} - {service.name for service in chosen(some)} == set(without)
