"""A container is refused what lies outside it: raw packets, namespaces, devices, other containers' memory."""

import secrets

import pytest

from tests.docker.attempts import ATTEMPTS, LOOKING, WAITING
from tests.security.shell import Shell

pytestmark = [pytest.mark.docker, pytest.mark.security, pytest.mark.timeout(1500)]


def test_nothing_that_leads_out_of_a_container_is_granted(ada: Shell):
    """Forged packets, other addresses, namespaces, devices and the kernel's own files are refused."""
    said = ada.python(ATTEMPTS).splitlines()
    assert [line for line in said if line.startswith("done")] == []
    assert len([line for line in said if line.startswith("refused")]) == int(said[-1].split()[1]) >= 20


def test_no_socket_and_no_disk_of_this_machine_is_inside(ada: Shell):
    """The engine's and a database's sockets are files, homes are block devices; none is in a student's container."""
    assert ada.run("find / -xdev -type s -not -path '/tmp/*' 2>/dev/null").split() == []
    assert ada.run("find / -type b 2>/dev/null").split() == []
    assert ada.run("ls -d /host /run/postgresql /run/tinytorch-homes 2>/dev/null").split() == []


def test_what_processes_share_is_shared_within_a_container(ada: Shell, ben: Shell):
    """Ben's own processes see his shared memory and his socket without a file, so they exist; Ada's see neither."""
    word = secrets.token_hex(6)
    ben.run(f"setsid python - >/dev/null 2>&1 <<'END' &\n{WAITING.format(word=word)}\nEND\nwait $!")
    own = ["shared", "memory:", "True", "socket:", "True"]
    ben.run(f"for n in $(seq 50); do [ -s /dev/shm/tinytorch-{word} ] && break; sleep 0.1; done")
    assert ben.python(LOOKING.format(word=word)).split() == own
    assert ada.python(LOOKING.format(word=word)).split() == ["False" if part == "True" else part for part in own]
