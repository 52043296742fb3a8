"""What the schedule does: a release puts a module into the exchange, a collection asks the grading service.

Both may be repeated: the same files again are no new version, and collecting again takes only what is new.
"""

from dataclasses import dataclass

from tito.export import export_module
from tito.semester.service import schedule
from tito.semester.service.conductor import Places
from tito.semester.service.database import COLLECT, RELEASE, Action
from tito.semester.service.grading_api import Grading
from tito.semester.service.parts import notebooks

LEFT_OUT = (".ipynb_checkpoints", "__pycache__")
LARGEST_FILE_BYTES = 50_000_000  # a release is a notebook and small data; larger sets are downloaded by their loaders


@dataclass(frozen=True)
class Actions:
    """Do one action of the schedule; the message says what was done."""

    places: Places
    grading: Grading

    def run(self, action: Action) -> str:
        by = "semester" if action.by == schedule.SCHEDULE else action.by
        if action.kind == RELEASE:
            return self._release(action.course, action.module, by)
        if action.kind == COLLECT:
            return self._collect(action, by)
        raise ValueError(f"an action is a {RELEASE} or a {COLLECT}, got {action.kind!r}")

    def _release(self, course: str, slug: str, by: str) -> str:
        module, course_dir = self.places.curriculum().find_written(slug), self.places.course_dir
        notebooks.generate(self.places.engine, course, module, course_dir)
        exchange = self.places.exchange
        exchange.put_solution(course, slug, {f"core/{slug}.py": export_module(module).text.encode()}, by)
        row = exchange.release(course, slug, _files(notebooks.release_folder(course_dir, slug)), by)
        return f"version {row['release_version']} with {len(row['files'])} file(s)"

    def _collect(self, action: Action, by: str) -> str:
        return self.grading.collect_and_autograde(action.module, by)


def _files(folder) -> dict[str, bytes]:
    """Read a release; what editors leave behind is not part of it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part in LEFT_OUT or part.startswith(".") for part in parts):
            if path.stat().st_size > LARGEST_FILE_BYTES:
                raise ValueError(
                    f"a release has files of up to {LARGEST_FILE_BYTES:,} bytes, {path} is larger: remove it"
                )
            found["/".join(parts)] = path.read_bytes()
    return found
