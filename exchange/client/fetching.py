"""Fetch a release into a student's home: a copy to work on, and one that stays untouched, for `reset` and for tests.

A student's files are never overwritten: an existing folder gets only the files that it lacks, and only on request.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from exchange.protocol.models import Assignment, FileInfo, Refused, Submission

if TYPE_CHECKING:
    from exchange.client.exchange_client import ExchangeClient

EARLIER = ".earlier"  # next to the releases: those that were replaced


class Source(Protocol):
    """Where a release comes from: an `ExchangeClient` or a `Reader`."""

    def fetch_release(self, course: str, assignment: str, target: Path) -> list[FileInfo]: ...


@dataclass(frozen=True)
class Fetched:
    """Where the assignment is, which files were put there, and which were there already."""

    folder: Path
    written: list[str]
    kept: list[str]
    corrected: bool = False  # the course has replaced the release that was fetched earlier


def default_releases(environ: Mapping[str, str] | None = None) -> Path:
    """Find the folder where untouched releases are kept."""
    env = os.environ if environ is None else environ
    return Path(env.get("TINYTORCH_HOME") or Path.home() / "tinytorch").expanduser() / ".releases"


def fetch_folder(
    client: Source, course: str, assignment: str, folder: Path, releases: Path, add_missing: bool = False
) -> Fetched:
    """Fetch a release into `folder`, and an untouched copy into `releases/ASSIGNMENT`."""
    if folder.exists() and not add_missing:
        raise Refused(
            "fetching never overwrites your files",
            f"you already have the folder {folder.name}",
            "to restore only missing files, fetch with --ExchangeFetchAssignment.replace_missing_files=True",
            409,
        )
    releases.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=releases) as scratch:
        fresh = Path(scratch) / assignment
        paths = [f.path for f in client.fetch_release(course, assignment, fresh)]
        fetched = _add_missing(fresh, folder, paths) if folder.exists() else _put_whole(fresh, folder, paths)
        corrected = bool(fetched.kept) and _differs(fresh, releases / assignment, paths)
        _keep_earlier(releases, assignment, fresh)
        replace_folder(fresh, releases / assignment)
    return replace(fetched, corrected=corrected)


def _keep_earlier(releases: Path, assignment: str, fresh: Path) -> None:
    """Keep the notebooks of a release that is replaced: comparing with them shows what a student wrote."""
    for path in (releases / assignment).glob("*.ipynb"):
        digest = _sha256(path)
        if not (fresh / path.name).is_file() or _sha256(fresh / path.name) != digest:
            target = releases / EARLIER / assignment / f"{digest[:16]}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _differs(fresh: Path, earlier: Path, paths: list[str]) -> bool:
    return earlier.is_dir() and any(
        not (earlier / p).is_file() or (earlier / p).read_bytes() != (fresh / p).read_bytes() for p in paths
    )


def is_fetched(assignment: Assignment, folder: Path, releases: Path) -> bool:
    """Tell whether a fetch would change nothing: the folder exists, and the untouched copy is of the newest release."""
    kept = releases / assignment.id
    if not folder.is_dir():
        return False
    return all((kept / f.path).is_file() and _sha256(kept / f.path) == f.sha256 for f in assignment.files)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_feedback_folder(client: "ExchangeClient", submission: Submission, target: Path) -> None:
    """Put a submission's feedback into `target`, replacing older feedback."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as scratch:
        fresh = Path(scratch) / target.name
        client.fetch_feedback(submission.course, submission.id, fresh)
        replace_folder(fresh, target)


def _put_whole(fresh: Path, folder: Path, paths: list[str]) -> Fetched:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        copy = Path(scratch) / folder.name
        shutil.copytree(fresh, copy)
        copy.rename(folder)
    return Fetched(folder, paths, [])


def _add_missing(fresh: Path, folder: Path, paths: list[str]) -> Fetched:
    missing = [path for path in paths if not os.path.lexists(folder / path)]
    for path in missing:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copy(fresh / path, temporary)
        temporary.replace(target)
    return Fetched(folder, missing, [path for path in paths if path not in missing])


def replace_folder(fresh: Path, target: Path) -> None:
    """Replace the folder `target` with `fresh`. At every moment `target` is complete or, between two renames,
    absent.
    """
    old = None
    if os.path.lexists(target):
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
        target.rename(old / target.name)
    fresh.rename(target)
    if old is not None:
        shutil.rmtree(old)
