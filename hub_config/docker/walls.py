"""What is put around students' servers before the first of them starts: homes with limits, and a firewall.

What this machine can't do is said once, with what to do about it, and the Hub goes on without.
"""

from hub_config.checks import NotReady
from hub_config.docker.firewall import bring_up
from hub_config.docker.homes import open_homes
from hub_config.settings import Settings


def put_up(settings: Settings) -> list[str]:
    """Put up what can be; return what an operator should know. Homes that can't be opened are an error."""
    notices = open_homes(settings)
    if settings.docker.firewall:
        try:
            bring_up(settings)
        except NotReady as error:
            notices.append(f"No firewall: servers can reach whatever this machine offers on all its addresses. {error}")
    return notices
