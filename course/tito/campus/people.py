"""Who a platform's subjects are here: one name for each, kept for good.

A subject gets a name once, from what the platform then says about them. A name that somebody has is nobody else's, even
if addresses and logins are reassigned on the platform. `people.json` next to the database has the same for the Hub's
sign-in.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from exchange.protocol.names import NoName, name_of
from tito.atomic import write_if_changed
from tito.campus.database import Person, utc_now
from tito.campus.platform.members import Member

FILE_NAME = "people.json"


@dataclass(frozen=True)
class Naming:
    """How a launch names people: by which claim, and which mail domain is required and cut off."""

    claim: str
    domain: str = ""

    def name(self, member: Member) -> str:
        """Return the name that a launch of theirs would get; raise NoName if it would get none."""
        said = member.claim(self.claim)
        if not said:
            raise NoName(f"the platform sends no {self.claim!r} for them")
        if self.domain:
            said, _, its_own = said.rpartition("@")
            if not said or its_own.lower() != self.domain.lower():
                raise NoName(f"their {self.claim!r} is not an address at {self.domain}")
        return name_of(said)


@dataclass
class Named:
    """Members with their names, and why others have none."""

    members: dict[str, Member] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def name_members(engine: Engine, issuer: str, members: Iterable[Member], naming: Naming) -> Named:
    """Find everybody's name: the one that they have, else a new one that nobody has; nothing is stored yet."""
    known, named, new = names_by_subject(engine, issuer), Named(), []
    for member in members:
        if member.subject in known:
            named.members[known[member.subject]] = member
            continue
        try:
            new.append((naming.name(member), member))
        except NoName as error:
            named.refused.append(f"{_who(member)}: {error}")
    _add(named, new, set(known.values()))
    return named


def _add(named: Named, new: list[tuple[str, Member]], taken: set[str]) -> None:
    count = Counter(name for name, _ in new)
    for name, member in new:
        if name in taken:
            named.refused.append(f"{_who(member)}: the name {name} belongs to another account of the platform")
        elif count[name] > 1:
            named.refused.append(f"{_who(member)}: {count[name]} accounts of the platform claim the name {name}")
        else:
            named.members[name] = member


def _who(member: Member) -> str:
    full = " ".join(part for part in (member.first_name, member.last_name) if part)
    return f"{member.subject} ({full})" if full else member.subject


def names_by_subject(engine: Engine, issuer: str) -> dict[str, str]:
    """Return everybody's name by subject."""
    with Session(engine) as session:
        rows = session.scalars(select(Person).where(Person.issuer == issuer))
        return {row.subject: row.name for row in rows}


def keep(engine: Engine, issuer: str, members: Mapping[str, Member], folder: Path) -> None:
    """Store these names for good, note who is there and who has gone, and inform the Hub's sign-in."""
    now = utc_now()
    with Session(engine) as session, session.begin():
        known = {row.subject: row for row in session.scalars(select(Person).where(Person.issuer == issuer))}
        present = {member.subject for member in members.values()}
        for name, member in members.items():
            row = known.setdefault(member.subject, Person(issuer=issuer, subject=member.subject, name=name))
            row.seen_at, row.gone_at = now, None
        for subject, row in known.items():
            row.gone_at = None if subject in present else row.gone_at or now
        session.add_all(known.values())
        told = {subject: row.name for subject, row in sorted(known.items())}
    write_if_changed(folder / FILE_NAME, json.dumps({"issuer": issuer, "people": told}, indent=1) + "\n")


def find_person(session: Session, issuer: str, name: str) -> Person | None:
    """Return the platform's person whose name here is `name`."""
    return session.scalar(select(Person).where(Person.issuer == issuer, Person.name == name))
