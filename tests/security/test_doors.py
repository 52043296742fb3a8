"""Student A's tokens give no access to other people's servers and data, staff routes or the Hub's API."""

import json
import os

import pytest

from tests.e2e.hub import RunningHub
from tests.security.shell import Shell

pytestmark = [pytest.mark.security, pytest.mark.live]

COURSE = "tinytorch-test"
# method, path, body: requests that a student may not make. They go through the proxy, as from anywhere.
FORBIDDEN = [
    ("GET", "/user/ben/api/contents", None),
    ("GET", "/user/ben/api/status", None),
    ("POST", "/user/ben/api/terminals", None),
    ("PUT", "/user/ben/api/contents/evil.txt", {"type": "file", "format": "text", "content": "x"}),
    ("GET", "/hub/api/users", None),
    ("GET", "/hub/api/users/ben", None),
    ("POST", "/hub/api/users/ben/server", None),
    ("DELETE", "/hub/api/users/ben/server", None),
    ("POST", "/hub/api/users/ben/tokens", {}),
    ("POST", "/hub/api/users/eve", None),
    ("GET", "/hub/api/groups", None),
    ("POST", "/hub/api/groups/instructor-tinytorch-test/users", {"users": ["ada"]}),
    ("POST", "/hub/api/groups/formgrade-tinytorch-test/users", {"users": ["ada"]}),
    ("GET", "/hub/api/proxy", None),
    ("POST", "/hub/api/shutdown", {}),
    ("GET", "/hub/api/services", None),
    ("GET", f"/services/exchange/api/v1/courses/{COURSE}/progress", None),
    ("GET", f"/services/exchange/api/v1/courses/{COURSE}/audit", None),
    ("GET", f"/services/exchange/api/v1/courses/{COURSE}/submissions?student=ben", None),
    ("GET", f"/services/exchange/api/v1/courses/{COURSE}/assignments/tensor/collection", None),
    ("GET", f"/services/exchange/api/v1/courses/{COURSE}/assignments/tensor/solution", None),
    ("PUT", f"/services/exchange/api/v1/courses/{COURSE}/assignments/tensor", {}),
    ("PUT", f"/services/exchange/api/v1/courses/{COURSE}/assignments/tensor/release", None),
    ("DELETE", f"/services/exchange/api/v1/courses/{COURSE}/assignments/tensor/release", None),
    (
        "PUT",
        f"/services/exchange/api/v1/courses/{COURSE}/assignments/tensor/extensions/ada",
        {"due_at": "2030-01-01T00:00:00Z"},
    ),
    ("GET", "/services/exchange/metrics", None),
    ("GET", "/services/grading/metrics", None),
    ("GET", "/services/semester/metrics", None),
    ("GET", "/services/home/metrics", None),
    ("GET", "/hub/metrics", None),
    ("GET", "/services/grading/api/v1/overview", None),
    ("GET", "/services/grading/api/v1/assignments/tensor/students", None),
    ("GET", "/services/grading/api/v1/students/ben", None),
    ("GET", "/services/grading/api/v1/runs", None),
    ("GET", "/services/grading/api/v1/jobs", None),
    ("POST", "/services/grading/api/v1/jobs", {"kind": "autograde", "assignment": "tensor"}),
    ("POST", "/services/grading/api/v1/regrades/1/answer", {"answer": "full marks"}),
    ("GET", "/services/semester/api/v1/status", None),
    ("GET", "/services/semester/api/v1/people", None),
    ("POST", "/services/semester/api/v1/plan", {}),
    ("POST", "/services/semester/api/v1/apply", {}),
    ("POST", "/services/semester/api/v1/modules/tensor/release", {}),
    ("GET", "/services/formgrader/formgrader", None),
    ("GET", "/services/formgrader/formgrader/api/assignments", None),
    ("GET", "/services/formgrader/formgrader/api/grades?submission_id=1", None),
]
REFUSED = {401, 403, 404, 405}


def server_token(shell: Shell) -> str:
    """Return the token that a kernel finds in its environment."""
    return shell.run("echo $JUPYTERHUB_API_TOKEN").strip()


@pytest.mark.parametrize(("method", "path", "body"), FORBIDDEN, ids=[f"{m} {p}" for m, p, _ in FORBIDDEN])
@pytest.mark.parametrize("which", ["her own token", "her kernel's token"])
def test_staff_and_foreign_routes_refuse_a_student(ada: Shell, ben: Shell, which: str, method: str, path: str, body):
    token = ada.token if which == "her own token" else server_token(ada)
    answer = Shell(ada.hub_url, "ada", token).request(method, path, json=body)
    # A person without a session is sent to the login page, which is a refusal too.
    to_login = answer.status_code in (302, 303) and "oauth2/authorize" in answer.headers["location"]
    assert answer.status_code in REFUSED or to_login, answer.text[:500]


def test_her_own_doors_are_open(ada: Shell):
    """A student's allowed requests reach the services; otherwise the test of the table could not fail."""
    kernel = Shell(ada.hub_url, "ada", server_token(ada))
    for path in ("exchange/api/v1/courses", "grading/api/v1/me", "semester/api/v1/course"):
        assert kernel.request("GET", f"/services/{path}").status_code == 200, path
    assert ada.request("GET", "/user/ada/api/contents").status_code == 200


def test_from_inside_inner_doors_of_the_machine_are_shut_too(hub: RunningHub, ada: Shell, ben: Shell):
    """Over loopback, without the proxy: the proxy's API, B's server and the services refuse the student's token."""
    ports = json.loads((hub.var / "hub" / "ports.json").read_text())
    bens = ben.run("echo $JUPYTERHUB_SERVICE_URL").strip()
    targets = [
        f"http://127.0.0.1:{ports['proxy-api']}/api/routes",
        f"http://127.0.0.1:{ports['grading']}/services/grading/api/v1/overview",
        f"http://127.0.0.1:{ports['semester']}/services/semester/api/v1/people",
        f"{bens}api/contents",
    ]
    program = f"""
import os, urllib.request, urllib.error
for url in {targets!r}:
    for token in ("", os.environ["JUPYTERHUB_API_TOKEN"]):
        request = urllib.request.Request(url, headers={{"Authorization": "token " + token}} if token else {{}})
        try:
            print(urllib.request.urlopen(request, timeout=10).status, url)
        except urllib.error.HTTPError as error:
            print(error.code, url)
"""
    lines = ada.python(program).splitlines()
    assert len(lines) == 2 * len(targets), lines
    assert {int(line.split()[0]) for line in lines} <= REFUSED, lines


def test_kernels_do_not_listen_on_the_network(ada: Shell, ben: Shell):
    """Over TCP on a shared loopback, anybody could read what a kernel prints; kernels therefore use `ipc`."""
    made = ben.request("POST", "/user/ben/api/kernels", json={"name": "python3"})
    assert made.status_code == 201, made.text
    try:
        connection = json.loads(ben.run(f"cat /tmp/jupyter/kernel-{made.json()['id']}.json"))
    finally:
        ben.request("DELETE", f"/user/ben/api/kernels/{made.json()['id']}")
    assert connection["transport"] == "ipc"


def test_the_environment_holds_no_token_of_a_service(hub: RunningHub, ada: Shell):
    environment = ada.run("env")
    for file in (hub.var / "secrets").glob("service-*"):
        assert file.read_text().strip() not in environment


def test_an_instructors_kernel_can_release_nothing(ida: Shell):
    kernel = Shell(ida.hub_url, "ida", server_token(ida))
    for method, path, body in FORBIDDEN:
        if "/api/v1/" in path and "student=ben" not in path:
            answer = kernel.request(method, path, json=body)
            assert answer.status_code in REFUSED, (method, path, answer.status_code, answer.text[:300])


def test_a_memory_hog_is_refused_and_others_go_on(ada: Shell, ben: Shell):
    hog = ada.python(
        "try:\n    x = bytearray(8 * 2**30)\n    print('got it')\nexcept MemoryError:\n    print('refused')"
    )
    assert "refused" in hog
    assert ben.request("GET", "/user/ben/api/status").status_code == 200


BOMB = """
import os, signal, time
children = []
try:
    while len(children) < 1500:
        pid = os.fork()
        if pid == 0:
            time.sleep(600)
        children.append(pid)
except BlockingIOError:
    pass
for child in children:
    os.kill(child, signal.SIGKILL)
print("forked", len(children))
"""


def test_a_fork_bomb_ends_at_her_limit_and_others_go_on(hub: RunningHub, ada: Shell, ben: Shell):
    """The limit of 256 processes applies per person only if each has their own uid, that is, if root runs the Hub."""
    forked = int(ada.python(BOMB).split("forked ")[1].split()[0])
    assert forked < 256 if os.geteuid() == 0 else forked > 0
    assert ben.request("GET", "/user/ben/api/status").status_code == 200
