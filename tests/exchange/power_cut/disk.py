"""What a disk may hold after a power cut, in the model of a file system that promises what POSIX says and no more.

What was synced survives. Any other piece may survive or not, in any order: each sector of 512 bytes of a write, each
new length, each name that was added, removed or moved. Syncing a file does not sync its name; syncing a folder does
not sync its files' content. Only a rename is atomic: the old name does not disappear unless the new one appears. A
file that a program has mapped into memory may hold anything.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.exchange.power_cut.recorded import ROOT, Account, Entry, Resize, Step, Sync, Write

SECTOR_BYTES = 512
Survives = Callable[[Step], bool]


@dataclass
class _File:
    content: bytearray = field(default_factory=bytearray)
    pending: list[Write | Resize] = field(default_factory=list)


@dataclass
class _Folder:
    entries: dict[str, Entry] = field(default_factory=dict)
    pending: list[Entry] = field(default_factory=list)


@dataclass
class Held:
    """What one disk holds: paths of folders, and paths of files with their content."""

    folders: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def write(self, place: Path) -> None:
        """Write it into a folder."""
        for path in self.folders:
            (place / path).mkdir(mode=0o700)
        for path, content in self.files.items():
            (place / path).write_bytes(content)


@dataclass(frozen=True)
class Luck:
    """The choice of what survives among the changes that were not synced."""

    name: str
    write: Survives
    entry: Survives
    torn: bool = False
    seed: int = 0

    def keeps(self, step: Step) -> bool:
        return self.entry(step) if isinstance(step, Entry) else self.write(step)


def lucks(seed: int) -> list[Luck]:
    """Return the choices that each cut is tried with: nothing, everything, names only, and two random ones."""

    def yes(_step: Step) -> bool:
        return True

    def no(_step: Step) -> bool:
        return False

    found = [Luck("nothing", no, no), Luck("everything", yes, yes), Luck("names alone", no, yes)]
    for number in range(2):
        chance = random.Random(f"{seed}-{number}")
        share = chance.choice([0.1, 0.5, 0.9])

        def some(_step: Step, chance: random.Random = chance, share: float = share) -> bool:
            return chance.random() < share

        found.append(Luck(f"by chance, {share:.0%}", some, some, torn=True, seed=seed + number))
    return found


class Disk:
    """A disk during a recording; `run_to` advances the time, `held` returns what a cut would leave."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._files: dict[int, _File] = {}
        self._folders: dict[int, _Folder] = {ROOT: _Folder()}
        self._coming = _timeline(account.steps)
        self._next = next(self._coming, None)
        self._covered: dict[int, list[Step]] = {}  # for each running sync: the steps that it writes to the disk

    def run_to(self, moment: int) -> None:
        """Apply every step up to a moment."""
        while self._next and self._next[0] <= moment:
            now, is_end, step = self._next
            self._happen(now, is_end, step)
            self._next = next(self._coming, None)

    def _happen(self, now: int, is_end: bool, step: Step) -> None:
        if isinstance(step, Sync):
            if is_end:
                self._settle(self._covered.pop(id(step)))
            else:
                self._covered[id(step)] = [each for each in self._pending(step.file) if each.ended < now]
        elif not is_end:
            self._begin(step)

    def _begin(self, step: Step) -> None:
        if isinstance(step, Entry):
            if step.file is not None:
                new, known = (_Folder, self._folders) if step.is_folder else (_File, self._files)
                known.setdefault(step.file, new())  # type: ignore[attr-defined]
            self._folders[step.folder].pending.append(step)
        else:
            assert isinstance(step, Write | Resize)
            self._files[step.file].pending.append(step)

    def _pending(self, file: int | None) -> list[Step]:
        if file is None:
            return [step for each in (*self._files.values(), *self._folders.values()) for step in each.pending]
        return list((self._folders.get(file) or self._files[file]).pending)

    def _settle(self, steps: list[Step]) -> None:
        for step in steps:
            if isinstance(step, Entry):
                if step.after:
                    self._settle([step.after])
                folder = self._folders[step.folder]
                if step in folder.pending:
                    folder.pending.remove(step)
                    folder.entries[step.name] = step
            else:
                assert isinstance(step, Write | Resize)
                file = self._files[step.file]
                if step in file.pending:
                    file.pending.remove(step)
                    _apply(file.content, step)

    def held(self, luck: Luck) -> Held:
        """Return what the disk holds if the power fails now."""
        held, chance = Held(), random.Random(luck.seed)
        kept = {id(e) for folder in self._folders.values() for e in folder.pending if luck.keeps(e)}
        self._collect(held, ROOT, "", luck, kept, chance)
        return held

    def _collect(self, held: Held, folder: int, path: str, luck: Luck, kept: set[int], chance: random.Random) -> None:
        entries = dict(self._folders[folder].entries)
        for step in self._folders[folder].pending:
            if id(step) in kept and not (step.after and self._is_lost(step.after, kept)):
                entries[step.name] = step
        for name, step in entries.items():
            if step.file is None:
                continue
            if step.is_folder:
                held.folders.append(path + name)
                self._collect(held, step.file, f"{path}{name}/", luck, kept, chance)
            else:
                held.files[path + name] = self._content(step.file, luck, chance)

    def _is_lost(self, entry: Entry, kept: set[int]) -> bool:
        return entry in self._folders[entry.folder].pending and id(entry) not in kept

    def _content(self, number: int, luck: Luck, chance: random.Random) -> bytes:
        file = self._files[number]
        content = bytearray(file.content)
        for step in file.pending:
            if isinstance(step, Write) and luck.torn:
                for piece in _sectors(step):
                    if luck.keeps(piece):
                        _apply(content, piece)
            elif luck.keeps(step):
                _apply(content, step)
        if number in self._account.mapped and luck.torn:
            return chance.randbytes(len(content))
        return bytes(content)


def _timeline(steps: list[Step]) -> Iterator[tuple[int, bool, Step]]:
    both = [(step.began, False, step) for step in steps] + [(step.ended, True, step) for step in steps]
    yield from sorted(both, key=lambda each: each[:2])


def _apply(content: bytearray, step: Write | Resize) -> None:
    size = step.size if isinstance(step, Resize) else step.offset + len(step.data)
    content.extend(bytes(max(0, size - len(content))))
    if isinstance(step, Resize):
        del content[size:]
    else:
        content[step.offset : size] = step.data


def _sectors(step: Write) -> Iterable[Write]:
    at, end = step.offset, step.offset + len(step.data)
    while at < end:
        until = min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        data = step.data[at - step.offset : until - step.offset]
        yield Write(step.began, step.ended, step.file, at, data)
        at = until
