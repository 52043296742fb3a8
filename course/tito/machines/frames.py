"""Frames between the grading service and the scheduler's door: a JSON object, followed by bytes.

The reader decides how much it accepts. A frame that breaks a rule ends the connection, and does nothing else.
"""

import json
import struct
from asyncio import StreamReader
from typing import IO, Any

SIZES = struct.Struct("<II")
HEADER_BYTES = 2**20  # the list of who is there, at most
ANSWER_BYTES = 2**22  # a verdict, at most; a module's has about 20 kB
# What goes to a worker, at most: a notebook of any size that the exchange takes, and earlier ones.
PACKAGE_BYTES = 2**28
# Parts of the course that stay with the scheduler for each connection: more than a semester has modules. Both ends
# forget the oldest beyond that, so that it is sent again.
KEPT_COURSES = 32

Frame = tuple[dict[str, Any], bytes]


class BadFrame(ValueError):
    """The bytes are not a frame, or larger than allowed."""


def frame(header: dict[str, Any], body: bytes = b"") -> bytes:
    """Write a frame."""
    said = json.dumps(header).encode()
    return SIZES.pack(len(said), len(body)) + said + body


def read_frame(file: IO[bytes], most_bytes: int) -> Frame | None:
    """Read the next frame; None at the end of the connection."""
    head = file.read(SIZES.size)
    if len(head) < SIZES.size:
        return None
    said, body = _sizes(head, most_bytes)
    header, content = file.read(said), file.read(body)
    if len(header) < said or len(content) < body:
        return None
    return _header(header), content


async def next_frame(stream: StreamReader, most_bytes: int) -> Frame:
    """Read the next frame; IncompleteReadError at the end of the connection."""
    said, body = _sizes(await stream.readexactly(SIZES.size), most_bytes)
    return _header(await stream.readexactly(said)), await stream.readexactly(body)


def _sizes(head: bytes, most_bytes: int) -> tuple[int, int]:
    said, body = SIZES.unpack(head)
    if said > HEADER_BYTES or body > most_bytes:
        raise BadFrame(f"a frame of {said} and {body} bytes is larger than {HEADER_BYTES} and {most_bytes}")
    return said, body


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"a frame does not begin with JSON: {error}") from None
    if not isinstance(header, dict):
        raise BadFrame("a frame does not begin with a JSON object")
    return header
