"""Copy PostgreSQL's databases into files and back, with PostgreSQL's own tools: each as of one moment."""

import shutil
import subprocess
from pathlib import Path

from hub_config.checks import NotReady
from hub_config.settings import SQLITE_FILES, Settings

SUFFIX = ".pgdump"


def dump_all(settings: Settings, folder: Path) -> list[str]:
    """Write NAME.pgdump of each database into `folder`; return the names. With SQLite it does nothing."""
    if not settings.databases:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    for name in SQLITE_FILES:
        target = folder / f"{name}{SUFFIX}"
        _tool("pg_dump", "--format=custom", f"--file={target}", _address(name, settings))
    return list(SQLITE_FILES)


def load_all(settings: Settings, folder: Path) -> None:
    """Fill empty databases from the files in `folder`; raise NotReady, before writing, if one is not empty."""
    used = [name for name in SQLITE_FILES if _has_tables(name, settings)]
    if used:
        raise NotReady(
            f"These databases are not empty: {', '.join(used)}. Restore into new ones: remove the database's volume, "
            "or use another project (HUB_DOCKER__PREFIX)"
        )
    for name in SQLITE_FILES:
        line = ["--exit-on-error", "--no-owner", f"--dbname={_address(name, settings)}"]
        _tool("pg_restore", *line, str(folder / f"{name}{SUFFIX}"))


def _has_tables(name: str, settings: Settings) -> bool:
    query = "select count(*) from information_schema.tables where table_schema = 'public'"
    return _tool("psql", "--tuples-only", "--no-align", f"--command={query}", _address(name, settings)).strip() != "0"


def _address(name: str, settings: Settings) -> str:
    """Return the address in the form for PostgreSQL's tools, without SQLAlchemy's driver."""
    scheme, rest = settings.database_url(name).split("://", 1)
    return f"{scheme.split('+')[0]}://{rest}"


def _tool(*line: str) -> str:
    if shutil.which(line[0]) is None:
        raise NotReady(f"{line[0]} is missing. Run: sudo apt-get install -y postgresql-client")
    done = subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise NotReady(f"{line[0]} failed: {done.stderr.strip()}")
    return done.stdout
