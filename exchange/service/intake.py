"""How files come in: declared, admitted, stored, checked, made durable, and only then committed; or not at all.

The event loop only collects chunks; reading the declaration, hashing, writing and syncing happen in a worker thread,
64 kB at a time, so that memory stays flat whatever is sent. What counts is the time when the declaration has arrived,
because it fixes the content: nobody misses a deadline because of a slow line or a busy server.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from exchange.protocol.bundle import MEDIA_TYPE, BundleReader, encode_manifest
from exchange.protocol.models import FileInfo, Refused, UploadLimits
from exchange.service.blobs import Blobs, BlobWriter, no_space
from exchange.service.context import Service

# A refused upload is still read, up to this size, so that the sender gets the reason and not a broken connection.
DRAIN_BYTES = 128_000_000
# Held per upload: for three hundred at a time, twenty megabytes. Less would cost more changes of thread.
BUFFER_BYTES = 64 * 1024
T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """A bundle that is durable but that no row names yet."""

    blob: str
    files: list[FileInfo]
    size: int
    received_at: datetime

    @property
    def manifest(self) -> str:
        """Return the declaration as it is kept in the database."""
        return encode_manifest(self.files).decode()


class AlreadyStored(Exception):
    """This same upload was stored before; `answer` is to be given again."""

    def __init__(self, answer: object) -> None:
        super().__init__("already stored")
        self.answer = answer


def check_limits(files: list[FileInfo], limits: UploadLimits) -> None:
    """Raise Refused unless a declaration is within a course's limits."""
    total = sum(f.size for f in files)
    if not files:
        raise Refused("the bundle has no files", remedy="send the notebook")
    if len(files) > limits.max_files:
        raise Refused(f"you can send at most {limits.max_files} files", str(len(files)), "remove some", 413)
    for info in files:
        if info.size > limits.max_file_bytes:
            value = f"{info.path} has {info.size} bytes"
            raise Refused(f"a file is larger than {limits.max_file_bytes} bytes", value, "clear large outputs", 413)
    if total > limits.max_submission_bytes:
        rule = f"the files are larger than {limits.max_submission_bytes} bytes in all"
        raise Refused(rule, str(total), "clear outputs", 413)


def check_space(blobs: Blobs, size: int, in_flight: int, reserve: int) -> None:
    """Raise Refused 507 unless the files and the reserve fit on the disk."""
    free = blobs.free_bytes() - in_flight
    if size > free - reserve:
        raise no_space(OSError(0, f"{size} bytes do not fit"))


class Upload:
    """One bundle on its way in; `feed`, `finish` and `close` run in worker threads, one after another."""

    def __init__(self, service: Service, owner: object, admit: Callable[[list[FileInfo], datetime], None]) -> None:
        self._service, self._owner, self._admit = service, owner, admit
        self._writer: BlobWriter | None = None
        self._counted = 0
        self._reader = BundleReader(self._begin, self._write)
        self.received_at: datetime = service.clock()

    def _begin(self, files: list[FileInfo]) -> None:
        self._admit(files, self.received_at)
        size, service = sum(f.size for f in files), self._service
        check_space(service.blobs, size, service.in_flight.total(), service.settings.reserve_bytes)
        service.in_flight.add(self._owner, size)
        self._counted = size
        self._writer = service.blobs.put()

    def _write(self, data: memoryview) -> object:
        assert self._writer is not None  # the reader calls _begin first
        return self._writer.write(data)

    def feed(self, data: bytearray) -> None:
        """Take the next bytes."""
        self._reader.feed(data)

    def finish(self) -> Stored:
        """Check that everything has arrived and make it durable."""
        files = self._reader.finish()
        assert self._writer is not None
        self._writer.commit()
        return Stored(self._writer.key, files, sum(f.size for f in files), self.received_at)

    def close(self, stored: Stored | None, keep: bool) -> None:
        """Release the reserved bytes, and the disk space if no row names the blob."""
        self._service.in_flight.add(self._owner, -self._counted)
        if self._writer is not None and not keep:
            self._service.blobs.delete(stored.blob) if stored else self._writer.abort()


async def receive(
    request: Request,
    service: Service,
    owner: object,
    admit: Callable[[list[FileInfo], datetime], None],
    accept: Callable[[Stored], T],
) -> T:
    """Take in a bundle: `admit` refuses early by the declaration, `accept` commits the row that names the stored
    blob.
    """
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != MEDIA_TYPE:
        value = request.headers.get("Content-Type", "none")[:80]
        raise Refused(f"files must be sent as {MEDIA_TYPE}", ascii(value), "send them with exchange.client", 415)
    upload = Upload(service, owner, admit)
    chunks = _chunks(request, service.settings.idle_seconds)
    service.metrics.uploads.inc()
    try:
        rest = await _feed(chunks, upload, service)
        return await run_in_threadpool(_complete, upload, rest, accept)
    except (Refused, AlreadyStored):
        await _drain(chunks)
        raise
    finally:
        service.metrics.uploads.dec()


async def _feed(chunks: AsyncIterator[bytes], upload: Upload, service: Service) -> bytearray:
    """Hand on what fills a buffer, once more comes: the last of it is left to the turn that completes the upload."""
    pending, declared = bytearray(), False
    try:
        async for chunk in chunks:
            if not declared and b"\n" in chunk:
                declared, upload.received_at = True, service.clock()
            if len(pending) >= BUFFER_BYTES:
                full, pending = pending, bytearray()
                await run_in_threadpool(upload.feed, full)
            pending += chunk
        return pending
    except BaseException:
        # Also if the sender has gone or the server stops: nothing half-written stays.
        upload.close(None, keep=False)
        raise


def _complete(upload: Upload, rest: bytearray, accept: Callable[[Stored], T]) -> T:
    stored, keep = None, False
    try:
        if rest:
            upload.feed(rest)
        stored = upload.finish()
        keep = True  # if a commit's outcome is unknown, the blob must stay; a sweep removes it if no row names it
        return accept(stored)
    except (Refused, AlreadyStored):
        keep = False
        raise
    finally:
        upload.close(stored, keep)


async def _chunks(request: Request, idle_seconds: float) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                chunk = await anext(stream)
            yield chunk
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise Refused("the upload stalled", f"nothing for {idle_seconds:g} s", "send it again", 408) from error
        except ClientDisconnect as error:
            raise Refused("the upload was cut short", "the connection broke", "send it again", 400) from error


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    left = DRAIN_BYTES
    try:
        async for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                return
    except Refused:
        return
