"""Build a submission by changing the release as a student, or an attacker, would."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SLUG = "boxes"
EXERCISES = ("add", "mean", "halves", "descend")
SOLVED = {
    "add": '''#| export
def add(a, b):
    """Return a new box with the sum of two boxes of the same shape."""
    if a.shape != b.shape:
        raise ValueError(f"the shapes differ: {a.shape} and {b.shape}")
    return Box(a.data + b.data)
''',
    "mean": """#| export
def mean(boxes):
    total = boxes[0]
    for box in boxes[1:]:
        total = add(total, box)
    return Box(total.data / len(boxes))
""",
    "halves": """#| export
def halves(box, smallest=SMALLEST):
    data = box.data / 2
    while data.max() >= smallest:
        yield Box(data)
        data = data / 2
""",
    "descend": """#| export
def descend(box, gradient, rate):
    box.data = box.data - rate * gradient
    return box
""",
}


@dataclass
class Draft:
    """A notebook that is being edited; `files` are the submission's other files, `places` the canaries' addresses."""

    document: dict[str, Any]
    places: dict[str, str]
    name: str = f"{SLUG}.ipynb"
    files: dict[str, bytes] = field(default_factory=dict)
    encode: Callable[[dict], bytes] = lambda document: json.dumps(document).encode()
    arrange: Callable[[Path], None] = lambda folder: None

    @property
    def cells(self) -> list[dict]:
        return self.document["cells"]

    def index(self, name: str) -> int:
        for index, cell in enumerate(self.cells):
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
                return index
        raise KeyError(name)

    def cell(self, name: str) -> dict:
        return self.cells[self.index(name)]

    def source(self, name: str) -> str:
        return "".join(self.cell(name)["source"])

    def put(self, name: str, source: str) -> None:
        self.cell(name)["source"] = source

    def solve(self, *names: str, **sources: str) -> "Draft":
        """Write the correct answers of `names` (of all exercises if none are given); `sources` replace some of them."""
        for name in names or ([] if sources else EXERCISES):
            self.put(name, SOLVED[name])
        for name, source in sources.items():
            self.put(name, source)
        return self

    def insert(self, after: str, source: str, kind: str = "code", **metadata: Any) -> dict:
        cell: dict[str, Any] = {"cell_type": kind, "metadata": metadata, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        self.cells.insert(self.index(after) + 1 if after else 0, cell)
        return cell

    def copy_of(self, name: str) -> dict:
        return copy.deepcopy(self.cell(name))

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        if self.name:
            (folder / self.name).write_bytes(self.encode(self.document))
        self.arrange(folder)


@dataclass(frozen=True)
class Case:
    """One submission: how it is made, and the points and messages that it may or must get."""

    name: str
    edit: Callable[[Draft], Any]
    points: float = 0  # the most a hostile one may get; exactly what an honest one must get
    says: str = ""  # text that the refusal or the notes must contain
    refused: bool = False

    def draft(self, release: str, places: dict[str, str]) -> Draft:
        draft = Draft(json.loads(release), places)
        self.edit(draft)
        return draft


def code(exercise: str, source: str) -> Callable[[Draft], None]:
    """An edit that writes `source` into one exercise; `{name}` in it becomes a canary's address."""

    def edit(draft: Draft) -> None:
        text = source
        for name, place in draft.places.items():
            text = text.replace("{" + name + "}", place)
        draft.put(exercise, text)

    return edit
