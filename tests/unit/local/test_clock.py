from __future__ import annotations

import asyncio
import gc

import pytest

from ably_local.clock import Clock, Timer


def timers_alive() -> int:
    """How many timers there are in the process, due or cancelled."""
    gc.collect()
    return sum(isinstance(found, Timer) for found in gc.get_objects())


def standing() -> Clock:
    """A clock that moves only when it is advanced."""
    return Clock(lambda: 1_000.0)


def test_it_begins_where_its_source_is() -> None:
    assert standing().now() == 1_000


def test_it_moves_by_what_it_is_advanced() -> None:
    clock = standing()
    clock.advance(250)
    clock.advance(0.5)
    assert clock.now() == 1_250


def test_it_only_moves_forward() -> None:
    with pytest.raises(ValueError, match="forward"):
        standing().advance(-1)


def test_timers_fire_in_order_each_at_its_own_moment() -> None:
    clock = standing()
    fired: list[tuple[str, int]] = []
    for delay, name in ((30, "c"), (10, "a"), (20, "b"), (20, "b too"), (99, "never")):
        clock.call_later(delay, lambda name=name: fired.append((name, clock.now())))  # type: ignore[misc]
    clock.advance(50)
    assert fired == [("a", 1_010), ("b", 1_020), ("b too", 1_020), ("c", 1_030)]
    assert clock.now() == 1_050


def test_a_timer_armed_by_a_timer_fires_in_the_same_advance() -> None:
    clock = standing()
    fired: list[int] = []

    def again() -> None:
        fired.append(clock.now())
        clock.call_later(10, again)

    clock.call_later(10, again)
    clock.advance(35)
    assert fired == [1_010, 1_020, 1_030]


def test_a_cancelled_timer_does_not_fire() -> None:
    clock = standing()
    fired: list[str] = []
    first = clock.call_later(10, lambda: fired.append("first"))
    second = clock.call_later(20, lambda: fired.append("second"))
    second.cancel()
    clock.advance(50)
    first.cancel()
    assert fired == ["first"]


def test_timers_that_were_cancelled_are_let_go_long_before_they_are_due() -> None:
    clock = standing()
    fired: list[int] = []
    before = timers_alive()
    for number in range(10_000):
        timer = clock.call_later(3_600_000, lambda: fired.append(0))
        if number % 1_000:
            timer.cancel()
    assert timers_alive() - before < 200
    clock.advance(3_600_000)
    assert len(fired) == 10


async def test_timers_fire_by_themselves_once_started() -> None:
    clock = Clock()
    fired = asyncio.Event()
    clock.call_later(1, fired.set)
    clock.start(asyncio.get_running_loop())
    await asyncio.wait_for(fired.wait(), 5)
    clock.stop()


async def test_a_stopped_clock_fires_nothing() -> None:
    clock = Clock()
    clock.start(asyncio.get_running_loop())
    fired: list[str] = []
    clock.call_later(0, lambda: fired.append("late"))
    clock.stop()
    await asyncio.sleep(0)
    clock.advance(1_000)
    assert fired == []


def test_the_time_is_that_of_the_wall() -> None:
    import time

    assert abs(Clock().now() - time.time() * 1000) < 5_000
