"""Read a PNG picture with zlib and numpy: 8 bits a channel, not interlaced, which is what the package contains.

Source: PNG Specification (Third Edition), W3C, sections 5 (chunks), 7 and 9 (scanlines and their filters).
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # color type: grey, RGB, grey + alpha, RGB + alpha


def decode_png(content: bytes) -> np.ndarray:
    """Decode a picture to uint8 (height, width, channels).

    Raises:
        ValueError: not a PNG, damaged, or of a kind that is not read here (palette, 16 bits, interlaced).
    """
    if not content.startswith(SIGNATURE):
        raise ValueError("not a PNG file: the first eight bytes are not PNG's signature")
    chunks = list(_chunks(content))
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", dict(chunks)[b"IHDR"])
    if depth != 8 or colour not in CHANNELS or interlaced:
        raise ValueError(
            "only PNGs with 8 bits a channel, without palette and interlacing are read, got "
            f"depth {depth}, color type {colour}, interlaced {interlaced}: convert the picture first"
        )
    raw = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    return _unfilter(raw, height, width, CHANNELS[colour])


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length].ljust(4, b"\0"))
        if len(body) != length or zlib.crc32(kind + body) != checksum:
            raise ValueError(f"damaged PNG: chunk {kind.decode('latin-1')} does not match its checksum")
        yield kind, body
        at += 12 + length


def _unfilter(raw: bytes, height: int, width: int, channels: int) -> np.ndarray:
    """Undo the prediction that PNG applies to each row; the first byte of a row names its filter."""
    stride = width * channels
    if len(raw) != height * (stride + 1):
        raise ValueError(f"damaged PNG: {height} rows of {stride + 1} bytes expected, found {len(raw)} bytes")
    picture = np.zeros((height, width, channels), np.uint8)
    above = np.zeros((width, channels), np.uint8)
    for y in range(height):
        start = y * (stride + 1)
        row = np.frombuffer(raw, np.uint8, stride, start + 1).reshape(width, channels)
        picture[y] = above = _row(raw[start], row, above)
    return picture


def _row(kind: int, row: np.ndarray, above: np.ndarray) -> np.ndarray:
    if kind == 0:
        return row
    if kind == 1:  # Sub: differences to the left neighbor, so a running sum modulo 256
        return np.cumsum(row, axis=0, dtype=np.uint8)
    if kind == 2:  # Up
        return row + above
    if kind in (3, 4):  # Average, Paeth: each pixel needs its left neighbor first
        predict = _average if kind == 3 else _paeth
        columns = [_sequential(row[:, c].tolist(), above[:, c].tolist(), predict) for c in range(row.shape[1])]
        return np.array(columns, np.uint8).T
    raise ValueError(f"damaged PNG: row filters are 0 to 4, found {kind}")


def _sequential(row: list[int], above: list[int], predict) -> list[int]:
    left = upper_left = 0
    values = []
    for value, up in zip(row, above, strict=True):
        left = (value + predict(left, up, upper_left)) & 255
        upper_left = up
        values.append(left)
    return values


def _average(left: int, up: int, upper_left: int) -> int:
    return (left + up) // 2


def _paeth(left: int, up: int, upper_left: int) -> int:
    """Choose the neighbor closest to left + up - upper_left (Paeth 1991)."""
    to_left, to_up, to_corner = abs(up - upper_left), abs(left - upper_left), abs(left + up - 2 * upper_left)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else upper_left
