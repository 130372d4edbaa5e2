"""Calling listeners, sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from ably_realtime._driver.listeners import Listener, Tasks


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


async def finish(tasks: Tasks) -> None:
    """Wait until no listener is running."""
    while running := tasks.running:
        await asyncio.wait(running)


def test_a_sync_listener_runs_at_once_without_a_loop(tasks: Tasks) -> None:
    heard: list[int] = []
    listener = Listener(heard.append, tasks)
    for item in (1, 2):
        listener(item)
    assert heard == [1, 2]


async def test_an_async_listener_handles_one_item_at_a_time_in_order(tasks: Tasks) -> None:
    log: list[str] = []

    async def listen(item: int) -> None:
        log.append(f"begin {item}")
        await asyncio.sleep(0)
        log.append(f"end {item}")

    listener = Listener(listen, tasks)
    for item in (1, 2, 3):
        listener(item)
    assert [task.get_name() for task in tasks.running] == ["ably-listener"]

    await finish(tasks)
    listener(4)
    await finish(tasks)
    assert log == [f"{what} {item}" for item in (1, 2, 3, 4) for what in ("begin", "end")]


async def test_a_busy_listener_delays_nobody_else(tasks: Tasks) -> None:
    release, passed = asyncio.Event(), asyncio.Event()
    heard: list[str] = []

    async def slow(item: int) -> None:
        await release.wait()
        heard.append(f"slow {item}")

    async def quick(item: int) -> None:
        heard.append(f"quick {item}")
        passed.set()

    busy, other = Listener(slow, tasks), Listener(quick, tasks)
    busy(1)
    other(1)
    await passed.wait()
    assert heard == ["quick 1"]
    release.set()
    await finish(tasks)
    assert heard == ["quick 1", "slow 1"]


async def test_any_awaitable_is_awaited_and_any_other_result_ignored(tasks: Tasks) -> None:
    future = asyncio.get_running_loop().create_future()
    results: list[object] = [future, "ignored", None]
    heard: list[int] = []

    def listen(item: int) -> object:
        heard.append(item)
        return results[item]

    listener = Listener(listen, tasks)
    for item in range(3):
        listener(item)
    assert heard == [0]
    future.set_result(None)
    await finish(tasks)
    assert heard == [0, 1, 2]


async def test_what_raises_is_logged_and_the_next_item_follows(
    tasks: Tasks, caplog: pytest.LogCaptureFixture
) -> None:
    """RTE6."""
    heard: list[int] = []

    def listen(item: int) -> Awaitable[None] | None:
        if item == 2:
            raise ValueError("at once")
        return later(item)

    async def later(item: int) -> None:
        heard.append(item)
        if item == 1:
            raise ValueError("later")

    listener = Listener(listen, tasks)
    for item in (2, 1, 2, 3):
        listener(item)
    await finish(tasks)
    assert heard == [1, 3]
    assert [record.exc_info and str(record.exc_info[1]) for record in caplog.records] == [
        "at once",
        "later",
        "at once",
    ]


async def test_a_listener_cancelled_inside_costs_that_item_only(tasks: Tasks) -> None:
    heard: list[int] = []

    async def listen(item: int) -> None:
        heard.append(item)
        if item == 1:
            raise asyncio.CancelledError  # as awaiting a cancelled task does

    listener = Listener(listen, tasks)
    listener(1)
    listener(2)
    await finish(tasks)
    listener(3)
    await finish(tasks)
    assert heard == [1, 2, 3]


async def test_stopped_it_drops_what_waits(tasks: Tasks) -> None:
    heard: list[str] = []

    async def listen(item: int) -> None:
        heard.append(f"begin {item}")
        await asyncio.sleep(0)
        heard.append(f"end {item}")

    listener = Listener(listen, tasks)
    listener(1)
    listener(2)
    await asyncio.sleep(0)
    listener.stop()
    await finish(tasks)
    assert heard == ["begin 1", "end 1"]


async def test_cancelling_the_task_ends_it(tasks: Tasks) -> None:
    heard: list[int] = []

    async def listen(item: int) -> None:
        heard.append(item)
        await asyncio.Event().wait()

    listener = Listener(listen, tasks)
    listener(1)
    listener(2)
    await asyncio.sleep(0)
    for task in tasks.running:
        task.cancel()
    await finish(tasks)
    assert heard == [1]


async def test_cancelled_before_it_began(tasks: Tasks) -> None:
    """The work is closed: a coroutine that was never awaited would warn."""

    async def work() -> None:
        pytest.fail("it was cancelled before it began")

    task = tasks.start(work(), "work")
    task.cancel()
    await finish(tasks)
    assert task.cancelled()
