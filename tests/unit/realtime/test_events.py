"""Listening to changes (RTE)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ably_realtime._driver.listeners import Tasks
from ably_realtime.errors import AblyError
from ably_realtime.events import Emitter
from ably_realtime.states import ConnectionEvent, ConnectionState


@pytest.fixture
def emitter() -> Emitter[int]:
    return Emitter(ConnectionEvent, Tasks())


@pytest.fixture
def heard() -> list[int]:
    return []


def emit(emitter: Emitter[int]) -> None:
    emitter.emit("connected", 1)
    emitter.emit("failed", 2)
    emitter.emit("connected", 3)


@pytest.mark.parametrize(
    "event", ["connected", ConnectionEvent.CONNECTED, ConnectionState.CONNECTED]
)
def test_of_one_event(emitter: Emitter[int], heard: list[int], event: str) -> None:
    emitter.on(event, heard.append)
    emit(emitter)
    assert heard == [1, 3]


def test_of_every_event(emitter: Emitter[int], heard: list[int]) -> None:
    emitter.on(heard.append)
    emit(emitter)
    assert heard == [1, 2, 3]


def test_registered_twice_is_called_twice(emitter: Emitter[int], heard: list[int]) -> None:
    """RTE3."""
    for _ in range(2):
        emitter.on(heard.append)
    emitter.emit("failed", 1)
    assert heard == [1, 1]


def test_once(emitter: Emitter[int], heard: list[int]) -> None:
    """RTE4."""
    emitter.once(heard.append)
    emitter.once(heard.append)
    emitter.once("failed", heard.append)
    emitter.on("connected", heard.append)
    emit(emitter)
    assert heard == [1, 1, 1, 2, 3]


def test_once_means_once_even_for_what_the_listener_itself_causes(emitter: Emitter[int]) -> None:
    calls: list[int] = []

    def listener(change: int) -> None:
        calls.append(change)
        emitter.emit("connected", change + 1)

    emitter.once(listener)
    emitter.emit("connected", 1)
    assert calls == [1]


class Listener:
    def __init__(self) -> None:
        self.heard: list[int] = []

    def method(self, change: int) -> None:
        self.heard.append(change)


@pytest.mark.parametrize(
    ("remove", "left"),
    [
        (lambda emitter, listener: emitter.off("connected", listener.method), [1, 2, 3, 2]),
        (lambda emitter, listener: emitter.off("closed", listener.method), [1, 1, 2, 2, 3, 3]),
        (lambda emitter, listener: emitter.off(listener.method), []),
        (lambda emitter, listener: emitter.off(listener.heard.append), [1, 1, 2, 2, 3, 3]),
        (lambda emitter, listener: emitter.off(), []),
    ],
)
def test_off(
    emitter: Emitter[int], remove: Callable[[Emitter[int], Listener], None], left: list[int]
) -> None:
    """RTE5."""
    listener = Listener()
    emitter.on(listener.method)
    emitter.on("connected", listener.method)
    emitter.once("failed", listener.method)
    remove(emitter, listener)
    emit(emitter)
    assert sorted(listener.heard) == sorted(left)


def test_a_registration_ends_itself_and_no_other(emitter: Emitter[int], heard: list[int]) -> None:
    first = emitter.on(heard.append)
    emitter.once("failed", heard.append)
    first.unsubscribe()
    first.unsubscribe()
    emit(emitter)
    assert heard == [2]


def test_what_the_library_watches_is_not_for_the_application_to_remove(
    emitter: Emitter[int], heard: list[int]
) -> None:
    """RTC10."""
    stop = emitter.watch(lambda _, change: heard.append(change))
    emitter.off()
    emit(emitter)
    stop()
    emit(emitter)
    assert heard == [1, 2, 3]


async def test_changes_to_iterate_over(emitter: Emitter[int]) -> None:
    async with emitter.changes() as stream:
        emit(emitter)
        assert [await anext(stream) for _ in range(3)] == [1, 2, 3]


def test_the_listeners_of_a_change_are_those_before_it(
    emitter: Emitter[int], heard: list[int]
) -> None:
    """RTE6a."""

    def swap(change: int) -> None:
        emitter.off(last)
        emitter.on(added)

    def last(change: int) -> None:
        heard.append(change)

    def added(change: int) -> None:
        heard.append(-change)

    emitter.once(swap)
    emitter.on(last)
    emitter.emit("connected", 1)
    assert heard == [1]
    emitter.emit("connected", 2)
    assert heard == [1, -2]


def test_a_listener_that_raises_is_logged_and_stops_nobody(
    emitter: Emitter[int], heard: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """RTE6."""

    def fail(change: int) -> None:
        raise ValueError("mine")

    emitter.on(fail)
    emitter.on(heard.append)
    emit(emitter)
    assert heard == [1, 2, 3]
    assert "mine" in caplog.text


def test_called_now_with_nothing(emitter: Emitter[int]) -> None:
    """RTN26a, RTL25a."""
    heard: list[object] = []
    emitter.call_now(heard.append)
    emit(emitter)
    assert heard == [None]


async def test_an_async_listener_gets_changes_one_after_another(emitter: Emitter[int]) -> None:
    log: list[str] = []
    done = asyncio.Event()

    async def listen(change: int) -> None:
        log.append(f"begin {change}")
        await asyncio.sleep(0)
        log.append(f"end {change}")
        if change == 3:
            done.set()

    emitter.on(listen)
    emit(emitter)
    await done.wait()
    assert log == ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]


@pytest.mark.parametrize("method", ["on", "once", "off"])
@pytest.mark.parametrize(
    "args",
    [
        ("connected", "listener"),
        ("connected",),
        ("connected", print, 1),
        ("conected", print),
    ],
    ids=str,
)
def test_bad_arguments(emitter: Emitter[int], method: str, args: tuple[Any, ...]) -> None:
    with pytest.raises(AblyError, match=r"listener|conected") as caught:
        getattr(emitter, method)(*args)
    assert caught.value.code == 40000


@pytest.mark.parametrize("method", ["on", "once"])
def test_a_listener_is_needed(emitter: Emitter[int], method: str) -> None:
    with pytest.raises(AblyError, match="listener"):
        getattr(emitter, method)()
