"""From inside student A's server, B's files, processes and tokens, the Hub's state and the course can't be reached."""

import json
import os
import secrets
from pathlib import Path

import pytest

from tests.e2e.hub import CHECKOUT, RunningHub
from tests.security.shell import Shell

pytestmark = [pytest.mark.security, pytest.mark.live]

HER_OWN = r"\( -path /proc -o -path /home/ada -o -path /tmp -o -path '/dev/?*' \)"
SEARCH = """
import os, sys
needle = (sys.argv[1] + sys.argv[2]).encode()  # in halves, or this search would find itself
skip = {"/proc", "/sys", "/dev", "/usr"}
for top, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(top, name) not in skip and name != "site-packages"]
    for name in files:
        try:
            with open(os.path.join(top, name), "rb") as stream:
                if needle in stream.read(2**22):
                    print(os.path.join(top, name))
        except OSError:
            pass
"""


def search(shell: Shell, needle: str) -> list[str]:
    """Return every file that the server can read and that contains `needle`."""
    shell.run(f"cat > /tmp/search.py <<'END'\n{SEARCH}\nEND")
    return shell.run(f"python /tmp/search.py {needle[:9]} {needle[9:]}", seconds=120).split()


def plant(folder: Path, name: str) -> str:
    """Write a canary where student A must not be able to read it; return its text."""
    canary = f"canary-{secrets.token_hex(12)}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(canary)
    (folder / name).chmod(0o644)
    return canary


def test_a_planted_canary_in_her_own_home_is_found(ada: Shell):
    """The search works; otherwise the tests below could not fail."""
    ada.run("echo canary-of-mine > ~/mine.txt")
    assert search(ada, "canary-of-mine") == ["/home/ada/mine.txt"]


@pytest.mark.parametrize(
    "where", ["homes/ben", "hub", "secrets", "exchange", "grading", "semester", "course/source", "log"]
)
def test_nothing_of_the_hubs_state_is_readable(hub: RunningHub, ada: Shell, ben: Shell, where: str):
    canary = plant(hub.var / where, f"planted-{secrets.token_hex(4)}.txt")
    assert search(ada, canary) == []


def test_the_course_tree_is_not_there(ada: Shell):
    assert ada.run(f"test -e {CHECKOUT}/course && echo there; test -e {CHECKOUT}/.git && echo there").split() == []
    assert ada.run("find / -name '*_dev.py' -path '*modules*' 2>/dev/null").split() == []


def test_homes_of_others_are_not_there(ada: Shell, ben: Shell):
    assert ada.run("ls /home").split() == ["ada"]


def test_she_sees_her_own_processes_only(ada: Shell, ben: Shell):
    commands = ada.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "launch.py" in commands or "jupyterhub-singleuser" in commands
    for foreign in ("configurable-http-proxy", "user=ben", "tito.grading", "homes/ben"):
        assert foreign not in commands


def test_environments_of_her_processes_hold_her_own_token_only(hub: RunningHub, ada: Shell, ben: Shell):
    seen = ada.run("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep TOKEN | sort -u")
    bens = ben.run("echo $JUPYTERHUB_API_TOKEN").strip()
    assert len(bens) > 20
    assert bens not in seen
    for file in (hub.var / "secrets").iterdir():
        assert file.read_text().strip() not in seen


def test_a_kernel_carries_no_staff_scope_even_an_instructors(ida: Shell):
    program = (
        "import json, os, urllib.request as u; "
        "r = u.Request(os.environ['JUPYTERHUB_API_URL'] + '/user', "
        "headers={'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']}); "
        "print(json.dumps(json.load(u.urlopen(r))['scopes']))"
    )
    scopes = json.loads(ida.python(program).splitlines()[-1])
    assert [scope for scope in scopes if scope.startswith("custom:")] == []
    assert "access:services!service=exchange" in scopes
    assert not any(scope.startswith(("admin", "tokens", "self", "groups", "users:tokens")) for scope in scopes)


def test_an_instructor_reads_the_course_but_neither_writes_it_nor_reads_the_hubs_state(hub: RunningHub, ida: Shell):
    assert "module.yaml" in ida.run('ls "$TITO_COURSE"/modules/01_tensor').split()
    assert ida.run('touch "$TITO_COURSE"/modules/01_tensor/x 2>/dev/null && echo written').strip() == ""
    assert search(ida, plant(hub.var / "grading", "for-ida.txt")) == []


def test_system_and_configuration_cannot_be_written(ada: Shell):
    for target in ("/usr/x", "/etc/x", "/etc/jupyter/x", "/bin/x", "$VIRTUAL_ENV/x", "$VIRTUAL_ENV/bin/tito"):
        assert ada.run(f'(echo evil >> "{target}") 2>/dev/null && echo written').strip() == "", target


def test_only_the_home_and_scratch_can_be_written(ada: Shell):
    """This holds whoever started the Hub, even if the student has the Hub's uid and owns the folders of the mounts."""
    assert ada.run(f"find / {HER_OWN} -prune -o ! -type l -writable -print 2>/dev/null").split() == []
    assert ada.run("for here in /home/ada /tmp /dev/shm /var/tmp; do touch $here/x && echo $here; done").split() == [
        *("/home/ada", "/tmp", "/dev/shm", "/var/tmp")
    ]


def test_she_cannot_become_root(ada: Shell):
    status = dict(line.split(":\t", 1) for line in ada.run("cat /proc/self/status").splitlines() if ":\t" in line)
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert ada.run("id -u").strip() != "0"


def test_an_unprivileged_uid_of_her_own_when_the_hub_is_roots(ada: Shell, ben: Shell):
    hers, his = ada.run("id -u").strip(), ben.run("id -u").strip()
    assert (hers != his) == (os.geteuid() == 0)


def test_the_configuration_says_so_too(ada: Shell):
    """A student's JupyterLab has the assignment list, but no formgrader, create-assignment or course list."""
    page = ada.request("GET", "/user/ada/lab").text
    config = json.loads(
        page.split('<script id="jupyter-config-data" type="application/json">')[1].split("</script>")[0]
    )
    disabled = config["disabledExtensions"]
    disabled = set(disabled if isinstance(disabled, list) else [name for name, off in disabled.items() if off])
    wanted = {f"@jupyter/nbgrader:{name}" for name in ("formgrader", "create-assignment", "course-list")}
    assert wanted <= disabled
    assert "@jupyter/nbgrader:assignment-list" not in disabled
    assert ada.request("GET", "/user/ada/formgrader").status_code == 404
    assert ada.request("GET", "/user/ada/assignments?course_id=x").status_code == 200
