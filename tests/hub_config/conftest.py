"""Settings of a Hub that is never started."""

import json

import pytest
from traitlets.config import Config

from hub_config.apply import apply_all
from hub_config.ports import NAMES
from hub_config.settings import load_settings


@pytest.fixture
def settings(tmp_path):
    semester = tmp_path / "semester.yaml"
    semester.write_text("course: tiny-2026\n")
    ports = {name: 40000 + number for number, name in enumerate(NAMES)}
    return load_settings({"HUB_VAR": str(tmp_path), "HUB_SEMESTER": str(semester), "HUB_PORTS": json.dumps(ports)})


@pytest.fixture
def config(settings):
    """What the Hub is given for these settings; a file with settings of its own gets the Hub's for those."""
    c = Config()
    apply_all(c, settings)
    return c
