"""A module's page as a student sees it, rendered from the services' answers without a Hub."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from hub_config.home.about import about
from hub_config.home.course_map import Module, Record, course_map
from hub_config.home.views import environment
from tests.home.test_course_map import CLOCK, assignment, course, given, quick

TABLE = "Why one wants it.\n\n| part | exercise |\n| --- | --- |\n| 1 | `scale` |"
VIEWER = SimpleNamespace(
    name="ada", is_staff=False, grades=False, manages=False, belongs=True, takes=lambda course: True
)
SETTINGS = SimpleNamespace(course="tiny", hub_url="/hub/", staff_warning="", notebook=lambda slug: f"/lab/{slug}")


def view(**more: Any) -> dict[str, Any]:
    rows = {"exercises": [{"name": "add", "points": 90}], "written": [{"name": "why", "points": 10}], "milestones": []}
    return {"about": TABLE, **rows, **more}


def map_of(*changes: dict[str, Any], record: Record | None = None) -> list:
    modules = [given("scale", 1), given("shift", 2), given("stack", 3), given("ready", 4, "prebuilt")]
    modules.append(given("elsewhere", 5, "outside"))
    for module, change in zip(modules, changes, strict=False):
        module.update(change)
    return course_map(course(*modules), record or Record([assignment("scale")]), CLOCK)


def find(tiers: list, slug: str) -> Module:
    return next(module for tier in tiers for module in tier.modules if module.slug == slug)


def page(slug: str, tiers: list, said: dict[str, Any] | None) -> str:
    module = find(tiers, slug)
    data = {
        "module": module,
        "about": said and about(said, module, tiers),
        "questions": [],
        "answers": [],
        "may_ask": True,
        "absent": [],
        "note": None,
        "form_token": "",
    }
    shared = {"viewer": VIEWER, "settings": SETTINGS, "prefix": "/home/", "help_pages": {}, "course_title": "Tiny"}
    return environment().get_template("module.html").render(section=lambda: "course", **shared, **data)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_it_says_what_the_module_is_about_and_what_gives_points():
    html = page("scale", map_of(), view())
    assert "Why one wants it." in html and '<th scope="col">part</th>' in html and "<code>scale</code>" in html
    text = text_of(html)
    assert "add checks 90 " in text and "why a person 10 " in text and "Total 100" in text
    assert "Visible checks passed" not in text, "nothing was handed in"


def test_visible_checks_of_the_newest_attempt_stand_beside_the_points():
    tiers = map_of(record=Record([assignment("scale")], grading={"scale": quick(True, False)}))
    assert "add checks 1 of 2 90 " in text_of(page("scale", tiers, view()))


def test_a_check_that_counts_for_everybody_is_said_beside_the_quick_result():
    grading = quick(True, False)
    grading["quick"]["voids"] = ["second of add does not count: everybody has its 5 points. It <b>asks</b> too much."]
    html = page("scale", map_of(record=Record([assignment("scale")], grading={"scale": grading})), view())
    assert "everybody has its 5 points. It &lt;b&gt;asks&lt;/b&gt; too much." in html


def test_its_place_on_the_way_leads_to_neighbours_of_the_semester_and_says_their_state():
    tiers = map_of({}, {"prerequisites": ["scale", "ready", "elsewhere"]}, {"prerequisites": ["shift"]})
    html = page("shift", tiers, view())
    links = re.findall(r'<a href="/home/modules/(\w+)">', html)
    assert links == ["scale", "ready", "stack"]
    assert "01 Scale , Open" in text_of(html) and "04 Ready , Ready-made" in text_of(html)


def test_the_next_milestone_says_how_many_of_its_modules_are_done():
    rows = [
        {
            "title": "The perceptron",
            "year": 1958,
            "summary": "A line.",
            "needs": ["scale", "ready"],
            "command": "tito x",
        },
        {"title": "Exclusive or", "year": 1969, "summary": "", "needs": ["scale"], "command": "tito y"},
    ]
    text = text_of(page("scale", map_of(), view(milestones=rows)))
    assert "1958 · The perceptron. A line. 1 of the 2 modules that it needs are done." in text
    assert "Later: 1969 · Exclusive or." in text


@pytest.mark.parametrize("slug", ["scale", "ready"])
def test_without_the_semester_services_word_the_rest_of_the_page_stands(slug):
    html = page(slug, map_of(), None)
    assert "What it is about" not in html and f"What {slug} is." in html


def test_what_people_wrote_is_escaped():
    hostile = "<img src=x onerror=alert(1)>"
    tiers = map_of({"title": hostile, "summary": hostile}, {"title": hostile, "prerequisites": ["scale"]})
    said = view(about=f"{hostile} **bold**", exercises=[{"name": hostile, "points": 1}])
    html = page("shift", tiers, said) + page("scale", tiers, said)
    assert "<img src=x" not in html and "<strong>bold</strong>" in html and "&lt;img" in html


def test_a_module_outside_the_semester_has_no_exercises_to_show():
    assert "What earns points" not in page("elsewhere", map_of(), view())
