"""The client on another event loop than asyncio's own."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from ably_local import LocalAbly
from ably_realtime import AblyRealtime

uvloop = pytest.importorskip("uvloop", reason="there is no uvloop for this platform")


async def exchange() -> list[Any]:
    """A message to oneself, over the socket, then the end."""
    received: list[Any] = []
    async with LocalAbly() as server, AblyRealtime(**server.client_options()) as client:
        channel = client.channels.get("orders")
        await channel.subscribe(lambda message: received.append(message.data))
        await channel.publish("created", {"id": 1})
        await client.connection.ping()
        await channel.detach()
    return received


def test_a_message_travels_on_uvloop() -> None:
    run: Any = uvloop.run
    work: Coroutine[Any, Any, list[Any]] = exchange()
    assert run(work) == [{"id": 1}]
