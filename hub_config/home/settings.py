"""Where the home page and the other services are, all from the environment that the Hub's supervisor sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

NEEDED = ("JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_CLIENT_ID")
DOCS = Path(__file__).parents[2] / "docs"


class MissingSettings(ValueError):
    """Variables that the supervisor sets are missing."""


@dataclass(frozen=True)
class Settings:
    """Addresses and credentials; addresses have no slash at the end."""

    host: str
    port: int
    prefix: str
    base_url: str
    hub_host: str
    hub_api_url: str
    client_id: str
    callback: str
    exchange_url: str
    grading_url: str
    semester_url: str
    campus_url: str
    course: str
    secure: bool
    host_cookies: bool
    staff_warning: str
    docs: Path
    var: Path
    certificate: Path | None
    token: str = field(repr=False)

    @property
    def hub_url(self) -> str:
        """The Hub's address in browsers, with a slash at the end."""
        return f"{self.hub_host}{self.base_url}hub/"

    def notebook(self, slug: str) -> str:
        """Return where a module's notebook opens; this starts the student's server if it is not running."""
        return f"{self.hub_url}user-redirect/lab/tree/{slug}/{slug}.ipynb"

    def correction(self, slug: str) -> str:
        """Return the page on the student's own server that takes a corrected release into the notebook."""
        return f"{self.hub_url}user-redirect/correction/{slug}"

    @property
    def formgrader_url(self) -> str:
        return f"{self.hub_host}{self.base_url}services/formgrader/"

    def next_to_read(self, slug: str, **which: str) -> str:
        """Return where the formgrader gives the caller the next answer of a question or section."""
        query = urlencode({name: value for name, value in which.items() if value})
        return f"{self.formgrader_url}formgrader/reading/{slug}/next{'?' if query else ''}{query}"

    def submission(self, page: str, question: str) -> str:
        """Return the formgrader's page of a submission, at one of its answers."""
        return f"{self.formgrader_url}formgrader/submissions/{page}/#{question}"

    def shared_comments(self, slug: str) -> str:
        """Return where a module's comments with points are changed for everybody who got them."""
        return f"{self.formgrader_url}formgrader/comments/{slug}"

    def answers(self, slug: str) -> str:
        """Return where the formgrader lists the answers to be read by hand in a module."""
        return f"{self.formgrader_url}formgrader/gradebook/{slug}/{slug}"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment; raise MissingSettings that lists what is missing."""
    if missing := [name for name in NEEDED if not environ.get(name)]:
        raise MissingSettings(f"not set: {', '.join(missing)}. The Hub's supervisor sets them (docs/operator.md)")
    address = urlsplit(environ["JUPYTERHUB_SERVICE_URL"])
    prefix = environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/home/").rstrip("/") + "/"
    base_url = environ.get("JUPYTERHUB_BASE_URL", "/")
    return Settings(
        host=address.hostname or "127.0.0.1",
        port=address.port or 80,
        prefix=prefix,
        base_url=base_url,
        hub_host=environ.get("JUPYTERHUB_HOST", ""),
        hub_api_url=environ["JUPYTERHUB_API_URL"].rstrip("/"),
        client_id=environ["JUPYTERHUB_CLIENT_ID"],
        callback=environ.get("JUPYTERHUB_OAUTH_CALLBACK_URL", f"{prefix}oauth_callback"),
        exchange_url=environ.get("EXCHANGE_URL", "").rstrip("/"),
        grading_url=environ.get("GRADING_URL", "").rstrip("/"),
        semester_url=environ.get("SEMESTER_URL", "").rstrip("/"),
        campus_url=environ.get("CAMPUS_URL", "").rstrip("/"),
        course=environ.get("EXCHANGE_COURSE", ""),
        secure=environ.get("JUPYTERHUB_PUBLIC_HUB_URL", "").startswith("https://"),
        host_cookies=environ.get("JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED", "") == "1",
        staff_warning=environ.get("HOME_STAFF_WARNING", ""),
        docs=Path(environ.get("HOME_DOCS", DOCS)),
        var=Path(environ.get("HUB_VAR", "var")),
        certificate=Path(environ["HOME_CERTIFICATE"]) if environ.get("HOME_CERTIFICATE") else None,
        token=environ["JUPYTERHUB_API_TOKEN"],
    )
