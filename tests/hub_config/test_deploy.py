"""The deployment's settings: where its parts are, what a caller can set, and the errors if something is missing."""

import shutil

import pytest
import yaml

from hub_config.checks import NotReady
from hub_config.run import deploy
from hub_config.settings import SettingsError


@pytest.fixture
def environ(tmp_path):
    (tmp_path / "fall.yaml").write_text("course: Tiny.2026\n")
    return {"HUB_VAR": str(tmp_path / "class"), "HUB_SEMESTER": str(tmp_path / "fall.yaml")}


def test_names_and_folders_are_the_courses(environ, tmp_path):
    made = deploy.deployment_of(environ)
    assert (made.folder, made.settings.var) == (tmp_path / "class", tmp_path / "class" / "state")
    assert (made.project, made.tag, made.hub_image) == ("tiny-2026-deploy", "Tiny.2026", "tinytorch-hub/hub:Tiny.2026")


def test_the_file_of_settings_holds_and_the_call_wins(environ, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "hub.env").write_text("# words\nHUB_PORT=9000\nHUB_TITLE=A = B\n\n")
    assert deploy.deployment_of(environ).settings.port == 9000
    called = deploy.deployment_of(environ | {"HUB_PORT": "9100"})
    assert (called.settings.port, called.settings.title, called.given) == (9100, "A = B", {"HUB_PORT": "9100"})


def test_an_unknown_setting_is_refused_before_anything_starts(environ):
    with pytest.raises(SettingsError, match="unknown setting 'prot'"):
        deploy.deployment_of(environ | {"HUB_PROT": "9000"})


def test_writing_settings_keeps_the_operators_file(environ, tmp_path):
    made = deploy.deployment_of(environ | {"HUB_PORT": "9100"})
    made.folder.mkdir()
    deploy.write_settings(made)
    (made.folder / "hub.env").write_text("HUB_TITLE=Mine\n")
    deploy.write_settings(deploy.deployment_of(environ))
    assert (made.folder / "hub.env").read_text() == "HUB_TITLE=Mine\n"
    assert (made.folder / "call.env").read_text() == ""


def test_every_variable_of_the_compose_file_is_filled(environ, monkeypatch, tmp_path):
    monkeypatch.setattr(deploy, "SOCKET", str(tmp_path))
    made = deploy.deployment_of(environ)
    text = deploy.COMPOSE_FILE.read_text("utf-8")
    assert set(deploy.VARIABLE.findall(text)) <= set(made.environment())
    said = made.environment_of_hub()
    assert said["HUB_VAR"] == str(tmp_path / "class" / "state")
    assert said["HUB_DATABASES"].count("{name}") == 1 and "$" not in "".join(said.values())


def test_containers_of_the_project_may_do_little():
    services = yaml.safe_load(deploy.COMPOSE_FILE.read_text("utf-8"))["services"]
    for service in services.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges"]
    assert services["database"]["network_mode"] == "none"
    assert [name for name, own in services.items() if "SOCKET" in str(own["volumes"])] == ["hub"]


def test_a_machine_without_docker_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NotReady, match=r"apt-get install -y docker.io docker-compose"):
        deploy.compose_command()


def test_what_was_never_made_is_said(environ, monkeypatch):
    monkeypatch.setattr(deploy, "here", lambda: deploy.deployment_of(environ))
    with pytest.raises(NotReady, match=r"There is no deployment in .*/class"):
        deploy.made()
