"""A class with known faults, made through the real exchange and the real judge, to see whether they are found.

    python -m tests.insight.planted_class --students 200 --modules 8

Planted: a hidden check that nobody can pass, a module that takes four hours, a group that fails the same test cell
again and again, and copies of a longer exercise among ten innocent look-alikes. Everything else is an ordinary class.
The test sets the exchange's clock, so a semester takes minutes.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tito.curriculum import load_curriculum
from tito.gradebook.file import open_or_make
from tito.gradebook.lock import gradebook_lock
from tito.grading.arrivals import Arrivals
from tito.grading.insight import Insight
from tito.grading.pool import RunnerPool
from tito.grading.queue import Queue
from tito.grading.records import open_database
from tito.grading.settings import GradingSettings, settings_from_environment
from tito.source.release import generate_notebooks

from exchange.client import ExchangeClient
from exchange.protocol.models import AssignmentSettings, CourseSettings, utc_text
from tests.environments import worker_environment
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, make_settings
from tests.grading_service.place import GOOD, TREE, WRONG
from tests.insight.written_answers import EXERCISE, class_of_answers, with_exercise

FAILED = {"checks": 1, "passed": 0, "fault": "wrong values"}
SOLVED = {"checks": 1, "passed": 1}
STUCK_AT = 8  # failed runs of each student in the stuck group
BROKEN, LONG = 2, 1  # numbers of the modules with the planted faults


@dataclass
class Planted:
    """The class, and what was planted in it."""

    live: Live
    settings: GradingSettings
    queue: Queue
    students: list[str]
    modules: list[str]
    stuck: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)  # to the longer exercise, by each student who submits
    copies: list[tuple[str, str]] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)

    @property
    def broken(self) -> str:
        return self.modules[BROKEN - 1]

    @property
    def long(self) -> str:
        return self.modules[LONG - 1]

    def exercise(self, slug: str) -> str:
        """Name the first exercise of a module."""
        return f"scale{self.modules.index(slug) + 1}"

    @property
    def insight(self) -> Insight:
        return Insight(self.settings, self.queue)


@contextlib.contextmanager
def planted_class(folder: Path, students: int, modules: int, stuck: int) -> Iterator[Planted]:
    """Make the class; the services run during the block."""
    worker_environment()
    slugs = [f"vectors{n}" for n in range(1, modules + 1)]
    names = [f"s{n:03d}" for n in range(1, students + 1)]
    course = _make_course(folder, slugs, names)
    with FakeHub() as hub, in_thread(hub, make_settings(folder / "exchange", hub), folder) as live:
        settings = settings_from_environment(
            {"TITO_COURSE": str(folder / "tree"), "PATH": os.environ["PATH"]}, course_dir=course, jobs="1",
            course_id=COURSE, exchange_url=live.url, token=hub.service("grading"),
        )  # fmt: skip
        queue = Queue(open_database(settings.database_url))
        planted = Planted(live, settings, queue, names, slugs, names[:stuck], *class_of_answers(names[stuck:]))
        _release(planted)
        with _said("the students' work"):
            for name in names:
                _work(planted, name)
        live.clock.moment = None
        _judge(planted)
        yield planted
        queue.engine.dispose()


def _make_course(folder: Path, slugs: list[str], names: list[str]) -> Path:
    """Copy the tests' module once for each slug; in one copy, a hidden check expects what nobody returns."""
    tree, course = folder / "tree", folder / "course"
    shutil.copytree(TREE / "semesters", tree / "semesters")
    for number, slug in enumerate(slugs, 1):
        made = tree / "modules" / f"{number:02d}_{slug}"
        shutil.copytree(TREE / "modules" / "01_vectors", made)
        text = _numbered((made / "vectors_dev.py").read_text().replace("core.vectors", f"core.{slug}"), number)
        module = _numbered((made / "module.yaml").read_text(), number)
        if number == BROKEN:
            text, module = with_exercise(text.replace("values * 3.0)", "values * 3.5)"), module)
        (made / "vectors_dev.py").unlink()
        (made / f"{slug}_dev.py").write_text(text)
        (made / "module.yaml").write_text(module)
    curriculum = load_curriculum(tree)
    generate_notebooks(list(curriculum.written), curriculum, course)
    _write_semester(course, curriculum.written, names)
    with gradebook_lock(course), open_or_make(course, COURSE) as gradebook:
        for name in names:
            gradebook.update_or_create_student(name)
    return course


def _numbered(text: str, number: int) -> str:
    """Add the module's number to the names of the two exercises, since only one module may export a name."""
    return re.sub(r"\b(test_)?(scale|total)\b", rf"\g<1>\g<2>{number}", text)


def _write_semester(course: Path, modules: list, names: list[str]) -> None:
    """Write what the semester service's apply writes: modules with dates, and the roster."""
    due, release = utc_text(_now(days=-1)), utc_text(_now(days=-12))
    dates = {"place": "built", "release": release, "due": due}
    rows = [
        {"slug": m.slug, "label": m.label, "title": f"Vectors {m.number}", "exercises": [e.name for e in m.exercises]}
        for m in modules
    ]
    rows = [row | dates for row in rows]
    view = {"course": COURSE, "title": "Planted", "tiers": [{"name": "basics", "modules": rows}]}
    (course / "semester.json").write_text(json.dumps(view))
    (course / "roster.json").write_text(json.dumps({"students": names, "staff": []}))


def _now(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


def _release(planted: Planted) -> None:
    planted.live.clock.moment = _now(days=-12)
    with planted.live.semester() as semester:
        semester.put_course(COURSE, CourseSettings(title="Planted"))
        for slug in planted.modules:
            semester.put_assignment(COURSE, slug, AssignmentSettings(due_at=utc_text(_now(days=30))))
            semester.release(COURSE, slug, planted.settings.course_dir / "release" / slug)


def _work(planted: Planted, name: str) -> None:
    """One student works through all modules, a day each; every third student submits a wrong solution first."""
    client, number = planted.live.student(name), planted.students.index(name)
    for day, slug in enumerate(planted.modules):
        began = _now(days=-10 + day % 8)
        if name in planted.stuck and slug == planted.broken:
            _fail_again_and_again(planted, client, slug, _now(days=-1))
            continue
        hours = 4.0 if slug == planted.long else 1.5
        _session(planted, client, slug, began, hours + number % 5 * 0.1)
        if number % 3 == 0:
            _hand_in(planted, client, slug, name, WRONG)
        _hand_in(planted, client, slug, name, GOOD)


def _session(planted: Planted, client: ExchangeClient, slug: str, began: datetime, hours: float) -> None:
    """Fetch the module, run test cells about every twenty minutes, solve it."""
    planted.live.clock.moment = began
    client.fetch_release(COURSE, slug, planted.live.folder({}))
    steps = round(hours * 3)
    for step in range(1, steps + 1):
        planted.live.clock.moment = began + timedelta(hours=hours * step / steps)
        prediction = [{"prediction": "size", "right": len(slug) % 2 == step % 2}] if step == 1 else []
        run = {"exercise": planted.exercise(slug), **(SOLVED if step == steps else FAILED)}
        client.report_event(COURSE, slug, "checked", {"cells": [run, *prediction]})


def _fail_again_and_again(planted: Planted, client: ExchangeClient, slug: str, began: datetime) -> None:
    planted.live.clock.moment = began
    client.fetch_release(COURSE, slug, planted.live.folder({}))
    for step in range(STUCK_AT):
        planted.live.clock.moment = began + timedelta(minutes=5 * step)
        client.report_event(COURSE, slug, "checked", {"cells": [{"exercise": planted.exercise(slug), **FAILED}]})


def _hand_in(planted: Planted, client: ExchangeClient, slug: str, name: str, answers: dict[str, str]) -> None:
    number = planted.modules.index(slug) + 1
    answers = {f"{each}{number}": _numbered(text, number) for each, text in answers.items()}
    answers[EXERCISE] = planted.answers.get(name, "")
    text = _answered(planted.settings.course_dir / "release" / slug / f"{slug}.ipynb", answers)
    client.submit(COURSE, slug, planted.live.outgoing({f"{slug}.ipynb": text}))


def _answered(release: Path, answers: dict[str, str]) -> str:
    notebook = json.loads(release.read_text())
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        cell["source"] = answers.get(name, cell["source"])
    return json.dumps(notebook)


def _judge(planted: Planted) -> None:
    """Let the runners check what arrived; grade the attempts that count, with hidden checks, in the broken module."""
    while Arrivals(planted.settings, planted.queue).take(0):
        pass
    with RunnerPool(planted.settings, planted.queue):
        with _said("quick runs"):
            _wait(planted.queue)
        planted.queue.submit("collect", planted.broken)
        ready = sorted(set(planted.students) - set(planted.stuck))
        with _said("collecting"):
            _wait(planted.queue)
        planted.queue.submit("autograde", planted.broken, ready)
        with _said("grading"):
            _wait(planted.queue)
        planted.queue.submit("compare", planted.broken)
        with _said("comparing"):
            _wait(planted.queue)


def _wait(queue: Queue) -> None:
    while queue.waiting():
        queue.asked.wait(0.1)


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    """Print what a part of a large class costs, services and runners together."""
    began, cpu = time.monotonic(), _cpu_seconds()
    yield
    print(f"{what}: {time.monotonic() - began:.0f} s, {_cpu_seconds() - cpu:.0f} CPU s", flush=True)


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def compared(planted: Planted) -> dict:
    """Return what the latest comparison of answers recorded."""
    run = planted.queue.latest_run("compare", planted.broken, "", ("done",))
    assert run is not None
    return run.report


def pairs_found(planted: Planted) -> list[tuple[str, str]]:
    """Return the pairs of students whose answers to the longer exercise were listed side by side."""
    pairs = compared(planted)["exercises"][EXERCISE]["pairs"]
    return sorted((pair["one"][1], pair["other"][1]) for pair in pairs)


def found(planted: Planted) -> list[str]:
    """Report for each planted fault whether it was found, and whether anything else was."""
    said = planted.insight.semester().to_json()
    suspects = [(row["module"], row["exercise"], row["hidden"]) for row in said["suspects"]]
    stuck = [(row["module"], row["student"]) for row in said["stuck"]]
    long = [row["module"] for row in said["modules"] if any("hours" in line for line in row["warnings"])]
    pairs = pairs_found(planted)
    results = {
        "the broken check": suspects == [(planted.broken, planted.exercise(planted.broken), True)],
        "the long module": long == [planted.long],
        "the copies": set(planted.copies) <= set(pairs),
        "none of the look-alikes": not {name for pair in pairs for name in pair} & set(planted.alike),
        "the stuck group": stuck == [(planted.broken, name) for name in planted.stuck],
    }
    return [f"{'found' if ok else 'NOT FOUND'}: {what}" for what, ok in results.items()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--modules", type=int, default=8)
    parser.add_argument("--stuck", type=int, default=6)
    options = parser.parse_args()
    began = time.monotonic()
    print(f"{options.students} students, {options.modules} modules", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="planted-") as folder,
        planted_class(Path(folder), options.students, options.modules, options.stuck) as planted,
    ):
        lines = found(planted)
        # Ordinary students who chose the same rare ways by chance: a few in a class of about 30, nobody in one of 200.
        lines.append(f"other pairs to look at: {len(set(pairs_found(planted)) - set(planted.copies))}")
    print("\n".join(lines), f"\n{time.monotonic() - began:.0f} s, {_cpu_seconds():.0f} CPU s with all that has ended")
    return any(line.startswith("NOT") for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
