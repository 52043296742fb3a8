"""Check given certificates before the Hub starts, so that the operator sees a fault and not every browser."""

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from hub_config.checks import NotReady
from hub_config.run.front import server_context
from hub_config.settings import Settings, is_loopback
from hub_config.spawners.sandbox import ETC

SOON = timedelta(days=21)


def check_certificates(settings: Settings) -> list[str]:
    """Raise NotReady if key and certificate can't be used; return warnings for the operator."""
    if settings.tls_key is None or settings.tls_cert is None:
        return plain_http(settings)
    for name, file in (("tls_key", settings.tls_key), ("tls_cert", settings.tls_cert)):
        _readable(name, file)
    _private(settings.tls_key, settings)
    certificate = _certificate(settings.tls_cert)
    _belong_together(settings.tls_key, settings.tls_cert)
    return _validity(certificate, settings.tls_cert) + _names(certificate, settings)


def plain_http(settings: Settings) -> list[str]:
    """Return a warning if passwords would cross a network unencrypted."""
    if is_loopback(settings.host) or settings.public_url.startswith("https://"):
        return []
    return [
        f"Passwords and work cross the network unencrypted: {settings.front_url} is not https. Give certificates "
        "(HUB_TLS_KEY, HUB_TLS_CERT), or put a reverse proxy with https in front (HUB_URL=https://...)"
    ]


def _readable(name: str, file: Path) -> None:
    if not file.is_file():
        raise NotReady(f"{name}: the file {file} does not exist. Set HUB_{name.upper()} to a PEM file")
    if not os.access(file, os.R_OK):
        raise NotReady(f"{name}: this user can't read {file}. Run: sudo chown $(id -un) {file}")


def _private(key: Path, settings: Settings) -> None:
    """Refuse a key that students' code could read: whoever has it can impersonate this Hub."""
    if key.stat().st_mode & 0o004:
        raise NotReady(f"tls_key: everybody on this machine can read {key}. Run: sudo chmod 600 {key}")
    if settings.spawner != "bubblewrap" or os.geteuid() == 0:
        return
    shown = [Path("/usr"), *(Path("/etc") / entry for entry in ETC), *settings.student.read_only]
    for folder in shown:
        if key.is_relative_to(folder):
            raise NotReady(
                f"tls_key: servers run as this user and see {folder}, so students could read {key}. "
                f"Keep it where they can't see it: {settings.secrets}"
            )


def _certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())[0]
    except ValueError as error:
        raise NotReady(
            f"tls_cert: {file} has no certificate in PEM form (-----BEGIN CERTIFICATE-----): {error}"
        ) from error


def _belong_together(key: Path, cert: Path) -> None:
    try:
        server_context_without_password(key, cert)
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            raise NotReady(
                f"tls_key and tls_cert do not match: {cert} was made for a key other than {key}. "
                "In a chain, the server's own certificate comes first"
            ) from error
        raise NotReady(
            f"tls_key: {key} has no usable private key in PEM form: {error.reason or error}. "
            "A key with a passphrase must be decrypted first: openssl pkey -in key.pem -out plain.pem"
        ) from error


def server_context_without_password(key: Path, cert: Path) -> ssl.SSLContext:
    """Return the server's TLS settings; a key with a passphrase raises ssl.SSLError and asks no question."""
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password=lambda: "")
    return server_context(key, cert)


def _validity(certificate: x509.Certificate, file: Path) -> list[str]:
    now = datetime.now(UTC)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > ends:
        raise NotReady(f"tls_cert: {file} expired on {ends:%Y-%m-%d %H:%M} UTC. Renew it, then start again")
    if now < begins:
        raise NotReady(f"tls_cert: {file} is valid from {begins:%Y-%m-%d %H:%M} UTC. Is this machine's clock right?")
    if ends - now < SOON:
        renew = "renew it, then run: python -m hub_config restart proxy"
        return [f"The certificate {file} expires on {ends:%Y-%m-%d %H:%M} UTC: {renew}"]
    return []


def _names(certificate: x509.Certificate, settings: Settings) -> list[str]:
    names = [name.lower() for name in _named(certificate)]
    host = urlsplit(settings.url or settings.subdomain_host).hostname
    if settings.subdomain_host and f"*.{host}" not in names:
        raise NotReady(
            f"tls_cert: {settings.tls_cert} is for {', '.join(names) or 'no name'}, but every server has its own "
            f"domain, such as ada.{host}: get a certificate for {host} and *.{host} (docs/operator.md, Domains)"
        )
    if host is None or host in names or f"*.{host.partition('.')[2]}" in names:
        return []
    variable = "HUB_URL" if settings.url else "HUB_SUBDOMAIN_HOST"
    return [f"The certificate is for {', '.join(names) or 'no name'}, but {variable} is {host}: browsers will warn"]


def _named(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
