"""Presence messages as the maps that frames carry (TP3). Payloads stay as they are on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..presence_messages import PresenceAction, PresenceMessage
from .fields import integer, mapping, text

_ACTIONS = {int(action): action for action in PresenceAction}


def presence_to_wire(message: PresenceMessage) -> dict[str, Any]:
    """The map of a presence message to send; unset fields are left out."""
    wire: dict[str, Any] = {"action": int(message.action)}
    if message.client_id is not None:
        wire["clientId"] = message.client_id
    if message.id is not None:
        wire["id"] = message.id
    if message.data is not None:
        wire["data"] = message.data
    if message.encoding:
        wire["encoding"] = message.encoding
    if message.extras is not None:
        wire["extras"] = message.extras
    return wire


def presence_from_wire(wire: Mapping[str, Any]) -> PresenceMessage:
    """Read a received presence message. An unknown action is read as an update (RTF1)."""
    get = wire.get
    action = integer(get("action"))
    return PresenceMessage(
        action=PresenceAction.PRESENT
        if action is None
        else _ACTIONS.get(action, PresenceAction.UPDATE),
        client_id=text(get("clientId")),
        connection_id=text(get("connectionId")),
        data=get("data"),
        encoding=text(get("encoding")),
        extras=mapping(get("extras")),
        id=text(get("id")),
        timestamp=integer(get("timestamp")),
    )
