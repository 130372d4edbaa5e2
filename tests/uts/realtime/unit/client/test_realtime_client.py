"""RTC1-RTC4, RTC12-RTC17: the client object."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from ably import Auth, Push
from ably.rest.push import PushAdmin

from ably_realtime import AblyError
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    MockWebSocket,
    accept,
    await_state,
    complete,
    record,
    reply,
    settle,
    states,
)
from tests.uts.harness.frames import closed, connected


def recovery_key(**channel_serials: str) -> str:
    return json.dumps(
        {
            "connectionKey": "previous-connection-key",
            "msgSerial": 5,
            "channelSerials": channel_serials,
        }
    )


async def connection_params(
    create_client: ClientFactory, *arguments: str, **options: Any
) -> dict[str, str]:
    """The query of a new client's first connection attempt."""
    server = MockWebSocket()
    create_client(*arguments, transport=server, **options)
    attempt = await server.await_connection_attempt()
    return attempt.params


@pytest.mark.uts("realtime/unit/RTC12/constructor-string-detection-0")
async def test_a_string_with_a_colon_is_a_key(create_client: ClientFactory) -> None:
    params = await connection_params(create_client, KEY)

    assert params["key"] == KEY
    assert "accessToken" not in params


@pytest.mark.uts("realtime/unit/RTC12/constructor-string-detection-0")
@pytest.mark.parametrize("token", ["appId.token-string", "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"])
async def test_a_string_without_a_colon_is_a_token(
    create_client: ClientFactory, token: str
) -> None:
    """An Ably token and a JWT: RSC1c asks for each type of token string."""
    params = await connection_params(create_client, token)

    assert params["accessToken"] == token
    assert "key" not in params


@pytest.mark.uts("realtime/unit/RTC12/constructor-string-detection-0")
async def test_an_empty_string_is_an_error(create_client: ClientFactory) -> None:
    with pytest.raises(AblyError):
        create_client("")


@pytest.mark.uts("realtime/unit/RTC12/invalid-arguments-error-1")
async def test_missing_credentials(create_client: ClientFactory) -> None:
    with pytest.raises(AblyError) as caught:
        create_client()

    assert caught.value.code == 40106


@pytest.mark.uts("realtime/unit/RTC2/connection-attribute-0")
async def test_connection(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)

    assert callable(client.connection.connect)
    assert callable(client.connection.close)
    assert callable(client.connection.ping)
    assert client.connection.state == "initialized"


@pytest.mark.uts("realtime/unit/RTC3/channels-attribute-0")
async def test_channels(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)

    channel = client.channels.get("test-RTC3")

    assert channel.name == "test-RTC3"
    assert callable(channel.attach)
    assert callable(channel.publish)
    assert client.channels.get("test-RTC3") is channel


@pytest.mark.uts("realtime/unit/RTC4/auth-attribute-0")
async def test_auth(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)

    assert isinstance(client.auth, Auth)


@pytest.mark.uts("realtime/unit/RTC13/push-attribute-0")
async def test_push(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)

    assert isinstance(client.push, Push)
    assert isinstance(client.push.admin, PushAdmin)


@pytest.mark.uts("realtime/unit/RTC17/client-id-attribute-0")
async def test_client_id(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, client_id="explicit-client-id", auto_connect=False)

    assert client.client_id == "explicit-client-id"
    assert client.client_id == client.auth.client_id


@pytest.mark.uts("realtime/unit/RTC1a/echo-messages-option-0")
async def test_echo_messages_is_the_default(create_client: ClientFactory) -> None:
    params = await connection_params(create_client, key=KEY)

    assert params["echo"] == "true"


@pytest.mark.uts("realtime/unit/RTC1a/echo-messages-option-0")
async def test_echo_messages_off(create_client: ClientFactory) -> None:
    params = await connection_params(create_client, key=KEY, echo_messages=False)

    assert params["echo"] == "false"


@pytest.mark.uts("realtime/unit/RTC1b/auto-connect-option-0")
async def test_auto_connect_is_the_default(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    client = create_client(transport=server, key=KEY)

    await await_state(client.connection, "connecting", "connected")
    await await_state(client.connection, "connected")

    assert len(server.attempts) >= 1


@pytest.mark.uts("realtime/unit/RTC1b/auto-connect-option-0")
async def test_auto_connect_off(create_client: ClientFactory) -> None:
    server = MockWebSocket()
    client = create_client(transport=server, key=KEY, auto_connect=False)
    assert client.connection.state == "initialized"
    assert server.attempts == []

    await settle()

    assert client.connection.state == "initialized"
    assert server.attempts == []


@pytest.mark.uts("realtime/unit/RTC1b/auto-connect-option-0")
async def test_explicit_connect(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    assert client.connection.state == "initialized"

    client.connection.connect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected")

    assert len(server.attempts) == 1


@pytest.mark.uts("realtime/unit/RTC1c/recover-option-0")
async def test_recover_is_sent(create_client: ClientFactory) -> None:
    params = await connection_params(
        create_client, key=KEY, recover=recovery_key(channel1="serial1")
    )

    assert params["recover"] == "previous-connection-key"


@pytest.mark.uts("realtime/unit/RTC1c/recover-option-0")
async def test_recover_is_sent_once(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    client = create_client(transport=server, key=KEY, recover=recovery_key())
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected")

    assert states(changes) == ["disconnected", "connecting", "connected"]
    assert "recover" not in server.attempts[1].params


@pytest.mark.uts("realtime/unit/RTC1c/recover-option-0")
async def test_an_invalid_recovery_key_is_ignored(create_client: ClientFactory) -> None:
    params = await connection_params(
        create_client, key=KEY, recover="invalid-not-a-valid-recovery-key"
    )

    assert "recover" not in params


@pytest.mark.uts("realtime/unit/RTC1f/transport-params-option-0")
async def test_transport_params_are_sent(create_client: ClientFactory) -> None:
    params = await connection_params(
        create_client,
        key=KEY,
        transport_params={"customParam": "customValue", "anotherParam": "123"},
    )

    assert params["customParam"] == "customValue"
    assert params["anotherParam"] == "123"


@pytest.mark.uts("realtime/unit/RTC1f/transport-params-option-0")
async def test_transport_params_are_stringified(create_client: ClientFactory) -> None:
    params = await connection_params(
        create_client,
        key=KEY,
        transport_params={
            "stringParam": "hello",
            "numberParam": 42,
            "boolTrueParam": True,
            "boolFalseParam": False,
        },
    )

    assert params["stringParam"] == "hello"
    assert params["numberParam"] == "42"
    assert params["boolTrueParam"] == "true"
    assert params["boolFalseParam"] == "false"


@pytest.mark.uts("realtime/unit/RTC1f/transport-params-option-0")
async def test_transport_params_override_defaults(create_client: ClientFactory) -> None:
    params = await connection_params(
        create_client, key=KEY, transport_params={"v": "3", "heartbeats": "false"}
    )

    assert params["v"] == "3"
    assert params["heartbeats"] == "false"


@pytest.mark.uts("realtime/unit/RTC15/connect-method-0")
async def test_connect(create_client: ClientFactory) -> None:
    client = create_client(
        transport=MockWebSocket(accept(connected())), key=KEY, auto_connect=False
    )
    assert client.connection.state == "initialized"

    client.connect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected")


@pytest.mark.uts("realtime/unit/RTC16/close-method-0")
async def test_close(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), reply(Action.CLOSE, lambda _: closed()))
    client = create_client(transport=server, key=KEY)
    await await_state(client.connection, "connected")

    closing = asyncio.create_task(client.close())
    await await_state(client.connection, "closing", "closed")
    await await_state(client.connection, "closed")
    await complete(closing)

    assert len(server.sent_with(Action.CLOSE)) == 1


# What the file says of shared options, without an id of its own.


async def test_tls_decides_the_scheme(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    secure = create_client(transport=server, key=KEY, tls=True)
    await await_state(secure.connection, "connected")
    plain = create_client(transport=server, token="test-token", tls=False)
    await await_state(plain.connection, "connected")

    assert [attempt.url.scheme for attempt in server.attempts] == ["wss", "ws"]


async def test_use_binary_protocol_decides_the_format(create_client: ClientFactory) -> None:
    binary = await connection_params(create_client, key=KEY, use_binary_protocol=True)
    text = await connection_params(create_client, key=KEY, use_binary_protocol=False)

    assert binary["format"] == "msgpack"
    assert text["format"] == "json"


async def test_standard_query_parameters(create_client: ClientFactory) -> None:
    params = await connection_params(create_client, key=KEY)

    assert {"v", "format", "heartbeats", "echo"} <= params.keys()
    assert "key" in params or "accessToken" in params
