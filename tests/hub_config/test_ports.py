"""Internal ports stay the same at every start, and change only when they are taken."""

import socket

import pytest

from hub_config.checks import NotReady, check_disk, check_port
from hub_config.ports import NAMES, is_free, kept_ports, with_ports
from hub_config.settings import load_settings


@pytest.fixture
def settings(tmp_path):
    return load_settings({"HUB_VAR": str(tmp_path)})


def test_each_program_has_its_own_port_and_keeps_it(settings):
    first = with_ports(settings).ports
    assert set(first) == set(NAMES)
    assert len({settings.port, *first.values()}) == len(NAMES) + 1
    assert with_ports(settings).ports == first == kept_ports(settings)


def test_a_port_that_somebody_took_is_chosen_anew(settings):
    first = with_ports(settings).ports
    with socket.socket() as other:
        other.bind(("127.0.0.1", first["exchange"]))
        other.listen()
        assert not is_free(first["exchange"])
        second = with_ports(settings).ports
    assert second["exchange"] != first["exchange"]
    assert {name: port for name, port in second.items() if name != "exchange"} == {
        name: port for name, port in first.items() if name != "exchange"
    }


def test_a_given_port_is_taken_as_given(settings):
    assert with_ports(settings.model_copy(update={"ports": {"hub": 45678}})).ports["hub"] == 45678


def test_a_taken_port_is_named_with_the_line_to_run():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(NotReady, match=rf"Can't listen on port {port} of 127.0.0.1: .*\n.*HUB_PORT=\d+ make serve"):
            check_port("127.0.0.1", port)


@pytest.mark.tmpfs
def test_a_full_disk_is_named_with_what_is_left(tmp_path):
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(small)], check=True)
    try:
        with pytest.raises(
            NotReady, match=r"Not enough disk space under .*: (19|20) MB are free, at least 500 MB are needed"
        ):
            check_disk(small / "var")
    finally:
        subprocess.run(["umount", str(small)], check=True)
