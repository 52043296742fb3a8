"""A corrected module reaches a student whose server is running: they see a notice, fetch it, and keep their work."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e import life
from tests.e2e.browser import chromium, person
from tests.e2e.hub import RunningHub
from tests.security.shell import shell_of

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(1500)]
OWN, NEW = "# my own line", "A corrected sentence."
WRITE = f"""
import json, pathlib
file = pathlib.Path.home() / "tensor" / "tensor.ipynb"
notebook = json.loads(file.read_text())
notebook["cells"][1]["source"] = "{OWN}"
file.write_text(json.dumps(notebook))
"""


def test_a_corrected_module_reaches_a_running_student(hub: RunningHub):
    passwords = hub.passwords()
    ben = shell_of(hub.url, "ben", passwords["ben"])
    ben.python(WRITE)
    written = ben.run("cat ~/tensor/tensor.ipynb")
    assert OWN in written
    correct_the_release(hub)
    with chromium() as browser:
        ida, student = (person(browser, name, hub.url) for name in ("ida", "ben"))
        for somebody in (ida, student):
            somebody.log_in(passwords[somebody.name])
        life.act_on_module(ida, "Tensor", "Release again")
        wait_for_notice(student)
    assert "your files in" in ben.run("tito fetch tensor")
    assert ben.run("cat ~/tensor/tensor.ipynb") == written
    with chromium() as browser:
        student = person(browser, "ben", hub.url)
        student.log_in(passwords["ben"])
        expect(student.page.get_by_text("Your next step")).to_be_visible()
        expect(student.page.get_by_text("was corrected after you fetched it")).to_have_count(0)
    assert "tensor" in ben.run("tito module reset tensor --yes")
    assert NEW in ben.run("cat ~/tensor/tensor.ipynb")
    assert OWN in ben.run(f"grep -r -h -o '{OWN}' ~")  # in the backup that reset keeps


def correct_the_release(hub: RunningHub) -> None:
    """Change the generated notebook, as a corrected source would."""
    file = hub.var / "course" / "release" / "tensor" / "tensor.ipynb"
    notebook = json.loads(file.read_text())
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    cell["source"] = "".join(cell["source"]) + f"\n\n{NEW}"
    file.write_text(json.dumps(notebook))


def wait_for_notice(student, seconds: int = 60) -> None:
    for _ in range(seconds):
        student.go("/services/home/")
        if student.page.get_by_text("was corrected after you fetched it").count():
            return
        student.page.wait_for_timeout(1000)
    raise AssertionError(f"no notice: {student.page.inner_text('main')}")
