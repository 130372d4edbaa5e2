"""What an application or a server gets wrong ends in an error that says what to do."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from ably_local import LocalAbly
from ably_realtime import AblyError, AblyRealtime, ConnectionStateChange

CONNECTED = {
    "action": 4,
    "connectionId": "c1",
    "connectionDetails": {"connectionKey": "k1", "maxIdleInterval": 15_000},
}


@pytest.fixture
async def server() -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        yield server


async def reason_for(client: AblyRealtime, state: str) -> AblyError:
    """Why the client came to a state."""
    changes: asyncio.Queue[ConnectionStateChange] = asyncio.Queue()
    client.connection.on(state, changes.put_nowait)
    client.connect()
    async with asyncio.timeout(10):
        change = await changes.get()
    assert change.reason is not None
    return change.reason


async def test_a_wrong_secret_fails_the_connection() -> None:
    async with LocalAbly(tls=True) as server:
        assert server.ca_file is not None
        name = server.key.partition(":")[0]
        async with AblyRealtime(
            key=f"{name}:not-the-secret",
            endpoint="localhost",
            tls_port=server.port,
            ssl_context=ssl.create_default_context(cafile=str(server.ca_file)),
            auto_connect=False,
        ) as client:
            error = await reason_for(client, "failed")
            assert error.code == 40101
            assert error.status_code == 401
            assert "key" in str(error.hint)
            assert "not-the-secret" not in str(error) + repr(error)


async def test_a_key_over_plain_http_is_refused_at_once(server: LocalAbly) -> None:
    with pytest.raises(AblyError) as caught:
        AblyRealtime(key=server.key, endpoint="localhost", port=server.port, tls=False)
    assert caught.value.code == 40103
    assert "use_token_auth" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ({}, 40106, "authenticate"),
        ({"key": "no-colon-here"}, 40005, "keyName:secret"),
        ({"key": "a.b:c", "recieve": True}, 40000, "recieve"),
        ({"key": "a.b:c", "realtime_request_timout": 5}, 40000, "realtime_request_timout"),
        ({"key": "a.b:c", "realtime_request_timeout": 0}, 40000, "above 0"),
        ({"key": "a.b:c", "realtime_request_timeout": "5"}, 40000, "str"),
        ({"key": "a.b:c", "client_id": "*"}, 40012, "reserved"),
        ({"key": "a.b:c", "tls": "yes"}, 40000, "bool"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], code: int, says: str) -> None:
    with pytest.raises(AblyError) as caught:
        AblyRealtime(**options)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_misspelt_option_is_named_with_the_right_one() -> None:
    with pytest.raises(AblyError, match="Did you mean 'realtime_request_timeout'"):
        AblyRealtime("a.b:c", realtime_request_timout=5)  # type: ignore[call-arg]


@pytest.mark.parametrize("endpoint", ["127.0.0.1", "no-such-host.invalid"])
async def test_a_server_that_cannot_be_reached(endpoint: str, unused_tcp_port: int) -> None:
    async with AblyRealtime(
        token="a-token", endpoint=endpoint, port=unused_tcp_port, tls=False, auto_connect=False
    ) as client:
        error = await reason_for(client, "disconnected")
        assert error.code == 80000
        assert isinstance(error.__cause__, OSError)
        assert "endpoint" in str(error.hint)


async def test_a_malformed_frame_costs_the_transport_not_the_client() -> None:
    dials = 0

    async def answer(socket: ServerConnection) -> None:
        nonlocal dials
        dials += 1
        await socket.send(json.dumps(CONNECTED))
        if dials == 1:
            await socket.send("{this is no frame")
        await socket.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as listener:
        port = next(iter(listener.sockets)).getsockname()[1]
        async with AblyRealtime(
            token="a-token", endpoint="127.0.0.1", port=port, tls=False,
            use_binary_protocol=False, auto_connect=False, realtime_request_timeout=500,
        ) as client:  # fmt: skip
            error = await reason_for(client, "disconnected")
            assert error.code == 80003
            assert "not JSON" in error.message
            async with asyncio.timeout(10):
                await client.connection.once_async("connected")
            assert dials == 2


async def test_unknown_actions_and_flags_are_ignored_with_one_debug_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """RTF1."""
    caplog.set_level(logging.DEBUG, "ably_realtime")

    async def answer(socket: ServerConnection) -> None:
        await socket.send(json.dumps(CONNECTED))
        await socket.send(json.dumps({"action": 99, "novelty": {"deep": [1]}}))
        async for data in socket:
            frame = json.loads(data)
            if frame["action"] == 10:
                attached = {"action": 11, "channel": frame["channel"], "flags": 1 << 40}
                await socket.send(json.dumps(attached))

    async with serve(answer, "127.0.0.1", 0) as listener:
        port = next(iter(listener.sockets)).getsockname()[1]
        async with AblyRealtime(
            token="a-token", endpoint="127.0.0.1", port=port, tls=False,
            use_binary_protocol=False, realtime_request_timeout=500,
        ) as client:  # fmt: skip
            async with asyncio.timeout(10):
                await client.channels.get("orders").attach()
            assert client.connection.state == "connected"
    ignored = [record for record in caplog.records if "ignored" in record.getMessage()]
    assert ["action 99" in record.getMessage() for record in ignored] == [True]
    assert ignored[0].levelno == logging.DEBUG


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("event", "x" * 70_000), 40009),
        (("event", 42), 40013),
        (("event", {"not": {"json": object()}}), 40013),
        ((7,), 40000),
        (([],), 40000),
        (({"nome": "event"},), 40000),
    ],
    ids=["too large", "a number", "not JSON", "no message", "nothing", "unknown field"],
)
async def test_what_cannot_be_published_is_refused_before_anything_is_sent(
    server: LocalAbly, args: tuple[Any, ...], code: int
) -> None:
    async with AblyRealtime(**server.client_options()) as client:
        await client.connection.once_async("connected")
        channel = client.channels.get("orders")
        received: list[Any] = []
        await channel.subscribe(received.append)
        with pytest.raises(AblyError) as caught:
            await channel.publish(*args)
        assert caught.value.code == code
        result = await channel.publish("event", "fine")  # the connection survives
        assert len(result.serials) == 1
        assert [message.data for message in received] == ["fine"]
