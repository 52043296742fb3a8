"""Whom a launch logs in if the campus service knows the platform's people, and what is stored about its course."""

import json
from pathlib import Path

import pytest

from hub_config.sign_in import platform_course
from hub_config.sign_in.platform_course import CLAIM, GRADES, MEMBERS, NotTheirName, check_name, note_course

ISSUER = "https://lms.example.org"


@pytest.fixture
def known(tmp_path: Path) -> Path:
    people = {"issuer": ISSUER, "people": {"s-1": "ada", "s-2": "ben"}}
    (tmp_path / "people.json").write_text(json.dumps(people))
    return tmp_path


def launch(subject: str = "s-1", **more: object) -> dict[str, object]:
    return {
        "iss": ISSUER,
        "sub": subject,
        f"{CLAIM}deployment_id": "1",
        f"{CLAIM}context": {"id": "7", "title": "Deep Learning"},
        f"{CLAIM}resource_link": {"id": "link-7"},
        MEMBERS: {"context_memberships_url": "https://lms.example.org/members"},
        GRADES: {"lineitems": "https://lms.example.org/columns"},
        **more,
    }


def courses(folder: Path) -> list[dict[str, str]]:
    return [json.loads(path.read_text()) for path in sorted((folder / "launched").glob("*.json"))]


def test_before_the_platforms_people_are_known_the_claim_is_the_name(tmp_path):
    assert check_name(tmp_path, launch(), "ada") == "ada"


def test_somebody_keeps_the_name_whatever_the_platform_calls_them_later(known):
    assert check_name(known, launch("s-1"), "countess") == "ada"
    assert check_name(known, launch("s-1"), "ben") == "ada"
    assert check_name(known, launch("s-3"), "cleo") == "cleo"


@pytest.mark.security
def test_an_address_that_is_given_to_somebody_else_opens_nobodys_door(known):
    with pytest.raises(NotTheirName, match="'ada' belongs to another account of the platform than 's-9'"):
        check_name(known, launch("s-9"), "ada")
    with pytest.raises(NotTheirName):
        check_name(known, launch(sub=None), "ada")


def test_the_course_of_a_launch_is_kept_with_the_addresses_of_its_services(tmp_path):
    note_course(tmp_path, launch())
    note_course(tmp_path, launch("s-2"))
    assert courses(tmp_path) == [
        {
            "issuer": ISSUER,
            "deployment": "1",
            "context": "7",
            "title": "Deep Learning",
            "members_url": "https://lms.example.org/members",
            "line_items_url": "https://lms.example.org/columns",
            "resource_link": "link-7",
            "columns": {},
        }
    ]


def test_one_course_in_two_deployments_is_two(tmp_path):
    note_course(tmp_path, launch())
    note_course(tmp_path, launch(**{f"{CLAIM}deployment_id": "2"}))
    assert [each["deployment"] for each in courses(tmp_path)] in (["1", "2"], ["2", "1"])


@pytest.mark.security
def test_what_names_no_services_or_is_no_text_is_not_kept_and_files_do_not_grow_without_end(tmp_path, monkeypatch):
    note_course(tmp_path, launch(**{MEMBERS: "x", GRADES: None}))
    note_course(tmp_path, launch(**{f"{CLAIM}context": {"id": ["7"]}}))
    assert courses(tmp_path) == []
    monkeypatch.setattr(platform_course, "MOST_COURSES", 2)
    for number in range(5):
        note_course(tmp_path, launch(**{f"{CLAIM}context": {"id": f"../../{number}"}}))
    assert len(courses(tmp_path)) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"launched"}


def opened(path: str, column: str, subject: str = "s-1") -> dict[str, object]:
    services = {"lineitems": "https://lms.example.org/columns", "lineitem": column}
    return launch(subject, **{GRADES: services, f"{CLAIM}target_link_uri": f"https://hub.example.org{path}"})


def test_the_column_of_an_assignment_that_opens_a_module_is_kept(tmp_path):
    note_course(tmp_path, opened("/services/home/modules/tensor", "https://lms.example.org/columns/4"))
    note_course(tmp_path, opened("/base/services/home/modules/losses/", "https://lms.example.org/columns/5"))
    note_course(tmp_path, launch())
    for path in ("/services/home/", "/services/home/modules/../class", "/services/home/modules/tensor/results"):
        note_course(tmp_path, opened(path, "https://lms.example.org/columns/6"))
    (course,) = courses(tmp_path)
    kept = {"tensor": "https://lms.example.org/columns/4", "losses": "https://lms.example.org/columns/5"}
    assert course["columns"] == kept


@pytest.mark.security
def test_columns_are_kept_up_to_a_number(tmp_path, monkeypatch):
    monkeypatch.setattr(platform_course, "MOST_COLUMNS", 2)
    for number in range(4):
        note_course(tmp_path, opened(f"/services/home/modules/m{number}", "https://lms.example.org/columns/1"))
    assert list(courses(tmp_path)[0]["columns"]) == ["m0", "m1"]
