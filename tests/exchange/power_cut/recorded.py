"""Turn traced calls into the steps by which a disk changes below a folder, in order, and what was sent and when.

A call that changes files and is not understood here is an error: an incomplete recording would prove nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.exchange.power_cut.strace import Call, read_calls


@dataclass(eq=False)
class Step:
    """A change of a disk: it may be on the disk from `began` on, and is complete at `ended`."""

    began: int
    ended: int


@dataclass(eq=False)
class Write(Step):
    """Bytes written to a file."""

    file: int
    offset: int
    data: bytes


@dataclass(eq=False)
class Resize(Step):
    """A file's new length."""

    file: int
    size: int


@dataclass(eq=False)
class Entry(Step):
    """A name in a folder that now refers to this file, or to none; a rename's removal comes `after` its new name."""

    folder: int
    name: str
    file: int | None
    is_folder: bool = False
    after: "Entry | None" = None


@dataclass(eq=False)
class Sync(Step):
    """All earlier changes of this file or folder (None: of all of them) are on the disk by the time that it ends."""

    file: int | None
    path: str


@dataclass
class Account:
    """All steps in the order in which they began, what was sent and when, and files that were mapped into memory."""

    steps: list[Step] = field(default_factory=list)
    sent: list[tuple[int, bytes]] = field(default_factory=list)
    mapped: set[int] = field(default_factory=set)

    @property
    def last(self) -> int:
        return max(step.began for step in self.steps)

    def moment_of(self, text: str) -> int:
        """Return when a text was first sent; from then on its recipient may have it."""
        wanted = text.encode()
        return next(moment for moment, data in self.sent if wanted in data)


ROOT = 0  # the folder below which everything is recorded; it existed before


class _Reader:
    """Turns calls into steps; the order of the calls tells which file a path or descriptor refers to."""

    def __init__(self, root: Path) -> None:
        self.root, self.account = str(root), Account()
        self.names: dict[str, int] = {self.root: ROOT}
        self.folders = {ROOT}
        self.sizes: dict[int, int] = {}
        self.positions: dict[tuple[int, int], int] = {}  # by (file, descriptor)

    def is_ours(self, path: str) -> bool:
        return path == self.root or path.startswith(self.root + "/")

    def take(self, call: Call) -> None:
        reader = getattr(self, f"_{call.name}", None)
        if reader is None:
            raise ValueError(f"no rule says what {call.name} does to a disk: {call.arguments}")
        reader(call)

    # names

    def _named(self, call: Call, path: str, file: int | None, **more: object) -> Entry:
        parent, _, name = path.rpartition("/")
        entry = Entry(call.began, call.ended, self.names[parent], name, file, **more)  # type: ignore[arg-type]
        self.account.steps.append(entry)
        if file is None:
            del self.names[path]
        else:
            self.names[path] = file
        return entry

    def _new(self) -> int:
        return len(self.sizes) + len(self.folders)

    def _openat(self, call: Call) -> None:
        path, flags = call.below(0), call.arguments[2].split(b"|")
        if not self.is_ours(path):
            return
        if b"O_TMPFILE" in flags:
            raise ValueError("files without a name are not recorded")
        if path not in self.names:
            file = self._new()
            self.sizes[file] = 0
            self._named(call, path, file)
        file = self.names[path]
        if b"O_TRUNC" in flags and self.sizes[file]:
            self._resize(call, file, 0)
        self.positions[file, call.value] = self.sizes.get(file, 0) if b"O_APPEND" in flags else 0

    def _mkdir(self, call: Call, path: str = "") -> None:
        path = path or call.path()
        if self.is_ours(path) and path != self.root:
            folder = self._new()
            self.folders.add(folder)
            self._named(call, path, folder, is_folder=True)

    def _mkdirat(self, call: Call) -> None:
        self._mkdir(call, call.below(0))

    def _unlink(self, call: Call, path: str = "") -> None:
        path = path or call.path()
        if self.is_ours(path):
            self._named(call, path, None)

    _rmdir = _unlink

    def _unlinkat(self, call: Call) -> None:
        self._unlink(call, call.below(0))

    def _rename(self, call: Call, paths: tuple[str, str] | None = None) -> None:
        old, new = paths or (call.path(0), call.path(1))
        if self.is_ours(old) != self.is_ours(new):
            raise ValueError(f"a file came from elsewhere: {old} to {new}")
        if self.is_ours(old):
            if self.names[old] in self.folders:
                raise ValueError(f"renamed folders are not recorded: {old}")
            entry = self._named(call, new, self.names[old])
            self._named(call, old, None, after=entry)

    def _renameat(self, call: Call) -> None:
        self._rename(call, (call.below(0), call.below(2)))

    def _renameat2(self, call: Call) -> None:
        if call.arguments[4] != b"0":
            raise ValueError(f"no rule for renameat2 with {call.arguments[4]!r}")
        self._renameat(call)

    # content

    def _put(self, call: Call, offset: int, data: bytes) -> None:
        file = self.names[call.path()]
        self.account.steps.append(Write(call.began, call.ended, file, offset, data))
        self.sizes[file] = max(self.sizes[file], offset + len(data))

    def _resize(self, call: Call, file: int, size: int) -> None:
        self.account.steps.append(Resize(call.began, call.ended, file, size))
        self.sizes[file] = size

    def _pwrite64(self, call: Call) -> None:
        if self.is_ours(call.path()):
            self._put(call, call.number(3), call.data()[: call.value])

    def _write(self, call: Call) -> None:
        path = call.path()
        if self.is_ours(path):
            key = self.names[path], call.descriptor
            self._put(call, self.positions[key], call.data()[: call.value])
            self.positions[key] += call.value
        else:
            self._sendto(call)

    _writev = _write

    def _ftruncate(self, call: Call) -> None:
        if self.is_ours(path := call.path()):
            self._resize(call, self.names[path], call.number(1))

    def _mmap(self, call: Call) -> None:
        path = call.shared_path(4)
        if self.is_ours(path) and b"PROT_WRITE" in call.arguments[2].split(b"|"):
            self.account.mapped.add(self.names[path])

    # syncs, and messages to others

    def _fsync(self, call: Call) -> None:
        if self.is_ours(path := call.path()):
            self.account.steps.append(Sync(call.began, call.ended, self.names[path], path.removeprefix(self.root)))

    _fdatasync = _fsync

    def _sync(self, call: Call) -> None:
        self.account.steps.append(Sync(call.began, call.ended, None, ""))

    _syncfs = _sync

    def _sendto(self, call: Call) -> None:
        if call.path().startswith("socket:"):
            self.account.sent.append((call.began, call.data()))

    _sendmsg = _sendto


def read_account(account: Path, root: Path) -> Account:
    """Read what happened below a folder that was empty at the start."""
    return steps_of(read_calls(account), root)


def steps_of(calls: Iterable[Call], root: Path) -> Account:
    """Turn calls into steps."""
    reader = _Reader(root)
    for call in calls:
        reader.take(call)
    reader.account.steps.sort(key=lambda step: step.began)
    return reader.account
