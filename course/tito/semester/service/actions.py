"""What the schedule does: a release puts a module into the exchange; a collection asks the grading service, and so does
a change of the schedule, which concerns scores that students have seen. A freeze ends the course.

All may be repeated: the same files do not make a new version, and collecting again takes only what is new.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exchange.client.exchange_client import ExchangeClient
from tito.curriculum import Module
from tito.semester.service import schedule
from tito.semester.service.conductor import Places
from tito.semester.service.database import COLLECT, FREEZE, LATENESS, RELEASE, Action
from tito.semester.service.freezing import Freezing
from tito.semester.service.grading_api import Grading
from tito.semester.service.parts import notebooks
from tito.source.export import export_module


@dataclass(frozen=True)
class Actions:
    """Do one action of the schedule; the message says what was done. `exchange_for(name)` acts for somebody."""

    places: Places
    grading: Grading
    exchange_for: Callable[[str], ExchangeClient]
    freezing: Freezing

    def run(self, action: Action) -> str:
        by = "" if action.by == schedule.SCHEDULE else action.by
        if action.kind == RELEASE:
            return self._release(action.course, self.places.curriculum().find_written(action.module), by)
        if action.kind == COLLECT:
            return self.grading.collect_and_autograde(action.module, by)
        if action.kind == LATENESS:
            return self.grading.follow_schedule(action.module, by)
        if action.kind == FREEZE:
            frozen = self.freezing.freeze(action.course, by or "the semester file")["frozen"]
            return f"frozen since {frozen['since'][:16]}"
        raise ValueError(f"an action must be a {RELEASE}, {COLLECT}, {LATENESS} or {FREEZE}, got {action.kind!r}")

    def _release(self, course: str, module: Module, by: str) -> str:
        engine, course_dir = self.places.engine, self.places.course_dir
        if notebooks.why_generate(engine, course, module, course_dir):
            notebooks.generate(engine, course, [module], course_dir)
        folder = notebooks.release_folder(course_dir, module.slug)
        with self.exchange_for(by) as exchange, tempfile.TemporaryDirectory(prefix="tito-solution-") as temporary:
            core = Path(temporary) / "core"
            core.mkdir()
            (core / f"{module.slug}.py").write_text(export_module(module).text, encoding="utf-8")
            exchange.put_solution(course, module.slug, Path(temporary), force=True)
            row = exchange.release(course, module.slug, folder, force=True)
        count = len(row.files)
        return f"version {row.release_version}, {count} file{'s' if count != 1 else ''}"
