"""The nightly look comes at three in the course's own zone, whatever the clocks do."""

from datetime import UTC, datetime

import pytest
from tito.campus.service.clockwork import last_night


@pytest.mark.parametrize(
    ("now", "zone", "night"),
    [
        ("2026-11-30T01:59", "Europe/Berlin", "2026-11-29T02:00"),
        ("2026-11-30T02:00", "Europe/Berlin", "2026-11-30T02:00"),
        ("2026-11-30T07:00", "America/New_York", "2026-11-29T08:00"),
        ("2026-10-25T12:00", "Europe/Berlin", "2026-10-25T02:00"),  # clocks were set back an hour before
        ("2026-03-29T12:00", "Europe/Berlin", "2026-03-29T01:00"),  # and forward
    ],
)
def test_the_last_night_is_the_newest_three_o_clock_there(now: str, zone: str, night: str):
    found = last_night(datetime.fromisoformat(now).replace(tzinfo=UTC), zone)
    assert found.astimezone(UTC).isoformat()[:16] == night
