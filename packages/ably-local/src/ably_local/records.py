"""What a channel keeps, as text in a data file: the JSON a client would be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .formats import Format, compact_json
from .messages import Annotation, Message, PresenceMessage, Version

Item = Message | Annotation | PresenceMessage


def write(item: Item) -> tuple[str, str]:
    """Return the kind of an item and the text that `read` makes it of again."""
    return _KINDS[type(item)], compact_json(item.to_wire(Format.JSON))


def read(kind: str, text: str) -> Item:
    """Return the item that `write` made a text of."""
    return _READERS[kind](json.loads(text))


def _message(body: Mapping[str, Any]) -> Message:
    version = body["version"]
    return replace(
        Message.from_wire(body),
        operation=None,  # what a client sends as `version` describes a change
        connection_id=body.get("connectionId"),
        timestamp=body["timestamp"],
        version=Version(
            serial=version["serial"],
            timestamp=version["timestamp"],
            client_id=version.get("clientId"),
            description=version.get("description"),
            metadata=version.get("metadata"),
        ),
        summary=body.get("annotations", {}).get("summary"),
    )


def _annotation(body: Mapping[str, Any]) -> Annotation:
    return replace(
        Annotation.from_wire(body),
        serial=body["serial"],
        connection_id=body.get("connectionId"),
        timestamp=body["timestamp"],
    )


def _presence(body: Mapping[str, Any]) -> PresenceMessage:
    return replace(
        PresenceMessage.from_wire(body),
        connection_id=body.get("connectionId"),
        timestamp=body["timestamp"],
    )


_KINDS: dict[type[Item], str] = {
    Message: "message",
    Annotation: "annotation",
    PresenceMessage: "presence",
}
_READERS: dict[str, Callable[[Mapping[str, Any]], Item]] = {
    "message": _message,
    "annotation": _annotation,
    "presence": _presence,
}
