"""Path and query parameters, which can contain nothing but names and numbers."""

from typing import Annotated, Any

from fastapi import Header, Path, Query
from fastapi.responses import StreamingResponse

from exchange.protocol import IDEMPOTENCY_HEADER
from exchange.protocol.bundle import MEDIA_TYPE, decode_manifest, iterate
from exchange.protocol.paths import IDENTIFIER
from exchange.service.blobs import Blobs

_ID = f"^{IDENTIFIER.pattern}$"
_PERSON = r"^[^\x00-\x1f\x7f/\\*+]{1,100}$"
_LARGEST = 2**31 - 1

CourseId = Annotated[str, Path(pattern=_ID)]
AssignmentId = Annotated[str, Path(pattern=_ID)]
SubmissionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
QuestionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Person = Annotated[str, Path(pattern=_PERSON)]
AssignmentQuery = Annotated[str | None, Query(pattern=_ID)]
PersonQuery = Annotated[str | None, Query(pattern=_PERSON)]
After = Annotated[int, Query(ge=0, le=_LARGEST, description="only rows with a larger seq")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Wait = Annotated[float, Query(ge=0, le=30, description="seconds to wait for a first row")]
IdempotencyKey = Annotated[str, Header(alias=IDEMPOTENCY_HEADER, pattern="^[A-Za-z0-9_-]{8,100}$")]

_BUNDLE_SCHEMA = {"schema": {"type": "string", "format": "binary"}}
# Documents a body that the handler reads as a stream, and an answer that it writes as one.
TAKES_BUNDLE = {"requestBody": {"required": True, "content": {MEDIA_TYPE: _BUNDLE_SCHEMA}}}
GIVES_BUNDLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "a bundle of files", "content": {MEDIA_TYPE: _BUNDLE_SCHEMA}}
}


def send_bundle(blobs: Blobs, blob: str, manifest: str) -> StreamingResponse:
    """Stream a stored bundle."""
    files = decode_manifest(manifest.encode())
    content = blobs.get(blob)  # asked for now: a missing blob is an error before the answer begins
    return StreamingResponse(iterate(files, lambda offset, length: content), media_type=MEDIA_TYPE)
