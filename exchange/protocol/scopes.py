"""Who may do what: JupyterHub scopes give verbs, Hub groups give courses.

To reach the exchange at all, a token needs `access:services!service=exchange` (or a wider form of it). Students are
members of the group `nbgrader-COURSE`, staff of `formgrade-COURSE`: these are nbgrader's own group names, so that its
lists agree. A staff verb needs its scope **in the token** and staff membership of that course. Services have no groups:
their scopes apply to every course. `admin` applies to every course too, because it creates them. Notebook kernels get
only the access scope, an instructor's included.
"""

SERVICE_NAME = "exchange"
ACCESS = f"access:services!service={SERVICE_NAME}"
# Wider forms in which the Hub may grant the same access.
ACCESS_FORMS = frozenset({ACCESS, "access:services"})

RELEASE = "custom:exchange:release"
COLLECT = "custom:exchange:collect"
FEEDBACK = "custom:exchange:feedback"
EXTEND = "custom:exchange:extend"
EVENTS = "custom:exchange:events"
ANSWER = "custom:exchange:answer"
ADMIN = "custom:exchange:admin"

# For `c.JupyterHub.custom_scopes`, word for word.
CUSTOM_SCOPES = {
    RELEASE: {"description": "Release and withdraw assignments and their solutions in the exchange"},
    COLLECT: {"description": "List, download and collect submissions from the exchange"},
    FEEDBACK: {"description": "Attach results to submissions and release feedback in the exchange"},
    EXTEND: {"description": "Grant and revoke extensions in the exchange"},
    EVENTS: {"description": "Read all students' progress and events in the exchange"},
    ANSWER: {"description": "Read students' questions with their notebooks in the exchange, and answer them"},
    ADMIN: {"description": "Create and configure courses and assignments in the exchange, read its audit and metrics"},
}
STAFF_SCOPES = frozenset(CUSTOM_SCOPES)

STUDENT_GROUP = "nbgrader-"
STAFF_GROUP = "formgrade-"


def student_group(course: str) -> str:
    """Name the Hub group whose members are students of a course."""
    return STUDENT_GROUP + course


def staff_group(course: str) -> str:
    """Name the Hub group whose members are staff of a course."""
    return STAFF_GROUP + course
