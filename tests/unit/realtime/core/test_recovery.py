"""The recovery key (RTN16)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ably_realtime._core.recovery import RecoveryKey
from ably_realtime._wire.secret import Secret

KEY = RecoveryKey(Secret("hidden"), 7, {"orders": "cs1", "grün 🦜": "cs2"})


def test_read_back_whatever_the_channel_is_called() -> None:
    """RTN16g1."""
    assert RecoveryKey.decode(KEY.encode()) == KEY


def test_fields_of_a_later_version_are_ignored_and_no_channels_is_none() -> None:
    text = json.dumps({"connectionKey": "k", "msgSerial": 0, "unheardOf": 1})
    assert RecoveryKey.decode(text) == RecoveryKey(Secret("k"), 0, {})


def test_prints_without_the_connection_key() -> None:
    assert "hidden" not in repr(KEY)


def parts(**changes: Any) -> str:
    whole = {"connectionKey": "hidden", "msgSerial": 7, "channelSerials": {"orders": "cs1"}}
    return json.dumps({**whole, **changes})


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("hidden", "not JSON"),
        ('{"connectionKey": "hidden"', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('["hidden"]', "not a JSON object"),
        (parts(connectionKey=None), "connectionKey"),
        (parts(connectionKey=""), "connectionKey"),
        (parts(connectionKey=["hidden"]), "connectionKey"),
        (parts(msgSerial=None), "msgSerial"),
        (parts(msgSerial="7"), "msgSerial"),
        (parts(msgSerial=True), "msgSerial"),
        (parts(msgSerial=-1), "msgSerial"),
        (parts(channelSerials=None), "channelSerials"),
        (parts(channelSerials=["orders"]), "channelSerials"),
        (parts(channelSerials={"orders": 1}), "channelSerials"),
    ],
    ids=lambda value: value[:20],
)
def test_a_malformed_key_is_explained_without_showing_it(text: str, flaw: str) -> None:
    """RTN16f1."""
    with pytest.raises(ValueError, match=flaw) as raised:
        RecoveryKey.decode(text)
    assert "hidden" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
