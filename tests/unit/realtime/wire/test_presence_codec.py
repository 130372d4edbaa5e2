"""Presence messages as the maps that frames carry."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._wire.presence_codec import presence_from_wire, presence_to_wire
from ably_realtime.presence_messages import PresenceAction, PresenceMessage

WHOLE = PresenceMessage(
    action=PresenceAction.UPDATE,
    client_id="me",
    id="c1:0:0",
    data="d",
    encoding="utf-8",
    extras={"headers": {}},
)
WIRE = {
    "action": 4,
    "clientId": "me",
    "id": "c1:0:0",
    "data": "d",
    "encoding": "utf-8",
    "extras": {"headers": {}},
}


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (PresenceMessage(), {"action": 1}),
        (PresenceMessage(PresenceAction.LEAVE, data="", encoding=""), {"action": 3, "data": ""}),
        (WHOLE, WIRE),
        (PresenceMessage(PresenceAction.ENTER, connection_id="c1", timestamp=1), {"action": 2}),
    ],
)
def test_sent(message: PresenceMessage, wire: dict[str, Any]) -> None:
    assert presence_to_wire(message) == wire


def test_every_field_is_read() -> None:
    received = {**WIRE, "connectionId": "c1", "timestamp": 5, "unheardOf": 1}
    message = presence_from_wire(received)
    assert (message.connection_id, message.timestamp) == ("c1", 5)
    message.connection_id = message.timestamp = None
    assert message == WHOLE


@pytest.mark.parametrize("wire", [{}, dict.fromkeys([*WIRE, "connectionId", "timestamp"], b"odd")])
def test_what_is_missing_or_odd_is_unset(wire: dict[str, Any]) -> None:
    """RTF1."""
    assert presence_from_wire({**wire, "data": None}) == PresenceMessage()


@pytest.mark.parametrize(("action", "read"), [(0, "ABSENT"), (3, "LEAVE"), (9, "UPDATE")])
def test_actions(action: int, read: str) -> None:
    """TP2."""
    assert presence_from_wire({"action": action}).action.name == read
