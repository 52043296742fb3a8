"""Send what is in the outbox: a column for each module and milestone, a score for each student who was shown one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from tito.campus.database import LEFT, NOBODY, REFUSED, LineItem, Linked, Person, Score
from tito.campus.outbox import Outbox
from tito.campus.people import find_person, names_by_subject
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.errors import PlatformRefused, PlatformSilent
from tito.campus.platform.line_items import find_or_create_line_item, is_there
from tito.campus.platform.scores import PlatformScore, results, send_score

NO_SUCH_PERSON = "no member of the platform's course has this name: see `tito campus roster`"
HAS_LEFT = "left the platform's course on {at:%Y-%m-%d}: it accepts no scores for them"
GONE = (404, 410)


@dataclass(frozen=True)
class Column:
    """The name of a column in the platform's gradebook, and where its students read their feedback."""

    label: str
    page: str


@dataclass(frozen=True)
class Sending:
    """Sends one course's scores; `column_of` describes a module or milestone.

    `assignments` are columns of the platform's own assignments that open the page of a module, by module.
    """

    outbox: Outbox
    client: PlatformClient
    linked: Linked
    column_of: Callable[[str], Column]
    assignments: Mapping[str, str] = field(default_factory=dict)

    def send_due(self, now: datetime) -> int:
        """Send all that is due, return how many were accepted; raise PlatformSilent if the platform stops answering."""
        taken = 0
        for assignment, rows in groupby(self.outbox.due(now), key=lambda row: row.assignment):
            taken += self._send_column(assignment, list(rows))
        return taken

    def look(self) -> None:
        """Note what the platform's gradebook has in each column that we know."""
        names = names_by_subject(self.outbox.engine, self.linked.issuer)
        for assignment, url in self._known_columns().items():
            shares = results(self.client, url)
            self.outbox.found_there(assignment, {names[who]: share for who, share in shares.items() if who in names})

    def _send_column(self, assignment: str, rows: list[Score]) -> int:
        try:
            url = self._column(assignment, rows[0].maximum)
        except PlatformSilent as silent:
            self._all_later(rows, silent)
            raise
        except PlatformRefused as refused:
            for row in rows:
                self.outbox.not_sent(row, REFUSED, str(refused))
            return 0
        return sum(self._send(row, url) for row in rows)

    def _send(self, row: Score, url: str) -> bool:
        person = self._person(row)
        if person is None or person.gone_at is not None:
            why = NO_SUCH_PERSON if person is None else HAS_LEFT.format(at=person.gone_at)
            self.outbox.not_sent(row, NOBODY if person is None else LEFT, why)
            return False
        comment = f"See your feedback: {self.column_of(row.assignment).page}"
        try:
            send_score(self.client, url, PlatformScore(person.subject, row.score, row.maximum, row.told_at, comment))
        except PlatformSilent as silent:
            self.outbox.later(row, str(silent), silent.after_seconds)
            raise
        except PlatformRefused as refused:
            self._refused(row, url, refused)
            return False
        self.outbox.sent(row)
        return True

    def _refused(self, row: Score, url: str, refused: PlatformRefused) -> None:
        """Note a refusal; if somebody deleted the column there, the next round makes a new one."""
        if refused.status in GONE and not is_there(self.client, url):
            self._forget_column(row.assignment)
            self.outbox.again(row.assignment)
        else:
            self.outbox.not_sent(row, REFUSED, str(refused))

    def _all_later(self, rows: list[Score], silent: PlatformSilent) -> None:
        for row in rows:
            self.outbox.later(row, str(silent), silent.after_seconds)

    def _person(self, row: Score) -> Person | None:
        with Session(self.outbox.engine, expire_on_commit=False) as session:
            return find_person(session, self.linked.issuer, row.student)

    def _column(self, assignment: str, maximum: float) -> str:
        """Return the address of a column: the known one, an assignment's there, one that we made, else a new one."""
        if url := self._known_columns().get(assignment):
            return url
        url = self._of_an_assignment(assignment)
        if not url:
            resource, label = f"{self.outbox.course}/{assignment}", self.column_of(assignment).label
            url = find_or_create_line_item(self.client, self.linked.line_items_url, resource, label, maximum)
        with Session(self.outbox.engine) as session, session.begin():
            session.merge(LineItem(course=self.outbox.course, assignment=assignment, url=url))
        return url

    def _of_an_assignment(self, assignment: str) -> str:
        url = self.assignments.get(assignment, "")
        return url if url and is_there(self.client, url) else ""  # the assignment may have been deleted since

    def _known_columns(self) -> dict[str, str]:
        with Session(self.outbox.engine) as session:
            rows = session.query(LineItem).filter(LineItem.course == self.outbox.course)
            return {row.assignment: row.url for row in rows}

    def _forget_column(self, assignment: str) -> None:
        with Session(self.outbox.engine) as session, session.begin():
            if found := session.get(LineItem, (self.outbox.course, assignment)):
                session.delete(found)
