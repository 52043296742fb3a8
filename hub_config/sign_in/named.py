"""The names of people who log in, by the rule of `exchange.protocol.names`, whatever the way."""

from jupyterhub.auth import Authenticator

from exchange.protocol.names import NoName, name_from


class NamedByRule(Authenticator):
    """Give everybody the name that is on their line of the roster."""

    def normalize_username(self, username: str) -> str:
        """Return the normalized name, or "" (which no login accepts) if it can't be anybody's."""
        try:
            name = name_from(username)
        except NoName:
            return ""
        return self.username_map.get(name, name)
