"""A key or certificate that can't be used is reported before anything starts: the fault, the file, what to do."""

import pytest

from hub_config.checks import NotReady
from hub_config.run.certificates import check_certificates
from hub_config.settings import load_settings
from tests.sign_in.certificate import new_key, write_certificate, write_key, write_pair


def check(key, cert, **more: str) -> list[str]:
    return check_certificates(load_settings({"HUB_TLS_KEY": str(key), "HUB_TLS_CERT": str(cert), **more}))


def test_a_right_pair_is_taken_without_a_word(tmp_path):
    assert check(*write_pair(tmp_path), HUB_URL="https://localhost:8443") == []


def test_a_file_that_is_not_there_is_named(tmp_path):
    key, cert = write_pair(tmp_path)
    with pytest.raises(NotReady, match=r"tls_key: the file .*absent.pem does not exist. Set HUB_TLS_KEY"):
        check(tmp_path / "absent.pem", cert)
    with pytest.raises(NotReady, match=r"tls_cert: the file .*absent.pem does not exist. Set HUB_TLS_CERT"):
        check(key, tmp_path / "absent.pem")


def test_a_key_that_this_user_may_not_read_is_said_with_what_to_run(tmp_path, monkeypatch):
    key, cert = write_pair(tmp_path)
    monkeypatch.setattr("os.access", lambda file, mode: file != key)  # root can read everything
    with pytest.raises(NotReady, match=r"this user can't read .*key.pem. Run: sudo chown"):
        check(key, cert)


@pytest.mark.security
def test_a_key_that_everybody_may_read_is_refused(tmp_path):
    key, cert = write_pair(tmp_path)
    key.chmod(0o644)
    with pytest.raises(NotReady, match=r"everybody on this machine can read .*key.pem. Run: sudo chmod 600"):
        check(key, cert)


@pytest.mark.security
def test_a_key_that_a_students_sandbox_would_show_is_refused(tmp_path, monkeypatch):
    """A Hub that was not started by root runs servers as its own user, who can read the key."""
    key, cert = write_pair(tmp_path / "ssl" / "hub")
    monkeypatch.setattr("hub_config.run.certificates.ETC", (str(tmp_path / "ssl"),))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(NotReady, match=r"students could read .*key.pem. Keep it where they can't see it"):
        check(key, cert)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert check(key, cert) == []


def test_key_and_certificate_of_two_pairs_are_refused(tmp_path):
    _, cert = write_pair(tmp_path)
    other = write_key(tmp_path / "other.pem", new_key())
    with pytest.raises(NotReady, match=r"do not match: .*chain.pem was made for a key other than .*other.pem"):
        check(other, cert)


def test_a_key_with_a_passphrase_is_no_question_at_the_terminal(tmp_path):
    own = new_key()
    key = write_key(tmp_path / "key.pem", own, "open sesame")
    with pytest.raises(NotReady, match="openssl pkey -in"):
        check(key, write_certificate(tmp_path / "chain.pem", own))


@pytest.mark.parametrize(
    ("name", "rule"), [("key.pem", "no usable private key"), ("chain.pem", "no certificate in PEM")]
)
def test_a_file_of_another_kind_is_named(tmp_path, name, rule):
    key, cert = write_pair(tmp_path)
    (tmp_path / name).write_text("hello\n")
    with pytest.raises(NotReady, match=rule):
        check(key, cert)


@pytest.mark.parametrize(
    ("begins", "ends", "rule"), [(-90, -1, "expired on .* UTC. Renew it"), (1, 90, "Is this machine's clock right")]
)
def test_a_certificate_out_of_its_time_is_refused(tmp_path, begins, ends, rule):
    own = new_key()
    key = write_key(tmp_path / "key.pem", own)
    with pytest.raises(NotReady, match=rule):
        check(key, write_certificate(tmp_path / "chain.pem", own, begins, ends))


def test_a_certificate_that_ends_soon_or_has_another_name_is_a_warning(tmp_path):
    own = new_key()
    key = write_key(tmp_path / "key.pem", own)
    cert = write_certificate(tmp_path / "chain.pem", own, -60, 5)
    soon, name = check(key, cert, HUB_URL="https://hub.example.org")
    assert "python -m hub_config restart proxy" in soon
    assert name == "The certificate is for localhost, 127.0.0.1, but HUB_URL is hub.example.org: browsers will warn"


@pytest.mark.parametrize(
    ("variables", "warned"),
    [
        ({}, False),
        ({"HUB_PLACE": "docker", "HUB_HOST": "0.0.0.0"}, True),
        ({"HUB_PLACE": "docker", "HUB_HOST": "0.0.0.0", "HUB_URL": "http://hub.example.org"}, True),
        ({"HUB_PLACE": "docker", "HUB_HOST": "0.0.0.0", "HUB_URL": "https://hub.example.org"}, False),
        ({"HUB_URL": "https://hub.example.org"}, False),
    ],
)
def test_passwords_in_the_clear_are_warned_of(variables, warned):
    warnings = check_certificates(load_settings(variables))
    assert [("unencrypted" in warning) for warning in warnings] == [True] * warned
