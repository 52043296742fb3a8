"""What is set up around students' servers before the first of them starts: homes with limits, and a firewall.

What this machine can't do is reported once, with a remedy, and the Hub runs without it.
"""

from hub_config.checks import NotReady
from hub_config.docker.firewall import bring_up
from hub_config.docker.homes import open_homes
from hub_config.settings import Settings


def put_up(settings: Settings) -> list[str]:
    """Set up what is possible; return warnings for the operator. Homes that can't be opened are an error."""
    notices = open_homes(settings)
    if settings.docker.firewall:
        try:
            bring_up(settings)
        except NotReady as error:
            notices.append(f"No firewall: servers can reach everything that listens on all addresses here. {error}")
    return notices
