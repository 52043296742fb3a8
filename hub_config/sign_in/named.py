"""The names of people who log in, by the rule of `exchange.protocol.names`, whatever the way."""

from jupyterhub.auth import Authenticator

from exchange.protocol.names import NoName, name_from


class NamedByRule(Authenticator):
    """Give everybody the name that the roster's line of theirs has."""

    def normalize_username(self, username: str) -> str:
        """Return the name that is meant, empty (which no login takes) for what is nobody's."""
        try:
            name = name_from(username)
        except NoName:
            return ""
        return self.username_map.get(name, name)
