"""What a person reads if a login fails, and what the operator finds in the Hub's log.

The page says what is wrong and what to do; the provider's answer is only in the log.
"""

from tornado import web

from hub_config.sign_in.named import NamedByRule


class SignInRefused(web.HTTPError):
    """A login that ends here; `templates/error.html` shows title and text."""

    def __init__(self, status: int, title: str, text: str, log: str) -> None:
        super().__init__(status, log.replace("%", "%%"))
        self.title, self.jupyterhub_message = title, text


class RosterOnly(NamedByRule):
    """Let in people whom the Hub knows; tell everybody else their name and whom to ask.

    Only the semester service makes people known, from the roster and the staff list, so what a provider says about
    somebody's role gives them no rights here.
    """

    async def check_allowed(self, username, auth_model):
        """Return True for a known name; raise SignInRefused for any other."""
        if auth_model is None or await _awaited(super().check_allowed(username, auth_model)):
            return True
        raise SignInRefused(
            403,
            "You are not on the roster of this course",
            f"You logged in as {username}, but the course knows nobody of that name. If you take part in it, tell the "
            f"course staff exactly this name, {username}; as soon as it is on the roster, log in again. If you "
            "meant to use another account, log out at the login service first.",
            f"Login as {username!r} refused: the Hub knows no such person. Add the name to the roster or the staff "
            "list and apply the semester.",
        )


async def _awaited(answer):
    return await answer if hasattr(answer, "__await__") else answer
