"""A question goes from a failing test in JupyterLab to a TA's answer in the student's JupyterLab, in two browsers."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hub_config.home.session import COOKIE
from tests.e2e import lab
from tests.e2e.axe import grave_violations
from tests.e2e.browser import Person, chromium, person
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, in_thread, make_settings
from tests.home.beside_exchange import HOME, Pages, beside_grading
from tests.hub_config.single_user import SingleUser, running

pytestmark = [pytest.mark.e2e, pytest.mark.live, pytest.mark.timeout(600)]
EXERCISE, NOTEBOOK = "infer_shape", "tensor/tensor.ipynb"
AUDIT = (Path(__file__).parents[1] / "home" / "audit.js").read_text()
HOSTILE = "<script>alert('script')</script><img src=x onerror=\"alert('image')\">{{ 7 * 7 }}"
SOLUTION = f"def {EXERCISE}(size, shape):\n    return {HOSTILE!r}"
TEST = f"""from tinytorch.testing import same, unit_test
test = unit_test("{EXERCISE}")
@test.check("one -1 follows from the others", points=1)
def _():
    same({EXERCISE}(12, (3, -1)), (3, 4))
test.report()"""
PASSED = {"name": "stdout", "output_type": "stream", "text": HOSTILE}
SHOWN = {"data": {"text/html": HOSTILE, "image/svg+xml": HOSTILE}, "metadata": {}, "output_type": "display_data"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Iterator[tuple[SingleUser, Pages]]:
    """The student's server and the course's home page with one exchange and the grading service."""
    folder = tmp_path_factory.mktemp("question")
    place = folder / "home" / NOTEBOOK
    place.parent.mkdir(parents=True)
    place.write_text(notebook())
    with ExitStack() as stack:
        hub = stack.enter_context(FakeHub())
        live = stack.enter_context(in_thread(hub, make_settings(folder / "data", hub), folder))
        live.open_course(due_at=None)
        options = {"JUPYTERHUB_ALLOW_TOKEN_IN_URL": "1"}
        pages = Pages(live, stack, beside_grading(live, stack))
        yield stack.enter_context(running(hub, folder / "home", live.url, options)), pages


def notebook() -> str:
    """Return a notebook with a wrong solution, its test, and cells whose scripts would run if rendered unsafely."""
    parts = [(EXERCISE, SOLUTION, []), (f"test_{EXERCISE}", TEST, []), ("", "%%html\n" + HOSTILE, [PASSED, SHOWN])]
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": source, "outputs": outputs, "execution_count": None}
        | {"metadata": {"nbgrader": {"grade_id": name, "schema_version": 3, "solution": True}} if name else {}}
        for n, (name, source, outputs) in enumerate(parts)
    ]
    cells.append({"cell_type": "markdown", "id": "text", "source": HOSTILE, "metadata": {}})
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return json.dumps({"cells": cells, "metadata": python, "nbformat": 4, "nbformat_minor": 5})


def test_a_question_is_answered_where_it_was_asked(scene: tuple[SingleUser, Pages]):
    server, pages = scene
    named = os.environ.get("E2E_PICTURES")
    pictures = Path(named) if named else None
    with chromium() as browser:
        ada = person(browser, "ada", server.url.removesuffix("/user/ada/"), pictures)
        fails_three_times(ada, server)
        asks_on_the_page(ada)
        tom = at_home(browser, "tom", pages, pages.ta_cookie("tom"), pictures)
        answers(tom)
        assert tom.dialogs == [], "nothing that a student wrote runs at whoever answers"
        reads_the_answer(ada)
        (asked,) = pages.live.student("ada").questions(COURSE)
        assert asked.seen_at is not None
    ben = pages.student("ben")
    assert ben.get(f"{HOME}questions/{asked.id}").status_code == 403
    assert "Draw the shapes" not in ben.get(f"{HOME}modules/tensor").text


def fails_three_times(ada: Person, server: SingleUser) -> None:
    page = ada.page
    page.goto(f"{server.url}lab/tree/{NOTEBOOK}?token={server.token}")
    page.locator(".jp-CodeCell", has_text="unit_test").first.wait_for(timeout=lab.START_MILLISECONDS)
    lab.wait_for_idle(page)
    link = page.get_by_role("link", name=f"Stuck with {EXERCISE}")
    for _ in range(3):
        expect(link).to_have_count(0)
        lab.run_all(page)
    expect(link).to_be_visible()
    lab.save(page)
    ada.picture("stuck-offer")


def asks_on_the_page(ada: Person) -> None:
    """Ask in a separate tab, so that the notebook stays open."""
    with ada.context.expect_page() as opened:
        ada.page.get_by_role("link", name=f"Stuck with {EXERCISE}").click()
    page = opened.value
    expect(page.get_by_role("heading", name=f"Stuck with {EXERCISE}")).to_be_visible()
    assert page.evaluate(AUDIT) == []
    assert grave_violations(page) == []
    in_both_colours(page, ada.pictures, "stuck")
    page.get_by_label("What do you want to know").fill(f"Why not 4? {HOSTILE}")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("Attach my notebook")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your question was sent", timeout=60_000)
    page.close()


def at_home(browser: Browser, name: str, pages: Pages, cookie: str, pictures: Path | None) -> Person:
    """Return a person who is logged in to the home page."""
    somebody = person(browser, name, pages.url, pictures)
    somebody.context.add_cookies([{"name": COOKIE, "value": cookie, "url": pages.url}])
    return somebody


def answers(tom: Person) -> None:
    page = tom.page
    tom.go(f"{HOME}grading")
    page.get_by_role("link", name="Answer questions").click()
    expect(page.get_by_role("heading", name="Questions")).to_be_visible()
    audited(tom, "questions")
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("one -1 follows from the others").first).to_be_visible()
    for fold in page.locator("details").all():
        fold.evaluate("each => each.open = true")
    expect(page.get_by_text("onerror").first).to_be_visible()
    assert page.locator("main :is(img, iframe, script, object, svg[onload])").count() == 0
    runs_the_checks(tom)
    audited(tom, "question")
    page.get_by_label("Your answer to ada").fill("Draw the shapes.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("Your answer was sent")).to_be_visible()


def runs_the_checks(tom: Person) -> None:
    """Run the checks by keyboard; the result appears without a reload, as text, and a half-written answer stays."""
    page = tom.page
    checks = page.get_by_role("region", name="Visible checks")
    checks.get_by_role("button", name="Run the visible checks").press("Enter")
    expect(checks).to_contain_text("They are being run")
    page.get_by_label("Your answer to ada").fill("Half a sentence")
    expect(checks).to_contain_text(re.compile(r"0 of \d+ visible checks pass"), timeout=120_000)
    expect(checks.locator("dd", has_text="onerror").first).to_be_visible()
    expect(page.get_by_label("Your answer to ada")).to_have_value("Half a sentence")
    assert page.locator("main :is(img, iframe, script, object, svg[onload])").count() == 0


def audited(tom: Person, name: str) -> None:
    for scheme in ("dark", "light"):
        # Turn off motion: a button that is fading from one colour to another has the contrast of neither.
        tom.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert tom.page.evaluate(AUDIT) == []
    in_both_colours(tom.page, tom.pictures, name)


def in_both_colours(page, pictures: Path | None, name: str) -> None:
    for scheme in ("dark", "light") if pictures else ():
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=pictures / f"{name}-{scheme}.png", full_page=True)


def reads_the_answer(ada: Person) -> None:
    """Reload JupyterLab, which looks for answers when it starts, and open the answer."""
    page = ada.page
    page.reload()
    page.get_by_text("Read it", exact=True).click(timeout=lab.START_MILLISECONDS)
    frame = page.frame_locator("iframe[title='Your questions to the staff']")
    expect(frame.get_by_text("Draw the shapes.")).to_be_visible()
    expect(frame.get_by_text("onerror").first).to_be_visible()
    ada.picture("answer-in-jupyterlab")
