"""Native sign-up: people on the roster choose a password, and the operator lets each in, at /hub/authorize.

A sign-up is only a claim to be somebody, so it alone lets nobody in: the first to come could have taken an
instructor's name. The operator's own password is made at the first start (`var/secrets/operator-password`).
"""

import asyncio

import bcrypt
from jupyterhub.scopes import needs_scope
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.handlers import DiscardHandler, SignUpHandler, ToggleAuthorizationHandler
from nativeauthenticator.orm import UserInfo
from tornado import web
from traitlets import Unicode

from hub_config.sign_in.named import NamedByRule
from hub_config.sign_in.refusals import SignInRefused

LONGEST_BYTES = 72  # bcrypt ignores the rest
NOT_ON_THE_ROSTER = (
    "The course knows nobody named {name}. Sign up with your user name on its roster; if you don't know it, "
    "ask the course staff."
)
TAKEN = (
    "Somebody has signed up as {name} already. If it was you, wait until the operator has let you in, then log in. If "
    "it was not you, tell the course staff immediately."
)
NOT_THE_SAME = "The two passwords are different. Type both again."
TOO_WEAK = "The password must have {length} to 72 characters and must not be a common one."
NOT_YET = "The operator has not let you in yet. Ask the course staff, then log in again."
TOO_MANY = "Too many wrong passwords for this name. Wait ten minutes, then try again. Nothing is lost."
WAIT = "You have signed up as {name}. You can log in as soon as the operator has let you in."


class SignUp(SignUpHandler):
    """The page on which people sign up."""

    def get_result_message(
        self, user, assume_user_is_human, username_already_taken, confirmation_matches, user_is_admin
    ):
        """Return kind and text of the result; the first broken rule is reported."""
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
    """Let somebody in, or no longer: a form on our own page, never a link that somebody sends the operator."""

    async def get(self, slug):
        """Refuse: a link must not change who may log in."""
        raise web.HTTPError(405)

    @needs_scope("admin:users")
    async def post(self, slug):
        """Change whether `slug` may log in; the operator can't lock themselves out."""
        if slug == self.authenticator.operator:
            raise web.HTTPError(400, f"{slug} is the operator and can always log in")
        UserInfo.change_authorization(self.db, slug)
        self.redirect(f"{self.hub.base_url}authorize#{slug}")


class Discard(DiscardHandler):
    """Delete a sign-up by somebody who is not who they say."""

    async def get(self, user_name):
        """Refuse: a link must not delete a sign-up."""
        raise web.HTTPError(405)

    @needs_scope("admin:users")
    async def post(self, user_name):
        """Delete the sign-up; the person stays known, so that they can sign up themselves."""
        signed_up = self.authenticator.get_user(user_name)
        if signed_up is not None and not signed_up.is_authorized:
            self.db.delete(signed_up)
            self.db.commit()
        self.redirect(f"{self.hub.base_url}authorize")


class RosterSignUp(NamedByRule, NativeAuthenticator):
    """NativeAuthenticator for names that the Hub knows; signing up alone lets nobody in."""

    operator = Unicode(config=True, help="Name of the operator")
    operator_password = Unicode(config=True, help="Her password")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._make_operator()

    async def authenticate(self, handler, data):
        """Return the name if the password is right and the operator has let them in; say if only that lacks."""
        name = self.normalize_username(data["username"])
        if self.is_blocked(name):
            raise SignInRefused(403, "Wait a little", TOO_MANY, f"Login as {name!r}: too many wrong passwords")
        user = self.get_user(name)
        # In a thread: it takes a quarter of a second by design, during which the Hub must not block everybody.
        if user is None or not await asyncio.to_thread(_matches, data["password"], user.password):
            self.add_login_attempt(name)
            return None
        self.successful_login(name)
        if not user.is_authorized:
            raise SignInRefused(
                403, "Not yet", NOT_YET, f"Login as {name!r}: signed up, not let in yet (/hub/authorize)"
            )
        return name

    def is_password_strong(self, password):
        """Tell whether a password is long enough, short enough for bcrypt, and not a common one."""
        return len(password.encode()) <= LONGEST_BYTES and super().is_password_strong(password)

    def get_authed_users(self):
        """Return whom a sign-up lets in immediately: nobody."""
        return set()

    def is_known(self, name: str) -> bool:
        """Tell whether the semester has made somebody with this name known."""
        return name in self.allowed_users

    def create_user(self, username, password, **kwargs):
        """Keep a sign-up of a known name, None for any other."""
        return (
            super().create_user(username, password, **kwargs)
            if self.is_known(self.normalize_username(username))
            else None
        )

    def get_handlers(self, app):
        """Return the handlers, ours instead of those that change something on a GET or say too little.

        The Hub's own login page is used; the authenticator's (1.3) needs a part of JupyterHub that was removed in 5.
        """
        ours = {r"/signup": SignUp, r"/authorize/([^/]*)": Toggle, r"/discard/([^/]*)": Discard}
        theirs = [row for row in super().get_handlers(app) if row[0] not in ("/login", "/confirm/([^/]*)")]
        return [(path, ours.get(path, handler)) for path, handler in theirs]

    def _make_operator(self) -> None:
        if not self.operator or self.user_exists(self.operator):
            return
        hashed = bcrypt.hashpw(self.operator_password.encode(), bcrypt.gensalt())
        self.db.add(UserInfo(username=self.operator, password=hashed, is_authorized=True))
        self.db.commit()


def _matches(password: str, hashed: bytes) -> bool:
    given = password.encode()
    return len(given) <= LONGEST_BYTES and bcrypt.checkpw(given, hashed)
