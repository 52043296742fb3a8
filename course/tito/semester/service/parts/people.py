"""The Hub's users and groups, from the roster and the staff list.

Groups `student`, `ta` and `instructor` carry the Hub's roles; `nbgrader-COURSE` and `formgrade-COURSE` say who belongs
to this course (nbgrader's own names, so that its lists agree). Nobody is deleted: who drops the course leaves its
groups, and the role too unless another course gives it. Many at once, and the changes that drop them need a yes.
"""

from functools import partial

from exchange.protocol.scopes import STAFF_GROUP, STUDENT_GROUP, staff_group, student_group
from tito.semester.read import Valid
from tito.semester.service import drops
from tito.semester.service.change import Change, Confirmation
from tito.semester.service.hub_api import Hub


def changes(valid: Valid, hub: Hub) -> list[Change]:
    """Return what makes the Hub's people those of the semester."""
    known, groups = hub.users(), hub.groups()
    wanted = wanted_groups(valid, groups)
    found: list[Change] = []
    if new := sorted(set().union(*wanted.values()) - known):
        found.append(Change("+", "people", "users", ", ".join(new), partial(hub.create_users, new)))
    asked = _asked(valid.semester.course, groups, wanted)
    for group, members in wanted.items():
        found += _group(hub, group, groups.get(group), members, asked)
    return found


def _asked(course: str, groups: dict[str, set[str]], wanted: dict[str, set[str]]) -> dict[str, Confirmation]:
    """Return who would leave the course, with what asks for a yes to it."""
    asked: dict[str, Confirmation] = {}
    for what, group in (("staff", staff_group(course)), ("students", student_group(course))):
        now = groups.get(group, set())
        leaving = now - wanted[group]
        if needs := drops.of_people(what, leaving, now):
            asked |= dict.fromkeys(leaving, needs)
    return asked


def wanted_groups(valid: Valid, groups: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return who should be in which group; other courses' people keep their roles."""
    course, staff = valid.semester.course, valid.semester.staff
    students = {student.username for student in valid.students}
    elsewhere_students = _members(groups, STUDENT_GROUP, student_group(course))
    elsewhere_staff = _members(groups, STAFF_GROUP, staff_group(course))
    return {
        "student": students | elsewhere_students,
        "ta": set(staff.tas) | (groups.get("ta", set()) & elsewhere_staff),
        "instructor": set(staff.instructors) | (groups.get("instructor", set()) & elsewhere_staff),
        student_group(course): students,
        staff_group(course): {*staff.tas, *staff.instructors},
    }


def _members(groups: dict[str, set[str]], prefix: str, but: str) -> set[str]:
    return set().union(*(members for name, members in groups.items() if name.startswith(prefix) and name != but))


def _group(
    hub: Hub, group: str, now: set[str] | None, members: set[str], asked: dict[str, Confirmation]
) -> list[Change]:
    found: list[Change] = []
    if now is None:
        found.append(Change("+", "people", f"group {group}", "created", partial(hub.create_group, group)))
    if added := sorted(members - (now or set())):
        found.append(Change("+", "people", f"group {group}", ", ".join(added), partial(hub.add, group, added)))
    if left := sorted((now or set()) - members):
        needs = next((asked[name] for name in left if name in asked), None)
        found.append(Change("-", "people", f"group {group}", ", ".join(left), partial(hub.remove, group, left), needs))
    return found
