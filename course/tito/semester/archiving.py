"""Collect the contents of a course's archive from the services that have them."""

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exchange.client import ExchangeClient
from exchange.client.token import hub_token
from exchange.hub.asking import ServiceClient
from exchange.protocol.models import Submission, plain, utc_text
from exchange.protocol.own_work import attempt_folder
from tito.errors import TitoError
from tito.gradebook.table import FORMATS, export_table
from tito.insight.client import InsightClient
from tito.insight.report import of_semester, write_report
from tito.semester.archive import ABOUT, FORMAT, ROWS, Writer, new_archive


def write_archive(target: Path, texts: Mapping[str, str], exchange: ExchangeClient, course: str) -> None:
    """Write the archive of a course; `texts` has its semester and roster. The file appears only when it is complete."""
    with new_archive(target) as writer, tempfile.TemporaryDirectory(dir=target.absolute().parent) as scratch:
        rows = exchange.all_submissions(course)
        writer.add("semester/semester.yaml", texts["semester"].encode())
        writer.add("semester/roster.csv", texts["roster"].encode())
        for row in rows:
            _add_submission(writer, exchange, row, Path(scratch) / row.id)
        writer.add_json(ROWS, [plain(row) for row in rows])
        _add_grades(writer)
        _add_report(writer)
        writer.add_json("report/activity.json", plain(exchange.activity(course)))
        writer.add_json(ABOUT, _about(exchange, course, len(rows)))


def _about(exchange: ExchangeClient, course: str, submissions: int) -> dict[str, Any]:
    frozen = exchange.course(course).frozen
    return {
        "format": FORMAT, "course": course, "made_at": utc_text(datetime.now(UTC)),
        "frozen": plain(frozen) if frozen else None, "submissions": submissions,
        "keys": list(map(plain, exchange.keys())),
    }  # fmt: skip


def _add_submission(writer: Writer, exchange: ExchangeClient, row: Submission, scratch: Path) -> None:
    module, _, attempt = attempt_folder(row.assignment, row.attempt).partition("/")
    folder = f"submissions/{module}/{row.student}/{attempt}"
    exchange.fetch_files(row.course, row.id, scratch / "files")
    if row.feedback:
        exchange.fetch_feedback(row.course, row.id, scratch / "feedback")
    for path in sorted(path for path in scratch.rglob("*") if path.is_file()):
        writer.add_file(f"{folder}/{path.relative_to(scratch).as_posix()}", path)
        path.unlink()  # a class has many gigabytes
    writer.add_json(f"{folder}/receipt.json", plain(exchange.receipt(row.course, row.id)))


def _add_grades(writer: Writer) -> None:
    url, token = os.environ.get("GRADING_URL", "").rstrip("/"), hub_token(os.environ, "TITO_TOKEN")
    if not url:
        raise TitoError("GRADING_URL is not set: run this as `python -m hub_config run -- tito semester archive ...`")
    service = ServiceClient(
        "the grading service", f"{url}/api/v1", token, timeout_seconds=60, refused=TitoError, silent=TitoError
    )
    try:
        names = [row["assignment"] for row in service.ask("GET", "/overview")["modules"]]
        names += service.ask("GET", "/points")
        rows = {name: service.ask("GET", f"/assignments/{name}/students") for name in names}
    finally:
        service.close()
    writer.add_json("grades/rows.json", rows)
    for form in FORMATS:
        writer.add(f"grades/{form}.csv", export_table(form, rows).encode())


def _add_report(writer: Writer) -> None:
    client = InsightClient()
    try:
        said = client.semester()
        modules = {row["module"]: client.module(row["module"]) for row in said["modules"] if row["submitted"]}
        made = of_semester(said, modules, client.surveys())
    finally:
        client.close()
    for ending in (".md", ".json"):
        writer.add(f"report/report{ending}", write_report(made, [], ending).encode())
