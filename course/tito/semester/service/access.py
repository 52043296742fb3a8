"""Who is asking the semester service, and what they may do."""

from fastapi import Request

from exchange.hub.identity import Caller, door_scopes, token_in
from exchange.protocol.models import Refused
from tito.semester.read import Valid
from tito.semester.service.conductor import Conductor

READ, MANAGE = "custom:semester:read", "custom:semester:manage"


async def caller(request: Request) -> Caller:
    """Return who is asking, if their token may reach this service at all."""
    try:
        who: Caller = await request.app.state.identity.caller(token_in(request.headers))
    except Refused as error:
        raise refusal(error.status, error.rule, error.value, error.remedy) from error
    if not who.scopes & (door_scopes("semester") | {READ, MANAGE}):
        raise refusal(
            403, f"{who.name}'s token lacks the scope access:services!service=semester", "", "ask an instructor"
        )
    return who


async def reader(request: Request) -> Caller:
    """Return who is asking, if they may see people and the schedule."""
    return _need(await caller(request), READ, MANAGE)


async def manager(request: Request) -> Caller:
    """Return who is asking, if they may change the semester."""
    return _need(await caller(request), MANAGE)


def _need(who: Caller, *scopes: str) -> Caller:
    if not who.scopes & set(scopes):
        remedy = "log in as an instructor; from a terminal, use a token with this scope from the Hub's token page"
        raise refusal(403, f"{who.name}'s token lacks the scope {scopes[0]}", "", remedy)
    return who


def in_force(conductor: Conductor) -> Valid:
    """Return the semester in force."""
    valid = conductor.valid_in_force()
    if valid is None:
        raise refusal(404, "no semester is in force", "", "an instructor must apply one: `tito semester apply FILE`")
    return valid


def refusal(status: int, rule: str, value: str, remedy: str) -> Refused:
    """Return the answer to a request that breaks a rule of this service."""
    return Ours(rule, value, remedy, status)


class Ours(Refused):
    """A refusal by this service itself; a bare Refused here is the exchange's."""
