from __future__ import annotations

from typing import Any

import pytest

from ably_local.errors import Refusal
from ably_local.formats import Format
from ably_local.messages import (
    Annotation,
    Message,
    MessageAction,
    Payload,
    PresenceAction,
    PresenceMessage,
    Version,
)


@pytest.mark.parametrize(
    ("given", "data", "encoding"),
    [
        ({}, None, None),
        ({"data": "text"}, "text", None),
        ({"data": b"\x00"}, b"\x00", None),
        ({"data": {"a": 1}}, '{"a":1}', "json"),
        ({"data": [1]}, "[1]", "json"),
        ({"data": "AA==", "encoding": "base64"}, b"\x00", None),
        ({"data": "A\nA=\n=", "encoding": "base64"}, b"\x00", None),
        ({"data": "AA==", "encoding": "utf-8/cipher+aes/base64"}, b"\x00", "utf-8/cipher+aes"),
        ({"data": "x", "encoding": "json"}, "x", "json"),
        ({"data": b"\x00", "encoding": "base64"}, b"\x00", "base64"),
        ({"data": "x", "encoding": ""}, "x", None),
        ({"data": None, "encoding": None}, None, None),
    ],
)
def test_data_is_kept_without_the_step_that_json_needs(
    given: dict[str, Any], data: object, encoding: str | None
) -> None:
    payload = Message.from_wire(given).payload
    assert (payload.data, payload.encoding) == (data, encoding)


@pytest.mark.parametrize(
    ("payload", "fmt", "wire"),
    [
        (Payload(), Format.JSON, {}),
        (Payload(data="a"), Format.JSON, {"data": "a"}),
        (Payload(data=""), Format.JSON, {"data": ""}),
        (Payload(data=b"\x00"), Format.JSON, {"data": "AA==", "encoding": "base64"}),
        (Payload(data=b"\x00"), Format.MSGPACK, {"data": b"\x00"}),
        (
            Payload(data=b"\x00", encoding="x"),
            Format.JSON,
            {"data": "AA==", "encoding": "x/base64"},
        ),
        (Payload(data="{}", encoding="json"), Format.MSGPACK, {"data": "{}", "encoding": "json"}),
    ],
)
def test_data_is_written_as_the_format_can_hold_it(
    payload: Payload, fmt: Format, wire: dict[str, object]
) -> None:
    assert payload.to_wire(fmt) == wire


def test_a_message_is_written_with_what_it_has() -> None:
    message = Message(
        id="i",
        name="n",
        payload=Payload(data="d"),
        client_id="c",
        connection_id="x",
        timestamp=5,
        extras={"headers": {}},
        serial="s",
        action=MessageAction.UPDATE,
        version=Version(serial="v", timestamp=6, description="why"),
        summary={"t": {"total": 1}},
    )
    assert message.to_wire(Format.JSON) == {
        "id": "i",
        "name": "n",
        "data": "d",
        "clientId": "c",
        "connectionId": "x",
        "timestamp": 5,
        "extras": {"headers": {}},
        "serial": "s",
        "action": 1,
        "version": {"serial": "v", "timestamp": 6, "description": "why"},
        "annotations": {"summary": {"t": {"total": 1}}},
    }
    assert Message().to_wire(Format.JSON) == {"action": 0}


def test_what_the_server_fills_in_is_not_taken_from_a_client() -> None:
    message = Message.from_wire({"connectionId": "x", "timestamp": 1, "annotations": {}})
    assert (message.connection_id, message.timestamp, message.summary) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (5, 40001),
        (None, 40001),
        ({"id": 5}, 40001),
        ({"name": b"x"}, 40016),
        ({"clientId": 5}, 40012),
        ({"encoding": 5}, 40001),
        ({"data": 5}, 40013),
        ({"data": False}, 40013),
        ({"data": {"a": b"x"}}, 40013),
        ({"data": "*", "encoding": "base64"}, 40013),
        ({"extras": 5}, 40032),
        ({"extras": {"a": b"x"}}, 40032),
        ({"action": -1}, 40001),
        ({"action": True}, 40001),
        ({"action": "create"}, 40001),
        ({"version": 5}, 40001),
        ({"version": {"metadata": {"a": b"x"}}}, 40001),
    ],
)
def test_a_bad_message_is_refused_for_what_is_wrong(body: object, code: int) -> None:
    with pytest.raises(Refusal) as refused:
        Message.from_wire(body)
    assert refused.value.error.code == code


@pytest.mark.parametrize(
    ("message", "size"),
    [
        ({}, 0),
        ({"name": "abc", "data": "defg", "clientId": "hi"}, 9),
        ({"data": "é"}, 2),
        ({"data": b"\x00\x01"}, 2),
        ({"data": "AAE=", "encoding": "base64"}, 2),
        ({"data": {"a": 1}}, 7),
        ({"extras": {"a": 1}}, 7),
    ],
)
def test_the_size_of_a_message_is_that_of_its_parts(message: dict[str, Any], size: int) -> None:
    assert Message.from_wire(message).size == size


def test_presence_is_read_and_written() -> None:
    message = PresenceMessage.from_wire(
        {"action": 4, "clientId": "c", "data": b"\x00", "extras": {"a": 1}, "id": "i"}
    )
    assert message.action is PresenceAction.UPDATE
    assert message.to_wire(Format.JSON) == {
        "action": 4,
        "clientId": "c",
        "data": "AA==",
        "encoding": "base64",
        "extras": {"a": 1},
        "id": "i",
    }
    assert message.size == 9
    assert message.acting(PresenceAction.LEAVE).action is PresenceAction.LEAVE
    assert PresenceMessage.from_wire({}).action is PresenceAction.ENTER


def test_annotations_are_read_and_written() -> None:
    body = {"type": "t", "name": "n", "count": 2, "messageSerial": "s", "data": "d", "action": 1}
    annotation = Annotation.from_wire(body)
    assert annotation.to_wire(Format.JSON) == body
    assert annotation.size == 3
    for bad in ({}, {"type": ""}, {"type": "t", "count": "2"}, {"type": "t", "count": True}):
        with pytest.raises(Refusal):
            Annotation.from_wire(bad)
