"""A demo semester is made only where nobody has named a semester file."""

import pytest

from hub_config.checks import NotReady
from hub_config.run.prepare import prepare
from hub_config.settings import load_settings


def test_a_misspelt_semester_file_is_refused_and_no_demo_is_made_in_its_place(tmp_path):
    named = tmp_path / "var" / "semester" / "2026-fal.yaml"
    with pytest.raises(NotReady, match=r"2026-fal\.yaml does not exist: see HUB_SEMESTER"):
        prepare(load_settings({"HUB_VAR": str(tmp_path / "var"), "HUB_SEMESTER": str(named)}))
    assert not named.exists()
