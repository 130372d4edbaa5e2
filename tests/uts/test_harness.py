"""The harness itself: a fault in it would let a wrong client pass."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ably_realtime.seams import TransportRequest
from tests.uts.harness import (
    Action,
    EventType,
    FakeClock,
    Frame,
    MockConnection,
    MockWebSocket,
    accept,
    assert_in_order,
    complete,
    poll_until,
    refuse,
    settle,
)
from tests.uts.harness.frames import closed, connected, heartbeat
from tests.uts.harness.report import UtsReport, summary

JSON = TransportRequest("wss://main.example.com/?format=json")
MSGPACK = TransportRequest("wss://main.example.com/?format=msgpack")


class Listener:
    """A client's end: what it was told, in order."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def received(self, data: str | bytes) -> None:
        self.heard.append(data)

    def alive(self) -> None:
        self.heard.append("alive")

    def dropped(self, error: BaseException | None) -> None:
        self.heard.append(("dropped", type(error)))


async def test_timers_run_in_order_and_at_their_own_time(clock: FakeClock) -> None:
    ran: list[tuple[str, float]] = []
    clock.call_later(20, lambda: ran.append(("second", clock.now())))
    clock.call_later(10, lambda: ran.append(("first", clock.now())))
    clock.call_later(15, lambda: ran.append(("cancelled", clock.now()))).cancel()
    clock.call_later(31, lambda: ran.append(("too late", clock.now())))

    await clock.advance(30)

    assert ran == [("first", 10), ("second", 20)]
    assert clock.now() == 30
    assert [timer.when for timer in clock.pending] == [31]


async def test_what_a_timer_starts_happens_before_the_next(clock: FakeClock) -> None:
    ran: list[float] = []

    async def start_another() -> None:
        clock.call_later(5, lambda: ran.append(clock.now()))

    tasks: list[asyncio.Task[None]] = []
    clock.call_later(10, lambda: tasks.append(asyncio.ensure_future(start_another())))

    await clock.advance(20)

    assert ran == [15]


async def test_a_timer_that_is_due_needs_no_time(clock: FakeClock) -> None:
    ran: list[str] = []
    clock.call_later(0, lambda: ran.append("due"))

    await settle()

    assert ran == ["due"]


async def test_waiting_lets_no_more_time_pass_than_allowed(clock: FakeClock) -> None:
    fired = asyncio.Event()
    clock.call_later(100, fired.set)

    with pytest.raises(AssertionError, match="waited 99 ms"):
        await poll_until(fired.is_set, timeout=99)
    await poll_until(fired.is_set, timeout=1)

    assert clock.now() == 100


async def test_a_result_is_awaited_only_so_long(clock: FakeClock) -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    clock.call_later(100, lambda: future.set_result("late"))

    assert await complete(future, timeout=100) == "late"


def test_order_is_checked() -> None:
    assert_in_order(["a", "x", "b"], ["a", "b"])
    for wrong in (["b", "a"], ["a", "a"], ["a", "c"]):
        with pytest.raises(AssertionError):
            assert_in_order(["a", "x", "b"], wrong)


@pytest.mark.parametrize("request_", [JSON, MSGPACK])
async def test_frames_arrive_after_the_transport(request_: TransportRequest) -> None:
    server = MockWebSocket(accept(connected(), heartbeat()))
    listener = Listener()

    transport = await server.open(request_, listener)
    assert listener.heard == []
    await settle()

    kind = str if request_ is JSON else bytes
    assert [type(data) for data in listener.heard] == [kind, kind]
    assert transport is server.active_connection


async def test_what_a_handler_sends_arrives_later() -> None:
    def on_message(frame: Frame, connection: MockConnection) -> None:
        connection.send_to_client_and_close(closed())

    server = MockWebSocket(accept(), on_message)
    listener = Listener()
    transport = await server.open(JSON, listener)
    await settle()

    transport.send('{"action": 7}')
    assert server.sent == [{"action": Action.CLOSE}]
    assert listener.heard == []
    await settle()

    assert listener.heard == ['{"action": 8}', ("dropped", type(None))]


async def test_what_a_test_sends_has_arrived() -> None:
    server = MockWebSocket(accept(), sees_pings=True)
    listener = Listener()
    await server.open(JSON, listener)
    await settle()

    server.active_connection.send_ping_frame()
    server.active_connection.simulate_disconnect()

    assert listener.heard == ["alive", ("dropped", ConnectionResetError)]


async def test_a_closed_connection_carries_nothing() -> None:
    server = MockWebSocket(accept())
    listener = Listener()
    transport = await server.open(JSON, listener)
    await settle()

    transport.close()
    assert listener.heard == []
    server.active_connection.send_to_client(heartbeat())
    transport.send('{"action": 0}')
    await settle()

    assert listener.heard == [("dropped", type(None))]
    assert server.sent == []
    assert server.client_closes == 1


async def test_a_refused_connection() -> None:
    server = MockWebSocket(refuse)

    with pytest.raises(ConnectionRefusedError):
        await server.open(JSON, Listener())

    assert [event.type for event in server.events] == [
        EventType.CONNECTION_ATTEMPT,
        EventType.CONNECTION_FAILURE,
    ]


def test_a_case_has_the_worst_outcome_of_its_runs(tmp_path: Path) -> None:
    report = UtsReport({"a/1": "a", "a/2": "a", "b/1": "b"}, tmp_path / "report.json")
    runs = {"x": ["a/1"], "y": ["a/1"], "z": ["b/1"]}
    outcomes = {"x": "failed", "y": "passed", "z": "passed"}

    for name, cases in runs.items():
        report.add(cases, outcomes[name])

    assert report.outcomes == {"a/1": "failed", "b/1": "passed"}
    assert list(summary(report.areas, report.outcomes)) == ["UTS: 1/3", "  a: 0/2", "  b: 1/1"]
