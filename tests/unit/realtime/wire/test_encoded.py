"""Items that came another way than through a channel (TM3, TP4, TAN3)."""

from __future__ import annotations

import base64
import logging

import pytest

from ably_realtime import Annotation, ChannelOptions, Message, PresenceAction, PresenceMessage
from ably_realtime._wire.cipher import Cipher

KEY = bytes(range(16))


def test_a_message_is_read_and_decoded() -> None:
    message = Message.from_encoded({"name": "n", "data": '{"a":1}', "encoding": "json", "id": "i"})
    assert (message.name, message.data, message.encoding, message.id) == ("n", {"a": 1}, None, "i")


def test_several_are_read_in_order() -> None:
    messages = Message.from_encoded_array([{"data": "1"}, {"data": "Mg==", "encoding": "base64"}])
    assert [message.data for message in messages] == ["1", b"2"]


def test_an_encrypted_one_needs_the_channel_options() -> None:
    sealed = base64.b64encode(Cipher(KEY).encrypt(b"secret")).decode()
    wire = {"data": sealed, "encoding": "utf-8/cipher+aes-128-cbc/base64"}
    options = ChannelOptions.with_cipher_key(KEY)
    assert Message.from_encoded(wire, options).data == "secret"
    assert Message.from_encoded_array([wire], options)[0].data == "secret"


def test_what_cannot_be_decoded_stays_encoded_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """RSL6b."""
    wire = {"id": "i", "data": "c2VjcmV0", "encoding": "utf-8/cipher+aes-128-cbc/base64"}
    message = Message.from_encoded(wire)
    assert (message.data, message.encoding) == (b"secret", "utf-8/cipher+aes-128-cbc")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_members_and_annotations_alike() -> None:
    wire = {"action": 2, "clientId": "me", "data": "[1]", "encoding": "json"}
    member = PresenceMessage.from_encoded(wire)
    assert (member.action, member.client_id, member.data) == (PresenceAction.ENTER, "me", [1])
    assert PresenceMessage.from_encoded_array([wire]) == [member]
    annotation = Annotation.from_encoded({"type": "t", "data": "eA==", "encoding": "base64"})
    assert (annotation.type, annotation.data) == ("t", b"x")
    assert Annotation.from_encoded_array([]) == []
