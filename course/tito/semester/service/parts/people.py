"""The Hub's users and groups, from the roster and the staff list.

Groups `student-COURSE`, `ta-COURSE` and `instructor-COURSE` carry the Hub's roles; `nbgrader-COURSE` and
`formgrade-COURSE` say who belongs to this course (nbgrader's own names, so that its lists agree). Nobody is deleted:
people who drop the course leave its groups. If they are many, the changes that drop them must be confirmed.

Groups were once called `student`, `ta` and `instructor` for all courses: if they still exist, the people of this
course leave them, and those of others stay.
"""

from functools import partial

from exchange.protocol.scopes import staff_group, student_group
from tito.semester.read import Valid
from tito.semester.service import drops
from tito.semester.service.change import Change, Confirmation
from tito.semester.service.hub_api import Hub


def changes(valid: Valid, hub: Hub) -> list[Change]:
    """Return what makes the Hub's people match the semester."""
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
    """Return who would leave the course, with the confirmation that this needs."""
    asked: dict[str, Confirmation] = {}
    for what, group in (("staff", staff_group(course)), ("students", student_group(course))):
        now = groups.get(group, set())
        leaving = now - wanted[group]
        if needs := drops.of_people(what, leaving, now):
            asked |= dict.fromkeys(leaving, needs)
    return asked


def role_group(role: str, course: str) -> str:
    """Name the Hub group whose members have a role in a course."""
    return f"{role}-{course}"


def wanted_groups(valid: Valid, groups: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return who should be in which group."""
    course, staff = valid.semester.course, valid.semester.staff
    students = {student.username for student in valid.students}
    parts = {"student": students, "ta": set(staff.tas), "instructor": set(staff.instructors)}
    wanted = {role_group(role, course): members for role, members in parts.items()}
    wanted |= {student_group(course): students, staff_group(course): parts["ta"] | parts["instructor"]}
    ours = set().union(*wanted.values(), *(groups.get(name, set()) for name in wanted))
    return wanted | {role: groups[role] - ours for role in parts if role in groups}


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
