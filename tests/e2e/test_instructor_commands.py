"""Every command in docs/instructor.md that needs a Hub runs on a real one, as written there."""

import shlex

import pytest

from tests.e2e.hub import RunningHub
from tests.semester.test_instructor_guide import ON_A_HUB

pytestmark = [pytest.mark.e2e, pytest.mark.live, pytest.mark.timeout(600)]


def test_each_does_what_it_says(hub: RunningHub, tmp_path):
    """All of them succeed; the status names the course, the export exists, and `forget` asks for --yes first."""
    said = {}
    for line in ON_A_HUB:
        words = shlex.split(line.replace("--output fall.html", f"--output {tmp_path / 'fall.html'}"))
        done = hub.command(*words[words.index("run") :])
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        said[line.partition(" -- ")[2]] = done.stdout
    assert "tinytorch-test" in said["tito semester status"]
    assert (tmp_path / "fall.html").is_file()
    assert "--yes" in said["tito insight forget --student ada"]
