"""A day of a class on a real cluster: `make kubernetes-test`, where KUBECONFIG names one and kubectl is at hand.

    KUBERNETES_TEST_IMAGES=registry.example.org/tinytorch-hub KUBERNETES_TEST_TAG=2026-fall make kubernetes-test

It installs the chart as `tt` into the namespace `tinytorch-test`, which it makes, and leaves the namespace to be looked
at: `kubectl delete namespace tinytorch-test`. It drains students' servers from one machine, which takes no new
pods for a moment; other pods there are left alone. No lane collects this file.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx
import pytest

from tests.e2e.names import HOST, localhost_names
from tests.e2e.solving import solutions, solved
from tests.kubernetes.chart import CHART, HELM
from tests.security.shell import Shell, shell_of, token_of

NAMESPACE = "tinytorch-test"
URL = f"http://{HOST}:8000"
MODULE = "tensor"
NOTEBOOK = f"/user/ada/api/contents/{MODULE}/{MODULE}.ipynb"
REACH = """
import socket
for word in {words!r}:
    host, port = word.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
        print("reached", word)
    except OSError:
        print("closed", word)
"""
MACHINES = ("--field-selector", "spec.unschedulable!=true", "--output", "jsonpath={.items[*].metadata.name}")
Found = TypeVar("Found")
SECONDS = 600  # for a command in a student's terminal, on a busy machine


def tool(*words: str, wait: float = 600) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=wait)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def kubectl(*words: str) -> str:
    return tool("kubectl", "--namespace", NAMESPACE, *words)


def until(what: str, found: Callable[[], Found], seconds: float = 600) -> Found:
    deadline = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(1)
    return there


@pytest.fixture(scope="module")
def passwords() -> dict[str, str]:
    """Install the course of the demo semester, each server on a domain of its own; return its generated passwords."""
    assert os.environ.get("KUBECONFIG"), "KUBECONFIG names the cluster to be used"
    given = {name: os.environ[f"KUBERNETES_TEST_{word}"] for name, word in (("repository", "IMAGES"), ("tag", "TAG"))}
    settings = {f"images.{name}": value for name, value in given.items()} | {"hub.url": URL, "hub.subdomains": "true"}
    line = ["upgrade", "--install", "tt", str(CHART), "--namespace", NAMESPACE, "--create-namespace"]
    line += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    line += ["--values", str(CHART / "examples" / "first-look.yaml"), "--wait", "--timeout", "15m"]
    tool(str(HELM), *line, wait=1000)
    return json.loads(kubectl("exec", "tt-hub-0", "--", "cat", "/srv/tinytorch/state/secrets/passwords.json"))


@pytest.fixture(scope="module")
def address(passwords: dict[str, str]) -> Iterator[str]:
    """The proxy, forwarded to where the chart says that browsers find it."""
    forward = subprocess.Popen(["kubectl", "--namespace", NAMESPACE, "port-forward", "service/tt-proxy", "8000:8000"])
    try:
        with localhost_names():
            until("the proxy", _answers, 60)
            yield URL
    finally:
        forward.terminate()
        forward.wait(10)


def _answers() -> bool:
    try:
        return httpx.get(f"{URL}/hub/health").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def ada(passwords: dict[str, str], address: str) -> Shell:
    return shell_of(address, "ada", passwords["ada"])


@pytest.fixture(scope="module")
def ben(passwords: dict[str, str], address: str) -> Shell:
    return shell_of(address, "ben", passwords["ben"])


@pytest.fixture(scope="module")
def ida(passwords: dict[str, str], address: str) -> Iterator[httpx.Client]:
    """The grading service's API with an instructor's rights."""
    token = token_of(address, "ida", passwords["ida"])
    headers = {"Authorization": f"token {token}"}
    with httpx.Client(base_url=f"{address}/services/grading/api/v1/", headers=headers, timeout=60) as client:
        yield client


def pod_of(student: Shell, what: str) -> str:
    """Return a field of a student's pod, by its path."""
    return kubectl("get", "pod", f"tinytorch-demo-{student.name}", "--output", f"jsonpath={{{what}}}")


def ask(ida: httpx.Client, kind: str, **more) -> str:
    """Queue a job for all of the module; return its id."""
    answer = ida.post("jobs", json={"kind": kind, "assignment": MODULE, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def finished(ida: httpx.Client, job: str) -> list[tuple[str, str, float]]:
    """Wait for a job; return each student's name, outcome and score."""

    def done() -> list[dict] | None:
        try:
            answer = ida.get(f"jobs/{job}")
        except httpx.TransportError:
            return None
        return answer.json()["tasks"] if answer.is_success and answer.json()["done"] else None

    return [(task["student"], task["outcome"], task["score"]) for task in until(job, done) if task["student"]]


def hand_in(ada: Shell, attempt: int) -> None:
    said = ada.run(f"tito submit {MODULE}", SECONDS)
    assert f"Your work has arrived: {MODULE}, attempt {attempt}" in said, said


def test_a_module_is_fetched_handed_in_graded_and_given_back(ada: Shell, ida: httpx.Client):
    ada.run(f"tito module start {MODULE}", SECONDS)
    content = solved(ada.request("GET", NOTEBOOK).json()["content"], solutions(MODULE))
    saved = ada.request("PUT", NOTEBOOK, json={"type": "notebook", "format": "json", "content": content})
    assert saved.status_code == 200, saved.text
    hand_in(ada, 1)
    finished(ida, ask(ida, "collect"))
    assert finished(ida, ask(ida, "autograde")) == [("ada", "graded", 90.0)]
    finished(ida, ask(ida, "feedback"))
    finished(ida, ask(ida, "release_feedback", unread=True))
    said = ada.run(f"tito feedback {MODULE}; find ~ -name {MODULE}.html", SECONDS)
    assert f"{MODULE}.html" in said, said


def test_grading_that_is_moved_while_it_judges_repeats_and_loses_nothing(ada: Shell, ida: httpx.Client):
    hand_in(ada, 2)
    finished(ida, ask(ida, "collect"))
    job = ask(ida, "autograde", force=True)
    kubectl("delete", "pod", "--selector", "component=grading", "--wait=false")
    assert finished(ida, job) == [("ada", "graded", 90.0)]


def test_a_student_reaches_the_hub_and_nobody_elses_server(ada: Shell, ben: Shell):
    address = pod_of(ben, ".status.podIP")
    reached = ["tt-hub:8081", "tt-hub:8082", "tt-hub:8084", "tt-grading:8083"]
    closed = [f"{address}:8888", "kubernetes.default:443", "169.254.169.254:80", "tt-hub:8085", "tt-proxy-api:8001"]
    closed += ["tt-proxy:8000", "tt-database:5432"]
    said = ada.python(REACH.format(words=[*reached, *closed]), SECONDS).splitlines()
    assert said == [f"reached {where}" for where in reached] + [f"closed {where}" for where in closed]


def test_a_student_has_no_token_of_the_cluster_and_no_right(ada: Shell):
    assert ada.run("ls -d /var/run/secrets/kubernetes.io; id -u; grep CapEff /proc/self/status").split()[-3:] == [
        "1000", "CapEff:", "0000000000000000"
    ]  # fmt: skip


def test_a_machine_that_is_drained_takes_no_work_with_it(ada: Shell, passwords: dict[str, str], address: str):
    """Ada's server ends, and starts on another machine with her home; if there is only one machine, on that."""
    ada.run("echo kept > ~/work.txt")
    machine = pod_of(ada, ".spec.nodeName")
    # Servers are pods that only the Hub starts again (--force), with a /tmp of their own (--delete-emptydir-data).
    kubectl("drain", machine, "--pod-selector=component=singleuser-server", "--force", "--delete-emptydir-data")
    try:
        others = kubectl("get", "nodes", *MACHINES).split()
        if not others:
            kubectl("uncordon", machine)
        again = shell_of(address, "ada", passwords["ada"])
        assert again.run("cat ~/work.txt").strip() == "kept"
        assert (pod_of(again, ".spec.nodeName") != machine) == bool(others)
    finally:
        kubectl("uncordon", machine)
