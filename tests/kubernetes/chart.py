"""The chart as rendered by helm for the value files in docker/kubernetes/examples."""

import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

CHART = Path(__file__).parents[2] / "docker" / "kubernetes"
EXAMPLES = sorted(path.stem for path in (CHART / "examples").glob("*.yaml"))
VERSION = "1.33"  # the lowest version of Kubernetes that the chart supports
HELM = Path(sys.executable).parent / "helm"
# Without these settings helm draws random values at each install.
DRAWN = ("proxy.secretToken=drawn", "grading.serviceToken=drawn", "hub.db.password=drawn")


class Refused(Exception):
    """helm's error message."""


@functools.cache
def rendered(example: str, *more: str) -> str:
    """Render the chart for a value file, with more settings of the form `a.b=c`."""
    given = [word for each in (*DRAWN, *more) for word in ("--set", each)]
    values = ["--values", str(CHART / "examples" / f"{example}.yaml"), "--namespace", "course"]
    line = [HELM, "template", "tt", CHART, "--kube-version", VERSION, *values, *given]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


@functools.cache
def objects(example: str, *more: str) -> list[dict]:
    return [found for found in yaml.safe_load_all(rendered(example, *more)) if found]


def find(example: str, kind: str, name: str) -> dict:
    """Return the only object of this kind and name."""
    [found] = [each for each in objects(example) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pods(found: list[dict]) -> Iterator[tuple[str, dict]]:
    """Yield the name and spec of each pod that these objects create."""
    for each in found:
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield each["metadata"]["name"], spec["template"]["spec"]


def containers(pod: dict) -> list[dict]:
    return [*pod.get("initContainers", []), *pod["containers"]]
