"""Programs that run before the first student load only what they need; `make bench BENCH=idle` measures the total."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.service

SUPERVISOR = """
from hub_config.run import programs, serve
from hub_config.settings import load_settings
from hub_config.sign_in.kinds import check_sign_in
check_sign_in(load_settings({"HUB_VAR": VAR}))
"""
# A program's start, and packages of 30 MB or more that it must not load before somebody needs them.
WITHOUT = [
    (SUPERVISOR, {"jupyterhub"}),
    ("import tito.semester.service.__main__", {"jupyter_server", "nbconvert", "numpy"}),
    ("import tito.grading.__main__", {"jupyter_server", "nbconvert", "numpy"}),
    ("import tito.formgrader.__main__", {"jupyter_server", "nbconvert", "sqlalchemy"}),
    ("import exchange.service.app", {"nbformat", "nbgrader"}),
    ("import hub_config.home.__main__", {"sqlalchemy", "nbformat"}),
]


@pytest.mark.parametrize(("program", "packages"), WITHOUT)
def test_what_waits_is_light(program: str, packages: set[str], tmp_path):
    code = f"VAR = {str(tmp_path)!r}\n{program}\nimport sys\nprint(sorted({packages!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr[-500:]
