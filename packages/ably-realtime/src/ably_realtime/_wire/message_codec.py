"""Messages as the maps that frames carry (TM2). Payloads stay as they are on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import Message, MessageAction, MessageAnnotations, MessageVersion
from .fields import integer, mapping, text

_ACTIONS = {int(action): action for action in MessageAction}
_NO_ANNOTATIONS = MessageAnnotations()


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


def message_from_wire(wire: Mapping[str, Any]) -> Message:
    """Read a received message. An action that this library does not know is read as create."""
    get = wire.get
    serial = text(get("serial"))
    timestamp = integer(get("timestamp"))
    annotations = get("annotations")
    action = integer(get("action")) or 0
    return Message(
        name=text(get("name")),
        data=get("data"),
        client_id=text(get("clientId")),
        id=text(get("id")),
        connection_id=text(get("connectionId")),
        encoding=text(get("encoding")),
        extras=mapping(get("extras")),
        timestamp=timestamp,
        action=_ACTIONS.get(action, MessageAction.MESSAGE_CREATE),
        serial=serial,
        version=_version_from_wire(get("version"), serial, timestamp),
        annotations=_annotations(annotations) if annotations else _NO_ANNOTATIONS,
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


def _version_from_wire(wire: object, serial: str | None, timestamp: int | None) -> MessageVersion:
    """TM2s: what the server left out is taken from the message itself."""
    if not isinstance(wire, dict):
        return MessageVersion(serial=serial, timestamp=timestamp)
    return MessageVersion(
        serial=text(wire.get("serial")) or serial,
        timestamp=integer(wire.get("timestamp")) or timestamp,
        client_id=text(wire.get("clientId")),
        description=text(wire.get("description")),
        metadata=mapping(wire.get("metadata")),
    )


def _annotations(wire: object) -> MessageAnnotations:
    summary = wire.get("summary") if isinstance(wire, dict) else None
    return MessageAnnotations(summary=summary) if isinstance(summary, dict) else _NO_ANNOTATIONS
