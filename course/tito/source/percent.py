"""Read a module's source in Jupytext's percent format: a list of cells with their line numbers.

Jupytext itself reads the same cells (a test compares them); this reader adds line numbers for messages, and makes
Jupytext unnecessary in build environments and on students' servers.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from tito.errors import Finding, FindingsError

_MARKER = re.compile(r"^# %%(?P<rest>.*)$")
_METADATA = re.compile(r"(?P<key>[\w.-]+)=")
# Jupytext comments magics out, so that the source stays a Python file.
_MAGIC = re.compile(r"^# ([%!][A-Za-z])")
DIRECTIVE = re.compile(r"^#\|\s*(?P<word>\w+)\s*(?P<value>.*?)\s*$")


@dataclass
class Cell:
    """One cell; `line` is the line of its first text in the file, `number` counts all cells from 1."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    line: int
    number: int
    title: str = ""
    metadata: dict = field(default_factory=dict)

    @property
    def nbgrader(self) -> dict:
        return self.metadata.get("nbgrader", {})

    @property
    def name(self) -> str:
        """The cell's grade_id, or "" if it has none."""
        return self.nbgrader.get("grade_id", "")

    def directives(self) -> dict[str, str]:
        """Read `#| word value` lines at the top of a code cell."""
        found = {}
        for line in self.source.splitlines() if self.kind == "code" else ():
            match = DIRECTIVE.match(line)
            if not match:
                break
            found[match["word"]] = match["value"]
        return found


def read_percent(path: Path) -> list[Cell]:
    """Read a source file's cells."""
    return parse_percent(path.read_text(encoding="utf-8"), path)


def parse_percent(text: str, path: Path) -> list[Cell]:
    """Split the text of a percent file into cells; `path` is for messages."""
    lines = text.splitlines()
    cells: list[Cell] = []
    block: list[str] = []
    marker: tuple[str, int] | None = None
    for index, line in enumerate(lines):
        match = _MARKER.match(line)
        if not match:
            block.append(line)
            continue
        _close(cells, marker, block, path)
        marker, block = (match["rest"], index + 1), []
    _close(cells, marker, block, path)
    return cells


def _close(cells: list[Cell], marker: tuple[str, int] | None, block: list[str], path: Path) -> None:
    """Turn the lines since the last marker into a cell; a YAML header before the first marker is dropped."""
    rest, marker_line = marker or ("", 0)
    if marker is None:
        block = _without_header(block)
        if not any(line.strip() for line in block):
            return
    lead = 0
    while lead < len(block) and not block[lead].strip():
        lead += 1
    while block and not block[-1].strip():
        block.pop()
    kind, title, metadata = _read_marker(rest, path, marker_line)
    body = block[lead:]
    source = "\n".join(_uncomment(body) if kind != "code" else [_MAGIC.sub(r"\1", line) for line in body])
    cells.append(Cell(kind, source, marker_line + 1 + lead, len(cells) + 1, title, metadata))


def _without_header(block: list[str]) -> list[str]:
    """Blank out Jupytext's YAML header, keeping the line count."""
    if not block or block[0].strip() != "# ---":
        return block
    for index in range(1, len(block)):
        if block[index].strip() == "# ---":
            return [""] * (index + 1) + block[index + 1 :]
    return block


def _read_marker(rest: str, path: Path, line: int) -> tuple[str, str, dict]:
    kind = "code"
    metadata: dict = {}
    found = _METADATA.search(rest)
    head, tail = (rest[: found.start()], rest[found.start() :]) if found else (rest, "")
    bracket = re.search(r"\[(markdown|md|raw)\]", head)
    if bracket:
        kind = "raw" if bracket[1] == "raw" else "markdown"
        head = head[: bracket.start()] + head[bracket.end() :]
    while tail.strip():
        match = _METADATA.match(tail.strip())
        try:
            if not match:
                raise ValueError("expected key=value")
            rest_of_line = tail.strip()[match.end() :]
            value, end = json.JSONDecoder().raw_decode(rest_of_line)
        except ValueError as error:
            rule = 'cell metadata must be key=JSON, as in nbgrader={"grade_id": "add", "solution": true}'
            raise FindingsError([Finding(path, line, f"{rule}, not {tail.strip()!r} ({error})")]) from None
        metadata[match["key"]] = value
        tail = rest_of_line[end:]
    return kind, head.strip(), metadata


def _uncomment(lines: list[str]) -> list[str]:
    return [line[2:] if line.startswith("# ") else line[1:] if line.startswith("#") else line for line in lines]
