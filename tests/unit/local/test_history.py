from __future__ import annotations

from dataclasses import replace

from ably_local.history import History
from ably_local.messages import Message, MessageAction, Payload
from ably_local.paging import Query


def message(number: int) -> Message:
    return Message(id=f"id{number}", serial=f"{number:03}@s:000", timestamp=number)


def filled(count: int) -> History:
    history = History()
    for number in range(count):
        history.append(message(number))
    return history


def test_messages_are_found_by_serial_and_id() -> None:
    history = filled(3)
    assert history.find("001@s:000") == message(1)
    assert history.find("001@s:001") is None
    assert history.serial_by_id("id2") == "002@s:000"
    assert history.serial_by_id("id9") is None
    assert len(history) == 3


def test_the_latest_version_stands_where_the_message_was_published() -> None:
    history = filled(3)
    second = replace(message(1), id="new", action=MessageAction.UPDATE, payload=Payload(data="2"))
    third = replace(second, payload=Payload(data="3"))
    history.replace(second)
    history.replace(third)
    assert history.find("001@s:000") == third
    assert history.versions("001@s:000") == [message(1), second, third]
    assert history.versions("000@s:000") == [message(0)]
    assert history.versions("unknown") == []
    page = history.page(Query(backwards=False))
    assert page.items == [message(0), third, message(2)]


def test_a_summary_is_no_version() -> None:
    history = filled(1)
    annotated = history.annotate("000@s:000", {"t": {"total": 1}})
    assert annotated.summary == {"t": {"total": 1}}
    assert history.find("000@s:000") == annotated
    assert history.versions("000@s:000") == [annotated]


def test_old_messages_are_forgotten_with_all_that_led_to_them() -> None:
    history = filled(4)
    history.replace(replace(message(0), id="new"))
    assert history.forget_before(2) == ["000@s:000", "001@s:000"]
    assert len(history) == 2
    assert history.find("000@s:000") is None
    assert history.versions("000@s:000") == []
    assert history.serial_by_id("id0") is None
    assert history.find("002@s:000") == message(2)
    assert history.forget_before(2) == []


def test_the_newest_are_looked_up_by_number_and_by_time() -> None:
    history = filled(4)
    assert history.latest(2) == [message(2), message(3)]
    assert history.latest(0) == []
    assert len(history.latest(9)) == 4
    assert history.published_since(3) == [message(3)]
