"""Compress JupyterLab's scripts once, in place: servers send the compressed copies (`hub_config/server/ready_made.py`).

In images `docker/trim.sh` does the same.
"""

import gzip
import os
from pathlib import Path

KINDS = (".js", ".css", ".svg", ".json")
SMALLEST = 2048  # compressing a smaller one would not save packets


def compress_pages(environment: Path) -> int:
    """Write FILE.gz next to each file of JupyterLab's pages that has no current one; return how many were written."""
    found = (environment / "share" / "jupyter").rglob("*")
    files = [path for path in found if path.suffix in KINDS and path.is_file() and path.stat().st_size > SMALLEST]
    return sum(_compress(path) for path in files)


def _compress(path: Path) -> bool:
    twin, written = path.with_name(f"{path.name}.gz"), path.stat()
    if twin.is_file() and twin.stat().st_mtime_ns == written.st_mtime_ns:
        return False
    half = twin.with_name(f"{twin.name}.part")
    half.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    half.chmod(0o644)
    os.utime(half, ns=(written.st_atime_ns, written.st_mtime_ns))
    half.rename(twin)
    return True
