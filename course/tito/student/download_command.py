"""`tito download`: all that a student handed in, with receipts and feedback, and their framework, as one zip."""

import json
import tempfile
import zipfile
from pathlib import Path

import click

from exchange.client import ExchangeClient
from exchange.protocol.models import Submission, plain
from exchange.protocol.own_work import ABOUT, FILE_NAME, README, attempt_folder
from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.student.answers import answer, as_json_option
from tito.student.exchange_door import all_mine, exchange
from tito.student.package_export import pack
from tito.workspace import Workspace


@click.command()
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), default=Path(FILE_NAME), show_default=True,
    help="File to write.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite the file.")
@as_json_option
def download(output: Path, force: bool, as_json: bool) -> int:
    """Pack all your submissions, receipts and feedback, and your framework, into one zip to take along.

    It still works after the course is over. The home page has the same file, without the framework.

    \b
    Examples:
      tito download
      tito download --output ~/my-course.zip --force
    """
    if output.exists() and not force:
        raise TitoError(f"{output} already exists: name another file (--output), or overwrite it (--force)")
    with exchange() as (client, course), tempfile.TemporaryDirectory(dir=output.absolute().parent) as scratch:
        rows = all_mine(client, course)
        whole = Path(scratch) / FILE_NAME
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(README, ABOUT.format(course=course))
            for row in rows:
                _add(archive, client, row, Path(scratch) / row.id)
            wheel = _add_framework(archive)
        whole.replace(output)
    size = output.stat().st_size
    answer(
        as_json,
        {"file": str(output), "bytes": size, "submissions": len(rows), "framework": wheel},
        f"{output}: {len(rows)} submission{'' if len(rows) == 1 else 's'} with their receipts, {size:,} bytes",
        f"with your framework: {wheel}" if wheel else "without a framework: you have not completed any module here",
    )
    return 0


def _add(archive: zipfile.ZipFile, client: ExchangeClient, row: Submission, scratch: Path) -> None:
    folder = attempt_folder(row.assignment, row.attempt)
    client.fetch_files(row.course, row.id, scratch / "files")
    if row.feedback:
        client.fetch_feedback(row.course, row.id, scratch / "feedback")
    for path in sorted(path for path in scratch.rglob("*") if path.is_file()):
        archive.write(path, f"{folder}/{path.relative_to(scratch).as_posix()}")
    archive.writestr(f"{folder}/receipt.json", json.dumps(plain(client.receipt(row.course, row.id)), indent=1))


def _add_framework(archive: zipfile.ZipFile) -> str:
    """Add the student's framework as a wheel; return its name, or "" if nothing is completed yet."""
    workspace, curriculum = Workspace.here(), load_curriculum()
    if not any(workspace.exported(module.slug).is_file() for module in curriculum.written):
        return ""
    packed = pack(workspace, curriculum)
    archive.writestr(f"framework/{packed.file_name}", packed.content)
    return packed.file_name
