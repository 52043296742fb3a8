"""The settings of the kubernetes place: where each part listens, how it finds others, and who gets which secrets."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tito.staff.image import KINDS, ON_REQUEST, with_foundations
from traitlets.config import Config

from exchange.protocol.names import in_pod
from hub_config.apply import apply_hub, apply_proxy, server_environment
from hub_config.checks import NotReady
from hub_config.ports import NAMES
from hub_config.run.one_service import run_in_foreground
from hub_config.run.serve import front
from hub_config.secret_files import secret_of
from hub_config.services import GRADING, HOME, SERVICES, apply_services, service_environment, service_url
from hub_config.settings import Settings, load_settings
from tests.kubernetes.place import PLACE, PORTS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    semester = tmp_path / "semester.yaml"
    semester.write_text("course: tiny-2026\n")
    given = tmp_path / "given"
    given.mkdir()
    (given / "proxy-token").write_text("the proxy's\n")
    own = {"HUB_VAR": str(tmp_path / "var"), "HUB_SEMESTER": str(semester), "HUB_GIVEN_SECRETS": str(given)}
    return load_settings(PLACE | own)


def test_everything_listens_on_the_pod_and_is_found_by_a_name(settings: Settings):
    for service in SERVICES:
        if service.web:
            host = "course-grading" if service is GRADING else "course-hub"
            assert urlsplit(service_url(service.name, settings)).netloc == f"{host}:{PORTS[service.name]}"
            listens = service_environment(service, settings, {})["JUPYTERHUB_SERVICE_URL"]
            assert listens == f"http://0.0.0.0:{PORTS[service.name]}"


def test_the_proxy_is_told_names_and_is_not_started(settings: Settings):
    c = Config()
    apply_hub(c, settings)
    apply_proxy(c, settings)
    apply_services(c, settings)
    assert (c.JupyterHub.hub_ip, c.JupyterHub.hub_connect_ip) == ("0.0.0.0", "course-hub")
    assert c.ConfigurableHTTPProxy.api_url == "http://course-proxy-api:8001"
    assert c.ConfigurableHTTPProxy.auth_token == "the proxy's"
    hosts = {urlsplit(service["url"]).hostname for service in c.JupyterHub.services if "url" in service}
    assert hosts == {"course-hub", "course-grading"}
    assert front(settings) == []


def test_a_students_server_is_told_the_same_names(settings: Settings):
    env = server_environment("student", settings)
    assert {urlsplit(value).hostname for name, value in env.items() if name.endswith("_URL")} == {"course-hub"}
    assert "GRADING_URL" not in env and "course-grading" in server_environment("staff", settings)["GRADING_URL"]


def test_what_is_not_given_is_made_and_kept(settings: Settings):
    assert secret_of(settings, "hub-id") == secret_of(settings, "hub-id") != ""
    assert not (settings.secrets / "proxy-token").exists()


def test_only_who_has_a_database_has_its_password(settings: Settings):
    given = {"PGPASSWORD": "drawn", "HUB_DATABASES": "x"}
    assert service_environment(GRADING, settings, given)["PGPASSWORD"] == "drawn"
    assert "PGPASSWORD" not in service_environment(HOME, settings, given)


def test_grading_is_told_where_its_workers_are_and_takes_no_other_sandbox(settings: Settings):
    env = service_environment(GRADING, settings, {})
    assert env["TITO_WORKER_ENVIRONMENT"] == "/worker/env" and "TITO_SANDBOX" not in env


@pytest.mark.parametrize(("name", "said"), [("grading", "service-grading"), ("gradin", "choose one of exchange")])
def test_a_service_that_its_hub_would_not_know_does_not_start(settings: Settings, name: str, said: str):
    with pytest.raises(NotReady, match=said):
        run_in_foreground(name, settings)


def test_a_service_waits_for_a_semester(settings: Settings):
    assert settings.given_secrets
    (settings.given_secrets / "service-grading").write_text("a token")
    settings.semester_file.unlink()
    with pytest.raises(NotReady, match="start the Hub first"):
        run_in_foreground("grading", settings)


@pytest.mark.parametrize("name", ["a.b", "a--b", "a-", "0012345", "x" * 63, "zoe~edbqsvhlxbnzjmvq"])
def test_a_part_of_a_pods_name_is_a_label_that_no_other_name_has(name: str):
    part = in_pod(name)
    assert len(part) <= 40 and part.replace("-", "").isalnum() and part[0] != "-" != part[-1]
    assert part == name or in_pod(part) != part  # no person can have a name like a generated one


def test_an_image_that_stands_on_another_is_built_after_it_and_only_if_it_is_named():
    assert with_foundations(["kubernetes", "worker", "hub"]) == ["hub", "kubernetes", "worker"]
    assert {"kubernetes"} == ON_REQUEST < set(KINDS)


def test_every_program_has_a_port():
    assert set(PORTS) == set(NAMES)
