"""The roster from the platform's members: what it would be, and what our semester service is asked to apply.

The semester's roster keeps what the platform does not know: sections. The semester service says whom a plan drops and
what must be confirmed; a check that nobody watches never confirms anything.
"""

import base64
import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tito.campus.people import Named
from tito.campus.platform.members import Member
from tito.errors import TitoError

COLUMNS = ("username", "last_name", "first_name", "email", "section")
NAME = "platform.csv"
DROPS = "drops"  # the semester service's word for people who would leave


@dataclass(frozen=True)
class RosterPlan:
    """The platform's members as the roster, and what that changes; `plan` is the semester service's answer."""

    named: Named
    plan: dict[str, Any]

    @property
    def drops(self) -> list[str]:
        """The sentences that must be confirmed."""
        return [each["sentence"] for each in self.plan["confirmations"]]

    def as_dict(self) -> dict[str, Any]:
        """Return what pages and scripts see."""
        words = ("sign", "area", "subject", "detail")
        changes = [{word: each[word] for word in words} for each in self.plan["changes"]]
        return {
            "students": len(self.plan["list"]["students"]),
            "changes": changes,
            "confirmations": self.plan["confirmations"],
            "warnings": self.plan["warnings"],
            "without_name": self.named.refused,
            "seen": self.plan["seen"],
        }


def roster_text(named: Named, now: Iterable[Mapping[str, str]], staff: Iterable[str]) -> str:
    """Write the learners who are there as a roster; sections, and names that the platform hides, stay as they are."""
    before, not_students = {row["username"]: row for row in now}, set(staff)
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for name, member in sorted(named.members.items()):
        if member.learns and member.active and name not in not_students:
            lines.writerow(_row(name, member, before.get(name, {})))
    return text.getvalue()


def _row(name: str, member: Member, before: Mapping[str, str]) -> list[str]:
    about = {"last_name": member.last_name, "first_name": member.first_name, "email": _address(member.email)}
    kept = {column: about[column] or before.get(column, "") for column in about}
    return [name, *kept.values(), before.get("section", "")]


def _address(said: str) -> str:
    return said if "@" in said else ""


def as_upload(text: str) -> dict[str, str]:
    """Return a roster in the form in which the semester service accepts a class list."""
    return {"name": NAME, "content": base64.b64encode(text.encode()).decode(), "username": "username"}


def check_yes(plan: RosterPlan, drops: bool) -> list[str]:
    """Return the kinds of loss that are confirmed; raise TitoError if another must be."""
    if others := [each["sentence"] for each in plan.plan["confirmations"] if each["key"] != DROPS]:
        raise TitoError(
            f"nothing was changed: the semester file has other changes that must be confirmed ({'; '.join(others)}): "
            "`tito semester plan` shows them"
        )
    if plan.drops and not drops:
        sentences = "; ".join(plan.drops)
        raise TitoError(
            f"nothing was changed, because this must be confirmed: {sentences}. If it is intended: `tito campus "
            "roster --yes --drops`"
        )
    return [DROPS] if plan.drops else []
