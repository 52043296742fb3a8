"""Behind https, browsers get the public address everywhere, while servers and services use the internal ones."""

import json

import pytest
from traitlets.config import Config

from hub_config.apply import apply_hub, apply_pages
from hub_config.ports import NAMES
from hub_config.run.programs import proxy
from hub_config.services import HOME, service_environment, service_url
from hub_config.settings import Settings, SettingsError, load_settings
from hub_config.sign_in.kinds import apply_sign_in

BEHIND = {"HUB_URL": "https://hub.example.org/"}
GIVEN = {"HUB_TLS_KEY": "/srv/key.pem", "HUB_TLS_CERT": "/srv/chain.pem"}


def settings_for(tmp_path, **variables: str) -> Settings:
    semester = tmp_path / "semester.yaml"
    semester.write_text("course: tiny-2026\n")
    ports = {name: 40000 + number for number, name in enumerate(NAMES)}
    own = {"HUB_VAR": str(tmp_path), "HUB_SEMESTER": str(semester), "HUB_PORTS": json.dumps(ports)}
    return load_settings(own | variables)


@pytest.mark.parametrize("place", ["local", "docker"])
@pytest.mark.parametrize(
    ("variables", "public", "front"),
    [
        (BEHIND, "https://hub.example.org", "http://127.0.0.1:8000"),
        (GIVEN | {"HUB_PORT": "8443"}, "https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        (GIVEN | BEHIND, "https://hub.example.org", "https://127.0.0.1:8000"),
        ({}, "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_browsers_and_servers_each_get_their_own_addresses(tmp_path, place, variables, public, front):
    inner = {"HUB_INNER_HOST": "172.20.0.1"} if place == "docker" else {}
    settings = settings_for(tmp_path, HUB_PLACE=place, **inner, **variables)
    c = Config()
    apply_hub(c, settings)
    assert (c.JupyterHub.public_url, c.JupyterHub.bind_url) == (public, front)
    assert c.JupyterHub.hub_ip == settings.inner_host == inner.get("HUB_INNER_HOST", "127.0.0.1")
    environment = service_environment(HOME, settings, {})
    assert environment["JUPYTERHUB_PUBLIC_HUB_URL"] == f"{public}/hub/"
    assert environment["JUPYTERHUB_API_URL"] == f"http://{settings.inner_host}:{settings.ports['hub']}/hub/api"
    options = c.JupyterHub.get("tornado_settings", {})
    assert options == ({"cookie_options": {"secure": True}} if public.startswith("https") else {})


def test_a_learning_platform_is_told_the_public_scheme(tmp_path):
    provider = ("CLIENT_ID", "ISSUER", "AUTHORIZE_URL", "JWKS_URL", "USERNAME_CLAIM")
    more = {f"HUB_SIGN_IN__{name}": "https://lms.example.org" for name in provider}
    c = Config()
    apply_sign_in(c, settings_for(tmp_path, HUB_AUTHENTICATOR="lti13", **BEHIND, **more))
    assert c.LTI13Authenticator.uri_scheme == "https"


def test_the_proxy_answers_https_or_believes_the_one_in_front(tmp_path):
    own = proxy(settings_for(tmp_path, **GIVEN)).command
    assert own[own.index("--tls-key") + 1 : own.index("--tls-key") + 4] == [
        "/srv/key.pem",
        "--tls-cert",
        "/srv/chain.pem",
    ]
    assert "--behind-proxy" not in own
    assert "--behind-proxy" in proxy(settings_for(tmp_path, **BEHIND)).command
    node = proxy(settings_for(tmp_path, HUB_PROXY="/usr/bin/configurable-http-proxy", **GIVEN)).command
    assert node[node.index("--ssl-key") + 1 : node.index("--ssl-key") + 4] == [
        "/srv/key.pem",
        "--ssl-cert",
        "/srv/chain.pem",
    ]


@pytest.mark.parametrize("place", ["local", "docker"])
@pytest.mark.parametrize("domain", [{}, {"HUB_SUBDOMAIN_HOST": "https://campus.example.org"}])
def test_a_path_in_the_address_is_the_path_of_everything(tmp_path, place, domain):
    inner = {"HUB_INNER_HOST": "172.20.0.1"} if place == "docker" else {}
    url = {"HUB_URL": "https://campus.example.org/tinytorch/", "HUB_PLACE": place}
    settings = settings_for(tmp_path, **inner, **url, **domain)
    c = Config()
    apply_hub(c, settings)
    apply_pages(c, settings)
    assert c.JupyterHub.bind_url == "http://127.0.0.1:8000/tinytorch"
    assert c.JupyterHub.public_url == "https://campus.example.org/tinytorch"
    assert c.JupyterHub.default_url == "/tinytorch/services/home/"
    assert settings.hub_api_url.endswith("/tinytorch/hub/api")
    assert service_url("exchange", settings).endswith("/tinytorch/services/exchange")
    environment = service_environment(HOME, settings, {})
    assert environment["JUPYTERHUB_BASE_URL"] == "/tinytorch/"
    assert environment["JUPYTERHUB_SERVICE_PREFIX"] == "/tinytorch/services/home/"
    callback = f"{domain.get('HUB_SUBDOMAIN_HOST', '')}/tinytorch/services/home/oauth_callback"
    assert environment["JUPYTERHUB_OAUTH_CALLBACK_URL"] == callback
    command = proxy(settings).command
    assert command[command.index("--error-target") + 1].endswith("/tinytorch/hub/error")


@pytest.mark.parametrize(
    "url", ["campus.example.org", "https://h.example.org/a?b=c", "https://h.example.org/ü", "/path"]
)
def test_an_address_that_leads_nowhere_is_refused(tmp_path, url):
    with pytest.raises(SettingsError, match=r"is not an address that browsers can use: write it as https:"):
        settings_for(tmp_path, HUB_URL=url)
