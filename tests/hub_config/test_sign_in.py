"""The Hub's classes accept every way to log in; each lets in the people the Hub knows, and reports missing settings."""

import json

import pytest
from jupyterhub.app import JupyterHub
from traitlets import import_item
from traitlets.config import Config

from hub_config import sign_in
from hub_config.ports import NAMES
from hub_config.run import programs
from hub_config.settings import SettingsError, load_settings
from hub_config.sign_in.kinds import apply_sign_in, check_sign_in, how_to_log_in
from hub_config.sign_in.providers import CLIENT_SECRET
from hub_config.ways_to_sign_in import WAYS, Way

PROVIDER = {
    "HUB_SIGN_IN__CLIENT_ID": "our-id",
    "HUB_SIGN_IN__AUTHORIZE_URL": "https://login.example.org/authorize",
    "HUB_SIGN_IN__TOKEN_URL": "https://login.example.org/token",
    "HUB_SIGN_IN__USERDATA_URL": "https://login.example.org/me",
    "HUB_SIGN_IN__JWKS_URL": "https://login.example.org/keys",
    "HUB_SIGN_IN__ISSUER": "https://login.example.org",
    "HUB_SIGN_IN__USERNAME_CLAIM": "preferred_username",
    "HUB_SIGN_IN__HOSTED_DOMAIN": "example.org",
}
BEHIND = {"HUB_URL": "https://hub.example.org/"}


def settings_for(tmp_path, way: str, **more: str):
    ports = {name: 40000 + number for number, name in enumerate(NAMES)}
    own = {"HUB_VAR": str(tmp_path), "HUB_PORTS": json.dumps(ports), "HUB_AUTHENTICATOR": way}
    return load_settings(own | more)


def authenticator(tmp_path, way: str, **more: str):
    """Make the chosen authenticator as the Hub would; return it and its configuration."""
    settings = settings_for(tmp_path, way, **PROVIDER, **(BEHIND if way != "shared-password" else {}), **more)
    settings.secrets.mkdir()
    (settings.secrets / CLIENT_SECRET).write_text("their-secret\n")
    c = Config()
    apply_sign_in(c, settings)
    hub = JupyterHub(config=c, db_url="sqlite:///:memory:")
    hub.init_db()  # native sign-up has its own table in the Hub's database
    chosen = c.JupyterHub.authenticator_class
    kind = import_item(chosen) if isinstance(chosen, str) else chosen
    return kind(parent=hub, config=c, _deprecated_db_session=hub.db), c


@pytest.mark.parametrize("way", WAYS)
def test_the_authenticator_can_be_made_and_lets_in_whom_the_hub_knows(tmp_path, way: str):
    made, c = authenticator(tmp_path, way)
    assert made.allow_existing_users is True
    assert "operator" in made.allowed_users
    # Everybody who can log in is allowed only where logging in needs a generated personal password.
    assert made.allow_all is (way == "generated-passwords")
    if way in ("github", "google", "oauth"):
        assert made.client_secret == "their-secret"
        assert made.oauth_callback_url == "https://hub.example.org/hub/oauth_callback"
    for section in c:
        if section in ("JupyterHub",):
            continue
        assert any(kind.__name__ == section for kind in type(made).__mro__), section


def test_github_is_asked_for_nothing_but_who_it_is(tmp_path):
    made, _ = authenticator(tmp_path, "github")
    assert made.authorize_url == "https://github.com/login/oauth/authorize"
    assert made.token_url == "https://github.com/login/oauth/access_token"
    assert made.userdata_url == "https://api.github.com/user"
    assert (made.scope, made.username_claim, made.enable_pkce) == ([], "login", True)
    assert (made.allowed_organizations, made.allowed_users) == (set(), {"operator"})


def test_google_is_asked_for_the_address_and_takes_one_domain(tmp_path):
    made, _ = authenticator(tmp_path, "google")
    assert made.authorize_url == "https://accounts.google.com/o/oauth2/v2/auth"
    assert made.token_url == "https://www.googleapis.com/oauth2/v4/token"
    assert made.userdata_url == "https://www.googleapis.com/oauth2/v1/userinfo"
    assert (made.scope, made.username_claim) == (["openid", "email"], "email")
    assert (made.hosted_domain, made.strip_domain) == (["example.org"], True)
    info = {"email": "Ada@example.org"}
    assert made.normalize_username(made.user_info_to_username(info)) == "ada"


def test_a_provider_is_called_as_the_setting_says(tmp_path):
    made, _ = authenticator(tmp_path, "oauth", HUB_SIGN_IN__LOGIN_SERVICE="Example University")
    assert made.login_service == "Example University"
    assert (made.scope, made.username_claim, made.domain) == (
        ["openid", "profile", "email"],
        "preferred_username",
        "example.org",
    )


def test_lti_keeps_the_hubs_own_address_and_takes_rs256_alone(tmp_path):
    made, _ = authenticator(tmp_path, "lti13")
    assert (made.uri_scheme, made.jwks_algorithms, made.client_id) == ("https", ["RS256"], {"our-id"})
    assert (made.issuer, made.jwks_endpoint) == ("https://login.example.org", "https://login.example.org/keys")


@pytest.mark.parametrize("variables", [BEHIND, {"HUB_PLACE": "docker", "HUB_HOST": "0.0.0.0"}])
def test_one_password_for_all_is_for_loopback_only(tmp_path, variables):
    with pytest.raises(SettingsError, match=r"shared-password.*loopback only.*choose another"):
        check_sign_in(settings_for(tmp_path, "shared-password", **variables))


def test_googles_domain_is_needed_since_a_rosters_name_has_no_at_sign(tmp_path):
    with pytest.raises(SettingsError, match="HUB_SIGN_IN__HOSTED_DOMAIN"):
        check_sign_in(settings_for(tmp_path, "google", HUB_SIGN_IN__CLIENT_ID="our-id"))


@pytest.mark.parametrize(
    ("way", "given"), [("github", {}), ("oauth", {}), ("lti13", {"HUB_SIGN_IN__ISSUER": "https://lms.example.org"})]
)
def test_what_a_provider_needs_is_named(tmp_path, way: str, given: dict[str, str]):
    with pytest.raises(SettingsError, match="HUB_SIGN_IN__CLIENT_ID"):
        apply_sign_in(Config(), settings_for(tmp_path, way, **given))


def test_a_missing_client_secret_is_named(tmp_path):
    with pytest.raises(SettingsError, match="oauth-client-secret"):
        apply_sign_in(Config(), settings_for(tmp_path, "github", **PROVIDER))


def test_a_way_that_is_taken_out_is_no_choice_and_is_one_again_when_it_is_back(tmp_path, monkeypatch):
    with monkeypatch.context() as without:
        without.delitem(WAYS, "github")
        with pytest.raises(SettingsError, match=r"log in 'github': choose one of generated-passwords.*oauth, lti13\n"):
            settings_for(tmp_path, "github")
    assert authenticator(tmp_path, "github")[0].login_service == "GitHub"


BADGES = """
def by_badge(c, settings): c.Authenticator.admin_users = {"the porter"}
def told(settings): return [f"Badges are read at {settings.public_url}."]
"""


def test_a_new_way_is_one_file_and_one_line(tmp_path, monkeypatch):
    (tmp_path / "badges.py").write_text(BADGES)
    monkeypatch.setattr(sign_in, "__path__", [*sign_in.__path__, str(tmp_path)])
    monkeypatch.setitem(WAYS, "badge", Way("badges:by_badge", "badges:told", needs=("issuer",), asks_outside=True))
    with pytest.raises(SettingsError, match="HUB_SIGN_IN__ISSUER"):
        check_sign_in(settings_for(tmp_path, "badge"))
    settings, c = settings_for(tmp_path, "badge", **PROVIDER, **BEHIND), Config()
    apply_sign_in(c, settings)
    assert (c.Authenticator.admin_users, c.Authenticator.allow_existing_users) == ({"the porter"}, True)
    assert how_to_log_in(settings) == ["Badges are read at https://hub.example.org."]
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    assert "https_proxy" in programs.hub(settings).environment


@pytest.mark.parametrize("client_id", ["10000000000001", "0123", "1e5", "yes"])
def test_a_client_id_is_text_whatever_it_looks_like(tmp_path, client_id: str):
    assert settings_for(tmp_path, "lti13", HUB_SIGN_IN__CLIENT_ID=client_id).sign_in.client_id == client_id


def test_an_unknown_way_lists_the_known_ones(tmp_path):
    with pytest.raises(SettingsError, match=r"generated-passwords.*lti13"):
        settings_for(tmp_path, "dummy")


def test_key_and_certificate_belong_together(tmp_path):
    with pytest.raises(SettingsError, match="tls_key and tls_cert"):
        settings_for(tmp_path, "native", HUB_TLS_KEY="/etc/key.pem")


def test_browsers_use_the_address_in_front(tmp_path):
    settings = settings_for(tmp_path, "native", HUB_URL="https://hub.example.org/", HUB_PORT="8123")
    assert settings.public_url == "https://hub.example.org"
    assert settings.front_url == "http://127.0.0.1:8123"
