"""The commands of `python -m exchange`. Each prints what it did; with `--json`, in a form for scripts."""

import argparse
import dataclasses
import fcntl
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exchange.hub.durable import make_folder
from exchange.protocol.models import Refused
from exchange.service.settings import Settings, from_environment

if TYPE_CHECKING:
    from exchange.service.keyring import Keyring

EXAMPLES = """examples:
  python -m exchange serve --data var/exchange --port 8104
  python -m exchange backup /backups/exchange-monday.tar      while the service runs
  python -m exchange restore /backups/exchange-monday.tar --data var/exchange-new
  python -m exchange fsck --sweep
  python -m exchange public-key > exchange.pub                for `tito receipt verify --key`
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; refusals go to standard error, with their remedy."""
    options = _parser().parse_args(arguments)
    given = {
        name: getattr(options, name, None) for name in ("data", "database", "host", "port", "prefix", "hub_api_url")
    }
    try:
        return COMMANDS[options.command](from_environment(**given), options)
    except Refused as error:
        print(f"exchange {options.command}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m exchange",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", help="folder of blobs, keys and the SQLite database (EXCHANGE_DATA; var/exchange)")
    common.add_argument("--database", help="SQLAlchemy URL (EXCHANGE_DATABASE; SQLite in the data folder)")
    common.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    serve = add("serve", "answer requests until stopped")
    serve.add_argument("--host", help="address to listen on (EXCHANGE_HOST; 127.0.0.1)")
    serve.add_argument("--port", help="port to listen on (EXCHANGE_PORT; 8104)")
    serve.add_argument("--prefix", help="public URL prefix (JUPYTERHUB_SERVICE_PREFIX; /services/exchange/)")
    serve.add_argument("--hub-api-url", help="the Hub that owns the tokens (JUPYTERHUB_API_URL)")
    add("backup", "write everything into one file while the service runs").add_argument("file", type=Path)
    add("restore", "restore a backup into an empty place").add_argument("file", type=Path)
    check = add("fsck", "compare every row with its blob and every blob with its row")
    check.add_argument("--quick", action="store_true", help="do not read the blobs' content")
    check.add_argument("--sweep", action="store_true", help="delete blobs that no row names")
    check.add_argument("--older-than", type=float, default=3600.0, metavar="SECONDS", help="age of swept blobs (3600)")
    add("migrate", "bring the database schema up to date")
    add("rotate-key", "sign receipts with a new key from now on; old receipts stay valid")
    add("public-key", "print the public keys that verify receipts")
    add("openapi", "print the OpenAPI description")
    return parser


def _print(options: argparse.Namespace, outcome: dict[str, Any], text: str) -> None:
    print(json.dumps(outcome) if options.json else text)


@contextmanager
def only_process(data: Path) -> Iterator[None]:
    """Reserve the data folder for one process that serves or restores."""
    make_folder(data, 0o700)
    with (data / "service.lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            remedy = "stop it first, or use another --data"
            raise Refused("another process uses the data folder", str(data), remedy) from error
        yield


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    import uvicorn

    from exchange.hub.logs import set_up_logs
    from exchange.service.app import build_service, create_app

    set_up_logs("exchange")
    with only_process(settings.data):
        service = build_service(settings)
        service.blobs.clear_incoming()
        config = uvicorn.Config(
            create_app(service),
            host=settings.host,
            port=settings.port,
            log_config=None,
            log_level="warning",
            access_log=False,
            # The proxy in front sets these; nothing is decided by them.
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=20,
            backlog=2048,
        )
        print(f"exchange serves http://{settings.host}:{settings.port}{settings.prefix}", flush=True)
        # uvicorn stops in order and then raises the signal again; an ordered stop ends with 0.
        signal.signal(signal.SIGTERM, lambda *_: None)
        uvicorn.Server(config).run()
    return 0


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    from exchange.service.backup import backup

    outcome = backup(settings, options.file)
    _print(options, outcome, f"wrote {options.file}: {outcome['rows']} rows, {outcome['blobs']} blobs")
    return 0


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    from exchange.service.restore import restore

    with only_process(settings.data):
        outcome = restore(settings, options.file)
    _print(options, outcome, f"restored {outcome['rows']} rows and {outcome['blobs']} blobs into {settings.data}")
    return 0


def _fsck(settings: Settings, options: argparse.Namespace) -> int:
    from exchange.service import fsck
    from exchange.service.blobs import LocalBlobs
    from exchange.service.database import Database

    blobs = LocalBlobs(settings.data)
    with closing(Database(settings.database_url)) as database:
        report = fsck.check(database, blobs, deep=not options.quick)
        if options.sweep:
            report.swept = fsck.sweep(database, blobs, settings, options.older_than)
    text = f"{report.rows} rows, {report.blobs} blobs, {report.bytes} bytes, {len(report.orphans)} blobs without a row"
    lines = [text, f"swept {report.swept}"] if options.sweep else [text]
    verdict = "damaged" if report.damage else "clean"
    _print(options, dataclasses.asdict(report), "\n".join([*lines, *report.damage, verdict]))
    return 1 if report.damage else 0


def _migrate(settings: Settings, options: argparse.Namespace) -> int:
    from exchange.service.database import Database

    with closing(Database(settings.database_url)) as database:
        before = database.revision()
        database.migrate()
        outcome = {"before": before, "after": database.revision()}
    _print(options, outcome, f"schema {outcome['before']} -> {outcome['after']}")
    return 0


@contextmanager
def _keyring(settings: Settings) -> Iterator["Keyring"]:
    from exchange.service.database import Database
    from exchange.service.keyring import Keyring

    with closing(Database(settings.database_url)) as database:
        database.migrate()
        yield Keyring(settings.data / "keys", database)


def _rotate_key(settings: Settings, options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from exchange.protocol.models import utc_text

    with _keyring(settings) as keyring:
        key_id = keyring.rotate(utc_text(datetime.now(UTC)))
    _print(options, {"key_id": key_id}, f"new receipts are signed with {key_id}")
    return 0


def _public_key(settings: Settings, options: argparse.Namespace) -> int:
    from exchange.protocol.models import plain

    with _keyring(settings) as keyring:
        print(json.dumps([plain(key) for key in keyring.public_keys()], indent=2))
    return 0


def _openapi(settings: Settings, options: argparse.Namespace) -> int:
    import tempfile

    from exchange.service.app import build_service, create_app

    with tempfile.TemporaryDirectory() as folder:
        service = build_service(dataclasses.replace(settings, data=Path(folder), database=""))
        print(json.dumps(create_app(service).openapi(), indent=2))
        service.database.close()
    return 0


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "serve": _serve,
    "backup": _backup,
    "restore": _restore,
    "fsck": _fsck,
    "migrate": _migrate,
    "rotate-key": _rotate_key,
    "public-key": _public_key,
    "openapi": _openapi,
}
