"""What a worker's machine gets, as bytes: the course's part for one module, and a submission with the earlier ones.

There need not be a shared disk. The course's part is named by its digest and sent to a machine once; there it is
checked against that name. Names in a bundle are checked before anything is written.
"""

import hashlib
import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tito.curriculum import Curriculum, Module
from tito.errors import TitoError
from tito.judge.read import MOST_ENTRIES, NOTEBOOK_ENDINGS

LENGTH = struct.Struct("<I")
MOST_PARTS = 64  # in a path in a bundle


class BadBundle(TitoError):
    """The bytes are not a bundle; nothing was written."""


@dataclass(frozen=True)
class Entry:
    """A regular file with the content that the judge reads, a folder, or a link (which nobody follows)."""

    kind: str  # "file", "folder" or "link"
    content: bytes = b""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def course_part(curriculum: Curriculum, module: Module) -> bytes:
    """Pack the parts of the course that judging a module needs: its source and those of all modules before it."""
    course = module.source.parents[2]
    paths = [course / "semesters" / "tiers.yaml"]
    for each in (*curriculum.before(module), module):
        paths += [each.source.with_name("module.yaml"), *([each.source] if each.is_written else [])]
    return pack({path.relative_to(course).as_posix(): Entry("file", path.read_bytes()) for path in paths})


def submission_entries(folder: Path, below: str) -> dict[str, Entry]:
    """List what the judge can see of a submission's folder: all names, and the content of possible notebooks."""
    found = {below: Entry("folder")}
    with os.scandir(folder) as entries:
        for each, _ in zip(entries, range(MOST_ENTRIES), strict=False):
            found[f"{below}/{each.name}"] = _entry(each)
    return found


def _entry(each: os.DirEntry) -> Entry:
    if each.is_symlink():
        return Entry("link")
    if not each.is_file(follow_symlinks=False):
        return Entry("folder")
    is_notebook = each.name.lower().endswith(NOTEBOOK_ENDINGS)
    return Entry("file", Path(each.path).read_bytes() if is_notebook else b"")


def pack(entries: dict[str, Entry]) -> bytes:
    """Write entries as bytes: the same entries give the same bytes."""
    names = sorted(entries)
    index = json.dumps([[name, entries[name].kind, len(entries[name].content)] for name in names]).encode()
    return LENGTH.pack(len(index)) + index + b"".join(entries[name].content for name in names)


def unpack(data: bytes, into: Path) -> None:
    """Write a bundle's entries below `into`; if it is not a bundle, raise BadBundle and write nothing."""
    entries = _entries(data)
    for name, entry in entries.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "folder":
            path.mkdir(exist_ok=True)
        elif entry.kind == "link":
            path.symlink_to("nowhere")
        else:
            path.write_bytes(entry.content)


def _entries(data: bytes) -> dict[str, Entry]:
    try:
        (size,) = LENGTH.unpack_from(data)
        index = json.loads(data[LENGTH.size : LENGTH.size + size])
        found, at = {}, LENGTH.size + size
        for name, kind, length in index:
            found[_checked(name)] = Entry(kind, data[at : at + length])
            at += length
    except (ValueError, TypeError, struct.error, RecursionError) as error:
        raise BadBundle(f"the bytes are not a bundle of files: {error}") from None
    if at != len(data) or any(entry.kind not in ("file", "folder", "link") for entry in found.values()):
        raise BadBundle("the bytes are not a bundle of files: sizes or kinds are wrong")
    return found


def _checked(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or len(path.parts) > MOST_PARTS or "\0" in name:
        raise ValueError(f"{name!r} is not a name within a folder")
    return name
