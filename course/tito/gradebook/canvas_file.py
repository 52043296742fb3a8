"""Canvas' own gradebook file, with our scores in it: every column and line from Canvas stays as it is.

Canvas takes back the file that it gave out, and knows its assignments by the number in a heading (`tensor (4711)`), its
students by its own ID. So our scores are written into that file: into the column of a module if there is one, otherwise
into a new one at the end. A student is found by `SIS Login ID`, with the roster's own rule for names.
"""

import codecs
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange.protocol.names import NoName, name_from
from tito.errors import TitoError

LOGIN, STUDENT, POSSIBLE = "SIS Login ID", "Student", "Points Possible"
SEPARATORS = (",", ";", "\t")
DECIMAL = re.compile(r"\d+(\.\d+)?")
NUMBERED = re.compile(r"(?P<title>.*?) *\(\d+\)")


@dataclass
class Filled:
    """The file's text with scores, and which of our students are not in it."""

    text: str
    changed: int
    missing: list[str] = field(default_factory=list)
    other_maximum: list[str] = field(default_factory=list)
    """Columns in which Canvas has a different maximum from ours, with both."""


def fill(file: bytes, name: str, modules: Mapping[str, list[dict[str, Any]]], missing_as_zero: bool = False) -> Filled:
    """Write the scores of {module: rows} into Canvas' file; raise TitoError if it is not one."""
    text = _text(file, name)
    mark = "\ufeff" if file.startswith(codecs.BOM_UTF8) else ""
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    lines = _lines(table, name)
    before = [list(row) for row in table]
    other: list[str] = []
    for module, rows in modules.items():
        at = _fill_column(table, lines, module, [row for row in rows if row["on_roster"]], missing_as_zero)
        other += _other_maximum(table, at, module, rows)
    ours = {row["student"] for rows in modules.values() for row in rows if row["on_roster"]}
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(table)
    changed = sum(a != b for old, new in zip(before, table, strict=True) for a, b in zip(old, new, strict=False))
    added = sum(cell != "" for old, new in zip(before, table, strict=True) for cell in new[len(old) :])
    return Filled(mark + out.getvalue(), changed + added, sorted(ours - lines.keys()), other)


def _text(file: bytes, name: str) -> str:
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TitoError(f"{name} is not UTF-8 text as Canvas writes it ({error}): export it there again") from error


def _lines(table: list[list[str]], name: str) -> dict[str, int]:
    """Return the line of each student, by our name for them."""
    headings = table[0] if table else []
    if LOGIN not in headings or STUDENT not in headings:
        raise TitoError(
            f"{name} is not Canvas' gradebook: its first line has no {LOGIN!r}. Export it there with Grades, Export, "
            "Export Entire Gradebook; if that has no SIS Login ID, students have no login that the roster could know"
        )
    if uneven := [number for number, row in enumerate(table, 1) if len(row) != len(headings)]:
        raise TitoError(f"{name}: line {uneven[0]} has more or fewer fields than the first: export it again")
    at, found = headings.index(LOGIN), {}
    for number, row in enumerate(table[1:], 1):
        try:
            found[name_from(row[at].strip())] = number
        except NoName:
            continue  # the points possible, the test student, somebody without a login
    return found


def _fill_column(
    table: list[list[str]], lines: dict[str, int], module: str, rows: list[dict[str, Any]], missing_as_zero: bool
) -> int:
    at = _column(table, module, rows)
    for row in rows:
        score = 0.0 if row["score"] is None and missing_as_zero else row["score"]
        if score is not None and row["student"] in lines:
            table[lines[row["student"]]][at] = f"{score:.10g}"
    return at


def _other_maximum(table: list[list[str]], at: int, module: str, rows: list[dict[str, Any]]) -> list[str]:
    theirs = next((row[at].strip() for row in table[1:] if _is_possible(table, row)), "")
    ours = f"{rows[0]['max_score']:.10g}" if rows else ""
    same = not theirs or not ours or not DECIMAL.fullmatch(theirs) or float(theirs) == float(ours)
    return [] if same else [f"{module}: {theirs} there, {ours} here"]


def _is_possible(table: list[list[str]], row: list[str]) -> bool:
    return row[table[0].index(STUDENT)].strip() == POSSIBLE


def _column(table: list[list[str]], module: str, rows: list[dict[str, Any]]) -> int:
    """Return the place of a module's column, made at the end if Canvas has none."""
    for alike in (str, str.lower):  # as it is written first, then by its letters alone
        for at, heading in enumerate(table[0]):
            numbered = NUMBERED.fullmatch(heading)
            if alike(module) in (alike(heading), alike(numbered["title"] if numbered else heading)):
                return at
    for row in table:
        row.append("")
    table[0][-1] = module
    for row in table[1:]:
        if _is_possible(table, row):
            row[-1] = f"{rows[0]['max_score']:.10g}" if rows else ""
    return len(table[0]) - 1
