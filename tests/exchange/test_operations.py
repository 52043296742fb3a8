"""What an operator relies on: schema, health, metrics, settings, and the configuration of nbgrader."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import alembic.command
import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text
from traitlets.config import Config

from exchange.nbgrader_plugin import CLASSES, ExchangeAuthPlugin, configure
from exchange.protocol import scopes
from exchange.protocol.bundle import encode_manifest
from exchange.protocol.models import AssignmentSettings, Refused, Result, plain
from exchange.service import submissions
from exchange.service.database import Database, alembic_config, head_revision
from exchange.service.settings import from_environment
from exchange.service.standing import read_schedules
from exchange.service.tables import metadata
from tests.exchange.live import COURSE, DUE, Live, later
from tests.exchange.postgres import new_database
from tests.harness.plain import PLAIN


def test_migrations_make_exactly_the_tables(database_url: str, tmp_path: Path) -> None:
    """Alembic builds the tables that the code uses, on each database; migrating again changes nothing."""
    database = Database(database_url or f"sqlite:///{tmp_path / 'fresh.db'}")
    database.migrate()
    database.migrate()
    assert database.revision() == head_revision()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_a_database_of_the_first_version_keeps_its_submissions(request, database_url: str, tmp_path: Path) -> None:
    """Lateness is no longer stored but computed; receipts stay the same; quick scores are kept next to full ones."""
    url = f"sqlite:///{tmp_path / 'old' / 'exchange.db'}"
    if database_url:
        url = new_database(request.getfixturevalue("postgresql_url"), f"old_{uuid.uuid4().hex}")
    database = Database(url)
    database.migrate("0001")
    _fill_first_version(database)
    database.migrate()
    with database.read() as connection:
        rows = connection.execute(submissions.query().order_by("seq")).all()
        schedules = read_schedules(connection, COURSE, ["tensor"])
        counting = submissions.counting_ids(connection, COURSE, schedules, {"tensor": "best"})
        found = [submissions.read(row, schedules, counting) for row in rows]
        kept = [submissions.signed(row).receipt for row in rows]
        quick = connection.execute(text("SELECT quick_score FROM results ORDER BY submission")).scalars().all()
    assert [(s.late, s.lateness_seconds, s.due_at, s.counts) for s in found] == [
        (False, 0, later(DUE, hours=2), False),
        (False, 0, later(DUE, hours=2), True),
    ]
    assert [(r.late, r.lateness_seconds, r.due_at) for r in kept] == [(False, 0, DUE), (True, 4800, DUE)]
    assert [(s.result.kind, s.result.score) for s in found if s.result] == [("full", 80.0), ("quick", 27.0)]
    assert quick == [None, 27.0]
    downgrade(database, "0001")
    with database.read() as connection:
        again = connection.execute(text("SELECT due_at, late, lateness_seconds FROM submissions ORDER BY seq")).all()
    assert [tuple(row) for row in again] == [(DUE, False, 0), (DUE, True, 4800)]
    database.close()


def _fill_first_version(database: Database) -> None:
    """Write rows as the first version did: a graded attempt, a later one with a quick result, and an extension."""
    with database.write() as connection:
        old = MetaData()
        old.reflect(connection)

        def insert(table: str, **values: object) -> None:
            connection.execute(old.tables[table].insert().values(values))

        insert("courses", id=COURSE, settings="{}", created_at=DUE)
        settings = json.dumps(plain(AssignmentSettings(due_at=DUE, late_seconds=86400)))
        insert("assignments", course=COURSE, id="tensor", settings=settings, created_at=DUE)
        who = {"course": COURSE, "assignment": "tensor", "student": "ada"}
        extended = {"due_at": later(DUE, hours=2), "extra_attempts": 0, "reason": "ill"}
        insert("extensions", **who, **extended, granted_at=DUE, granted_by="grace")
        for attempt, minutes in ((1, -10), (2, 80)):
            said = {"due_at": DUE, "late": minutes > 0, "lateness_seconds": max(0, minutes * 60), "attempt": attempt}
            said |= {**who, "received_at": later(DUE, minutes=minutes)}
            receipt = {"receipt": {**said, "submission": f"s{attempt}", "files": [], "key_id": "k"}, "signature": "s"}
            stored = {"id": f"s{attempt}", "idempotency_key": f"k{attempt}", "blob": f"b{attempt}", "size": 1}
            insert("submissions", **said, **stored, manifest=encode_manifest([]).decode(), receipt=json.dumps(receipt))
        for attempt, kind, score in ((1, "full", 80.0), (2, "quick", 27.0)):
            body = {k: v for k, v in plain(Result(kind, "passed", score, 100.0)).items() if k != "score"}  # type: ignore[arg-type]
            row = {"submission": f"s{attempt}", "score": score, "body": json.dumps(body)}
            insert("results", **row, posted_at=DUE, posted_by="grading")


def test_a_service_whose_database_is_up_to_date_starts_without_alembic(sqlite_file: Path) -> None:
    """Importing it would take 0.15 s of each start."""
    program = (
        "import sys, exchange.service.app; from exchange.service.database import Database\n"
        "database = Database(sys.argv[1]); database.migrate(); database.close()\n"
        "print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{sqlite_file}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


def downgrade(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        alembic.command.downgrade(config, revision)


def test_commits_are_durable_by_setting(tmp_path: Path) -> None:
    """SQLite syncs its log at each commit (2 means FULL), and a reader never waits for a writer (WAL)."""
    database = Database(f"sqlite:///{tmp_path / 'exchange.db'}")
    with database.read() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("synchronous", "journal_mode")]
    database.close()
    assert found == [2, "wal"]


def test_failed_transaction_leaves_nothing(live: Live) -> None:
    """An error in the middle of a transaction undoes everything before it."""
    from exchange.service import audit

    database = live.service.database
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        audit.record(connection, "2026", None, "half", COURSE)
        raise ZeroDivisionError
    assert live.semester().audit(COURSE) == []


def test_health_and_keys_are_open_to_all(live: Live) -> None:
    """Both work without a token: a load balancer or a person who verifies a receipt has none."""
    health = httpx.get(f"{live.url}/health", **PLAIN).json()
    keys = httpx.get(f"{live.url}/api/v1/keys", **PLAIN).json()
    assert (health["status"], len(keys), set(keys[0])) == (
        "ok",
        1,
        {"key_id", "public_key", "created_at", "retired_at"},
    )


def test_metrics_name_nobody(course: Live) -> None:
    """Metrics have counts and durations, but no person's name."""
    course.submit(course.student("ada"))
    token = course.hub.token("prometheus", "service", scope=[scopes.ACCESS, "read:metrics"])
    text = httpx.get(f"{course.url}/metrics", headers={"Authorization": f"token {token}"}, **PLAIN).text
    assert f'exchange_submissions_total{{assignment="tensor",course="{COURSE}",late="false"}} 1.0' in text
    assert "exchange_request_seconds_count" in text
    assert "ada" not in text


def test_large_json_is_refused_unread(course: Live) -> None:
    """A body that would be held in memory is limited, with or without a declared length."""
    headers = {"Authorization": f"token {course.hub.service('semester')}"}
    url = f"{course.url}/api/v1/courses/{COURSE}"
    answer = httpx.put(url, content=b"x" * 2_000_000, headers=headers, **PLAIN)
    chunked = httpx.put(url, content=iter([b"x" * 10**6] * 2), headers=headers, **PLAIN)
    assert (answer.status_code, chunked.status_code) == (413, 413)


def test_a_lost_blob_is_told_without_a_traceback(course: Live) -> None:
    """A missing blob gives a 500 in the usual format, and fsck names the blob."""
    ada = course.student("ada")
    receipt = course.submit(ada).receipt
    newest = max(course.settings.data.glob("blobs/*/*"), key=lambda p: p.stat().st_mtime_ns)
    newest.unlink()
    with pytest.raises(Refused, match="tell the operator") as refused:
        ada.fetch_files(COURSE, receipt.submission, course.scratch / "back")
    assert refused.value.status == 500
    assert [newest.name in line for line in course.fsck().damage] == [True]


def test_private_files_are_private(live: Live) -> None:
    """Only the service's own user can read keys and blobs."""
    data = live.settings.data
    keys = list((data / "keys").glob("*.pem"))
    assert [path.stat().st_mode & 0o777 for path in (keys[0], data / "keys", data / "blobs" / "00")] == [
        0o600,
        0o700,
        0o700,
    ]


def test_settings_command_line_over_environment_over_defaults(tmp_path: Path) -> None:
    """EXCHANGE_PORT wins over JupyterHub's address; a database given on the command line wins over the default."""
    hub = {
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:9999",
        "JUPYTERHUB_SERVICE_PREFIX": "services/exchange",
        "JUPYTERHUB_API_URL": "http://hub:8081/hub/api",
        "EXCHANGE_DATA": str(tmp_path),
    }
    settings = from_environment(hub)
    assert (settings.host, settings.port, settings.prefix) == ("127.0.0.1", 9999, "/services/exchange/")
    assert settings.database_url == f"sqlite:///{tmp_path / 'exchange.db'}"
    assert from_environment({**hub, "EXCHANGE_PORT": "8000"}).port == 8000
    assert from_environment(hub, port="7000", database="postgresql://x").database_url == "postgresql://x"
    with pytest.raises(Refused, match="whole number"):
        from_environment({"EXCHANGE_PORT": "many"})


def test_configure_sets_all_eight_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`configure` sets each class trait of nbgrader's exchange factory to our class."""
    from nbgrader.exchange import ExchangeFactory

    monkeypatch.setenv("EXCHANGE_COURSE", COURSE)
    c = Config()
    configure(c)
    factory = ExchangeFactory(config=c)
    assert {name: getattr(factory, name) for name in ExchangeFactory.class_trait_names(config=True)} == CLASSES
    assert len(CLASSES) == 8
    assert (c.Authenticator.plugin_class, c.CourseDirectory.course_id) == (ExchangeAuthPlugin, COURSE)


def test_courses_of_the_course_list(course: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """nbgrader's Authenticator, which JupyterLab's Course List uses, asks the exchange."""
    from nbgrader.auth import Authenticator

    monkeypatch.setenv("EXCHANGE_URL", course.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", course.hub.kernel("grace", COURSE))
    authenticator = Authenticator(config=Config(Authenticator={"plugin_class": ExchangeAuthPlugin}))
    assert authenticator.get_student_courses("*") == [COURSE]
    assert (authenticator.has_access("*", COURSE), authenticator.has_access("*", "other")) == (True, False)


@pytest.mark.service
def test_student_side_needs_no_service_packages() -> None:
    """Protocol, client and plugin import none of the packages that only the service needs."""
    import subprocess
    import sys

    code = (
        "import sys; from exchange.client import *; import exchange.nbgrader_plugin, exchange.protocol.receipt\n"
        "names = ('fastapi', 'uvicorn', 'pydantic', 'alembic.config', 'exchange.service')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_shows_examples() -> None:
    """The parser accepts the examples in `python -m exchange --help`."""
    from exchange.service.commands import COMMANDS, EXAMPLES, _parser

    lines = [line.split("  ")[1].strip() for line in EXAMPLES.splitlines() if "python -m exchange" in line]
    for line in lines:
        words = line.partition(" > ")[0].split()[3:]
        assert _parser().parse_args(words).command in COMMANDS
    assert len(lines) == 5
