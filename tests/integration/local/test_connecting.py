from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from ably_local import Limits, LocalAbly
from tests.integration.local.raw import (
    AUTH,
    CLOSE,
    CLOSED,
    CONNECTED,
    DISCONNECTED,
    ERROR,
    HEARTBEAT,
    PATIENCE,
    Api,
)


async def test_connected_tells_what_the_connection_is(api: Api, binary: bool) -> None:
    async with api.socket(binary=binary, token={"clientId": "alice"}) as socket:
        frame = socket.connected
        details = frame["connectionDetails"]
        assert details.pop("connectionKey").startswith(frame["connectionId"])
        assert details.pop("serverId")
        assert details == {
            "clientId": "alice",
            "maxMessageSize": 65_536,
            "maxInboundRate": 100_000,
            "maxFrameSize": 524_288,
            "connectionStateTtl": 120_000,
            "maxIdleInterval": 15_000,
        }
        assert "error" not in frame


async def test_a_heartbeat_is_echoed_with_its_id(api: Api, binary: bool) -> None:
    async with api.socket(binary=binary) as socket:
        await socket.send(action=HEARTBEAT, id="one")
        assert await socket.receive() == {"action": HEARTBEAT, "id": "one"}


async def test_a_client_that_asks_for_heartbeats_gets_them_when_idle(api: Api) -> None:
    async with api.socket(heartbeats="true") as socket:
        api.server.clock.advance(15_000)
        assert await socket.receive() == {"action": HEARTBEAT}
        api.server.clock.advance(15_000)
        assert await socket.receive() == {"action": HEARTBEAT}


async def test_a_client_that_sees_pings_gets_no_heartbeats(api: Api) -> None:
    async with api.socket(heartbeats="false") as socket:
        api.server.clock.advance(60_000)
        await socket.silent()


async def test_an_idle_connection_is_kept_alive_with_pings() -> None:
    async with (
        LocalAbly(limits=Limits(max_idle_interval=30)) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        token = await Api(server, http).token()
        reader, writer = await asyncio.open_connection("localhost", server.port)
        request = (
            f"GET /?accessToken={token} HTTP/1.1",
            "Host: localhost",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "\r\n",
        )
        writer.write("\r\n".join(request).encode())
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        connected, ping = 0x81, 0x89
        assert await next_opcode(reader) == connected
        assert await next_opcode(reader) == ping
        writer.close()
        await writer.wait_closed()


async def next_opcode(reader: asyncio.StreamReader) -> int:
    """Read one frame of the WebSocket protocol and return its first byte."""
    async with asyncio.timeout(PATIENCE):
        opcode, length = await reader.readexactly(2)
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2))
        await reader.readexactly(length)
    return opcode


async def test_close_is_confirmed_and_ends_the_connection(api: Api) -> None:
    async with api.socket() as socket:
        key = socket.connected["connectionDetails"]["connectionKey"]
        await socket.send(action=CLOSE)
        assert await socket.receive() == {"action": CLOSED}
        await socket.closed()
    async with api.socket(resume=key) as socket:
        assert socket.connected["error"]["code"] == 80008


async def test_an_unknown_action_is_ignored(api: Api) -> None:
    async with api.socket() as socket:
        await socket.send(action=99, channel="orders")
        await socket.silent()


@pytest.mark.parametrize(
    "data",
    [
        "not json",
        "[]",
        "{}",
        '{"action": "1"}',
        '{"action": true}',
        '{"action": 15, "messages": {}}',
        '{"action": 15, "msgSerial": "0"}',
        '{"action": 10, "channel": 5}',
        '{"action": 10, "flags": 1e999}',
        "[" * 100_000,
        b"\x81\xa6action",
    ],
)
async def test_a_malformed_frame_fails_the_connection(api: Api, data: str | bytes) -> None:
    async with api.socket() as socket:
        await socket.websocket.send(data)
        error = (await socket.expect(ERROR))["error"]
        assert error["statusCode"] == 400
        assert error["code"] in (40001, 80013)
        await socket.closed()


@pytest.mark.parametrize(
    ("query", "code", "status"),
    [
        ({}, 40101, 401),
        ({"accessToken": "nonsense"}, 40101, 401),
        ({"accessToken": "unknown.token"}, 40101, 401),
        ({"accessToken": "a.b.c"}, 40144, 401),
        ({"key": "APP.KEY:SECRET"}, 40101, 401),
        ({"v": "six"}, 40017, 400),
    ],
)
async def test_bad_requests_get_an_error_frame(
    api: Api, query: dict[str, str], code: int, status: int, binary: bool
) -> None:
    async with api.dial(binary=binary, **query) as socket:
        error = (await socket.expect(ERROR))["error"]
        assert (error["code"], error["statusCode"]) == (code, status)
        assert re.search(r"help\.ably\.io/error/", error["href"])
        await socket.closed()


async def test_a_token_nobody_issued_is_unrecognized(api: Api) -> None:
    app_id = api.server.key.partition(".")[0]
    async with api.dial(accessToken=f"{app_id}.forged") as socket:
        assert (await socket.expect(ERROR))["error"]["code"] == 40143


async def test_an_expired_token_is_refused(api: Api) -> None:
    token = await api.token(ttl=5_000)
    api.server.clock.advance(5_000)
    async with api.dial(accessToken=token) as socket:
        error = (await socket.expect(ERROR))["error"]
        assert (error["code"], error["statusCode"]) == (40142, 401)
        assert token not in error["message"]


async def test_the_client_id_must_be_that_of_the_token(api: Api) -> None:
    token = await api.token(clientId="alice")
    async with api.dial(accessToken=token, clientId="bob") as socket:
        error = (await socket.expect(ERROR))["error"]
        assert (error["code"], error["statusCode"]) == (40102, 401)
    async with api.socket(token={"clientId": "*"}, clientId="bob") as socket:
        assert socket.connected["connectionDetails"]["clientId"] == "bob"
    async with api.socket(token={"clientId": "*"}) as socket:
        assert socket.connected["connectionDetails"]["clientId"] == "*"
    async with api.socket() as socket:
        assert "clientId" not in socket.connected["connectionDetails"]


async def test_the_server_asks_for_a_new_token_before_it_disconnects(api: Api) -> None:
    async with api.socket(token={"ttl": 100_000}) as socket:
        api.server.clock.advance(69_900)
        await socket.silent()
        api.server.clock.advance(200)
        await socket.expect(AUTH)
        api.server.clock.advance(30_000)
        error = (await socket.expect(DISCONNECTED))["error"]
        assert (error["code"], error["statusCode"]) == (40142, 401)
        await socket.closed()


async def test_a_token_shorter_than_the_notice_lives_to_its_end(api: Api) -> None:
    async with api.socket(token={"ttl": 30_000}) as socket:
        api.server.clock.advance(29_000)
        await socket.silent()
        api.server.clock.advance(1_000)
        assert (await socket.expect(DISCONNECTED))["error"]["code"] == 40142


async def test_a_renewed_token_keeps_the_connection(api: Api) -> None:
    async with api.socket(token={"ttl": 34_000}) as socket:
        api.server.clock.advance(4_000)
        await socket.expect(AUTH)
        await socket.send(action=AUTH, auth={"accessToken": await api.token(ttl=90_000)})
        again = await socket.expect(CONNECTED)
        assert again["connectionId"] == socket.connected["connectionId"]
        api.server.clock.advance(50_000)
        await socket.silent()


async def test_a_new_token_for_another_client_fails_the_connection(api: Api) -> None:
    async with api.socket(token={"clientId": "alice"}) as socket:
        await socket.send(action=AUTH, auth={"accessToken": await api.token(clientId="bob")})
        assert (await socket.expect(ERROR))["error"]["code"] == 40102
        await socket.closed()


async def test_a_new_token_that_permits_less_fails_the_channels_concerned(api: Api) -> None:
    async with api.socket() as socket:
        await socket.attach("kept")
        await socket.attach("lost")
        token = await api.token(capability='{"kept":["*"]}')
        await socket.send(action=AUTH, auth={"accessToken": token})
        await socket.expect(CONNECTED)
        error = await socket.expect(ERROR)
        assert (error["channel"], error["error"]["code"]) == ("lost", 40160)
        await socket.silent()


async def test_a_connection_is_resumed_within_two_minutes(api: Api) -> None:
    async with api.socket() as first:
        key = first.connected["connectionDetails"]["connectionKey"]
        await first.vanish(api.server)
    api.server.clock.advance(119_000)
    async with api.socket(resume=key) as second:
        assert second.connected["connectionId"] == first.connected["connectionId"]
        assert "error" not in second.connected
        # RTN16d: the key is a new one. The first is still good, should this CONNECTED be lost.
        assert second.connected["connectionDetails"]["connectionKey"] != key
        await second.vanish(api.server)
    api.server.clock.advance(121_000)
    async with api.socket(resume=key) as third:
        assert third.connected["connectionId"] != first.connected["connectionId"]
        assert third.connected["error"]["code"] == 80008


async def test_what_cannot_be_resumed_gets_a_new_connection(api: Api) -> None:
    async with api.socket(token={"clientId": "alice"}) as alice:
        key = alice.connected["connectionDetails"]["connectionKey"]
        async with api.socket(token={"clientId": "bob"}, resume=key) as bob:
            assert bob.connected["error"]["code"] == 80011
        async with api.socket(resume="nonsense") as socket:
            assert socket.connected["error"]["code"] == 80018


async def test_the_socket_that_resumes_replaces_the_other(api: Api) -> None:
    async with api.socket() as first:
        key = first.connected["connectionDetails"]["connectionKey"]
        async with api.socket(resume=key) as second:
            assert second.connected["connectionId"] == first.connected["connectionId"]
            assert (await first.expect(DISCONNECTED))["error"]["code"] == 80016
            await first.closed()
            await second.silent()
