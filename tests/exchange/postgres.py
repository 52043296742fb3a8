"""A PostgreSQL server of the tests' own: started by an unprivileged user, reached through a socket, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy


def programs() -> Path:
    """Find PostgreSQL's server programs."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin/initdb")).parent


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Give the URL of a fresh server's maintenance database."""
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder = Path(tempfile.mkdtemp(prefix="exchange-pg-"))
    user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [str(programs() / program), "-D", str(data), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, **user)
        assert done.returncode == 0, done.stderr + done.stdout

    try:
        run("initdb", "-A", "trust", "-U", "exchange", "-E", "UTF8", "--no-sync", "--locale=C")
        settings = f"-k {folder} -c listen_addresses='' -c max_connections=200 -c log_min_messages=fatal"
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", settings)
        try:
            yield f"postgresql+psycopg://exchange@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def new_database(maintenance_url: str, name: str, template: str = "template0") -> str:
    """Create a database and give its URL."""
    engine = sqlalchemy.create_engine(maintenance_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    engine.dispose()
    return maintenance_url.replace("@/postgres?", f"@/{name}?")
