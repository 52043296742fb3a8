"""Read the modules out of a file that claims to come from `tito package export`; its author is not trusted.

Promises: nothing in it is unpacked to disk or run; only names that an export has are accepted; no size that it claims
is believed; every fault is reported with the name and the remedy.
"""

import ast
import io
import json
import re
import stat
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

from tito.errors import TitoError

PACKAGE = "tinytorch"
VERSION_ENDS = "+own"
OWN = "own_modules.json"  # in the folder that describes the wheel: which modules are the student's own
MOST_FILE_BYTES = 16_000_000  # of the wheel; a complete one has a tenth of that, most of it data sets
MOST_MEMBERS = 1_000  # a complete one has about 200
MOST_MODULE_BYTES = 1_000_000  # the largest reference has 40,000
MOST_LIST_BYTES = 10_000
ENCRYPTED = 0x1
ENTRY = b"PK\x01\x02"  # begins each entry of an archive's list of contents
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, OverflowError,
           UnicodeDecodeError, ValueError)  # fmt: skip
AGAIN = "make it again with 'tito package export'"
_NAME = re.compile(rf"{PACKAGE}(-[0-9A-Za-z.+_]+\.dist-info)?(/[0-9A-Za-z_.-]+)+")
_LIST = re.compile(rf"{PACKAGE}-[0-9A-Za-z.+_]+\.dist-info/{re.escape(OWN)}")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,40}")


def own_modules(path: Path) -> dict[str, str]:
    """Return the code of each module that the exporting student had built, by slug."""
    content = _content(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _modules(archive, _members(archive))
    except DAMAGED as error:
        raise TitoError(f"{path.name} is damaged ({error}): {AGAIN}.") from None


def _content(path: Path) -> bytes:
    """Read the file, if it could be an export at all."""
    if not path.is_file():
        raise TitoError(f"there is no file {path}: name the .whl that 'tito package export' wrote.")
    size = path.stat().st_size
    if size > MOST_FILE_BYTES:
        raise TitoError(f"{path.name} has {size:,} bytes; at most {MOST_FILE_BYTES:,} are allowed: {AGAIN}.")
    content = path.read_bytes()
    count = content.count(ENTRY)  # before zipfile builds a list that is far too long in memory
    if count > MOST_MEMBERS:
        raise TitoError(f"{path.name} contains {count:,} files; at most {MOST_MEMBERS:,} are allowed: {AGAIN}.")
    return content


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by name; refuse those that no export has."""
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        _require_plain(member)
        if member.filename in members:
            raise TitoError(f"{member.filename[:80]!r} is in the file twice: {AGAIN}.")
        members[member.filename] = member
    return members


def _require_plain(member: zipfile.ZipInfo) -> None:
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    if not _NAME.fullmatch(name) or len(name) > 200 or {".", ".."} & set(name.split("/")):
        raise TitoError(f"{name[:80]!r} is not a name that an export contains: {AGAIN}.")
    if kind not in (0, stat.S_IFREG) or member.is_dir():
        raise TitoError(f"{name[:80]!r} is a link or a folder; an export contains only plain files: {AGAIN}.")
    if member.flag_bits & ENCRYPTED:
        raise TitoError(f"{name[:80]!r} is encrypted; an export is not: {AGAIN}.")


def _modules(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    lists = [name for name in members if _LIST.fullmatch(name)]
    if len(lists) != 1:
        raise TitoError(f"the file has {len(lists)} {OWN}; an export has one: {AGAIN}.")
    found = {}
    for slug in _listed(_read(archive, members[lists[0]], MOST_LIST_BYTES)):
        name = f"{PACKAGE}/core/{slug}.py"
        if name not in members:
            raise TitoError(f"{OWN} names {slug}, but there is no {name}: {AGAIN}.")
        found[slug] = code_of(_read(archive, members[name], MOST_MODULE_BYTES), name)
    return found


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """Read one file, but never more than `most` bytes, regardless of the size that it claims."""
    with archive.open(member) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise TitoError(f"{member.filename} has more than {most:,} bytes, too many for an export: {AGAIN}.")
    return content


def _listed(content: bytes) -> list[str]:
    """Read the list of modules."""
    try:
        slugs = json.loads(content)["modules"]
        if isinstance(slugs, list) and all(isinstance(s, str) and _SLUG.fullmatch(s) for s in slugs):
            return list(dict.fromkeys(slugs))
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise TitoError(f'{OWN} must be {{"modules": ["tensor", ...]}}: {AGAIN}.')


def code_of(content: bytes, name: str) -> str:
    """Return the text of a module, if it is Python; it is not run."""
    try:
        text = content.decode("utf-8")
        with warnings.catch_warnings(action="ignore"):  # about "\d" and the like: its author was warned already
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TitoError(f"{name} is not Python ({type(error).__name__}: {error}): {AGAIN}.") from None
    return text
