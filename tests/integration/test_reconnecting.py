"""Many reconnects leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ably_realtime.seams import TimerHandle
from tests.faults import FaultProxy, Relay
from tests.integration.live import eventually
from tests.integration.sandbox import Sandbox, unique
from tests.uts.harness import record, states

RECONNECTS = 1_000
OPEN_FILES = Path("/dev/fd")


class CountingClock:
    """Real time; knows how many of the client's timers are armed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._armed: set[asyncio.TimerHandle] = set()

    def now(self) -> float:
        return self._loop.time() * 1000

    def time(self) -> float:
        return time.time() * 1000

    def call_at(self, when: float, callback: Callable[[], None]) -> TimerHandle:
        def run() -> None:
            self._armed.discard(handle)
            callback()

        handle = self._loop.call_at(when / 1000, run)
        self._armed.add(handle)
        return handle

    @property
    def armed(self) -> int:
        return sum(not handle.cancelled() for handle in self._armed)


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds."""

    tasks: int
    files: int
    timers: int

    @classmethod
    def now(cls, clock: CountingClock) -> Held:
        return cls(len(asyncio.all_tasks()), len(os.listdir(OPEN_FILES)), clock.armed)

    def is_within(self, other: Held) -> bool:
        return (
            self.tasks <= other.tasks and self.files <= other.files and self.timers <= other.timers
        )


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="this system does not list open files")
async def test_a_thousand_reconnects(sandbox: Sandbox, proxy: FaultProxy) -> None:
    asyncio.get_running_loop().set_debug(False)  # it would take three times as long
    clock = CountingClock()
    client = await sandbox.connected(through=proxy, clock=clock, disconnected_retry_timeout=1)
    channel = client.channels.get(unique("reconnecting"))
    await channel.attach()
    changes = record(client.connection)
    ends = [Relay.reset, Relay.cut, Relay.close]

    async def reconnect(times: int) -> None:
        for number in range(times):
            changes.clear()
            ends[number % len(ends)](proxy.relay)
            await eventually(lambda: "connected" in states(changes))
            await channel.once_async("attached")

    await reconnect(10)
    await eventually(lambda: not any(relay.is_open for relay in proxy.relays[:-1]))
    before = Held.now(clock)
    connection_id = client.connection.id

    await reconnect(RECONNECTS)

    await eventually(lambda: Held.now(clock).is_within(before), waiting_for=f"{before} or less")
    assert client.connection.id == connection_id, "not every reconnect was a resume"
    assert len(proxy.relays) == 1 + 10 + RECONNECTS
