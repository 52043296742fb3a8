"""The caller's side: give a text, get HTML that is safe in a page."""

import html
import subprocess
import sys
import threading
import time
from typing import Any

from .bounds import ANSI, ENDED_SECONDS, WALL_SECONDS, beyond_bounds
from .frames import Silent, receive, send

START_SECONDS = 120.0  # to load the libraries: one second on a quiet machine
SPARE_SECONDS = 15.0  # for a keeper beyond its worker's deadline, before it is killed itself
PAGE_SECONDS = {"cells": 4.0, "outputs": 2.0}  # CPU time; a module with its answers takes a fifth of a second
TIME_UP = "formatting it took too long"
PAGE_UP = "formatting the parts above had used up the time for one notebook"


class Rendered(str):
    """HTML that is already clean."""


class Renderer:
    """Renders one notebook after another, in a separate process; not for two threads at the same time."""

    def __init__(self) -> None:
        self._keeper: subprocess.Popen | None = None
        self._left = dict(PAGE_SECONDS)

    def start_page(self) -> None:
        """Start the next notebook's time."""
        self._left = dict(PAGE_SECONDS)

    def render(self, kind: str, text: str, part: str = "cells") -> Rendered:
        """Return clean HTML, or the text as it was written with the reason; `part` says whose time it uses."""
        if not text.strip():
            return Rendered(html.escape(text))
        reason = beyond_bounds(kind, text) or (PAGE_UP if self._left[part] <= 0 else None)
        if reason is None:
            answer = self._ask({"kind": kind, "text": text})
            self._left[part] -= answer["seconds"]
            if "html" in answer:
                return Rendered(answer["html"])
            reason = TIME_UP if "ended" in answer else f"it could not be formatted ({answer['failed']})"
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
        for _ in range(2):  # a keeper that somebody killed is replaced once
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
    """Return the calling thread's renderer, whose process serves one notebook after another."""
    if not hasattr(_here, "renderer"):
        _here.renderer = Renderer()
    return _here.renderer


def as_written(kind: str, text: str, reason: str) -> Rendered:
    """Return the text itself, escaped, below a line that says why it is not formatted."""
    why = f"Shown as it was written: {html.escape(reason)}."
    if kind == ANSI:  # these are already in a <pre>
        return Rendered(f"<em>{why}</em>\n{html.escape(text)}")
    return Rendered(f'<div class="as-written"><p><em>{why}</em></p><pre tabindex="0">{html.escape(text)}</pre></div>')
