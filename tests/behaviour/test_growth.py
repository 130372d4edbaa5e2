"""Many channels: they attach, they leave nothing behind, and they slow no message down."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from ably_realtime import AblyRealtime
from tests.uts.harness import ClientFactory, complete
from tests.uts.harness.channels import ChannelServer, ignore
from tests.uts.harness.frames import ack, attached, message
from tests.uts.harness.messages import attach, begin, connect

# One block of memory left by each of fewer channels would still be seen.
CHANNELS = 10_000 if os.environ.get("CI") else 2_000
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
    few = await calls_for(what, create_client, 10)
    many = await calls_for(what, create_client, 1_000)
    assert few == many


async def calls_for(what: str, create_client: ClientFactory, channels: int) -> int:
    """How many calls one event of a client with that many channels takes."""
    server = ChannelServer()
    client = await connect(create_client, server)
    for number in range(channels):
        await attach(client, f"channel-{number}")
    channel = client.channels.get("channel-5")
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


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the calls of functions, Python's and C's, in the first entry of the list."""
    calls = [0]

    def count(_: object, event: str, __: object) -> None:
        calls[0] += event in ("call", "c_call")

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
