from __future__ import annotations

import asyncio
import logging
import threading
from functools import partial
from typing import Any

import pytest

from ably_local import ThreadedLocalAbly
from ably_realtime import AblyError
from ably_realtime.sync import AblyRealtime
from ably_realtime.sync.callbacks import Callbacks, is_async, off_the_loop

PATIENCE = 10.0


class Caller:
    def __call__(self, item: Any) -> None: ...


class AsyncCaller:
    async def __call__(self, item: Any) -> None: ...


async def coroutine_function(item: Any) -> None: ...


@pytest.mark.parametrize("listener", [print, Caller(), Caller, partial(print, 1), lambda _: None])
def test_an_ordinary_callable_is_a_listener(listener: Any) -> None:
    assert not is_async(listener)
    assert Callbacks(None).callback(listener) == Callbacks(None).callback(listener)


@pytest.mark.parametrize("listener", [coroutine_function, AsyncCaller()])
def test_a_coroutine_function_is_refused(listener: Any) -> None:
    with pytest.raises(AblyError, match="cannot be a coroutine function"):
        Callbacks(None).callback(listener)


def test_callbacks_of_different_listeners_differ() -> None:
    callbacks = Callbacks(None)
    assert callbacks.callback(print) != callbacks.callback(repr)
    assert callbacks.callback(print) != print
    assert hash(callbacks.callback(print)) == hash(callbacks.callback(print))


def test_a_subscription_shows_the_listener_that_was_given() -> None:
    with ThreadedLocalAbly() as server, AblyRealtime(**server.client_options()) as client:
        subscription = client.channels.get("orders").subscribe(print)
        assert repr(subscription) == "<Subscription of <built-in function print>>"


def test_a_dropped_callback_calls_nobody() -> None:
    callbacks = Callbacks(None)
    begun, go_on = threading.Event(), threading.Event()
    heard: list[object] = []

    def first(_: object) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    second = callbacks.callback(heard.append)
    callbacks.callback(first)(None)
    assert begun.wait(PATIENCE)
    second("waits")
    second.drop()
    go_on.set()
    callbacks.settle(PATIENCE)
    assert heard == []


def test_settling_drops_what_a_slow_listener_keeps_waiting() -> None:
    callbacks = Callbacks(None)
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    heard: list[int] = []

    def slow(number: int) -> None:
        heard.append(number)
        begun.set()
        assert go_on.wait(PATIENCE)
        ended.set()

    callback = callbacks.callback(slow)
    for number in range(3):
        callback(number)
    assert begun.wait(PATIENCE)
    callbacks.settle(0.001)
    go_on.set()
    assert ended.wait(PATIENCE)
    callbacks.settle(PATIENCE)
    assert heard == [0]


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_listener_that_raises_is_logged_and_called_again(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    callbacks = Callbacks(None)

    def fail(item: object) -> None:
        raise error(item)

    callback = callbacks.callback(fail)
    with caplog.at_level(logging.ERROR):
        callback("once")
        callback("twice")
        callbacks.settle(PATIENCE)
    assert [record.getMessage() for record in caplog.records] == ["a listener raised"] * 2


async def test_an_auth_callback_leaves_the_loop_alone() -> None:
    threads: list[threading.Thread] = []

    def answer(*args: object) -> object:
        threads.append(threading.current_thread())
        return args

    assert await off_the_loop(answer)({"ttl": 1}) == ({"ttl": 1},)
    assert threads[0] is not threading.current_thread()
    assert threads[0].daemon


async def test_an_async_auth_callback_stays_on_the_loop() -> None:
    async def answer(params: object) -> object:
        return asyncio.get_running_loop(), params

    loop = asyncio.get_running_loop()
    assert await off_the_loop(answer)(1) == (loop, 1)
    assert await off_the_loop(lambda params: answer(params))(2) == (loop, 2)


async def test_what_an_auth_callback_raises_is_raised() -> None:
    def fail(_: object) -> None:
        raise LookupError("no user")

    with pytest.raises(LookupError, match="no user"):
        await off_the_loop(fail)(None)
