"""Our own client as a peer, in the test's own event loop, under its filters and debug mode."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from ably_realtime import (
    AblyError,
    AblyRealtime,
    ChannelOptions,
    CipherParams,
    ClientOptions,
    ConnectionState,
    ConnectionStateChange,
    Message,
    Presence,
    PresenceMessage,
)
from tests.interop.peer_types import DEADLINE, Act, Inbox, Member, Outgoing, Received, Refused

LOST = (ConnectionState.DISCONNECTED, ConnectionState.SUSPENDED, ConnectionState.FAILED)


class OurPeer:
    """A `Peer` that is an `AblyRealtime`."""

    def __init__(
        self, *, port: int, client_id: str, binary: bool, may_disconnect: bool = False
    ) -> None:
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
        self._may_disconnect = may_disconnect
        self._inboxes: list[Inbox[Any]] = []

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

    async def configure(
        self,
        channel: str,
        *,
        cipher_key: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        cipher = None if cipher_key is None else CipherParams(cipher_key)
        options = ChannelOptions(cipher=cipher, params=params)
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                await self.client.channels.get(channel).set_options(options)

    async def subscribe(self, channel: str) -> Inbox[Received]:
        inbox = Inbox[Received]()
        self._inboxes.append(inbox)
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

    async def watch(self, channel: str) -> Inbox[Member]:
        inbox = Inbox[Member]()
        self._inboxes.append(inbox)
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                await self._presence(channel).subscribe(lambda event: inbox.put(_member(event)))
        return inbox

    async def present(self, channel: str, act: Act, data: Any = None) -> None:
        presence = self._presence(channel)
        acts = {Act.ENTER: presence.enter, Act.UPDATE: presence.update, Act.LEAVE: presence.leave}
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                await acts[act](data)

    async def members(self, channel: str) -> list[Member]:
        with _reporting():
            async with asyncio.timeout(DEADLINE):
                return [_member(member) for member in await self._presence(channel).get()]

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

    def _presence(self, channel: str) -> Presence:
        return self.client.channels.get(channel).presence

    def _lost(self, change: ConnectionStateChange) -> None:
        """A connection that drops by itself ends every wait for something to arrive."""
        if change.current in LOST and not self._may_disconnect:
            for inbox in self._inboxes:
                inbox.put(RuntimeError(f"{self.client_id}: {change}"))


def _put(inbox: Inbox[Received], message: Message) -> None:
    inbox.put(
        Received(
            name=message.name,
            data=message.data,
            encoding=message.encoding,
            client_id=message.client_id,
            connection_id=message.connection_id,
            serial=message.serial,
            extras=message.extras,
        )
    )


def _member(message: PresenceMessage) -> Member:
    return Member(
        action=message.action.name.lower(),
        client_id=message.client_id,
        connection_id=message.connection_id,
        data=message.data,
    )


@contextmanager
def _reporting() -> Iterator[None]:
    try:
        yield
    except AblyError as error:
        raise Refused(
            code=error.code, status_code=error.status_code, message=error.message
        ) from error
