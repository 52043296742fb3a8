"""The caller's side: give a text, get HTML that may stand in a page."""

import html
import subprocess
import sys
import threading
import time
from typing import Any

from .bounds import ANSI, ENDED_SECONDS, WALL_SECONDS, beyond_bounds
from .frames import Silent, receive, send

START_SECONDS = 120.0  # to load the libraries: one on a quiet machine
SPARE_SECONDS = 15.0  # that a keeper has beyond its worker's deadline before it is ended itself
PAGE_SECONDS = {"cells": 4.0, "outputs": 2.0}  # CPU time; a module with its answers takes a fifth of a second
TIME_UP = "laying it out took longer than a piece of a page may"
PAGE_UP = "the parts of this notebook above had used up the time that one has"


class Rendered(str):
    """HTML that is clean already."""


class Renderer:
    """Renders one notebook after the other, in a process of its own; not for two threads at a time."""

    def __init__(self) -> None:
        self._keeper: subprocess.Popen | None = None
        self._left = dict(PAGE_SECONDS)

    def start_page(self) -> None:
        """Give the next notebook its time."""
        self._left = dict(PAGE_SECONDS)

    def render(self, kind: str, text: str, part: str = "cells") -> Rendered:
        """Return clean HTML, or the text as it was written and why; `part` says whose time it takes."""
        if not text.strip():
            return Rendered(html.escape(text))
        reason = beyond_bounds(kind, text) or (PAGE_UP if self._left[part] <= 0 else None)
        if reason is None:
            answer = self._ask({"kind": kind, "text": text})
            self._left[part] -= answer["seconds"]
            if "html" in answer:
                return Rendered(answer["html"])
            reason = TIME_UP if "ended" in answer else f"it could not be laid out ({answer['failed']})"
        return as_written(kind, text, reason)

    def close(self) -> None:
        """End the process."""
        if self._keeper is not None:
            self._keeper.kill()
            self._keeper.wait()
            for pipe in (self._keeper.stdin, self._keeper.stdout):
                pipe.close()  # type: ignore[union-attr]
            self._keeper = None

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        for _ in range(2):  # a keeper that somebody ended is replaced once
            try:
                keeper = self._running()
                send(keeper.stdin.fileno(), request)  # type: ignore[union-attr]
                return receive(keeper.stdout.fileno(), time.monotonic() + WALL_SECONDS + SPARE_SECONDS)  # type: ignore[union-attr]
            except Silent:
                self.close()
        return {"ended": True, "seconds": ENDED_SECONDS}

    def _running(self) -> subprocess.Popen:
        if self._keeper is None:
            command = [sys.executable, "-P", "-m", "tito.rendering.keeper"]  # -P: not from the course's folder
            self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
            receive(self._keeper.stdout.fileno(), time.monotonic() + START_SECONDS)  # type: ignore[union-attr]
        return self._keeper

    def __del__(self) -> None:
        self.close()


_here = threading.local()


def renderer_of_this_thread() -> Renderer:
    """Return the one renderer of the calling thread: its process serves one notebook after the other."""
    if not hasattr(_here, "renderer"):
        _here.renderer = Renderer()
    return _here.renderer


def as_written(kind: str, text: str, reason: str) -> Rendered:
    """Return the text itself, escaped, below a line that says why it is not laid out."""
    why = f"Shown as it was written: {html.escape(reason)}."
    if kind == ANSI:  # these stand in a <pre> already
        return Rendered(f"<em>{why}</em>\n{html.escape(text)}")
    return Rendered(f'<div class="as-written"><p><em>{why}</em></p><pre tabindex="0">{html.escape(text)}</pre></div>')
