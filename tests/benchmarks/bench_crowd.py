"""A class of 1,000 compared with 100: the home page for 200 at once, the class page, a roster, a restart of the Hub.

The limits are on growth. CPU seconds of all services and the browser, which all run in this process, may grow as
size ** LINEAR, tenfold; those of a student's own page as size ** NO_GROWTH; and no page may query the databases more
often. Each of the 1,000 has two attempts in 20
modules, steps in each, and hints in each exercise. The real semester service puts the roster in force in a real
JupyterHub, whose CPU seconds count too. A Hub is also restarted beside 30 and 300 simulated servers.
"""

import asyncio
import math
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from exchange.hub import identity
from tests.benchmarks.busy import cpu_seconds, descendants
from tests.benchmarks.crowd_restart import restart_seconds
from tests.home import beside_exchange
from tests.home.beside_exchange import HOME, Pages, Visitor
from tests.home.conftest import class_in_its_second_week
from tests.home.test_sections_and_notices import apply
from tests.insight.large_pages import a_ta, counted, served

FEW, MANY, MODULES = 100, 1000, 20
SERVERS = (30, 300)
AT_ONCE = 200  # students who open their page in the first minute of a lab
LINEAR = 1.0  # the highest allowed power of a cost's growth
NO_GROWTH = 0.15
TIMES = 5


@dataclass(frozen=True)
class Cost:
    """The cost of one request."""

    milliseconds: float
    statements: float


def run(report) -> None:
    """Measure both classes, and compare."""
    # Pages are measured by processor time, however long they wait for it: all services run in this one process.
    beside_exchange.START_SECONDS = identity.PATIENCE_SECONDS = 1800.0
    with tempfile.TemporaryDirectory(prefix="bench-crowd-") as folder:
        few, many = (costs(Path(folder) / str(size), size) for size in (FEW, MANY))
        rosters = roster_seconds(Path(folder) / "campus")
        restarts = {servers: restart_seconds(Path(folder) / f"hub-{servers}", servers) for servers in SERVERS}
    for page, wanted in (("home", NO_GROWTH), ("class", LINEAR)):
        report.measure(f"{page} page, class of {MANY}: CPU", many[page].milliseconds, "ms")
        report.measure(f"{page} page: statements", many[page].statements, "", wanted=f"<= {few[page].statements + 0.5}")
        growth = power(few[page].milliseconds, many[page].milliseconds)
        report.measure(f"{page} page: grows with the class to the power of", growth, "", wanted=f"<= {wanted}")
    report.measure(f"roster of {MANY} in force: CPU", rosters[MANY], "s")
    growth = power(rosters[FEW], rosters[MANY])
    report.measure("roster in force: grows to the power of", growth, "", wanted=f"<= {LINEAR}")
    report.measure(f"Hub's restart beside {SERVERS[1]} servers: CPU", restarts[SERVERS[1]], "s")
    growth = power(restarts[SERVERS[0]], restarts[SERVERS[1]])
    report.measure("Hub's restart: grows to the power of", growth, "", wanted=f"<= {LINEAR}")


def power(few: float, many: float) -> float:
    """Return p of cost ~ size ** p, from the costs of FEW and MANY."""
    return math.log(many / few) / math.log(MANY / FEW)


def costs(folder: Path, students: int) -> dict[str, Cost]:
    """Serve a class and open its pages."""
    with served(folder, students, MODULES) as pages:
        return {"home": home_at_once(pages), "class": class_page(a_ta(pages))}


def class_page(ta: Visitor, times: int = TIMES) -> Cost:
    ta.get(HOME + "class").raise_for_status()  # the first request reads templates
    with counted() as said:
        began = time.process_time()
        for _ in range(times):
            ta.get(HOME + "class").raise_for_status()
    return Cost((time.process_time() - began) * 1000 / times, len(said) / times)


def home_at_once(pages: Pages, at_once: int = AT_ONCE) -> Cost:
    """Let this many students open their page at the same moment."""
    names = list(pages.sections)
    cookies = [pages.student_cookie(names[number % len(names)]) for number in range(at_once)]
    asyncio.run(_open_all(pages.url, cookies[:1]))
    with counted() as said:
        began = time.process_time()
        asyncio.run(_open_all(pages.url, cookies))
    return Cost((time.process_time() - began) * 1000 / at_once, len(said) / at_once)


async def _open_all(url: str, cookies: list[str]) -> None:
    address = urlparse(url)
    lines = [await asyncio.open_connection(address.hostname, address.port) for _ in cookies]
    asked: list[Awaitable[bytes]] = []
    for (reader, writer), cookie in zip(lines, cookies, strict=True):
        head = [f"GET {HOME} HTTP/1.1", f"Host: {address.netloc}", f"Cookie: {beside_exchange.COOKIE}={cookie}"]
        writer.write("\r\n".join([*head, "Connection: close", "", ""]).encode())
        asked.append(reader.read())
    for answer in await asyncio.gather(*asked):
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a page was refused: {answer[:300]!r}")
    for _, writer in lines:
        writer.close()


def roster_seconds(folder: Path, sizes: tuple[int, int] = (FEW, MANY)) -> dict[int, float]:
    """Put the rosters in force, the smaller first; return the CPU seconds of the services and the Hub."""
    found = {}
    with class_in_its_second_week(folder) as campus:
        [roster] = campus.folder.glob("*.csv")
        known = roster.read_text().rstrip("\n")
        width = known.splitlines()[0].count(",")
        for size in sizes:
            added = [f"t{size}x{number:04d}" + "," * width for number in range(size)]
            roster.write_text("\n".join([known, *added]) + "\n")
            found[size] = _cpu_of(lambda: apply(campus))
            known = roster.read_text().rstrip("\n")
    return found


def _cpu_of(action: Callable[[], object]) -> float:
    before = _used()
    action()
    return _used() - before


def _used() -> float:
    return time.process_time() + sum(map(cpu_seconds, descendants(os.getpid())))
