"""Times as a page shows them: exact in the course's zone, and how far away in words. The browser turns the first into
the viewer's own zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

STEPS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


@dataclass(frozen=True)
class Moment:
    """One point in time, as read in the course."""

    at: datetime
    zone: ZoneInfo
    now: datetime

    @property
    def iso(self) -> str:
        """For machines: 2026-11-01T22:59:00Z."""
        return self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def exact(self) -> str:
        """For people: Sun 1 Nov, 23:59."""
        local = self.at.astimezone(self.zone)
        return f"{local:%a} {local.day} {local:%b, %H:%M}"

    @property
    def zone_name(self) -> str:
        return self.zone.key

    @property
    def words(self) -> str:
        """In 3 days, 2 hours ago, now."""
        return f"in {distance(self.at - self.now)}" if self.at > self.now else f"{distance(self.now - self.at)} ago"

    @property
    def is_past(self) -> bool:
        return self.at <= self.now

    @property
    def is_near(self) -> bool:
        """Tell whether it comes within two days."""
        return timedelta() < self.at - self.now <= timedelta(days=2)


def distance(span: timedelta) -> str:
    """Return `span` in its largest whole unit."""
    for size, name in STEPS:
        if span >= size:
            count = int(span / size)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "less than a minute"


class Clock:
    """Read the services' times as one course shows them at one moment."""

    def __init__(self, zone: str, now: datetime) -> None:
        self.zone, self.now = ZoneInfo(zone), now

    def moment(self, text: str | None) -> Moment | None:
        """Return the moment that a service wrote, None where it wrote none."""
        return Moment(datetime.fromisoformat(text), self.zone, self.now) if text else None
