"""Scopes decide: who has which scopes, and the tables use the services' names for them."""

from types import SimpleNamespace

import pytest
from tito.semester.service.parts.people import role_group as name_in_semester
from traitlets.config import Config

from exchange.protocol.scopes import CUSTOM_SCOPES as EXCHANGE_CUSTOM_SCOPES
from hub_config.roles import (
    CUSTOM_SCOPES,
    GROUP_ROLES,
    INSTRUCTOR,
    SERVER_TOKEN,
    STUDENT,
    TA,
    apply_roles,
    role_group,
    server_kind,
    server_token_scopes,
)
from hub_config.settings import load_settings


@pytest.fixture
def roles(tmp_path):
    c = Config()
    (tmp_path / "semester.yaml").write_text("course: tiny-2026\n")
    apply_roles(c, load_settings({"HUB_SEMESTER": str(tmp_path / "semester.yaml")}))
    return {role["name"]: role for role in c.JupyterHub.load_roles}


def test_the_exchanges_scopes_are_its_own_words():
    ours = {name: {"description": text} for name, text in CUSTOM_SCOPES.items() if name.startswith("custom:exchange:")}
    assert ours == EXCHANGE_CUSTOM_SCOPES


def test_students_have_no_custom_scope_and_no_way_into_the_formgrader():
    assert [scope for scope in STUDENT if scope.startswith("custom:")] == []
    assert "access:services!service=formgrader" not in STUDENT
    assert "access:services" not in STUDENT


def test_a_kernels_token_carries_what_a_student_may_and_nothing_of_staff():
    allowed = {*STUDENT, "users:activity!user", "access:servers!server"}
    assert set(SERVER_TOKEN) <= allowed
    groups = (SimpleNamespace(name=f"{role}-c") for role in ("student", "instructor"))
    student, instructor = (server_token_scopes([group], "c") for group in groups)
    assert student == SERVER_TOKEN
    assert set(instructor) - set(student) == {"list:services!service=c", "read:services!service=c"}


def test_tas_grade_but_do_not_run_release_or_apply():
    assert {"custom:grading:grade", "custom:grading:read"} <= set(TA)
    forbidden = {"custom:grading:run", "custom:exchange:release", "custom:exchange:feedback", "custom:semester:manage"}
    assert forbidden & set(TA) == set()


def test_nobody_of_a_course_holds_what_is_valid_for_every_course():
    assert "custom:exchange:admin" not in INSTRUCTOR


@pytest.mark.parametrize("role", ["student", "ta", "instructor"])
def test_group_roles_cannot_administer_people_groups_or_servers(role):
    administrative = ("admin", "groups", "users", "list:users", "tokens", "inherit", "self")
    assert [scope for scope in GROUP_ROLES[role] if scope.split("!")[0].split(":")[0] in administrative] == []


def test_each_role_belongs_to_its_group_and_the_operator_is_one_person(roles):
    assert roles["course-ta"]["groups"] == ["ta-tiny-2026", "ta"]
    assert role_group("ta", "tiny-2026") == name_in_semester("ta", "tiny-2026") == "ta-tiny-2026"
    assert roles["operator"]["users"] == ["operator"]
    assert "groups" not in roles["operator"]


@pytest.mark.parametrize(
    ("groups", "kind"),
    [
        ({"student-c"}, "student"),
        ({"ta-c", "student-c"}, "student"),
        ({"instructor-c", "student-c"}, "staff"),
        ({"instructor"}, "staff"),
        ({"nbgrader-instructor-c"}, "student"),
        (set(), "student"),
    ],
)
def test_only_instructors_get_a_staff_server(groups, kind):
    assert server_kind(groups) == kind
