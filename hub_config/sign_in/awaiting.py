"""Before a learning platform is known: the Hub runs so that one can register, but nobody can log in."""

from jupyterhub.auth import NullAuthenticator
from jupyterhub.handlers import BaseHandler

from hub_config.sign_in.refusals import SignInRefused


class Awaiting(BaseHandler):
    """Where every login leads, and every launch from a platform whose registration is not in effect yet."""

    def check_xsrf_cookie(self) -> None:
        """Require none: a platform's form sends none, and this changes nothing."""

    async def get(self) -> None:
        """Say what the Hub is waiting for."""
        raise SignInRefused(
            503,
            "This course is waiting for its learning platform",
            "People will log in from the platform, but it is not connected yet. Come back later, from the platform.",
            "A login before a learning platform is known: python -m hub_config platform",
        )

    post = get


class NoPlatformYet(NullAuthenticator):
    """Let nobody in."""

    def get_handlers(self, app):
        return [("/login", Awaiting), ("/lti13/oauth_login", Awaiting)]
