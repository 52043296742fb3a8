"""A day of a class on a real cluster: `make kubernetes-test`, where KUBECONFIG names one and kubectl is at hand.

    KUBERNETES_TEST_IMAGES=registry.example.org/tinytorch-hub KUBERNETES_TEST_TAG=2026-fall make kubernetes-test

It installs the chart as `tt` into the namespace `tinytorch-test`, which it makes, and leaves the namespace to be looked
at: `kubectl delete namespace tinytorch-test`. No lane collects this file.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.kubernetes.chart import CHART, HELM

NAMESPACE = "tinytorch-test"
MODULE = "tensor"
REACH = """
import socket, sys
for word in sys.argv[1:]:
    host, port = word.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
        print("reached", word)
    except OSError:
        print("closed", word)
"""


def tool(*words: str, wait: float = 600) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=wait)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def kubectl(*words: str) -> str:
    return tool("kubectl", "--namespace", NAMESPACE, *words)


def inside(pod: str, *words: str) -> str:
    return kubectl("exec", pod, "--", *words)


def until(what: str, found: Callable[[], object], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(2)


@pytest.fixture(scope="module")
def passwords() -> dict[str, str]:
    """Install the course; return its generated passwords."""
    assert os.environ.get("KUBECONFIG"), "KUBECONFIG names the cluster to be used"
    images = {name: os.environ[f"KUBERNETES_TEST_{word}"] for name, word in (("repository", "IMAGES"), ("tag", "TAG"))}
    given = [word for name, value in images.items() for word in ("--set", f"images.{name}={value}")]
    line = ["upgrade", "--install", "tt", str(CHART), "--namespace", NAMESPACE, "--create-namespace", *given]
    line += ["--values", str(CHART / "examples" / "first-look.yaml"), "--wait", "--timeout", "15m"]
    tool(str(HELM), *line, wait=1000)
    return json.loads(inside("tt-hub-0", "cat", "/srv/tinytorch/state/secrets/passwords.json"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The proxy, forwarded to where the chart says that browsers find it."""
    forward = subprocess.Popen(["kubectl", "--namespace", NAMESPACE, "port-forward", "service/tt-proxy", "8000:8000"])
    try:
        yield "http://localhost:8000"
    finally:
        forward.terminate()
        forward.wait(10)


@pytest.fixture(scope="module")
def students(passwords: dict[str, str], address: str) -> dict[str, str]:
    """Two students with servers: name and pod."""
    names = [name for name in sorted(passwords) if name.startswith("student")][:2]
    for name in names:
        start_server(address, name, passwords[name])
    listed = kubectl("get", "pods", "--selector", "component=singleuser-server", "--output", "json")
    pods = [pod["metadata"]["name"] for pod in json.loads(listed)["items"]]
    return {name: next(pod for pod in pods if pod.endswith(f"-{name}")) for name in names}


def start_server(address: str, name: str, password: str) -> None:
    """Log in, ask for a server, and wait until it answers."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as browser:
        until("the proxy", lambda: _answers(browser), 60)
        browser.get("/hub/login")
        form = {"username": name, "password": password, "_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
        assert browser.post("/hub/login", data=form).is_success
        token = {"X-XSRFToken": browser.cookies.get("_xsrf", path="/hub/") or ""}
        browser.post(f"/hub/api/users/{name}/server", headers=token)
        until(f"the server of {name}", lambda: browser.get(f"/user/{name}/api/status").is_success)


def _answers(browser: httpx.Client) -> bool:
    try:
        return browser.get("/hub/health").is_success
    except httpx.TransportError:
        return False


def test_a_module_is_fetched_handed_in_graded_and_given_back(students: dict[str, str]):
    name, pod = next(iter(students.items()))
    operator = ("python", "-m", "hub_config", "run", "--")
    inside(pod, "tito", "module", "start", MODULE)
    inside(pod, "tito", "submit", MODULE)
    until("a verdict", lambda: name in inside("tt-hub-0", *operator, "tito", "grade", "status", MODULE))
    inside("tt-hub-0", *operator, "tito", "grade", "feedback", MODULE)
    until("feedback", lambda: MODULE in inside(pod, "tito", "feedback", MODULE))


def test_a_student_reaches_the_hub_and_nobody_elses_server(students: dict[str, str]):
    ada, ben = students.values()
    address = kubectl("get", "pod", ben, "--output", "jsonpath={.status.podIP}")
    closed = [f"{address}:8888", "kubernetes.default:443", "169.254.169.254:80", "tt-hub:8085", "tt-proxy-api:8001"]
    closed += ["tt-database:5432"]
    said = inside(ada, "python", "-c", REACH, "tt-hub:8081", "tt-hub:8082", "tt-grading:8083", *closed).splitlines()
    assert said == [f"reached tt-{where}" for where in ("hub:8081", "hub:8082", "grading:8083")] + [
        f"closed {where}" for where in closed
    ]


def test_a_student_has_no_token_of_the_cluster(students: dict[str, str]):
    for pod in students.values():
        there = inside(pod, "python", "-c", "import os; print(os.path.exists('/var/run/secrets/kubernetes.io'))")
        assert there.strip() == "False"


def test_a_machine_that_goes_takes_no_work_with_it(students: dict[str, str], passwords: dict[str, str], address: str):
    """As when a node is drained: the pod is evicted in the middle, and starts elsewhere with its home."""
    name, pod = next(iter(students.items()))
    inside(pod, "sh", "-c", "echo kept > ~/work.txt")
    kubectl("delete", "pod", pod, "--wait=true")
    start_server(address, name, passwords[name])
    assert inside(pod, "cat", "/home/jovyan/work.txt").strip() == "kept"
