"""A class that submits in the last minute before a deadline: the requests, and whether each was stored exactly once.

`bench_deadline` measures this with a thousand students; `test_deadline` checks with a few whether anything is lost.
"""

import hashlib
import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import urlparse

from exchange.protocol.bundle import MEDIA_TYPE, encode_manifest
from exchange.protocol.models import FileInfo
from exchange.protocol.receipt import read_receipt, verify
from tests.benchmarks.bench_exchange import http_request
from tests.benchmarks.capacity_model import arrivals
from tests.benchmarks.load import Answer, Planned
from tests.exchange.live import COURSE, Live

AGAIN = 0.1  # the share that sends again with the same key, before or after an answer
LATER_SECONDS = 2.0


@dataclass(frozen=True)
class Day:
    """Who submits when: student number `i` at `at[i]`, and some of them again."""

    at: list[float]
    again: dict[int, float]

    @property
    def students(self) -> int:
        return len(self.at)


def a_day(students: int, seconds: float, draw: Random) -> Day:
    """Draw a deadline: arrivals that become more frequent towards its end, and who sends again when."""
    at = arrivals(students, seconds, draw)
    chosen = draw.sample(range(students), max(1, int(students * AGAIN)))
    return Day(at, {number: at[number] + draw.uniform(0, LATER_SECONDS) for number in chosen})


def requests(live: Live, day: Day, assignment: str, notebooks: Sequence[bytes], prefix: str) -> list[Planned]:
    """Return every request; `notebooks[i]` is that of student i, whose name is `prefix` and the number."""
    address = f"{live.url}/api/v1/courses/{COURSE}/assignments/{assignment}/submissions"
    planned = []
    for number, at in enumerate(day.at):
        name, content = f"{prefix}{number}", notebooks[number]
        declared = FileInfo(f"{assignment}.ipynb", len(content), hashlib.sha256(content).hexdigest())
        headers = {"Content-Type": MEDIA_TYPE, "Idempotency-Key": f"deadline-{name}"}
        token = live.hub.student(name, COURSE)
        data = http_request(address, token, headers, encode_manifest([declared]) + content)
        planned += [Planned(number, moment, data) for moment in (at, day.again.get(number)) if moment is not None]
    return planned


def port_of(live: Live) -> int:
    port = urlparse(live.url).port
    assert port is not None
    return port


def lost(live: Live, day: Day, answers: Sequence[Answer], assignment: str, prefix: str) -> list[str]:
    """Return what is wrong: an answer that is no receipt, two receipts for one upload, a submission that is missing.

    Check each receipt with the exchange's public key, and the stored files with fsck.
    """
    refused = {f"{prefix}{a.number}": f"{a.status}: {a.body[:200]!r}" for a in answers if a.status // 100 != 2}
    wrong = [f"{name} was answered {what}" for name, what in refused.items()]
    given: dict[str, set[bytes]] = {}
    for answer in answers:
        given.setdefault(f"{prefix}{answer.number}", set()).add(answer.body)
    wrong += [f"{name} has {len(bodies)} receipts" for name, bodies in given.items() if len(bodies) != 1]
    staff = live.staff()
    public = {}
    for key in staff.keys():  # noqa: SIM118 - a list of keys from the exchange, not a mapping
        public[key.key_id] = b64decode(key.public_key)
    there = {each.student: each.id for each in staff.all_submissions(COURSE, assignment)}
    for name, bodies in given.items():
        if name in refused:
            continue
        receipt = read_receipt(json.loads(next(iter(bodies))))
        verify(receipt, public[receipt.receipt.key_id])
        if there.get(name) != receipt.receipt.submission:
            wrong.append(f"{name} has a receipt and no submission")
    if len(given) != day.students:
        wrong.append(f"{len(given)} of {day.students} were answered")
    return [*wrong, *live.fsck().damage]
