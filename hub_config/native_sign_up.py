"""Native sign-up: people on the roster choose a password, the operator lets each in, at /hub/authorize.

A sign-up is a claim to be somebody, so nobody is let in by it alone: whoever came first could have taken an
instructor's name. The operator's own password is made at the first start (`var/secrets/operator-password`).
"""

import bcrypt
from jupyterhub.scopes import needs_scope
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.handlers import DiscardHandler, SignUpHandler, ToggleAuthorizationHandler
from nativeauthenticator.orm import UserInfo
from tornado import web
from traitlets import Unicode

NOT_ON_THE_ROSTER = (
    "The course knows nobody named {name}. Sign up with the user name that stands on its roster; if you don't know it, "
    "ask the course staff."
)
TAKEN = (
    "Somebody has signed up as {name} already. If it was you, wait until the operator has let you in, then log in. If it "
    "was not you, tell the course staff at once."
)
NOT_THE_SAME = "The two passwords are not the same. Type both once more."
TOO_WEAK = "The password must have {length} characters or more, and not be one that many people use."
WAIT = (
    "You have signed up as {name}. You can log in as soon as the operator has let you in; the course staff knows how."
)


class SignUp(SignUpHandler):
    """The page on which people sign up."""

    def get_result_message(
        self, user, assume_user_is_human, username_already_taken, confirmation_matches, user_is_admin
    ):
        """Return kind and words of what came of it; the rule that was broken first comes first."""
        name = self.authenticator.normalize_username(self.get_body_argument("username", strip=False))
        if user is not None:
            return "alert-info", WAIT.format(name=name)
        if username_already_taken:
            rule = TAKEN
        elif not self.authenticator.is_known(name):
            rule = NOT_ON_THE_ROSTER
        elif not confirmation_matches:
            rule = NOT_THE_SAME
        else:
            rule = TOO_WEAK
        return "alert-danger", rule.format(name=name, length=self.authenticator.minimum_password_length)


class Toggle(ToggleAuthorizationHandler):
    """Let somebody in, or no more: a form of our own page, never a link that somebody sends the operator."""

    async def get(self, slug):
        """Refuse: a link must not change who comes in."""
        raise web.HTTPError(405)

    @needs_scope("admin:users")
    async def post(self, slug):
        """Change whether `slug` may log in."""
        UserInfo.change_authorization(self.db, slug)
        self.redirect(f"{self.hub.base_url}authorize#{slug}")


class Discard(DiscardHandler):
    """Forget a sign-up that is not who it says."""

    async def get(self, user_name):
        """Refuse: a link must not delete a sign-up."""
        raise web.HTTPError(405)

    @needs_scope("admin:users")
    async def post(self, user_name):
        """Delete the sign-up; the person stays known, so that she can sign up herself."""
        signed_up = self.authenticator.get_user(user_name)
        if signed_up is not None and not signed_up.is_authorized:
            self.db.delete(signed_up)
            self.db.commit()
        self.redirect(f"{self.hub.base_url}authorize")


class RosterSignUp(NativeAuthenticator):
    """NativeAuthenticator for names that the Hub knows, none of which is let in by signing up."""

    operator = Unicode(config=True, help="Name of the operator")
    operator_password = Unicode(config=True, help="Her password")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._make_operator()

    def get_authed_users(self):
        """Return whom a sign-up lets in at once: nobody."""
        return set()

    def is_known(self, name: str) -> bool:
        """Tell whether the semester has made somebody of this name known."""
        return name in self.allowed_users

    def create_user(self, username, password, **kwargs):
        """Keep a sign-up of a known name, None for any other."""
        return (
            super().create_user(username, password, **kwargs)
            if self.is_known(self.normalize_username(username))
            else None
        )

    def get_handlers(self, app):
        """Return the handlers, ours in place of those that change something at a GET or say too little."""
        ours = {r"/signup": SignUp, r"/authorize/([^/]*)": Toggle, r"/discard/([^/]*)": Discard}
        return [(path, ours.get(path, handler)) for path, handler in super().get_handlers(app)]

    def _make_operator(self) -> None:
        if not self.operator or self.user_exists(self.operator):
            return
        hashed = bcrypt.hashpw(self.operator_password.encode(), bcrypt.gensalt())
        self.db.add(UserInfo(username=self.operator, password=hashed, is_authorized=True))
        self.db.commit()
