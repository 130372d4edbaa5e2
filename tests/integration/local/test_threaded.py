from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ably import AblyRest
from ably.sync import AblyRestSync

from ably_local import ErrorInfo, ThreadedLocalAbly
from ably_realtime import AblyRealtime


def test_synchronous_code_uses_it() -> None:
    with ThreadedLocalAbly() as server, AblyRestSync(**server.client_options()) as rest:
        rest.channels.get("orders").publish("created", {"id": 1})
        assert [message.data for message in server.published("orders")] == [{"id": 1}]
        assert server.channels == ["orders"]
        server.reset()
        assert server.published("orders") == []


async def test_asynchronous_code_uses_it() -> None:
    with ThreadedLocalAbly() as server:
        async with AblyRealtime(client_id="alice", **server.client_options()) as client:
            channel = client.channels.get("room")
            await channel.presence.enter("here")
            assert [member.client_id for member in server.present("room")] == ["alice"]
            [attached] = server.attached("room")
            assert server.connections == [attached]
            assert any(frame.connection_id == attached.id for frame in server.frames)
            server.clear_frames()
            assert server.frames == []


def test_it_can_be_used_from_event_loop_after_event_loop() -> None:
    async def publish() -> None:
        async with AblyRest(**server.client_options()) as rest:
            await rest.channels.get("orders").publish("created", None)

    with ThreadedLocalAbly() as server:
        for _ in range(2):
            asyncio.run(publish(), debug=True)
        assert len(server.published("orders")) == 2


def test_it_leaves_neither_thread_nor_socket() -> None:
    before = threading.active_count()
    server = ThreadedLocalAbly()
    for _ in range(2):
        with server:
            assert threading.active_count() > before
            port = server.port
            assert f":{port}" in repr(server)
        assert threading.active_count() == before
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert "not running" in repr(server)


def test_it_stops_when_the_block_fails() -> None:
    before = threading.active_count()
    with pytest.raises(LookupError), ThreadedLocalAbly():
        raise LookupError
    assert threading.active_count() == before


def test_what_keeps_it_from_starting_is_raised() -> None:
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), ThreadedLocalAbly(host="127.0.0.1", port=port):
            pass
    with pytest.raises(ValueError, match=r"app\.key:secret"), ThreadedLocalAbly(key="nonsense"):
        pass
    assert threading.active_count() == before


def test_it_must_be_running_and_runs_once() -> None:
    server = ThreadedLocalAbly()
    with pytest.raises(RuntimeError, match="not running"):
        server.published("orders")
    with server, pytest.raises(RuntimeError, match="running already"), server:
        pass


def test_time_and_faults_are_in_the_callers_hands() -> None:
    with ThreadedLocalAbly() as server, AblyRestSync(**server.client_options()) as rest:
        before = server.clock.now()
        server.clock.advance(60_000)
        assert server.clock.now() >= before + 60_000
        server.faults.fail_requests(ErrorInfo(50003, 504, "too late"))
        with pytest.raises(Exception, match="too late"):
            rest.channels.get("orders").publish("created", None)
        with pytest.raises(ValueError, match="only moves forward"):
            server.clock.advance(-1)


def test_a_fault_is_lifted_from_another_thread() -> None:
    with ThreadedLocalAbly() as server, AblyRestSync(**server.client_options()) as rest:
        channel = rest.channels.get("orders")
        with server.faults.fail_requests(ErrorInfo(50003, 504, "too late")) as fault:
            assert server.faults.active == [fault]
            with pytest.raises(Exception, match="too late"):
                channel.publish("created", None)
        channel.publish("created", None)
        assert server.faults.active == []


async def test_what_a_fault_holds_back_goes_on_when_it_is_lifted_from_another_thread() -> None:
    with ThreadedLocalAbly() as server:
        async with AblyRealtime(**server.client_options()) as client:
            channel = client.channels.get("orders")
            await channel.attach()
            fault = server.faults.delay_acks(3_600_000)
            publishing = asyncio.create_task(channel.publish("created"))
            await server.wait_until(lambda: server.published("orders"))
            fault.lift()
            await publishing


async def test_faults_reach_the_sockets() -> None:
    with ThreadedLocalAbly() as server:
        async with AblyRealtime(**server.client_options()) as client:
            await client.connection.once_async("connected")
            dropped = client.connection.once_async("disconnected")
            server.faults.drop_connections()
            await dropped
            await client.connection.once_async("connected")


def test_a_thread_can_wait_for_another() -> None:
    with ThreadedLocalAbly() as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(server.wait_until_sync, lambda: server.published("orders"))
        with AblyRestSync(**server.client_options()) as rest:
            rest.channels.get("orders").publish("created", {"id": 1})
        assert [message.data for message in waiting.result(5)] == [{"id": 1}]
        with pytest.raises(TimeoutError, match="did not happen in 1 ms"):
            server.wait_until_sync(lambda: server.published("others"), timeout=1)


async def test_a_coroutine_waits_without_blocking_its_loop() -> None:
    with ThreadedLocalAbly() as server:
        async with AblyRest(**server.client_options()) as rest:
            waiting = asyncio.create_task(server.wait_until(lambda: server.published("orders")))
            await rest.channels.get("orders").publish("created", {"id": 1})
            assert [message.data for message in await waiting] == [{"id": 1}]
        with pytest.raises(TimeoutError, match="did not happen in 1 ms"):
            await server.wait_until(lambda: False, timeout=1)
        with pytest.raises(RuntimeError, match="await wait_until"):
            server.wait_until_sync(lambda: True)


async def test_a_wait_can_be_cancelled_and_ends_with_the_server() -> None:
    with ThreadedLocalAbly() as server:
        cancelled = asyncio.create_task(server.wait_until(lambda: False))
        left = asyncio.create_task(server.wait_until(lambda: False))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
    with pytest.raises(RuntimeError, match="stopped"):
        await left
