"""The chart renders for every value file, matches Kubernetes' schemas, and gives each part only the rights it needs."""

import difflib
import json
import re
from pathlib import Path

import kubernetes_validate
import pytest

from hub_config.ports import NAMES
from hub_config.settings import SettingsError, load_settings
from tests.kubernetes.chart import CHART, EXAMPLES, VERSION, Refused, containers, find, objects, pods, rendered

pytestmark = pytest.mark.service
GOLDENS = Path(__file__).parent / "goldens"
WHOLE = "class"  # this rendered file is stored whole; for the others only the difference from it
COURSES_TAG = re.compile(r"[\w./-]+/(student|staff|worker|database|kubernetes)(:tinytorch-\S+|@sha256:[0-9a-f]{64})")
NOBODYS = ("hostNetwork", "hostPID", "hostIPC")
KINDS_OF_VOLUMES = {"emptyDir", "persistentVolumeClaim", "projected", "secret", "configMap"}


def golden(example: str) -> tuple[Path, str]:
    """Return the golden file of a value file, and the text that the chart renders now."""
    if example == WHOLE:
        return GOLDENS / f"{example}.yaml", rendered(example)
    lines = [rendered(name).splitlines(keepends=True) for name in (WHOLE, example)]
    return GOLDENS / f"{example}.diff", "".join(difflib.unified_diff(*lines, WHOLE, example, n=0))


@pytest.mark.parametrize("example", EXAMPLES)
def test_golden_output(example: str, request: pytest.FixtureRequest):
    """The rendered text equals the reviewed one; `make goldens` rewrites it."""
    file, text = golden(example)
    if request.config.getoption("--rewrite-goldens", default=False):
        GOLDENS.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8"), f"{file.name} differs: 'make goldens', then review the diff"


@pytest.mark.parametrize("example", EXAMPLES)
def test_everything_is_as_the_schemas_of_kubernetes_have_it(example: str):
    assert len(objects(example)) >= 20
    for each in objects(example):
        kubernetes_validate.validate(each, VERSION, strict=True)


@pytest.mark.parametrize("example", EXAMPLES)
def test_names_are_told_apart(example: str):
    names = [(each["kind"], each["metadata"]["name"]) for each in objects(example)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_pod_has_a_privilege(example: str):
    for name, pod in pods(objects(example)):
        assert not set(NOBODYS) & set(pod), name
        assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] >= 999, name
        assert {kind for volume in pod["volumes"] for kind in volume} - {"name"} <= KINDS_OF_VOLUMES, name
        for container in containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]} and "privileged" not in own, name


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_a_sandbox_needs_only_grading_has_and_in_users_of_its_own(example: str):
    loose = {
        name: pod
        for name, pod in pods(objects(example))
        for container in containers(pod)
        if "procMount" in container["securityContext"]
        or container["securityContext"]["seccompProfile"] != {"type": "RuntimeDefault"}
    }
    judging = {"tt-grading", "tt-workers"} & {name for name, _ in pods(objects(example))}
    assert set(loose) == judging and {pod["hostUsers"] for pod in loose.values()} == {False}


@pytest.mark.parametrize("example", EXAMPLES)
def test_only_the_hub_may_ask_the_cluster_and_for_no_more_than_pods_and_homes(example: str):
    asking = [name for name, pod in pods(objects(example)) if pod["automountServiceAccountToken"]]
    assert asking == ["tt-hub"]
    assert not [each for each in objects(example) if each["kind"].startswith("Cluster")]
    [role] = [each for each in objects(example) if each["kind"] == "Role"]
    assert "*" not in json.dumps(role) and "secrets" not in json.dumps(role)


@pytest.mark.parametrize("example", EXAMPLES)
def test_images_are_the_courses(example: str):
    images = {container["image"] for _, pod in pods(objects(example)) for container in containers(pod)}
    data = find(example, "ConfigMap", "tt-hub")["data"]
    images |= {data["HUB_KUBERNETES__STUDENT_IMAGE"], data["HUB_KUBERNETES__STAFF_IMAGE"]}
    assert len(images) >= 4
    assert {image for image in images if not COURSES_TAG.fullmatch(image)} == set()


@pytest.mark.parametrize("example", EXAMPLES)
def test_requests_and_limits_everywhere(example: str):
    for name, pod in pods(objects(example)):
        for container in containers(pod):
            for bound in ("requests", "limits"):
                assert set(container["resources"][bound]) == {"cpu", "memory"}, f"{name}: {bound}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_hub_understands_what_the_chart_says(example: str, tmp_path: Path):
    data = find(example, "ConfigMap", "tt-hub")["data"]
    settings = load_settings(data | {"HUB_VAR": str(tmp_path)})
    assert settings.spawner == "kubernetes" and set(settings.ports) == set(NAMES)
    assert settings.shares_origin is not bool(settings.subdomain_host)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_port_of_a_service_is_one_that_a_pod_has(example: str):
    by_label = {name.removeprefix("tt-"): pod for name, pod in pods(objects(example))}
    for each in objects(example):
        if each["kind"] == "Service":
            pod = by_label[each["spec"]["selector"]["component"]]
            there = {port["name"] for container in pod["containers"] for port in container["ports"]}
            assert {port["targetPort"] for port in each["spec"]["ports"]} <= there, each["metadata"]["name"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_pod_has_a_network_policy(example: str):
    guarded = {
        each["spec"]["podSelector"]["matchLabels"]["component"]
        for each in objects(example)
        if each["kind"] == "NetworkPolicy"
    }
    there = {name.removeprefix("tt-") for name, _ in pods(objects(example))}
    assert guarded >= there | {"singleuser-server"}


def students_egress(example: str) -> list[dict]:
    return find(example, "NetworkPolicy", "tt-singleuser")["spec"]["egress"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_students_reach_hub_exchange_and_grading_and_never_each_other(example: str):
    ingress = find(example, "NetworkPolicy", "tt-singleuser")["spec"]["ingress"]
    let_in = {peer["podSelector"]["matchLabels"]["component"] for rule in ingress for peer in rule["from"]}
    reached = {
        peer["podSelector"]["matchLabels"]["component"]
        for rule in students_egress(example)
        for peer in rule["to"]
        if "podSelector" in peer and "namespaceSelector" not in peer
    }
    assert (let_in, reached) == ({"proxy", "hub"}, {"hub", "grading"})


def test_the_internet_is_without_private_addresses_and_those_of_credentials():
    [block] = [peer["ipBlock"] for rule in students_egress("thousand") for peer in rule["to"] if "ipBlock" in peer]
    closed = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "203.0.113.10/32"}
    assert set(block["except"]) == closed


def test_without_the_internet_no_address_is_named():
    assert not [peer for rule in students_egress("closed") for peer in rule["to"] if "ipBlock" in peer]


def test_every_server_has_a_domain_at_the_ingress():
    hosts = [rule["host"] for rule in find("class", "Ingress", "tt-proxy")["spec"]["rules"]]
    assert hosts == ["hub.example.org", "*.hub.example.org"]
    assert find("class", "Ingress", "tt-proxy")["spec"]["tls"][0]["hosts"] == hosts


def test_a_database_of_ones_own_takes_the_place_of_the_charts():
    assert "tt-database" not in {each["metadata"]["name"] for each in objects("own-database")}
    egress = find("own-database", "NetworkPolicy", "tt-grading")["spec"]["egress"]
    assert {"ports": [{"port": 5433}]} in egress


def test_judges_on_more_machines_reach_scheduler_and_each_other_and_nothing_of_the_course():
    volumes = {
        name: {kind for volume in pod["volumes"] for kind in volume} - {"name"}
        for name, pod in pods(objects("thousand"))
        if name in ("tt-scheduler", "tt-workers")
    }
    assert volumes == {"tt-scheduler": {"emptyDir", "secret"}, "tt-workers": {"emptyDir", "secret"}}
    for name in volumes:
        egress = find("thousand", "NetworkPolicy", name)["spec"]["egress"]
        peers = [peer for rule in egress for peer in rule["to"] if "namespaceSelector" not in peer]
        assert {peer["podSelector"]["matchLabels"]["component"] for peer in peers} <= {"scheduler", "workers"}


def test_each_part_of_grading_has_its_own_certificate_and_no_other():
    keys = {
        name: [item["key"] for volume in pod["volumes"] if volume["name"] == "certificates"
               for item in volume["secret"]["items"]]
        for name, pod in pods(objects("thousand"))
    }  # fmt: skip
    assert {name: found for name, found in keys.items() if found} == {
        "tt-grading": ["ca.pem", "service.pem"],
        "tt-scheduler": ["ca.pem", "scheduler.pem"],
        "tt-workers": ["ca.pem", "worker.pem"],
    }


def test_workers_need_certificates():
    with pytest.raises(Refused, match=re.escape("grading.workers.existingSecret")):
        rendered("class", "grading.workers.enabled=true")


def test_restoring_stops_who_writes():
    found = objects("class", "backup.restoreFrom=2026-11-30T033000Z")
    replicas = {
        each["metadata"]["name"]: each["spec"]["replicas"] for each in found if "replicas" in each.get("spec", {})
    }
    assert (replicas["tt-hub"], replicas["tt-grading"], replicas["tt-database"]) == (0, 0, 1)
    [job] = [each for each in found if each["kind"] == "Job"]
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[-2:] == ["restore", "/backup/tinytorch/2026-11-30T033000Z"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("course=", "the course id"),
        ("hub.url=", "https://hub.example.org"),
        ("hub.urll=x", "urll"),
        ("hubb.a=b", "hubb"),
    ],
)
def test_what_is_missing_or_misspelt_is_refused_by_name(setting: str, said: str):
    with pytest.raises(Refused, match=re.escape(said)):
        rendered("first-look", setting)


def test_a_setting_that_the_hub_does_not_know_is_refused_by_the_hub(tmp_path: Path):
    data = find("closed", "ConfigMap", "tt-hub")["data"]
    with pytest.raises(SettingsError, match="did you mean"):
        load_settings(data | {"HUB_SIGN_IN__CLIENTID": "x"})


def test_the_values_that_are_documented_are_those_that_are_used():
    templates = "".join(path.read_text("utf-8") for path in (CHART / "templates").iterdir())
    for name in re.findall(r"\.Values\.(\w+)", templates):
        assert re.search(rf"^{name}:", (CHART / "values.yaml").read_text("utf-8"), re.MULTILINE), name
