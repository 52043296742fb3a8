"""How far a student is in each module, read from files alone."""

from dataclasses import dataclass

from tito.curriculum import Curriculum, Module, find_course, installed_core
from tito.workspace import Workspace

NOT_WRITTEN = "not written"
NOT_RELEASED = "not released"
RELEASED = "released"
STARTED = "started"
COMPLETED = "completed"
UNLOCKED = "unlocked"
CHANGED = "changed"
PREBUILT = "prebuilt"
# The states in which a module's code can be imported.
DONE = (COMPLETED, UNLOCKED, PREBUILT)


@dataclass(frozen=True)
class Progress:
    """One module's state, and what is remembered about it."""

    module: Module
    state: str
    started: str | None = None
    completed: str | None = None
    points: float | None = None  # of the last test of the visible checks
    points_possible: float | None = None

    def to_json(self) -> dict:
        return {
            "module": self.module.slug,
            "number": self.module.number,
            "title": self.module.title,
            "tier": self.module.tier,
            "state": self.state,
            "started": self.started,
            "completed": self.completed,
            "visible_points": self.points,
            "visible_points_possible": self.points_possible,
        }


def progress_of(workspace: Workspace, module: Module) -> Progress:
    """Say how far one module is."""
    known = workspace.recall(module.slug)
    return Progress(
        module,
        _state(workspace, module, known),
        known.get("started"),
        known.get("completed"),
        known.get("visible_points"),
        known.get("visible_points_possible"),
    )


def _state(workspace: Workspace, module: Module, known: dict) -> str:
    notebook, exported = workspace.notebook(module.slug), workspace.exported(module.slug)
    if exported.is_file():
        if known.get("unlocked", "") and known["unlocked"] >= known.get("completed", ""):
            return UNLOCKED
        if notebook.is_file() and notebook.stat().st_mtime_ns > exported.stat().st_mtime_ns:
            from tito.student.complete import is_changed_since

            return CHANGED if is_changed_since(workspace, module) else COMPLETED
        return COMPLETED
    if notebook.is_file():
        return STARTED if "started" in known or not _is_untouched(workspace, module) else RELEASED
    if not module.is_written:
        return NOT_WRITTEN
    if find_course() is None:
        if (installed_core() / f"{module.slug}.py").is_file():
            return PREBUILT
        if not workspace.release(module.slug).is_file():
            return NOT_RELEASED
    return RELEASED


def _is_untouched(workspace: Workspace, module: Module) -> bool:
    """Releases are put into a home at login, so one that nobody has worked on does not count as started."""
    release = workspace.release(module.slug)
    return release.is_file() and release.read_bytes() == workspace.notebook(module.slug).read_bytes()


def all_progress(workspace: Workspace, curriculum: Curriculum) -> list[Progress]:
    """Say how far every module is, in order."""
    return [progress_of(workspace, module) for module in curriculum.modules]


def next_step(progress: list[Progress]) -> str:
    """Suggest the command that comes next, or '' if there is none."""
    for each in progress:
        if each.state in (STARTED, CHANGED):
            return f"tito module complete {each.module.slug}"
        if each.state == RELEASED:
            return f"tito module start {each.module.slug}"
    return ""
