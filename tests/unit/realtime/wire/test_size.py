"""The size of what is published (TM6, TP5)."""

from __future__ import annotations

import pytest

from ably_realtime._wire.size import payload_size
from ably_realtime.messages import Annotation, Message
from ably_realtime.presence_messages import PresenceMessage


@pytest.mark.parametrize(
    ("message", "size"),
    [
        (Message(), 0),
        (Message(name="name"), 4),
        (Message(client_id="me"), 2),
        (Message(data="grün"), 5),
        (Message(data=b"\x00\x01\x02"), 3),
        (Message(data=bytearray(3)), 3),
        (Message(data=memoryview(bytes(8)).cast("I")), 8),
        (Message(data={"a": [1, "ü"]}), len('{"a":[1,"ü"]}') + 1),
        (Message(data=[]), 2),
        (Message(extras={"a": 1}), 7),
        (Message(extras={}), 2),
        (Message(name="n", data="d", client_id="c", extras={}), 5),
        (Message(id="i", encoding="utf-8", serial="s", connection_key="k"), 0),
    ],
)
def test_size(message: Message | PresenceMessage | Annotation, size: int) -> None:
    assert payload_size(message) == size
