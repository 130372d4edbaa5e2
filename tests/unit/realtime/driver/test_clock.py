"""The running loop's clock."""

from __future__ import annotations

import asyncio
import time

import pytest

from ably_realtime._driver.clock import LoopClock


async def test_now_is_the_loop_in_milliseconds() -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    assert before * 1000 <= LoopClock().now() <= loop.time() * 1000


def test_time_is_the_wall_clock_in_milliseconds() -> None:
    before = time.time()
    assert before * 1000 <= LoopClock().time() <= time.time() * 1000


async def test_called_when_now_has_reached_the_time() -> None:
    clock = LoopClock()
    called: list[str] = []
    handle = clock.call_at(clock.now() + 60_000, lambda: called.append("in a minute"))
    assert isinstance(handle, asyncio.TimerHandle)
    assert handle.when() * 1000 == pytest.approx(clock.now() + 60_000, abs=10_000)

    due = asyncio.Event()
    clock.call_at(clock.now() - 1, due.set)
    clock.call_at(clock.now() - 1, lambda: called.append("cancelled")).cancel()
    await due.wait()
    handle.cancel()
    assert called == []
