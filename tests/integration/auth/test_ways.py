"""Every way to authenticate, against a server that verifies what it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ably.types.tokendetails import TokenDetails

from ably_realtime import AblyError
from tests.integration.live import pass_through, reach
from tests.integration.sandbox import Sandbox, new_sandbox, unique
from tests.uts.harness import record


async def exchange(sandbox: Sandbox, **options: Any) -> str | None:
    """Connect, publish over both the socket and REST; return who the client then is."""
    client = await sandbox.connected(**options)
    name = unique("ways")
    channel = client.channels.get(name)
    received: list[Any] = []
    await channel.subscribe(lambda message: received.append(message.data))
    await channel.publish("over", "realtime")
    await client.rest.channels.get(name).publish("over", "rest")
    page = await channel.history()
    assert {message.data for message in page.items} == {"realtime", "rest"}
    return client.client_id


async def test_a_key() -> None:
    """RSA2, RSA7b4: the server lets the holder of a key be anyone."""
    async with new_sandbox(tls=True) as sandbox:
        assert await exchange(sandbox, key=sandbox.key) == "*"


async def test_a_key_and_a_client_id() -> None:
    async with new_sandbox(tls=True) as sandbox:
        assert await exchange(sandbox, key=sandbox.key, client_id="me") == "me"


@pytest.mark.parametrize("client_id", [None, "me"])
@pytest.mark.parametrize("query_time", [False, True])
async def test_tokens_for_a_key(sandbox: Sandbox, client_id: str | None, query_time: bool) -> None:
    """RSA4, RSA9d."""
    who = await exchange(
        sandbox, key=sandbox.key, use_token_auth=True, query_time=query_time, client_id=client_id
    )
    assert who == client_id


async def test_default_token_params(sandbox: Sandbox) -> None:
    """RSA5, RSA6."""
    client = await sandbox.connected(
        key=sandbox.key,
        use_token_auth=True,
        default_token_params={"ttl": 60_000, "capability": {"orders": ["subscribe"]}},
    )
    details = client.auth.token_details
    assert details.expires - details.issued == 60_000
    assert details.capability.to_dict() == {"orders": ["subscribe"]}
    with pytest.raises(AblyError) as caught:
        await client.channels.get("orders").publish("no", "right")
    assert caught.value.code == 40160


@pytest.mark.parametrize("kind", ["token", "details", "dict", "jwt"])
async def test_a_token(sandbox: Sandbox, kind: str) -> None:
    details = await sandbox.token()
    options: dict[str, dict[str, Any]] = {
        "token": {"token": details.token},
        "details": {"token_details": details},
        "dict": {"token_details": details.to_dict()},
        "jwt": {"token": sandbox.jwt()},
    }
    assert await exchange(sandbox, **options[kind]) is None


@pytest.mark.parametrize("kind", ["opaque", "jwt"])
async def test_a_token_for_somebody(sandbox: Sandbox, kind: str) -> None:
    """RSA7, RSA15: what the client cannot read in a token, the server tells it."""
    rest = sandbox.rest(key=sandbox.key, use_token_auth=True)
    details = await rest.auth.request_token({"client_id": "me"})
    token = details.token if kind == "opaque" else sandbox.jwt(client_id="me")
    assert await exchange(sandbox, token=token) == "me"
    assert await exchange(sandbox, token=token, client_id="me") == "me"


ANSWERS: dict[str, Callable[[TokenDetails, Any], Any]] = {
    "token": lambda details, request: details.token,
    "details": lambda details, request: details,
    "details as a dict": lambda details, request: details.to_dict(),
    "request": lambda details, request: request,
    "request as a dict": lambda details, request: request.to_dict(),
}


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_callback(sandbox: Sandbox, kind: str, is_async: bool) -> None:
    """RSA8d."""
    signer = sandbox.rest(key=sandbox.key, use_token_auth=True)
    params = {"client_id": "me"}
    details = await signer.auth.request_token(params)
    answer = ANSWERS[kind](details, await signer.auth.create_token_request(params))
    asked: list[dict[str, Any]] = []

    def sync(params: dict[str, Any]) -> Any:
        asked.append(params)
        return answer

    async def coroutine(params: dict[str, Any]) -> Any:
        return sync(params)

    callback: Any = coroutine if is_async else sync
    assert await exchange(sandbox, auth_callback=callback, client_id="me") == "me"
    assert asked == [{"client_id": "me"}]


@pytest.mark.parametrize("by", ["details", "jwt"])
async def test_a_token_for_somebody_else_is_fatal(sandbox: Sandbox, by: str) -> None:
    """RSA15c: told from TokenDetails by the client, from a JWT by the server."""
    signer = sandbox.rest(key=sandbox.key, use_token_auth=True)
    details = await signer.auth.request_token({"client_id": "you"})
    token = details if by == "details" else sandbox.jwt(client_id="you")
    client = sandbox.client(auth_callback=lambda _: token, client_id="me")
    client.connect()
    await reach(client.connection, "failed")
    reason = client.connection.error_reason
    assert reason is not None
    assert reason.code == 40102


async def test_capabilities_change_without_a_break(sandbox: Sandbox) -> None:
    """RTC8a1: and a channel that they no longer cover fails."""
    client = await sandbox.connected(key=sandbox.key, use_token_auth=True)
    connection_id = client.connection.id
    kept, lost = client.channels.get("kept"), client.channels.get("lost")
    await kept.attach()
    await lost.attach()
    await client.auth.authorize({"capability": {"kept": ["*"]}})
    await reach(lost, "failed")
    assert lost.error_reason is not None
    assert lost.error_reason.code == 40160
    await kept.publish("still", "here")
    assert (client.connection.id, client.connection.state) == (connection_id, "connected")


async def test_a_token_change_that_the_server_refuses_is_fatal(sandbox: Sandbox) -> None:
    """RTC8a2, RTC8a3."""
    client = await sandbox.connected(token=sandbox.jwt(client_id="me"))
    with pytest.raises(AblyError) as caught:
        await client.auth.authorize(auth_options={"token": sandbox.jwt(client_id="you")})
    assert caught.value.code == 40102
    assert client.connection.state == "failed"


async def test_authorize_can_bring_the_way_to_renew(sandbox: Sandbox) -> None:
    """RSA10g."""
    client = await sandbox.connected(token=sandbox.jwt())
    signer = sandbox.rest(key=sandbox.key, use_token_auth=True)
    options = {"auth_callback": lambda _: signer.auth.request_token({"ttl": 5_000})}
    first = await client.auth.authorize(auth_options=options)
    changes = record(client.connection)
    sandbox.server.clock.advance(5_000)
    await pass_through(changes, ["disconnected", "connected"])
    assert client.auth.token_details.token != first.token


async def test_authorize_can_take_it_away(sandbox: Sandbox) -> None:
    """RSA10j, RSA4a2."""
    client = await sandbox.connected(auth_callback=lambda _: sandbox.jwt())
    await client.auth.authorize(auth_options={"token": sandbox.jwt(ttl=60_000)})
    sandbox.server.clock.advance(60_000)
    await reach(client.connection, "failed")
    reason = client.connection.error_reason
    assert reason is not None
    assert isinstance(reason.cause, AblyError)
    assert (reason.code, reason.cause.code) == (40171, 40142)
