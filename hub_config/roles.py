"""Who may do what: custom scopes and roles, the same in every place (local, docker, kubernetes).

The groups `student-COURSE`, `ta-COURSE` and `instructor-COURSE` carry the roles `course-student` and so on (a role's
name has at least three letters); only the semester service changes who is in a group. Rights are scopes and nothing
else. A kernel has its server's token, which carries no custom scope, whoever the owner is.
"""

from hub_config.settings import Settings

# The same words as in exchange/protocol/scopes.py; a test compares them.
EXCHANGE = {
    "custom:exchange:release": "Release and withdraw assignments and their solutions in the exchange",
    "custom:exchange:collect": "List, download and collect submissions from the exchange",
    "custom:exchange:feedback": "Attach results to submissions and release feedback in the exchange",
    "custom:exchange:extend": "Grant and revoke extensions in the exchange",
    "custom:exchange:events": "Read all students' progress and events in the exchange",
    "custom:exchange:answer": "Read students' questions with their notebooks in the exchange, and answer them",
    "custom:exchange:admin": "Create and configure courses and assignments in the exchange, read its audit and metrics",
}
# `admin` applies to every course, so nobody in a single course has it.
EXCHANGE_STAFF = [name for name in EXCHANGE if name != "custom:exchange:admin"]
CUSTOM_SCOPES = {
    **EXCHANGE,
    "custom:grading:read": "See runs, progress, counts and scores",
    "custom:grading:grade": "Grade by hand, comment, answer regrade requests",
    "custom:grading:run": "Collect, autograde, release feedback, see the audit",
    "custom:semester:read": "See the whole semester and its roster",
    "custom:semester:manage": "Plan and apply a semester",
}


def role_group(role: str, course: str) -> str:
    """Name the Hub group whose members have a role in a course; a test compares with the semester service's name."""
    return f"{role}-{course}"


def access(*services: str) -> list[str]:
    """Return the scopes that open the doors of these services."""
    return [f"access:services!service={name}" for name in services]


STUDENT = access("exchange", "grading", "semester", "home")
TA = [*STUDENT, *access("formgrader"), "custom:grading:read", "custom:grading:grade", "custom:semester:read"]
TA += ["custom:exchange:events", "custom:exchange:answer"]
INSTRUCTOR = [*TA, *EXCHANGE_STAFF, "custom:grading:run", "custom:semester:manage"]
OPERATOR = ["admin-ui", "list:users", "read:users", "read:servers", "admin:servers", "list:services", "read:services"]
OPERATOR += ["read:groups", "read:hub", "read:metrics", "proxy", "shutdown", *INSTRUCTOR, *EXCHANGE]
# Somebody who is logged in but on no roster: their own account, and the home page's advice on what to do.
USER = ["self", *access("home")]
GROUP_ROLES = {"student": STUDENT, "ta": TA, "instructor": INSTRUCTOR}

# What a server's own token may do: what its owner could do as a student.
SERVER_TOKEN = ["users:activity!user", "access:servers!server", *access("exchange", "grading", "semester")]


def course_list(course: str) -> list[str]:
    """Return what JupyterLab's Course List asks the Hub for: a service named after the course, and its address."""
    return [f"{verb}:services!service={course}" for verb in ("list", "read")]


def apply_roles(c, settings: Settings) -> None:
    """Define custom scopes and roles; give the operator their role."""
    c.JupyterHub.custom_scopes = {name: {"description": text} for name, text in CUSTOM_SCOPES.items()}
    roles = [*course_roles(settings.course), {"name": "user", "scopes": USER}]
    roles.append({"name": "operator", "scopes": _unique(OPERATOR), "users": [settings.operator]})
    c.JupyterHub.load_roles = [*c.JupyterHub.get("load_roles", []), *roles]
    c.Spawner.server_token_scopes = lambda spawner: server_token_scopes(spawner.user.groups, settings.course)


def course_roles(course: str) -> list[dict]:
    """Return the roles of a course's people.

    Groups once had the role's name alone: these keep their rights until an apply has moved their members, so that
    starting a newer version, or a semester file that can't be applied, locks nobody out.
    """
    own = {"instructor": course_list(course)}
    return [
        {
            "name": f"course-{role}",
            "scopes": _unique([*scopes, *own.get(role, [])]),
            "groups": [role_group(role, course), role],
        }
        for role, scopes in GROUP_ROLES.items()
    ]


def server_token_scopes(groups, course: str) -> list[str]:
    """Return what a server's token may do; a staff server's may find the course's formgrader as well."""
    staff = server_kind({group.name for group in groups}) == "staff"
    return [*SERVER_TOKEN, *(course_list(course) if staff else [])]


def server_kind(groups: set[str]) -> str:
    """Return which kind of server somebody in these groups gets: "staff" or "student"."""
    return "staff" if any(name.split("-")[0] == "instructor" for name in groups) else "student"


def _unique(scopes: list[str]) -> list[str]:
    return sorted(set(scopes))
