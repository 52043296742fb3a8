"""A home on a separate small file system that a test can fill; only root can mount one."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MB = 2**20
FILLER = "old data & more.npy"


@contextmanager
def small_home(place: Path, notebook: Mapping[str, Any], megabytes: int = 4) -> Iterator[Path]:
    """Make a home of a few megabytes that contains one notebook."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=True)
    try:
        (place / "tensor").mkdir()
        (place / "tensor" / "tensor.ipynb").write_text(json.dumps(notebook))
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(home: Path) -> None:
    """Write until nothing more can be written."""
    with (home / FILLER).open("ab", buffering=0) as file:
        for size in (MB, 4096, 1):
            try:
                while True:
                    file.write(b"\x01" * size)
            except OSError:
                pass
