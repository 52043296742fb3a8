"""The data of two semesters at three services, the deletion of one, and a program that is killed while deleting.

`python -m tests.semester.deletion FOLDER 3 40` copies FOLDER to FOLDER-3 and FOLDER-40, and starts a deletion in each
that is killed at step 3 or 40. A step is an SQL statement, a commit, or the removal of a file or folder. With 0 it is
not killed, and prints the number of steps.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from tito.grading.delete import delete_content as delete_grading
from tito.grading.freeze import freeze_state
from tito.grading.queue import Queue
from tito.grading.records import open_database as open_grading
from tito.grading.settings import GradingSettings
from tito.semester.service.database import open_database
from tito.semester.service.deleting import Deleting
from tito.semester.service.freezing import Freezing

from exchange.protocol import scopes
from exchange.service import fsck
from exchange.service.app import build_service
from exchange.service.deleting import delete_content as delete_exchange
from exchange.service.identity import Caller
from exchange.service.routes.courses import get_course
from exchange.service.settings import from_environment
from tests.exchange.live import COURSE

SEMESTER = Caller("semester", "service", frozenset({scopes.ADMIN}), frozenset())
HERS = "ada-of-the-old-one"
FILES_GO = ("os.remove", "os.rmdir")


@dataclass(frozen=True)
class Stores:
    """The data of the three services, below one folder."""

    folder: Path

    @property
    def databases(self) -> dict[str, Path]:
        names = {"exchange": "data/exchange.db", "grading": "grading.sqlite", "semester": "semester.sqlite"}
        return {name: self.folder / path for name, path in names.items()}

    def engine(self, name: str, opened: Callable[[str], Engine] = create_engine) -> Engine:
        return opened(f"sqlite:///{self.databases[name]}")

    def opened(self) -> tuple[Deleting, list[Engine]]:
        """Open the services' databases; return an object that deletes a course, and the engines to close."""
        service = build_service(from_environment({}, data=self.folder / "data", hub_api_url="http://127.0.0.1:1"))
        grading: Any = GradingHere(self)
        exchange: Any = ExchangeHere(service)
        engine = self.engine("semester", open_database)
        engines = [engine, grading.queue.engine, service.database.engine]
        return Deleting(engine, Freezing(engine, grading, lambda by: exchange)), engines

    def delete(self) -> None:
        """Do what the three services do for `tito semester delete`."""
        deleting, engines = self.opened()
        deleting.delete(COURSE, "ida", "with an archive", None, early=False)
        for each in engines:
            each.dispose()

    def sweep(self) -> int:
        """Delete the blobs that no row names, as the exchange does each hour; return how many."""
        settings = from_environment({}, data=self.folder / "data", hub_api_url="http://127.0.0.1:1")
        service = build_service(settings)
        swept = fsck.sweep(service.database, service.blobs, settings, older_than_seconds=-1)
        assert fsck.check(service.database, service.blobs).damage == [], self.folder
        service.database.close()
        return swept

    def rows(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        found = {}
        for name in self.databases:
            engine = self.engine(name)
            with engine.connect() as connection:
                for table in inspect(engine).get_table_names():
                    rows = connection.execute(text(f'SELECT * FROM "{table}"'))
                    found[f"{name}.{table}"] = sorted(str(tuple(row)) for row in rows)
            engine.dispose()
        return found

    def files(self) -> set[str]:
        """Everything in the course's folder and among the blobs."""
        below = [self.folder / "course", self.folder / "data" / "blobs"]
        return {str(path.relative_to(self.folder)) for each in below for path in each.rglob("*") if path.is_file()}

    def words_of_ada(self) -> list[str]:
        """Return the databases whose files still contain ada's name."""
        files = {name: path.parent.glob(f"{path.name}*") for name, path in self.databases.items()}
        return [name for name, found in files.items() if any(HERS.encode() in each.read_bytes() for each in found)]


class GradingHere:
    """The grading service's part, called without a network."""

    def __init__(self, stores: Stores) -> None:
        self.settings = GradingSettings(stores.folder / "course")
        self.queue = Queue(stores.engine("grading", open_grading))

    def freeze_state(self) -> dict[str, Any]:
        return freeze_state(self.settings, self.queue)

    def delete_content(self, yes: bool) -> dict[str, Any]:
        return delete_grading(self.settings, self.queue, yes)


class ExchangeHere:
    """The exchange's part, called without a network."""

    def __init__(self, service: Any) -> None:
        self.service = service

    def __enter__(self) -> "ExchangeHere":
        return self

    def __exit__(self, *_: object) -> None: ...

    def course(self, course: str) -> Any:
        return get_course(course, self.service, SEMESTER)

    def questions(self, course: str, waiting: bool) -> list[Any]:
        return []

    def delete_content(self, course: str, yes: bool, why: str = "") -> Any:
        return delete_exchange(self.service, SEMESTER, course, yes, why)


def count_steps(then: Callable[[int, str], None]) -> None:
    """Call `then` with the number of each step from now on, and the path that it removes, if any."""
    done = 0

    def step(file: str = "") -> None:
        nonlocal done
        done += 1
        then(done, file)

    event.listen(Engine, "before_cursor_execute", lambda *_: step())
    event.listen(Engine, "commit", lambda _: step())
    sys.addaudithook(lambda name, about: step(str(about[0])) if name in FILES_GO else None)


def die_at(stores: Stores, moment: int) -> tuple[int, int]:
    """Delete the course, killed at step `moment`; with 0, live and return the last step and the first blob's step."""
    deleting, engines = stores.opened()
    last = first_blob = 0

    def step(number: int, file: str) -> None:
        nonlocal last, first_blob
        last = number
        if "/blobs/" in file:
            first_blob = first_blob or number
        if number == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    count_steps(step)
    deleting.delete(COURSE, "ida", "with an archive", None, early=False)
    for each in engines:
        each.dispose()
    return last, first_blob


def main(folder: Path, moments: list[int]) -> None:
    for moment in moments:
        stores = Stores(Path(shutil.copytree(folder, f"{folder}-{moment}")))
        if (child := os.fork()) == 0:
            print("steps", *die_at(stores, moment), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(moment, os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]])
