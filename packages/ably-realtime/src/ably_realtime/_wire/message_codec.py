"""Messages as the maps that frames carry (TM2). Payloads stay as they are on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ..messages import (
    Message,
    MessageAction,
    MessageAnnotations,
    MessageVersion,
    UnreadVersion,
)
from .fields import Fields

_ACTIONS = {int(action): action for action in MessageAction}
CREATE = MessageAction.MESSAGE_CREATE
NO_ANNOTATIONS = MessageAnnotations()
unread_version = cast("Callable[[dict[str, Any]], MessageVersion]", UnreadVersion)
"""A version as received: `Message.version` reads it when asked."""
NO_VERSION = unread_version({})


def message_to_wire(message: Message) -> dict[str, Any]:
    """The map of a message to publish; unset fields are left out (RTL6i3)."""
    wire: dict[str, Any] = {}
    if message.name is not None:
        wire["name"] = message.name
    if message.data is not None:
        wire["data"] = message.data
    if message.encoding:
        wire["encoding"] = message.encoding
    if message.id is not None:
        wire["id"] = message.id
    if message.client_id is not None:
        wire["clientId"] = message.client_id
    if message.connection_key is not None:
        wire["connectionKey"] = message.connection_key
    if message.extras is not None:
        wire["extras"] = message.extras
    if message.serial is not None:
        wire["serial"] = message.serial
    if message.action is not None:
        wire["action"] = int(message.action)
    if message.version is not None:
        wire["version"] = _version_to_wire(message.version)
    return wire


def message_from_wire(wire: Fields) -> Message:
    """Read a received message. An action that this library does not know is read as create.

    This runs for every message, hence the positions and the comparisons in place: a value is of
    exactly the type that a decoder makes, or it counts as absent (RTF1).
    """
    get = wire.get
    return Message(
        name if (name := get("name")).__class__ is str else None,
        get("data"),
        client_id if (client_id := get("clientId")).__class__ is str else None,
        id_ if (id_ := get("id")).__class__ is str else None,
        connection_id if (connection_id := get("connectionId")).__class__ is str else None,
        None,  # connection_key
        encoding if (encoding := get("encoding")).__class__ is str else None,
        extras if (extras := get("extras")).__class__ is dict else None,
        timestamp if (timestamp := get("timestamp")).__class__ is int else None,
        _ACTIONS.get(action, CREATE) if (action := get("action")).__class__ is int else CREATE,
        serial if (serial := get("serial")).__class__ is str else None,
        NO_VERSION
        if (version := get("version")).__class__ is not dict
        else unread_version(version),
        NO_ANNOTATIONS if (summaries := get("annotations")) is None else _annotations(summaries),
    )


def _version_to_wire(version: MessageVersion) -> dict[str, Any]:
    wire = {
        "serial": version.serial,
        "timestamp": version.timestamp,
        "clientId": version.client_id,
        "description": version.description,
        "metadata": dict(version.metadata) if version.metadata is not None else None,
    }
    return {key: value for key, value in wire.items() if value is not None}


def _annotations(wire: object) -> MessageAnnotations:
    summary = wire.get("summary") if isinstance(wire, dict) else None
    return MessageAnnotations(summary=summary) if isinstance(summary, dict) else NO_ANNOTATIONS
