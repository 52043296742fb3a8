"""A small semester leaves only what was sent. The long form: `make bench BENCH=soak`."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from exchange.service import fsck
from exchange.service.blobs import LocalBlobs
from tests.benchmarks.bench_soak import BLOB_OVERHEAD, CONNECTIONS, ROW_BYTES, WRITE_LOG_BYTES, open_files, parted
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, in_thread, make_settings
from tests.exchange.semester_lived import Semester, blob_bytes, database_bytes, live_it, write_log_bytes
from tests.home.beside_exchange import HOME, Pages
from tests.insight.large_pages import counted

pytestmark = pytest.mark.service
SIZE = Semester(students=11, modules=3, weeks=3)
EMPTY_BYTES = 1_000_000  # a database with its tables, and its write-ahead log


def test_nothing_grows_but_what_was_sent(tmp_path: Path) -> None:
    """The disk grows with what was sent, the database with students and modules, open files only with the pool."""
    with FakeHub() as hub, in_thread(hub, make_settings(tmp_path / "data", hub), tmp_path) as live:
        files: list[list[str]] = []
        sent = live_it(live, SIZE, after_module=lambda number: files.append(open_files()))
        data, service = live.settings.data, live.service
        assert sent <= blob_bytes(data) <= sent * BLOB_OVERHEAD
        assert database_bytes(data) <= EMPTY_BYTES + ROW_BYTES * SIZE.students * SIZE.modules
        assert write_log_bytes(data) <= WRITE_LOG_BYTES
        of_database, others = zip(*(parted(each) for each in files), strict=True)
        assert of_database[-1] <= 3 * CONNECTIONS
        assert others[-1] <= others[0] + SIZE.students  # their connections may still be open
        report = live.fsck()
        assert (report.damage, report.orphans) == ([], [])
        assert fsck.sweep(service.database, LocalBlobs(data), live.settings, older_than_seconds=-1) == 0
        assert len(live.staff().submissions(COURSE)) == SIZE.students * SIZE.modules
        live.clock.moment = None
        with ExitStack() as stack:
            pages = Pages(live, stack)
            pages.modules = SIZE.slugs
            said = [_statements(pages, name) for name in SIZE.names[:2]]
        assert said[0] <= said[1] + 2, "who asks questions costs no more than the reading of their answers"


def _statements(pages: Pages, name: str) -> int:
    student = pages.student(name)
    with counted() as said:
        assert student.get(HOME).status_code == 200
    return len(said)
