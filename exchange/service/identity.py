"""What the owner of a token is in a course of the exchange: student, staff or service, and with which verbs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exchange.hub import identity as hub
from exchange.protocol import scopes
from exchange.protocol.paths import check_person


@dataclass(frozen=True)
class Caller(hub.Caller):
    """The owner of a token, and for whom a service says that it acts."""

    acting_for: str = ""

    def is_student(self, course: str) -> bool:
        """Tell whether the caller takes the course."""
        return self.kind == "user" and scopes.student_group(course) in self.groups

    def is_staff(self, course: str) -> bool:
        """Tell whether the caller teaches the course (which by itself gives no verb)."""
        return self.kind == "user" and scopes.staff_group(course) in self.groups

    def may(self, scope: str, course: str) -> bool:
        """Tell whether the token carries a staff verb that applies to the course."""
        everywhere = self.kind == "service" or scope == scopes.ADMIN
        return scope in self.scopes and (everywhere or self.is_staff(course))

    def role(self, course: str) -> str | None:
        """Name what the caller is in the course: staff, student, service or None."""
        if self.is_staff(course):
            return "staff"
        if self.is_student(course):
            return "student"
        if self.scopes & scopes.STAFF_SCOPES and (self.kind == "service" or scopes.ADMIN in self.scopes):
            return "service"
        return None


def read_caller(model: Mapping[str, Any]) -> Caller:
    """Read the Hub's user or service model; raise Refused for a name that no file may have."""
    known = hub.read_caller(model)
    return Caller(check_person(known.name), known.kind, known.scopes, known.groups)
