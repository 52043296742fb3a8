"""The mistakes that `module.yaml` declares: the release warns of them, and each is a faulty variant of the reference.

A snippet is looked for between the solution's markers. Its lines after the first get the indentation of the line that
has the first, so that it can be written flush left in YAML.
"""

import re
from collections.abc import Iterable

from tito.checks.plan import BEGIN_SOLUTION, END_SOLUTION, stub_of, without_hidden
from tito.curriculum import Mistake
from tito.errors import TitoError
from tito.source.percent import Cell

# What may come before the words of a line in markdown, in a comment, and in a list in either.
_PREFIX = re.compile(r"^[\s>#*|-]*(?:\d+\.\s)?")


def faulty(source: str, mistake: Mistake) -> str:
    """Return a solution cell with the mistake; it is an error unless the snippet to replace occurs exactly once."""
    start, end = _region(source)
    places = _places(source, start, end, mistake.replace)
    if len(places) != 1:
        raise TitoError(
            f"{_first_line(mistake.replace)!r} must occur once in the solution, it occurs {len(places)} times"
        )
    (place,) = places
    indent = _indent(source, place)
    length = len(_indented(mistake.replace, indent))
    return source[:place] + _indented(mistake.by, indent) + source[place + length :]


def released_text(cells: Iterable[Cell]) -> str:
    """Return in one line all of a module's text that students read: no solutions, no hidden tests."""
    return fold("\n".join(_released(cell) for cell in cells))


def fold(text: str) -> str:
    """Join lines into one, without the marks before their words."""
    return " ".join(" ".join(_PREFIX.sub("", line) for line in text.splitlines()).split())


def _released(cell: Cell) -> str:
    return without_hidden(stub_of(cell.source, cell.name))


def _region(source: str) -> tuple[int, int]:
    """Where the solution begins and ends; students already have what is outside."""
    begin, end = source.find(BEGIN_SOLUTION), source.find(END_SOLUTION)
    if begin < 0 or end < begin:
        raise TitoError(f"the cell has no {BEGIN_SOLUTION!r} ... {END_SOLUTION!r}")
    return begin + len(BEGIN_SOLUTION), end


def _places(source: str, start: int, end: int, snippet: str) -> list[int]:
    first = _first_line(snippet)
    found = [match.start() for match in re.finditer(re.escape(first), source[start:end])]
    return [
        start + place
        for place in found
        if source[start:end].startswith(_indented(snippet, _indent(source, start + place)), place)
    ]


def _first_line(snippet: str) -> str:
    return snippet.strip("\n").split("\n")[0]


def _indent(source: str, place: int) -> str:
    line = source[source.rfind("\n", 0, place) + 1 :]
    return line[: len(line) - len(line.lstrip(" "))]


def _indented(snippet: str, indent: str) -> str:
    """The snippet as it is in the cell: lines after the first are indented like that line."""
    first, *others = snippet.strip("\n").split("\n")
    return "\n".join([first, *(indent + line if line.strip() else "" for line in others)])
