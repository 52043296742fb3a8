"""Copy all of the Hub's data into one folder, while it runs, and restore it.

Promises: each database is copied whole, as of one moment (SQLite's own backup, pg_dump), before the files that they
point to; homes are archives, one per person; a copy is complete when `backup.json` is in it, and nothing else is
restored. Restoring overwrites nothing: it refuses if there is state already.
"""

import json
import shutil
import sqlite3
import subprocess
import tarfile
import time
from pathlib import Path

from hub_config.checks import NotReady
from hub_config.docker.homes import check_new, homes_of, open_homes
from hub_config.run.postgresql import dump_all, load_all
from hub_config.settings import Settings

DONE = "backup.json"
STATE = "state.tar"
DATABASES = ("*.sqlite", "*.db")
LEFT_OUT = ("log", "homes")  # homes are separate archives
HOME = "/home/jovyan"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def back_up(settings: Settings, target: Path) -> dict:
    """Write the Hub's state into the new folder `target`; return what is in it."""
    if not (settings.var / "secrets").is_dir():
        raise NotReady(f"There is nothing to back up: no Hub has run in {settings.var} yet.")
    if target.exists() and any(target.iterdir()):
        raise NotReady(f"{target} already exists and is not empty; name a new folder.")
    began = time.gmtime()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    databases = [path for pattern in DATABASES for path in sorted(settings.var.rglob(pattern))]
    for path in databases:
        _copy_database(path, target / "databases" / path.relative_to(settings.var))
    dumped = dump_all(settings, target / "databases")
    _archive_state(settings.var, target / STATE, set(databases))
    if settings.spawner == "docker":
        open_homes(settings)  # the machine may have been restarted since the Hub last ran
    homes = [_archive_home(settings, name, target / "homes") for name in home_names(settings)]
    ended = time.gmtime()
    made = {
        "place": settings.place,
        "course": settings.course,
        "began_utc": time.strftime(MOMENT, began),
        "made_utc": time.strftime(MOMENT, ended),
        "bytes": sum(path.stat().st_size for path in target.rglob("*") if path.is_file()),
        "databases": [str(path.relative_to(settings.var)) for path in databases],
        "postgresql": dumped,
        "homes": homes,
    }
    (target / DONE).write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    return made


def restore(settings: Settings, source: Path) -> dict:
    """Restore what `back_up` wrote into `source`; the Hub's folder must be empty, and no home may exist."""
    if not (source / DONE).is_file():
        raise NotReady(f"{source} is not a complete backup: it has no {DONE}.")
    if settings.var.exists() and any(settings.var.iterdir()):
        raise NotReady(f"{settings.var} is not empty. Move it away, or restore elsewhere: HUB_VAR=/another/folder")
    made = json.loads((source / DONE).read_text("utf-8"))
    there = sorted(set(home_names(settings)) & set(made["homes"])) if settings.spawner == "docker" else []
    if there:
        raise NotReady(
            f"These home volumes already exist: {', '.join(volume_of(settings, name) for name in there)}.\n"
            "Remove them (docker volume rm), or restore under another name: HUB_DOCKER__PREFIX=another"
        )
    if settings.spawner == "docker":
        check_new(settings, made["homes"])
    _load_databases(settings, source, made.get("postgresql", []))
    settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    _extract(source / STATE, settings.var)
    for name in made["databases"]:
        (settings.var / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / "databases" / name, settings.var / name)
    for name in made["homes"]:
        _restore_home(settings, name, source / "homes")
    return made


def _load_databases(settings: Settings, source: Path, dumped: list[str]) -> None:
    if bool(dumped) != bool(settings.databases):
        kinds = ("PostgreSQL", "SQLite") if dumped else ("SQLite", "PostgreSQL")
        raise NotReady(
            f"The backup is from a Hub with {kinds[0]}, but this one has {kinds[1]}: restore into one of the same kind."
        )
    if dumped:
        load_all(settings, source / "databases")


def home_names(settings: Settings) -> list[str]:
    """Return the names of all existing homes."""
    if settings.spawner != "docker":
        return sorted(path.name for path in (settings.var / "homes").glob("*") if path.is_dir())
    prefix = volume_of(settings, "")
    listed = _docker("volume", "ls", "--quiet", "--filter", f"name={prefix}").decode().split()
    return sorted(name.removeprefix(prefix) for name in listed if name.startswith(prefix))


def volume_of(settings: Settings, name: str) -> str:
    """Return the name of a home's volume."""
    return f"{settings.container_prefix}-home-{name}"


def _copy_database(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source, copy = sqlite3.connect(f"file:{path}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    shutil.copystat(path, target)


def _archive_state(var: Path, target: Path, databases: set[Path]) -> None:
    beside = {f"{path}{suffix}" for path in databases for suffix in ("", "-wal", "-shm", "-journal")}
    with tarfile.open(target, "w") as archive:
        for path in sorted(var.iterdir()):
            if path.name not in LEFT_OUT:
                archive.add(
                    path,
                    arcname=path.name,
                    filter=lambda entry: None if str(var / entry.name) in beside else entry,
                )


def _extract(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        # Owners and modes are restored as they were; the archive was written by `back_up`.
        opened.extraction_filter = lambda member, path: member
        opened.extractall(folder)


def _archive_home(settings: Settings, name: str, folder: Path) -> str:
    folder.mkdir(mode=0o700, exist_ok=True)
    if settings.spawner != "docker":
        with tarfile.open(folder / f"{name}.tar", "w") as archive:
            archive.add(settings.var / "homes" / name, arcname=".")
        return name
    with (folder / f"{name}.tar").open("wb") as file:
        volume = f"{volume_of(settings, name)}:{HOME}:ro"
        _docker(*_in_image(settings, volume), "tar", "-C", HOME, "-c", ".", stdout=file)
    return name


def _restore_home(settings: Settings, name: str, folder: Path) -> None:
    if settings.spawner != "docker":
        _extract(folder / f"{name}.tar", settings.var / "homes" / name)
        return
    homes_of(settings).make(volume_of(settings, name))
    with (folder / f"{name}.tar").open("rb") as file:
        volume = f"{volume_of(settings, name)}:{HOME}"
        _docker(*_in_image(settings, volume), "tar", "-C", HOME, "-x", stdin=file)


def _in_image(settings: Settings, volume: str) -> list[str]:
    """Work on a volume as its owner would: in the student's image, without a network."""
    image = f"tinytorch-hub/student:{settings.image_tag}"
    return ["run", "--rm", "--interactive", "--network", "none", "--volume", volume, image]


def _docker(*words: str, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) -> bytes:
    done = subprocess.run(["docker", *words], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise NotReady(f"`docker {' '.join(words)}` failed: {done.stderr.decode().strip()}")
    return done.stdout or b""
