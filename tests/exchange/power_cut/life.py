"""A recording of a course's first hours with the exchange: what it wrote, and what it promised to whom and when.

It covers the first start, a class that submits all at once, feedback, a question with its notebook, a stop, a new
signing key, a backup, and a second start with more submissions, after which the service is killed.
"""

import hashlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from exchange.client import ExchangeClient
from exchange.client.transfer import Outgoing
from exchange.protocol.models import QuestionRequest, SignedReceipt
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Process, make_settings
from tests.exchange.power_cut.disk import Disk, Luck
from tests.exchange.power_cut.recorded import Account, read_account
from tests.exchange.power_cut.strace import ENDED, NEVER, traced
from tests.harness.mortal import mortal

DATA, BACKUP = "exchange", "backups/monday.tar"
AT_ONCE = 10  # students who send at the same time
SIZES = (400, 3_000, 20_000, 90_000)


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Make a folder in memory if possible: which operations a disk is asked for matters, not how long they take."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="power-cut-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder).resolve()


@dataclass
class Recording:
    """What was written, and what was promised, from which moment on."""

    account: Account
    receipts: list[tuple[int, SignedReceipt]] = field(default_factory=list)
    backups: list[tuple[int, str]] = field(default_factory=list)  # (moment, hash of its content)

    def given_at(self, moment: int) -> list[SignedReceipt]:
        """List the receipts that students may have had at a moment."""
        return [signed for given, signed in self.receipts if given <= moment]

    def backups_at(self, moment: int) -> list[str]:
        return [digest for told, digest in self.backups if told <= moment]


def recorded(place: Path, submissions: int) -> Recording:
    """Run these hours and read the account; `submissions` students submit before the stop and as many after it."""
    account = place / "account.txt"
    with FakeHub() as hub, quick_folder() as root:
        live = Process(hub, make_settings(root / DATA, hub), place)
        live.before = tuple(traced(account))
        given, backups = _live(live, root, account, submissions)
        read = read_account(account, root)
        _compare(read, root)
    receipts = [(read.moment_of(signed.receipt.submission), signed) for signed in given]
    return Recording(read, sorted(receipts, key=lambda each: each[0]), backups)


def _compare(read: Account, root: Path) -> None:
    """Raise unless the model of a disk that loses nothing matches the real one: then the account is complete."""
    disk = Disk(read)
    disk.run_to(NEVER)
    told = disk.held(Luck("everything", lambda _: True, lambda _: True))
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if path.is_file() and not name.endswith("-shm") and told.files.get(name) != path.read_bytes():
            raise RuntimeError(f"the recording does not tell the content of {name}")
    if missing := [name for name in told.files if not (root / name).exists()]:
        raise RuntimeError(f"the recording tells of files that are gone: {missing}")


def _live(live: Process, root: Path, account: Path, submissions: int) -> tuple[list[SignedReceipt], list]:
    live.start()
    live.open_course(due_at=None)
    receipts = _submit(live, range(submissions))
    _give_back(live, receipts[0].receipt.submission)
    _ask(live)
    _end(live, account, live.stop)
    _command(account, live, "rotate-key")
    _command(account, live, "backup", str(root / BACKUP))
    told = [(_moment(account), hashlib.sha256((root / BACKUP).read_bytes()).hexdigest())]
    live.start()
    receipts += _submit(live, range(submissions, 2 * submissions))
    _end(live, account, live.kill)
    live.close()
    return receipts, told


def _submit(live: Process, numbers: range) -> list[SignedReceipt]:
    def one(job: tuple[ExchangeClient, Outgoing]) -> SignedReceipt:
        return job[0].submit(COURSE, "tensor", job[1])

    jobs = [(live.student(f"s{number}"), live.outgoing({"tensor.ipynb": _content(number)})) for number in numbers]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, jobs))


def _content(number: int) -> bytes:
    return random.Random(number).randbytes(SIZES[number % len(SIZES)])


def _give_back(live: Process, submission: str) -> None:
    live.staff().put_feedback(COURSE, submission, live.folder({"tensor.html": "well done"}))


def _ask(live: Process) -> None:
    notebook = live.outgoing({"tensor.ipynb": '{"cells": []}'})
    live.student("s0").ask(COURSE, "tensor", QuestionRequest(text="Why?", exercise=""), notebook)


def _end(live: Process, account: Path, end: Callable[[], object]) -> None:
    end()
    _written(account, live.process.pid)


def _command(account: Path, live: Process, *words: str) -> None:
    """Run a command of the exchange and record it too."""
    line = [*traced(account), sys.executable, "-m", "exchange", *words, "--data", str(live.settings.data)]
    with subprocess.Popen(mortal(line), stdout=subprocess.DEVNULL) as child:
        if child.wait(60):
            raise RuntimeError(f"exchange {words[0]} ended with {child.returncode}")
        _written(account, child.pid)


def _written(account: Path, pid: int) -> None:
    """Wait until the tracer, which ends after the traced process, has written its last line."""
    until = time.monotonic() + 60
    while not any(line.startswith(b"%d " % pid) for line in _last_words(account)):
        if time.monotonic() > until:
            raise TimeoutError(f"strace has not written the end of {pid} into {account}")
        time.sleep(0.02)


def _last_words(account: Path) -> list[bytes]:
    with account.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, 2) - 50_000))
        return [found.group() for found in ENDED.finditer(stream.read())]


def _moment(account: Path) -> int:
    return 2 * len(account.read_bytes().splitlines())
