"""Our own client as a peer, in the test's own event loop, under its filters and debug mode."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ably_realtime import (
    AblyError,
    AblyRealtime,
    ClientOptions,
    ConnectionState,
    ConnectionStateChange,
    Message,
)
from tests.interop.peer_types import DEADLINE, Inbox, Outgoing, Received, Refused

LOST = (ConnectionState.DISCONNECTED, ConnectionState.SUSPENDED, ConnectionState.FAILED)


class OurPeer:
    """A `Peer` that is an `AblyRealtime`."""

    def __init__(self, *, port: int, client_id: str, binary: bool) -> None:
        self.client_id = client_id
        self.connection_id = ""
        self._options: ClientOptions = {
            "client_id": client_id,
            "use_binary_protocol": binary,
            "endpoint": "localhost",
            "port": port,
            "tls": False,
        }
        self._client: AblyRealtime | None = None
        self._inboxes: dict[str, Inbox] = {}

    @property
    def client(self) -> AblyRealtime:
        """The client, which `connect` makes."""
        assert self._client is not None, "this peer was never connected"
        return self._client

    async def connect(self, *, key: str | None = None, token: str | None = None) -> None:
        options = self._options.copy()
        if key is not None:
            options |= {"key": key, "use_token_auth": True}
        if token is not None:
            options |= {"token": token}
        self._client = AblyRealtime(**options)
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                await self.client.connection.once_async("connected")
        self.client.connection.on(self._lost)
        assert self.client.connection.id is not None
        self.connection_id = self.client.connection.id

    async def subscribe(self, channel: str) -> Inbox:
        inbox = self._inboxes[channel] = Inbox()
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                await self.client.channels.get(channel).subscribe(partial(_put, inbox))
        return inbox

    async def publish(self, channel: str, *messages: Outgoing) -> list[str | None]:
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                result = await self.client.channels.get(channel).publish(
                    [Message(name=m.name, data=m.data, extras=m.extras) for m in messages]
                )
        return list(result.serials)

    async def attach(self, channel: str) -> None:
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                await self.client.channels.get(channel).attach()

    async def detach(self, channel: str) -> None:
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                await self.client.channels.get(channel).detach()

    async def close(self) -> None:
        if self._client is not None:
            async with asyncio.timeout(DEADLINE):
                await self._client.close()

    def _lost(self, change: ConnectionStateChange) -> None:
        """A connection that drops by itself ends every wait for a message."""
        if change.current in LOST:
            for inbox in self._inboxes.values():
                inbox.put(RuntimeError(f"{self.client_id}: {change}"))


def _put(inbox: Inbox, message: Message) -> None:
    inbox.put(
        Received(
            name=message.name,
            data=message.data,
            client_id=message.client_id,
            connection_id=message.connection_id,
            serial=message.serial,
            extras=message.extras,
        )
    )


@contextmanager
def _reporting() -> Iterator[None]:
    try:
        yield
    except AblyError as error:
        raise Refused(
            code=error.code, status_code=error.status_code, message=error.message
        ) from error
