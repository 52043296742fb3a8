"""Make valid and invalid certificates for tests."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def write_key(file: Path, key: ec.EllipticCurvePrivateKey, passphrase: str = "") -> Path:
    """Write a private key as PEM, encrypted if a passphrase is given."""
    locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    file.chmod(0o600)
    return file


def write_certificate(
    file: Path, key: ec.EllipticCurvePrivateKey, begins_days: float = -1, ends_days: float = 90, names: tuple = ()
) -> Path:
    """Write a self-signed certificate for localhost, 127.0.0.1 and `names`; the days of its validity count from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    known = [x509.DNSName(host) for host in ("localhost", *names)] + [x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins_days))
        .not_valid_after(now + timedelta(days=ends_days))
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


def write_pair(folder: Path, *names: str) -> tuple[Path, Path]:
    """Write a key and its certificate, with additional `names`; return both files."""
    key = new_key()
    folder.mkdir(parents=True, exist_ok=True)
    return write_key(folder / "key.pem", key), write_certificate(folder / "chain.pem", key, names=names)
