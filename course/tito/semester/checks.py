"""Checks of a semester that need more than one key: the curriculum, the roster, and keys that refer to each other."""

from dataclasses import dataclass, field
from datetime import datetime

from exchange.protocol.names import home_of
from tito.curriculum import Curriculum
from tito.curriculum.milestones import Milestone, assignment_of, load_milestones
from tito.semester import labs, sections
from tito.semester.document import Document
from tito.semester.model import Semester
from tito.semester.problems import Problem, choose
from tito.semester.roster import Student


@dataclass(frozen=True)
class Selection:
    """Modules in order: students build `built`; `prebuilt` come with the reference; nobody needs the rest."""

    built: tuple[str, ...] = ()
    prebuilt: tuple[str, ...] = ()


@dataclass
class Found:
    """The outcome of all checks."""

    selection: Selection = Selection()
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def check(semester: Semester, students: list[Student] | None, curriculum: Curriculum, document: Document) -> Found:
    """Return the selection of modules, and every mistake and oddity; without a roster, people are not checked."""
    found = Found()
    found.selection = _selection(semester, curriculum, document, found)
    _check_schedule(semester, curriculum, document, found)
    _check_milestones(semester, curriculum, document, found)
    _check_freeze(semester, document, found)
    if students is not None:
        names = {student.username for student in students}
        _check_people(semester, names, document, found)
        _check_extensions(semester, names, document, found)
        _check_accommodations(semester, names, document, found)
        found.problems += sections.problems(semester, students, document)
        found.warnings += sections.warnings(semester, students, document)
        found.problems += labs.problems(semester, students, document)
    found.warnings += labs.warnings(semester, document)
    return found


def _selection(semester: Semester, curriculum: Curriculum, document: Document, found: Found) -> Selection:
    chosen = _of_tiers(semester, curriculum, document, found) | _of_modules(semester, curriculum, document, found)
    if not chosen and not found.problems:
        tiers = ", ".join(tier.name for tier in curriculum.tiers)
        found.problems.append(
            document.problem((), None, "chooses no modules", f"add `tiers:` (of {tiers}) or `modules:`")
        )
    prebuilt: set[str] = set()
    for slug in chosen:
        prebuilt |= {module.slug for module in curriculum.before(curriculum.find(slug))} - chosen
    for slug in sorted(prebuilt):
        if not curriculum.find(slug).is_written:
            remedy = f"leave out the modules that build on {slug}"
            found.problems.append(document.problem(("tiers",), slug, "would come prebuilt but is not written", remedy))
    order = [module.slug for module in curriculum.modules]
    return Selection(tuple(s for s in order if s in chosen), tuple(s for s in order if s in prebuilt))


def _of_tiers(semester: Semester, curriculum: Curriculum, document: Document, found: Found) -> set[str]:
    known = [tier.name for tier in curriculum.tiers]
    chosen: set[str] = set()
    for index, tier in enumerate(semester.tiers):
        path = ("tiers", index)
        if tier not in known:
            found.problems.append(document.problem(path, tier, "is not a tier", choose(tier, known)))
            continue
        members = [module for module in curriculum.modules if module.tier == tier]
        unwritten = [module.slug for module in members if not module.is_written]
        if unwritten:
            rule = f"has modules that are not written ({', '.join(unwritten)})"
            written = ", ".join(module.slug for module in members if module.is_written)
            remedy = (
                f"name individual modules under `modules:` instead; written so far: {written or 'none of this tier'}"
            )
            found.problems.append(document.problem(path, tier, rule, remedy))
        chosen |= {module.slug for module in members}
    return chosen


def _of_modules(semester: Semester, curriculum: Curriculum, document: Document, found: Found) -> set[str]:
    known = [module.slug for module in curriculum.modules]
    written = [module.slug for module in curriculum.modules if module.is_written]
    chosen: set[str] = set()
    for index, slug in enumerate(semester.modules):
        path = ("modules", index)
        if slug not in known:
            found.problems.append(document.problem(path, slug, "is not a module", choose(slug, known)))
        elif slug not in written:
            remedy = f"choose one that is written: {', '.join(written)}"
            found.problems.append(document.problem(path, slug, "is not written yet", remedy))
        else:
            chosen.add(slug)
    return chosen


def _check_schedule(semester: Semester, curriculum: Curriculum, document: Document, found: Found) -> None:
    built = set(found.selection.built)
    for slug in semester.schedule:
        if slug not in built and not found.problems:
            rule, remedy = "is scheduled but not chosen", f"delete it, or add {slug} under `modules:`"
            found.problems.append(document.problem(("schedule", slug), None, rule, remedy))
    for slug in found.selection.built:
        if slug not in semester.schedule:
            remedy = f"add `{slug}: {{release: ..., due: ...}}`"
            found.problems.append(document.problem(("schedule",), slug, "has no dates", remedy))
    _warn_about_order(semester, curriculum, document, found)


def _check_milestones(semester: Semester, curriculum: Curriculum, document: Document, found: Found) -> None:
    known = {each.assignment: each for each in milestones_of(curriculum)}
    chosen, opens = set(found.selection.built) | set(found.selection.prebuilt), min_release(semester)
    seen: dict[str, str] = {}
    for name, given in semester.milestones.items():

        def problem(rule: str, remedy: str, name: str = name) -> None:
            found.problems.append(document.problem(("milestones", name), None, rule, remedy))

        milestone = known.get(assignment_of(name))
        if milestone is None:
            problem("is not a milestone", choose(name, [each.slug for each in known.values()]))
        elif (other := seen.setdefault(milestone.slug, name)) != name:
            problem(f"is already listed above, as {other}", "keep one of the two")
        elif missing := [slug for slug in milestone.needs if slug not in chosen]:
            problem(
                f"needs modules that are not part of this course ({', '.join(missing)})",
                "choose them, or leave out the milestone",
            )
        elif opens is not None and given.due <= opens:
            problem("is due before the first module opens", "make `due` later")


def min_release(semester: Semester) -> datetime | None:
    return min((dates.release for dates in semester.schedule.values()), default=None)


def milestones_of(curriculum: Curriculum) -> list[Milestone]:
    """Return the milestones next to the curriculum's modules, in order."""
    folder = next((m.folder for m in curriculum.modules if m.folder), None)
    return load_milestones(folder.parents[1]) if folder else []


def _check_freeze(semester: Semester, document: Document, found: Found) -> None:
    """Refuse a freeze before the last moment at which somebody may hand in."""
    if semester.freeze is None or not semester.dates:
        return
    last = max(semester.dates, key=semester.closes)
    if semester.freeze <= semester.closes(last):
        rule = f"comes before {last} closes ({semester.local(semester.closes(last))})"
        value = semester.local(semester.freeze)
        found.problems.append(document.problem(("freeze",), value, rule, "move it after the last closing time"))


def _warn_about_order(semester: Semester, curriculum: Curriculum, document: Document, found: Found) -> None:
    """Warn of each module that opens before one it builds on; others may be in any order."""
    scheduled = [slug for slug in found.selection.built if slug in semester.schedule]
    for slug in scheduled:
        needed = [module.slug for module in curriculum.before(curriculum.find(slug)) if module.slug in scheduled]
        later = [other for other in needed if semester.schedule[slug].release < semester.schedule[other].release]
        if later:
            rule = f"is released before {', '.join(later)}, on which it builds"
            found.warnings.append(
                document.problem(("schedule", slug, "release"), slug, rule, "check that this is intended")
            )


def _check_people(semester: Semester, names: set[str], document: Document, found: Found) -> None:
    for index, name in enumerate(semester.staff.tas):
        if name in semester.staff.instructors:
            rule, remedy = "is already an instructor", "delete it here: instructors may do all that TAs may"
            found.problems.append(document.problem(("staff", "tas", index), name, rule, remedy))
    homes = {home_of(name): name for name in names}
    for role in ("instructors", "tas"):
        for index, name in enumerate(getattr(semester.staff, role)):
            if (other := homes.setdefault(home_of(name), name)) != name:
                rule, remedy = f"would share the home of {other}", "give one of the two another user name"
                found.problems.append(document.problem(("staff", role, index), name, rule, remedy))
            if name in names:
                rule = "is on the staff and also on the roster"
                remedy = (
                    "check that this is intended: they see the solutions and all grades; nobody grades their own work"
                )
                found.warnings.append(document.problem(("staff", role, index), name, rule, remedy))


def _check_extensions(semester: Semester, names: set[str], document: Document, found: Found) -> None:
    seen: set[tuple[str, str]] = set()
    for index, extension in enumerate(semester.extensions):

        def problem(key: str, value: str, rule: str, remedy: str, index: int = index) -> None:
            found.problems.append(document.problem(("extensions", index, key), value, rule, remedy))

        if extension.student not in names:
            problem("student", extension.student, "is not on the roster", choose(extension.student, sorted(names)))
        if extension.module not in semester.dates:
            problem("module", extension.module, "has no dates", choose(extension.module, list(semester.dates)))
        elif extension.due <= semester.dates[extension.module].due:
            due = semester.local(semester.dates[extension.module].due)
            problem("due", semester.local(extension.due), f"is not after the due date {due}", "choose a later time")
        if (extension.student, extension.module) in seen:
            problem(
                "student",
                extension.student,
                "already has an extension for this module above",
                "keep the later of the two",
            )
        seen.add((extension.student, extension.module))


def _check_accommodations(semester: Semester, names: set[str], document: Document, found: Found) -> None:
    seen: set[str] = set()
    for index, each in enumerate(semester.accommodations):

        def problem(rule: str, remedy: str, index: int = index, student: str = each.student) -> Problem:
            return document.problem(("accommodations", index, "student"), student, rule, remedy)

        if each.student not in names:
            found.problems.append(problem("is not on the roster", choose(each.student, sorted(names))))
        elif each.student in seen:
            found.problems.append(problem("already has an accommodation above", "keep one of the two"))
        elif not any(each.due(dates, semester.zone) for dates in semester.dates.values()):
            found.warnings.append(problem("gets no extra time from it", "check `since`: no module is due after it"))
        seen.add(each.student)
    for index, extension in enumerate(semester.extensions):
        if extension not in semester.extended(extension.module):
            path, value = ("extensions", index, "due"), semester.local(extension.due)
            remedy = "make it later, or delete it"
            found.warnings.append(
                document.problem(path, value, "is not later than their accommodation already allows", remedy)
            )
