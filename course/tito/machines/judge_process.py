"""A judge on a worker's machine: reads submissions from standard input, one at a time, and answers on standard output.

The worker runs it as `python -m tito.machines.judge_process FOLDER`; FOLDER keeps parts of the course by digest. It has
one thread besides the reading one, as the judge needs, and exits as soon as the worker does.
"""

import contextlib
import logging
import os
import queue
import sys
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from tito.errors import TitoError

from .bundles import BadBundle, digest, unpack
from .frames import PACKAGE_BYTES, Frame, frame, read_frame

log = logging.getLogger("grading.judge")


def main() -> None:
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(process)d %(levelname)s %(message)s")
    kept = Path(sys.argv[1])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a module's output is not an answer
    asked: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, asked), daemon=True).start()
    while True:
        header, body = asked.get()
        answers.write(frame(*_answer(header, body, kept)))
        answers.flush()


def _read(file: BinaryIO, asked: "queue.SimpleQueue[Frame]") -> None:
    while came := read_frame(file, PACKAGE_BYTES):
        asked.put(came)
    os._exit(0)


def _answer(header: dict, body: bytes, kept: Path) -> Frame:
    """Check the sandbox, keep a part of the course, or judge."""
    if "has" in header:
        return {"has": (kept / header["has"]).is_dir()}, b""
    if "keep" in header:
        keep(header["keep"], body, kept)
        return {}, b""
    return {}, _judged(body, kept / header["of"]) if "of" in header else _sandbox()


def keep(name: str, part: bytes, kept: Path) -> None:
    """Unpack a part of the course under its digest; another process may do the same at the same time."""
    if digest(part) != name:
        raise BadBundle("a part of the course does not match its digest")
    with tempfile.TemporaryDirectory(dir=kept, prefix=".new-") as folder:
        new = Path(folder) / name
        new.mkdir()
        unpack(part, new)
        with contextlib.suppress(OSError):  # somebody else was first
            new.rename(kept / name)


def _judged(package: bytes, course: Path) -> bytes:
    from .answers import error_answer, verdict_answer
    from .asked import judged

    try:
        return verdict_answer(judged(package, course))
    except TitoError as error:
        log.warning("%s: %s", type(error).__name__, error)
        return error_answer(error)
    except Exception as error:  # the last resort: one bad task never stops the others
        log.exception("judging failed")
        return error_answer(error)


def _sandbox() -> bytes:
    """Return b"", or why student code can't be run here."""
    from tito.judge.sandbox.find import find_sandbox

    try:
        find_sandbox()
    except TitoError as error:
        return str(error).encode()
    return b""


if __name__ == "__main__":
    main()
