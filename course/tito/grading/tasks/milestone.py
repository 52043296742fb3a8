"""Run a milestone on the package that a student handed in, give its points, and show result, figure and page.

The attempt that counts when its turn comes is the one that is run, so many attempts made while it waited cost one run.
A run that was stopped raises NotJudgedNow: it is tried again, the grade stays as it was, and the exchange is told
nothing, because an attempt that is marked as not judged would not count the next time. Nothing is hidden and nothing
is read by hand, so feedback is released immediately.
"""

from dataclasses import dataclass
from pathlib import Path

from exchange.protocol.verdicts import ModuleResult
from tito.curriculum import load_curriculum
from tito.curriculum.milestones import Milestone, milestone_of
from tito.errors import TitoError
from tito.gradebook import milestones as book
from tito.gradebook.file import DEFAULT_COURSE
from tito.gradebook.lock import gradebook_lock
from tito.gradebook.policy import semester_part
from tito.judge import milestones
from tito.judge.sandbox.find import find_sandbox

from .. import exchange_door, milestone_figure, verdicts
from ..queue import Queue, Work
from ..records import Run
from ..settings import GradingSettings
from ..work import Outcome

MOST_MODULE_BYTES = 400_000  # of one file; the largest module of the course has 60 kB
STANDS = ("graded", "refused", "unchanged")


@dataclass(frozen=True)
class HandedIn:
    """The modules of a package by slug, or why it can't be run."""

    own: dict[str, str]
    refused: str = ""


def run(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Collect the attempt that counts, run it, record the verdict, and let the student's feedback be released."""
    milestone = milestone_of(work.assignment, settings.course_tree)
    points = points_of(settings, milestone)
    exchange_door.collect(settings, work.assignment, work.student)
    folder = settings.course_dir / "submitted" / work.student / work.assignment
    submission = exchange_door.collected_id(folder)
    if submission is None:
        raise TitoError(f"{work.student} has handed in nothing for {milestone.slug}")
    facts = {"submission": submission, "submission_sha256": verdicts.folder_digest(folder)}
    if not work.options.get("force") and (earlier := _same(queue, work, facts, points)):
        fields = {"score": earlier.score, "max_score": points, "report": earlier.report, **facts}
        return Outcome("unchanged", earlier.message, fields)
    queue.note(work, seed=milestone.seed, **facts)
    handed_in = read(folder, milestone, _built(settings))
    measured = _measure(settings, milestone, handed_in)
    verdict = book.verdict_of(milestone, points, measured.value, measured.why, handed_in.refused)
    _record(settings, work, milestone, points, verdict, measured, facts)
    queue.submit("release_feedback", work.assignment, [work.student], asked_by="milestone", unread=True)
    report = verdict.to_json() | {"steps": measured.steps, "operations": measured.operations}
    fields = {"score": verdict.points, "max_score": points, "report": report}
    outcome = "refused" if verdict.refused else "graded"
    return Outcome(outcome, words(milestone, measured, verdict.refused), fields)


def points_of(settings: GradingSettings, milestone: Milestone) -> float:
    """Return the points that the semester gives for a milestone; raise TitoError if it gives none."""
    found = semester_part(settings.course_dir, "milestones")
    part = found.get(milestone.slug)
    if part is None:
        raise TitoError(
            f"the semester has no milestone {milestone.slug}: name it under `milestones:`, and apply the semester"
        )
    return float(part["points"])


def read(folder: Path, milestone: Milestone, built: frozenset[str] | None) -> HandedIn:
    """Read a package's modules; those that students build must all be there (`built` None: all that it needs)."""
    own: dict[str, str] = {}
    for slug in milestone.needs:
        path = folder / f"{slug}.py"
        if path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size > MOST_MODULE_BYTES:
            return HandedIn({}, f"{path.name} has more than {MOST_MODULE_BYTES:,} bytes: hand in the exported module")
        try:
            own[slug] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return HandedIn({}, f"{path.name} is not text in UTF-8: complete the module again, then hand in")
    missing = [slug for slug in milestone.needs if slug not in own and (built is None or slug in built)]
    if missing:
        said = ", ".join(missing)
        return HandedIn({}, f"it needs modules that were not handed in ({said}): complete them, then hand in again")
    return HandedIn(own)


def words(milestone: Milestone, measured: milestones.Measured, refused: str = "") -> str:
    """Say in a line how a run ended."""
    if refused:
        return refused
    if measured.value is None:
        return f"not reached: {measured.why}"
    mark = "reached" if measured.value >= milestone.threshold else "not reached"
    return f"{mark}: {measured.value:.4g}, needed {milestone.threshold:g} ({milestone.metric})"


def _measure(settings: GradingSettings, milestone: Milestone, handed_in: HandedIn) -> milestones.Measured:
    if handed_in.refused:
        return milestones.Measured(None, handed_in.refused)
    curriculum = load_curriculum(settings.course_tree)
    return milestones.measure(milestone, handed_in.own, curriculum, find_sandbox(milestones.LIMITS))


def _record(
    settings: GradingSettings,
    work: Work,
    milestone: Milestone,
    points: float,
    verdict: ModuleResult,
    measured: milestones.Measured,
    facts: dict[str, str],
) -> None:
    took = f"{measured.steps:,} steps, {measured.operations:,} operations" if measured.value is not None else ""
    notebook = book.prepared(milestone, points, verdict, took, milestone_figure.png(measured.picture))
    book.enter(settings.course_dir, settings.course_id or DEFAULT_COURSE, milestone, points)
    with gradebook_lock(settings.course_dir):
        folder = settings.course_dir / "submitted" / work.student / work.assignment
        if verdicts.folder_digest(folder) != facts["submission_sha256"]:
            raise TitoError("a newer attempt was collected in the meantime: it will be run next")
        verdicts.record(settings, work.assignment, work.student, verdict, notebook)


def _same(queue: Queue, work: Work, facts: dict[str, str], points: float) -> Run | None:
    """Find the last run if it used exactly these files, for the same points."""
    earlier = queue.latest_run("milestone", work.assignment, work.student, STANDS)
    if earlier is None or earlier.max_score != points:
        return None
    return earlier if all(getattr(earlier, name) == value for name, value in facts.items()) else None


def _built(settings: GradingSettings) -> frozenset[str] | None:
    """Return the modules that students of this semester build, None without a semester."""
    tiers = semester_part(settings.course_dir, "tiers")
    modules = [module for tier in tiers or [] for module in tier["modules"]]
    return frozenset(module["slug"] for module in modules if module["place"] == "built") if modules else None
