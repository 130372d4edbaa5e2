"""From what an application publishes to what a frame carries."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ably.types.message as rest
import pytest

from ably_realtime._wire.cipher import Cipher
from ably_realtime._wire.payload import decode_payload
from ably_realtime.errors import AblyError
from ably_realtime.messages import Annotation, Message, MessageAction
from ably_realtime.presence_messages import PresenceAction, PresenceMessage
from ably_realtime.publishing import Packer, read_messages

MESSAGE = Message("name", "data", client_id="me")


def prepared(
    *messages: Message, binary: bool = False, max_size: int = 65_536, client_id: str | None = None
) -> list[Message]:
    return Packer(binary, max_size, client_id, cipher=None).messages((list(messages),), {})


def refused(act: Callable[[], object]) -> tuple[int, int, str]:
    """The code, status and message with which `act` is refused."""
    with pytest.raises(AblyError) as raised:
        act()
    return raised.value.code, raised.value.status_code, raised.value.message


@pytest.mark.parametrize(
    ("args", "fields", "messages"),
    [
        (("name",), {}, [Message("name")]),
        (("name", "data"), {}, [Message("name", "data")]),
        ((None, [1]), {}, [Message(data=[1])]),
        ((None,), {"data": "data"}, [Message(data="data")]),
        (("name", "data"), {"client_id": "me"}, [MESSAGE]),
        ((), {"name": "name", "data": "data"}, [Message("name", "data")]),
        ((MESSAGE,), {}, [MESSAGE]),
        (({"name": "name", "data": "data", "client_id": "me"},), {}, [MESSAGE]),
        (([MESSAGE, {"name": "second"}],), {}, [MESSAGE, Message("second")]),
        (((MESSAGE,),), {}, [MESSAGE]),
        (([],), {}, []),
    ],
    ids=str,
)
def test_every_form_of_publish(
    args: tuple[Any, ...], fields: dict[str, Any], messages: list[Message]
) -> None:
    """RTL6i."""
    assert read_messages(args, fields) == messages


REST_MESSAGE = rest.Message(
    name="name",
    data={"a": 1},
    client_id="me",
    id="i1",
    connection_key="k1",
    encoding="custom",
    extras={"headers": {}},
    serial="s1",
    action=rest.MessageAction.MESSAGE_UPDATE,
)


@pytest.mark.parametrize("args", [([REST_MESSAGE],), (REST_MESSAGE,)], ids=["in a list", "alone"])
def test_a_message_of_the_rest_sdk_is_taken_whole(args: tuple[Any, ...]) -> None:
    assert read_messages(args, {}) == [
        Message(
            name="name",
            data={"a": 1},
            client_id="me",
            id="i1",
            connection_key="k1",
            encoding="custom",
            extras={"headers": {}},
            serial="s1",
            action=MessageAction.MESSAGE_UPDATE,
        )
    ]


def test_a_message_belongs_to_whoever_made_it() -> None:
    original = Message("name", {"a": 1})
    packed = prepared(original)
    original.name = "another"
    assert packed == [Message("name", '{"a":1}', encoding="json")]
    assert original == Message("another", {"a": 1})


def test_a_message_of_the_rest_sdk_with_nothing_but_a_payload() -> None:
    assert read_messages(([rest.Message(data="d")],), {}) == [Message(data="d")]


@pytest.mark.parametrize(
    ("args", "fields"),
    [
        ((), {}),
        ((1,), {}),
        ((b"data",), {}),
        (("name", "data", "more"), {}),
        ((["name"],), {}),
        (([1],), {}),
        (({"nam": "name"},), {}),
        (("name",), {"dat": "data"}),
        ((), {"dat": "data"}),
        ((MESSAGE,), {"client_id": "you"}),
        (([MESSAGE],), {"client_id": "you"}),
        (({"name": "name"},), {"client_id": "you"}),
    ],
    ids=str,
)
def test_anything_else_is_refused(args: tuple[Any, ...], fields: dict[str, Any]) -> None:
    assert refused(lambda: read_messages(args, fields))[:2] == (40000, 400)


@pytest.mark.parametrize(
    ("message", "in_json", "in_msgpack"),
    [
        (Message("n"), Message("n"), Message("n")),
        (
            Message("n", b"\xff", extras={"a": 1}),
            Message("n", "/w==", encoding="base64", extras={"a": 1}),
            Message("n", b"\xff", extras={"a": 1}),
        ),
        (
            Message(data={"a": 1}, encoding="custom"),
            Message(data='{"a":1}', encoding="custom/json"),
            Message(data='{"a":1}', encoding="custom/json"),
        ),
    ],
)
def test_payloads_are_encoded_for_the_format(
    message: Message, in_json: Message, in_msgpack: Message
) -> None:
    """RSL4."""
    before = Message(message.name, message.data, encoding=message.encoding, extras=message.extras)
    assert prepared(message) == [in_json]
    assert prepared(message, binary=True) == [in_msgpack]
    assert message == before


def test_order_is_kept() -> None:
    assert [message.name for message in prepared(Message("a"), Message("b"))] == ["a", "b"]


def test_nothing_to_publish_is_refused() -> None:
    assert refused(prepared)[:2] == (40000, 400)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "message",
    [
        Message(data=1),
        Message(data={"a": object()}),
        Message(data={"a": float("nan")}),
        Message(data=nested(100_000)),
        Message(data="\ud800"),
        Message(extras={"a": object()}),
        Message(extras={"a": float("nan")}),
    ],
    ids=["number", "object", "nan", "deep", "surrogate", "extras object", "extras nan"],
)
@pytest.mark.parametrize("binary", [False, True])
def test_what_no_frame_can_carry_is_refused(message: Message, binary: bool) -> None:
    """RSL4a."""
    assert refused(lambda: prepared(message, binary=binary))[:2] == (40013, 400)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"name": 1}, "name"),
        ({"client_id": b"me"}, "client_id"),
        ({"id": 1}, "id"),
        ({"connection_key": 1}, "connection_key"),
        ({"encoding": ["json"]}, "encoding"),
        ({"serial": 1}, "serial"),
        ({"extras": "headers"}, "extras"),
        ({"action": "update"}, "action"),
        ({"version": "v1"}, "version"),
    ],
    ids=str,
)
def test_a_field_of_the_wrong_type_is_refused(fields: dict[str, Any], word: str) -> None:
    code, status, text = refused(lambda: prepared(Message(**fields)))
    assert (code, status) == (40000, 400)
    assert word in text


def test_extras_that_msgpack_cannot_hold_are_refused_there() -> None:
    message = Message(extras={"a": 2**70})
    assert prepared(message) == [message]
    assert refused(lambda: prepared(message, binary=True))[:2] == (40013, 400)


def test_payloads_are_encrypted() -> None:
    """RSL5a."""
    cipher = Cipher(bytes(16))
    message = Packer(True, 100, None, cipher).pack([Message(data="text")])[0]
    assert message.encoding == "utf-8/cipher+aes-128-cbc"
    assert decode_payload(message.data, message.encoding, cipher) == "text"


def test_encrypting_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "Crypto.Cipher", None)
    packer = Packer(True, 100, None, Cipher(bytes(16)))
    code, status, text = refused(lambda: packer.pack([Message(data="text")]))
    assert (code, status) == (40000, 400)
    assert "pip install" in text


def test_presence_and_annotations_are_packed_alike() -> None:
    packer = Packer(False, 100, None, None)
    member = PresenceMessage(PresenceAction.ENTER, "me", data=b"\xff")
    assert packer.pack([replace(member)]) == [replace(member, data="/w==", encoding="base64")]
    annotation = Annotation("likes", data={})
    assert packer.pack([replace(annotation)]) == [replace(annotation, data="{}", encoding="json")]
    assert refused(lambda: packer.pack([Annotation(1)]))[0] == 40000  # type: ignore[arg-type]


def test_the_size_of_all_together_is_limited() -> None:
    """TO3l8, TM6."""
    messages = [Message("n", "four"), Message("n", b"four", client_id="c")]
    assert len(prepared(*messages, max_size=11)) == 2
    code, status, text = refused(lambda: prepared(*messages, max_size=10))
    assert (code, status) == (40009, 400)
    assert "11" in text
    assert "10" in text


@pytest.mark.parametrize(
    ("mine", "given", "allowed"),
    [
        (None, "me", True),  # RTL6g4
        ("*", "me", True),
        ("me", None, True),  # RTL6g1
        ("me", "me", True),  # RTL6g2
        ("me", "you", False),  # RTL6g3
        ("me", "*", False),
        (None, "*", False),
    ],
)
def test_client_id(mine: str | None, given: str | None, allowed: bool) -> None:
    message = Message("n", client_id=given)
    if allowed:
        assert prepared(message, client_id=mine)[0].client_id == given
    else:
        assert refused(lambda: prepared(message, client_id=mine))[:2] == (40012, 400)
