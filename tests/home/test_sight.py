"""What an operator sees of a running class: one token reads every service, and rules and dashboard use its metrics."""

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml

from tests.harness.plain import PLAIN
from tests.semester.campus import Campus

pytestmark = [pytest.mark.service, pytest.mark.timeout(300)]

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"
FROM_PROMETHEUS = {"up"}
NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b(?!\s*\()|\bup\b")
NOT_A_NAME = re.compile(r"\{[^}]*\}|\bby \([^)]*\)")
RULES = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
PANELS = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))["panels"]


def metrics_of(campus: Campus, service: str, token: str) -> httpx.Response:
    url = campus.url + "/hub" if service == "hub" else campus.service_url(service)
    return httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"}, **PLAIN)


def names_in(expression: str) -> set[str]:
    """Return the metrics in an expression that services must provide."""
    return set(NAME.findall(NOT_A_NAME.sub("", expression)))


@pytest.fixture(scope="module")
def seen(campus: Campus) -> dict[str, str]:
    """The metrics of all services, read with the jobs in prometheus.yml and one token."""
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    with campus.grading():
        answers = {job["job_name"]: metrics_of(campus, job["job_name"], campus.tokens["metrics"]) for job in jobs}
        student = campus.token("ada")
        assert [metrics_of(campus, name, student).status_code for name in answers] == [403] * len(answers)
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 200)
    return {name: answer.text for name, answer in answers.items()}


def test_rules_and_panels_ask_for_what_is_there(seen: dict[str, str]):
    there = {name for text in seen.values() for name in re.findall(r"^([a-z_]+)", text, re.MULTILINE)}
    there |= {f"{name}_bucket" for text in seen.values() for name in re.findall(r"# TYPE (\w+) histogram", text)}
    # A counter with labels has no line before its first event, and there is no certificate here.
    counters = re.compile(r"# TYPE (\w+?)(?:_total)? counter")
    there |= {f"{name}_total" for text in seen.values() for name in counters.findall(text)}
    asked = {rule["alert"]: names_in(rule["expr"]) for rule in RULES}
    asked |= {panel["title"]: names_in(" + ".join(each["expr"] for each in panel["targets"])) for panel in PANELS}
    assert all(asked.values())
    lacking = {title: names - there - FROM_PROMETHEUS for title, names in asked.items()}
    assert {title: names for title, names in lacking.items() if names} == {
        "CertificateEnds": {"home_certificate_ends_timestamp_seconds"}
    }


def test_ten_rules_say_what_to_do():
    assert len({rule["alert"] for rule in RULES}) == 10
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert len(rule["annotations"]["action"]) > 80, rule["alert"]


def test_metrics_name_nobody(seen: dict[str, str]):
    assert not [name for name, text in seen.items() if re.search(r"\b(ada|ben|tom|ida)\b", text)]


@pytest.mark.parametrize("service", ["exchange", "semester", "home"])
def test_who_is_ready_says_so_to_everybody(campus: Campus, service: str):
    answer = httpx.get(f"{campus.service_url(service)}/ready", **PLAIN)
    assert (answer.status_code, set(answer.json()["checks"].values())) == (200, {"ok"})


def test_a_request_keeps_its_number(campus: Campus):
    answer = httpx.get(
        f"{campus.service_url('exchange')}/health", headers={"X-Request-ID": "0123456789abcdef"}, **PLAIN
    )
    assert answer.headers["X-Request-ID"] == "0123456789abcdef"
