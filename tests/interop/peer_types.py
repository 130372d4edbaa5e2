"""What the tests ask of every peer, whichever SDK is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

DEADLINE = 15.0
"""Seconds after which a peer that does not answer fails the test."""


class Sdk(StrEnum):
    """The client libraries that meet here."""

    JAVASCRIPT = "ably-js"
    PYTHON = "ably-python"
    OURS = "ably-realtime"


@dataclass(frozen=True, slots=True)
class PeerKind:
    """An SDK and the format that it uses on the wire."""

    sdk: Sdk
    binary: bool

    def __str__(self) -> str:
        return f"{self.sdk}-{'msgpack' if self.binary else 'json'}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    name: str | None = None
    data: Any = None
    extras: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a subscriber got it; `encoding` is what the SDK could not undo."""

    name: str | None
    data: Any
    encoding: str | None
    client_id: str | None
    connection_id: str | None
    serial: str | None
    extras: Mapping[str, Any] | None


class Act(StrEnum):
    """What a client can do in the presence of a channel."""

    ENTER = "enter"
    UPDATE = "update"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a channel, or what became of one: `action` is the SDK's name of it."""

    action: str
    client_id: str | None
    connection_id: str | None
    data: Any


Item = TypeVar("Item", Received, Member)


class Refused(Exception):
    """An operation ended with an error that the SDK reported."""

    def __init__(self, *, code: int | None, status_code: int | None, message: str) -> None:
        super().__init__(f"{message} (code {code}, status {status_code})")
        self.code = code
        self.status_code = status_code


class Inbox(Generic[Item]):
    """What a subscriber has received and the test has not yet looked at."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Item | Exception] = asyncio.Queue()

    def put(self, item: Item | Exception) -> None:
        """Add an item, or the reason why none will come any more."""
        self._items.put_nowait(item)

    async def get(self) -> Item:
        """Return the next item; raise what ended the peer, or TimeoutError."""
        async with asyncio.timeout(DEADLINE):
            item = await self._items.get()
        if isinstance(item, Exception):
            raise item
        return item


class Peer(Protocol):
    """A connected client. Operations raise `Refused` with the error that the SDK gives."""

    client_id: str
    connection_id: str

    async def connect(self, *, key: str | None = None, token: str | None = None) -> None:
        """Connect with a token, or with one that the SDK obtains by the key."""
        ...

    async def configure(
        self,
        channel: str,
        *,
        cipher_key: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        """Set the options of a channel; params only before the first attach."""
        ...

    async def subscribe(self, channel: str) -> Inbox[Received]:
        """Attach and subscribe to all messages; return where they will be."""
        ...

    async def publish(self, channel: str, *messages: Outgoing) -> list[str | None]:
        """Publish the messages in one go and return the serials in the acknowledgement."""
        ...

    async def watch(self, channel: str) -> Inbox[Member]:
        """Attach and subscribe to all presence messages; return where they will be."""
        ...

    async def present(self, channel: str, act: Act, data: Any = None) -> None:
        """Enter, update or leave, and wait for the acknowledgement."""
        ...

    async def members(self, channel: str) -> list[Member]:
        """Return who is present, once the SDK knows it."""
        ...

    async def attach(self, channel: str) -> None:
        """Attach, as after `detach`."""
        ...

    async def detach(self, channel: str) -> None:
        """Detach, and keep the subscription for the next `attach`."""
        ...

    async def close(self) -> None:
        """Close the connection; does nothing before `connect`."""
        ...
