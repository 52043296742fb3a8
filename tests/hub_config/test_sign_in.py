"""Every way to log in is accepted by the Hub's own classes, lets in whom the Hub knows, and says what it lacks."""

import json

import pytest
from jupyterhub.app import JupyterHub
from traitlets import import_item
from traitlets.config import Config

from hub_config.ports import NAMES
from hub_config.settings import SettingsError, load_settings
from hub_config.sign_in import CLIENT_SECRET, WAYS, apply_sign_in

pytestmark = pytest.mark.unit

PROVIDER = {
    "HUB_SIGN_IN__CLIENT_ID": "our-id",
    "HUB_SIGN_IN__AUTHORIZE_URL": "https://login.example.org/authorize",
    "HUB_SIGN_IN__TOKEN_URL": "https://login.example.org/token",
    "HUB_SIGN_IN__USERDATA_URL": "https://login.example.org/me",
    "HUB_SIGN_IN__JWKS_URL": "https://login.example.org/keys",
    "HUB_SIGN_IN__ISSUER": "https://login.example.org",
    "HUB_SIGN_IN__USERNAME_CLAIM": "preferred_username",
}


def settings_for(tmp_path, way: str, **more: str):
    ports = {name: 40000 + number for number, name in enumerate(NAMES)}
    own = {"HUB_VAR": str(tmp_path), "HUB_PORTS": json.dumps(ports), "HUB_AUTHENTICATOR": way}
    return load_settings(own | more)


@pytest.mark.parametrize("way", WAYS)
def test_the_authenticator_can_be_made_and_lets_in_whom_the_hub_knows(tmp_path, way: str):
    settings = settings_for(tmp_path, way, **PROVIDER, HUB_URL="https://hub.example.org/")
    settings.secrets.mkdir()
    (settings.secrets / CLIENT_SECRET).write_text("their-secret\n")
    c = Config()
    apply_sign_in(c, settings)
    hub = JupyterHub(config=c, db_url="sqlite:///:memory:")
    hub.init_db()  # native sign-up keeps a table of its own in the Hub's database
    chosen = c.JupyterHub.authenticator_class
    made = (import_item(chosen) if isinstance(chosen, str) else chosen)(
        parent=hub, config=c, _deprecated_db_session=hub.db
    )
    assert made.allow_existing_users is True
    assert "operator" in made.allowed_users
    # Only where nobody without a password of her own can come in, everybody who comes in is let in.
    assert made.allow_all is (way == "generated-passwords")
    if way in ("github", "google", "oauth"):
        assert made.client_secret == "their-secret"
        assert made.oauth_callback_url == "https://hub.example.org/hub/oauth_callback"
    for section in c:
        if section in ("JupyterHub",):
            continue
        assert any(kind.__name__ == section for kind in type(made).__mro__), section


@pytest.mark.parametrize("way", ["github", "oauth", "lti13"])
def test_what_a_provider_needs_is_named(tmp_path, way: str):
    with pytest.raises(SettingsError, match="HUB_SIGN_IN__CLIENT_ID"):
        apply_sign_in(Config(), settings_for(tmp_path, way))


def test_a_missing_client_secret_is_named(tmp_path):
    with pytest.raises(SettingsError, match="oauth-client-secret"):
        apply_sign_in(Config(), settings_for(tmp_path, "github", **PROVIDER))


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
