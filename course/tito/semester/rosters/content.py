"""A roster's bytes as text, no matter which program wrote them: line 7 of the file or sheet is line 7 of the text."""

import codecs
import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from tito.semester.problems import Problem, SemesterError
from tito.semester.rosters.spreadsheet import NoSheet, rows_of

LARGEST_BYTES = 20 * 2**20
ZIP, OLD_EXCEL, OPEN_DOCUMENT = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"mimetypeapplication/vnd.oasis.opendocument"
MARKS = (  # the longer first: UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8-SIG"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# Without a mark, NULs in the first characters show the encoding: a heading begins with a letter or a quote.
NULS = (
    (re.compile(rb"[^\0]\0\0\0"), "UTF-32-LE"),
    (re.compile(rb"\0\0\0[^\0]"), "UTF-32-BE"),
    (re.compile(rb"[^\0]\0"), "UTF-16-LE"),
    (re.compile(rb"\0[^\0]"), "UTF-16-BE"),
)
WINDOWS = "Windows-1252"
ANEW = "save it as CSV UTF-8"


class Content(NamedTuple):
    """A roster as text, and what it was: `kind` is an encoding's name or "Excel"."""

    text: str
    kind: str


def read_content(path: Path) -> Content:
    """Return the text of the roster file at `path`; raise SemesterError with the line that can't be read."""
    return content_of(path.read_bytes(), str(path))


def content_of(content: bytes, name: str) -> Content:
    """Return the text of a roster's bytes; `name` is what messages call it."""
    if len(content) > LARGEST_BYTES:
        raise _refused(name, 1, f"is larger than {LARGEST_BYTES // 2**20} MiB", "check that this file is the roster")
    if content.startswith(OLD_EXCEL):
        raise _refused(name, 1, "is an old or locked Excel file", "save it as .xlsx without a password, or CSV UTF-8")
    if content.startswith(ZIP):
        return _of_spreadsheet(content, name)
    for encoding in _encodings(content):
        try:
            return Content(content.decode(encoding).removeprefix("\ufeff"), encoding.removesuffix("-SIG"))
        except UnicodeDecodeError as error:
            line, rule = content[: error.start].count(b"\n") + 1, f"is not {encoding.removesuffix('-SIG')}"
    raise _refused(name, line, rule, ANEW)


def _encodings(content: bytes) -> list[str]:
    """Return what to try: the encoding that the bytes show, else UTF-8, else what Excel writes by default."""
    if marked := [encoding for mark, encoding in MARKS if content.startswith(mark)]:
        return marked[:1]
    if nuls := [encoding for pattern, encoding in NULS if pattern.match(content)]:
        return nuls[:1]
    return ["UTF-8"] if b"\0" in content else ["UTF-8", WINDOWS]


def _of_spreadsheet(content: bytes, name: str) -> Content:
    if OPEN_DOCUMENT in content[:200]:
        raise _refused(name, 1, "is an OpenDocument file", "save it as .xlsx or CSV UTF-8")
    try:
        rows = rows_of(content)
    except NoSheet as error:
        raise _refused(name, error.line, str(error), "save it as CSV UTF-8, with student numbers as text") from None
    width = max((len(row) for row in _trimmed(rows)), default=0)
    return Content("".join(_line(row, width) for row in _trimmed(rows)), "Excel")


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Leave out what is empty at the end of each line, and line ends inside a cell."""
    found = []
    for row in rows:
        cells = [" ".join(cell.replace("\0", "").split()) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        found.append(cells)
    return found


def _line(cells: list[str], width: int) -> str:
    if not cells:
        return "\n"
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([*cells, *[""] * (width - len(cells))])
    return text.getvalue()


def _refused(name: str, line: int, rule: str, remedy: str) -> SemesterError:
    return SemesterError([Problem(name, line, "roster", "", rule, remedy)])
