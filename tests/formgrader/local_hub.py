"""The product's Hub with exchange, grading service and formgrader for one test session.

Everybody has the role in the course that the semester service would give them: ada, ben and cleo are students, tom is
a TA, ida an instructor. They log in with the Hub's shared password.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from exchange.protocol.scopes import staff_group, student_group
from tests.e2e.hub import free_port, write_semester
from tests.environments import worker_environment
from tests.harness.supervised import SupervisedHub, supervised_hub
from tests.proxies import recording_proxy

COURSE = "tinytorch-test"
STUDENTS = ("ada", "ben", "cleo")
STAFF = {"tom": "ta", "ida": "instructor"}


@contextmanager
def local_hub(var: Path, given: Mapping[str, str] | None = None) -> Iterator[SupervisedHub]:
    """Run a Hub whose course directory is `var/course`; its programs also get the given variables."""
    environ = {
        "HUB_VAR": str(var),
        "HUB_PORT": str(free_port()),
        "HUB_SEMESTER": str(write_semester(var / "semester", "tensor")),
        "HUB_AUTHENTICATOR": "shared-password",
        "HUB_GRADING_JOBS": "1",
        "HUB_WITHOUT": "[semester, home, idle-culler]",
    }
    worker_environment()
    # The environment sets a proxy; none of the Hub's internal requests may go through it.
    with recording_proxy() as proxy, supervised_hub(environ, given={**proxy.environment, **(given or {})}) as hub:
        enrol(hub)
        yield hub


def enrol(hub: SupervisedHub) -> None:
    """Add everybody to the Hub, in the groups of their role and of the course."""
    for group in (student_group(COURSE), staff_group(COURSE)):
        hub.registrar("POST", f"/groups/{group}")
    for name in STUDENTS:
        hub.know(name, "student", student_group(COURSE))
    for name, part in STAFF.items():
        hub.know(name, part, staff_group(COURSE))
