"""What an operator watches besides requests: disk space, clock, the last backup, the certificate's expiry."""

import json
import shutil
import time
from datetime import datetime
from pathlib import Path

from cryptography import x509

from exchange.hub.sight import Metrics
from hub_config.home.settings import Settings

LAST_BACKUP = Path("hub", "last-backup.json")  # in the Hub's folder; hub_config.run.backup writes it


def home_metrics(settings: Settings) -> Metrics:
    """Return the metrics of the home page's service; each is read on request."""
    metrics = Metrics("home")
    metrics.gauge("clock_timestamp_seconds", "This machine's time", time.time)
    metrics.gauge("free_bytes", "Free bytes of the disk of the Hub's folder", lambda: _disk(settings.var).free)
    metrics.gauge("disk_bytes", "Size of that disk", lambda: _disk(settings.var).total)
    metrics.gauge("last_backup_timestamp_seconds", "End of the last backup, 0 without one", lambda: _made(settings.var))
    if certificate := settings.certificate:
        metrics.gauge("certificate_ends_timestamp_seconds", "End of the certificate", lambda: _ends(certificate))
    return metrics


def _disk(folder: Path):
    return shutil.disk_usage(folder)


def _made(var: Path) -> float:
    record = var / LAST_BACKUP
    if not record.is_file():
        return 0.0
    return datetime.fromisoformat(json.loads(record.read_text("utf-8"))["made_utc"]).timestamp()


def _ends(certificate: Path) -> float:
    return x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc.timestamp()
