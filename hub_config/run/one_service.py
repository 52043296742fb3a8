"""One service in the foreground, on another machine than its Hub: as `serve` would start it, without a supervisor."""

import os
from typing import NoReturn

from hub_config.checks import NotReady
from hub_config.services import SERVICES, command_line, service_environment
from hub_config.settings import CHECKOUT, Settings


def run_in_foreground(name: str, settings: Settings) -> NoReturn:
    """Become the service; raise NotReady where something is missing that only the Hub's machine can give."""
    found = {service.name: service for service in SERVICES}
    if name not in found:
        raise NotReady(f"No service is called {name!r}: choose one of {', '.join(found)}.")
    check(name, settings)
    command, environment = command_line(found[name], settings), service_environment(found[name], settings)
    os.chdir(CHECKOUT)
    os.execve(command[0], command, environment)


def check(name: str, settings: Settings) -> None:
    """Refuse a token of one's own, which no Hub would know, and a semester that is not there yet."""
    token = settings.given_secrets and settings.given_secrets / f"service-{name}"
    if not (token and token.is_file()):
        raise NotReady(
            f"{name} runs away from its Hub, and both must have one token: write it into a file service-{name}, and "
            f"name the folder on both sides: HUB_GIVEN_SECRETS=... (now {settings.given_secrets})"
        )
    if not settings.semester_file.exists():
        raise NotReady(f"There is no semester file {settings.semester_file} yet: start the Hub first.")
