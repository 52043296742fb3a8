"""Assignment and Grade Services: send the scores of a column, and read what the platform's gradebook has.

A score's timestamp is when it was shown here, not when it is sent: a platform keeps the newest, so the same one sent
twice changes nothing, and an old one that arrives late does not replace a newer one. Such a score is refused with 409.
Moodle also answers 409 to the same score sent twice, and dates the scores of its own activities by their arrival.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from tito.campus.platform.addresses import with_query
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.errors import PlatformUntrue

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
RESULTS_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
MEDIA = "application/vnd.ims.lis.v1.score+json"
RESULTS_MEDIA = "application/vnd.ims.lis.v2.resultcontainer+json"


@dataclass(frozen=True)
class PlatformScore:
    """One person's score in a column."""

    subject: str
    given: float
    maximum: float
    at: datetime
    comment: str = ""


def send_score(client: PlatformClient, line_item: str, score: PlatformScore) -> None:
    """Send a score to a platform; raise PlatformSilent or PlatformRefused."""
    body = {
        "userId": score.subject,
        "scoreGiven": score.given,
        "scoreMaximum": score.maximum,
        "comment": score.comment,
        "timestamp": score.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    }
    client.ask("POST", _below(line_item, "scores"), SCOPE, MEDIA, body)


def results(client: PlatformClient, line_item: str, subject: str = "") -> dict[str, float]:
    """Return each person's share of the points in the platform's gradebook, by subject; of `subject` only, if given."""
    url = _below(line_item, "results")
    url = with_query(url, f"user_id={quote(subject, safe='')}") if subject else url
    found: dict[str, float] = {}
    for page in client.pages(url, RESULTS_SCOPE, RESULTS_MEDIA):
        if not isinstance(page, list):
            raise PlatformUntrue(f"{url} did not answer with a list of results")
        found.update(each for row in page if (each := _share(row)))
    return found


def _share(row: Any) -> tuple[str, float] | None:
    if not isinstance(row, dict) or not isinstance(row.get("resultScore"), int | float):
        return None
    maximum = row.get("resultMaximum") or 1
    return (str(row.get("userId")), row["resultScore"] / maximum) if isinstance(maximum, int | float) else None


def _below(line_item: str, word: str) -> str:
    """Return the address below a column's, which may have its own query (Moodle's does)."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{word}"))
