"""Walk through JSON text of any length without parsing it: what is not wanted is skipped, a block at a time.

Memory does not grow with the text, and work is bounded by MOST_STEPS. Skipped text is checked only for balanced
brackets and closed strings: whoever reads a span parses it.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

BLOCK_BYTES = 64 * 1024
MOST_STEPS = 3_000_000  # a bracket is one: some two seconds; a notebook of 100 MB has a tenth of them
STEPS_OF_A_VALUE = 10  # of one that is walked to
DEEPEST = 10_000
LONGEST_NAME = 200  # bytes of a member's name that is read
_BLACK = re.compile(rb"[^ \t\r\n]")
_REST_OF_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_WITHOUT_BRACKETS = re.compile(rb'[^"\[\]{}]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"\[\]{}]*)*', re.DOTALL)
_AFTER_LITERAL = re.compile(rb"[ \t\r\n,\]}]")
_QUOTE, _OPENING = ord('"'), b"[{"


class Unreadable(ValueError):
    """The text is not JSON, or has more parts than are read."""


@dataclass(frozen=True)
class Span:
    """Where a value is in its file."""

    start: int
    size: int


class Walker:
    """A place in a JSON file. `members` and `items` stop before each value, which their caller walks or skips."""

    def __init__(self, file: BinaryIO) -> None:
        self._fd = file.fileno()
        self._base, self._block = 0, b""
        self._steps = 0
        self.at = 3 if os.pread(self._fd, 3, 0) == b"\xef\xbb\xbf" else 0

    def next(self) -> bytes:
        """Return the next byte that is not white space, and stop before it; empty at the end."""
        while block := self._here():
            if found := _BLACK.search(block, self.at - self._base):
                self.at = self._base + found.start()
                return found.group()
            self.at = self._base + len(block)
        return b""

    def members(self) -> Iterator[str]:
        """Go through an object; give each member's name (cut if it is long)."""
        for _ in self._inside(b"{", b"}"):
            if self.next() != b'"':
                raise Unreadable(f"a name is missing at byte {self.at}")
            name = self.skip()
            self._take(b":")
            yield str(self.read(name)) if name.size <= LONGEST_NAME else ""

    def items(self) -> Iterator[None]:
        """Go through a list."""
        return self._inside(b"[", b"]")

    def _inside(self, begin: bytes, end: bytes) -> Iterator[None]:
        self._take(begin)
        if self.next() != end:
            yield
            while self.next() == b",":
                self.at += 1
                self._count(STEPS_OF_A_VALUE)
                yield
        self._take(end)

    def leave(self) -> Span:
        """Step out of the list or object whose next value is here; return where the rest of it was."""
        start = self.at
        self._skip_nested(depth=1)
        return Span(start, self.at - start)

    def skip(self) -> Span:
        """Step over a value, and return where it was."""
        first, start = self.next(), self.at
        if first == b'"':
            self.at += 1
            self._skip_string()
        elif first in (b"[", b"{"):
            self._skip_nested()
        elif first in (b"", b",", b":", b"]", b"}"):
            raise Unreadable(f"a value is missing at byte {start}")
        else:
            self._skip_literal()
        return Span(start, self.at - start)

    def read(self, span: Span) -> Any:
        """Parse a value that was walked over."""
        try:
            return json.loads(os.pread(self._fd, span.size, span.start))
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"what begins at byte {span.start} is damaged") from error

    def _take(self, wanted: bytes) -> None:
        if self.next() != wanted:
            raise Unreadable(f"{wanted.decode()!r} is missing at byte {self.at}")
        self.at += 1

    def _skip_literal(self) -> None:
        while block := self._here():
            if found := _AFTER_LITERAL.search(block, self.at - self._base):
                self.at = self._base + found.start()
                return
            self.at = self._base + len(block)

    def _skip_string(self) -> None:
        while block := self._here():
            found = _REST_OF_STRING.match(block, self.at - self._base)
            end = found.end() if found else 0
            if end < len(block) and block[end] == _QUOTE:
                self.at = self._base + end + 1
                return
            # A backslash that ends the block takes the first byte of the next with it.
            self.at = self._base + len(block) + (end < len(block))
        raise Unreadable("a string breaks off")

    def _skip_nested(self, depth: int = 0) -> None:
        while block := self._here():
            place, steps = self.at - self._base, 0
            while (place := self._before_bracket(block, place)) < len(block) and block[place] != _QUOTE:
                depth += 1 if block[place] in _OPENING else -1
                place, steps = place + 1, steps + 1
                if depth == 0:
                    self.at = self._base + place
                    return self._count(steps)
            self._count(steps)
            if depth > DEEPEST:
                raise Unreadable(f"it is nested more than {DEEPEST} deep")
            self.at = self._base + place
            if place < len(block):
                self.at += 1
                self._skip_string()  # which may continue in the next block
        raise Unreadable("it breaks off")

    @staticmethod
    def _before_bracket(block: bytes, place: int) -> int:
        found = _WITHOUT_BRACKETS.match(block, place)
        return found.end() if found else place

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise Unreadable(f"it has more than {MOST_STEPS} parts")

    def _here(self) -> bytes:
        """Give the block that holds the present place; empty at the file's end."""
        if not self._base <= self.at < self._base + len(self._block):
            self._base, self._block = self.at, os.pread(self._fd, BLOCK_BYTES, self.at)
        return self._block
