"""Errors that explain themselves, wherever they come from, and secrets that appear nowhere."""

from __future__ import annotations

import asyncio
import base64
import copy
import logging
import pickle
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from ably.types.tokendetails import TokenDetails
from ably.util.exceptions import AblyException

from ably_realtime import AblyError, AblyRealtime, Channel, ChannelOptions, CipherParams
from tests.uts.harness import KEY, ClientFactory, FakeClock, await_state, complete, refuse, settle
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    disconnect,
    fail_channel,
    reconnect,
    refuse_publish,
)
from tests.uts.harness.frames import auth, connected, error
from tests.uts.harness.handlers import accept
from tests.uts.harness.messages import attach, connect, failure, send

Call = Callable[[AblyRealtime, Channel], Coroutine[Any, Any, Any]]

FAILING: dict[str, Call] = {
    "attach": lambda client, _: client.channels.get("bad").attach(),
    "publish": lambda _, channel: channel.publish("a"),
    "bad argument": lambda _, channel: channel.publish(object()),  # type: ignore[call-overload]
    "history": lambda _, channel: channel.history(),
    "request": lambda client, _: client.request("GET", "/channels", "3"),
    "time": lambda client, _: client.time(),
}


@pytest.mark.parametrize("name", FAILING)
async def test_an_error_is_old_and_new_at_once_and_travels(
    client: AblyRealtime, channel: Channel, server: ChannelServer, name: str
) -> None:
    """It is `ably`'s exception, too, and survives copying and pickling."""
    server.on_attach = fail_channel(40160, 401, "not yours")
    server.on_publish = refuse_publish(40160, 401, "not yours")
    with pytest.raises(AblyException) as caught:
        await complete(FAILING[name](client, channel))
    raised = caught.value
    assert isinstance(raised, AblyError)
    assert raised.code
    assert 400 <= raised.status_code < 600
    assert str(raised.code) in str(raised)
    assert raised.href in str(raised)
    assert raised.hint is None or raised.hint in str(raised)
    for other in (copy.copy(raised), copy.deepcopy(raised), pickle.loads(pickle.dumps(raised))):  # noqa: S301
        assert type(other) is AblyError
        assert str(other) == str(raised)


async def test_an_error_of_the_server_keeps_all_it_said(
    client: AblyRealtime, server: ChannelServer
) -> None:
    told = {
        "code": 40160,
        "statusCode": 401,
        "message": "not yours",
        "href": "https://example.com/why",
        "cause": {"code": 40101, "statusCode": 401, "message": "because"},
    }
    server.on_attach = lambda frame: {"action": 9, "channel": frame["channel"], "error": told}
    refused = await failure(client.channels.get(CHANNEL).attach())
    assert (refused.code, refused.status_code, refused.message) == (40160, 401, "not yours")
    assert refused.href == "https://example.com/why"
    assert isinstance(refused.cause, AblyError)
    assert refused.cause.code == 40101
    assert "because" in "".join(traceback.format_exception(refused))


async def test_the_cause_of_a_failed_dial_is_kept(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    server.on_connection_attempt = refuse
    client = create_client(transport=server, key=KEY)
    await await_state(client.connection, "disconnected")
    reason = client.connection.error_reason
    assert reason is not None
    assert isinstance(reason.cause, ConnectionRefusedError)
    assert reason.hint


async def test_the_cause_of_a_failed_auth_callback_is_kept(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    original = RuntimeError("the token service is down")

    async def fail(_: object) -> str:
        raise original

    client = create_client(transport=server, auth_callback=fail)
    await await_state(client.connection, "disconnected")
    reason = client.connection.error_reason
    assert reason is not None
    chain: list[BaseException | None] = [reason]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__)
    assert original in chain
    assert "the token service is down" in str(reason)


# Secrets

TOKEN = "token-that-is-secret"
RESUME_KEY = "resume-key-that-is-secret"
CIPHER_KEY = b"cipher key is 16"
SECRETS = [
    KEY,
    KEY.partition(":")[2],
    TOKEN,
    RESUME_KEY,
    CIPHER_KEY.decode(),
    base64.b64encode(CIPHER_KEY).decode(),
]


def revealed(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("credentials", ["key", "token", "token_details", "auth_callback"])
async def test_no_repr_shows_a_secret(
    create_client: ClientFactory, server: ChannelServer, credentials: str
) -> None:
    async def callback(_: object) -> str:
        return TOKEN

    options: dict[str, dict[str, Any]] = {
        "key": {"key": KEY},
        "token": {"token": TOKEN},
        "token_details": {"token_details": TokenDetails(token=TOKEN)},
        "auth_callback": {"auth_callback": callback},
    }
    server.on_connection_attempt = accept(connected("id", RESUME_KEY))
    client = create_client(transport=server, **options[credentials])
    await await_state(client.connection, "connected")
    channel = await attach(client, CHANNEL, ChannelOptions(cipher=CipherParams(CIPHER_KEY)))
    assert client.connection.key == RESUME_KEY
    shown = [
        client,
        client.options,
        client.connection,
        client.connection.details,
        client.channels,
        channel,
        channel.options,
        channel.options.cipher,
        channel.presence,
        channel.annotations,
        channel.messages(),
        *asyncio.all_tasks(),
    ]
    for thing in shown:
        assert not revealed(repr(thing) + str(thing)), repr(thing)


async def test_no_log_line_shows_a_secret(
    create_client: ClientFactory, server: ChannelServer, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG, through connecting, resuming, renewing a token and failing."""
    made = iter(range(100))

    async def callback(_: object) -> TokenDetails:
        expires = int(FakeClock.running().time()) + 3_600_000
        return TokenDetails(token=f"{TOKEN}-{next(made)}", expires=expires)

    server.on_connection_attempt = accept(connected("id", RESUME_KEY))
    with caplog.at_level(logging.DEBUG):
        client = create_client(transport=server, auth_callback=callback)
        await await_state(client.connection, "connected")
        channel = await attach(client, CHANNEL, ChannelOptions(cipher=CipherParams(CIPHER_KEY)))
        await reconnect(client, server)
        await send(server, auth())
        await complete(channel.publish("a", "b"))
        client.connection.create_recovery_key()
        await send(server, error(40142, 401, "token expired", channel=CHANNEL))
        await send(server, error(40400, 404, "no such app"))
        await complete(client.close())
        await settle()
    assert next(made) >= 2
    ours = [record for record in caplog.records if record.name.startswith("ably_realtime")]
    assert len(ours) > 10
    for record in ours:
        assert not revealed(record.getMessage() + str(record.exc_text))


async def test_info_is_one_line_for_each_reconnection_attempt(
    create_client: ClientFactory, server: ChannelServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(create_client, server, endpoint="ably.example.com")
    await disconnect(client, server)
    attempts = len(server.attempts)
    with caplog.at_level(logging.INFO):
        await FakeClock.running().advance(100_000)
    attempts = len(server.attempts) - attempts
    assert attempts >= 3
    lines = [r.getMessage() for r in caplog.records if r.name.startswith("ably_realtime")]
    assert len(lines) == attempts, "\n".join(lines)
    assert all("connection refused" in line for line in lines)
