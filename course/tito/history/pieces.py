"""Pack a notebook's bytes into fewer, and unpack them again byte for byte.

Pictures are most of a notebook and seldom change: long runs of base64 become pieces that versions share, by digest. The
text around them is compressed. The bytes come back exactly, even those of a damaged file: a receipt's digest still
matches.
"""

import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

LONG = re.compile(rb"[A-Za-z0-9+/=]{4096,}")
MARK = b"\0"  # marks the place of a piece; JSON has no such byte, and a file that has one is not cut
LEVEL = 6


@dataclass(frozen=True)
class Packed:
    """The compressed text, and the pieces that were cut out of it, in order: digest and compressed bytes."""

    text: bytes
    pieces: list[tuple[str, bytes]]

    @property
    def size(self) -> int:
        return len(self.text) + sum(len(data) for _, data in self.pieces)


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pack(data: bytes) -> Packed:
    """Cut and compress."""
    if MARK in data:
        return Packed(zlib.compress(data, LEVEL), [])
    pieces = [(digest_of(found), _compressed_letters(found)) for found in LONG.findall(data)]
    return Packed(zlib.compress(LONG.sub(MARK, data), LEVEL), pieces)


def unpack(text: bytes, digests: list[str], piece: Callable[[str], bytes]) -> bytes:
    """Put a notebook together again; `piece` returns a digest's compressed bytes. Raise ValueError if that fails."""
    try:
        data = zlib.decompress(text)
        if not digests:
            return data
        parts = data.split(MARK)
        cut = [zlib.decompress(piece(digest)) for digest in digests]
    except (zlib.error, OSError) as error:
        raise ValueError(f"a version can't be read: {error}") from error
    if len(parts) != len(cut) + 1:
        raise ValueError("a version can't be read: pieces are missing")
    return b"".join(part for pair in zip(parts, [*cut, b""], strict=True) for part in pair)


def _compressed_letters(data: bytes) -> bytes:
    """Compress base64: only the 64 letters repeat in a picture, and looking for more takes three times as long."""
    stream = zlib.compressobj(LEVEL, strategy=zlib.Z_HUFFMAN_ONLY)
    return stream.compress(data) + stream.flush()
