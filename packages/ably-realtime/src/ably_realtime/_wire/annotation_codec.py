"""Annotations as the maps that frames carry (TAN2). Payloads stay as they are on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import Annotation, AnnotationAction
from .fields import integer, mapping, text

_ACTIONS = {int(action): action for action in AnnotationAction}


def annotation_to_wire(annotation: Annotation) -> dict[str, Any]:
    """The map of an annotation to publish; unset fields are left out."""
    wire = {
        "action": int(annotation.action),
        "id": annotation.id,
        "type": annotation.type,
        "name": annotation.name,
        "clientId": annotation.client_id,
        "count": annotation.count,
        "data": annotation.data,
        "encoding": annotation.encoding,
        "extras": annotation.extras,
        "messageSerial": annotation.message_serial,
    }
    return {key: value for key, value in wire.items() if value is not None}


def annotation_from_wire(wire: Mapping[str, Any]) -> Annotation:
    """Read a received annotation. An action that this library does not know is read as create."""
    get = wire.get
    return Annotation(
        type=text(get("type")),
        name=text(get("name")),
        client_id=text(get("clientId")),
        count=integer(get("count")),
        data=get("data"),
        encoding=text(get("encoding")),
        extras=mapping(get("extras")),
        id=text(get("id")),
        action=_ACTIONS.get(integer(get("action")) or 0, AnnotationAction.ANNOTATION_CREATE),
        timestamp=integer(get("timestamp")),
        serial=text(get("serial")),
        message_serial=text(get("messageSerial")),
    )
