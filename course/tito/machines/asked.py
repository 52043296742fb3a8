"""One submission to be judged elsewhere: made by the grading service, read on the worker's machine.

`do` calls the judge's own function with the same arguments that it gets on one machine.
"""

import json
import struct
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from exchange.protocol.verdicts import ModuleResult
from tito.curriculum import Curriculum
from tito.errors import TitoError
from tito.judge.submission import judge_submission, program_version

from .bundles import BadBundle, pack, submission_entries, unpack

LENGTH = struct.Struct("<I")
SUBMITTED, EARLIER = "submitted", "earlier"


@dataclass(frozen=True)
class Asked:
    """What is judged and how; the files are sent with it."""

    slug: str
    seed: int
    mode: str
    visible_only: bool
    program: str  # the version on both sides; another one might judge differently

    def do(self, course: Path, files: Path) -> ModuleResult:
        """Judge the submission in `files` by the course in `course`."""
        if self.program != (here := program_version()):
            raise TitoError(f"this worker has version {here}, the grading service {self.program}: start it from the "
                            "image of the same version")  # fmt: skip
        earlier = files / EARLIER
        return judge_submission(
            files / SUBMITTED, self.slug, course=course, seed=self.seed, mode=self.mode,
            visible_only=self.visible_only, earlier=earlier if earlier.is_dir() else None,
        )  # fmt: skip


def package(asked: Asked, curriculum: Curriculum, folder: Path, earlier: Path | None) -> bytes:
    """Pack a submission, and the student's earlier modules if the mode may use them."""
    entries = submission_entries(folder, SUBMITTED)
    if earlier is not None and asked.mode != "reference":
        for each in curriculum.before(curriculum.find(asked.slug)):
            if (earlier / each.slug).is_dir():
                entries |= submission_entries(earlier / each.slug, f"{EARLIER}/{each.slug}")
    said = json.dumps(asdict(asked)).encode()
    return LENGTH.pack(len(said)) + said + pack(entries)


def judged(packed: bytes, course: Path) -> ModuleResult:
    """Unpack a package and judge it."""
    try:
        (size,) = LENGTH.unpack_from(packed)
        asked = Asked(**json.loads(packed[LENGTH.size : LENGTH.size + size]))
    except (ValueError, TypeError, struct.error) as error:
        raise BadBundle(f"the bytes are not a submission to be judged: {error}") from None
    with tempfile.TemporaryDirectory(prefix="tito-asked-") as folder:
        unpack(packed[LENGTH.size + size :], Path(folder))
        return asked.do(course, Path(folder))
