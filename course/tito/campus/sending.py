"""Send what is in the outbox: a column for each module and milestone, a score for each student who was shown one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby

from sqlalchemy.orm import Session

from tito.campus.database import LEFT, NOBODY, REFUSED, LineItem, Linked, Person, Score, utc_now
from tito.campus.outbox import CLOSE, Outbox
from tito.campus.people import find_person, names_by_subject
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.errors import PlatformRefused, PlatformSilent
from tito.campus.platform.line_items import find_or_create_line_item, is_there
from tito.campus.platform.members import members
from tito.campus.platform.scores import PlatformScore, results, send_score

NO_SUCH_PERSON = "no member of the platform's course has this name: see `tito campus roster`"
HAS_LEFT = "left the platform's course on {at:%Y-%m-%d}: it accepts no scores for them"
IS_GONE = "is no longer a member of the platform's course: it accepts no scores for them"
CHANGED_THERE = (
    "the platform's gradebook has a newer score, {there}: somebody changed it there. Change it there, or release the "
    "feedback again here"
)
CLOCKS = "the platform has a newer score by its clock, which may be ahead of this machine's"
GONE, CONFLICT = (404, 410), 409
NO_MEMBER = (400, 403, 404, 422)  # how platforms refuse a score for somebody who has left; Moodle: 400


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
            shares = self._shares(url)
            self.outbox.found_there(assignment, {names[who]: share for who, share in shares.items() if who in names})

    def _shares(self, url: str) -> dict[str, float]:
        """Return what is in a column; nothing if it was deleted there."""
        try:
            return results(self.client, url)
        except PlatformRefused as refused:
            if refused.status not in GONE:
                raise
            return {}

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
        try:
            there = self._given(row, person, url)
        except PlatformSilent as silent:
            self.outbox.later(row, str(silent), silent.after_seconds)
            raise
        except PlatformRefused as refused:
            self.outbox.not_sent(row, REFUSED, str(refused))
            return False
        if there:
            self.outbox.sent(row)
        return there

    def _given(self, row: Score, person: Person, url: str) -> bool:
        """Send a score and tell whether the platform has it; if not, note the reason or raise it."""
        try:
            self._give(row, person, url, row.told_at)
        except PlatformRefused as refused:
            return self._refused(row, person, url, refused)
        return True

    def _give(self, row: Score, person: Person, url: str, at: datetime) -> None:
        comment = f"See your feedback: {self.column_of(row.assignment).page}"
        send_score(self.client, url, PlatformScore(person.subject, row.score, row.maximum, at, comment))

    def _refused(self, row: Score, person: Person, url: str, refused: PlatformRefused) -> bool:
        """Note why a score was refused, or raise the refusal; tell whether the platform has the score all the same.

        If somebody deleted the column there, the next round makes a new one.
        """
        if refused.status == CONFLICT:
            return self._settle(row, person, url)
        if refused.status in GONE and not is_there(self.client, url):
            self._forget_column(row.assignment)
            self.outbox.again(row.assignment)
        elif refused.status in NO_MEMBER and not self._is_member(person):
            self.outbox.not_sent(row, LEFT, IS_GONE)
        else:
            raise refused
        return False

    def _settle(self, row: Score, person: Person, url: str) -> bool:
        """Find out why the platform says that it has a newer score; tell whether it now has this one.

        It may be this one, and the answer was lost. If it is the previous one that we sent, nobody has changed it
        there, so this one is sent with the present time.
        """
        there = results(self.client, url, person.subject).get(person.subject)
        if not _is(there, row.score, row.maximum):
            if not _is(there, row.sent_score, row.sent_maximum):
                shown = "none" if there is None else f"{there * row.maximum:g} of {row.maximum:g}"
                self.outbox.not_sent(row, REFUSED, CHANGED_THERE.format(there=shown))
                return False
            try:
                self._give(row, person, url, utc_now())
            except PlatformRefused as again:
                if again.status != CONFLICT:
                    raise
                self.outbox.later(row, CLOCKS, 0.0)
                return False
        return True

    def _is_member(self, person: Person) -> bool:
        """Tell whether the platform still lists somebody; if it can't say, assume that it does."""
        if not self.linked.members_url:
            return True
        try:
            return person.subject in self._listed
        except (PlatformSilent, PlatformRefused):
            return True

    @cached_property
    def _listed(self) -> set[str]:
        """The people whom the platform lists; it is asked once in a round."""
        return {each.subject for each in members(self.client, self.linked.members_url) if each.active}

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


def _is(share: float | None, score: float | None, maximum: float | None) -> bool:
    """Tell whether a share of the points is this score."""
    if share is None or score is None or maximum is None:
        return False
    return abs(share * maximum - score) <= CLOSE
