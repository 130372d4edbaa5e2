"""The ProtocolMessage: its numbers, and what a log may show of it."""

from __future__ import annotations

import pytest

from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, ConnectionDetails, Flag, Frame
from ably_realtime._wire.secret import Secret
from ably_realtime.messages import Message


def test_actions_have_the_numbers_of_the_specification() -> None:
    """TR2."""
    assert [action.name for action in sorted(Action)] == [
        "HEARTBEAT", "ACK", "NACK", "CONNECT", "CONNECTED", "DISCONNECT", "DISCONNECTED",
        "CLOSE", "CLOSED", "ERROR", "ATTACH", "ATTACHED", "DETACH", "DETACHED", "PRESENCE",
        "MESSAGE", "SYNC", "AUTH", "ACTIVATE", "OBJECT", "OBJECT_SYNC", "ANNOTATION",
        "PING", "PONG",
    ]  # fmt: skip
    assert [int(action) for action in sorted(Action)] == list(range(24))


def test_flags_have_the_bits_of_the_specification() -> None:
    """TR3."""
    assert {flag.name: int(flag).bit_length() - 1 for flag in Flag} == {
        "HAS_PRESENCE": 0, "HAS_BACKLOG": 1, "RESUMED": 2, "TRANSIENT": 4, "HAS_OBJECTS": 7
    }  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (Frame(Action.HEARTBEAT), "HEARTBEAT"),
        (Frame(99), "action 99"),
        (
            Frame(
                Action.MESSAGE, channel="orders", msg_serial=0, messages=[Message(data="private")]
            ),
            "MESSAGE channel='orders' msgSerial=0 messages=1",
        ),
        (
            Frame(Action.ERROR, error=ErrorInfo(40160, 401, "not allowed")),
            "ERROR error=40160 not allowed",
        ),
        (Frame(Action.AUTH, auth=Secret("token")), "AUTH"),
    ],
)
def test_a_log_shows_no_payload_and_no_credential(frame: Frame, text: str) -> None:
    assert str(frame) == text


def test_connection_details_print_without_their_key() -> None:
    assert "hidden" not in repr(ConnectionDetails(connection_key=Secret("hidden")))
