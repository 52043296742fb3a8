"""What the grading service and `tito grade` must know: where the course is, which database, which exchange."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tito.curriculum import require_course
from tito.errors import TitoError


class SettingsError(TitoError):
    """A setting is missing or contradicts another; the message names it and the remedy."""


log = logging.getLogger("grading.settings")
UNUSED = "GRADING_POLL_SECONDS"


@dataclass(frozen=True)
class GradingSettings:
    course_dir: Path
    """nbgrader's course: source, release, submitted, autograded, feedback, gradebook.db."""
    course_tree: Path | None = None
    """The tree with modules/NN_slug, where the judge finds the tests; None: the one that tito finds by itself."""
    database_url: str = ""
    course_id: str = ""
    exchange_url: str = ""
    jobs: int = 2
    token: str = field(default="", repr=False)
    scheduler: str = ""
    """The scheduler of judges on other machines, tls://HOST:PORT; "": submissions are judged on this one."""
    certificates: Path | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment variables that rebuild these settings in a child process."""
        return {
            "GRADING_COURSE_DIR": str(self.course_dir),
            "GRADING_DATABASE": self.database_url,
            "GRADING_JOBS": str(self.jobs),
            "EXCHANGE_COURSE": self.course_id,
            "EXCHANGE_URL": self.exchange_url,
            **({"TITO_COURSE": str(self.course_tree)} if self.course_tree else {}),
            **({"JUPYTERHUB_API_TOKEN": self.token} if self.token else {}),
            **({"GRADING_SCHEDULER": self.scheduler} if self.scheduler else {}),
            **({"GRADING_CERTIFICATES": str(self.certificates)} if self.certificates else {}),
        }


def settings_from_environment(
    environ: Mapping[str, str] | None = None, *, create: bool = False, **options
) -> GradingSettings:
    """Merge options (those that are not None) over the environment; raise SettingsError if the course is missing."""
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in options.items() if value is not None}

    def value(option: str, variable: str, default: str = "") -> str:
        return str(given.get(option) or environ.get(variable) or default)

    course_dir = Path(value("course_dir", "GRADING_COURSE_DIR") or default_course_dir()).resolve()
    if create and environ.get(UNUSED):
        log.warning("%s no longer has any effect: runners wait to be called instead of polling the queue", UNUSED)
    if create:  # a service may start before the semester makes the first notebook
        (course_dir / "source").mkdir(parents=True, exist_ok=True)
    if not (course_dir / "source").is_dir() and not (course_dir / "gradebook.db").exists():
        raise SettingsError(
            f"{course_dir} is not nbgrader's course directory, because it has neither source/ nor gradebook.db: "
            "give --course-dir, or set GRADING_COURSE_DIR"
        )
    tree = value("course_tree", "TITO_COURSE")
    scheduler, certificates = value("scheduler", "GRADING_SCHEDULER"), value("certificates", "GRADING_CERTIFICATES")
    if scheduler and not certificates:
        raise SettingsError(
            f"GRADING_SCHEDULER is {scheduler}, but GRADING_CERTIFICATES names no folder: make certificates with "
            "`tito grade certificates FOLDER`, and set it to that folder"
        )
    return GradingSettings(
        course_dir=course_dir,
        course_tree=Path(tree).resolve() if tree else None,
        database_url=value("database_url", "GRADING_DATABASE") or default_database(course_dir),
        course_id=value("course_id", "EXCHANGE_COURSE"),
        exchange_url=value("exchange_url", "EXCHANGE_URL").rstrip("/"),
        jobs=_jobs(value("jobs", "GRADING_JOBS", "2")),
        token=value("token", "JUPYTERHUB_API_TOKEN"),
        scheduler=scheduler,
        certificates=Path(certificates).resolve() if certificates else None,
    )


def default_course_dir() -> Path:
    """The working directory if it is an nbgrader course, else the local place's."""
    here = Path.cwd()
    if (here / "source").is_dir() or (here / "gradebook.db").exists():
        return here
    try:
        return require_course().parent / "var" / "course"
    except TitoError:
        return here


def default_database(course_dir: Path) -> str:
    """The service's own database in the local place, so that commands see its records; else one in the course."""
    beside = course_dir.parent / "grading"
    return f"sqlite:///{(beside if beside.is_dir() else course_dir) / 'grading.sqlite'}"


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise SettingsError(f"the number of jobs must be a whole number from 1 to 64, got {text!r}")
    return int(text)
