"""Login with GitHub, Google or any OAuth 2 provider, for people on the roster.

The provider says who somebody is, the roster says whether they may log in. If something fails, they get an explanation,
and the operator gets the address that failed and the setting to check.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from oauthenticator.google import GoogleOAuthenticator
from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthenticator
from tornado import web
from tornado.httpclient import HTTPClientError
from traitlets import Unicode, default

from exchange.protocol.names import NoName, name_of
from hub_config.services import named_proxies
from hub_config.sign_in.provider_client import ProviderClient
from hub_config.sign_in.refusals import RosterOnly, SignInRefused

NOT_BEGUN_HERE = "This login was begun in another browser or tab, or took too long. Nothing is lost: log in again."
CANCELLED = "The login service did not say who you are: you declined, or it refused. Log in again."
NO_NAME = "The login service did not give a user name that this course can use. Tell the operator of the Hub."
BROKEN = (
    "The login service did not answer properly. This is not your fault, and nothing is lost: try again in a few "
    "minutes. If that does not help, tell the operator of the Hub; the reason is in its log."
)


class Callback(OAuthCallbackHandler):
    """Where the provider sends the browser back."""

    def check_arguments(self) -> None:
        """Raise SignInRefused for an answer that does not belong to this browser's request."""
        try:
            super().check_arguments()
        except web.HTTPError as error:
            declined = bool(self.get_argument("error", ""))
            text = CANCELLED if declined else NOT_BEGUN_HERE
            raise SignInRefused(400, "This login was not finished", text, str(error.log_message)) from error

    async def get(self) -> None:
        """Log in; a name that the Hub can't use is refused with an explanation."""
        try:
            await super().get()
        except SignInRefused:
            raise
        except web.HTTPError as error:
            raise SignInRefused(error.status_code, "You could not be let in", NO_NAME, str(error)) from error


class ClearOAuth(RosterOnly, OAuthenticator):
    """Say what went wrong between the Hub and the provider."""

    callback_handler = Callback

    @default("http_client")
    def _default_http_client(self):
        # An operator's file gives options (`http_request_kwargs`) in the terms of tornado's client.
        if named_proxies() and not self.http_request_kwargs:
            return ProviderClient(getattr(self, "validate_server_cert", True))
        return super()._default_http_client()

    async def get_token_info(self, handler, params):
        """Exchange the code for a token."""
        hint = "do HUB_SIGN_IN__CLIENT_ID and var/secrets/oauth-client-secret match the provider's registration?"
        with self._said(self.token_url, hint):
            return await super().get_token_info(handler, params)

    async def token_to_user(self, token_info):
        """Ask the provider who it is."""
        with self._said(self.userdata_url, "is it the provider's userinfo endpoint?"):
            return await super().token_to_user(token_info)

    def user_info_to_username(self, user_info):
        """Return the roster's name for the provider's answer; raise SignInRefused if there is none."""
        try:
            return name_of(self.account(str(super().user_info_to_username(user_info)), user_info))
        except NoName as error:
            raise SignInRefused(403, "You could not be let in", NO_NAME, f"{self.username_claim!r}: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log = f"No user name in the provider's answer: wanted {self.username_claim!r}, got {_names(user_info)}"
            raise SignInRefused(403, "You could not be let in", NO_NAME, log) from error

    def account(self, said: str, user_info) -> str:
        """Return which part of the provider's answer is the identity: all of it."""
        return said

    @contextmanager
    def _said(self, url: str, hint: str) -> Iterator[None]:
        """Turn anything that a provider can do wrong into one line for the log and a page for the person."""
        try:
            yield
        except (HTTPClientError, web.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
            self.log.error("Login failed at the provider, %s: %s: %s. Check first: %s", url, _kind(error), error, hint)
            raise SignInRefused(502, "The login service is not working", BROKEN, f"{url}: {error}") from error


class GitHub(ClearOAuth, GitHubOAuthenticator):
    """GitHub accounts; the roster's names are GitHub logins in lower case."""


class Google(ClearOAuth, GoogleOAuthenticator):
    """Accounts of one Google Workspace domain; the roster's names are the part before the @."""


class Provider(ClearOAuth, GenericOAuthenticator):
    """Any OAuth 2 or OpenID Connect provider; the claim `username_claim` has the roster's names."""

    domain = Unicode(config=True, help="Mail domain that a name must have; it is removed")

    def account(self, said: str, user_info) -> str:
        """Return the claim; an unverified mail address proves nothing, so it is refused."""
        if self.username_claim == "email" and user_info.get("email_verified") not in (True, "true"):
            log = f"The provider does not say that {said!r} is verified (email_verified): anybody could claim it"
            raise SignInRefused(403, "Your mail address is not verified", NO_NAME, log)
        return without_domain(said, self.domain)


def without_domain(name: str, domain: str) -> str:
    """Return the part before @domain; raise SignInRefused for a name from another domain."""
    if not domain:
        return name
    local, _, its_own = name.rpartition("@")
    if not local or its_own.lower() != domain.lower():
        text = f"You logged in as {name}, but this course accepts only accounts of {domain}. Log in with one of those."
        raise SignInRefused(403, f"This is not an account of {domain}", text, f"{name!r} is not of {domain}")
    return local


def _names(user_info: object) -> str:
    return ", ".join(map(str, user_info)) if isinstance(user_info, dict) else type(user_info).__name__


def _kind(error: Exception) -> str:
    return type(error).__name__
