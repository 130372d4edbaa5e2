"""Times, payloads, and what is shown of them."""

from __future__ import annotations

import time

import click
import pytest

from ably_realtime import Annotation, Message, PresenceAction, PresenceMessage
from ably_realtime.cli.output import Column, aligned, data_text, printable
from ably_realtime.cli.parameters import channel_options, moment, read_data
from ably_realtime.cli.publish import read_message
from ably_realtime.cli.records import annotation_record, message_record, presence_record


def test_a_moment_is_a_number_a_date_or_a_while_ago() -> None:
    assert moment("1700000000000") == 1_700_000_000_000
    assert moment("2026-01-31T12:00:00.5+00:00") == 1_769_860_800_500
    before = int(time.time() * 1000)
    assert before - 300_000 <= moment("5m") <= int(time.time() * 1000) - 300_000
    with pytest.raises(click.BadParameter, match="is not a time"):
        moment("tomorrow")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (None, None),
        ("12", "12"),
        ("null", "null"),
        (' {"a": 1}', {"a": 1}),
        ("[1]", [1]),
        ("[1", "[1"),
    ],
)
def test_only_objects_and_arrays_are_read_as_json(text: str | None, data: object) -> None:
    assert read_data(text) == data


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", Message(name="n", data="text")),
        ({"data": 1}, Message(name="n", data=1)),
        ({"name": "own", "data": 1, "clientId": "c"}, Message("own", 1, "c")),
        ({"name": "no data"}, Message(name="n", data={"name": "no data"})),
        ({"data": 1, "more": 2}, Message(name="n", data={"data": 1, "more": 2})),
    ],
)
def test_an_object_with_data_and_nothing_foreign_is_a_message(
    value: object, message: Message
) -> None:
    assert read_message(value, "n") == message


def test_channel_options_leave_out_what_was_not_asked_for() -> None:
    assert channel_options(rewind=None).params is None
    assert channel_options(rewind="2m", delta="vcdiff").params == {
        "rewind": "2m",
        "delta": "vcdiff",
    }


@pytest.mark.parametrize(
    ("data", "text"),
    [(None, ""), ("é", "é"), (b"\x00", "AA=="), ({"a": [1, "é"]}, '{"a":[1,"é"]}')],
)
def test_data_in_one_line(data: object, text: str) -> None:
    assert data_text(data) == text


def test_nothing_that_a_terminal_would_obey_is_left() -> None:
    assert printable("a\x1b[2J\n\t\x9b\u202eé") == r"a\x1b[2J\n\t\x9b\u202eé"


def test_cells_are_padded_and_overflow() -> None:
    columns = [Column("a", 3), Column("b", 3), Column("c")]
    assert aligned(columns, ["1", "12345", "x"]) == "1    12345  x"


def test_records_have_the_names_of_the_wire() -> None:
    message = Message(name="n", data=b"\x00", client_id="c", encoding="cipher", timestamp=1)
    assert message_record("orders", message) == {
        "timestamp": 1,
        "channel": "orders",
        "name": "n",
        "data": "AA==",
        "encoding": "cipher/base64",
        "clientId": "c",
    }
    member = PresenceMessage(action=PresenceAction.ENTER, client_id="c", data="d")
    assert presence_record("room", member) == {
        "channel": "room",
        "action": "enter",
        "clientId": "c",
        "data": "d",
    }
    annotation = Annotation(type="t", name="n", count=2, message_serial="s")
    assert annotation_record("room", annotation) == {
        "channel": "room",
        "action": "annotation_create",
        "type": "t",
        "name": "n",
        "count": 2,
        "messageSerial": "s",
    }
