"""Receipts and unanswered submissions, kept in the student's own folder (`$TINYTORCH_HOME/.receipts`)."""

import contextlib
import json
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from exchange.protocol.bundle import bundle_digest
from exchange.protocol.models import FileInfo, Refused, SignedReceipt, plain
from exchange.protocol.receipt import read_receipt

_NAME = re.compile(r"(?P<assignment>.+)-(?P<attempt>\d+)\.json")


def default_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Find the folder where a student's receipts are kept."""
    env = os.environ if environ is None else environ
    return Path(env.get("TINYTORCH_HOME") or Path.home() / "tinytorch") / ".receipts"


class ReceiptFolder:
    """One file per receipt, `COURSE/ASSIGNMENT-ATTEMPT.json`, and one per submission whose answer is still awaited."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def save(self, signed: SignedReceipt, cut: Sequence[str] = ()) -> Path:
        """Keep a receipt and, outside its signed part, which outputs graders will not see."""
        receipt = signed.receipt
        path = self.folder / receipt.course / f"{receipt.assignment}-{receipt.attempt}.json"
        _write(path, json.dumps(plain(signed) | ({"cut": list(cut)} if cut else {}), indent=2) + "\n")
        return path

    def saved(self) -> list[tuple[Path, SignedReceipt]]:
        """List all receipts by course, assignment and attempt."""
        found = [p for p in self.folder.glob("*/*.json") if _NAME.fullmatch(p.name)]
        receipts = [(path, load(path)) for path in found]
        return sorted(receipts, key=lambda r: (r[1].receipt.course, r[1].receipt.assignment, r[1].receipt.attempt))

    def key_for(self, course: str, assignment: str, files: list[FileInfo]) -> str:
        """Return the key of this upload: that of an unanswered upload with the same content, else a new one, which is
        saved first.
        """
        path, digest = self._pending(course, assignment), bundle_digest(files)
        try:
            known = json.loads(path.read_text())
            if known["digest"] == digest:
                return str(known["key"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none, or unreadable: the service then sees a new attempt, which loses nothing
        key = uuid.uuid4().hex
        # A full home must not keep a student from submitting; only a retry by hand then counts as a new attempt.
        with contextlib.suppress(OSError):
            _write(path, json.dumps({"key": key, "digest": digest}))
        return key

    def answered(self, course: str, assignment: str) -> None:
        """Forget the key of an upload that was answered."""
        with contextlib.suppress(OSError):
            self._pending(course, assignment).unlink(missing_ok=True)

    def _pending(self, course: str, assignment: str) -> Path:
        return self.folder / course / f"{assignment}.unanswered"


def load(path: Path) -> SignedReceipt:
    """Read one receipt file."""
    try:
        return read_receipt(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise Refused("the receipt can't be read", f"{path}: {error}", "`tito receipt list` shows yours") from error


def outputs_cut(path: Path) -> list[str]:
    """Read from a receipt file which outputs graders will not see."""
    try:
        return [str(line) for line in json.loads(path.read_text()).get("cut", [])]
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())  # otherwise a power cut may leave an empty file
    temporary.replace(path)
