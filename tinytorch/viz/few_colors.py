"""A picture with a palette: less than half of the bytes of one with all colors, and no visible difference.

One move of a slider has to stay small, and a picture full of small cells is large.
"""

import struct
import zlib

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tinytorch.viz.picture import DPI, Picture

PALETTE = 256  # the most that a PNG with a palette can have
BITS = 4  # of each channel by which colors are told apart when the palette is chosen


class FewColors(Picture):
    """A picture that is drawn with at most 256 colors."""

    def png(self) -> bytes:
        self.figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        return png_with_palette(np.asarray(canvas.buffer_rgba())[..., :3])


def png_with_palette(pixels: np.ndarray) -> bytes:
    """Write pixels (H, W, 3) of uint8 as a PNG with a palette; rare colors become the nearest frequent ones."""
    palette, indices = _choose(pixels)
    height, width = indices.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row begins with a byte: 0, not filtered
    rows[:, 1:] = indices
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _choose(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give a palette (n, 3) of the most frequent colors, and for each pixel the nearest of them."""
    channels = (pixels >> (8 - BITS)).astype(np.int32)
    keys = (channels[..., 0] << 2 * BITS) | (channels[..., 1] << BITS) | channels[..., 2]
    counts = np.bincount(keys.ravel(), minlength=1 << 3 * BITS)
    sums = [np.bincount(keys.ravel(), pixels[..., i].ravel(), len(counts)) for i in range(3)]
    there = np.flatnonzero(counts)
    means = np.stack(sums, axis=1)[there] / counts[there, None]
    frequent = np.argsort(-counts[there], kind="stable")[:PALETTE]
    distances = ((means[:, None] - means[None, frequent]) ** 2).sum(axis=-1)
    nearest = np.zeros(len(counts), dtype=np.uint8)
    nearest[there] = distances.argmin(axis=1)
    return means[frequent].round().astype(np.uint8), nearest[keys]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
