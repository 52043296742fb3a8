"""How much of a notebook is graded, and what is left of a larger one: all code and answers, and its smaller outputs.

A file is sent and kept byte for byte. It is cut only when it is read: the judge reads a large notebook without its
largest outputs, and a client that calls the same function knows before the upload which these will be.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from exchange.protocol.spans import Span, Unreadable, Walker

MB = 2**20
LARGEST_NOTEBOOK = 24 * MB  # bytes that are read in full; a solved module without outputs has 0.1 MB
LARGEST_SNAPSHOT = 2_000_000  # bytes of one attached to a question; read as text by whoever answers
LARGEST_OUTPUTS = 4_000_000  # characters of all saved outputs of a notebook that a grader sees
MOST_OUTPUTS = 20  # of one cell
MOST_CELLS = 10_000  # that are read; the judge wants fewer
LARGEST_METADATA = 64_000  # bytes of nbgrader's own metadata, which name a cell
MOST_NAMED = 10  # cut outputs that are listed one by one
_NOT_SHOWN = re.compile(r"[^\w.+/ -]")


@dataclass(frozen=True)
class Cut:
    """An output that is not read: the number of its cell (from 1), what it was, how many bytes."""

    cell: int
    what: str
    size: int

    @property
    def words(self) -> str:
        return f"{self.what}, {megabytes(self.size)}"

    @property
    def line(self) -> str:
        """The line that replaces the output."""
        return f"[output cut on arrival: {self.words}; of a notebook over {LARGEST_NOTEBOOK // MB} MB the largest go]\n"


@dataclass
class Large:
    """A large notebook as it is read: the parts that count, as from `json.loads`, and what was cut, largest first."""

    document: dict[str, Any]
    cuts: list[Cut]


@dataclass(frozen=True)
class _Output:
    span: Span
    what: str


@dataclass
class _Cell:
    fields: dict[str, Span] = field(default_factory=dict)
    nbgrader: Span | None = None
    outputs: list[_Output] = field(default_factory=list)
    more_bytes: int = 0


def megabytes(size: int) -> str:
    """Write a size for people."""
    return f"{size / MB:.1f} MB"


def tell(cuts: list[Cut]) -> list[str]:
    """Describe cut outputs for people, the largest first, the many small ones together."""
    lines = [f"cell {cut.cell}: {cut.words}" for cut in cuts[:MOST_NAMED]]
    rest = cuts[MOST_NAMED:]
    return lines + ([f"and {len(rest)} more, {megabytes(sum(cut.size for cut in rest))} in all"] if rest else [])


def read_large(file: BinaryIO) -> Large:
    """Read a notebook of any size: outputs are cut, largest first, until the rest fit into LARGEST_OUTPUTS.

    Metadata (except nbgrader's), attachments and widgets' state are left out, as nobody reads them. Raise Unreadable.
    """
    walker = Walker(file)
    nbformat, cells = _walk(walker)
    size = sum(span.size for cell in cells if cell for span in cell.fields.values())
    if size > LARGEST_NOTEBOOK:
        raise Unreadable(f"its code and text alone have {megabytes(size)}")
    cut = _choose([output for cell in cells if cell for output in cell.outputs])
    cuts: list[Cut] = []
    made = [_read_cell(walker, number, cell, cut, cuts) for number, cell in enumerate(cells, start=1)]
    document: dict[str, Any] = {"nbformat": walker.read(nbformat) if nbformat else None}
    if cells:
        document["cells"] = made
    return Large(document, sorted(cuts, key=lambda each: -each.size))


def largest_cells(file: BinaryIO) -> list[tuple[int, int]]:
    """List (number, bytes of outputs) of the cells that have any, the largest first; raise Unreadable."""
    _, cells = _walk(Walker(file))
    sizes = [
        (number, sum(output.span.size for output in cell.outputs) + cell.more_bytes)
        for number, cell in enumerate(cells, start=1)
        if cell
    ]
    return sorted(((number, size) for number, size in sizes if size), key=lambda each: -each[1])


def _choose(outputs: list[_Output]) -> set[int]:
    """Return the outputs to cut, by where they start."""
    left = sum(output.span.size for output in outputs)
    chosen = set()
    for output in sorted(outputs, key=lambda each: -each.span.size):
        if left <= LARGEST_OUTPUTS:
            break
        chosen.add(output.span.start)
        left -= output.span.size
    return chosen


def _read_cell(walker: Walker, number: int, cell: _Cell | None, cut: set[int], cuts: list[Cut]) -> Any:
    if cell is None:
        return None
    made = {name: walker.read(span) for name, span in cell.fields.items()}
    made["metadata"] = {"nbgrader": walker.read(cell.nbgrader)} if cell.nbgrader else {}
    own = [Cut(number, each.what, each.span.size) for each in cell.outputs if each.span.start in cut]
    made["outputs"] = [
        _line(Cut(number, each.what, each.span.size)) if each.span.start in cut else walker.read(each.span)
        for each in cell.outputs
    ]
    if cell.more_bytes:
        own.append(Cut(number, f"all but its first {MOST_OUTPUTS} outputs", cell.more_bytes))
        made["outputs"].append(_line(own[-1]))
    cuts += own
    return made


def _line(cut: Cut) -> dict[str, str]:
    return {"output_type": "stream", "name": "stdout", "text": cut.line}


def _walk(walker: Walker) -> tuple[Span | None, list[_Cell | None]]:
    nbformat: Span | None = None
    cells: list[_Cell | None] = []
    for name in walker.members():
        if name == "cells" and walker.next() == b"[":
            cells = []
            for _ in walker.items():
                if len(cells) == MOST_CELLS:
                    walker.leave()
                    break
                cells.append(_walk_cell(walker))
        elif name == "nbformat":
            nbformat = _short(walker.skip())
        else:
            walker.skip()
    if walker.next():
        raise Unreadable(f"something follows its end at byte {walker.at}")
    return nbformat, cells


def _short(span: Span) -> Span | None:
    return span if span.size <= LARGEST_METADATA else None


def _walk_cell(walker: Walker) -> _Cell | None:
    if walker.next() != b"{":
        walker.skip()
        return None
    cell = _Cell()
    for name in walker.members():
        if name in ("cell_type", "source", "input"):
            cell.fields[name] = walker.skip()
        elif name == "metadata" and walker.next() == b"{":
            cell.nbgrader = _member(walker, "nbgrader")
        elif name == "outputs" and walker.next() == b"[":
            _walk_outputs(walker, cell)
        else:
            walker.skip()
    return cell


def _member(walker: Walker, wanted: str) -> Span | None:
    found = None
    for name in walker.members():
        span = walker.skip()
        found = _short(span) if name == wanted else found
    return found


def _walk_outputs(walker: Walker, cell: _Cell) -> None:
    cell.outputs, cell.more_bytes = [], 0
    for _ in walker.items():
        if len(cell.outputs) == MOST_OUTPUTS:
            cell.more_bytes = walker.leave().size
            return
        cell.outputs.append(_walk_output(walker))


def _walk_output(walker: Walker) -> _Output:
    """Find out what an output is: a stream's name, or the largest of its kinds of data."""
    first, start = walker.next(), walker.at
    if first != b"{":
        return _Output(walker.skip(), "something else")
    kinds: dict[str, int] = {}
    for name in walker.members():
        if name == "data" and walker.next() == b"{":
            kinds.update(_sizes(walker, walker.members()))
        else:
            size = walker.skip().size
            if name in ("text", "traceback"):
                kinds["text" if name == "text" else "error"] = size
    largest = max(kinds, key=lambda kind: kinds[kind], default="data")
    return _Output(Span(start, walker.at - start), _NOT_SHOWN.sub("?", largest)[:60])


def _sizes(walker: Walker, names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = walker.skip().size
        if len(found) > MOST_OUTPUTS:
            found = {name: found[name]}
    return found
