"""Read the bytes of an entry with distrust: a .npz of plain arrays within limits, or a clear refusal.

Promises: nothing is written, run or unpickled; no more than the limits allow is ever unpacked, no matter what a file
claims; the result is arrays of float32, float16, int8 or uint8, and the architecture as a short line of ASCII text.
"""

import ast
import hashlib
import io
import math
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np

ARCHITECTURE = "architecture"  # the array of bytes that describes the net
KINDS = {"<f4": "float32", "<f2": "float16", "|i1": "int8", "|u1": "uint8"}
MAGIC = b"\x93NUMPY"
MOST_HEADER = 1000  # bytes of an array's description; numpy writes 118
MOST_DIMENSIONS = 4
ENCRYPTED = 0x1


class Refused(ValueError):
    """An entry that isn't accepted; the message says what is wrong and what to do."""


def read_archive(content: bytes, limits: Mapping) -> tuple[str, dict[str, np.ndarray]]:
    """Return (architecture, {name: array}) of an entry; raise Refused for anything that is not an entry."""
    if len(content) > limits["most_stored_bytes"]:
        raise Refused(f"the file has {len(content):,} bytes; at most {limits['most_stored_bytes']:,} are allowed")
    if not content.startswith(b"PK\x03\x04"):
        raise Refused("this is not an .npz file: write it with entry_bytes(model)")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            arrays = _members(archive, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, OverflowError,
            UnicodeDecodeError) as error:  # fmt: skip
        raise Refused(f"the archive is damaged ({error}): write it again with entry_bytes(model)") from None
    return _text(arrays.pop(ARCHITECTURE, None), limits), _numbers(arrays, limits)


def digest(architecture: str, arrays: Mapping[str, np.ndarray]) -> str:
    """Return a name for what an entry computes, the same however its archive was packed."""
    found = hashlib.sha256(" ".join(architecture.split()).encode())
    for name, array in sorted(arrays.items()):
        found.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return found.hexdigest()


def _members(archive: zipfile.ZipFile, limits: Mapping) -> dict[str, np.ndarray]:
    """Read all members, after their claims were added up."""
    members = archive.infolist()
    if len(members) > limits["most_arrays"]:
        raise Refused(f"the archive contains {len(members):,} files; at most {limits['most_arrays']} are allowed")
    claimed = sum(member.file_size for member in members)
    if claimed > limits["most_unpacked_bytes"]:
        raise Refused(
            f"the arrays take {claimed:,} bytes unpacked; at most {limits['most_unpacked_bytes']:,} are allowed"
        )
    arrays: dict[str, np.ndarray] = {}
    for member in members:
        name = _name(member)
        if name in arrays:
            raise Refused(f"the archive contains {name!r} twice: write each array once")
        with archive.open(member) as file:
            content = file.read(member.file_size + 1)
        if len(content) != member.file_size:
            raise Refused(
                f"{name!r} claims {member.file_size:,} bytes and has {len(content):,}: the archive is damaged"
            )
        arrays[name] = _array(name, content)
    return arrays


def _name(member: zipfile.ZipInfo) -> str:
    """Return an array's name; refuse anything that is not a plain file with an array."""
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or member.is_dir():
        raise Refused(f"{name[:80]!r} is a link or a folder: an entry contains only arrays")
    if member.flag_bits & ENCRYPTED:
        raise Refused(f"{name[:80]!r} is encrypted: an entry must be readable without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f"{name[:80]!r} is packed in a way that numpy doesn't use: write it with entry_bytes(model)")
    stem = name.removesuffix(".npy")
    if stem == name or len(name) > 80 or not stem.replace(".", "").replace("_", "").isalnum() or not stem.isascii():
        raise Refused(f"{name[:80]!r} is not the name of an array, such as '1.weight.npy'")
    return stem


def _array(name: str, content: bytes) -> np.ndarray:
    """Read one .npy file of a plain kind of numbers; its size must be what its description says."""
    if content[:6] != MAGIC or len(content) < 10 or content[6] != 1:
        raise Refused(f"{name!r} is not an array as numpy writes it")
    begin = 10 + int.from_bytes(content[8:10], "little")
    if begin > min(len(content), MOST_HEADER):
        raise Refused(f"{name!r} has a description of {begin:,} bytes; at most {MOST_HEADER} are allowed")
    dtype, shape, columns = _description(name, content[10:begin])
    if math.prod(shape) * dtype.itemsize != len(content) - begin:
        raise Refused(
            f"{name!r} claims {_short(shape)} numbers of {dtype}, which does not fit its {len(content) - begin:,} bytes"
        )
    array = np.frombuffer(content, dtype, offset=begin).reshape(shape, order="F" if columns else "C")
    return np.ascontiguousarray(array).reshape(shape)  # ascontiguousarray alone makes one dimension of none


def _description(name: str, header: bytes) -> tuple[np.dtype, tuple[int, ...], bool]:
    """Read kind, shape and order of an array."""
    try:
        found = ast.literal_eval(header.decode("ascii").strip())
        kind, shape, columns = found["descr"], found["shape"], found["fortran_order"]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        raise Refused(f"{name!r} has a description that numpy doesn't write") from None
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(f"{name!r} contains {str(kind)[:40]}: an entry contains only {', '.join(KINDS.values())}")
    whole = isinstance(shape, tuple) and all(type(size) is int and 0 < size < 2**31 for size in shape)
    if not whole or len(shape) > MOST_DIMENSIONS or type(columns) is not bool:
        raise Refused(
            f"{name!r} claims the shape {_short(shape)}: at most {MOST_DIMENSIONS} sizes are allowed, each 1 or more"
        )
    return np.dtype(kind), shape, columns


def _short(value: object) -> str:
    try:
        return str(value)[:60]
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "of a huge number"


def _text(array: np.ndarray | None, limits: Mapping) -> str:
    """Return the architecture as text."""
    if array is None:
        raise Refused(f"there is no array {ARCHITECTURE!r} that describes the net: write it with entry_bytes(model)")
    if array.dtype != np.uint8 or array.ndim != 1 or array.size > limits["most_text"]:
        raise Refused(f"{ARCHITECTURE!r} must be up to {limits['most_text']} bytes of text, as entry_bytes writes it")
    content = array.tobytes()
    if not content.isascii() or not content.decode("ascii").isprintable():
        raise Refused(f"{ARCHITECTURE!r} contains characters that no word of the vocabulary has")
    return content.decode("ascii")


def _numbers(arrays: dict[str, np.ndarray], limits: Mapping) -> dict[str, np.ndarray]:
    """Refuse float32 numbers that are so small or large that products of them are slow or not finite."""
    for name, array in arrays.items():
        if array.dtype != np.float32:
            continue
        sizes = np.abs(array[np.isfinite(array)])
        small = int(((sizes > 0) & (sizes < np.float32(limits["smallest_number"]))).sum())
        if small:
            raise Refused(f"{name!r} has {small:,} numbers closer to 0 than {limits['smallest_number']}: make them 0")
        if sizes.size and float(sizes.max()) > limits["largest_number"]:
            raise Refused(f"{name!r} has numbers beyond {limits['largest_number']:,.0f}: no net of digits needs them")
    return arrays
