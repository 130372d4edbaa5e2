"""The client among the tools of asyncio: task groups, timeouts, threads, several loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ably_realtime import AblyError, AblyRealtime, Channel
from tests.behaviour.scene import say
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    MockWebSocket,
    await_state,
    complete,
    settle,
)
from tests.uts.harness.channels import CHANNEL, ChannelServer, fail_channel, ignore, refuse_publish
from tests.uts.harness.messages import attach, begin, collect, connect, failure


async def test_a_task_group_of_publishes(channel: Channel, server: ChannelServer) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(channel.publish(str(number))) for number in range(10)]
    assert all(task.done() for task in tasks)
    sent = server.sent_with(Action.MESSAGE)
    assert [frame["messages"][0]["name"] for frame in sent] == [str(n) for n in range(10)]
    assert [frame["msgSerial"] for frame in sent] == list(range(10))


async def test_one_failure_in_a_task_group_cancels_its_siblings(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    server.on_attach = lambda frame: (
        fail_channel(40160, 401, "not yours")(frame) if frame["channel"] == "bad" else None
    )
    tasks: list[asyncio.Task[None]] = []

    async def attach_both() -> None:
        async with asyncio.TaskGroup() as group:
            channels = [client.channels.get(name) for name in ("slow", "bad")]
            tasks.extend(group.create_task(channel.attach()) for channel in channels)

    with pytest.raises(ExceptionGroup) as caught:
        await attach_both()
    (error,) = caught.value.exceptions
    assert isinstance(error, AblyError)
    assert error.code == 40160
    assert [task.cancelled() for task in tasks] == [True, False]
    assert client.connection.state == "connected"


async def test_except_star_selects_our_errors(channel: Channel, server: ChannelServer) -> None:
    server.on_publish = refuse_publish(40160, 401, "not yours")
    codes: list[int] = []
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(channel.publish("a"))
    except* AblyError as errors:
        codes.extend(error.code for error in errors.exceptions if isinstance(error, AblyError))
    assert codes == [40160]


UNANSWERED: dict[str, Callable[[Channel], Coroutine[Any, Any, Any]]] = {
    "attach": lambda channel: channel.attach(),
    "publish": lambda channel: channel.publish("a"),
    "once_async": lambda channel: channel.once_async("failed"),
    "iterate": lambda channel: channel.messages().__aenter__(),
    "presence.enter": lambda channel: channel.presence.enter(),
}


@pytest.mark.parametrize("name", UNANSWERED)
async def test_a_timeout_ends_the_wait_as_a_timeout(
    client: AblyRealtime, server: ChannelServer, name: str
) -> None:
    server.on_attach = ignore
    server.on_publish = ignore
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await UNANSWERED[name](client.channels.get(CHANNEL))
    assert client.connection.state == "connected"


async def test_an_error_inside_a_timeout_stays_what_it_is(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = fail_channel(40160, 401, "not yours")
    with pytest.raises(AblyError) as caught:
        async with asyncio.timeout(60):
            await client.channels.get(CHANNEL).attach()
    assert caught.value.code == 40160


async def test_gather_collects_results_and_errors(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = lambda frame: (
        fail_channel(40160, 401, "not yours")(frame)
        if frame["channel"] == "bad"
        else {"action": Action.ATTACHED, "channel": frame["channel"]}
    )
    channels = [client.channels.get(name) for name in ("good", "bad")]
    outcomes = await complete(
        asyncio.gather(*(channel.attach() for channel in channels), return_exceptions=True)
    )
    assert outcomes[0] is None
    assert isinstance(outcomes[1], AblyError)


async def test_shield_and_wait_for(channel: Channel, server: ChannelServer) -> None:
    server.on_publish = ignore
    publishing = await begin(channel.publish("a"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(publishing), 0)
    assert not publishing.done()
    server.send({"action": Action.ACK, "msgSerial": 0, "count": 1, "res": [{"serials": ["s"]}]})
    assert (await complete(publishing)).serials == ("s",)


async def test_from_another_thread(channel: Channel, server: ChannelServer) -> None:
    loop = asyncio.get_running_loop()
    results: list[Any] = []

    def work() -> None:
        future = asyncio.run_coroutine_threadsafe(channel.publish("from a thread"), loop)
        results.append(future.result(timeout=10))

    await loop.run_in_executor(None, work)
    assert len(results) == 1
    assert server.sent_with(Action.MESSAGE)[0]["messages"][0]["name"] == "from a thread"


async def test_a_call_from_another_thread_says_what_to_do(client: AblyRealtime) -> None:
    caught: list[AblyError] = []

    def work() -> None:
        try:
            client.connect()
        except AblyError as error:
            caught.append(error)

    await asyncio.get_running_loop().run_in_executor(None, work)
    assert "event loop" in caught[0].message
    assert caught[0].hint


async def test_two_clients_in_one_loop(create_client: ClientFactory) -> None:
    servers = [ChannelServer(), ChannelServer()]
    channels = [await attach(await connect(create_client, s), CHANNEL) for s in servers]
    heard = [await collect(channel) for channel in channels]
    await say(servers[0], "first")
    await say(servers[1], "second")
    await complete(channels[1].publish("mine"))
    assert [[m.name for m in messages] for messages in heard] == [["first"], ["second"]]
    assert not servers[0].sent_with(Action.MESSAGE)


async def test_many_waiters_for_one_attach(client: AblyRealtime, server: ChannelServer) -> None:
    channel = client.channels.get(CHANNEL)
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(channel.attach())
    assert len(server.attaches) == 1


async def test_cancelling_one_waiter_leaves_the_others(
    client: AblyRealtime, server: ChannelServer
) -> None:
    server.on_attach = ignore
    channel = client.channels.get(CHANNEL)
    first, second = await begin(channel.attach()), await begin(channel.attach())
    first.cancel()
    await settle()
    server.send({"action": Action.ATTACHED, "channel": CHANNEL})
    await complete(second)
    assert first.cancelled()


# Where there is no loop, or another one


def test_made_outside_a_loop_it_connects_in_the_first_that_uses_it() -> None:
    """Where `ably` 3.x raised RuntimeError."""
    server = ChannelServer()
    client = AblyRealtime(key=KEY, transport=server)
    channel = client.channels.get(CHANNEL)
    assert not server.attempts

    async def use() -> str:
        async with client:
            await client.connection.once_async("connected")
            await channel.attach()
            return channel.state

    assert asyncio.run(use()) == "attached"


def test_made_outside_a_loop_without_auto_connect_it_waits_to_be_told() -> None:
    server = ChannelServer()
    client = AblyRealtime(key=KEY, transport=server, auto_connect=False)

    async def use() -> str:
        async with client:
            await settle()
            return client.connection.state

    assert asyncio.run(use()) == "initialized"
    assert not server.attempts


def test_listeners_can_be_added_outside_a_loop() -> None:
    changes: list[str] = []
    client = AblyRealtime(key=KEY, transport=ChannelServer(), auto_connect=False)
    client.connection.on(lambda change: changes.append(change.current))

    async def use() -> None:
        client.connect()
        await client.close()

    asyncio.run(use())
    assert changes[0] == "connecting"
    assert changes[-1] == "closed"


def test_connecting_without_a_loop_says_what_to_do() -> None:
    with pytest.raises(AblyError) as caught:
        AblyRealtime(key=KEY, transport=MockWebSocket(), auto_connect=False).connect()
    assert "event loop" in caught.value.message
    assert "asyncio.run" in str(caught.value.hint)


def test_a_second_loop_is_refused_with_what_to_do() -> None:
    client = AblyRealtime(key=KEY, transport=ChannelServer(), auto_connect=False)

    async def close() -> None:
        await client.close()

    async def connect_again() -> None:
        client.connect()

    asyncio.run(close())
    with pytest.raises(AblyError) as caught:
        asyncio.run(connect_again())
    assert "another event loop" in caught.value.message
    assert "one client per event loop" in str(caught.value.hint)


def test_a_client_in_a_loop_of_its_own_thread() -> None:
    """As in threaded frameworks: one loop in the background, used from outside."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        client = AblyRealtime(key=KEY, transport=ChannelServer(), auto_connect=False)

        async def use() -> list[str]:
            async with client:
                client.connect()
                channel = client.channels.get(CHANNEL)
                await channel.attach()
                await channel.publish("a")
                return [client.connection.state, channel.state]

        used = asyncio.run_coroutine_threadsafe(use(), loop).result(timeout=10)
        assert used == ["connected", "attached"]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# After close

AFTER_CLOSE: dict[str, Callable[[AblyRealtime, Channel], Coroutine[Any, Any, Any]]] = {
    "ping": lambda client, _: client.connection.ping(),
    "once_async": lambda client, _: client.connection.once_async("connected"),
    "attach": lambda _, channel: channel.attach(),
    "publish": lambda _, channel: channel.publish("a"),
    "subscribe": lambda _, channel: channel.subscribe(print),
    "messages": lambda _, channel: channel.messages().__aenter__(),
    "presence.get": lambda _, channel: channel.presence.get(),
    "presence.subscribe": lambda _, channel: channel.presence.subscribe(print),
    "annotations.publish": lambda _, channel: channel.annotations.publish("s", {"type": "t"}),
}


@pytest.mark.parametrize("name", AFTER_CLOSE)
async def test_after_close_errors_say_what_to_do(
    client: AblyRealtime, channel: Channel, name: str
) -> None:
    await complete(client.close())
    error = await failure(AFTER_CLOSE[name](client, channel))
    assert error.code == 80017
    assert "closed" in error.message
    assert "connect()" in str(error.hint)


async def test_entering_after_close_says_to_attach(client: AblyRealtime, channel: Channel) -> None:
    """By RTP8g the channel, DETACHED by now, is what stands in the way."""
    await complete(client.close())
    error = await failure(channel.presence.enter())
    assert "detached" in error.message
    assert "Attach" in str(error.hint)


async def test_closing_twice_and_at_once(client: AblyRealtime, server: ChannelServer) -> None:
    await complete(asyncio.gather(client.close(), client.close()))
    await complete(client.close())
    assert len(server.sent_with(Action.CLOSE)) == 1


async def test_a_closed_client_connects_again(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    await complete(client.close())
    client.connect()
    await await_state(client.connection, "connected")
    await complete(channel.attach())
    await complete(channel.publish("a"))


async def test_an_exception_in_async_with_closes_and_passes_on(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = create_client(transport=server, key=KEY)
    with pytest.raises(ZeroDivisionError):
        async with client:
            raise ZeroDivisionError
    assert client.connection.state == "closed"
