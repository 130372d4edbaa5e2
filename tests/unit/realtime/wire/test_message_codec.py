"""Messages as the maps that frames carry."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._wire.message_codec import message_from_wire, message_to_wire
from ably_realtime.messages import Message, MessageAction, MessageAnnotations, MessageVersion


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (Message(), {}),  # RTL6i3
        (Message(name="", data="", encoding=""), {"name": "", "data": ""}),
        (
            Message(
                name="created",
                data="text",
                encoding="utf-8",
                id="i1",
                client_id="me",
                connection_key="k1",
                extras={"headers": {"a": 1}},
                serial="s1",
                action=MessageAction.MESSAGE_UPDATE,
                version=MessageVersion(description="typo", metadata={"by": "me"}),
            ),
            {
                "name": "created",
                "data": "text",
                "encoding": "utf-8",
                "id": "i1",
                "clientId": "me",
                "connectionKey": "k1",
                "extras": {"headers": {"a": 1}},
                "serial": "s1",
                "action": 1,
                "version": {"description": "typo", "metadata": {"by": "me"}},
            },
        ),
        (
            Message(version=MessageVersion(serial="v1", timestamp=5, client_id="me")),
            {"version": {"serial": "v1", "timestamp": 5, "clientId": "me"}},
        ),
    ],
)
def test_sent(message: Message, wire: dict[str, Any]) -> None:
    assert message_to_wire(message) == wire


def test_what_only_the_server_fills_is_not_sent() -> None:
    received = Message(connection_id="c1", timestamp=1, annotations=MessageAnnotations({"a": 1}))
    assert message_to_wire(received) == {}


def test_every_field_is_read() -> None:
    wire = {
        "name": "created",
        "data": b"\x01",
        "encoding": "cipher+aes-128-cbc",
        "id": "i1",
        "clientId": "me",
        "connectionId": "c1",
        "extras": {"headers": {"a": 1}},
        "timestamp": 5,
        "action": 4,
        "serial": "s1",
        "version": {
            "serial": "v1",
            "timestamp": 6,
            "clientId": "you",
            "description": "typo",
            "metadata": {"by": "you"},
        },
        "annotations": {"summary": {"reaction:unique.v1": {"like": {"total": 1}}}},
        "unheardOf": True,
    }
    assert message_from_wire(wire) == Message(
        name="created",
        data=b"\x01",
        encoding="cipher+aes-128-cbc",
        id="i1",
        client_id="me",
        connection_id="c1",
        extras={"headers": {"a": 1}},
        timestamp=5,
        action=MessageAction.MESSAGE_SUMMARY,
        serial="s1",
        version=MessageVersion("v1", 6, "you", "typo", {"by": "you"}),
        annotations=MessageAnnotations({"reaction:unique.v1": {"like": {"total": 1}}}),
    )


def test_an_empty_map_is_a_message() -> None:
    assert message_from_wire({}) == Message(
        action=MessageAction.MESSAGE_CREATE, version=MessageVersion()
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ({}, MessageVersion("s1", 5)),
        ({"serial": "v1"}, MessageVersion("v1", 5)),
        ({"timestamp": 6}, MessageVersion("s1", 6)),
        (None, MessageVersion("s1", 5)),
        ("4", MessageVersion("s1", 5)),
    ],
)
def test_what_a_version_lacks_comes_from_its_message(
    version: object, expected: MessageVersion
) -> None:
    """TM2s1, TM2s2."""
    message = message_from_wire({"serial": "s1", "timestamp": 5, "version": version})
    assert message.version == expected


@pytest.mark.parametrize("annotations", [None, {}, {"summary": None}, {"summary": []}, ["likes"]])
def test_without_a_summary_the_annotations_are_empty(annotations: object) -> None:
    """TM2u."""
    assert message_from_wire({"annotations": annotations}).annotations == MessageAnnotations()


@pytest.mark.parametrize("action", [6, -1, None, "1", [1]])
def test_an_unknown_action_is_read_as_create(action: object) -> None:
    """RTF1."""
    assert message_from_wire({"action": action}).action is MessageAction.MESSAGE_CREATE


@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("name", "name"),
        ("encoding", "encoding"),
        ("id", "id"),
        ("clientId", "client_id"),
        ("connectionId", "connection_id"),
        ("extras", "extras"),
        ("timestamp", "timestamp"),
        ("serial", "serial"),
    ],
)
def test_a_field_of_the_wrong_type_counts_as_absent(field: str, attribute: str) -> None:
    """RTF1."""
    assert getattr(message_from_wire({field: ["odd"]}), attribute) is None
