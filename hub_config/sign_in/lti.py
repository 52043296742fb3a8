"""Launches from a learning platform with LTI 1.3, for people on the roster.

The platform signs who somebody is. Its roles (teacher, learner) give no rights here: the semester file does.
"""

import asyncio
from pathlib import Path

from jupyterhub.scopes import get_scopes_for
from jupyterhub.utils import url_path_join
from jwt import PyJWKClientConnectionError
from ltiauthenticator.lti13.auth import LTI13Authenticator
from ltiauthenticator.lti13.error import ValidationError
from ltiauthenticator.lti13.handlers import LTI13CallbackHandler, LTI13ConfigHandler, LTI13LoginInitHandler
from ltiauthenticator.utils import convert_request_to_dict
from tornado import web
from traitlets import Unicode

from exchange.protocol.names import NoName, name_of
from hub_config.sign_in.deep_link import NotAnswerable, is_choosing, note_choosing
from hub_config.sign_in.launch_checks import LaunchValidator
from hub_config.sign_in.oauth import BROKEN, NO_NAME, without_domain
from hub_config.sign_in.platform_course import NotTheirName, check_name, module_of, note_course
from hub_config.sign_in.refusals import RosterOnly, SignInRefused
from hub_config.sign_in.tool_form import canvas_key

FRAMES = ("iframe", "frame")
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"
AGAIN = (
    "Go back to your learning platform and open the course from there again. If it still fails, tell the operator of "
    "the Hub; the reason is in its log."
)

ANOTHER_ACCOUNT = (
    "Your learning platform calls you by a name that belongs to another of its accounts here. Tell the course staff; "
    "they can see it with `tito campus roster`."
)

MANAGES = "custom:semester:manage"
NO_INSTRUCTOR = (
    "What you opened puts modules of this course into your learning platform. Your instructor does that; to work on a "
    "module, open it from the platform's course."
)

# The parameters with which a platform begins a launch; a separate window begins it again with the same ones.
BEGUN_WITH = ("iss", "login_hint", "target_link_uri", "lti_message_hint", "client_id", "lti_deployment_id")


class Begin(LTI13LoginInitHandler):
    """Where the platform begins a launch."""

    async def post(self) -> None:
        """Send the browser to the platform; a browser that did not come from there is told where to go.

        In a frame on the platform's page it is offered a window instead: a browser that blocks other sites' cookies
        would not return ours, and no page of a course may be framed.
        """
        if self.request.headers.get("Sec-Fetch-Dest") in FRAMES:
            await self._offer_a_window()
            return
        try:
            super().post()
        except web.HTTPError as error:
            raise SignInRefused(
                400,
                "Open this course from your learning platform",
                "You log in from there: open the course's link on the platform.",
                f"LTI login that no platform began: {error.log_message}",
            ) from error

    get = post

    async def _offer_a_window(self) -> None:
        # The only page that may be framed, by anybody: its button does what a link to this address would do.
        self.set_header("Content-Security-Policy", "frame-ancestors *")
        begun = {name: value for name in BEGUN_WITH if (value := self.get_argument(name, ""))}
        self.finish(await self.render_template("lti_window.html", begun=begun))

    def authorize_redirect(self, redirect_uri, login_hint, nonce, client_id, state, lti_message_hint=None) -> None:
        """Return the Hub's registered name if the platform leaves it out."""
        own = client_id or sorted(self.authenticator.client_id)[0]
        super().authorize_redirect(redirect_uri, login_hint, nonce, own, state, lti_message_hint)

    def _set_oauth_cookie(self, key, value) -> None:
        """Let the cookies come back with the platform's POST, which browsers treat as cross-site."""
        cross_site = (
            {"samesite": "None", "secure": True} if self.authenticator.get_uri_scheme(self.request) == "https" else {}
        )
        self._set_cookie(key, value, expires_days=1, httponly=True, encrypted=True, **cross_site)


class Launch(LTI13CallbackHandler):
    """Where the platform's signed answer arrives."""

    async def post(self) -> None:
        """Log in if signature, audience, time, state and nonce are right."""
        try:
            # In a thread: it fetches the platform's keys, and the Hub must not block everybody meanwhile.
            claims = await asyncio.to_thread(self.decode_and_validate_launch_request)
        except (ValidationError, web.HTTPError) as error:
            raise self._refused(error) from error
        user = await self.login_user(claims)
        if user is None:
            raise SignInRefused(403, "You could not be let in", NO_NAME, "The Hub can't use the launch's user name")
        if is_choosing(claims):
            self.redirect(self._home("campus/choose", self._choosing(claims, user)))
        elif module := module_of(claims):  # from the signed claims, whatever the launch began with
            self.redirect(self._home("modules", module))
        else:
            await self.redirect_to_next_url(user)

    def decode_and_validate_launch_request(self):
        """Return the claims of a valid launch, as the library does, with our validator."""
        own, validator = self.authenticator, LaunchValidator(parent=self.app)
        args = convert_request_to_dict(self.request.arguments)
        validator.validate_auth_response(args)
        self.check_state()
        claims = validator.verify_and_decode_jwt(
            args["id_token"], own.issuer, own.client_id, own.jwks_endpoint, own.jwks_algorithms
        )
        validator.validate_id_token(claims)
        validator.validate_azp_claim(claims, own.client_id)
        self.check_nonce(claims)
        return claims

    def _choosing(self, claims, user) -> str:
        """Keep the platform's request if it comes through an instructor; refuse others, and what can't be answered."""
        if MANAGES not in get_scopes_for(user):
            log = f"Deep linking by {user.name} refused: not an instructor in the semester file"
            raise SignInRefused(403, "Modules are chosen by instructors of this course", NO_INSTRUCTOR, log)
        try:
            return note_choosing(Path(self.authenticator.campus_folder), claims, user.name)
        except NotAnswerable as error:
            log = f"Deep linking refused: {error}"
            raise SignInRefused(
                400, "Your learning platform asks for something that this Hub does not give", AGAIN, log
            ) from error

    def _home(self, *path: str) -> str:
        return url_path_join(self.base_url, "services/home", *path)

    def _refused(self, error: Exception) -> SignInRefused:
        if isinstance(error.__context__, PyJWKClientConnectionError):
            log = f"LTI launch: can't get the platform's keys, {self.authenticator.jwks_endpoint}: {error}"
            return SignInRefused(502, "Your learning platform is not working", BROKEN, log)
        reason = error.log_message if isinstance(error, web.HTTPError) else error
        text = "Its answer was too old, was used before, or was not meant for this Hub. "
        return SignInRefused(400, "This launch was not accepted", text + AGAIN, f"LTI launch refused: {reason}")


class CanvasKey(LTI13ConfigHandler):
    """The key that an administrator of Canvas pastes."""

    async def get(self) -> None:
        """Return it as JSON; no login is needed for what every platform may see."""
        self.finish(canvas_key(self.authenticator.public_url, self.authenticator.tool_name))


class Platform(RosterOnly, LTI13Authenticator):
    """One learning platform; `username_key` names the claim that is the roster's name."""

    login_handler = Begin
    callback_handler = Launch
    config_handler = CanvasKey
    custom_html = "<p>Open this course from your learning platform: you log in from there.</p>"
    domain = Unicode(config=True, help="Mail domain that a name must have; it is removed")
    public_url = Unicode(config=True, help="The Hub's address for browsers")
    campus_folder = Unicode(config=True, help="Folder that sign-in and the campus service share")

    def get_username(self, token):
        """Return the claim; a launch without it is refused, and no other claim is used instead."""
        key = self.username_key
        claims = token.get(CUSTOM, {}) if key.startswith("custom_") else token
        name = claims.get(key.removeprefix("custom_"))
        if not isinstance(name, str) or not name:
            log = f"The launch has no claim {key!r} (HUB_SIGN_IN__USERNAME_CLAIM); it has {', '.join(sorted(token))}"
            raise SignInRefused(403, "You could not be let in", NO_NAME, log)
        try:
            return self._of_subject(token, name_of(without_domain(name, self.domain)))
        except NoName as error:
            raise SignInRefused(403, "You could not be let in", NO_NAME, f"The launch's {key!r}: {error}") from error

    def _of_subject(self, token, name: str) -> str:
        """Return the name of the launch's subject, and record which course they come from."""
        if not self.campus_folder:
            return name
        folder = Path(self.campus_folder)
        try:
            name = check_name(folder, token, name)
        except NotTheirName as error:
            raise SignInRefused(403, "You could not be let in", ANOTHER_ACCOUNT, f"LTI launch: {error}") from error
        note_course(folder, token)
        return name
