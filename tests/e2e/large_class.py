"""A large class: the demo semester at any size, with its students' submissions, sent over HTTP as their servers do."""

import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from tito.curriculum import load_curriculum
from tito.semester.demo import COURSE, Size, write_demo

from exchange.client.exchange_client import ExchangeClient
from exchange.client.transfer import pack
from tests.e2e.hub import CHECKOUT, RunningHub
from tests.e2e.solving import solutions, solved, written_answers

SLUG, WEAK = "tensor", "infer_shape"  # every third student leaves one exercise unsolved
ANSWER = "Broadcasting copies nothing: the stride of a stretched axis is zero."
AT_ONCE = 4


def write_class(folder: Path, size: Size) -> Path:
    """Write the demo semester of this size and its roster; return the semester's file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "semester.yaml"
    write_demo(path, load_curriculum(CHECKOUT / "course"), datetime.now(UTC), ZoneInfo("UTC"), size=size)
    return path


@contextmanager
def exchange_of(hub: RunningHub, name: str) -> Iterator[ExchangeClient]:
    """Yield an exchange client with a token that the person gets by password."""
    about = {"auth": {"username": name, "password": hub.passwords()[name]}, "expires_in": 3600, "note": "large class"}
    made = httpx.post(f"{hub.url}/hub/api/users/{name}/tokens", json=about, timeout=60)
    assert made.status_code == 201, made.text
    with ExchangeClient(f"{hub.url}/services/exchange", made.json()["token"]) as client:
        yield client


def hand_in(hub: RunningHub, students: list[str]) -> None:
    """Fetch, solve and submit the module for each student; weak students leave one exercise unsolved."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda numbered: _hand_in_one(hub, Path(scratch), *numbered), enumerate(students)))


def _hand_in_one(hub: RunningHub, scratch: Path, number: int, name: str) -> None:
    with exchange_of(hub, name) as exchange:
        exchange.fetch_release(COURSE, SLUG, scratch / name)
        notebook = scratch / name / f"{SLUG}.ipynb"
        given = json.loads(notebook.read_text())
        notebook.write_text(json.dumps(solved(given, answers_of(given, is_weak=number % 3 == 0, number=number))))
        exchange.submit(COURSE, SLUG, pack(scratch / name, [notebook.name]))


def answers_of(notebook: dict, is_weak: bool, number: int) -> dict[str, str]:
    """Return grade_id -> the student's text."""
    texts = {name: text for name, text in solutions(SLUG).items() if not (is_weak and name == WEAK)}
    return texts | dict.fromkeys(written_answers(notebook), f"{ANSWER} ({number})")
