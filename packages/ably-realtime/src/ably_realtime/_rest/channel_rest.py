"""One channel over REST: the past, single messages, annotations, read into our own types."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from .._wire.annotation_codec import annotation_from_wire
from .._wire.cipher import Cipher
from .._wire.encoded import decode
from .._wire.message_codec import message_from_wire
from .._wire.presence_codec import presence_from_wire
from ..messages import Annotation, Message
from ..presence_messages import PresenceMessage
from . import AblyException, AblyRest
from .requests import ably_errors, paginated

_NAMES = {"from_serial": "fromSerial", "client_id": "clientId", "connection_id": "connectionId"}


class ChannelRest:
    """GET requests about one channel."""

    def __init__(
        self, ready_rest: Callable[[], Awaitable[AblyRest]], name: str, cipher: Cipher | None
    ) -> None:
        self._ready_rest = ready_rest
        self._path = f"/channels/{quote(name, safe='')}"
        self._cipher = cipher

    async def history(self, params: Mapping[str, Any]) -> Any:
        """A page of messages (RSL2)."""
        return await self._page("/messages", params, self._message)

    async def presence_history(self, params: Mapping[str, Any]) -> Any:
        """A page of presence messages (RSP4)."""
        return await self._page("/presence/history", params, self._presence)

    async def message(self, serial: str) -> Message:
        """The latest version of one message (RSL11)."""
        with ably_errors():
            rest = await self._ready_rest()
            response = await rest.http.get(self._message_path(serial))
            AblyException.raise_for_response(response)
            return self._message(response.to_native())

    async def versions(self, serial: str, params: Mapping[str, Any]) -> Any:
        """A page of the versions of one message (RSL14)."""
        return await self._page(f"/messages/{_part(serial)}/versions", params, self._message)

    async def annotations(self, serial: str, params: Mapping[str, Any]) -> Any:
        """A page of the annotations of one message (RSAN3)."""
        return await self._page(f"/messages/{_part(serial)}/annotations", params, self._annotation)

    async def _page(self, path: str, params: Mapping[str, Any], read: Any) -> Any:
        with ably_errors():
            return await paginated(
                await self._ready_rest(), self._path + path, _query(params), read
            )

    def _message_path(self, serial: str) -> str:
        return f"{self._path}/messages/{_part(serial)}"

    def _message(self, wire: Mapping[str, Any]) -> Message:
        return decode(message_from_wire(wire), self._cipher)

    def _presence(self, wire: Mapping[str, Any]) -> PresenceMessage:
        return decode(presence_from_wire(wire), self._cipher)

    def _annotation(self, wire: Mapping[str, Any]) -> Annotation:
        return decode(annotation_from_wire(wire), self._cipher)


def _part(text: str) -> str:
    return quote(text, safe="")


def _query(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        _NAMES.get(name, name): _value(value) for name, value in params.items() if value is not None
    }


def _value(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return str(int(value.timestamp() * 1000))
    return str(value).lower() if isinstance(value, bool) else str(value)
