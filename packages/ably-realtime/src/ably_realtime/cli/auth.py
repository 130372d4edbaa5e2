"""`ably-realtime auth`: tokens for clients that must not have the key."""

from __future__ import annotations

import json
import time
import uuid
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import click
import jwt

from .._rest.requests import ably_errors
from .problems import Failure
from .records import date_time
from .session import Session, command_with_session


def _capability(text: str) -> dict[str, Any]:
    """A capability from JSON such as `{"orders:*":["subscribe"]}`."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found:
        raise click.BadParameter('it is JSON such as {"orders:*":["subscribe"]}')
    return found


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--capability",
        type=_capability,
        metavar="JSON",
        help='What it allows: {"orders:*":["subscribe"]}. By default all that the key does.',
    ),
    click.option(
        "--ttl", type=click.IntRange(1), default=3600, show_default=True, help="Seconds it lasts."
    ),
    click.option("--token-only", is_flag=True, help="Print the token and nothing else."),
)


def _token_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group()
def auth() -> None:
    """Make tokens from the API key."""


@auth.command()
@_token_options
@command_with_session
async def token(
    session: Session, capability: dict[str, Any] | None, ttl: int, token_only: bool
) -> None:
    """Have Ably issue a token."""
    _key(session)
    params: dict[str, Any] = {"ttl": ttl * 1000}
    if capability is not None:
        params["capability"] = capability
    if session.settings.client_id is not None:
        params["client_id"] = session.settings.client_id
    async with session.client() as client:
        with ably_errors():
            details = await client.auth.request_token(params)
    shown = {
        "token": details.token,
        "issued": details.issued,
        "expires": details.expires,
        "clientId": details.client_id,
        "capability": json.loads(str(details.capability)),
    }
    _print(session, shown, token_only=token_only)


@auth.command("jwt")
@_token_options
@command_with_session
async def make_jwt(
    session: Session, capability: dict[str, Any] | None, ttl: int, token_only: bool
) -> None:
    """Sign a JWT with the key, without asking Ably."""
    name, _, secret = _key(session).partition(":")
    allowed = capability or {"*": ["*"]}
    now = int(time.time())
    claims: dict[str, Any] = {
        "iat": now,
        "exp": now + ttl,
        "jti": str(uuid.uuid4()),
        "x-ably-capability": json.dumps(allowed),
    }
    if session.settings.client_id is not None:
        claims["x-ably-clientId"] = session.settings.client_id
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how long the secret is was not decided here
        signed = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": name})
    shown = {
        "token": signed,
        "issued": now * 1000,
        "expires": (now + ttl) * 1000,
        "clientId": session.settings.client_id,
        "capability": allowed,
    }
    _print(session, shown, token_only=token_only)


# Ably CLI calls them so.
auth.add_command(token, "issue-ably-token")
auth.add_command(make_jwt, "issue-jwt-token")


def _key(session: Session) -> str:
    key = session.settings.key
    if key is None:
        raise Failure("tokens are made from an API key", "Set ABLY_API_KEY or pass --api-key.")
    if key.count(":") != 1 or not all(key.split(":")):
        raise Failure("the API key is not of the form appId.keyId:secret")
    return key


def _print(session: Session, shown: Mapping[str, Any], *, token_only: bool) -> None:
    output = session.output
    if output.as_json:
        output.record({name: value for name, value in shown.items() if value is not None})
        return
    if not token_only:
        output.say(f"issued      {date_time(shown['issued'])}")
        output.say(f"expires     {date_time(shown['expires'])}")
        output.say(f"client      {shown['clientId'] or 'any'}")
        output.say(f"capability  {json.dumps(shown['capability'])}")
        output.say("token:")
    output.say(str(shown["token"]))
