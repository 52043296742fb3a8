"""One Hub per place for a whole test run; import these into a conftest."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.hub import RunningHub, write_semester
from tests.proxies import recording_proxy

# Add another place here with its marker; the tests stay the same.
PLACES = [pytest.param("local", id="local")]


@pytest.fixture(scope="session", params=PLACES)
def place(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def hub(place: str, tmp_path_factory) -> Iterator[RunningHub]:
    """A Hub with one open module: ada, ben and chen are students, tom is a TA, ida an instructor."""
    folder = tmp_path_factory.mktemp("hub")
    semester = write_semester(folder / "semester", "tensor")
    hub = RunningHub(place, folder / "var", extra={"HUB_SEMESTER": str(semester)})
    hub.prepare()  # an installer may need the machine's own proxy; the Hub needs none and gets one that only records
    with recording_proxy() as proxy:
        hub.extra |= proxy.environment
        try:
            yield hub.start()
        finally:
            hub.stop()
            keep_logs(hub)


def keep_logs(hub: RunningHub) -> None:
    """Copy logs to E2E_LOGS, if set, to help find the cause of a failure."""
    target = os.environ.get("E2E_LOGS")
    if target:
        for log in [hub.output, *hub.var.glob("log/**/*.log")]:
            destination = Path(target) / log.name
            destination.parent.mkdir(parents=True, exist_ok=True)
            destination.write_bytes(log.read_bytes())
