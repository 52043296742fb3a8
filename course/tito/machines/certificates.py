"""The course's own certificates for judges on other machines: an authority, and one for each of the three parts.

No certificate names a machine: it names a part ("scheduler", "worker", "service"), and so works wherever that part
runs. The authority's key stays where the certificates are made.
"""

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tito.atomic import write_atomically
from tito.errors import TitoError

PARTS = ("scheduler", "worker", "service")
SUFFIX = "grading.invalid"  # a name that no machine can have
AUTHORITY_DAYS, PART_DAYS, SOON_DAYS = 1825, 425, 30  # a course of two semesters, and a month to renew it
AUTHORITY, AUTHORITY_KEY = "ca.pem", "ca.key"


def host_of(part: str) -> str:
    """Return the name in a part's certificate, which the other side checks."""
    return f"{part}.{SUFFIX}"


def make_certificates(folder: Path, *, renew: bool = False, now: datetime.datetime | None = None) -> dict[str, str]:
    """Make certificates that are missing or expire soon, leave the others alone, and return each part's expiry date.

    `renew`: make all new except the authority. Each part has a folder to be copied to its machine, with its own
    certificate and the authority's; only their owner can read the files.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = _authority(folder, now)
    for part in PARTS:
        path = folder / part / f"{part}.pem"
        path.parent.mkdir(exist_ok=True, mode=0o700)
        if renew or not _is_good(path, authority[0], now):
            _write(path, _made_for(part, authority, now))
        _write(path.with_name(AUTHORITY), (folder / AUTHORITY).read_bytes())
    return {part: f"{_ends(folder / part / f'{part}.pem'):%Y-%m-%d}" for part in PARTS}


def server_context(folder: Path, part: str) -> ssl.SSLContext:
    """Return the context for a listener of this part: it admits only holders of one of the course's certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _loaded(context, folder, part)


def client_context(folder: Path, part: str) -> ssl.SSLContext:
    """Return the context with which this part calls another, whose name it must check (`host_of`)."""
    return _loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), folder, part)


def _loaded(context: ssl.SSLContext, folder: Path, part: str) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    own, authority = files_of(folder, part)
    context.load_cert_chain(own)
    context.load_verify_locations(authority)
    return context


def files_of(folder: Path, part: str) -> tuple[Path, Path]:
    """Return a part's certificate (with its key) and the authority's; TitoError if they are missing or expired."""
    for place in (folder, folder / part):
        own, authority = place / f"{part}.pem", place / AUTHORITY
        if own.is_file() and authority.is_file():
            if (end := _ends(own)) < datetime.datetime.now(datetime.UTC):
                raise TitoError(
                    f"the certificate {own} expired on {end:%Y-%m-%d}: run tito grade certificates, copy it"
                )
            return own, authority
    raise TitoError(
        f"{part}.pem and {AUTHORITY} are not both in {folder}: make them with `tito grade certificates`, and copy the "
        f"folder {part}/ to this machine"
    )


def _authority(folder: Path, now: datetime.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    path, key_path = folder / AUTHORITY, folder / AUTHORITY_KEY
    if path.is_file() != key_path.is_file():
        raise TitoError(
            f"{folder} has only one of {AUTHORITY} and {AUTHORITY_KEY}: make certificates where both are, or remove "
            "this one, make all certificates again and copy them to every machine"
        )
    if not path.is_file():
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("grading of this course")
        made = _builder(name, name, key, now, AUTHORITY_DAYS).add_extension(x509.BasicConstraints(True, 0), True)
        made = made.add_extension(_usage(signs=True), True)
        _write(key_path, _private(key))
        _write(path, made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    loaded = serialization.load_pem_private_key(key_path.read_bytes(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(path.read_bytes()), loaded


def _made_for(
    part: str, authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey], now: datetime.datetime
) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(_name(part), authority[0].subject, key, now, PART_DAYS)
    made = made.add_extension(x509.BasicConstraints(False, None), True).add_extension(_usage(signs=False), True)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host_of(part))]), False)
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    made = made.add_extension(x509.ExtendedKeyUsage(both), False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[1].public_key()), False)
    signed = made.sign(authority[1], hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM) + _private(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # machines' clocks differ
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _is_good(path: Path, authority: x509.Certificate, now: datetime.datetime) -> bool:
    if not path.is_file() or _ends(path) < now + datetime.timedelta(days=SOON_DAYS):
        return False
    try:
        x509.load_pem_x509_certificate(path.read_bytes()).verify_directly_issued_by(authority)
    except (ValueError, InvalidSignature):  # from another authority
        return False
    return True


def _ends(path: Path) -> datetime.datetime:
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _write(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_atomically(path, data, mode=0o600)
