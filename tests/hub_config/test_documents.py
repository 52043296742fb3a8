"""The commands, targets and variables that docs/ and docker/README.md tell people to type exist."""

import re
import shlex
import subprocess

import click
import pytest

from hub_config.cli import cli
from hub_config.settings import CHECKOUT, environment_name, known_keys, load_settings
from hub_config.sign_in.kinds import check_sign_in
from hub_config.sign_in.providers import CLIENT_SECRET
from hub_config.ways_to_sign_in import WAYS

DOCUMENTS = [*sorted((CHECKOUT / "docs").glob("*.md")), *sorted((CHECKOUT / "docker").rglob("README.md"))]
CODE = re.compile(r"```console\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def commands() -> list[str]:
    """Return every line of code in the documents."""
    texts = [document.read_text("utf-8") for document in DOCUMENTS]
    blocks = [block or inline for text in texts for block, inline in CODE.findall(text)]
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_make_targets_exist():
    targets = {match[1] for line in commands() if (match := re.match(r"(?:HUB_\S+ )*make ([\w-]+)", line))}
    assert {"serve", "stop", "reset", "up", "down", "logs", "backup", "restore"} <= targets
    for target in targets:
        done = subprocess.run(["make", "-n", target], cwd=CHECKOUT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_commands_of_the_hub_exist():
    pattern = r"(?:HUB_\S+ )*(?:\S+/)?python -m hub_config (\w+)(?: (\w+))?"
    found = [match.groups() for line in commands() if (match := re.match(pattern, line))]
    named = {name for name, _ in found}
    assert {"status", "settings", "restart", "run", "deploy", "firewall"} <= named <= set(cli.commands)
    for name, inner in found:
        if isinstance(cli.commands[name], click.Group):
            assert inner in cli.commands[name].commands, f"{name} {inner}"


def test_variables_are_settings():
    named = {name for line in commands() for name in re.findall(r"\bHUB_[A-Z_]+\b", line)}
    known = {environment_name(*key.split(".")) for key in known_keys()}
    assert named - {"HUB_"} <= known


def documented_settings() -> list[dict[str, str]]:
    """Return the variables of each documented line that chooses a way to log in."""
    lines = [line for line in commands() if line.endswith("make serve") and "HUB_AUTHENTICATOR=" in line]
    return [dict(word.split("=", 1) for word in shlex.split(line) if word.startswith("HUB_")) for line in lines]


@pytest.mark.parametrize("variables", documented_settings(), ids=lambda given: given["HUB_AUTHENTICATOR"])
def test_each_documented_way_to_log_in_has_what_it_needs(variables, tmp_path):
    settings = load_settings(variables | {"HUB_VAR": str(tmp_path)})
    settings.secrets.mkdir()
    (settings.secrets / CLIENT_SECRET).write_text("from the provider\n")
    check_sign_in(settings)


def test_every_way_to_log_in_is_documented():
    with_a_line = {given["HUB_AUTHENTICATOR"] for given in documented_settings()}
    assert with_a_line == set(WAYS) - {"generated-passwords", "shared-password"}
    for way in WAYS:
        assert f"`{way}`" in (CHECKOUT / "docs" / "operator.md").read_text("utf-8")


def test_pictures_are_there():
    for document in DOCUMENTS:
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", document.read_text("utf-8")):
            assert (document.parent / picture).is_file(), f"{document.name}: {picture}"
