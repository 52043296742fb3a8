"""Read the file formats in which MNIST, Fashion-MNIST and CIFAR-10 are published.

- idx: a big-endian header (two zero bytes, type, number of axes, each axis's length), then the values. Files may be
  gzipped. Described at the MNIST page of LeCun, Cortes and Burges.
- CIFAR-10's "binary version": rows of 3,073 bytes, a label and then 32x32 red, green and blue values.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

IDX_UINT8 = 0x08
CIFAR_SHAPE = (3, 32, 32)
CIFAR_ROW = 1 + 3 * 32 * 32


def read_idx(path: Path) -> np.ndarray:
    """Read an idx file of unsigned bytes, plain or gzipped, as a uint8 array.

    Raises:
        ValueError: the file is not idx, contains another type, or is shorter or longer than its header says.
    """
    content = unpacked(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != IDX_UINT8:
        raise ValueError(f"{path}: not an idx file of unsigned bytes (starts with {content[:4]!r}); fetch it again")
    axes = content[3]
    header_bytes = 4 + 4 * axes
    if len(content) < header_bytes:
        raise ValueError(f"{path}: ends inside its header; fetch it again")
    shape = struct.unpack_from(f">{axes}I", content, 4)
    wanted = int(np.prod(shape, dtype=np.int64))
    if len(content) - header_bytes != wanted:
        raise ValueError(
            f"{path}: the header promises {shape}, {wanted} values, found {len(content) - header_bytes}; fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=header_bytes).reshape(shape)


def read_cifar(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read one batch of CIFAR-10's binary version: images uint8 (N, 3, 32, 32) and labels uint8 (N,).

    Raises:
        ValueError: the size is not a multiple of a row's 3,073 bytes.
    """
    content = unpacked(path)
    if not content or len(content) % CIFAR_ROW:
        raise ValueError(f"{path}: rows have {CIFAR_ROW} bytes, but the file has {len(content)}; fetch it again")
    rows = np.frombuffer(content, np.uint8).reshape(-1, CIFAR_ROW)
    return rows[:, 1:].reshape(-1, *CIFAR_SHAPE), rows[:, 0]


def unpacked(path: Path) -> bytes:
    """Give a file's content, gunzipped if its name ends in .gz."""
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as problem:
        raise ValueError(f"{path}: damaged gzip file ({problem}); fetch it again") from problem
