"""A program's token: COURSE_TOKEN, else the one that the Hub gave to the server or service in which it runs."""

import sys
from collections.abc import Mapping

NAME, FROM_THE_HUB = "COURSE_TOKEN", "JUPYTERHUB_API_TOKEN"
NEEDED = f"{NAME} or {FROM_THE_HUB}"
_told: set[str] = set()


def hub_token(environ: Mapping[str, str], earlier: str) -> str:
    """Return the token that the environment names, "" if none; the earlier name still works, with a notice."""
    if token := environ.get(NAME):
        return token
    if token := environ.get(earlier):
        if earlier not in _told:
            _told.add(earlier)
            print(f"{earlier} is called {NAME} now; the old name still works", file=sys.stderr)
        return token
    return environ.get(FROM_THE_HUB, "")
