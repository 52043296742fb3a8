"""The settings of the docker place: what containers may do, and which programs listen where they can reach them."""

import json
from urllib.parse import urlsplit

import pytest
from jupyterhub.app import JupyterHub

from hub_config.docker.firewall import firewall_of
from hub_config.docker.homes import homes_of
from hub_config.ports import NAMES
from hub_config.services import FORMGRADER, GRADING, service_environment, service_url
from hub_config.settings import SettingsError, load_settings, settings_environment
from hub_config.spawners.docker import ContainerSpawner, walls

BRIDGE = "172.30.0.1"


def load(tmp_path, **more: str):
    semester = tmp_path / "semester.yaml"
    semester.write_text("course: tiny-2026\nlimits: {memory: 2G, cpus: 1.5, processes: 300}\n")
    ports = {name: 40000 + number for number, name in enumerate(NAMES)}
    own = {"HUB_VAR": str(tmp_path), "HUB_SEMESTER": str(semester), "HUB_PORTS": json.dumps(ports)}
    return load_settings(own | {"HUB_PLACE": "docker", "HUB_INNER_HOST": BRIDGE} | more)


@pytest.fixture
def settings(tmp_path):
    return load(tmp_path)


def test_every_value_is_a_trait_of_what_it_is_for(config):
    known = {"JupyterHub": JupyterHub, "Spawner": ContainerSpawner, "DockerSpawner": ContainerSpawner}
    known["ContainerSpawner"] = ContainerSpawner
    for section, values in config.items():
        if section in known:
            assert set(values) <= set(known[section].class_traits(config=True)), section


def test_hub_and_what_servers_call_listen_on_the_bridge_the_rest_on_loopback(settings, config):
    hosts = {name: urlsplit(service_url(name, settings)).hostname for name in NAMES if name not in ("hub", "proxy-api")}
    loopback = "127.0.0.1"
    assert hosts == {
        **dict.fromkeys(("exchange", "grading", "semester"), BRIDGE),
        **dict.fromkeys(("campus", "formgrader", "home"), loopback),
    }
    assert config.JupyterHub.hub_ip == BRIDGE
    assert urlsplit(config.ConfigurableHTTPProxy.api_url).hostname == loopback
    assert urlsplit(config.JupyterHub.bind_url).hostname == loopback


def test_containers_are_named_by_course_and_pulled_from_nowhere(config):
    own = config.DockerSpawner
    assert (own.prefix, own.pull_policy, own.remove) == ("tiny-2026", "never", True)
    assert own.volumes == {"tiny-2026-home-{username}": "/home/jovyan"}
    kinds = config.ContainerSpawner.kinds
    assert {kind: own["image"] for kind, own in kinds.items()} == {
        "student": "tinytorch-hub/student:tiny-2026",
        "staff": "tinytorch-hub/staff:tiny-2026",
    }


def test_limits_are_the_semesters(config):
    student = config.ContainerSpawner.kinds["student"]
    assert (student["memory_mib"], student["cpus"], student["processes"]) == (2048, 1.5, 300)


def test_a_container_may_do_little(config):
    set_up = walls(config.ContainerSpawner.kinds["student"], 64)
    assert set_up["cap_drop"] == ["ALL"] and set_up["read_only"] is True
    assert set_up["security_opt"] == ["no-new-privileges"]
    assert set_up["pids_limit"] == 300
    assert set_up["memswap_limit"] == 2048 * 2**20
    assert set_up["cpu_shares"] < 1024 and set_up["oom_score_adj"] > 0  # the engine, Hub and database take precedence
    assert not {"privileged", "cap_add", "devices", "network_mode", "binds"} & set(set_up)


def test_a_students_variables_name_no_path_of_the_hubs_machine(settings, config, tmp_path):
    env = config.ContainerSpawner.kinds["student"]["env"]
    assert env["TINYTORCH_HOME"] == "/home/jovyan/tinytorch"
    assert str(tmp_path) not in json.dumps(config.ContainerSpawner.kinds)
    assert "TITO_COURSE" not in config.ContainerSpawner.kinds["staff"]["env"]


def test_only_the_grading_service_is_told_to_use_containers(settings):
    grading = service_environment(GRADING, settings, {})
    assert grading["TITO_SANDBOX"] == "container"
    assert grading["TITO_WORKER_IMAGE"] == "tinytorch-hub/worker:tiny-2026"
    assert "TITO_SANDBOX" not in service_environment(FORMGRADER, settings, {})
    assert "TITO_SANDBOX" not in service_environment(GRADING, settings.model_copy(update={"spawner": "bubblewrap"}), {})


def test_a_child_process_loads_the_same_address(settings):
    environment = settings_environment(settings, {"HUB_PLACE": "docker"})
    assert environment["HUB_INNER_HOST"] == BRIDGE


def test_homes_have_the_semesters_limit(settings, tmp_path):
    homes = homes_of(settings)
    assert (homes.prefix, homes.size_mib, homes.folder) == ("tiny-2026-home-", 5120, None)
    assert homes_of(load(tmp_path, HUB_DOCKER__HOMES="/srv/homes")).folder == "/srv/homes"


def test_the_firewalls_doors_are_what_listens_on_the_bridge(settings):
    firewall = firewall_of(settings)
    assert firewall.doors == {name: settings.ports[name] for name in ("hub", "exchange", "grading", "semester")}
    rules = firewall.rules(["10.0.0.53"])
    assert f"ip daddr {BRIDGE} tcp dport @doors accept" in rules
    assert "ip daddr { 10.0.0.53 } meta l4proto { tcp, udp } th dport 53 accept" in rules
    assert "{  }" not in firewall.rules([])  # nft does not accept an empty set


@pytest.mark.parametrize("networks", ["[nowhere]", "[10.0.0.1/8]"])
def test_what_is_no_network_cannot_be_blocked(tmp_path, networks: str):
    with pytest.raises(SettingsError, match="blocked"):
        load(tmp_path, HUB_DOCKER__BLOCKED=networks)


@pytest.mark.parametrize("name", ["HUB_DOCKER__PREFIX", "HUB_DOCKER__NETWORK"])
def test_names_that_the_engine_would_refuse_are_refused_first(tmp_path, name: str):
    with pytest.raises(SettingsError, match=name.removeprefix("HUB_DOCKER__").lower()):
        load(tmp_path, **{name: "/not a name of the engine/"})
