"""A class with an honest, a forged and a hostile submission: nothing runs in a browser; each gets their own score."""

import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.sync_api import expect

from tests.e2e import life
from tests.e2e.browser import Person, chromium, person
from tests.e2e.hub import RunningHub
from tests.e2e.solving import solutions, solved, written_answers
from tests.formgrader.hostile import MARKUP, OUTPUTS, RUN
from tests.security.shell import Shell, shell_of

pytestmark = [pytest.mark.security, pytest.mark.live, pytest.mark.e2e, pytest.mark.timeout(900)]

NOTEBOOK = "tensor/tensor.ipynb"


def read_notebook(student: Shell) -> dict:
    return student.request("GET", f"/user/{student.name}/api/contents/{NOTEBOOK}").json()["content"]


def submit(student: Shell, text: str) -> str:
    """Replace the notebook with a text and submit it with tito; return tito's output."""
    model = {"type": "file", "format": "text", "content": text}
    written = student.request("PUT", f"/user/{student.name}/api/contents/{NOTEBOOK}", json=model)
    assert written.status_code == 200, written.text
    return student.run("tito submit tensor", seconds=120)


def honest(notebook: dict) -> dict:
    """Solve every exercise and answer every question."""
    return solved(notebook, solutions("tensor") | dict.fromkeys(written_answers(notebook), life.ANSWER))


def forged(notebook: dict) -> dict:
    """Solve nothing; remove tests, raise points, and forge grades in metadata and outputs."""
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and mark.get("grade"):
            cell["source"] = "100"
            cell["outputs"] = [new_output("execute_result", data={"text/plain": "100"}, execution_count=1)]
            mark["points"] = 1000
    return notebook


def hostile(notebook: dict) -> dict:
    """Solve everything, and put every attack wherever a student can write."""
    attack = "\n\n".join(MARKUP)
    done = nbformat.from_dict(solved(notebook, solutions("tensor") | dict.fromkeys(written_answers(notebook), attack)))
    cell = new_code_cell(f"x = '<script>{RUN}</script>'")
    cell.outputs = [new_output("display_data", data=data) for data in OUTPUTS]
    answer = next(
        cell for cell in done.cells if cell.metadata.get("nbgrader", {}).get("grade_id") in written_answers(notebook)
    )
    answer.attachments = {
        "a.svg": {"image/svg+xml": "PHN2Zy8+"},
        f'"><script>{RUN}</script>': {"image/png": f'"><script>{RUN}'},
    }
    answer.source += "\n\n![a](attachment:a.svg)"
    done.cells += [cell, *(new_markdown_cell(text) for text in MARKUP)]
    done.metadata["title"] = f"</title><script>{RUN}</script>"
    return done


def unharmed(somebody: Person) -> None:
    """Check that no student's code has run in this page or its frames."""
    assert somebody.dialogs == []
    for frame in somebody.page.frames:
        assert frame.evaluate("window.pwned") is None, frame.url


@pytest.fixture(scope="module")
def handed_in(hub: RunningHub) -> dict[str, str]:
    """Three students submit; map each to tito's output."""
    passwords = hub.passwords()
    ada, ben, chen = (shell_of(hub.url, name, passwords[name]) for name in ("ada", "ben", "chen"))
    return {
        "ada": submit(ada, json.dumps(honest(read_notebook(ada)))),
        "ben": submit(ben, json.dumps(forged(read_notebook(ben)))),
        "chen": submit(chen, json.dumps(hostile(read_notebook(chen)))),
    }


def test_a_broken_notebook_is_told_on_its_page(hub: RunningHub):
    """A truncated file is accepted, and soon the module's page says what is wrong with it."""
    ben = shell_of(hub.url, "ben", hub.passwords()["ben"])
    whole = read_notebook(ben)
    assert "Your work has arrived" in submit(ben, json.dumps(whole)[:1000])
    ben.request("PUT", f"/user/ben/api/contents/{NOTEBOOK}", json={"type": "notebook", "content": whole})
    with chromium() as browser:
        student = person(browser, "ben", hub.url)
        student.log_in(hub.passwords()["ben"])
        assert "open it in JupyterLab, save and submit again" in life.quick_result(student, "tensor", "damaged")


def test_a_hostile_class_is_graded_and_harms_nobody(hub: RunningHub, handed_in: dict[str, str]):
    assert all("Your work has arrived" in said for said in handed_in.values()), handed_in
    passwords = hub.passwords()
    with chromium() as browser:
        people = {name: person(browser, name, hub.url) for name in passwords if name != "operator"}
        for name, somebody in people.items():
            somebody.log_in(passwords[name])
        ida, tom = people["ida"], people["tom"]
        life.collect_and_autograde(ida, "tensor", "Tensor", students=3, class_size=3, to_read=2)
        unharmed(ida)

        scores = staff_scores(hub)
        assert scores["ada"] == scores["chen"] == 90
        assert scores["ben"] == 0

        look_at_every_submission(tom)
        life.give_feedback(ida, "tensor", "Tensor", students=3, unread=True)
        for name in ("ada", "ben", "chen"):
            student = people[name]
            student.go("/services/home/modules/tensor")
            unharmed(student)
            if name == "ada":
                expect(student.page.locator("main")).to_contain_text(re.compile("90 of 90 so far; .* still to be read"))
            student.page.get_by_role("link", name="Read feedback").click()
            student.page.wait_for_load_state("networkidle")
            unharmed(student)
            if name == "ada":
                expect(student.page.frame_locator("iframe").get_by_text("This is not your final score")).to_be_visible()


def look_at_every_submission(ta: Person) -> None:
    """Open each submission in the formgrader and click every link in it."""
    page = ta.page
    ta.go("/services/formgrader/formgrader/gradebook/tensor/tensor")
    page.get_by_role("link", name="Submission #1").wait_for()
    links = {link.get_attribute("href") for link in page.locator("table a").all()}
    addresses = sorted(link for link in links if link and "/submissions/" in link)
    assert len(addresses) == 3
    for address in addresses:
        ta.go(address)
        page.wait_for_load_state("networkidle")
        unharmed(ta)
        for link in page.locator("main .rendered_html a").all():
            link.click(force=True, no_wait_after=True)
        unharmed(ta)


def staff_scores(hub: RunningHub) -> dict[str, float]:
    """Return everybody's automatic points, which the operator reads from the grading service."""
    program = (
        "import json, os, urllib.request as u; "
        "r = u.Request(os.environ['GRADING_URL'] + '/api/v1/assignments/tensor/students', "
        "headers={'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']}); "
        "direct = u.build_opener(u.ProxyHandler({})); "
        "print(json.dumps({row['student']: row['raw_score'] for row in json.load(direct.open(r))}))"
    )
    return json.loads(hub.run("python", "-c", program).stdout)


def test_a_path_in_the_address_runs_no_configuration(hub: RunningHub, tmp_path):
    """nbgrader's own formgrader would execute that folder's `nbgrader_config.py` in the server."""
    proof = tmp_path / "ran"
    (tmp_path / "nbgrader_config.py").write_text(f"open({str(proof)!r}, 'w').write('ran')\n")
    with chromium() as browser:
        ida = person(browser, "ida", hub.url)
        ida.log_in(hub.passwords()["ida"])
        before = ida.page.content() if ida.go("/services/formgrader/formgrader/manage_assignments") == 200 else ""
        assert before
        for page in ("formgrader", "formgrader/manage_assignments", "formgrader/gradebook"):
            ida.go(f"/services/formgrader/{page}?path={tmp_path}")
    assert not proof.exists()


def test_a_student_gets_403_from_the_formgrader(hub: RunningHub):
    with chromium() as browser:
        ada = person(browser, "ada", hub.url)
        ada.log_in(hub.passwords()["ada"])
        assert ada.go("/services/formgrader/formgrader/gradebook") == 403
        assert ada.page.get_by_role("heading", name="This page is not for you").is_visible()
        ada.go("/services/home/")
        assert ada.page.get_by_role("link", name="Grading").count() == 0
