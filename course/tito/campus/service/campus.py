"""What the campus service does: link a course, update the roster, send scores, check what the platform has."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from exchange.hub.database import clear_freed
from tito.campus import roster
from tito.campus.database import ChosenModule, LineItem, Linked, Person, Score, Sync, Table, utc_now
from tito.campus.launched import columns_there, find_launched, launched_courses, resource_link_of, with_services
from tito.campus.outbox import Outbox
from tito.campus.people import Naming, keep, name_members
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.keys import Keys
from tito.campus.platform.members import members
from tito.campus.sending import Column, Sending
from tito.campus.service.neighbours import Neighbours
from tito.errors import TitoError

APPLIED, UNCHANGED, WAITS, FAILED = "applied", "unchanged", "waits", "failed"
SHOWN_SYNCS = 10
OF_A_COURSE = (Score, ChosenModule, LineItem, Sync, Linked)
OVERLAP = timedelta(hours=1)  # two runners may release at the same time, and the later one may arrive first


@dataclass
class Campus:
    """One course and its counterpart on the platform; the platform is asked for one thing at a time."""

    course: str
    folder: Path
    engine: Engine
    keys: Keys
    client: PlatformClient
    neighbours: Neighbours
    naming: Naming
    issuer: str
    home_url: str
    on_change: Callable[[], None] = lambda: None
    busy: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.engine, self.course)
        self._read_all = False

    def linked(self) -> Linked | None:
        """Return the platform's course that is ours."""
        with Session(self.engine, expire_on_commit=False) as session:
            found = session.get(Linked, self.course)
        return found and with_services(self.folder, found)

    def link(self, key: str, by: str) -> Linked:
        """Make one of the platform's courses ours."""
        found = find_launched(self.folder, key)
        if found is None:
            choices = ", ".join(f"{each.key} ({each.title})" for each in launched_courses(self.folder)) or "none yet"
            raise TitoError(
                f"no course from which the platform has opened this Hub has the key {key!r}: choose one of {choices}"
            )
        if found.issuer != self.issuer:
            raise TitoError(f"{key!r} is a course of {found.issuer!r}, but this Hub belongs to {self.issuer!r}")
        facts = {name: value for name, value in vars(found).items() if name not in ("key", "columns")}
        with self.busy, Session(self.engine) as session, session.begin():
            before = session.get(Linked, self.course)
            if before and (before.deployment, before.context) != (found.deployment, found.context):
                self.outbox.forget_columns(session)
            session.merge(Linked(course=self.course, **facts, by=by, at=utc_now()))
        self.on_change()
        return self._linked()

    def plan_roster(self) -> tuple[roster.RosterPlan, str]:
        """Return what the platform's members would change as the roster, and that roster."""
        linked = self._linked()
        if not linked.members_url:
            raise TitoError(
                "the platform's course provides no list of members: allow Names and Roles for this tool there"
            )
        with self.busy:
            link = resource_link_of(self.folder, linked)
            found = members(self.client, linked.members_url, self.naming.claim, link)
            named = name_members(self.engine, self.issuer, found, self.naming)
            people = self.neighbours.people()
            staff = [*people["tas"], *people["instructors"]]
            text = roster.roster_text(named, people["students"], staff)
            plan = self.neighbours.plan_roster(roster.as_upload(text))
        return roster.RosterPlan(named, plan), plan["roster"]

    def apply_roster(self, by: str, drops: bool = False, watched: bool = True) -> dict[str, Any]:
        """Make the platform's members the roster; nothing at all changes unless all that must be confirmed is."""
        with self.busy:
            plan, text = self.plan_roster()
            if plan.drops and not watched:
                return self._note_sync(
                    by, WAITS, f"left as it was, because it must be confirmed: {'; '.join(plan.drops)}"
                )
            yes = roster.check_yes(plan, drops)
            if not plan.plan["changes"]:
                self._keep(plan)
                return self._note_sync(by, UNCHANGED, "the same people are on the roster")
            run = self.neighbours.apply_roster(text, plan.plan["seen"], yes)
            failed = [f"{row['subject']}: {row['error']}" for row in run["changes"] if row["error"]]
            if run["error"] or failed:
                return self._note_sync(by, FAILED, run["error"] or "; ".join(failed))
            self._keep(plan)
            return self._note_sync(by, APPLIED, f"{run['made']} changes made")

    def last_look(self) -> datetime | None:
        """Return when the platform's members were last checked, None if they never were."""
        with Session(self.engine) as session:
            return session.scalar(select(func.max(Sync.at)).where(Sync.course == self.course))

    def nightly(self) -> None:
        """Update the roster unless this must be confirmed, and check what the platform's gradebook has."""
        if (linked := self.linked()) is None:
            return
        try:
            if linked.members_url:
                self.apply_roster("night", watched=False)
            if linked.line_items_url:
                self.look()
        except TitoError as error:
            self._note_sync("night", FAILED, str(error))

    def send(self, now: datetime | None = None) -> int:
        """Take in what students have been shown since, and send what is due; return how many the platform accepted."""
        linked = self.linked()
        if linked is None or not linked.line_items_url:
            return 0
        with self.busy:
            self._take_in()
            now = now or utc_now()
            return self._sending(linked).send_due(now) if self.outbox.due(now) else 0

    def _take_in(self) -> None:
        """Take in what students were shown: all of it once in a process's life, then what is new."""
        newest = self.outbox.newest() if self._read_all else None
        self.outbox.take(self.neighbours.told(newest and newest - OVERLAP))
        self._read_all = True

    def look(self) -> None:
        """Check what the platform's gradebook has in our columns."""
        with self.busy:
            self._sending(self._linked()).look()

    def forget(self, yes: bool) -> dict[str, Any]:
        """Count what is known about the platform's course; with `yes`, delete it, but only of a frozen course.

        People keep the names with which they log in, and with them their ids on the platform.
        """
        if yes and not self.neighbours.is_frozen():
            raise TitoError(f"{self.course} is not frozen: freeze it with tito semester freeze, and delete it first")
        with self.busy, Session(self.engine) as session, session.begin():
            found = {table.__tablename__: _rows(session, table, self.course, yes) for table in OF_A_COURSE}
        if yes:
            clear_freed(self.engine)
        return {"course": self.course, **found, "deleted": yes}

    def status(self) -> dict[str, Any]:
        """Return the linked course, those that launched us, the last checks of the members, and who has left."""
        with Session(self.engine) as session:
            query = select(Sync).where(Sync.course == self.course).order_by(Sync.id.desc()).limit(SHOWN_SYNCS)
            syncs = [_shown_sync(row) for row in session.scalars(query)]
            gone = session.scalars(
                select(Person).where(Person.issuer == self.issuer, Person.gone_at.is_not(None)).order_by(Person.name)
            )
            left = [{"name": row.name, "at": row.gone_at.isoformat()} for row in gone if row.gone_at]
        linked = self.linked()
        return {
            "course": self.course,
            "issuer": self.issuer,
            "linked": linked and {"title": linked.title, "context": linked.context, "deployment": linked.deployment},
            "launched": [vars(each) for each in launched_courses(self.folder)],
            "syncs": syncs,
            "left": left,
        }

    def _sending(self, linked: Linked) -> Sending:
        columns = columns_of(self.neighbours.course(), self.home_url)
        return Sending(
            self.outbox, self.client, linked, lambda name: columns.get(name, Column(name, self.home_url)),
            columns_there(self.folder, linked),
        )  # fmt: skip

    def _linked(self) -> Linked:
        if (linked := self.linked()) is None:
            raise TitoError(
                "no course of the platform is linked yet: open this course from there once, as its teacher, then "
                "run `tito campus link`"
            )
        return linked

    def _keep(self, plan: roster.RosterPlan) -> None:
        keep(self.engine, self.issuer, plan.named.members, self.folder)
        self.outbox.retry()
        self.on_change()

    def _note_sync(self, by: str, outcome: str, message: str) -> dict[str, Any]:
        with Session(self.engine) as session, session.begin():
            row = Sync(course=self.course, at=utc_now(), by=by, outcome=outcome, message=message)
            session.add(row)
            session.flush()
            return _shown_sync(row)


def _rows(session: Session, table: type[Table], course: str, yes: bool) -> int:
    ours = table.__table__.c.course == course
    count = session.scalar(select(func.count()).select_from(table).where(ours)) or 0
    if yes:
        session.execute(delete(table).where(ours))
    return count


def columns_of(course: dict[str, Any], home_url: str) -> dict[str, Column]:
    """Return the names of the columns of modules and milestones, and the pages with their feedback."""
    modules = [module for tier in course["tiers"] for module in tier["modules"]]
    columns = {m["slug"]: Column(f"{m['number']:02d} {m['title']}", f"{home_url}modules/{m['slug']}") for m in modules}
    milestones = course["milestones"].values()
    return columns | {m["assignment"]: Column(f"{m['year']} {m['title']}", home_url) for m in milestones}


def _shown_sync(row: Sync) -> dict[str, Any]:
    return {"at": row.at.isoformat(), "by": row.by, "outcome": row.outcome, "message": row.message}
