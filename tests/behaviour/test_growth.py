"""Many channels, members and listeners: none of them makes a message dearer, or stays behind.

What something costs is counted in calls, of functions of Python and of C, or in bytes: never timed.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import ably_realtime
from ably_realtime import AblyRealtime
from tests.uts.harness import ClientFactory, complete
from tests.uts.harness.channels import ChannelServer, ignore
from tests.uts.harness.frames import Action, Frame, ack, attached, message
from tests.uts.harness.messages import attach, begin, connect

# One block of memory left by each of fewer channels would still be seen.
CHANNELS = 10_000 if os.environ.get("CI") else 2_000
MEMBERS = 20_000 if os.environ.get("CI") else 4_000
PAGE = 100
PACKAGE = str(Path(ably_realtime.__file__).parent)
ROUNDS = 5
KEY = "app.key:secret"


@pytest.fixture
async def client() -> AsyncIterator[AblyRealtime]:
    """A client of a server in another process, whose memory is its own."""
    serve = [sys.executable, "-m", "ably_local", "serve", "--port", "0", "--key", KEY]
    server = await asyncio.create_subprocess_exec(
        *serve, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert server.stdout is not None
        port = int((await server.stdout.readline()).rpartition(b":")[2])
        async with AblyRealtime(
            key=KEY, use_token_auth=True, endpoint="localhost", port=port, tls=False
        ) as client:
            await client.connection.once_async("connected")
            yield client
    finally:
        server.terminate()
        await server.wait()


async def test_thousands_of_channels_leave_no_memory_behind(client: AblyRealtime) -> None:
    # In debug mode asyncio keeps a traceback for every task: that would be measured.
    asyncio.get_running_loop().set_debug(False)

    await one_round(client)
    before = allocated()
    for _ in range(ROUNDS):
        await one_round(client)
    assert allocated() < before * 1.01


# What follows from one event costs the same however many channels there are


@pytest.mark.parametrize("what", ["message", "publish", "attach", "state"])
async def test_the_cost_of_an_event_does_not_depend_on_the_number_of_channels(
    create_client: ClientFactory, what: str
) -> None:
    await calls_for(what, create_client, 1)  # the first use of a logger costs more
    few = await calls_for(what, create_client, 1)
    many = await calls_for(what, create_client, CHANNELS)
    assert few == many


async def calls_for(what: str, create_client: ClientFactory, channels: int) -> int:
    """How many calls one event of a client with that many channels takes."""
    server = ChannelServer()
    client = await connect(create_client, server)
    for number in range(channels):
        await attach(client, f"channel-{number}")
    channel = client.channels.get("channel-0")
    await complete(channel.subscribe(lambda _: None))
    connection = server.active_connection
    match what:
        case "message":
            frame = message(channel.name, {"name": "n", "data": "d"})
        case "publish":
            server.on_publish = ignore
            await begin(channel.publish("n", "d"))
            frame = ack(0, res=[{"serials": ["s"]}])
        case "attach":
            server.on_attach = ignore
            await begin(client.channels.get("new").attach())
            frame = attached("new")
        case _:
            frame = attached(channel.name)
    connection.send_to_client(frame)  # the first of its kind may fill caches
    with counted() as calls:
        connection.send_to_client(frame)
    return calls[0]


async def test_what_a_member_costs_does_not_depend_on_how_many_there_are(
    create_client: ClientFactory,
) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = await attach(client, "channel")
    heard: list[object] = []
    await complete(channel.presence.subscribe(heard.append))

    pages = [
        calls_of(server, page(number, last=number == MEMBERS // PAGE - 1))
        for number in range(MEMBERS // PAGE)
    ]
    assert len(await complete(channel.presence.get())) == len(heard) == MEMBERS
    assert pages[1] == pages[-2]

    changes = [calls_of(server, update(member)) for member in (0, 1, MEMBERS - 1)]
    assert len(heard) == MEMBERS + len(changes)
    assert changes[1] == changes[2]


async def test_what_a_message_costs_grows_evenly_with_its_listeners(
    create_client: ClientFactory,
) -> None:
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = await attach(client, "channel")
    heard: list[object] = []
    costs = []
    for listeners in (1, 11, 1_011):
        while len(heard) < listeners:
            await complete(channel.subscribe(heard.append))
            heard.append(None)
        calls_of(server, message(channel.name, {"name": "n", "data": "d"}))
        del heard[listeners:]
        costs.append(calls_of(server, message(channel.name, {"name": "n", "data": "d"})))
        assert len(heard) == 2 * listeners
        del heard[listeners:]
    few, more, many = costs
    assert many - more == 100 * (more - few)


async def test_a_message_takes_few_steps_from_its_frame_to_a_listener(
    create_client: ClientFactory,
) -> None:
    """Functions of this package that are called for one message; the codec counts for itself."""
    server = ChannelServer()
    client = await connect(create_client, server)
    channel = await attach(client, "channel")
    await complete(channel.subscribe(lambda _: None))
    frame = message(channel.name, {"name": "n", "data": "d"}, channelSerial="s")
    calls_of(server, frame)
    with counted(outside_codec) as calls:
        server.active_connection.send_to_client(frame)
    assert calls[0] <= 14


async def test_a_channel_keeps_little(client: AblyRealtime) -> None:
    """At most 4 KB, everything included that the client keeps for it."""
    asyncio.get_running_loop().set_debug(False)
    await asyncio.gather(*(client.channels.get(f"first-{n}").attach() for n in range(100)))
    gc.collect()
    tracemalloc.start()
    try:
        await asyncio.gather(*(client.channels.get(f"next-{n}").attach() for n in range(1_000)))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept / 1_000 <= 4_096


def page(number: int, *, last: bool) -> Frame:
    """A page of the members of `channel`."""
    members = range(number * PAGE, (number + 1) * PAGE)
    return {
        "action": Action.SYNC,
        "channel": "channel",
        "channelSerial": "sync:" + ("" if last else str(number)),
        "presence": [presence_of(member, action=1, serial=0) for member in members],
    }


def update(member: int) -> Frame:
    return {
        "action": Action.PRESENCE,
        "channel": "channel",
        "presence": [presence_of(member, action=4, serial=1)],
    }


def presence_of(member: int, *, action: int, serial: int) -> dict[str, Any]:
    return {
        "action": action,
        "id": f"other:{serial}:{member}",
        "connectionId": "other",
        "clientId": f"client-{member}",
    }


def calls_of(server: ChannelServer, frame: Frame) -> int:
    """How many calls it takes to receive a frame."""
    with counted() as calls:
        server.active_connection.send_to_client(frame)
    return calls[0]


def outside_codec(frame: FrameType, event: str) -> bool:
    path = frame.f_code.co_filename
    return event == "call" and path.startswith(PACKAGE) and "_wire" not in path


@contextmanager
def counted(
    counts: Callable[[FrameType, str], bool] = lambda _, event: event in ("call", "c_call"),
) -> Iterator[list[int]]:
    """Count the calls of functions, Python's and C's, in the first entry of the list."""
    calls = [0]

    def count(frame: FrameType, event: str, _: object) -> None:
        calls[0] += counts(frame, event)

    gc.disable()  # Hypothesis has collections call it
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        gc.enable()


async def one_round(client: AblyRealtime) -> None:
    """Attach, detach and release every channel."""
    channels = [client.channels.get(f"channel-{number}") for number in range(CHANNELS)]
    await asyncio.gather(*(channel.attach() for channel in channels))
    assert {channel.state for channel in channels} == {"attached"}
    await asyncio.gather(*(channel.detach() for channel in channels))
    assert {channel.state for channel in channels} == {"detached"}
    await asyncio.gather(*(client.channels.release(channel.name) for channel in channels))
    assert len(client.channels) == 0


def allocated() -> int:
    """Blocks of memory in use."""
    gc.collect()
    return sys.getallocatedblocks()
