"""A PostgreSQL server for the tests: run by an unprivileged user, reached through a socket, removed afterwards."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy

from tests.harness.mortal import mortal

START_SECONDS = 60.0  # other tests may run on this machine too


def programs() -> Path:
    """Find PostgreSQL's server programs."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin/initdb")).parent


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start a fresh server and yield the URL of its maintenance database."""
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder = Path(tempfile.mkdtemp(prefix="exchange-pg-"))
    user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"

    try:
        line = [str(programs() / "initdb"), "-D", str(data), "-A", "trust", "-U", "exchange", "-E", "UTF8"]
        line += ["--no-sync", "--locale=C"]
        done = subprocess.run(line, capture_output=True, text=True, cwd=folder, timeout=120, **user)
        assert done.returncode == 0, done.stderr + done.stdout
        settings = [f"unix_socket_directories={folder}", "listen_addresses=", "max_connections=200"]
        settings += ["log_min_messages=fatal"]
        line = [str(programs() / "postgres"), "-D", str(data), *(word for each in settings for word in ("-c", each))]
        with (folder / "log").open("w") as log:
            # SIGQUIT ends it at once, even with open connections. A server started by pg_ctl is not our child.
            process = subprocess.Popen(mortal(line, "QUIT"), cwd=folder, stdout=log, stderr=log, **user)
        try:
            url = f"postgresql+psycopg://exchange@/postgres?host={folder}"
            _wait(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(30)
    finally:
        shutil.rmtree(folder)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    engine = sqlalchemy.create_engine(url)
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            engine.connect().close()
            return engine.dispose()
        except sqlalchemy.exc.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)


def new_database(maintenance_url: str, name: str, template: str = "template0") -> str:
    """Create a database and return its URL."""
    engine = sqlalchemy.create_engine(maintenance_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    engine.dispose()
    return maintenance_url.replace("@/postgres?", f"@/{name}?")
