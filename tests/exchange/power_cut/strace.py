"""Read from strace's account the calls by which programs changed files or sent data, in order.

`traced(...)` returns the words to put before a program's command; programs that run one after another may share one
account.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Calls that change files, write changes to the disk, or send data.
CHANGES = [
    "open", "openat", "openat2", "creat", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2",
    "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "truncate", "ftruncate", "fallocate",
    "write", "writev", "pwrite64", "pwritev", "pwritev2", "mmap", "copy_file_range", "sendfile", "splice",
    "io_uring_setup", "fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync", "sendto", "sendmsg",
    "sendmmsg",
]  # fmt: skip
NEVER = 1 << 60
ENDED = re.compile(rb"^\d+ +\+\+\+ (exited|killed)", re.MULTILINE)
_HEX = rb"((?:\\x[0-9a-f]{2})*)"
_CALL = re.compile(rb"^(\w+)\((.*)\) += (-?\d+|\?)(?:<" + _HEX + rb">)?.*$", re.DOTALL)
_DESCRIPTOR = re.compile(rb"^(-?\d+|AT_FDCWD)<" + _HEX + rb">$")
_STRING = re.compile(rb'"' + _HEX + rb'"(\.\.\.)?')


def traced(account: Path) -> list[str]:
    """Return words to put before a command to trace it; its process is still the caller's child and keeps its pid."""
    quiet = ["-D", "-f", "--seccomp-bpf"]
    whole = ["-y", "-xx", "-s", "100000000", "-e", f"trace={','.join('?' + name for name in CHANGES)}"]
    return ["strace", *quiet, *whole, "-A", "-o", str(account)]


@dataclass(eq=False)
class Call:
    """One successful call, with the moments when it began and ended."""

    name: str
    arguments: list[bytes]
    began: int
    ended: int
    value: int
    opened: str = ""  # the path of the descriptor that it returned

    def path(self, number: int = 0) -> str:
        """Return the path in an argument: a descriptor's path, or a text as it was passed."""
        word = self.arguments[number]
        if found := _DESCRIPTOR.match(word):
            return _text(found[2])
        return _text(next(iter(_strings(word)), b""))

    def shared_path(self, number: int) -> str:
        """Return the path of a descriptor, or "" if the argument is not one."""
        return self.path(number) if _DESCRIPTOR.match(self.arguments[number]) else ""

    def below(self, number: int) -> str:
        """Return the path of a descriptor joined with the text in the next argument."""
        return os.path.normpath(os.path.join(self.path(number), self.path(number + 1)))  # noqa: PTH118

    def data(self) -> bytes:
        """Return the bytes of all its texts."""
        return b"".join(_bytes(text) for word in self.arguments for text in _strings(word))

    def number(self, at: int) -> int:
        return int(self.arguments[at])

    @property
    def descriptor(self) -> int:
        found = _DESCRIPTOR.match(self.arguments[0])
        return int(found[1]) if found else -1


def _strings(word: bytes) -> list[bytes]:
    found = _STRING.findall(word)
    if any(cut for _, cut in found):
        raise ValueError(f"strace cut a text short: {word[:80]!r}")
    return [text for text, _ in found]


def _bytes(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(b"\\x", b"").decode())


def _text(text: bytes) -> str:
    return os.fsdecode(_bytes(text))


def read_calls(account: Path) -> Iterator[Call]:
    """Yield an account's successful calls in the order in which they ended; each line counts as two moments."""
    begun: dict[bytes, tuple[bytes, int]] = {}
    for number, line in enumerate(account.read_bytes().splitlines()):
        thread, _, said = line.partition(b" ")
        said, began = said.strip(), 2 * number
        if said.endswith(b"<unfinished ...>"):
            begun[thread] = said.removesuffix(b"<unfinished ...>").rstrip(), began
            continue
        if said.startswith(b"<... "):
            before, began = begun.pop(thread)
            said = before + said.partition(b" resumed>")[2]
        if (found := _CALL.match(said)) and found[3] != b"?" and int(found[3]) >= 0:
            words = found[2].split(b", ")
            yield Call(found[1].decode(), words, began, 2 * number + 1, int(found[3]), _text(found[4] or b""))
    for said, began in begun.values():  # the program was killed during the call: it may have taken effect or not
        if (found := _CALL.match(said + b") = 0")) and found[1] in (b"write", b"pwrite64"):
            yield Call(found[1].decode(), found[2].split(b", "), began, NEVER, NEVER)
