"""One service in the foreground, on a machine other than its Hub's: as `serve` would start it, unsupervised."""

import os
from typing import NoReturn

from hub_config.checks import NotReady
from hub_config.services import SERVICES, command_line, service_environment
from hub_config.settings import CHECKOUT, Settings


def run_in_foreground(name: str, settings: Settings) -> NoReturn:
    """Become the service; raise NotReady if something is missing that only the Hub's machine can provide."""
    found = {service.name: service for service in SERVICES}
    if name not in found:
        raise NotReady(f"No service is called {name!r}: choose one of {', '.join(found)}.")
    check(name, settings)
    command, environment = command_line(found[name], settings), service_environment(found[name], settings)
    os.chdir(CHECKOUT)
    os.execve(command[0], command, environment)


def check(name: str, settings: Settings) -> None:
    """Refuse a token made here, which no Hub would know, and a missing semester file."""
    token = settings.given_secrets and settings.given_secrets / f"service-{name}"
    if not (token and token.is_file()):
        raise NotReady(
            f"{name} and its Hub are apart and must have one token: write it into a file service-{name}, and "
            f"name the folder on both sides: HUB_GIVEN_SECRETS=... (now {settings.given_secrets})"
        )
    if not settings.semester_file.exists():
        raise NotReady(f"The semester file {settings.semester_file} does not exist yet: start the Hub first.")
