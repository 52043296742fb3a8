"""Layers of settings, unknown keys, and what the local place refuses."""

import pytest
import yaml

from hub_config.settings import (
    PLACES,
    SettingsError,
    describe,
    environment_name,
    is_loopback,
    known_keys,
    load_settings,
    settings_environment,
)


def test_environment_wins_over_place_and_place_over_default():
    place = yaml.safe_load((PLACES / "local.yaml").read_text())
    settings = load_settings({"HUB_STUDENT__MEMORY_MIB": "512", "HUB_TITLE": "Ours"})
    assert settings.student.memory_mib == 512
    assert settings.title == "Ours"
    assert settings.port == place["port"] == 8000
    assert str(settings.student.environment) == place["student"]["environment"]


def test_a_nested_key_of_the_environment_keeps_the_places_other_keys():
    settings = load_settings({"HUB_STAFF__PROCESSES": "99"})
    assert settings.staff.processes == 99
    assert "course" in [str(path) for path in settings.staff.read_only]


@pytest.mark.parametrize(
    ("variable", "key", "near"), [("HUB_PROT", "prot", "port"), ("HUB_STUDENT__MEMORY", "student.memory", "memory_mib")]
)
def test_an_unknown_key_is_refused_and_the_known_ones_are_listed(variable, key, near):
    with pytest.raises(SettingsError) as error:
        load_settings({variable: "1"})
    assert f"unknown setting '{key}'" in str(error.value)
    assert f"did you mean {near}" in str(error.value) or f"did you mean student.{near}" in str(error.value)
    for known in ("host", "idle_minutes", "staff.processes"):
        assert known in str(error.value)


def test_an_unknown_place_names_the_known_ones():
    with pytest.raises(SettingsError, match=r"unknown place 'moon': choose one of .*local"):
        load_settings({"HUB_PLACE": "moon"})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org", ""])
def test_the_local_place_listens_on_loopback_only(host):
    with pytest.raises(SettingsError, match="listens only on loopback, not on"):
        load_settings({"HUB_HOST": f"'{host}'"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_loopback_addresses_are_accepted(host):
    assert is_loopback(host)
    assert load_settings({"HUB_HOST": f"'{host}'"}).host == host


def test_a_wrong_value_names_its_key():
    with pytest.raises(SettingsError, match="port: Input should be less than or equal to 65535"):
        load_settings({"HUB_PORT": "70000"})


def test_a_child_process_loads_the_same_settings(tmp_path):
    settings = load_settings({"HUB_VAR": str(tmp_path), "HUB_PORT": "9001"}).model_copy(update={"ports": {"hub": 9}})
    again = load_settings(settings_environment(settings, {"HUB_PORT": "9001", "HOME": "/nowhere"}))
    assert again == settings


def test_every_setting_is_described_with_the_variable_that_sets_it():
    rows = describe(load_settings({}))
    assert [row.variable for row in rows] == [environment_name(*key.split(".")) for key in known_keys()]
    assert all(row.description for row in rows)
