"""The first sheet of an .xlsx file as rows of text; the file is somebody's upload, so nothing in it is trusted.

If a number's format is all zeros (`0000000`), it is written as the sheet shows it; whole numbers have no point.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import NoReturn
from xml.etree import ElementTree

LARGEST_PART_BYTES = 64 * 2**20  # a sheet of 300 students has some 100 kB; a bomb has more
MOST_COLUMNS = 1000
EXACT_DIGITS = 15  # a spreadsheet's number has no more, so the rest of a longer one is lost
FIRST_SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")
ALL_ZEROS = re.compile(r"0{2,30}")
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class NoSheet(ValueError):
    """The file can't be read as a sheet; `line` is where, the text says what is wrong."""

    def __init__(self, said: str, line: int = 1) -> None:
        super().__init__(said)
        self.line = line


def rows_of(content: bytes) -> list[list[str]]:
    """Return the cells of the first sheet, a list for each of its lines from the first; raise NoSheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            shared = _texts(_part(book, "xl/sharedStrings.xml"))
            formats = _zeros(_part(book, "xl/styles.xml"))
            sheet = _part(book, _first_sheet(book))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise NoSheet(f"is a damaged spreadsheet ({error})") from None
    if sheet is None:
        raise NoSheet("is not an .xlsx spreadsheet: it has no sheet")
    return _rows(sheet, shared, formats)


def _first_sheet(book: zipfile.ZipFile) -> str:
    """Return the file of the first sheet in the workbook."""
    workbook, links = _part(book, "xl/workbook.xml"), _part(book, "xl/_rels/workbook.xml.rels")
    files = sorted((name for name in book.namelist() if FIRST_SHEET.fullmatch(name)), key=lambda n: (len(n), n))
    targets = {each.get("Id"): each.get("Target", "") for each in links} if links is not None else {}
    sheets = [each for each in workbook.iter() if _tag(each) == "sheet"] if workbook is not None else []
    if not sheets:
        return files[0] if files else ""
    first = next((value for key, value in sheets[0].attrib.items() if key.endswith("}id")), "")
    target = targets.get(first, "")
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _part(book: zipfile.ZipFile, name: str) -> ElementTree.Element | None:
    """Return one part's tree, None if it is not there."""
    try:
        with book.open(name) as file:
            content = file.read(LARGEST_PART_BYTES + 1)
    except KeyError:
        return None
    if len(content) > LARGEST_PART_BYTES:
        raise NoSheet("is larger, once unpacked, than a class can be")
    if b"<!" in content.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise NoSheet("defines entities of its own, which no spreadsheet does")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NoSheet(f"is a damaged spreadsheet ({name}: {error})") from None


def _texts(part: ElementTree.Element | None) -> list[str]:
    return [] if part is None else [_text(item) for item in part]


def _text(item: ElementTree.Element) -> str:
    """Join the runs of a text, without its phonetic hints."""
    if _tag(item) == "rPh":
        return ""
    return "".join([item.text or "" if _tag(item) == "t" else "", *map(_text, item)])


def _zeros(part: ElementTree.Element | None) -> list[int]:
    """Return, for each style, to how many digits numbers are padded with zeros."""
    if part is None:
        return []
    codes = {each.get("numFmtId"): each.get("formatCode", "") for each in part.iter() if _tag(each) == "numFmt"}
    styles = next((each for each in part if _tag(each) == "cellXfs"), ())
    shown = (codes.get(style.get("numFmtId"), "") for style in styles)
    return [len(code) if ALL_ZEROS.fullmatch(code) else 0 for code in shown]


def _rows(sheet: ElementTree.Element, shared: list[str], formats: list[int]) -> list[list[str]]:
    found: list[list[str]] = []
    for row in (each for each in sheet.iter() if _tag(each) == "row"):
        line = int(row.get("r") or len(found) + 1)
        if not len(found) < line <= len(found) + 100_000:
            _damaged(line)
        found += [[] for _ in range(line - len(found))]
        for column, text in _cells(row, line, shared, formats):
            found[-1] += [""] * (column - len(found[-1])) + [text]
    while found and not any(found[-1]):
        found.pop()
    return found


def _cells(row: ElementTree.Element, line: int, shared: list[str], formats: list[int]) -> Iterator[tuple[int, str]]:
    at = -1
    for cell in (each for each in row if _tag(each) == "c"):
        column = _column(cell.get("r"), at + 1, line)
        if not at < column < MOST_COLUMNS:
            _damaged(line)
        at = column
        try:
            yield column, _value(cell, line, shared, formats)
        except (IndexError, ValueError, OverflowError) as error:
            if isinstance(error, NoSheet):
                raise
            _damaged(line)


def _column(place: str | None, following: int, line: int) -> int:
    """Return the column of a place such as C7, from 0."""
    if place is None:
        return following
    found = CELL.fullmatch(place)
    if not found:
        _damaged(line)
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, line: int, shared: list[str], formats: list[int]) -> str:
    kind, value = cell.get("t", "n"), next((each.text or "" for each in cell if _tag(each) == "v"), "")
    if kind == "inlineStr":
        return "".join(_text(each) for each in cell if _tag(each) == "is")
    if kind == "s":
        return shared[_index(value)]
    if kind != "n" or not value:
        return value
    number, style = float(value), _index(cell.get("s") or "0")
    if number != int(number):
        return value
    digits = str(int(number))
    if len(digits) > EXACT_DIGITS:
        raise NoSheet(f"contains the number {digits}, of which a spreadsheet keeps only {EXACT_DIGITS} digits", line)
    return digits.zfill(formats[style] if style < len(formats) else 0)


def _index(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _damaged(line: int) -> NoReturn:
    raise NoSheet("is a damaged spreadsheet", line)
