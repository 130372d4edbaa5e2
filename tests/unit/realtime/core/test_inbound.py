"""What comes in on a channel: fields from the frame, deltas, encodings."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._core.effects import Effect, Warn
from ably_realtime._core.inbound import Inbound, UndecodableDelta
from ably_realtime._wire.cipher import Cipher
from ably_realtime._wire.frames import Action, Frame
from ably_realtime.messages import Annotation, Message
from ably_realtime.presence_messages import PresenceMessage


class Decoder:
    """Its deltas are texts that are put behind what they were made from."""

    def decode(self, delta: bytes, base: bytes) -> bytes:
        if delta == b"broken":
            raise ValueError("broken delta")
        return base + delta


class Channel:
    """The inbound side of the channel `orders`, and the codes of what it warned of."""

    def __init__(self, decoder: Decoder | None = None) -> None:
        self.effects: list[Effect] = []
        self.inbound = Inbound("orders", self.effects.append, decoder or Decoder())

    def receive(self, *messages: Message) -> list[Any]:
        """The payloads of the messages, decoded."""
        frame = Frame(Action.MESSAGE, id="f1", messages=list(messages))
        return [message.data for message in self.inbound.messages(frame)]

    @property
    def warnings(self) -> list[int]:
        """The codes of the errors warned of."""
        warnings = [effect for effect in self.effects if isinstance(effect, Warn)]
        return [warning.error.code for warning in warnings if warning.error]


def delta(data: Any, made_from: Any, *, id: str | None = None) -> Message:  # noqa: A002 - its name
    return Message(id=id, data=data, encoding="vcdiff", extras={"delta": {"from": made_from}})


# -- fields


def test_a_message_takes_from_its_frame_what_it_lacks() -> None:
    """TM2a, TM2c, TM2f."""
    frame = Frame(
        Action.MESSAGE,
        id="f1",
        connection_id="c1",
        timestamp=5,
        messages=[Message("a"), Message("b", id="i2", connection_id="c2", timestamp=6), Message()],
    )
    assert [
        (message.id, message.connection_id, message.timestamp)
        for message in Channel().inbound.messages(frame)
    ] == [("f1:0", "c1", 5), ("i2", "c2", 6), ("f1:2", "c1", 5)]


def test_a_member_takes_from_its_frame_what_it_lacks() -> None:
    """TP3a, TP3d, TP3g."""
    frame = Frame(
        Action.PRESENCE,
        id="f1",
        connection_id="c1",
        timestamp=5,
        presence=[
            PresenceMessage(data="W10=", encoding="json/base64"),
            PresenceMessage(id="i2", connection_id="c2", timestamp=6),
        ],
    )
    assert Channel().inbound.presence(frame) == [
        PresenceMessage(id="f1:0", connection_id="c1", timestamp=5, data=[]),
        PresenceMessage(id="i2", connection_id="c2", timestamp=6),
    ]


def test_an_annotation_takes_from_its_frame_what_it_lacks() -> None:
    """RTAN4b."""
    frame = Frame(
        Action.ANNOTATION,
        id="f1",
        timestamp=5,
        annotations=[Annotation(data="[]", encoding="json"), Annotation(id="i2", timestamp=6)],
    )
    assert Channel().inbound.annotations(frame) == [
        Annotation(id="f1:0", timestamp=5, data=[]),
        Annotation(id="i2", timestamp=6),
    ]


def test_without_ids_there_is_nothing_to_take() -> None:
    frame = Frame(Action.MESSAGE, messages=[Message("a")])
    assert Channel().inbound.messages(frame) == [Message("a")]


# -- payloads


def test_payloads_are_decoded() -> None:
    """RSL6a."""
    channel = Channel()
    messages = [
        Message(data="text"),
        Message(data='{"a":1}', encoding="json"),
        Message(data="/w==", encoding="base64"),
    ]
    assert channel.receive(*messages) == ["text", {"a": 1}, b"\xff"]
    assert [message.encoding for message in messages] == [None, None, None]
    assert channel.warnings == []


def test_a_bad_payload_costs_that_payload_only() -> None:
    """RSL6b."""
    channel = Channel()
    messages = [Message(data="[]", encoding="json") for _ in range(3)]
    messages[1] = Message(data="/w==", encoding="utf-8/base64")
    assert channel.receive(*messages) == [[], b"\xff", []]
    assert [message.encoding for message in messages] == [None, "utf-8", None]
    assert channel.warnings == [40013]


def test_payloads_are_decrypted_with_the_cipher_of_the_channel() -> None:
    """RSL5a, RSL6b."""
    cipher = Cipher(bytes(16))
    channel = Channel()

    def secret() -> Message:
        return Message(data=cipher.encrypt(b"text"), encoding=f"utf-8/{cipher.encoding}")

    undecoded = secret()
    channel.receive(undecoded)
    assert undecoded.encoding == "utf-8/cipher+aes-128-cbc"
    assert channel.warnings == [40013]
    channel.inbound.cipher = cipher
    assert channel.receive(secret()) == ["text"]


# -- deltas


def test_each_delta_applies_to_the_message_before_it() -> None:
    """RTL19, RTL20, RTL21."""
    channel = Channel()
    assert channel.receive(
        Message(id="i1", data="a"), delta(b"b", "i1", id="i2"), delta(b"c", "i2", id="i3")
    ) == ["a", b"ab", b"abc"]
    assert channel.receive(delta(b"d", "i3")) == [b"abcd"]
    assert channel.receive(Message(id="i5", data="x"), delta(b"y", "i5")) == ["x", b"xy"]


@pytest.mark.parametrize(
    ("data", "encoding", "whole", "result"),
    [
        ("a", None, "a", b"ab"),
        (b"a", None, b"a", b"ab"),
        ("YQ==", "base64", b"a", b"ab"),
        ("YQ==", "utf-8/base64", "a", b"ab"),
        ('{"k":', "json", '{"k":', b'{"k":b'),
    ],
)
def test_a_delta_applies_below_base64_and_above_all_else(
    data: Any, encoding: str | None, whole: Any, result: bytes
) -> None:
    """RTL19a, RTL19b."""
    channel = Channel()
    assert channel.receive(Message(id="i1", data=data, encoding=encoding)) == [whole]
    assert channel.receive(delta(b"b", "i1")) == [result]


def test_what_a_delta_makes_is_decoded_further() -> None:
    """RTL19c."""
    channel = Channel()
    channel.receive(Message(id="i1", data='{"a":', encoding="json"))
    first = delta("MX0=", "i1", id="i2")
    first.encoding = "json/utf-8/vcdiff/base64"
    assert channel.receive(first) == [{"a": 1}]
    assert first.encoding is None
    assert channel.receive(delta(b" ", "i2")) == [b'{"a":1} ']


@pytest.mark.parametrize(
    "bad",
    [
        delta(b"c", "i1"),
        delta(b"c", None),
        Message(data=b"c", encoding="vcdiff"),
        Message(data=b"c", encoding="vcdiff", extras={"delta": "i2"}),
        delta(b"broken", "i2"),
        delta("text", "i2"),
        delta(None, "i2"),
    ],
    ids=["other base", "no base", "no extras", "odd extras", "broken", "text", "nothing"],
)
def test_a_delta_that_does_not_fit_leaves_everything_as_it_was(bad: Message) -> None:
    """RTL18, RTL20: the server sends the whole frame again."""
    channel = Channel()
    channel.receive(Message(id="i1", data="a"))
    with pytest.raises(UndecodableDelta) as raised:
        channel.receive(delta(b"b", "i1", id="i2"), bad)
    assert raised.value.error.code == 40018
    assert channel.receive(delta(b"c", "i1")) == [b"ac"]


@pytest.mark.parametrize("data", [{"a": 1}, None, 5])
def test_what_is_no_text_or_bytes_is_no_base(data: Any) -> None:
    channel = Channel()
    channel.receive(Message(id="i1", data=data))
    with pytest.raises(UndecodableDelta):
        channel.receive(delta(b"b", "i1"))


def test_the_first_message_cannot_be_a_delta() -> None:
    with pytest.raises(UndecodableDelta):
        Channel().receive(delta(b"b", None))


def test_without_a_decoder_deltas_cannot_be_read() -> None:
    """PC3."""
    effects: list[Effect] = []
    inbound = Inbound("orders", effects.append, None)
    frame = Frame(Action.MESSAGE, messages=[delta(b"b", "i1")])
    with pytest.raises(UndecodableDelta) as raised:
        inbound.messages(frame)
    assert raised.value.error.code == 40019
