"""Everything that the viewer handed in, with receipts and feedback, as one zip; only the viewer's own work.

It is written to a file, not to memory, one submission after another, and at most two are made at a time.
"""

import asyncio
import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from exchange.protocol.own_work import ABOUT, FILE_NAME, GRADES, README, attempt_folder, inside
from hub_config.home.guard import Asking, Looking, NoPage
from hub_config.home.neighbours import Missing, Neighbours

router = APIRouter()
AT_ONCE = asyncio.Semaphore(2)
BLOCK = 1 << 20


@router.get(f"/{FILE_NAME}")
async def download(request: Request, viewer: Looking, ask: Asking) -> Response:
    """Give the viewer's submissions, receipts, feedback and points as one file."""
    async with AT_ONCE:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the answer has been sent
        try:
            await _write(file, ask, request.app.state.settings.course)
        except BaseException:
            file.close()
            raise
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"', "Content-Length": str(file.tell())}
    return StreamingResponse(_blocks(file), media_type="application/zip", headers=headers)


async def _write(file: IO[bytes], ask: Neighbours, course: str) -> None:
    rows, grades = _or_refuse(await ask.own_submissions()), await ask.own_grading()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(README, ABOUT.format(course=course))
        if not isinstance(grades, Missing):
            archive.writestr(GRADES, json.dumps(grades, indent=1, ensure_ascii=False))
        for row in rows:
            for name, content in (await _attempt(ask, row)).items():
                await run_in_threadpool(archive.writestr, name, content)


async def _attempt(ask: Neighbours, row: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of one attempt by their names in the zip."""
    folder = attempt_folder(row["assignment"], row["attempt"])
    receipt = _or_refuse(await ask.receipt(row["id"]))
    parts = {"files": _or_refuse(await ask.submitted_files(row["id"]))}
    if row["feedback"]:
        parts["feedback"] = _or_refuse(await ask.feedback(row["id"]))
    files = {inside(folder, part, name): content for part, each in parts.items() for name, content in each.items()}
    return {f"{folder}/receipt.json": json.dumps(receipt, indent=1).encode(), **files}


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while block := file.read(BLOCK):
            yield block


def _or_refuse(answer: Any) -> Any:
    if isinstance(answer, Missing):
        raise NoPage(503, f"The {answer.service} service: {answer.reason}", "Try again in a moment; nothing is lost.")
    return answer
