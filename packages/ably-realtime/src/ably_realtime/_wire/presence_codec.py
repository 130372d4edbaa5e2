"""Presence messages as the maps that frames carry (TP3). Payloads stay as they are on the wire."""

from __future__ import annotations

from typing import Any

from ..presence_messages import PresenceAction, PresenceMessage
from .fields import Fields

_ACTIONS = {int(action): action for action in PresenceAction}
_PRESENT, _UPDATE = PresenceAction.PRESENT, PresenceAction.UPDATE


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


def presence_from_wire(wire: Fields) -> PresenceMessage:
    """Read a received presence message. An unknown action is read as an update (RTF1).

    As fast, and in the same way, as `message_from_wire`: a channel may have thousands of members.
    """
    get = wire.get
    return PresenceMessage(
        _ACTIONS.get(action, _UPDATE) if (action := get("action")).__class__ is int else _PRESENT,
        client_id if (client_id := get("clientId")).__class__ is str else None,
        connection_id if (connection_id := get("connectionId")).__class__ is str else None,
        get("data"),
        encoding if (encoding := get("encoding")).__class__ is str else None,
        extras if (extras := get("extras")).__class__ is dict else None,
        id_ if (id_ := get("id")).__class__ is str else None,
        timestamp if (timestamp := get("timestamp")).__class__ is int else None,
    )
