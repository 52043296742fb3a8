"""Settings of a Hub that is never started, and an exchange for single-user servers."""

import json
from collections.abc import Iterator

import pytest
from traitlets.config import Config

from hub_config.apply import apply_all
from hub_config.ports import NAMES
from hub_config.settings import load_settings
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import Live, in_thread, make_settings


@pytest.fixture
def settings(tmp_path):
    semester = tmp_path / "semester.yaml"
    semester.write_text("course: tiny-2026\n")
    ports = {name: 40000 + number for number, name in enumerate(NAMES)}
    return load_settings({"HUB_VAR": str(tmp_path), "HUB_SEMESTER": str(semester), "HUB_PORTS": json.dumps(ports)})


@pytest.fixture
def config(settings):
    """The Hub's configuration for the fixture `settings`, or for a test file's own fixture of that name."""
    c = Config()
    apply_all(c, settings)
    return c


@pytest.fixture(scope="module")
def live(tmp_path_factory) -> Iterator[Live]:
    """An exchange with one course that has one open module without a due date."""
    folder = tmp_path_factory.mktemp("exchange")
    with FakeHub() as hub, in_thread(hub, make_settings(folder / "data", hub), folder) as live:
        live.open_course(due_at=None)
        yield live
