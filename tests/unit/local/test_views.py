from __future__ import annotations

from typing import Any

import pytest

from ably_local.messages import Message, Payload, PresenceAction, PresenceMessage
from ably_local.views import PresentMember, PublishedMessage, decoded


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        (None, None, (None, None)),
        ("text", None, ("text", None)),
        (b"\x00", None, (b"\x00", None)),
        ('{"id":1}', "json", ({"id": 1}, None)),
        (b'{"id":1}', "json/utf-8", ({"id": 1}, None)),
        ("AA==", "base64", (b"\x00", None)),
        (b"\x01", "json/utf-8/cipher+aes-256-cbc", (b"\x01", "json/utf-8/cipher+aes-256-cbc")),
        ("{", "json", ("{", "json")),
        (b"{", "json/utf-8", ("{", "json")),
        (b"\xff", "json/utf-8", (b"\xff", "json/utf-8")),
        (b"\x00", "json", (b"\x00", "json")),
    ],
)
def test_data_is_decoded_as_far_as_it_can_be(
    data: Any, encoding: str | None, expected: tuple[Any, str | None]
) -> None:
    assert decoded(Payload(data=data, encoding=encoding)) == expected


def test_a_message_shows_first_what_a_publisher_gave_it() -> None:
    message = Message(
        id="a:0",
        name="created",
        payload=Payload(data="[1]", encoding="json"),
        client_id="alice",
        serial="s:0",
        timestamp=5,
    )
    shown = PublishedMessage.of(message)
    assert repr(shown) == (
        "PublishedMessage(name='created', data=[1], client_id='alice', extras=None)"
    )
    assert (shown.id, shown.serial, shown.timestamp, shown.action) == ("a:0", "s:0", 5, "create")


def test_a_member_shows_first_who_it_is() -> None:
    member = PresenceMessage(
        action=PresenceAction.PRESENT, client_id="alice", payload=Payload(data="here")
    )
    assert repr(PresentMember.of(member)) == (
        "PresentMember(client_id='alice', data='here', extras=None)"
    )
