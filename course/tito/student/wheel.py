"""Write a wheel, as PEP 427 describes it: a zip archive with three more files. The same files give the same bytes.

It is written by hand because a student's environment has no build tool.
"""

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can store: the real time would change the bytes
WHEEL = "Wheel-Version: 1.0\nGenerator: tito\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class About:
    """What an installer is told about a distribution."""

    name: str
    version: str
    summary: str
    python: str
    needs: tuple[str, ...]

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-py3-none-any.whl"

    @property
    def folder(self) -> str:
        """The folder in the wheel that describes it."""
        return f"{self.name}-{self.version}.dist-info"

    def metadata(self) -> str:
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}", f"Summary: {self.summary}"]
        lines += [f"Requires-Python: {self.python}", *(f"Requires-Dist: {need}" for need in self.needs)]
        return "\n".join(lines) + "\n"


def wheel_bytes(about: About, files: Mapping[str, bytes]) -> bytes:
    """Return a wheel of these files, given by their names in it."""
    described = {"METADATA": about.metadata(), "WHEEL": WHEEL}
    every = dict(sorted(files.items())) | {f"{about.folder}/{name}": text.encode() for name, text in described.items()}
    every[f"{about.folder}/RECORD"] = _record(every, f"{about.folder}/RECORD").encode()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in every.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _record(files: Mapping[str, bytes], itself: str) -> str:
    """List every file with its digest and size, the list itself without either."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([itself, "", ""])
    return text.getvalue()
