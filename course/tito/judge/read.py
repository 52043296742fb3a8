"""Read what a student submitted, whatever it is: return cells that can be judged, or a reason that they can act on.

The files are read here, before nbgrader sees them: only regular files, following no links, with limits on sizes, and
trusting nothing in them except the text of cells.
"""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from exchange.protocol.notebooks import LARGEST_NOTEBOOK, MB, Large, read_large, tell
from exchange.protocol.spans import Unreadable
from exchange.protocol.verdicts import Note
from tito.source.foreign import foreign_kind, foreign_words
from tito.source.percent import Cell

LARGEST_CELL = 200_000  # characters of source
LARGEST_TEXT = 2_000_000
MOST_CELLS = 2000
MOST_ENTRIES = 1000
NOTEBOOK_ENDINGS = (".ipynb", ".ipynb.txt", ".ipynb.json", ".json")


class NoSubmission(Exception):
    """The submission cannot be judged; the message is for its author."""


@dataclass
class Submission:
    """The cells of the submitted notebook, the parsed notebook itself, and notes for its author."""

    cells: list[Cell] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def read_submission(folder: Path, slug: str) -> Submission:
    """Read module `slug`'s notebook in a submission's folder; NoSubmission if it is unclear which one is meant."""
    found = Submission()
    chosen = _choose(folder, slug, found)
    name = _shown(chosen)
    with _open(folder, chosen) as file:
        if os.fstat(file.fileno()).st_size > LARGEST_NOTEBOOK:
            large = _parse_large(name, file)
            found.notes += [Note("", f"cut on arrival, so graders don't see it: {line}") for line in tell(large.cuts)]
            document = large.document
        else:
            document = _parse(name, file.read(LARGEST_NOTEBOOK), slug)
    found.document = document
    found.cells = _cells(document, name, found)
    if not any(cell.kind == "code" and cell.source.strip() for cell in found.cells):
        raise NoSubmission(f"{name} has no code cell with content: submit the notebook that you worked in")
    return found


def _choose(folder: Path, slug: str, found: Submission) -> str:
    """Find the file that is meant; a single notebook with another name is accepted, several are not."""
    wanted = f"{slug}.ipynb"
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for _, entry in zip(range(MOST_ENTRIES), entries, strict=False)]
    except (FileNotFoundError, NotADirectoryError):
        raise NoSubmission(f"no folder was submitted: submit {wanted}") from None
    if wanted in names:
        extra = sorted(name for name in names if name.endswith(".ipynb") and name != wanted)
        found.notes += [Note("", f"{_shown(name)} was ignored: only {wanted} counts") for name in extra[:5]]
        return wanted
    candidates = [n for end in NOTEBOOK_ENDINGS for n in sorted(names) if n.lower().endswith(end)]
    candidates = list(dict.fromkeys(candidates))
    notebooks = [name for name in candidates if name.lower().endswith(".ipynb")] or candidates
    near = [name for name in notebooks if slug in name.lower()]
    if len(notebooks) == 1 or len(near) == 1:
        chosen = (near if len(near) == 1 else notebooks)[0]
        found.notes.append(Note("", f"the file is called {_shown(chosen)} instead of {wanted}: it was graded anyway"))
        return chosen
    if not notebooks:
        listed = ", ".join(_shown(name) for name in sorted(names)[:8]) or "nothing"
        raise NoSubmission(f"{wanted} is missing; these files arrived: {listed}. Submit {wanted}")
    listed = ", ".join(map(_shown, notebooks[:8]))
    raise NoSubmission(f"several notebooks arrived and none is called {wanted}: {listed}. Submit one with that name")


def _shown(name: str) -> str:
    """Write a file's name so that it can be printed, whatever characters it has."""
    return repr(name)[1:-1][:80]


def _open(folder: Path, name: str) -> BinaryIO:
    """Open a regular file; links, pipes and devices are not opened."""
    try:
        fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NoSubmission(
            f"{_shown(name)} is not a file that can be read ({error.strerror}): submit the file itself, not a link"
        ) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NoSubmission(f"{_shown(name)} is not a file: submit the notebook itself")
    return os.fdopen(fd, "rb")


def _parse_large(name: str, file: BinaryIO) -> Large:
    """Read the parts that count of a notebook that is too large to be read whole."""
    try:
        return read_large(file)
    except Unreadable as error:
        raise NoSubmission(
            f"{name} is larger than {LARGEST_NOTEBOOK // MB} MB and can't be read in parts ({error}): clear the "
            "outputs (Edit > Clear All Outputs), save and submit again"
        ) from None


def _parse(name: str, data: bytes, slug: str) -> dict[str, Any]:
    if not data.strip(b"\0 \t\r\n"):
        raise NoSubmission(f"{name} is empty: save the notebook in JupyterLab and submit again")
    if b"<<<<<<< " in data and b">>>>>>> " in data:
        raise NoSubmission(f"{name} has the marks of a merge conflict (<<<<<<<): resolve it, save and submit again")
    if kind := foreign_kind(data[:200]):
        raise NoSubmission(f"{foreign_words(name, kind)} and submit again")
    try:
        document = json.loads(_text(name, data))
    except (ValueError, RecursionError, MemoryError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise NoSubmission(
            f"{name} is incomplete or damaged{where}: open it in JupyterLab, save and submit again, or go back to a "
            f"checkpoint (File > Revert Notebook to Checkpoint)"
        ) from None
    if not isinstance(document, dict):
        raise NoSubmission(f"{name} is not a notebook: submit {slug}.ipynb as JupyterLab saves it")
    return document


def _text(name: str, data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NoSubmission(f"{name} is not UTF-8 text: open it in JupyterLab, save and submit again") from None


def _cells(document: dict[str, Any], name: str, found: Submission) -> list[Cell]:
    version = document.get("nbformat")
    raw = document.get("cells")
    if not isinstance(raw, list):
        raw = _cells_of_format_3(document)
    if not isinstance(raw, list):
        raise NoSubmission(f"{name} has no cells: submit the notebook as JupyterLab saves it")
    if version != 4:
        found.notes.append(
            Note("", f"the notebook says that its format is {str(version)[:20]} (not 4): it was read anyway")
        )
    if len(raw) > MOST_CELLS:
        raise NoSubmission(f"{name} has {len(raw)} cells, the limit is {MOST_CELLS}: submit the course's notebook")
    cells = [_cell(item, number, found) for number, item in enumerate(raw, start=1)]
    kept = [cell for cell in cells if cell is not None]
    if sum(len(cell.source) for cell in kept) > LARGEST_TEXT:
        raise NoSubmission(
            f"{name} has over {LARGEST_TEXT} characters of text: remove what you pasted in, and submit again"
        )
    return kept


def _cells_of_format_3(document: dict[str, Any]) -> list | None:
    """Find the cells in a notebook from before 2015: they are in worksheets, and their text is called input."""
    sheets = document.get("worksheets")
    if not isinstance(sheets, list):
        return None
    cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in (sheet.get("cells") or [])]
    return [
        cell | {"source": cell.get("input", cell.get("source", ""))} if isinstance(cell, dict) else cell
        for cell in cells
    ]


def _cell(item: Any, number: int, found: Submission) -> Cell | None:
    source = item.get("source", "") if isinstance(item, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        found.notes.append(Note(f"cell {number}", "the cell is damaged and was left out"))
        return None
    if len(source) > LARGEST_CELL:
        found.notes.append(Note(f"cell {number}", f"the cell has over {LARGEST_CELL} characters and was left out"))
        return None
    kind = item.get("cell_type")
    kind = kind if kind in ("code", "markdown", "raw") else "raw"
    metadata = item.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    # Of all metadata, only the cell's name is kept.
    own = {"nbgrader": {"grade_id": grade_id}} if isinstance(grade_id, str) else {}
    text = source.encode("utf-8", "replace").decode("utf-8")  # JSON can encode half a character, files can't
    return Cell(kind, text.replace("\r\n", "\n").replace("\r", "\n"), 0, number, metadata=own)
