"""Members of a channel, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .options import ChannelOptions


class PresenceAction(IntEnum):
    """What a presence message says of a member (TP2)."""

    ABSENT = 0
    PRESENT = 1
    ENTER = 2
    LEAVE = 3
    UPDATE = 4


@dataclass(slots=True)
class PresenceMessage:
    """One member of a channel, or a change to one (TP3).

    `data`, `encoding` and `timestamp` are as in `Message`. A received one is shared by all
    listeners: treat it as read-only.
    """

    action: PresenceAction = PresenceAction.PRESENT
    client_id: str | None = None
    connection_id: str | None = None
    data: Any = None
    encoding: str | None = None
    extras: Mapping[str, Any] | None = None
    id: str | None = None
    timestamp: int | None = None

    @property
    def member_key(self) -> str:
        """What tells members apart: one client may be present on several connections (TP3h)."""
        return f"{self.connection_id}:{self.client_id}"

    @classmethod
    def from_encoded(
        cls, wire: Mapping[str, Any], options: ChannelOptions | None = None
    ) -> PresenceMessage:
        """Read a presence message as Ably delivers it elsewhere, decoded (TP4)."""
        from ._wire.encoded import cipher_from, decode
        from ._wire.presence_codec import presence_from_wire

        return decode(presence_from_wire(wire), cipher_from(options))

    @classmethod
    def from_encoded_array(
        cls, wires: Iterable[Mapping[str, Any]], options: ChannelOptions | None = None
    ) -> list[PresenceMessage]:
        """Read several, as `from_encoded` does."""
        return [cls.from_encoded(wire, options) for wire in wires]
