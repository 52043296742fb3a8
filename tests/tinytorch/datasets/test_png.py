"""The PNG reader agrees with Pillow, and refuses what it can't read."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tinytorch.datasets.png import SIGNATURE, decode_png


def _png(picture: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", **options)
    return file.getvalue()


def _with_filter(picture: np.ndarray, kind: int) -> bytes:
    """Write a PNG whose rows all use one filter; the filtered bytes are random, and any bytes are a valid picture."""
    height, width, channels = picture.shape
    rows = b"".join(bytes([kind]) + row.tobytes() for row in picture)
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_each_row_filter_is_undone_as_pillow_does(kind, channels):
    rng = np.random.default_rng(kind * 10 + channels)
    content = _with_filter(rng.integers(0, 256, (7, 9, channels), dtype=np.uint8), kind)
    expected = np.asarray(Image.open(io.BytesIO(content)))
    assert np.array_equal(decode_png(content), expected.reshape(7, 9, channels))


def test_damage_is_found_by_the_checksum():
    content = bytearray(_png(np.zeros((4, 4, 3), np.uint8)))
    content[45] ^= 1
    with pytest.raises(ValueError, match="does not match its checksum"):
        decode_png(bytes(content))


def test_a_cut_file_is_damaged():
    with pytest.raises(ValueError, match="damaged PNG"):
        decode_png(_png(np.zeros((4, 4, 3), np.uint8))[:50])


def test_other_kinds_are_refused_with_a_reason():
    with pytest.raises(ValueError, match="not a PNG"):
        decode_png(b"GIF89a")
    with pytest.raises(ValueError, match="depth 16"):
        decode_png(_png(np.zeros((4, 4), np.uint16)))
