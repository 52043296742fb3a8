"""What students should know before the upload: what is too large to be sent, and what graders will not see.

Nothing is changed here: files are sent and kept byte for byte, and the judge cuts outputs when it reads them. The same
function tells in advance which.
"""

from dataclasses import dataclass
from pathlib import Path

from exchange.client.transfer import Outgoing
from exchange.protocol.models import FileInfo, Refused, UploadLimits
from exchange.protocol.notebooks import LARGEST_NOTEBOOK, MB, Cut, largest_cells, megabytes, read_large, tell
from exchange.protocol.spans import Unreadable

NAMED_CELLS = 3


@dataclass(frozen=True)
class CutNotebook:
    """A notebook some of whose outputs graders will not see."""

    path: str
    size: int
    cuts: list[Cut]

    @property
    def lines(self) -> list[str]:
        """Name what is cut."""
        return [f"{self.path}: {line}" for line in tell(self.cuts)]

    @property
    def words(self) -> str:
        """Give the size, the limit, the consequence and the remedy."""
        cells = list(dict.fromkeys(cut.cell for cut in self.cuts))
        return (
            f"{self.path} has {megabytes(self.size)}, more than the {LARGEST_NOTEBOOK // MB} MB that are read in full. "
            "It is kept as you send it, and all code and answers are graded, but its largest outputs will be cut: "
            f"{'; '.join(tell(self.cuts))}. To keep the others, clear the outputs of {_named(cells)}, save and "
            "submit again."
        )


def check_before_upload(outgoing: Outgoing, limits: UploadLimits) -> list[CutNotebook]:
    """Return the notebooks whose outputs will be cut; raise Refused for what the exchange would refuse as too large."""
    sent = list(zip(outgoing.files, outgoing.places, strict=True))
    for info, place in sent:
        if info.size > limits.max_file_bytes:
            value = f"{info.path} has {megabytes(info.size)}"
            raise Refused(f"a file is larger than {megabytes(limits.max_file_bytes)}", value, _remedy(place), 413)
    total = sum(info.size for info in outgoing.files)
    if total > limits.max_submission_bytes:
        largest, place = max(sent, key=lambda each: each[0].size)
        value = f"{megabytes(total)}, of which {largest.path} has {megabytes(largest.size)}"
        rule = f"the files are larger than {megabytes(limits.max_submission_bytes)} in all"
        raise Refused(rule, value, _remedy(place), 413)
    found = [_cut(info, place) for info, place in sent if _is_large(info)]
    return [each for each in found if each is not None]


def is_worth_asking(outgoing: Outgoing) -> bool:
    """Tell whether files are so large that limits could matter."""
    return sum(info.size for info in outgoing.files) > LARGEST_NOTEBOOK


def _is_large(info: FileInfo) -> bool:
    return info.path.endswith(".ipynb") and info.size > LARGEST_NOTEBOOK


def _cut(info: FileInfo, place: Path) -> CutNotebook | None:
    try:
        with place.open("rb") as file:
            cuts = read_large(file).cuts
    except Unreadable as error:
        remedy = "clear the outputs (Edit > Clear All Outputs), save and submit again"
        value = f"{info.path} with {megabytes(info.size)}: {error}"
        raise Refused("graders can't read this large notebook", value, remedy, 422) from error
    return CutNotebook(info.path, info.size, cuts) if cuts else None


def _remedy(place: Path) -> str:
    """Name the cells with the largest outputs, if it is a notebook."""
    if place.suffix != ".ipynb":
        return f"make {place.name} smaller, or take it out of the folder"
    try:
        with place.open("rb") as file:
            cells = largest_cells(file)
    except Unreadable:
        cells = []
    if not cells:
        return "clear the outputs (Edit > Clear All Outputs), save and submit again"
    sizes = ", ".join(f"cell {number}: {megabytes(size)}" for number, size in cells[:NAMED_CELLS])
    return f"clear the outputs of {_named([number for number, _ in cells])} ({sizes}), save and submit again"


def _named(cells: list[int]) -> str:
    shown = ", ".join(map(str, cells[:NAMED_CELLS]))
    return f"cell {shown}" if len(cells) == 1 else f"cells {shown}" + (" and others" * (len(cells) > NAMED_CELLS))
