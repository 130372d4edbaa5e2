"""Where listeners run, and what they may do there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Queue
from typing import Any

import pytest
from ably.sync import AblyRestSync

from ably_local import ThreadedLocalAbly
from ably_realtime.sync import AblyError, AblyRealtime, Message
from tests.integration.sync.conftest import MakeClient

SECONDS = 10.0


def test_listeners_share_one_thread_in_order(client: AblyRealtime) -> None:
    heard = Queue[tuple[str, str | None, int]]()
    channel = client.channels.get("orders")

    def listen(listener: str, message: Message) -> None:
        heard.put((listener, message.name, threading.get_ident()))

    channel.subscribe(partial(listen, "one"))
    channel.subscribe(partial(listen, "two"))
    channel.publish([{"name": "a"}, {"name": "b"}])
    calls = [heard.get(timeout=SECONDS) for _ in range(4)]
    assert [call[:2] for call in calls] == [("one", "a"), ("two", "a"), ("one", "b"), ("two", "b")]
    assert len({call[2] for call in calls}) == 1
    assert calls[0][2] != threading.get_ident()


def test_a_listener_uses_the_client(client: AblyRealtime) -> None:
    answers = Queue[Any]()
    channel = client.channels.get("orders")

    def answer(message: Message) -> None:
        answers.put(channel.publish("answered", message.data).serials)
        answers.put(client.time())
        with channel.messages("answered", timeout=10_000) as stream:
            channel.publish("answered", "from the listener")
            while (latest := next(stream)).data != "from the listener":
                pass
            answers.put(latest.data)

    channel.subscribe("asked", answer)
    channel.publish("asked", "hello")
    assert len(answers.get(timeout=SECONDS)) == 1
    assert isinstance(answers.get(timeout=SECONDS), int)
    assert answers.get(timeout=SECONDS) == "from the listener"


def test_a_listener_that_blocks_holds_up_nothing_else(client: AblyRealtime) -> None:
    begun, go_on = threading.Event(), threading.Event()
    channel = client.channels.get("orders")

    def block(_: Message) -> None:
        begun.set()
        go_on.wait(SECONDS)

    channel.subscribe("created", block)
    channel.publish("created", None)
    assert begun.wait(SECONDS)
    assert client.connection.ping() >= 0
    assert len(channel.publish("created", None).serials) == 1
    go_on.set()


def test_closing_waits_for_listeners(make_client: MakeClient) -> None:
    client = make_client()
    channel = client.channels.get("orders")
    begun, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def take_long(_: Message) -> None:
        begun.set()
        go_on.wait(SECONDS)
        ended.append("listener")

    channel.subscribe(take_long)
    channel.publish("created", None)
    assert begun.wait(SECONDS)

    def release() -> None:
        client.connection.when_state("closed")
        go_on.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    client.close()
    ended.append("close")
    releasing.join()
    assert ended == ["listener", "close"]


def test_a_listener_closes_the_client(client: AblyRealtime) -> None:
    states = Queue[str]()
    channel = client.channels.get("orders")

    def close(_: Message) -> None:
        client.close()
        states.put(client.connection.state)

    channel.subscribe(close)
    channel.publish("created", None)
    assert states.get(timeout=SECONDS) == "closed"


def test_an_executor_calls_listeners(make_client: MakeClient) -> None:
    """Two at once, each of them for one message after another."""
    both = threading.Barrier(2, timeout=SECONDS)
    heard: dict[str, Queue[Any]] = {"one": Queue(), "two": Queue()}
    with ThreadPoolExecutor(4, thread_name_prefix="mine") as mine:
        client = make_client(callback_executor=mine)
        channel = client.channels.get("orders")

        def listen(name: str) -> None:
            def listener(message: Message) -> None:
                both.wait()
                heard[name].put((message.data, threading.current_thread().name))

            channel.subscribe(listener)

        for name in heard:
            listen(name)
        for number in range(20):
            channel.publish("created", str(number))
        for queue in heard.values():
            calls = [queue.get(timeout=SECONDS) for _ in range(20)]
            assert [data for data, _ in calls] == [str(number) for number in range(20)]
            assert all(thread.startswith("mine") for _, thread in calls)
        client.close()
        assert mine.submit(lambda: "not shut down").result() == "not shut down"


def test_an_executor_that_was_shut_down_is_reported(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    mine = ThreadPoolExecutor(1)
    client = make_client(callback_executor=mine)
    channel = client.channels.get("orders")
    channel.subscribe("created", print)
    mine.shutdown()
    with channel.messages(timeout=10_000) as stream:
        channel.publish("created", "1")
        assert next(stream).data == "1"
    client.close()
    assert "cannot schedule new futures after shutdown" in caplog.text


def test_a_coroutine_function_is_no_listener(client: AblyRealtime) -> None:
    async def listener(_: object) -> None: ...

    with pytest.raises(AblyError, match="cannot be a coroutine function"):
        client.connection.on(listener)
    with pytest.raises(AblyError, match="cannot be a coroutine function"):
        client.channels.get("orders").subscribe("created", listener)
    with pytest.raises(AblyError, match="callable"):
        client.connection.on("connected", "listener")  # type: ignore[call-overload]


def test_the_loop_refuses_to_wait_for_itself(
    server: ThreadedLocalAbly, make_client: MakeClient
) -> None:
    """An async `auth_callback` runs on it."""
    refusals = Queue[str]()
    other = make_client()

    async def sign(_: Any) -> Any:
        with pytest.raises(AblyError) as refused:
            other.time()
        refusals.put(refused.value.message)
        return signer.auth.create_token_request()

    with AblyRestSync(server.key) as signer:
        client = make_client(key=None, auth_callback=sign)
        client.connection.when_state("connected", timeout=10_000)
    assert "on the thread of the client's event loop" in refusals.get(timeout=SECONDS)
