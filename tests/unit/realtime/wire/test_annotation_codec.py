"""Annotations as the maps that frames carry."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._wire.annotation_codec import annotation_from_wire, annotation_to_wire
from ably_realtime.messages import Annotation, AnnotationAction

WHOLE = Annotation(
    type="reaction:distinct.v1",
    name="like",
    client_id="me",
    count=2,
    data="d",
    encoding="utf-8",
    extras={"headers": {}},
    id="i1",
    action=AnnotationAction.ANNOTATION_DELETE,
    message_serial="ms1",
)
WIRE = {
    "action": 1,
    "type": "reaction:distinct.v1",
    "name": "like",
    "clientId": "me",
    "count": 2,
    "data": "d",
    "encoding": "utf-8",
    "extras": {"headers": {}},
    "id": "i1",
    "messageSerial": "ms1",
}


@pytest.mark.parametrize(
    ("annotation", "wire"),
    [
        (Annotation(), {"action": 0}),
        (WHOLE, WIRE),
        (Annotation(serial="s1", timestamp=1), {"action": 0}),
    ],
)
def test_sent(annotation: Annotation, wire: dict[str, Any]) -> None:
    assert annotation_to_wire(annotation) == wire


def test_every_field_is_read() -> None:
    annotation = annotation_from_wire({**WIRE, "serial": "s1", "timestamp": 5, "unheardOf": 1})
    assert (annotation.serial, annotation.timestamp) == ("s1", 5)
    annotation.serial = annotation.timestamp = None
    assert annotation == WHOLE


@pytest.mark.parametrize("wire", [{}, dict.fromkeys([*WIRE, "serial", "timestamp"], b"odd")])
def test_what_is_missing_or_odd_is_unset(wire: dict[str, Any]) -> None:
    """RTF1."""
    assert annotation_from_wire({**wire, "data": None}) == Annotation()


def test_an_unknown_action_is_read_as_create() -> None:
    assert annotation_from_wire({"action": 9}).action is AnnotationAction.ANNOTATION_CREATE
