"""The apply functions on a bare Config only set values, and the Hub accepts those values."""

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from traitlets.config import Config

from hub_config.apply import apply_all, container_of_kind, server_environment, server_of_kind
from hub_config.spawners.bubblewrap import BubblewrapSpawner


def test_every_value_is_a_trait_of_the_hub_or_of_what_it_loads(config):
    known = {"JupyterHub": JupyterHub, "Spawner": BubblewrapSpawner, "BubblewrapSpawner": BubblewrapSpawner}
    known |= {"LocalProcessSpawner": BubblewrapSpawner, "Authenticator": Authenticator}
    for section, values in config.items():
        if section in known:
            assert set(values) <= set(known[section].class_traits(config=True)), section


def test_all_inner_addresses_are_loopback(config):
    assert config.JupyterHub.hub_ip == "127.0.0.1"
    assert config.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert config.ConfigurableHTTPProxy.api_url.startswith("http://127.0.0.1:")
    assert all(
        service.get("url", "http://127.0.0.1").startswith("http://127.0.0.1") for service in config.JupyterHub.services
    )


def test_a_restart_of_the_hub_leaves_servers_and_proxy_running(config):
    assert config.JupyterHub.cleanup_servers is False
    assert config.JupyterHub.cleanup_proxy is False
    assert config.ConfigurableHTTPProxy.should_start is False


def test_students_do_not_get_the_course_and_staff_cannot_write_it(config):
    kinds = config.BubblewrapSpawner.kinds
    assert kinds["student"]["read_only"] == []
    assert any(path.endswith("/course") for path in kinds["staff"]["read_only"])
    assert not any(path.rstrip("/").endswith("/var") for kind in kinds.values() for path in kind["read_only"])


def test_a_server_has_the_semesters_limits_unless_a_setting_says_otherwise(settings, config):
    assert config.BubblewrapSpawner.kinds["student"]["memory_mib"] == 4096
    settings.semester.write_text(
        "course: tiny-2026\nlimits: {memory: 512M, processes: 99, idle_minutes: 7, busy_hours: 3}\n"
    )
    limited = server_of_kind("student", settings)
    assert limited["env"]["SERVER_BUSY_HOURS"] == "3"
    assert limited["env"]["JUPYTERHUB_ACTIVITY_INTERVAL"] == "105", "the Hub hears of it in a quarter of its patience"
    assert (limited["memory_mib"], limited["processes"], settings.idle_seconds) == (512, 99, 420)
    own = settings.model_copy(update={"student": settings.student.model_copy(update={"memory_mib": 300})})
    assert server_of_kind("student", own)["memory_mib"] == 300


def test_servers_get_the_courses_variables_and_no_more(settings):
    student = server_environment("student", settings)
    threads = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    rest = {"SERVER_BUSY_HOURS", "JUPYTERHUB_ACTIVITY_INTERVAL"}
    urls = {"EXCHANGE_URL", "SEMESTER_URL"}
    assert set(student) == {"EXCHANGE_COURSE", "SERVER_KIND", "TINYTORCH_HOME"} | urls | threads | rest
    assert student["TINYTORCH_HOME"] == "{home}/tinytorch"
    assert "TINYTORCH_HOME" not in server_environment("staff", settings)


@pytest.mark.parametrize("of_kind", [server_of_kind, container_of_kind])
@pytest.mark.parametrize("kind", ["student", "staff"])
def test_a_kernel_multiplies_in_one_thread_unless_a_setting_says_otherwise(settings, kind, of_kind):
    """With a thread per processor, sixty students' kernels would measure each other's load, not their own code."""

    def threads(settings) -> tuple[str, str]:
        env = of_kind(kind, settings)["env"]
        return env["OPENBLAS_NUM_THREADS"], env["OMP_NUM_THREADS"]

    assert threads(settings) == ("1", "1")
    more = getattr(settings, kind).model_copy(update={"blas_threads": 4})
    assert threads(settings.model_copy(update={kind: more})) == ("4", "4")


def test_secrets_are_the_same_at_the_next_start(config, settings):
    again = Config()
    apply_all(again, settings)
    assert again.JupyterHub.cookie_secret == config.JupyterHub.cookie_secret
    assert again.ConfigurableHTTPProxy.auth_token == config.ConfigurableHTTPProxy.auth_token
