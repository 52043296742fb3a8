"""If browsers on other machines can connect, every server needs its own subdomain, or the risk must be accepted."""

import json
import logging
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from jupyterhub._data import DATA_FILES_PATH
from traitlets.config import Config

from hub_config.apply import HERE, apply_all
from hub_config.checks import NotReady
from hub_config.domains import domain_of, only_at_the_hub
from hub_config.home.session import Viewer
from hub_config.home.settings import NEEDED
from hub_config.home.settings import load_settings as home_settings
from hub_config.home.views import environment
from hub_config.origins import ACCEPTED, WARNING, check_origins
from hub_config.ports import NAMES
from hub_config.run.certificates import check_certificates
from hub_config.run.programs import proxy
from hub_config.services import FORMGRADER, HOME, service_environment
from hub_config.settings import SettingsError, load_settings
from hub_config.sign_in.kinds import check_sign_in
from hub_config.sign_in.refusals import SignInRefused
from tests.sign_in.certificate import write_pair

ADDRESS = "https://hub.example.org"
BEHIND = {"HUB_URL": ADDRESS}
DOMAINS = {"HUB_SUBDOMAIN_HOST": ADDRESS}
TEMPLATES = HERE / "templates"
ACCEPT = {"HUB_ACCEPT_SHARED_ORIGIN": "true"}
OUTSIDE = [
    BEHIND,
    {"HUB_URL": "http://192.168.1.7:8000"},
    {"HUB_PLACE": "docker", "HUB_HOST": "0.0.0.0"},
    {"HUB_PLACE": "docker", "HUB_HOST": "192.168.1.7"},
    {"HUB_PLACE": "docker", "HUB_HOST": "0.0.0.0", "HUB_URL": "http://127.0.0.1:8000"},
]


@pytest.fixture
def settings_for(tmp_path):
    """Return a function that makes settings for a Hub that is never started."""
    semester = tmp_path / "semester.yaml"
    semester.write_text("course: tiny-2026\n")
    ports = {name: 40000 + number for number, name in enumerate(NAMES)}
    own = {"HUB_VAR": str(tmp_path), "HUB_SEMESTER": str(semester), "HUB_PORTS": json.dumps(ports)}
    return lambda **variables: load_settings(own | variables)


@pytest.mark.security
@pytest.mark.parametrize("variables", OUTSIDE)
def test_a_shared_origin_for_other_machines_is_refused(settings_for, variables):
    with pytest.raises(NotReady, match=r"(?s)share the origin.*HUB_SUBDOMAIN_HOST=https://.*HUB_ACCEPT_SHARED_ORIGIN"):
        check_origins(settings_for(**variables))


@pytest.mark.security
@pytest.mark.parametrize("variables", OUTSIDE)
def test_an_accepted_risk_is_told_at_every_start_in_the_log_and_to_staff(settings_for, variables, caplog):
    settings = settings_for(**variables, **ACCEPT)
    assert check_origins(settings) == [ACCEPTED]
    c = Config()
    with caplog.at_level(logging.WARNING):
        apply_all(c, settings)
    assert ACCEPTED in caplog.text
    assert c.JupyterHub.template_vars["shared_origin"] == WARNING
    assert service_environment(HOME, settings, {})["HOME_STAFF_WARNING"] == WARNING


@pytest.mark.parametrize("variables", [{}, {"HUB_PLACE": "docker"}, {"HUB_URL": "https://127.0.0.1:8443"}, ACCEPT])
def test_on_loopback_nothing_is_asked_and_nothing_warned_of(settings_for, variables, caplog):
    settings = settings_for(**variables)
    assert check_origins(settings) == []
    c = Config()
    apply_all(c, settings)
    assert "RISK" not in caplog.text
    assert (c.JupyterHub.template_vars["shared_origin"], c.JupyterHub.get("subdomain_host")) == ("", None)
    assert service_environment(HOME, settings, {})["HOME_STAFF_WARNING"] == ""
    assert "--host-routing" not in proxy(settings).command


@pytest.mark.parametrize("variables", [DOMAINS | BEHIND, DOMAINS | {"HUB_URL": f"{ADDRESS}/", "HUB_PROXY": "/chp"}])
def test_hub_services_and_proxy_agree_on_the_domains(settings_for, variables):
    settings = settings_for(**variables)
    c = Config()
    apply_all(c, settings)
    assert (c.JupyterHub.subdomain_host, c.JupyterHub.public_url) == (ADDRESS, ADDRESS)
    assert c.JupyterHub.cookie_host_prefix_enabled is True
    given = service_environment(FORMGRADER, settings, {})
    assert given["JUPYTERHUB_HOST"] == ADDRESS
    assert given["JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED"] == "1"
    assert given["JUPYTERHUB_OAUTH_CALLBACK_URL"] == f"{ADDRESS}/services/formgrader/oauth_callback"
    assert "--host-routing" in proxy(settings).command


def test_every_server_has_one_label_below_the_hub_and_services_have_none():
    names = ["ada", "ada.lovelace", "ada_lovelace", "a" * 70, "züse", "12345", "xn--x", "services", "hub"]
    domains = {name: domain_of(name, "hub.example.org", "user") for name in names}
    assert len(set(domains.values())) == len(names)
    for domain in domains.values():
        label, _, above = domain.partition(".")
        assert (above, 0 < len(label) <= 63) == ("hub.example.org", True)
    assert domains["ada"] == "ada.hub.example.org"
    assert domain_of("formgrader", "hub.example.org", "service") == "hub.example.org"


@pytest.mark.parametrize(
    "given",
    [
        "hub.example.org",
        "https://hub.example.org/base",
        "ftp://hub.example.org",
        "https://10.1.2.3",
        "http://localhost",
    ],
)
def test_an_address_that_can_have_no_subdomains_is_refused(given):
    with pytest.raises(
        SettingsError, match=r"is not an address whose host name can have subdomains: write it as https://"
    ):
        load_settings({"HUB_SUBDOMAIN_HOST": given})


def test_two_addresses_of_one_hub_are_refused():
    with pytest.raises(
        SettingsError,
        match=r"'https://a.example.org' .* and subdomain_host 'https://b.example.org' are different addresses",
    ):
        load_settings({"HUB_URL": "https://a.example.org", "HUB_SUBDOMAIN_HOST": "https://b.example.org"})


def test_https_that_nobody_answers_is_refused(settings_for):
    with pytest.raises(NotReady, match="nothing answers https: give certificates"):
        check_origins(settings_for(**DOMAINS))


@pytest.mark.parametrize(
    ("known", "missing"), [((), "hub.example.org"), (("hub.example.org",), "*.hub.example.org"), (None, "")]
)
def test_a_wildcard_that_dns_lacks_is_a_warning(settings_for, monkeypatch, known, missing):
    def look_up(host, *_):
        if known is not None and host not in known:
            raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    warnings = check_origins(settings_for(**DOMAINS, **BEHIND))
    assert [warning.rpartition("entry for ")[2] for warning in warnings] == ([missing] if missing else [])


@pytest.mark.parametrize("names", [("hub.example.org",), ("*.example.org",)])
def test_a_certificate_without_the_wildcard_is_refused(tmp_path, names):
    key, cert = write_pair(tmp_path, *names)
    variables = DOMAINS | {"HUB_TLS_KEY": str(key), "HUB_TLS_CERT": str(cert)}
    with pytest.raises(NotReady, match=r"get a certificate for hub.example.org and \*.hub.example.org"):
        check_certificates(load_settings(variables))


def test_a_certificate_with_the_wildcard_is_taken_and_names_what_it_lacks(tmp_path):
    variables = dict(
        zip(("HUB_TLS_KEY", "HUB_TLS_CERT"), map(str, write_pair(tmp_path, "*.HUB.example.org")), strict=True)
    )
    [warning] = check_certificates(load_settings(DOMAINS | variables))
    assert "HUB_SUBDOMAIN_HOST is hub.example.org: browsers will warn" in warning
    whole = write_pair(tmp_path / "whole", "hub.example.org", "*.hub.example.org")
    assert check_certificates(load_settings(DOMAINS | dict(zip(variables, map(str, whole), strict=True)))) == []


@pytest.mark.security
def test_a_login_counts_at_the_hubs_own_name_only():
    def asked(name: str):
        return SimpleNamespace(request=SimpleNamespace(host_name=name), settings={"domain": "hub.example.org"})

    model = {"name": "tom"}
    assert only_at_the_hub(None, asked("hub.example.org"), model) is model
    for name in ("ada.hub.example.org", "hub.example.org.evil.org", "10.1.2.3"):
        with pytest.raises(SignInRefused, match="refused"):
            only_at_the_hub(None, asked(name), model)


def test_one_password_for_all_is_refused_on_a_domain(settings_for):
    with pytest.raises(SettingsError, match="loopback only"):
        check_sign_in(settings_for(HUB_AUTHENTICATOR="shared-password", HUB_SUBDOMAIN_HOST="http://hub.example.org"))


STAFF, STUDENT = frozenset({"custom:grading:grade"}), frozenset({"access:services!service=exchange"})


@pytest.mark.parametrize(("scopes", "shown"), [(STAFF, True), (STUDENT, False)])
@pytest.mark.parametrize("warning", [WARNING, ""])
def test_the_course_pages_warn_staff_where_the_risk_is_accepted(scopes, shown, warning):
    settings = home_settings(dict.fromkeys(NEEDED, "http://127.0.0.1:1") | {"HOME_STAFF_WARNING": warning})
    page = (
        environment()
        .get_template("problem.html")
        .render(
            viewer=Viewer("tom", scopes, frozenset(), "token"),
            settings=settings,
            prefix="/",
            note=None,
            section=lambda: "",
            help_pages={},
            course_title="",
            absent=[],
            code=404,
            title="Nothing",
            remedy="",
            number="",
        )
    )
    assert ("accepted this risk" in page) == bool(shown and warning)


@pytest.mark.parametrize(("scopes", "shown"), [({"admin-ui"}, True), ({"self"}, False)])
@pytest.mark.parametrize("warning", [WARNING, ""])
def test_the_hubs_pages_warn_the_operator(scopes, shown, warning):
    own, stock = (FileSystemLoader(folder) for folder in (TEMPLATES, Path(DATA_FILES_PATH) / "templates"))
    pages = Environment(loader=ChoiceLoader([PrefixLoader({"templates": stock}), own, stock]), autoescape=True)
    page = pages.get_template("page.html").render(
        static_url=lambda name, **_: name, parsed_scopes=scopes, shared_origin=warning, base_url="/hub/", prefix="/"
    )
    assert ("accepted this risk" in page) == bool(shown and warning)
