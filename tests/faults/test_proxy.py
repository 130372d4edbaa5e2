"""The fault proxy does what it says, seen from both of its sides."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.faults import Action, Direction, Fate, FaultProxy, Frame
from tests.faults.wire import Format
from tests.integration.live import eventually

ATTACH = {"action": Action.ATTACH, "channel": "a"}
SHORT = 0.05
"""Seconds in which a frame that is not held back would long have arrived."""


class EchoServer:
    """Sends back what it gets, a pair of frames for each; knows how its sockets ended."""

    def __init__(self) -> None:
        self.received: list[str | bytes] = []
        self.open = 0
        self.port = 0

    async def __call__(self, socket: ServerConnection) -> None:
        self.open += 1
        try:
            async for data in socket:
                self.received.append(data)
                await socket.send(data)
        finally:
            self.open -= 1


@pytest.fixture
async def server() -> AsyncIterator[EchoServer]:
    handler = EchoServer()
    async with serve(handler, "127.0.0.1", 0) as listening:
        handler.port = next(iter(listening.sockets)).getsockname()[1]
        yield handler


@pytest.fixture
async def proxy(server: EchoServer) -> AsyncIterator[FaultProxy]:
    async with FaultProxy("127.0.0.1", server.port) as proxy:
        yield proxy


def dial(proxy: FaultProxy, query: str = "format=json") -> connect:
    return connect(f"ws://127.0.0.1:{proxy.port}/?{query}", proxy=None, open_timeout=5)


async def send(socket: ClientConnection, *frames: Frame) -> None:
    for frame in frames:
        await socket.send(json.dumps(frame))


async def receive(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def silent(socket: ClientConnection) -> bool:
    try:
        await asyncio.wait_for(socket.recv(), SHORT)
    except TimeoutError:
        return True
    return False


async def test_frames_pass_and_are_recorded(proxy: FaultProxy) -> None:
    async with dial(proxy, "format=json&resume=key") as socket:
        await send(socket, ATTACH)
        assert await receive(socket) == ATTACH

    assert [(r.direction, r.frame, r.fate) for r in proxy.records] == [
        (Direction.TO_SERVER, ATTACH, Fate.FORWARDED),
        (Direction.TO_CLIENT, ATTACH, Fate.FORWARDED),
    ]
    assert proxy.records[0].at <= proxy.records[1].at
    assert proxy.upgrades[0].params == {"format": "json", "resume": "key"}


async def test_messagepack(proxy: FaultProxy) -> None:
    proxy.on(Action.ATTACH, Direction.TO_CLIENT).replace({"action": 11, "channel": "b"})
    async with dial(proxy, "format=msgpack") as socket:
        await socket.send(Format.MSGPACK.encode({"action": 10, "data": b"\x00"}))
        assert msgpack.unpackb(await socket.recv()) == {"action": 11, "channel": "b"}

    assert proxy.sent(Direction.TO_SERVER) == [{"action": 10, "data": b"\x00"}]


async def test_fragments_and_pings_pass(proxy: FaultProxy) -> None:
    async with dial(proxy) as socket:
        await socket.send(['{"act', 'ion":', "0}"])
        assert await receive(socket) == {"action": 0}
        await asyncio.wait_for(await socket.ping(), 5)


async def test_ping_the_client(proxy: FaultProxy, server: EchoServer) -> None:
    async with dial(proxy) as socket:
        await asyncio.wait_for(proxy.relay.ping(), 5)
        await send(socket, ATTACH)
        assert await receive(socket) == ATTACH


async def test_large_frames_pass(proxy: FaultProxy) -> None:
    frame = {"action": 15, "data": "x" * 300_000}
    async with dial(proxy) as socket:
        await send(socket, frame)
        assert await receive(socket) == frame


async def test_drop_by_action_channel_and_direction(proxy: FaultProxy) -> None:
    rule = proxy.on(Action.ATTACH, Direction.TO_CLIENT, channel="a").drop()
    async with dial(proxy) as socket:
        await send(socket, ATTACH, {"action": 10, "channel": "b"}, {"action": 12, "channel": "a"})
        assert await receive(socket) == {"action": 10, "channel": "b"}
        assert await receive(socket) == {"action": 12, "channel": "a"}

    assert rule.fired == 1
    assert ATTACH in proxy.sent(Direction.TO_CLIENT)
    assert ATTACH not in proxy.delivered(Direction.TO_CLIENT)


async def test_nth_and_times(proxy: FaultProxy) -> None:
    proxy.on(Action.HEARTBEAT, Direction.TO_SERVER, nth=2).drop()
    proxy.on(Action.ACK, Direction.TO_SERVER, times=2).drop()
    async with dial(proxy) as socket:
        await send(socket, *({"action": 0, "id": n} for n in (1, 2, 3)))
        await send(socket, *({"action": 1, "id": n} for n in (4, 5, 6)))
        assert [(await receive(socket))["id"] for _ in range(3)] == [1, 3, 6]


async def test_the_first_rule_acts_and_every_rule_counts(proxy: FaultProxy) -> None:
    proxy.on(Action.HEARTBEAT, Direction.TO_SERVER, nth=1).drop()
    proxy.on(Action.HEARTBEAT, Direction.TO_SERVER, nth=2).replace({"action": 1})
    async with dial(proxy) as socket:
        await send(socket, {"action": 0}, {"action": 0}, {"action": 0})
        assert [await receive(socket) for _ in range(2)] == [{"action": 1}, {"action": 0}]


async def test_a_removed_rule_is_without_effect(proxy: FaultProxy) -> None:
    rule = proxy.on(direction=Direction.TO_SERVER).drop()
    rule.remove()
    async with dial(proxy) as socket:
        await send(socket, ATTACH)
        assert await receive(socket) == ATTACH


async def test_replace_by_function(proxy: FaultProxy) -> None:
    proxy.on(Action.ATTACH, Direction.TO_CLIENT).replace(lambda frame: {**frame, "flags": 4})
    async with dial(proxy) as socket:
        await send(socket, ATTACH)
        assert await receive(socket) == {**ATTACH, "flags": 4}

    assert [r.fate for r in proxy.records] == [Fate.FORWARDED, Fate.DROPPED, Fate.MADE]


async def test_inject_behind_a_frame(proxy: FaultProxy) -> None:
    proxy.on(Action.ATTACH, Direction.TO_CLIENT).inject({"action": 0})
    async with dial(proxy) as socket:
        await send(socket, ATTACH)
        assert [await receive(socket) for _ in range(2)] == [ATTACH, {"action": 0}]


async def test_answer_in_the_servers_place(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.on(Action.ATTACH).answer({"action": 9})
    async with dial(proxy) as socket:
        await send(socket, ATTACH)
        assert await receive(socket) == {"action": 9}

    assert not server.received


async def test_inject_at_any_time(proxy: FaultProxy, server: EchoServer) -> None:
    async with dial(proxy) as socket:
        proxy.relay.inject({"action": 6})
        assert await receive(socket) == {"action": 6}
        proxy.relay.inject({"action": 7}, Direction.TO_SERVER)
        assert await receive(socket) == {"action": 7}

    assert server.received == ['{"action": 7}']


async def test_delay_holds_back_what_follows(proxy: FaultProxy) -> None:
    proxy.on(Action.ATTACH, Direction.TO_CLIENT).delay(5 * SHORT)
    async with dial(proxy) as socket:
        await send(socket, ATTACH, {"action": 0})
        assert await silent(socket)
        assert [await receive(socket) for _ in range(2)] == [ATTACH, {"action": 0}]


async def test_cut_after_n_frames(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.on(direction=Direction.TO_CLIENT, nth=3).cut()
    async with dial(proxy) as socket:
        await send(socket, *({"action": 0, "id": n} for n in (1, 2, 3, 4)))
        assert [(await receive(socket))["id"] for _ in range(2)] == [1, 2]
        with pytest.raises(ConnectionClosed) as closed:
            await receive(socket)

    assert closed.value.rcvd is None
    assert not isinstance(closed.value.__cause__, ConnectionResetError)
    await proxy.until(lambda: not proxy.relay.is_open)


async def test_reset(proxy: FaultProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(
            b"GET /?format=json HTTP/1.1\r\nHost: h\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        proxy.relay.reset()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_close_with_a_code(proxy: FaultProxy) -> None:
    async with dial(proxy) as socket:
        proxy.relay.close(4000, "because")
        await asyncio.wait_for(socket.wait_closed(), 5)

    assert (socket.close_code, socket.close_reason) == (4000, "because")


async def test_half_open(proxy: FaultProxy, server: EchoServer) -> None:
    async with dial(proxy) as socket:
        await send(socket, ATTACH)
        await receive(socket)
        proxy.relay.freeze()
        await send(socket, ATTACH)
        assert await silent(socket)
        socket.transport.abort()

    assert len(server.received) == 1
    assert server.open == 1, "the server was told that the client is gone"


async def test_listener_closed_and_open_again(proxy: FaultProxy) -> None:
    async with dial(proxy) as before:
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await dial(proxy)
        await send(before, ATTACH)
        assert await receive(before) == ATTACH
        await proxy.listen()
        async with dial(proxy) as socket:
            await send(socket, ATTACH)
            assert await receive(socket) == ATTACH


async def test_refused_upgrade(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.on_upgrade(nth=1).refuse()
    with pytest.raises(InvalidMessage):
        await dial(proxy)
    async with dial(proxy):
        pass

    assert len(proxy.upgrades) == 2


async def test_status_on_the_upgrade(proxy: FaultProxy) -> None:
    proxy.on_upgrade(lambda upgrade: "resume" in upgrade.params).respond(
        503, {"error": {"code": 50003}}, {"Server": "x"}
    )
    with pytest.raises(InvalidStatus) as refused:
        await dial(proxy, "format=json&resume=key")
    async with dial(proxy):
        pass

    response = refused.value.response
    assert (response.status_code, response.headers["Server"]) == (503, "x")
    assert json.loads(response.body or b"") == {"error": {"code": 50003}}


async def test_stall_before_the_upgrade(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.on_upgrade().stall()
    async with asyncio.TaskGroup() as tasks:
        dial = tasks.create_task(_dial(proxy))
        await eventually(lambda: len(proxy.upgrades) == 1)
        await asyncio.wait({dial}, timeout=SHORT)
        assert not dial.done()
        dial.cancel()
    assert not proxy.relays


async def _dial(proxy: FaultProxy) -> None:
    await connect(f"ws://127.0.0.1:{proxy.port}", proxy=None)


async def test_stall_after_the_upgrade(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.on_upgrade().freeze()
    async with dial(proxy) as socket:
        await send(socket, ATTACH)
        assert await silent(socket)
        socket.transport.abort()

    assert not server.received


async def test_late_upgrade(proxy: FaultProxy) -> None:
    proxy.on_upgrade().delay(5 * SHORT)
    with pytest.raises(TimeoutError):
        await connect(f"ws://127.0.0.1:{proxy.port}", proxy=None, open_timeout=SHORT)
    async with dial(proxy):
        pass


async def test_http_passes_through_or_is_answered() -> None:
    async def serve_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.read(5) if head.startswith(b"POST") else b"none"
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async with await asyncio.start_server(serve_http, "127.0.0.1", 0) as upstream:
        port = upstream.sockets[0].getsockname()[1]
        async with (
            FaultProxy("127.0.0.1", port) as proxy,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{proxy.port}") as http,
        ):
            proxy.on_request("GET", "/channels/", times=1).respond(401, {"error": {"code": 40142}})
            proxy.on_request(path="/dropped").drop()
            proxy.on_request(path="/late").delay(SHORT)
            refused = await http.get("/channels/a/messages?limit=1")
            passed = await http.get("/channels/a/messages")
            posted = await http.post("/channels/a/messages", content=b"12345")
            late = await http.get("/late")
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get("/dropped")

    assert (refused.status_code, refused.json()) == (401, {"error": {"code": 40142}})
    assert (passed.status_code, passed.text) == (201, "none")
    assert (posted.status_code, posted.text) == (201, "12345")
    assert late.status_code == 201
    assert [(r.method, r.path, r.status) for r in proxy.requests] == [
        ("GET", "/channels/a/messages", 401),
        ("GET", "/channels/a/messages", 201),
        ("POST", "/channels/a/messages", 201),
        ("GET", "/late", 201),
        ("GET", "/dropped", None),
    ]


async def test_leaving_ends_everything(server: EchoServer) -> None:
    before = asyncio.all_tasks()
    async with FaultProxy("127.0.0.1", server.port) as proxy:
        socket = await dial(proxy)
        proxy.relay.freeze()
    await asyncio.wait_for(socket.wait_closed(), 5)
    await asyncio.sleep(0)

    assert {
        task for task in asyncio.all_tasks() - before if "fault-proxy" in task.get_name()
    } == set()
